//! The rules on a job that is at work: whether it gets anywhere.

use super::case::Case;
use super::judge::unknown;
use super::{ResetHelps, Verdict, VerdictKind, sample};
use crate::text::counted;
use crate::time::{Millis, human_duration};

/// A batch may take so many times what its records should take at the best
/// pace that was seen.
const PACE_TIMES: i64 = 3;
/// Where no pace is known, a batch may take this long before it counts as hung.
const NO_PACE_MS: i64 = 24 * 3_600_000;
/// Executors' metrics come by the minute; shorter than this is no idleness.
const EXECUTORS_IDLE_MS: i64 = 3 * 60_000;

/// The batch that is planned and not committed, and since when it is worked on.
struct Pending {
    batch: i64,
    since: Millis,
    /// Offsets that it takes.
    records: u64,
}

fn pending(case: &Case<'_>) -> Option<Pending> {
    let newest = case.checkpoint.batches.first()?;
    let planned =
        case.checkpoint.newest_offsets? > case.checkpoint.newest_commit.unwrap_or(-1);
    if !planned || newest.committed {
        return None;
    }
    // A batch of an earlier attempt is repeated by this one.
    let began = case.attempt_began()?;
    let before = case.checkpoint.last_committed();
    let records = newest
        .ends
        .iter()
        .enumerate()
        .filter_map(|(source, to)| {
            let from = before.and_then(|b| b.ends.get(source)?.as_ref());
            Some(from?.records_between(to.as_ref()?))
        })
        .sum();
    Some(Pending {
        batch: newest.batch,
        since: newest.planned_at.max(began),
        records,
    })
}

/// The most that a batch of so many records should take; `None` where no past
/// batch tells.
fn ceiling_ms(case: &Case<'_>, records: u64) -> Option<i64> {
    let past: Vec<(u64, i64)> = case
        .snapshot
        .progress
        .seen()?
        .iter()
        .filter(|p| p.duration_ms > 0)
        .map(|p| (p.input_rows, p.duration_ms))
        .collect();
    let longest_ms = past.iter().map(|(_, ms)| *ms).max()?;
    let (rows, ms) =
        past.iter()
            .filter(|(rows, _)| *rows > 0)
            .max_by(|(r1, ms1), (r2, ms2)| {
                let (left, right) = (u128::from(*r1), u128::from(*r2));
                let by = |rows: u128, ms: i64| rows * u128::from(ms.unsigned_abs());
                by(left, *ms2).cmp(&by(right, *ms1))
            })?;
    let own = i128::from(records) * i128::from(*ms) / i128::from(*rows);
    let own_ms = i64::try_from(own).unwrap_or(i64::MAX);
    Some(
        own_ms
            .saturating_add(longest_ms)
            .saturating_mul(PACE_TIMES)
            .max(case.patience_ms()),
    )
}

/// What EMR's metrics tell of the executors, as a sentence.
fn executors(case: &Case<'_>) -> String {
    match &case.jobs.executors {
        None => "Whether the executors are at work is unknown.".to_owned(),
        Some(seen) => format!(
            "The executors used {} % of their vCPUs {} ago.",
            seen.busy_percent,
            human_duration(case.now().since(seen.at))
        ),
    }
}

/// For how long the executors have done nothing although a batch is under way.
fn idle_ms(case: &Case<'_>, pending: &Pending) -> Option<i64> {
    let since = case.jobs.executors.as_ref()?.idle_since?;
    Some(case.now().since(since.max(pending.since)))
}

/// A batch is under way, and nothing or nobody works on it.
pub(super) fn hung(case: &Case<'_>) -> Option<Verdict> {
    let pending = pending(case)?;
    let for_ms = case.now().since(pending.since);
    let busy = case.jobs.executors.as_ref().map(|e| e.idle_since.is_none());
    let idle_ms = idle_ms(case, &pending);
    let ceiling_ms = ceiling_ms(case, pending.records);
    let why = if idle_ms.is_some_and(|ms| ms > EXECUTORS_IDLE_MS.max(case.patience_ms()))
    {
        format!(
            "its executors have done nothing for {}",
            human_duration(idle_ms.unwrap_or_default())
        )
    } else if busy != Some(true) && for_ms > ceiling_ms.unwrap_or(NO_PACE_MS) {
        match ceiling_ms {
            Some(ms) => format!(
                "by its past batches it should have taken {} at most",
                human_duration(ms)
            ),
            None => "no past batch tells how long it should take".to_owned(),
        }
    } else {
        return None;
    };
    let mut verdict = case.verdict(
        VerdictKind::Stuck,
        format!(
            "has been stuck in batch {} for {}: {why}",
            pending.batch,
            human_duration(for_ms)
        ),
    );
    verdict.since = Some(pending.since);
    verdict.reset_helps = ResetHelps::Perhaps;
    verdict.evidence.push(taken(&pending));
    verdict.evidence.push(executors(case));
    verdict.advice = format!(
        "Look at the driver's log for what it waits for. {} A reset helps only if that hangs as well.",
        case.restart()
    );
    Some(verdict)
}

fn taken(pending: &Pending) -> String {
    format!(
        "Batch {} takes {}.",
        pending.batch,
        counted(pending.records, "offset", "offsets")
    )
}

pub(super) fn big_batch(case: &Case<'_>) -> Option<Verdict> {
    let pending = pending(case)?;
    let for_ms = case.now().since(pending.since);
    if for_ms <= 2 * case.stream.trigger_ms {
        return None;
    }
    let mut verdict = case.verdict(
        VerdictKind::WorkingOnABigBatch,
        format!(
            "has been working on batch {} for {}",
            pending.batch,
            human_duration(for_ms)
        ),
    );
    verdict.since = Some(pending.since);
    verdict.reset_helps = ResetHelps::No;
    verdict.evidence.push(taken(&pending));
    verdict.evidence.push(executors(case));
    verdict
        .evidence
        .extend(ceiling_ms(case, pending.records).map(|ms| {
            format!(
                "By the best pace of its past batches it may take up to {}.",
                human_duration(ms)
            )
        }));
    verdict.advice = "Slow is not stuck: stopping it throws this work away. Let it finish, and cap maxOffsetsPerTrigger for the next.".to_owned();
    Some(verdict)
}

/// Input that waits while no batch is under way.
struct Waiting {
    records: u64,
    since: Millis,
    /// Whether its records' own times tell so.
    dated: bool,
    /// For how long it has been seen to wait, by the looks before.
    seen_ms: i64,
}

fn waiting(case: &Case<'_>) -> Option<Waiting> {
    let lag = case.lag?;
    let last = case.checkpoint.last_committed()?.planned_at;
    if lag.records == 0 || pending(case).is_some() {
        return None;
    }
    let commit = case.checkpoint.newest_commit;
    // A look that could not see both tells neither way.
    let known = || {
        case.before()
            .filter(|s| s.commit.is_some() && s.lag.is_some())
    };
    let waits =
        |s: &&super::Sample| s.commit == commit && s.lag.is_some_and(|lag| lag > 0);
    let first = known().take_while(waits).last();
    let not_yet = known().find(|s| !waits(s));
    // Whatever its records' own times are, it cannot have waited longer than
    // since the last batch was planned, since this attempt began, and since a
    // look at which nothing waited.
    let bound = [Some(last), case.attempt_began(), not_yet.map(|s| s.at)]
        .into_iter()
        .flatten()
        .max()?;
    let by_records = lag.unread_ms.map(|ms| case.now().plus(-ms));
    let by_looks = first.map_or(case.now(), |s| s.at);
    Some(Waiting {
        records: lag.records,
        since: by_records.unwrap_or(by_looks).max(bound),
        dated: by_records.is_some(),
        seen_ms: first.map_or(0, |s| case.now().since(s.at)),
    })
}

/// Input has waited for long, and was seen to.
pub(super) fn stuck(case: &Case<'_>) -> Option<Verdict> {
    let waiting = waiting(case)?;
    let for_ms = case.now().since(waiting.since);
    if for_ms <= case.patience_ms() || waiting.seen_ms < case.stream.trigger_ms {
        return None;
    }
    let mut verdict = case.verdict(
        VerdictKind::Stuck,
        format!(
            "has been stuck{}: {} are waiting and no batch has begun",
            case.lasting(Some(waiting.since)),
            counted(waiting.records, "record", "records")
        ),
    );
    verdict.since = Some(waiting.since);
    verdict.reset_helps = ResetHelps::Perhaps;
    verdict.evidence.push(format!(
        "The looks of the last {} saw input waiting and no batch.",
        human_duration(waiting.seen_ms)
    ));
    verdict.advice = "Its checkpoint is sound, so a restart is the mildest thing to try. A reset helps only if that fails.".to_owned();
    Some(verdict)
}

/// What transactions hold back, and since when.
struct Held {
    offsets: u64,
    since: Millis,
    /// Whether the record's own time tells so.
    dated: bool,
    /// For how long the end has been seen to stand still.
    seen_ms: i64,
}

fn held(case: &Case<'_>) -> Option<Held> {
    let offsets: u64 = case.partitions.iter().map(|p| p.held).sum();
    let lag = case.lag?;
    // With readable input the stream has work, whatever is held back.
    if !case.stream.read_committed || offsets == 0 || lag.records > 0 {
        return None;
    }
    let now = sample(case.snapshot);
    let known = || {
        case.before()
            .filter(|s| s.end.is_some() && s.high.is_some())
    };
    let first = known()
        .take_while(|s| s.end == now.end && s.high > s.end)
        .last();
    let moved = known().find(|s| s.end != now.end || s.high <= s.end);
    let topics = case.kafka.topics.values();
    let by_records = topics
        .flat_map(|t| t.partitions.values())
        .filter_map(|p| p.held_at)
        .min();
    let by_looks = first.map_or(case.now(), |s| s.at);
    let since = by_records.unwrap_or(by_looks);
    Some(Held {
        offsets,
        since: moved.map_or(since, |s| s.at.max(since)),
        dated: by_records.is_some(),
        seen_ms: first.map_or(0, |s| case.now().since(s.at)),
    })
}

/// The last stable offset stands still while there is more behind it.
pub(super) fn blocked(case: &Case<'_>) -> Option<Verdict> {
    let held = held(case)?;
    let for_ms = case.now().since(held.since);
    if for_ms <= case.patience_ms() || held.seen_ms < case.stream.trigger_ms {
        return None;
    }
    let mut verdict = case.verdict(
        VerdictKind::Blocked,
        format!(
            "has been blocked{}: an open Kafka transaction holds {} back",
            case.lasting(Some(held.since)),
            counted(held.offsets, "record", "records")
        ),
    );
    verdict.since = Some(held.since);
    verdict.reset_helps = ResetHelps::No;
    verdict.evidence.push(format!(
        "The last stable offset stood still in the looks of the last {}, with records behind it.",
        human_duration(held.seen_ms)
    ));
    verdict.advice = "The producer must commit or abort its transaction, or the broker must expire it. A reset changes nothing.".to_owned();
    Some(verdict)
}

/// Something waits or is held back, and one look does not tell for how long.
pub(super) fn not_yet_known(case: &Case<'_>) -> Option<Verdict> {
    let (what, since, dated) = match (waiting(case), held(case)) {
        (Some(waiting), _) if waiting.seen_ms < case.stream.trigger_ms => (
            format!(
                "{} are waiting",
                counted(waiting.records, "record", "records")
            ),
            waiting.since,
            waiting.dated,
        ),
        (_, Some(held)) if held.seen_ms < case.stream.trigger_ms => (
            format!(
                "an open Kafka transaction holds {} back",
                counted(held.offsets, "record", "records")
            ),
            held.since,
            held.dated,
        ),
        _ => return None,
    };
    let last_ms = case.lag?.age_ms;
    // Without the records' times, the first look tells nothing.
    let untold = !dated && case.before().next().is_none();
    let long = case.now().since(since) > case.patience_ms();
    if last_ms <= case.patience_ms() || !(long || untold) {
        return None;
    }
    Some(unknown(
        case,
        format!(
            "{what}, the last batch was planned {} ago, and one look does not tell whether that goes on",
            human_duration(last_ms)
        ),
        "It is judged at the next look.",
    ))
}
