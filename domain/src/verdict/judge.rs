//! The rules of the verdict, worst first; the first that holds is it.

use super::case::Case;
use super::headroom::headrooms;
use super::{
    ResetHelps, Sample, Thresholds, Verdict, VerdictKind, behind, job, kafka, lag, sink,
    start, work,
};
use crate::snapshot::Snapshot;
use crate::stream::Stream;
use crate::text::counted;
use crate::time::human_duration;

/// Judges a stream by what was seen now and, oldest first, before. `log` holds
/// lines of the driver's log, for why a job failed.
#[must_use]
pub fn judge(
    stream: &Stream,
    snapshot: &Snapshot,
    samples: &[Sample],
    thresholds: Thresholds,
    log: &[String],
) -> Verdict {
    if let Some(verdict) = start::a_root(snapshot) {
        return verdict;
    }
    let (checkpoint, jobs, kafka) = match (
        snapshot.checkpoint.seen(),
        snapshot.jobs.seen(),
        snapshot.kafka.seen(),
    ) {
        (Some(checkpoint), Some(jobs), Some(kafka)) => (checkpoint, jobs, kafka),
        _ => return unread(snapshot),
    };
    let case = Case {
        stream,
        snapshot,
        samples,
        thresholds,
        log,
        checkpoint,
        jobs,
        kafka,
        lag: lag(snapshot),
        partitions: headrooms(snapshot).unwrap_or_default(),
    };
    [
        kafka::losing_data,
        kafka::unfit,
        job::written_twice,
        start::gate_is_closed,
        sink::losing_data,
        start::corrupt,
        job::down,
        job::state_unknown,
        kafka::topic_missing,
        start::prognosis_unknown,
        work::hung,
        work::stuck,
        work::blocked,
        work::big_batch,
        work::not_yet_known,
        behind::behind,
        idle,
        healthy,
    ]
    .iter()
    .find_map(|rule| rule(&case))
    .unwrap_or_else(|| no_batch(&case))
}

fn unread(snapshot: &Snapshot) -> Verdict {
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
        cause: None,
    }
}

/// An unknown verdict on a stream that was read.
pub(super) fn unknown(case: &Case<'_>, why: String, advice: &str) -> Verdict {
    let mut verdict = case.verdict(VerdictKind::Unknown, format!("is unknown: {why}"));
    verdict.reset_helps = ResetHelps::Unknown;
    verdict.advice = advice.to_owned();
    verdict
}

fn idle(case: &Case<'_>) -> Option<Verdict> {
    let lag = case.lag?;
    let held = case.stream.read_committed && case.partitions.iter().any(|p| p.held > 0);
    if lag.records > 0 || held || lag.age_ms <= case.patience_ms() {
        return None;
    }
    let since = case.checkpoint.last_committed().map(|b| b.planned_at);
    let mut verdict = case.verdict(
        VerdictKind::Idle,
        format!("has been idle{}: nothing is waiting", case.lasting(since)),
    );
    verdict.since = since;
    verdict.evidence.extend(ends_stand_still(case));
    verdict.advice =
        "Nothing to do. If records should be coming in, look at the producer.".to_owned();
    Some(verdict)
}

fn ends_stand_still(case: &Case<'_>) -> Option<String> {
    let end = super::sample(case.snapshot).end?;
    let first = case
        .before()
        .take_while(|s| s.end.is_none_or(|e| e == end))
        .filter(|s| s.end.is_some())
        .last()?;
    Some(format!(
        "Kafka's end offsets have not moved for {} at least.",
        human_duration(case.now().since(first.at))
    ))
}

fn healthy(case: &Case<'_>) -> Option<Verdict> {
    let lag = case.lag?;
    let mut verdict = case.verdict(
        VerdictKind::Healthy,
        format!(
            "is healthy: {} waiting, last batch {} ago",
            counted(lag.records, "record", "records"),
            human_duration(lag.age_ms)
        ),
    );
    verdict.advice = "Nothing to do.".to_owned();
    Some(verdict)
}

/// Whatever is missing is unknown, and never well.
fn no_batch(case: &Case<'_>) -> Verdict {
    unknown(
        case,
        "its job is running, and no batch is committed that can be read".to_owned(),
        "It is judged once its first batch is through.",
    )
}
