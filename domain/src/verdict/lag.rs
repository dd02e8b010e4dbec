//! How far behind a stream is, and what the poller keeps of each look.

use serde::{Deserialize, Serialize};

use super::headroom::{Loss, headrooms};
use crate::canonical::decimal;
use crate::snapshot::{CheckpointSeen, PartitionSeen, Snapshot};
use crate::time::Millis;

/// How far behind a stream is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lag {
    /// Offsets from the newest committed batch to the end.
    #[serde(with = "decimal")]
    pub records: u64,
    /// How old the newest committed batch is, in milliseconds.
    pub age_ms: i64,
    /// How old the oldest unread record is, in milliseconds. `None` where
    /// nothing is unread, or Kafka did not tell.
    #[serde(default)]
    pub unread_ms: Option<i64>,
    /// When the first unread record is deleted, in whichever partition that
    /// comes first. `None` where nothing is unread, or no limit is known.
    #[serde(default)]
    pub loss: Option<Loss>,
    /// Offsets that are already deleted unread.
    #[serde(with = "decimal")]
    pub lost: u64,
}

/// An earlier look at a stream, as the poller keeps them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// When.
    pub at: Millis,
    /// The newest committed batch.
    pub commit: Option<i64>,
    /// The lag in records.
    pub lag: Option<i64>,
    /// All end offsets under the stream's isolation level added up.
    pub end: Option<i64>,
    /// All high watermarks added up.
    pub high: Option<i64>,
    /// All committed offsets added up.
    pub committed: Option<i64>,
    /// When the newest job run was submitted, which tells it from another.
    pub run: Option<Millis>,
    /// Its attempt.
    pub attempt: Option<i32>,
}

/// The lag by what was seen; `None` where checkpoint or Kafka is unknown, or
/// no committed batch can be read.
#[must_use]
pub fn lag(snapshot: &Snapshot) -> Option<Lag> {
    let newest = snapshot.checkpoint.seen()?.last_committed()?;
    let partitions = headrooms(snapshot)?;
    Some(Lag {
        records: partitions.iter().map(|p| p.waiting).sum(),
        age_ms: snapshot.taken_at.since(newest.planned_at).max(0),
        unread_ms: partitions.iter().filter_map(|p| p.unread_ms).max(),
        loss: partitions
            .iter()
            .filter_map(|p| p.loss)
            .min_by_key(|loss| loss.in_ms),
        lost: partitions.iter().map(|p| p.lost).sum(),
    })
}

/// What a look at a stream adds to its samples.
#[must_use]
pub fn sample(snapshot: &Snapshot) -> Sample {
    let checkpoint = snapshot.checkpoint.seen();
    let summed = |offset: fn(&PartitionSeen) -> i64| {
        snapshot.kafka.seen().map(|kafka| {
            kafka
                .topics
                .values()
                .flat_map(|t| t.partitions.values())
                .fold(0_i64, |sum, p| sum.saturating_add(offset(p)))
        })
    };
    let committed = checkpoint.and_then(CheckpointSeen::next_offsets).map(|o| {
        o.iter()
            .fold(0_i64, |sum, (_, _, offset)| sum.saturating_add(offset))
    });
    let run = snapshot.jobs.seen().and_then(|jobs| jobs.runs.first());
    Sample {
        at: snapshot.taken_at,
        commit: checkpoint.and_then(|c| c.newest_commit),
        lag: lag(snapshot).and_then(|l| i64::try_from(l.records).ok()),
        end: summed(|p| p.latest),
        high: summed(|p| p.high_watermark),
        committed,
        run: run.map(|run| run.created_at),
        attempt: run.map(|run| run.attempt),
    }
}
