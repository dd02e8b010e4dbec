//! Where the checkpoint is in each partition, and what Kafka has.

use app::view::PartitionRow;
use domain::snapshot::{PartitionSeen, Snapshot, TopicSeen};
use domain::text::{counted, thousands};
use domain::time::{Millis, human_duration};
use domain::verdict::headrooms;

/// Transactions of a moment are no matter.
const HELD_MS: i64 = 60_000;

/// The partitions, worst first: those that Kafka has, and those that only the
/// checkpoint knows.
pub(super) fn partitions(snapshot: &Snapshot) -> Vec<PartitionRow> {
    let Some(kafka) = snapshot.kafka.seen() else {
        return Vec::new();
    };
    let next = snapshot.checkpoint.seen().and_then(|c| c.next_offsets());
    let known = headrooms(snapshot).unwrap_or_default();
    let mut rows = Vec::new();
    for (name, topic) in &kafka.topics {
        for (partition, at) in &topic.partitions {
            let committed = next.as_ref().and_then(|n| n.get(name, *partition));
            let headroom = known
                .iter()
                .find(|h| h.topic == *name && h.partition == *partition);
            rows.push(PartitionRow {
                topic: name.clone(),
                partition: *partition,
                committed,
                log_start: Some(at.earliest),
                log_end: Some(at.latest),
                lag: committed.map(|c| at.latest.saturating_sub(c)),
                unread_ms: headroom.and_then(|h| h.unread_ms),
                loss: headroom.and_then(|h| h.loss),
                size_unknown: headroom.is_some_and(|h| h.size_unknown),
                note: note(committed, at, topic, next.is_some(), snapshot.taken_at),
            });
        }
    }
    for (name, partition, offset) in next.iter().flat_map(|next| next.iter()) {
        let topic = kafka.topics.get(name);
        if topic.is_none_or(|t| !t.partitions.contains_key(&partition)) {
            let what = if topic.is_some() {
                "this partition"
            } else {
                "this topic"
            };
            rows.push(PartitionRow {
                topic: name.to_owned(),
                partition,
                committed: Some(offset),
                log_start: None,
                log_end: None,
                lag: None,
                unread_ms: None,
                loss: None,
                size_unknown: false,
                note: Some(format!(
                    "The checkpoint knows {what}, and Kafka does not have it."
                )),
            });
        }
    }
    rows.sort_by_key(|row| {
        (
            row.note.is_none(),
            row.loss.map_or(i64::MAX, |loss| loss.in_ms),
            std::cmp::Reverse(row.lag.unwrap_or(0)),
            row.topic.clone(),
            row.partition,
        )
    });
    rows
}

/// What is odd about a partition.
fn note(
    committed: Option<i64>,
    at: &PartitionSeen,
    topic: &TopicSeen,
    checkpoint_known: bool,
    now: Millis,
) -> Option<String> {
    match committed {
        Some(offset) if offset < at.earliest => Some(format!(
            "{} records were deleted by Kafka before they were read.",
            thousands(at.earliest - offset)
        )),
        Some(offset) if offset > at.high_watermark => Some(
            "The checkpoint is past the end: the topic was made anew, or it is another cluster."
                .to_owned(),
        ),
        None if checkpoint_known => Some(
            "The checkpoint does not know this partition; Spark will read it from its log start."
                .to_owned(),
        ),
        _ if topic.former.is_some() => Some(
            "The topic was deleted and made anew since this query began; its offsets mean other records."
                .to_owned(),
        ),
        _ => {
            let held = at.high_watermark.saturating_sub(at.latest);
            let for_ms = now.since(at.held_at?);
            (for_ms > HELD_MS).then(|| {
                format!(
                    "An open transaction holds {} back, the first of them for {}.",
                    counted(u64::try_from(held).unwrap_or(0), "offset", "offsets"),
                    human_duration(for_ms)
                )
            })
        }
    }
}
