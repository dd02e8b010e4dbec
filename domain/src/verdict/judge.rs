//! The rules of the verdict, worst first; the first that holds is it.

use super::{Lag, ResetHelps, Sample, Thresholds, Verdict, VerdictKind, lag, sample};
use crate::checkpoint::{Prognosis, Severity};
use crate::snapshot::{CheckpointSeen, JobRunSeen, JobsSeen, KafkaSeen, Snapshot};
use crate::stream::Stream;
use crate::text::{counted, thousands};
use crate::time::{Millis, human_duration};

struct Case<'a> {
    stream: &'a Stream,
    snapshot: &'a Snapshot,
    samples: &'a [Sample],
    thresholds: Thresholds,
    checkpoint: &'a CheckpointSeen,
    jobs: &'a JobsSeen,
    kafka: &'a KafkaSeen,
    lag: Option<Lag>,
}

/// Judges a stream by what was seen now and, oldest first, before.
#[must_use]
pub fn judge(
    stream: &Stream,
    snapshot: &Snapshot,
    samples: &[Sample],
    thresholds: Thresholds,
) -> Verdict {
    let (checkpoint, jobs, kafka) = match (
        snapshot.checkpoint.seen(),
        snapshot.jobs.seen(),
        snapshot.kafka.seen(),
    ) {
        (Some(checkpoint), Some(jobs), Some(kafka)) => (checkpoint, jobs, kafka),
        _ => return unknown(snapshot),
    };
    let lag = lag(snapshot);
    let case = Case {
        stream,
        snapshot,
        samples,
        thresholds,
        checkpoint,
        jobs,
        kafka,
        lag,
    };
    [
        losing_data,
        corrupt,
        down,
        stuck,
        blocked,
        big_batch,
        behind,
        idle,
    ]
    .iter()
    .find_map(|rule| rule(&case))
    .unwrap_or_else(|| healthy(&case))
}

fn unknown(snapshot: &Snapshot) -> Verdict {
    let evidence: Vec<String> = [
        ("The checkpoint", snapshot.checkpoint.unknown_reason()),
        ("EMR Serverless", snapshot.jobs.unknown_reason()),
        ("Kafka", snapshot.kafka.unknown_reason()),
    ]
    .into_iter()
    .filter_map(|(what, reason)| reason.map(|r| format!("{what} could not be read: {r}")))
    .collect();
    Verdict {
        kind: VerdictKind::Unknown,
        sentence: format!(
            "is unknown: {}",
            evidence.first().cloned().unwrap_or_default()
        ),
        advice: "Nothing can be said or planned until it can be read.".to_owned(),
        since: None,
        reset_helps: ResetHelps::Unknown,
        evidence,
    }
}

fn losing_data(case: &Case<'_>) -> Option<Verdict> {
    let lag = case.lag?;
    let soon = lag
        .until_loss_ms
        .filter(|ms| *ms < case.thresholds.alarm_ms);
    if lag.lost == 0 && soon.is_none() {
        return None;
    }
    let sentence = if lag.lost > 0 {
        format!(
            "is losing data: Kafka has deleted {} that were never read",
            counted(lag.lost, "record", "records")
        )
    } else {
        format!(
            "will lose data in {}: unread records reach their retention",
            human_duration(soon.unwrap_or_default())
        )
    };
    let mut verdict = verdict(case, VerdictKind::LosingData, sentence);
    verdict.since = case.checkpoint.last_committed().map(|b| b.planned_at);
    verdict.reset_helps = match &case.checkpoint.prognosis {
        Prognosis::Fails { .. } => ResetHelps::Yes,
        _ if lag.lost > 0 => ResetHelps::Yes,
        _ => ResetHelps::Perhaps,
    };
    verdict.advice = if lag.lost > 0 {
        "A start at the log start reads everything that is left; what is deleted is lost."
            .to_owned()
    } else {
        "Get it to read again before then; raising the topic's retention buys time."
            .to_owned()
    };
    Some(verdict)
}

fn corrupt(case: &Case<'_>) -> Option<Verdict> {
    let Prognosis::Fails {
        error_class,
        text,
        path,
        ..
    } = &case.checkpoint.prognosis
    else {
        return None;
    };
    let worst = case
        .checkpoint
        .findings
        .iter()
        .find(|f| f.severity == Severity::Error);
    let what = match (worst, path) {
        (Some(finding), _) => finding.message.clone(),
        (None, Some(path)) => format!("Spark cannot start from {path}"),
        (None, None) => "Spark cannot start from its checkpoint".to_owned(),
    };
    let since = job_ended_at(case);
    let mut verdict = verdict(
        case,
        VerdictKind::Corrupt,
        format!(
            "has a corrupt checkpoint{}: {}",
            lasting(case, since),
            what.trim_end_matches('.')
        ),
    );
    verdict.since = since;
    verdict.reset_helps = ResetHelps::Yes;
    let first_line = text.lines().next().unwrap_or_default();
    verdict.evidence.insert(
        0,
        format!("On a start Spark will fail with {error_class}: {first_line}"),
    );
    verdict.advice = "A restart fails in the same way. A new start at chosen offsets gets it going; the checkpoint is backed up first.".to_owned();
    Some(verdict)
}

fn down(case: &Case<'_>) -> Option<Verdict> {
    if case.jobs.alive().next().is_some() {
        return None;
    }
    let since = job_ended_at(case);
    let how = match case.jobs.runs.first() {
        None => "no job run of it was found".to_owned(),
        Some(run) if run.mode != "STREAMING" => format!(
            "its job run {} was started in {} mode, which ends by itself, and is {}",
            run.id,
            run.mode,
            run.state.word()
        ),
        Some(run) => format!("its job run {} is {}", run.id, run.state.word()),
    };
    let mut verdict = verdict(
        case,
        VerdictKind::Down,
        format!("has been down{}: {how}", lasting(case, since)),
    );
    verdict.since = since;
    verdict.reset_helps = ResetHelps::No;
    verdict.advice = "Its checkpoint is sound: a restart continues where it stopped. A reset is not needed.".to_owned();
    Some(verdict)
}

fn stuck(case: &Case<'_>) -> Option<Verdict> {
    let lag = case.lag?;
    let pending = pending_batch(case);
    let patience_ms = case
        .thresholds
        .triggers
        .saturating_mul(case.stream.trigger_ms);
    if lag.records == 0 || pending.is_some() || lag.age_ms <= patience_ms {
        return None;
    }
    let since = case.checkpoint.last_committed().map(|b| b.planned_at);
    let mut verdict = verdict(
        case,
        VerdictKind::Stuck,
        format!(
            "has been stuck{}: {} are waiting and no batch has begun",
            lasting(case, since),
            counted(lag.records, "record", "records")
        ),
    );
    verdict.since = since;
    verdict.reset_helps = ResetHelps::Perhaps;
    verdict.advice = "Its checkpoint is sound, so a restart is the mildest thing to try. A reset helps only if that fails.".to_owned();
    Some(verdict)
}

fn blocked(case: &Case<'_>) -> Option<Verdict> {
    let held: u64 = case
        .kafka
        .topics
        .values()
        .flat_map(|t| t.partitions.values())
        .map(|p| u64::try_from(p.high_watermark.saturating_sub(p.latest)).unwrap_or(0))
        .sum();
    let lag = case.lag?;
    let patience_ms = case
        .thresholds
        .triggers
        .saturating_mul(case.stream.trigger_ms);
    if !case.stream.read_committed || held == 0 || lag.age_ms <= patience_ms {
        return None;
    }
    let since = case.checkpoint.last_committed().map(|b| b.planned_at);
    let mut verdict = verdict(
        case,
        VerdictKind::Blocked,
        format!(
            "has been blocked{}: an open Kafka transaction holds {} back",
            lasting(case, since),
            counted(held, "record", "records")
        ),
    );
    verdict.since = since;
    verdict.reset_helps = ResetHelps::No;
    verdict.advice = "The producer must commit or abort its transaction, or the broker must expire it. A reset changes nothing.".to_owned();
    Some(verdict)
}

fn big_batch(case: &Case<'_>) -> Option<Verdict> {
    let (batch, planned_at) = pending_batch(case)?;
    let for_ms = case.snapshot.taken_at.since(planned_at);
    if for_ms <= 2 * case.stream.trigger_ms {
        return None;
    }
    let mut verdict = verdict(
        case,
        VerdictKind::WorkingOnABigBatch,
        format!(
            "has been working on batch {batch} for {}",
            human_duration(for_ms)
        ),
    );
    verdict.since = Some(planned_at);
    verdict.reset_helps = ResetHelps::No;
    verdict.advice = "Slow is not stuck: stopping it throws this work away. Let it finish, and cap maxOffsetsPerTrigger for the next.".to_owned();
    Some(verdict)
}

fn behind(case: &Case<'_>) -> Option<Verdict> {
    let (sentence, since) = growing(case).or_else(|| far_behind(case))?;
    let mut verdict = verdict(case, VerdictKind::Behind, sentence);
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
        .samples
        .iter()
        .rfind(|s| case.snapshot.taken_at.since(s.at) >= window_ms)?;
    let then = earlier.lag?;
    let between_ms = case.snapshot.taken_at.since(earlier.at);
    let arrived = case_end(case)?.saturating_sub(earlier.end?);
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

fn case_end(case: &Case<'_>) -> Option<i64> {
    sample(case.snapshot).end
}

fn idle(case: &Case<'_>) -> Option<Verdict> {
    let lag = case.lag?;
    let patience_ms = case
        .thresholds
        .triggers
        .saturating_mul(case.stream.trigger_ms);
    if lag.records > 0 || lag.age_ms <= patience_ms {
        return None;
    }
    let since = case.checkpoint.last_committed().map(|b| b.planned_at);
    let mut verdict = verdict(
        case,
        VerdictKind::Idle,
        format!("has been idle{}: nothing is waiting", lasting(case, since)),
    );
    verdict.since = since;
    verdict.advice =
        "Nothing to do. If records should be coming in, look at the producer.".to_owned();
    Some(verdict)
}

fn healthy(case: &Case<'_>) -> Verdict {
    let lag = case.lag.unwrap_or_default();
    let mut verdict = verdict(
        case,
        VerdictKind::Healthy,
        match case.lag {
            Some(_) => format!(
                "is healthy: {} waiting, last batch {} ago",
                counted(lag.records, "record", "records"),
                human_duration(lag.age_ms)
            ),
            None => "is running; no batch is committed yet".to_owned(),
        },
    );
    verdict.advice = "Nothing to do.".to_owned();
    verdict
}

fn verdict(case: &Case<'_>, kind: VerdictKind, sentence: String) -> Verdict {
    Verdict {
        kind,
        sentence,
        advice: String::new(),
        since: None,
        reset_helps: ResetHelps::No,
        evidence: evidence(case),
    }
}

fn evidence(case: &Case<'_>) -> Vec<String> {
    let mut out = Vec::new();
    if let Some(run) = case.jobs.runs.first() {
        out.push(format!(
            "Job run {} is {} (attempt {}), application {}.",
            run.id,
            run.state.word(),
            run.attempt,
            case.jobs.application_state
        ));
    }
    let batch = |b: Option<i64>| b.map_or("none".to_owned(), |b| b.to_string());
    out.push(format!(
        "Newest batch in offsets/: {}; in commits/: {}.",
        batch(case.checkpoint.newest_offsets),
        batch(case.checkpoint.newest_commit)
    ));
    match case.lag {
        Some(lag) => out.push(format!(
            "{} waiting in Kafka; last committed batch planned {} ago.",
            counted(lag.records, "record", "records"),
            human_duration(lag.age_ms)
        )),
        None => out.push("Lag unknown: no committed batch can be read.".to_owned()),
    }
    out
}

/// The batch that is planned and not committed, and since when.
fn pending_batch(case: &Case<'_>) -> Option<(i64, Millis)> {
    let newest = case.checkpoint.batches.first()?;
    let planned =
        case.checkpoint.newest_offsets? > case.checkpoint.newest_commit.unwrap_or(-1);
    (planned && !newest.committed).then_some((newest.batch, newest.planned_at))
}

fn job_ended_at(case: &Case<'_>) -> Option<Millis> {
    let run: &JobRunSeen = case.jobs.runs.first()?;
    run.state.is_terminal().then_some(run.updated_at)
}

fn lasting(case: &Case<'_>, since: Option<Millis>) -> String {
    since.map_or_else(String::new, |since| {
        format!(
            " for {}",
            human_duration(case.snapshot.taken_at.since(since))
        )
    })
}
