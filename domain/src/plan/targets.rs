//! Where each way out begins, by partition, and what that does to the data.

use std::collections::BTreeMap;

use super::PartitionEffect;
use super::refusal::{Refusal, seen_checkpoint, seen_kafka};
use super::setting::setting;
use crate::intent::{Touch, WayOut};
use crate::offsets::PartitionOffsets;
use crate::policy::Policy;
use crate::sink::{Again, beginning_of, told};
use crate::snapshot::{CheckpointSeen, KafkaSeen, Snapshot};
use crate::stream::Stream;
use crate::time::Millis;

/// Offsets that a time resolved to: the wanted time of [`WayOut::Timestamp`], or
/// [`kept_from`] for [`WayOut::Earliest`]. `None` where a partition has no record at
/// or after it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TimestampOffsets(pub BTreeMap<String, BTreeMap<i32, Option<i64>>>);

/// The time from which on records will still be there when a job that is
/// started now comes to read them. Before it, their retention ends within the
/// policy's margin, or within a twentieth of itself where that is shorter.
/// `None` where nothing is deleted by time.
#[must_use]
pub fn kept_from(snapshot: &Snapshot, policy: &Policy) -> Option<Millis> {
    let kafka = snapshot.kafka.seen()?;
    kafka
        .topics
        .values()
        .filter_map(|topic| topic.retention_ms.filter(|ms| *ms > 0))
        .map(|retention_ms| {
            let margin_ms = policy.retention_margin_ms.min(retention_ms / 20);
            snapshot.taken_at.plus(margin_ms - retention_ms)
        })
        .max()
}

/// What a way out would do to each partition by what was seen now: a bound, as
/// long as the job may still write.
///
/// # Errors
/// A [`Refusal`] that says what is in the way.
pub fn preview(
    stream: &Stream,
    snapshot: &Snapshot,
    way_out: &WayOut,
    times: Option<&TimestampOffsets>,
) -> Result<Vec<PartitionEffect>, Refusal> {
    if way_out.touch() != Touch::All {
        return super::outlook::preview(stream, snapshot, way_out);
    }
    let checkpoint = seen_checkpoint(snapshot)?;
    let kafka = seen_kafka(snapshot)?;
    refuse_sink(stream, snapshot, way_out)?;
    let targets = targets(stream, kafka, way_out, times)?;
    setting(stream, &targets)?;
    Ok(effects(checkpoint, kafka, &targets))
}

/// A sink that would drop batches of the new start in silence, by what was seen
/// of it.
pub(super) fn refuse_sink(
    stream: &Stream,
    snapshot: &Snapshot,
    way_out: &WayOut,
) -> Result<(), Refusal> {
    // What a plain start does is the doctor's to say, and no plan's to refuse.
    let begins = match way_out {
        WayOut::Restart => None,
        _ => beginning_of(way_out, &stream.sink, snapshot),
    };
    let Some(begins) = begins else {
        return Ok(());
    };
    let told = told(&stream.sink, &snapshot.sink, &begins, Again::No);
    match told.refused {
        true => Err(Refusal::Sink(told.said)),
        false => Ok(()),
    }
}

pub(super) fn targets(
    stream: &Stream,
    kafka: &KafkaSeen,
    way_out: &WayOut,
    times: Option<&TimestampOffsets>,
) -> Result<Vec<PartitionOffsets>, Refusal> {
    if let WayOut::Offsets { offsets } = way_out {
        let wrong = misfits(stream, kafka, offsets);
        if !wrong.is_empty() {
            return Err(Refusal::Offsets(wrong));
        }
    }
    stream
        .sources
        .iter()
        .map(|topics| {
            let mut offsets = PartitionOffsets::default();
            for topic in topics {
                let seen = kafka
                    .topics
                    .get(topic)
                    .ok_or_else(|| Refusal::NoTopic(topic.clone()))?;
                for (partition, at) in &seen.partitions {
                    let target = match way_out {
                        WayOut::Latest => at.latest,
                        WayOut::Earliest => times
                            .and_then(|t| t.0.get(topic)?.get(partition).copied())
                            .flatten()
                            .unwrap_or(at.earliest)
                            .clamp(at.earliest, at.latest),
                        WayOut::Offsets { offsets } => {
                            offsets.get(topic, *partition).unwrap_or(at.latest)
                        }
                        WayOut::Timestamp { at: time } => times
                            .and_then(|t| t.0.get(topic)?.get(partition).copied())
                            .ok_or_else(|| Refusal::Unresolved(time.utc()))?
                            .unwrap_or(at.latest),
                        WayOut::Restart
                        | WayOut::Restore { .. }
                        | WayOut::RollBack { .. }
                        | WayOut::Move { .. }
                        | WayOut::Rise { .. } => {
                            return Err(Refusal::Log(
                                "This way out goes on from a log.".to_owned(),
                            ));
                        }
                    };
                    offsets.set(topic.clone(), *partition, target);
                }
            }
            Ok(offsets)
        })
        .collect()
}

/// In which ways given offsets do not fit the broker, by partition. Nothing is
/// clamped in silence.
#[must_use]
pub fn misfits(
    stream: &Stream,
    kafka: &KafkaSeen,
    offsets: &PartitionOffsets,
) -> Vec<String> {
    let mut wrong = Vec::new();
    let wanted: Vec<&String> = stream.sources.iter().flatten().collect();
    for (topic, partition, offset) in offsets.iter() {
        let at = kafka
            .topics
            .get(topic)
            .filter(|_| wanted.iter().any(|w| *w == topic))
            .and_then(|t| t.partitions.get(&partition));
        match at {
            None => wrong.push(format!(
                "{topic}-{partition} is no partition of this stream"
            )),
            Some(at) if offset < at.earliest => wrong.push(format!(
                "{topic}-{partition}: {offset} is before the log start {}",
                at.earliest
            )),
            Some(at) if offset > at.latest => wrong.push(format!(
                "{topic}-{partition}: {offset} is beyond the end {}",
                at.latest
            )),
            Some(_) => {}
        }
    }
    for topic in wanted {
        let partitions = kafka.topics.get(topic).map(|t| &t.partitions);
        for partition in partitions.into_iter().flat_map(BTreeMap::keys) {
            if offsets.get(topic, *partition).is_none() {
                wrong.push(format!("{topic}-{partition} is missing"));
            }
        }
    }
    wrong
}

pub(super) fn effects(
    checkpoint: &CheckpointSeen,
    kafka: &KafkaSeen,
    targets: &[PartitionOffsets],
) -> Vec<PartitionEffect> {
    let before = checkpoint.next_offsets().unwrap_or_default();
    targets
        .iter()
        .flat_map(|offsets| offsets.iter())
        .filter_map(|(topic, partition, after)| {
            let seen = kafka.topics.get(topic)?.partitions.get(&partition)?;
            let reached = before.get(topic, partition);
            Some(PartitionEffect::new(
                topic, partition, reached, after, *seen,
            ))
        })
        .collect()
}

pub(super) fn reads_back_to(
    way_out: &WayOut,
    checkpoint: &CheckpointSeen,
) -> Option<Millis> {
    match way_out {
        WayOut::Timestamp { at } => Some(*at),
        // How far back a backup reads stands in the backup.
        WayOut::Latest | WayOut::Earliest | WayOut::Restart | WayOut::Restore { .. } => {
            None
        }
        WayOut::Offsets { .. } | WayOut::Move { .. } | WayOut::Rise { .. } => {
            checkpoint.last_committed().map(|b| b.planned_at)
        }
        WayOut::RollBack { batch } => {
            let kept = checkpoint.batches.iter().find(|b| b.batch == *batch);
            kept.map(|b| b.planned_at)
        }
    }
}
