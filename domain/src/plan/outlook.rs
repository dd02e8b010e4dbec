//! What a way out that goes on from the checkpoint's log would do by what was
//! seen before the stop: a bound, as long as the job may still write.

use super::PartitionEffect;
use super::onward::{judged_effects, onward};
use super::refusal::{Refusal, seen_checkpoint, seen_kafka};
use super::targets::{misfits, refuse_sink};
use crate::intent::WayOut;
use crate::offsets::PartitionOffsets;
use crate::snapshot::{CheckpointSeen, KafkaSeen, Snapshot};
use crate::stream::Stream;

/// What a way out that goes on from the log would do by what was seen now.
pub(super) fn preview(
    stream: &Stream,
    snapshot: &Snapshot,
    way_out: &WayOut,
) -> Result<Vec<PartitionEffect>, Refusal> {
    let checkpoint = seen_checkpoint(snapshot)?;
    let kafka = seen_kafka(snapshot)?;
    refuse_sink(stream, snapshot, way_out)?;
    let sources = match way_out {
        WayOut::Move { offsets } => moved(stream, checkpoint, offsets)?,
        WayOut::Rise { offsets } => risen(stream, checkpoint, kafka, offsets)?,
        WayOut::RollBack { batch } => rolled_back(checkpoint, *batch)?,
        WayOut::Restore { .. } => {
            return Err(Refusal::Backup("The backup was not looked at.".to_owned()));
        }
        _ => onward(way_out, &checkpoint.prognosis)?.sources,
    };
    judged_effects(checkpoint, kafka, &sources)
}

/// Where a query that is rolled back to `batch` would go on, if it is one of those
/// that can be rolled back to.
pub(super) fn rolled_back(
    checkpoint: &CheckpointSeen,
    batch: i64,
) -> Result<Vec<PartitionOffsets>, Refusal> {
    let seen = checkpoint.rollbacks.iter().find(|r| r.batch == batch);
    seen.map(|r| r.next.clone())
        .ok_or_else(|| no_rollback(checkpoint, batch))
}

fn no_rollback(checkpoint: &CheckpointSeen, batch: i64) -> Refusal {
    Refusal::Log(match checkpoint.rollbacks.as_slice() {
        [] => "No batch is left from which Spark would go on: of the newest 25, none has whole files of its own, a whole batch before it and state that can be loaded.".to_owned(),
        [newest, ..] => {
            let oldest = checkpoint.rollbacks.last().unwrap_or(newest).batch;
            format!(
                "Batch {batch} is none from which Spark would go on. The newest that is one is {}, the oldest {oldest}.",
                newest.batch
            )
        }
    })
}

/// Where a moved query would go on, by what was seen.
fn moved(
    stream: &Stream,
    checkpoint: &CheckpointSeen,
    offsets: &PartitionOffsets,
) -> Result<Vec<PartitionOffsets>, Refusal> {
    refuse_state(stream)?;
    let last = checkpoint
        .last_committed()
        .filter(|b| Some(b.batch) == checkpoint.newest_commit)
        .filter(|b| {
            let newest = checkpoint.newest_offsets.unwrap_or(-1);
            (b.batch..=b.batch.saturating_add(1)).contains(&newest)
        });
    let ends = last.and_then(|b| b.ends.iter().cloned().collect::<Option<Vec<_>>>());
    let mut sources = ends.ok_or_else(|| {
        Refusal::Log("The newest committed batch cannot be read, or the two logs do not end together. Roll back to a batch first, or begin anew.".to_owned())
    })?;
    for source in &mut sources {
        for (topic, partition, offset) in offsets.iter() {
            if source.topics().any(|t| t == topic) {
                source.set(topic, partition, offset);
            }
        }
    }
    Ok(sources)
}

/// Where a query with rising numbers would go on, by what was seen.
fn risen(
    stream: &Stream,
    checkpoint: &CheckpointSeen,
    kafka: &KafkaSeen,
    offsets: &PartitionOffsets,
) -> Result<Vec<PartitionOffsets>, Refusal> {
    refuse_state(stream)?;
    let wrong = misfits(stream, kafka, offsets);
    if !wrong.is_empty() {
        return Err(Refusal::Offsets(wrong));
    }
    if checkpoint.batches.is_empty() {
        return Err(Refusal::Log(
            "None of the newest 25 files of offsets could be read, whose settings would be taken over."
                .to_owned(),
        ));
    }
    let of_source = |topics: &Vec<String>| {
        let all = offsets.iter();
        all.filter(|(topic, _, _)| topics.iter().any(|t| t == topic))
            .map(|(topic, partition, offset)| (topic.to_owned(), partition, offset))
            .collect()
    };
    Ok(stream.sources.iter().map(of_source).collect())
}

fn refuse_state(stream: &Stream) -> Result<(), Refusal> {
    match stream.shape.stateful {
        true => Err(Refusal::Log("The query keeps state, in which the records so far are counted: at other offsets it would count some twice or miss them. Roll back to a batch, or begin anew.".to_owned())),
        false => Ok(()),
    }
}
