//! The rules on a sink that will drop batches: what is read is committed, and
//! nothing says that it was never written.

use super::case::Case;
use super::{ResetHelps, Verdict, VerdictKind};
use crate::checkpoint::{Action, Finding, Severity};

/// Batches that the sink has under ids that the query comes to only now.
fn drops<'a>(case: &'a Case<'_>) -> Option<&'a Finding> {
    case.sink_findings().find(|found| {
        found.severity == Severity::Error
            && matches!(found.id.as_str(), "C44" | "C46" | "C47")
    })
}

/// A job at work whose next batches are dropped loses what it reads; where none
/// is at work, a start would.
pub(super) fn losing_data(case: &Case<'_>) -> Option<Verdict> {
    let found = drops(case)?;
    let at_work = case.running().is_some();
    let (kind, sentence) = if at_work {
        (
            VerdictKind::LosingData,
            format!(
                "is losing data without an error: {}",
                found.message.trim_end_matches('.')
            ),
        )
    } else {
        (
            VerdictKind::Corrupt,
            format!(
                "would lose records without an error on a restart: {}",
                found.message.trim_end_matches('.')
            ),
        )
    };
    let mut verdict = case.verdict(kind, sentence);
    verdict.since = match at_work {
        true => case.attempt_began(),
        false => case.job_ended_at(),
    };
    let stop = match at_work {
        true => {
            "Stop the job: what it reads now is committed, and the sink does not write it."
        }
        false => "Do not just start the job again.",
    };
    let fresh = |action: Action| action == Action::NewStartAtOffsets;
    let under_a_new_id = found
        .otherwise
        .iter()
        .map(|remedy| remedy.action)
        .chain([found.action])
        .any(fresh);
    let (helps, mend) = if under_a_new_id {
        (
            ResetHelps::Yes,
            "A new start at chosen offsets gives the query a new id, under which the sink writes every batch.",
        )
    } else {
        (
            ResetHelps::Perhaps,
            "A way out under rising batch numbers is written; one that begins at batch 0, or goes back, is dropped as well.",
        )
    };
    verdict.reset_helps = helps;
    verdict.advice = format!("{stop} {mend}");
    Some(verdict)
}
