//! Whether the application takes a job run.

use domain::probe::{Answer, ApplicationFacts, Probe, application};
use domain::stream::Stream;
use domain::text::shell_quoted;

use super::question::{Question, failed};
use crate::aws::Emr;

/// Asks EMR Serverless for the application, and how many of its job runs live.
pub(super) async fn probe(emr: &Emr, stream: &Stream) -> Probe {
    let id = stream.application.as_str();
    let question = Question {
        id: "application".to_owned(),
        asks: format!("Is the application {id} started, or can it be"),
        calls: "GetApplication, ListJobRuns",
        command: format!(
            "aws emr-serverless get-application --region {} --application-id {}",
            shell_quoted(&stream.region),
            shell_quoted(id)
        ),
    };
    question.ask(asked(emr, id)).await
}

async fn asked(emr: &Emr, id: &str) -> Answer {
    let (seen, alive) = tokio::join!(emr.application(id), emr.alive_job_runs(id));
    match seen {
        Ok(seen) => application(
            id,
            &ApplicationFacts {
                state: seen.state,
                state_details: seen.state_details,
                starts_by_itself: seen.starts_by_itself,
                capacity_max: seen.capacity_max,
                runs_max: seen.runs_max,
                runs_alive: alive.ok().map(|runs| runs.len()),
            },
        ),
        Err(error) => failed(
            &error,
            (
                "EMR Serverless has no such application.",
                "Compare application_id in the configuration with the console, and the region.",
            ),
        ),
    }
}
