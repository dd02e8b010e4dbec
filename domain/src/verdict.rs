//! The verdict on a stream: one word, worst first, with its evidence, since
//! when, and whether a reset can help at all.

use serde::{Deserialize, Serialize};

use crate::canonical::decimal;
use crate::checkpoint::{Prognosis, Severity};
use crate::snapshot::{CheckpointSeen, JobRunSeen, JobsSeen, KafkaSeen, Snapshot};
use crate::stream::Stream;
use crate::text::{counted, thousands};
use crate::time::{Millis, human_duration};

/// The verdicts, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerdictKind {
    /// What is needed could not be read. Never shown as well.
    Unknown,
    /// The next offset is behind the log start, or will be soon.
    LosingData,
    /// The doctor foresees a failure.
    Corrupt,
    /// No job run that can write.
    Down,
    /// Input is waiting, no batch advances, nothing is at work.
    Stuck,
    /// An open Kafka transaction holds the end back.
    Blocked,
    /// Offsets are written and not yet committed: slow is not stuck.
    WorkingOnABigBatch,
    /// The lag grows.
    Behind,
    /// Nothing comes in.
    Idle,
    /// It keeps up.
    Healthy,
}

impl VerdictKind {
    /// Every verdict, worst first.
    pub const ALL: [VerdictKind; 10] = [
        VerdictKind::Unknown,
        VerdictKind::LosingData,
        VerdictKind::Corrupt,
        VerdictKind::Down,
        VerdictKind::Stuck,
        VerdictKind::Blocked,
        VerdictKind::WorkingOnABigBatch,
        VerdictKind::Behind,
        VerdictKind::Idle,
        VerdictKind::Healthy,
    ];

    /// The word on a chip.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            VerdictKind::Unknown => "unknown",
            VerdictKind::LosingData => "losing data",
            VerdictKind::Corrupt => "corrupt",
            VerdictKind::Down => "down",
            VerdictKind::Stuck => "stuck",
            VerdictKind::Blocked => "blocked",
            VerdictKind::WorkingOnABigBatch => "working on a big batch",
            VerdictKind::Behind => "behind",
            VerdictKind::Idle => "idle",
            VerdictKind::Healthy => "healthy",
        }
    }

    /// The word in an address, such as `losing-data`.
    #[must_use]
    pub fn slug(self) -> String {
        self.word().replace(' ', "-")
    }
}

/// Whether a reset can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResetHelps {
    /// Yes.
    Yes,
    /// It may; something milder may do as well.
    Perhaps,
    /// No: something else is wrong, or nothing is.
    No,
    /// It cannot be told.
    Unknown,
}

/// The verdict and what speaks for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The word.
    pub kind: VerdictKind,
    /// What is so, without the stream's name: "has been stuck for 1 h 12 m: …".
    pub sentence: String,
    /// What follows from it, as a sentence.
    pub advice: String,
    /// Since when, where it can be told.
    pub since: Option<Millis>,
    /// Whether a reset can help.
    pub reset_helps: ResetHelps,
    /// What speaks for it, as sentences.
    pub evidence: Vec<String>,
}

/// How far behind a stream is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lag {
    /// Offsets from the newest committed batch to the end.
    #[serde(with = "decimal")]
    pub records: u64,
    /// How old the newest committed batch is, in milliseconds; what is not
    /// read yet is at most this old, unless records carry older times.
    pub age_ms: i64,
    /// Milliseconds until the oldest unread record is past its retention, at
    /// the least. `None` where nothing is unread or nothing is ever deleted.
    pub until_loss_ms: Option<i64>,
    /// Offsets that are already deleted unread.
    #[serde(with = "decimal")]
    pub lost: u64,
}

/// An earlier look at a stream, as the poller keeps them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// When.
    pub at: Millis,
    /// The newest committed batch.
    pub commit: Option<i64>,
    /// The lag in records.
    pub lag: Option<i64>,
    /// All end offsets added up.
    pub end: Option<i64>,
    /// All committed offsets added up.
    pub committed: Option<i64>,
}

/// From when on something is a matter for alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thresholds {
    /// Losing data: within this time, in milliseconds.
    pub alarm_ms: i64,
    /// Stuck: no batch for so many trigger intervals.
    pub triggers: i64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { alarm_ms: 6 * 3_600_000, triggers: 5 }
    }
}

/// The lag by what was seen; `None` where checkpoint or Kafka is unknown, or
/// no committed batch can be read.
#[must_use]
pub fn lag(snapshot: &Snapshot) -> Option<Lag> {
    let checkpoint = snapshot.checkpoint.seen()?;
    let kafka = snapshot.kafka.seen()?;
    let newest = checkpoint.last_committed()?;
    let next = checkpoint.next_offsets()?;
    let age_ms = snapshot.taken_at.since(newest.planned_at).max(0);
    let mut lag = Lag { age_ms, ..Lag::default() };
    for (name, topic) in &kafka.topics {
        for (partition, at) in &topic.partitions {
            let reached = next.get(name, *partition).unwrap_or(at.earliest);
            let count = |from: i64, to: i64| u64::try_from(to.saturating_sub(from)).unwrap_or(0);
            let waiting = count(reached, at.latest);
            lag.records += waiting;
            lag.lost += count(reached, at.earliest);
            let retention_ms = topic.retention_ms.filter(|ms| *ms >= 0);
            if let Some(retention_ms) = retention_ms.filter(|_| waiting > 0) {
                let left = retention_ms.saturating_sub(age_ms).max(0);
                lag.until_loss_ms = Some(lag.until_loss_ms.map_or(left, |l| l.min(left)));
            }
        }
    }
    Some(lag)
}

/// What a look at a stream adds to its samples.
#[must_use]
pub fn sample(snapshot: &Snapshot) -> Sample {
    let checkpoint = snapshot.checkpoint.seen();
    let ends = snapshot.kafka.seen().map(|kafka| {
        kafka
            .topics
            .values()
            .flat_map(|t| t.partitions.values())
            .fold(0_i64, |sum, p| sum.saturating_add(p.latest))
    });
    let committed = checkpoint
        .and_then(CheckpointSeen::next_offsets)
        .map(|o| o.iter().fold(0_i64, |sum, (_, _, offset)| sum.saturating_add(offset)));
    Sample {
        at: snapshot.taken_at,
        commit: checkpoint.and_then(|c| c.newest_commit),
        lag: lag(snapshot).and_then(|l| i64::try_from(l.records).ok()),
        end: ends,
        committed,
    }
}

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
    let case = Case { stream, snapshot, samples, thresholds, checkpoint, jobs, kafka, lag };
    [losing_data, corrupt, down, stuck, blocked, big_batch, behind, idle]
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
    .filter_map(|(what, reason)| {
        reason.map(|r| format!("{what} could not be read: {r}"))
    })
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
    let soon = lag.until_loss_ms.filter(|ms| *ms < case.thresholds.alarm_ms);
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
        "A start at the log start reads everything that is left; what is deleted is lost.".to_owned()
    } else {
        "Get it to read again before then; raising the topic's retention buys time.".to_owned()
    };
    Some(verdict)
}

fn corrupt(case: &Case<'_>) -> Option<Verdict> {
    let Prognosis::Fails { error_class, text, path, .. } = &case.checkpoint.prognosis else {
        return None;
    };
    let worst = case.checkpoint.findings.iter().find(|f| f.severity == Severity::Error);
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
    verdict.evidence.insert(0, format!("On a start Spark will fail with {error_class}: {first_line}"));
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
    let patience_ms = case.thresholds.triggers.saturating_mul(case.stream.trigger_ms);
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
    let patience_ms = case.thresholds.triggers.saturating_mul(case.stream.trigger_ms);
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
    let lag = case.lag?;
    let now = i64::try_from(lag.records).ok()?;
    let window_ms = (10 * case.stream.trigger_ms).max(120_000);
    let earlier = case
        .samples
        .iter()
        .rfind(|s| case.snapshot.taken_at.since(s.at) >= window_ms)?;
    let then = earlier.lag?;
    // A fifth more than before, and more than arrives between two batches.
    let arrived = case_end(case)?.saturating_sub(earlier.end?);
    let per_trigger =
        arrived.saturating_mul(case.stream.trigger_ms) / case.snapshot.taken_at.since(earlier.at).max(1);
    if now <= then + then / 5 || now <= 2 * per_trigger {
        return None;
    }
    let mut verdict = verdict(
        case,
        VerdictKind::Behind,
        format!(
            "is falling behind: {} are waiting, {} more than {} ago",
            counted(lag.records, "record", "records"),
            thousands(now - then),
            human_duration(case.snapshot.taken_at.since(earlier.at))
        ),
    );
    verdict.since = Some(earlier.at);
    verdict.reset_helps = ResetHelps::No;
    verdict.advice = "It works, but less than arrives. More executors help; a reset would only throw records away.".to_owned();
    Some(verdict)
}

fn case_end(case: &Case<'_>) -> Option<i64> {
    sample(case.snapshot).end
}

fn idle(case: &Case<'_>) -> Option<Verdict> {
    let lag = case.lag?;
    let patience_ms = case.thresholds.triggers.saturating_mul(case.stream.trigger_ms);
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
    verdict.advice = "Nothing to do. If records should be coming in, look at the producer.".to_owned();
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
    let planned = case.checkpoint.newest_offsets? > case.checkpoint.newest_commit.unwrap_or(-1);
    (planned && !newest.committed).then_some((newest.batch, newest.planned_at))
}

fn job_ended_at(case: &Case<'_>) -> Option<Millis> {
    let run: &JobRunSeen = case.jobs.runs.first()?;
    run.state.is_terminal().then_some(run.updated_at)
}

fn lasting(case: &Case<'_>, since: Option<Millis>) -> String {
    since.map_or_else(String::new, |since| {
        format!(" for {}", human_duration(case.snapshot.taken_at.since(since)))
    })
}
