//! Whether an application of EMR Serverless takes a job run.

use super::Answer;

/// What GetApplication tells, as far as it decides that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationFacts {
    /// In EMR's words, such as `STARTED`.
    pub state: String,
    /// What EMR says about the state; may be empty.
    pub state_details: String,
    /// Whether a job run starts it; `None` where EMR does not say.
    pub starts_by_itself: Option<bool>,
    /// The most that all its job runs have together, in EMR's words; `None`
    /// where no limit is set on the application.
    pub capacity_max: Option<String>,
    /// How many job runs it has at once; `None` where EMR does not say.
    pub runs_max: Option<i32>,
    /// How many of its job runs are alive, as far as Sluice saw them.
    pub runs_alive: Option<usize>,
}

/// Judges an application. The states are those of EMR Serverless' API:
/// `CREATING`, `CREATED`, `STARTING`, `STARTED`, `STOPPING`, `STOPPED` and
/// `TERMINATED`.
#[must_use]
pub fn application(id: &str, facts: &ApplicationFacts) -> Answer {
    let state = facts.state.to_lowercase();
    let said = match facts.state_details.trim_end_matches('.') {
        "" => String::new(),
        details => format!(" EMR says: {details}."),
    };
    let is = format!("The application is {state}.{said} {}", room(facts));
    let is = is.trim_end();
    if let Some(full) = full(facts) {
        return Answer::failed(
            format!("{is} {full}"),
            "A new job run waits in QUEUED until another ends. Cancel what is not needed, or raise maxConcurrentRuns.",
        );
    }
    match (facts.state.as_str(), facts.starts_by_itself) {
        ("STARTED" | "STARTING", _) => Answer::passed(is),
        ("STOPPED" | "CREATED", Some(true)) => {
            Answer::passed(format!("{is} It starts with the next job run."))
        }
        ("STOPPED" | "CREATED", _) => Answer::failed(
            format!("{is} It does not start with a job run, as far as EMR tells."),
            format!(
                "Start it: aws emr-serverless start-application --application-id {id}"
            ),
        ),
        ("TERMINATED", _) => Answer::failed(
            is,
            "It can never be started again. Make another application, and name it in the stream's configuration.",
        ),
        ("CREATING" | "STOPPING", _) => {
            Answer::failed(is, "Wait for the state to change, and ask again.")
        }
        _ => Answer::failed(
            format!("{is} Sluice does not know this state."),
            "Look at the application in the console of EMR Studio.",
        ),
    }
}

fn room(facts: &ApplicationFacts) -> String {
    let capacity = match &facts.capacity_max {
        Some(limit) => format!("Its job runs have at most {limit} together"),
        None => "It sets no limit of its own to capacity".to_owned(),
    };
    let runs = match facts.runs_max {
        Some(max) => format!("at most {max} run at once"),
        None => "how many may run at once is unknown".to_owned(),
    };
    format!("{capacity}, and {runs}. The account's quota of vCPUs is not looked at.")
}

/// Why a further job run would not start, where that is certain.
fn full(facts: &ApplicationFacts) -> Option<String> {
    let max = usize::try_from(facts.runs_max?).ok()?;
    let alive = facts.runs_alive?;
    (alive >= max).then(|| format!("{alive} job runs are alive, so there is no room."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::Outcome;

    fn facts(state: &str, starts_by_itself: Option<bool>) -> ApplicationFacts {
        ApplicationFacts {
            state: state.to_owned(),
            state_details: String::new(),
            starts_by_itself,
            capacity_max: None,
            runs_max: Some(2),
            runs_alive: Some(1),
        }
    }

    #[test]
    fn a_stopped_application_passes_only_where_a_job_run_starts_it() {
        use Outcome::{Failed, Passed};
        for (state, by_itself, outcome) in [
            ("STARTED", Some(false), Passed),
            ("STARTING", None, Passed),
            ("STOPPED", Some(true), Passed),
            ("CREATED", Some(true), Passed),
            ("STOPPED", Some(false), Failed),
            ("STOPPED", None, Failed),
            ("STOPPING", Some(true), Failed),
            ("TERMINATED", Some(true), Failed),
            ("ANYTHING", Some(true), Failed),
        ] {
            let answer = application("00f", &facts(state, by_itself));
            assert_eq!(answer.outcome, outcome, "{state} {by_itself:?}");
            assert_eq!(answer.next.is_empty(), outcome == Passed, "{state}");
        }
    }

    #[test]
    fn a_full_application_fails_though_it_is_started() {
        let full = ApplicationFacts {
            runs_alive: Some(2),
            ..facts("STARTED", Some(true))
        };
        let answer = application("00f", &full);
        assert_eq!(answer.outcome, Outcome::Failed);
        assert!(answer.reason.contains("2 job runs are alive"), "{answer:?}");
        let unknown = ApplicationFacts {
            runs_alive: None,
            ..full
        };
        assert_eq!(application("00f", &unknown).outcome, Outcome::Passed);
    }
}
