//! What happened and what came of it, in sentences.

use super::step_title;
use crate::ids::StepId;
use crate::plan::Plan;
use crate::run::{Event, Facts};
use crate::text::{counted, thousands};

/// What came of a step, as a sentence.
#[must_use]
pub fn did(facts: &Facts) -> String {
    match facts {
        Facts::Held { .. } => {
            "The stream and its prefix are held by this Run.".to_owned()
        }
        Facts::CancelAsked { job_runs } if job_runs.is_empty() => {
            "Every job run had ended already.".to_owned()
        }
        Facts::CancelAsked { job_runs } => {
            let ids: Vec<&str> = job_runs.iter().map(|id| id.as_str()).collect();
            format!("EMR accepted the cancel of {}.", ids.join(", "))
        }
        Facts::Quiet { job_runs, .. } => {
            let states: Vec<String> = job_runs
                .iter()
                .map(|(id, state)| format!("{id} {state}"))
                .collect();
            format!(
                "EMR says: {}. No object changed in the quiet period.",
                states.join(", ")
            )
        }
        Facts::Copied {
            objects,
            adopted,
            bytes,
        } => {
            let adopted = found_already(*adopted);
            format!(
                "{} objects ({}) are in the backup{adopted}.",
                thousands(*objects),
                crate::text::bytes(*bytes)
            )
        }
        Facts::Restored {
            objects,
            adopted,
            bytes,
        } => {
            let adopted = found_already(*adopted);
            format!(
                "{} objects ({}) of the backup lie in the checkpoint{adopted}, each equal to the sealed one, and nothing else does.",
                thousands(*objects),
                crate::text::bytes(*bytes)
            )
        }
        Facts::SealedAs { manifest } => {
            format!(
                "Every copy equals its source. Manifest {}.",
                manifest.short()
            )
        }
        Facts::Written { key, .. } => format!("{key} was written."),
        Facts::Cleared { objects } => {
            format!("{} objects were deleted.", thousands(*objects))
        }
        Facts::StartedJob {
            job_run,
            adopted: false,
        } => format!("Job run {job_run} was started."),
        Facts::StartedJob {
            job_run,
            adopted: true,
        } => {
            format!(
                "Job run {job_run} had been started by an earlier attempt and was found."
            )
        }
        Facts::BeganAt { sources, .. } => format!(
            "The job began at the planned offset in all {} partitions.",
            sources
                .iter()
                .map(crate::offsets::PartitionOffsets::len)
                .sum::<usize>()
        ),
        Facts::Edited { deleted, written } => {
            let mut said = match deleted {
                0 => Vec::new(),
                n => vec![format!(
                    "{} were deleted.",
                    counted(*n, "object", "objects")
                )],
            };
            said.extend(written.iter().map(|key| format!("{key} was written.")));
            said.join(" ")
        }
        Facts::WentOn { batch, .. } => format!(
            "The job went on at batch {batch}, from the planned offset in every partition."
        ),
        Facts::Advanced { batch, lag } => format!(
            "Batch {batch} is committed; {} records are waiting.",
            thousands(*lag)
        ),
    }
}

/// What happened, as a sentence.
#[must_use]
pub fn happened(event: &Event, plans: &[Plan]) -> String {
    let name = |id: &StepId| step_title(id, plans);
    match event {
        Event::Opened { verdict, .. } => format!("Opened the Run. The stream {verdict}."),
        Event::Answered { item, answer } => {
            format!("Answered \"{}\": {}", item.title(), answer.text())
        }
        Event::Intended { intent } => {
            format!(
                "Chose {}. Reason: {}",
                intent.way_out.describe(),
                intent.reason
            )
        }
        Event::Planned { kind, plan, .. } => {
            format!("Made the {} plan {}.", kind.word(), plan.short())
        }
        Event::Requested { plan, expires_at } => format!(
            "Asked for agreement to plan {} until {}.",
            plan.short(),
            expires_at.utc()
        ),
        Event::Agreed {
            plan,
            role,
            comment,
        } => said(
            &format!("Agreed to plan {} as {role}.", plan.short()),
            comment,
        ),
        Event::Declined { plan, role, reason } => said(
            &format!("Declined plan {} as {role}.", plan.short()),
            reason,
        ),
        Event::Expired { plan } => {
            format!(
                "The request for plan {} ran out of time, which means No.",
                plan.short()
            )
        }
        Event::Withdrawn { plan, reason } => said(
            &format!("Withdrew the request for plan {}.", plan.short()),
            reason,
        ),
        Event::TrialIntended { objects, .. } => format!(
            "Tries which conditions are honoured, by objects of its own at {objects}*."
        ),
        Event::Preflighted { plan, refuses, .. } => {
            let plan = plan.short();
            match refuses.is_empty() {
                true => format!(
                    "Asked the pre-flight of plan {plan}. Nothing is in the way of a start."
                ),
                false => format!(
                    "Asked the pre-flight of plan {plan}. It is not started: {}.",
                    refuses.join(", ")
                ),
            }
        }
        Event::Started { kind, plan } => {
            format!("Started the {} plan {}.", kind.word(), plan.short())
        }
        Event::StepIntended { step, attempt: 1 } => format!("{}: begins.", name(step)),
        Event::StepIntended { step, attempt } => {
            format!("{}: attempt {attempt} begins.", name(step))
        }
        Event::StepProgressed { step, what, .. } => format!("{}: {what}", name(step)),
        Event::StepDone { step, facts } => {
            format!("{}: done. {}", name(step), did(facts))
        }
        Event::StepWarned {
            step,
            facts,
            warning,
        } => {
            format!(
                "{}: done with a warning. {} {warning}",
                name(step),
                did(facts)
            )
        }
        Event::StepFailed {
            step,
            problem,
            next_attempt_at,
            ..
        } => format!(
            "{}: failed. {} {}",
            name(step),
            problem.message,
            if next_attempt_at.is_some() {
                "It is tried again."
            } else {
                problem.hint.as_str()
            }
        ),
        Event::OutcomeUnknown { step, reason } => {
            format!("{}: the outcome is unknown. {reason}", name(step))
        }
        Event::Sealed { sealed } => {
            format!("The backup {} is sealed.", sealed.backup.uri())
        }
        Event::GateClosed { .. } => {
            "The gate is closed: Spark refuses to start here.".to_owned()
        }
        Event::GateOpened { .. } => "The gate is open.".to_owned(),
        Event::Parked { reason, next_step } => {
            format!("Waits for a person. {reason} {next_step}")
        }
        Event::Resumed { reason } => said("Let the Run go on.", reason),
        Event::AbortAsked { reason } => said("Asked for an abort.", reason),
        Event::Undone { how } => how.clone(),
        Event::HandedOver { to } => format!("Handed over to {}.", to.name),
        Event::Ended { ending, reason } => {
            format!("The Run is over: {}. {reason}", ending.word())
        }
    }
}

fn said(what: &str, words: &str) -> String {
    if words.trim().is_empty() {
        what.to_owned()
    } else {
        format!("{what} \"{}\"", words.trim())
    }
}

/// How many copies were at the destination before they were made.
fn found_already(adopted: u64) -> String {
    match adopted {
        0 => String::new(),
        adopted => format!(", {} of them found there already", thousands(adopted)),
    }
}
