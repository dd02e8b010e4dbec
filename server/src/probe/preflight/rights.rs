//! Whether the role that changes things may make every call of the plan, by IAM's
//! simulator.

use domain::preflight::{OnFailure, PreflightProbe};
use domain::probe::{Answer, Need};
use domain::text::counted;

use super::{Asking, weighed};
use crate::probe::question::{Question, failed};
use crate::probe::role::name_of;
use crate::probe::simulation::{self, Simulated};

const LIKELY: &str = "Likely, not proved: bucket policies, policies of endpoints and of the organization, and keys are not part of the simulation.";
const MISSING: (&str, &str) = (
    "IAM has no such role.",
    "Compare change_role in the stream's configuration with the console.",
);

pub(super) async fn probes(asking: &Asking<'_>) -> Vec<PreflightProbe> {
    let needs = asking.needs();
    let (checkpoint, backup, job) = tokio::join!(
        rights(asking, "checkpoint", "the checkpoint", &needs.checkpoint),
        rights(asking, "backup", "the backup", &needs.backup),
        rights(asking, "job", "the job and its application", &needs.job),
    );
    [checkpoint, backup, job].into_iter().flatten().collect()
}

/// Nothing where nothing is needed.
pub(super) async fn rights(
    asking: &Asking<'_>,
    word: &str,
    what: &str,
    needs: &[Need],
) -> Option<PreflightProbe> {
    if needs.is_empty() {
        return None;
    }
    let role = asking.change_role;
    let question = Question {
        id: format!("rights-{word}"),
        asks: match role {
            Some(arn) => format!(
                "May Sluice's role {} make the plan's calls on {what}",
                name_of(arn)
            ),
            None => format!("May Sluice make the plan's calls on {what}"),
        },
        calls: "SimulatePrincipalPolicy",
        command: role.map_or_else(String::new, |arn| simulation::command(arn, needs)),
    };
    let Some(arn) = role else {
        let unknown = Answer::not_configured(
            "No change_role is configured, so Sluice changes things with its own credentials and does not know whose they are.",
            "Set change_role for the stream; the README has the least policy.",
        );
        return Some(weighed(question.not_asked(unknown), OnFailure::Refuses));
    };
    let mut on_failure = OnFailure::Refuses;
    let told = &mut on_failure;
    let probe = question
        .ask(async {
            match simulation::of(&asking.aws.iam(), arn, needs).await {
                Ok(simulated) => {
                    if simulated.denied.is_empty() {
                        *told = OnFailure::Warns;
                    }
                    answer(simulated)
                }
                Err(error) => failed(&error, MISSING),
            }
        })
        .await;
    Some(weighed(probe, on_failure))
}

fn answer(simulated: Simulated) -> Answer {
    let Simulated {
        actions,
        denied,
        uncertain,
    } = simulated;
    let refused = [denied, uncertain].concat();
    if refused.is_empty() {
        let count = counted(actions as u64, "call is", "calls are");
        return Answer::passed(format!("{count} allowed. {LIKELY}"));
    }
    Answer::failed(
        format!("{} {LIKELY}", refused.join(" ")),
        "Allow it in a policy of the role, or take back what denies it; the README has the least policy. Then ask again.",
    )
}
