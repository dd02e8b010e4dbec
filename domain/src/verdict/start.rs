//! The rules on what the next start would do.

use super::case::Case;
use super::judge::unknown;
use super::{ResetHelps, Verdict, VerdictKind};
use crate::checkpoint::{Action, Finding, Prognosis};
use crate::snapshot::{CheckpointSeen, Snapshot};
use crate::text::counted;

/// So many names are said; the rest is counted.
const NAMED_MAX: usize = 8;

/// The configured location is a root with checkpoints below it.
pub(super) fn a_root(snapshot: &Snapshot) -> Option<Verdict> {
    let checkpoint = snapshot.checkpoint.seen()?;
    if checkpoint.nested.is_empty() {
        return None;
    }
    let names = named(&checkpoint.nested);
    let mut evidence: Vec<String> = checkpoint
        .nested
        .iter()
        .take(NAMED_MAX)
        .map(|name| format!("A checkpoint lies at {}{name}/.", checkpoint.location))
        .collect();
    if has_history(checkpoint) {
        evidence.push("It has a log of its own as well.".to_owned());
    }
    Some(Verdict {
        kind: VerdictKind::Unknown,
        sentence: format!(
            "is unknown: its location is a root with {} below it: {names}",
            counted(checkpoint.nested.len() as u64, "checkpoint", "checkpoints")
        ),
        advice: "Name the checkpoint itself in the configuration, or the root with the query's name. Nothing is planned on a root, since a reset of it would clear other queries' checkpoints."
            .to_owned(),
        since: None,
        reset_helps: ResetHelps::No,
        evidence,
        cause: None,
    })
}

/// Names for a sentence.
fn named(names: &[String]) -> String {
    let mut said = names[..names.len().min(NAMED_MAX)].join(", ");
    if names.len() > NAMED_MAX {
        said.push_str(&format!(" and {} more", names.len() - NAMED_MAX));
    }
    said
}

/// Nothing starts on a closed gate, and that is what it is for.
pub(super) fn gate_is_closed(case: &Case<'_>) -> Option<Verdict> {
    let run = case.checkpoint.gate_of.as_ref()?;
    let since = case.job_ended_at();
    let mut verdict = case.verdict(
        VerdictKind::Down,
        format!("is held by the closed gate of {run}"),
    );
    verdict.since = since;
    verdict.advice =
        "Nothing can start on it until that reset opens the gate again, or is ended."
            .to_owned();
    Some(verdict)
}

pub(super) fn corrupt(case: &Case<'_>) -> Option<Verdict> {
    let worst = case.worst_error().filter(|found| is_certain(case, found));
    let (what, foreseen) = match &case.checkpoint.prognosis {
        Prognosis::Fails {
            error_class,
            text,
            path,
            ..
        } => {
            let first_line = text.lines().next().unwrap_or_default();
            let what = match (worst.or(case.worst_error()), path) {
                (Some(finding), _) => finding.message.clone(),
                (None, Some(path)) => format!("Spark cannot start from {path}"),
                (None, None) => "Spark cannot start from its checkpoint".to_owned(),
            };
            let foreseen =
                format!("On a start Spark will fail with {error_class}: {first_line}");
            (what, foreseen)
        }
        Prognosis::StartsFresh { why, .. } if begins_again_in_silence(case) => {
            let foreseen = format!(
                "On a start Spark will begin at batch 0 as if it had never run: {why}"
            );
            let what = worst.map_or_else(
                || "Spark would begin anew in silence, though it has a past".to_owned(),
                |finding| finding.message.clone(),
            );
            (what, foreseen)
        }
        _ => (worst?.message.clone(), case.restart()),
    };
    let since = case.job_ended_at();
    let mut verdict = case.verdict(
        VerdictKind::Corrupt,
        format!(
            "has a corrupt checkpoint{}: {}",
            case.lasting(since),
            what.trim_end_matches('.')
        ),
    );
    verdict.since = since;
    verdict.evidence.insert(0, foreseen);
    let mend = worst.or(case.worst_error()).map(|found| found.action);
    (verdict.reset_helps, verdict.advice) = advice(case, mend);
    Some(verdict)
}

/// A live job's checkpoint is listed while it is written, so that a commit may
/// be missing from the listing by chance. What is said of it has to hold for
/// two looks in which no batch was committed.
fn is_certain(case: &Case<'_>, found: &Finding) -> bool {
    let by_the_listing = matches!(found.id.as_str(), "C13" | "C14");
    let stood_still = || {
        let newest = case.checkpoint.newest_commit;
        let earlier = case.before().find(|s| s.commit.is_some());
        earlier.is_some_and(|s| s.commit == newest)
    };
    !by_the_listing || case.running().is_none() || stood_still()
}

/// Whether a start at batch 0 would pass over what was done already.
fn begins_again_in_silence(case: &Case<'_>) -> bool {
    let reported = || {
        // A checkpoint that was emptied has no id any more; what its job told of
        // batches is all that is left of it.
        let id = case.checkpoint.query_id;
        let mut events = case.snapshot.progress.seen().into_iter().flatten();
        events.any(|event| event.batch > 0 && (id.is_none() || event.query_id == id))
    };
    has_history(case.checkpoint) || reported()
}

fn has_history(checkpoint: &CheckpointSeen) -> bool {
    checkpoint.newest_offsets.is_some() || checkpoint.newest_commit.is_some()
}

fn advice(case: &Case<'_>, mend: Option<Action>) -> (ResetHelps, String) {
    let restart = match &case.checkpoint.prognosis {
        Prognosis::Fails { .. } => "A restart fails in the same way.",
        Prognosis::StartsFresh { .. } => {
            "A restart does not fail, and passes over what was read before, or reads it again."
        }
        _ => "A restart does not fail, and does not mend it.",
    };
    let (helps, mend) = match mend {
        Some(Action::Nothing) => (
            ResetHelps::Perhaps,
            "The finding says what is to be changed; a new start at chosen offsets is the last resort.".to_owned(),
        ),
        Some(Action::Wait) => (
            ResetHelps::No,
            "The finding says what to wait for; a reset is not needed.".to_owned(),
        ),
        // Always with another code, conf or version than now.
        Some(Action::RestartOnly) => (
            ResetHelps::Perhaps,
            "Started as the finding says it goes on; a new start at chosen offsets is the last resort.".to_owned(),
        ),
        Some(Action::RollBackTo(batch)) => (
            ResetHelps::Yes,
            format!("Going back to the end of batch {batch} would mend it, and so does a new start at chosen offsets; the checkpoint is backed up first."),
        ),
        _ => (
            ResetHelps::Yes,
            "A new start at chosen offsets gets it going; the checkpoint is backed up first.".to_owned(),
        ),
    };
    (helps, format!("{restart} {mend}"))
}

/// The job is at work, and what a restart would do cannot be told.
pub(super) fn prognosis_unknown(case: &Case<'_>) -> Option<Verdict> {
    if !matches!(case.checkpoint.prognosis, Prognosis::Unknown { .. }) {
        return None;
    }
    Some(unknown(
        case,
        case.restart().trim_end_matches('.').to_owned(),
        "Nothing can be said of a restart until those files can be read.",
    ))
}
