//! How far behind a stream is, and what the poller keeps of each look.

use serde::{Deserialize, Serialize};

use crate::canonical::decimal;
use crate::snapshot::{CheckpointSeen, Snapshot};
use crate::time::Millis;

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

/// The lag by what was seen; `None` where checkpoint or Kafka is unknown, or
/// no committed batch can be read.
#[must_use]
pub fn lag(snapshot: &Snapshot) -> Option<Lag> {
    let checkpoint = snapshot.checkpoint.seen()?;
    let kafka = snapshot.kafka.seen()?;
    let newest = checkpoint.last_committed()?;
    let next = checkpoint.next_offsets()?;
    let age_ms = snapshot.taken_at.since(newest.planned_at).max(0);
    let mut lag = Lag {
        age_ms,
        ..Lag::default()
    };
    for (name, topic) in &kafka.topics {
        for (partition, at) in &topic.partitions {
            let reached = next.get(name, *partition).unwrap_or(at.earliest);
            let count =
                |from: i64, to: i64| u64::try_from(to.saturating_sub(from)).unwrap_or(0);
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
    let committed = checkpoint.and_then(CheckpointSeen::next_offsets).map(|o| {
        o.iter()
            .fold(0_i64, |sum, (_, _, offset)| sum.saturating_add(offset))
    });
    Sample {
        at: snapshot.taken_at,
        commit: checkpoint.and_then(|c| c.newest_commit),
        lag: lag(snapshot).and_then(|l| i64::try_from(l.records).ok()),
        end: ends,
        committed,
    }
}
