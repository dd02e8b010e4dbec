//! What is asked about the job: its application, its role, its cancel, and the
//! topics that it reads.

use std::ops::RangeInclusive;

use super::{Judged, OnFailure};
use crate::plan::{Plan, StepKind};
use crate::probe::{Answer, ApplicationFacts, application};
use crate::snapshot::{KafkaSeen, Observed};
use crate::text::counted;

/// What CancelJobRun takes as its grace period, by EMR Serverless' API
/// reference.
pub const GRACE_SECONDS: RangeInclusive<u32> = 15..=1_800;

/// Whether a cancel takes a grace period: from EMR 7.9.0 on.
#[must_use]
pub fn supports_grace(release: &str) -> bool {
    let mut parts = release.trim_start_matches("emr-").split('.');
    let number = |part: Option<&str>| part.and_then(|p| p.parse::<u32>().ok());
    match (number(parts.next()), number(parts.next())) {
        (Some(major), Some(minor)) => (major, minor) >= (7, 9),
        _ => false,
    }
}

/// Judges the grace periods of the plan's cancels; `None` where it has none.
#[must_use]
pub fn cancel_grace(plan: &Plan, release: &str) -> Option<Answer> {
    let grace = plan.body.steps.iter().find_map(|step| match &step.kind {
        StepKind::Stop(stop) => stop.grace_s,
        _ => None,
    })?;
    if !supports_grace(release) {
        return Some(Answer::failed(
            format!(
                "The plan cancels with {grace} s of grace, and the application's release {release} takes none: EMR Serverless has it from 7.9.0 on."
            ),
            "Make the plan anew. It is then made without.",
        ));
    }
    if !GRACE_SECONDS.contains(&grace) {
        return Some(Answer::failed(
            format!(
                "The plan cancels with {grace} s of grace, and EMR Serverless takes {} to {} s.",
                GRACE_SECONDS.start(),
                GRACE_SECONDS.end()
            ),
            "Set cancel_grace_seconds in the policy, and make the plan anew.",
        ));
    }
    Some(Answer::passed(format!(
        "{release} takes the {grace} s of grace with which the plan cancels."
    )))
}

/// Whether the plan, or what undoes it, starts a job run.
#[must_use]
pub fn starts_a_job(plan: &Plan) -> bool {
    let steps = plan.body.steps.iter().chain(&plan.body.undo);
    steps
        .into_iter()
        .any(|step| matches!(step.kind, StepKind::Restart(_)))
}

/// Judges the application as the plan will find it when it comes to start the
/// job: what the plan stops is over then. A plan that starts nothing is told,
/// and goes on.
#[must_use]
pub fn room_for_a_start(plan: &Plan, id: &str, facts: &ApplicationFacts) -> Judged {
    let stopped: usize = plan
        .body
        .steps
        .iter()
        .map(|step| match &step.kind {
            StepKind::Stop(stop) => stop.job_runs.len(),
            _ => 0,
        })
        .sum();
    let facts = ApplicationFacts {
        runs_alive: facts.runs_alive.map(|alive| alive.saturating_sub(stopped)),
        ..facts.clone()
    };
    let on_failure = if starts_a_job(plan) {
        OnFailure::Refuses
    } else {
        OnFailure::Warns
    };
    (application(id, &facts), on_failure)
}

/// Judges what was seen of Kafka, the cluster's id among it.
#[must_use]
pub fn kafka(seen: &Observed<KafkaSeen>) -> Answer {
    match seen {
        Observed::Seen { value, .. } => {
            let cluster = match &value.cluster_id {
                Some(id) => format!(" The cluster's id is {id}."),
                None => String::new(),
            };
            Answer::passed(format!(
                "{} told its partitions and offsets.{cluster}",
                counted(value.topics.len() as u64, "topic", "topics")
            ))
        }
        Observed::Unknown { reason, .. } => Answer::failed(
            reason.clone(),
            "No reset can be planned without Kafka's offsets. Look at the brokers, and at the stream's troubleshooting page; then ask again.",
        ),
    }
}

/// Judges the role that a started job gets: `found` is whether IAM has it.
#[must_use]
pub fn role(name: &str, found: bool) -> Answer {
    if found {
        return Answer::passed(format!("IAM has the role {name}."));
    }
    Answer::failed(
        format!("IAM has no role {name}, and the job is started with it."),
        "Make the role again, or start the job once by hand with another; then make the plan anew.",
    )
}
