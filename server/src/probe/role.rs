//! What the job's role may do, by its policies and by IAM's simulator.

use domain::probe::{Answer, JobNeeds, Need, Probe};
use domain::snapshot::JobsSeen;
use domain::text::{counted, shell_quoted};
use futures::future::try_join_all;

use super::question::{Question, failed};
use super::simulation::{self, Simulated};
use crate::aws::{Iam, RolePolicy};

const LIKELY: &str = "Likely, not proved: bucket policies, policies of endpoints and of the organization, keys, and a policy given with the job run itself are not part of the simulation.";
const MISSING: (&str, &str) = (
    "IAM has no such role.",
    "Look at the role with which the newest job run was started, and start it with another.",
);

/// The role of the newest job run, an ARN; or why it is not known.
pub(super) fn of_newest_run(jobs: &Result<JobsSeen, String>) -> Result<String, Answer> {
    let next = "Start the job once, so that its role can be read from the job run.";
    match jobs {
        Ok(jobs) => jobs.runs.first().and_then(|run| run.role.clone()).ok_or_else(|| {
            Answer::not_configured(
                "The job's role is unknown, since no job run of this stream was found.",
                next,
            )
        }),
        Err(why) => Err(Answer::not_configured(
            format!("The job's role is unknown, since the job runs are. {why}"),
            "Let Sluice see the job runs first.",
        )),
    }
}

/// Asks IAM for the role's policies, and for its rights on what the job needs.
pub(super) async fn probes(
    iam: &Iam,
    role: Result<String, Answer>,
    needs: &JobNeeds,
    kafka_by_iam: bool,
) -> Vec<Probe> {
    let role = role.as_deref();
    let (policies, checkpoint, sink, topics) = tokio::join!(
        policies(iam, role),
        rights(iam, role, "checkpoint", &needs.checkpoint),
        rights(iam, role, "sink", &needs.sink),
        topics(iam, role, needs.topics.as_deref(), kafka_by_iam),
    );
    vec![policies, checkpoint, sink, topics]
}

/// The name in a role's ARN, `…:role/path/name`.
pub(super) fn name_of(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

async fn policies(iam: &Iam, role: Result<&str, &Answer>) -> Probe {
    let question = |command: String| Question {
        id: "role-policies".to_owned(),
        asks: match role {
            Ok(arn) => format!("Which policies has the job's role {}", name_of(arn)),
            Err(_) => "Which policies has the job's role".to_owned(),
        },
        calls: "ListAttachedRolePolicies, GetPolicy, GetPolicyVersion, ListRolePolicies, GetRolePolicy",
        command,
    };
    let arn = match role {
        Ok(arn) => arn,
        Err(unknown) => return question(String::new()).not_asked(unknown.clone()),
    };
    let name = name_of(arn);
    let quoted = shell_quoted(name);
    let command = format!(
        "aws iam list-attached-role-policies --role-name {quoted}\naws iam list-role-policies --role-name {quoted}"
    );
    question(command).ask(read(iam, name)).await
}

async fn read(iam: &Iam, role: &str) -> Answer {
    let policies = match iam.policies(role).await {
        Ok(policies) => policies,
        Err(error) => return failed(&error, MISSING),
    };
    if policies.is_empty() {
        return Answer::failed(
            "The role has no policies, so it may do nothing.",
            "Attach to it what the job needs.",
        );
    }
    let documents = policies.iter().map(|policy| iam.document(role, policy));
    match try_join_all(documents).await {
        Ok(documents) => {
            let names: Vec<String> = policies.iter().map(named).collect();
            let count = counted(policies.len() as u64, "policy", "policies");
            let shown = documents.into_iter().map(pretty);
            Answer::passed(format!("{count}: {}.", names.join(", ")))
                .showing(names.clone().into_iter().zip(shown).collect())
        }
        Err(error) => failed(
            &error,
            ("A policy vanished while it was read.", "Ask again."),
        ),
    }
}

fn named(policy: &RolePolicy) -> String {
    match &policy.arn {
        Some(_) => format!("{} (attached)", policy.name),
        None => format!("{} (its own)", policy.name),
    }
}

/// As IAM's console shows it; what is no JSON stays as it is.
fn pretty(document: String) -> String {
    serde_json::from_str::<serde_json::Value>(&document)
        .and_then(|value| serde_json::to_string_pretty(&value))
        .unwrap_or(document)
}

fn question_of_rights(
    what: &str,
    role: Result<&str, &Answer>,
    needs: &[Need],
) -> Question {
    let command = |arn: &str| simulation::command(arn, needs);
    Question {
        id: format!("rights-{what}"),
        asks: format!("May the job's role do what the job needs on its {what}"),
        calls: "SimulatePrincipalPolicy",
        command: role.map(command).unwrap_or_default(),
    }
}

async fn rights(
    iam: &Iam,
    role: Result<&str, &Answer>,
    what: &str,
    needs: &[Need],
) -> Probe {
    let question = question_of_rights(what, role, needs);
    match role {
        Ok(_) if needs.is_empty() => question.not_asked(Answer::not_configured(
            "It does not lie in S3, so no call on it is known.",
            "",
        )),
        Ok(arn) => question.ask(simulated(iam, arn, needs)).await,
        Err(unknown) => question.not_asked(unknown.clone()),
    }
}

/// IAM decides on topics only for who signs in to MSK by IAM. How the job does
/// that is not known here, only how Sluice itself does.
async fn topics(
    iam: &Iam,
    role: Result<&str, &Answer>,
    needs: Option<&[Need]>,
    kafka_by_iam: bool,
) -> Probe {
    let question = question_of_rights("topics", role, needs.unwrap_or_default());
    let (arn, needs) = match (role, needs) {
        (Ok(arn), Some(needs)) => (arn, needs),
        (_, None) => {
            return question.not_asked(Answer::not_configured(
                "No ARN of the Kafka cluster is configured, so its topics have none.",
                "If it is one of MSK's, set msk_arn in its [[kafka_clusters]].",
            ));
        }
        (Err(unknown), _) => return question.not_asked(unknown.clone()),
    };
    question
        .ask(async {
            let answer = simulated(iam, arn, needs).await;
            let denied = answer.outcome == domain::probe::Outcome::Failed;
            match (denied, kafka_by_iam) {
                (true, false) => Answer::not_configured(
                    format!(
                        "{} It matters only where the job signs in to MSK by IAM; Sluice itself does not.",
                        answer.reason
                    ),
                    answer.next,
                ),
                _ => answer,
            }
        })
        .await
}

async fn simulated(iam: &Iam, role: &str, needs: &[Need]) -> Answer {
    let Simulated {
        actions,
        denied,
        uncertain,
    } = match simulation::of(iam, role, needs).await {
        Ok(simulated) => simulated,
        Err(error) => return failed(&error, MISSING),
    };
    let refused = [denied, uncertain].concat();
    if refused.is_empty() {
        let count = counted(actions as u64, "action is", "actions are");
        return Answer::passed(format!("{count} allowed. {LIKELY}"));
    }
    Answer::failed(
        format!("{} {LIKELY}", refused.join(" ")),
        "Allow it in a policy of the job's role, or take back what denies it. Then start the job again.",
    )
}
