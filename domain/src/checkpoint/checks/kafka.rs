//! C23 to C26: the next start against what Kafka still has.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::history::listed;
use super::{Exam, Finding, Remedy, Severity};
use crate::checkpoint::prognosis::Prognosis;
use crate::offsets::PartitionOffsets;

/// What Kafka said of the topics of a query.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BrokerSaid {
    /// When it was asked, in milliseconds since the epoch; a batch that was
    /// planned later may well be ahead of it.
    pub asked_at_ms: Option<i64>,
    /// By name. A topic that is not here was not asked for, and nothing is said
    /// of it.
    pub topics: BTreeMap<String, BrokerTopic>,
}

/// One topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BrokerTopic {
    /// Its id now.
    pub topic_id: Option<Uuid>,
    /// Its id when it was looked at before; another one now means that the
    /// topic was deleted and made again.
    pub topic_id_before: Option<Uuid>,
    /// When it last had that id, in milliseconds since the epoch. What was
    /// planned later was read from the topic of today.
    pub before_until_ms: Option<i64>,
    /// By partition; empty when there is no such topic.
    pub partitions: BTreeMap<i32, BrokerPartition>,
}

/// One partition; offsets are the next to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrokerPartition {
    pub earliest: i64,
    /// The high watermark, whatever the isolation level: a position may lie
    /// between the last stable offset and it.
    pub latest: i64,
}

/// Clocks differ; a batch counts as planned after the question from so long
/// before it on.
const SLACK_MS: i64 = 60_000;

pub(super) fn check(exam: &mut Exam<'_>) {
    let Some(said) = &exam.known.kafka else {
        return;
    };
    let Some(next) = Next::of(exam) else { return };
    recreated(exam, said);
    aged_out(exam, said, &next);
    beyond(exam, said, &next);
    gone(exam, said, &next);
    added(exam, said, &next);
}

/// From where, and where a batch is run again to where, the next batch reads.
struct Next {
    path: String,
    start: PartitionOffsets,
    end: Option<PartitionOffsets>,
}

impl Next {
    fn of(exam: &Exam<'_>) -> Option<Self> {
        let (batch, start, end) = match exam.prognosis {
            Prognosis::Starts {
                batch_id,
                start_offsets,
                end_offsets,
                ..
            } => (*batch_id, start_offsets, end_offsets.as_deref()),
            Prognosis::StartsFresh {
                start: Some(start), ..
            } => (0, start, None),
            _ => return None,
        };
        let path = match end {
            Some(_) => format!("offsets/{batch}"),
            None if batch == 0 => "sources/0/0".to_owned(),
            None => format!("offsets/{}", batch - 1),
        };
        Some(Self {
            path,
            start: merged(start)?,
            end: end.and_then(merged),
        })
    }

    /// The topics and partitions of the checkpoint.
    fn all(&self) -> PartitionOffsets {
        match &self.end {
            Some(end) => self.start.union(end),
            None => self.start.clone(),
        }
    }
}

/// Whether Kafka has records that the next batch would read; `None` where that
/// cannot be told of each partition.
pub(super) fn records_wait(exam: &Exam<'_>) -> Option<bool> {
    let said = exam.known.kafka.as_ref()?;
    let next = Next::of(exam)?;
    if next.end.is_some() {
        return Some(true);
    }
    let mut waits = false;
    for (topic, partition, start) in next.start.iter() {
        waits |= partition_of(said, topic, partition)?.latest > start;
    }
    Some(waits)
}

/// All sources as one; `None` where a line is not Kafka's.
fn merged(lines: &[Option<String>]) -> Option<PartitionOffsets> {
    let mut all = PartitionOffsets::new();
    for line in lines.iter().flatten() {
        all = all.union(&PartitionOffsets::parse(line).flawless()?);
    }
    (!all.is_empty()).then_some(all)
}

fn partition_of(
    said: &BrokerSaid,
    topic: &str,
    partition: i32,
) -> Option<BrokerPartition> {
    said.topics.get(topic)?.partitions.get(&partition).copied()
}

const TO_LOSE: &str = "Where failOnDataLoss is true the query ends with it, and where it \
                       is false the records are left out without an error.";

fn begin_elsewhere(exam: &Exam<'_>, why: &str) -> Vec<Remedy> {
    exam.begun_anew(why)
}

fn recreated(exam: &mut Exam<'_>, said: &BrokerSaid) {
    for (name, topic) in &said.topics {
        let (Some(now), Some(before)) = (topic.topic_id, topic.topic_id_before) else {
            continue;
        };
        if now == before || has_gone_on(exam, topic.before_until_ms) {
            continue;
        }
        let ladder = begin_elsewhere(
            exam,
            "The offsets of the checkpoint, and of every backup of it, are those of the \
             topic that is gone; a restart reads other records under them.",
        );
        let finding = Finding::new(
            "C24",
            Severity::Error,
            format!(
                "The topic {name} was deleted and made again: its id was {before} and \
                 is {now}."
            ),
        )
        .showing(now.to_string())
        .mended_by(ladder);
        exam.add(finding);
    }
}

fn aged_out(exam: &mut Exam<'_>, said: &BrokerSaid, next: &Next) {
    let mut lost: u64 = 0;
    let mut behind = Vec::new();
    for (topic, partition, start) in next.start.iter() {
        let Some(there) = partition_of(said, topic, partition) else {
            continue;
        };
        if start < there.earliest {
            let records = there.earliest.saturating_sub(start);
            lost = lost.saturating_add(records.unsigned_abs());
            behind.push(format!(
                "{topic}-{partition} at {start}, first kept {}",
                there.earliest
            ));
        }
    }
    if behind.is_empty() {
        return;
    }
    let ladder = begin_elsewhere(
        exam,
        "Kafka does not have the records any more: no restart, no older batch and no \
         backup reads them. A start at the first kept records skips no others.",
    );
    let finding = Finding::new(
        "C23",
        Severity::Error,
        format!(
            "{lost} offsets were deleted before they were read: {}. {TO_LOSE}",
            listed(&behind)
        ),
    )
    .at(&next.path, None)
    .showing(&behind[0])
    .mended_by(ladder);
    exam.add(finding);
}

fn beyond(exam: &mut Exam<'_>, said: &BrokerSaid, next: &Next) {
    if planned_after(exam, said) {
        return;
    }
    let mut ahead = Vec::new();
    for (topic, partition, at) in next.all().iter() {
        let Some(there) = partition_of(said, topic, partition) else {
            continue;
        };
        if at > there.latest {
            ahead.push(format!("{topic}-{partition} at {at}, end {}", there.latest));
        }
    }
    if ahead.is_empty() {
        return;
    }
    let ladder = begin_elsewhere(
        exam,
        "A restart, an older batch or a backup has the offsets of another topic or \
         cluster too. Where another cluster is read by mistake, correct the job instead.",
    );
    let finding = Finding::new(
        "C24",
        Severity::Error,
        format!(
            "The checkpoint is ahead of the topic: {}. The topic was made anew, or \
             another cluster is read. {TO_LOSE}",
            listed(&ahead)
        ),
    )
    .at(&next.path, None)
    .showing(&ahead[0])
    .mended_by(ladder);
    exam.add(finding);
}

/// Whether a batch was planned and committed after this time.
fn has_gone_on(exam: &Exam<'_>, until_ms: Option<i64>) -> bool {
    let committed = exam.newest_commit().and_then(|batch| exam.batch(batch));
    let planned = committed
        .and_then(|read| read.metadata)
        .map(|line| line.batch_timestamp_ms);
    matches!((planned, until_ms), (Some(planned), Some(until)) if planned > until)
}

/// Whether the newest batch may know more than what Kafka said.
fn planned_after(exam: &Exam<'_>, said: &BrokerSaid) -> bool {
    let Some(asked) = said.asked_at_ms else {
        return false;
    };
    let Some(newest) = exam.newest_offsets() else {
        return false;
    };
    let by_driver = exam
        .batch(newest)
        .and_then(|read| read.metadata)
        .map(|line| line.batch_timestamp_ms);
    let by_s3 = exam
        .view
        .listing
        .get(&format!("offsets/{newest}"))
        .map(|object| object.last_modified_ms);
    [by_driver, by_s3]
        .into_iter()
        .flatten()
        .any(|at| at.saturating_add(SLACK_MS) > asked)
}

fn gone(exam: &mut Exam<'_>, said: &BrokerSaid, next: &Next) {
    let gone: Vec<String> = next
        .all()
        .iter()
        .filter(|(topic, partition, _)| {
            said.topics.contains_key(*topic)
                && partition_of(said, topic, *partition).is_none()
        })
        .map(|(topic, partition, _)| format!("{topic}-{partition}"))
        .collect();
    let Some(first) = gone.first() else { return };
    let ladder =
        begin_elsewhere(exam, "What is gone comes back by no restart and no backup.");
    let finding = Finding::new(
        "C25",
        Severity::Error,
        format!("Kafka does not have {}. {TO_LOSE}", listed(&gone)),
    )
    .at(&next.path, None)
    .showing(first)
    .mended_by(ladder)
    .by_hand(
        "For a query without state: with the job stopped and the newest batch committed, \
         take the partitions out of its source line.",
    );
    exam.add(finding);
}

fn added(exam: &mut Exam<'_>, said: &BrokerSaid, next: &Next) {
    let all = next.all();
    let mut new = Vec::new();
    let mut late = false;
    for topic in all.topics() {
        let Some(there) = said.topics.get(topic) else {
            continue;
        };
        for (partition, range) in &there.partitions {
            if all.get(topic, *partition).is_none() {
                late |= range.earliest != 0;
                new.push(format!("{topic}-{partition} from {}", range.earliest));
            }
        }
    }
    let Some(first) = new.first().cloned() else {
        return;
    };
    let (severity, follows) = if late {
        (
            Severity::Error,
            "Where failOnDataLoss is true the query ends, because one does not begin \
             at 0: what lay before was deleted before it was read.",
        )
    } else {
        (
            Severity::Warning,
            "They are read from their first record on.",
        )
    };
    let finding = Finding::new(
        "C26",
        severity,
        format!(
            "Kafka has partitions that are not in the checkpoint: {}. {follows}",
            listed(&new)
        ),
    )
    .at(&next.path, None)
    .showing(first);
    let finding = if late {
        finding
            .mended_by(begin_elsewhere(
                exam,
                "A restart meets the same partitions, and no older batch knows them.",
            ))
            .by_hand(
                "For a query without state: with the job stopped and the newest batch \
                 committed, add the partitions with their first offsets to its source \
                 line.",
            )
    } else {
        finding
    };
    exam.add(finding);
}
