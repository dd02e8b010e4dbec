//! The rule on a job that gets somewhere, and not fast enough.

use super::case::Case;
use super::{ResetHelps, Verdict, VerdictKind, sample};
use crate::text::{counted, thousands};
use crate::time::{Millis, human_duration};

pub(super) fn behind(case: &Case<'_>) -> Option<Verdict> {
    let (sentence, since) = growing(case).or_else(|| far_behind(case))?;
    let mut verdict = case.verdict(VerdictKind::Behind, sentence);
    verdict.since = since;
    verdict.reset_helps = ResetHelps::No;
    verdict.advice = "It works, but less than arrives. More executors help; a reset would only throw records away.".to_owned();
    Some(verdict)
}

/// The lag has grown by a fifth in ten triggers, and by more than arrives
/// between two batches.
fn growing(case: &Case<'_>) -> Option<(String, Option<Millis>)> {
    let lag = case.lag?;
    let now = i64::try_from(lag.records).ok()?;
    let window_ms = (10 * case.stream.trigger_ms).max(120_000);
    let earlier = case
        .before()
        .find(|s| case.now().since(s.at) >= window_ms)?;
    let then = earlier.lag?;
    let between_ms = case.now().since(earlier.at);
    let arrived = sample(case.snapshot).end?.saturating_sub(earlier.end?);
    let per_trigger = arrived.saturating_mul(case.stream.trigger_ms) / between_ms.max(1);
    if now <= then + then / 5 || now <= 2 * per_trigger {
        return None;
    }
    let sentence = format!(
        "is falling behind: {} are waiting, {} more than {} ago",
        counted(lag.records, "record", "records"),
        thousands(now - then),
        human_duration(between_ms)
    );
    Some((sentence, Some(earlier.at)))
}

/// More is waiting than twenty of its newest batches took: where nothing was
/// seen before, this alone tells.
fn far_behind(case: &Case<'_>) -> Option<(String, Option<Millis>)> {
    const BATCHES: u64 = 20;
    let lag = case.lag?;
    let committed: Vec<_> = case
        .checkpoint
        .batches
        .iter()
        .filter(|b| b.committed)
        .collect();
    let (newest, oldest) = (committed.first()?, committed.last()?);
    let steps = u64::try_from(committed.len() - 1).ok().filter(|n| *n > 0)?;
    let read: u64 = newest
        .ends
        .iter()
        .zip(&oldest.ends)
        .filter_map(|(to, from)| Some(from.as_ref()?.records_between(to.as_ref()?)))
        .sum();
    let per_batch = read / steps;
    if per_batch == 0 || lag.records <= BATCHES * per_batch {
        return None;
    }
    let sentence = format!(
        "is behind: {} are waiting, as many as {} of its batches take",
        counted(lag.records, "record", "records"),
        thousands(lag.records / per_batch)
    );
    Some((sentence, None))
}
