//! The application, the cancel, the role that a started job gets, and Kafka.

use domain::preflight::{
    OnFailure, PreflightProbe, cancel_grace, kafka, role, room_for_a_start, starts_a_job,
};
use domain::probe::{Answer, ApplicationFacts};
use domain::text::shell_quoted;

use super::{Asking, weighed};
use crate::aws::ApplicationSeen;
use crate::probe::question::{Question, failed};
use crate::probe::role::name_of;

pub(super) async fn probes(asking: &Asking<'_>) -> Vec<PreflightProbe> {
    let (application, role) = tokio::join!(application(asking), job_role(asking));
    [
        application,
        role.into_iter().collect(),
        vec![topics(asking)],
    ]
    .concat()
}

async fn application(asking: &Asking<'_>) -> Vec<PreflightProbe> {
    let id = asking.stream.application.as_str();
    let question = Question {
        id: "application".to_owned(),
        asks: format!("Is the application {id} started, or can it be"),
        calls: "GetApplication, ListJobRuns",
        command: command(asking, id),
    };
    let mut seen = None;
    let mut on_failure = OnFailure::Refuses;
    let told = (&mut seen, &mut on_failure);
    let probe = question
        .ask(async {
            let emr = asking.aws.emr();
            let (application, alive) =
                tokio::join!(emr.application(id), emr.alive_job_runs(id));
            match application {
                Ok(application) => {
                    let alive = alive.ok().map(|runs| runs.len());
                    let facts = facts(&application, alive);
                    *told.0 = Some(application.release);
                    let (answer, weight) = room_for_a_start(asking.plan, id, &facts);
                    *told.1 = weight;
                    answer
                }
                Err(error) => failed(
                    &error,
                    (
                        "EMR Serverless has no such application.",
                        "Compare application_id in the configuration with the console, and the region.",
                    ),
                ),
            }
        })
        .await;
    let mut probes = vec![weighed(probe, on_failure)];
    let grace = seen.and_then(|release| cancel_grace(asking.plan, &release));
    probes.extend(grace.map(|answer| {
        let question = Question {
            id: "grace".to_owned(),
            asks: "Does the application take the grace period of the cancel".to_owned(),
            calls: "GetApplication",
            command: command(asking, id),
        };
        weighed(question.not_asked(answer), OnFailure::Refuses)
    }));
    probes
}

fn facts(seen: &ApplicationSeen, alive: Option<usize>) -> ApplicationFacts {
    ApplicationFacts {
        state: seen.state.clone(),
        state_details: seen.state_details.clone(),
        starts_by_itself: seen.starts_by_itself,
        capacity_max: seen.capacity_max.clone(),
        runs_max: seen.runs_max,
        runs_alive: alive,
    }
}

fn command(asking: &Asking<'_>, id: &str) -> String {
    format!(
        "aws emr-serverless get-application --region {} --application-id {}",
        shell_quoted(&asking.stream.region),
        shell_quoted(id)
    )
}

/// Nothing where the plan starts no job.
async fn job_role(asking: &Asking<'_>) -> Option<PreflightProbe> {
    if !starts_a_job(asking.plan) {
        return None;
    }
    let arn = asking.job_role();
    let name = arn.as_deref().map(name_of);
    let question = Question {
        id: "job-role".to_owned(),
        asks: "Is the job's role there".to_owned(),
        calls: "GetRole",
        command: name.map_or_else(String::new, |name| {
            format!("aws iam get-role --role-name {}", shell_quoted(name))
        }),
    };
    let Some(name) = name else {
        let unknown = Answer::not_configured(
            "The job's role is unknown, since its job run does not tell it.",
            "",
        );
        return Some(weighed(question.not_asked(unknown), OnFailure::Refuses));
    };
    let probe = question
        .ask(async {
            match asking.aws.iam().has_role(name).await {
                Ok(found) => role(name, found),
                Err(error) => failed(&error, ("", "")),
            }
        })
        .await;
    Some(weighed(probe, OnFailure::Refuses))
}

/// What the look right before this saw of Kafka.
fn topics(asking: &Asking<'_>) -> PreflightProbe {
    let question = Question {
        id: "kafka".to_owned(),
        asks: format!(
            "Does the Kafka cluster {} tell the offsets of the stream's topics",
            asking.stream.kafka_cluster
        ),
        calls: "Metadata, ListOffsets",
        command: String::new(),
    };
    let answer = kafka(&asking.snapshot.kafka);
    weighed(question.not_asked(answer), OnFailure::Refuses)
}
