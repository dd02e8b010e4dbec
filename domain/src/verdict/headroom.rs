//! How long each partition's unread records are still there: by time or by
//! size, whichever loses first.

use serde::{Deserialize, Serialize};

use crate::snapshot::{PartitionSeen, Snapshot, TopicSeen};
use crate::time::Millis;

/// What waits in one partition, and how long it still does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headroom {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The next offset by the newest readable committed batch.
    pub committed: Option<i64>,
    /// Offsets up to the end under the stream's isolation level.
    pub waiting: u64,
    /// Offsets behind that end, which an open transaction holds back.
    pub held: u64,
    /// Offsets that Kafka has deleted unread.
    pub lost: u64,
    /// By how many offsets the checkpoint is past Kafka's end.
    pub beyond: u64,
    /// How old the oldest unread record is, in milliseconds; `None` where
    /// nothing is unread, or Kafka did not tell.
    pub unread_ms: Option<i64>,
    /// When the oldest unread record is deleted. `None` where nothing is
    /// unread, nothing is ever deleted, or no limit could be read.
    pub loss: Option<Loss>,
    /// How long a record lives in this partition, in milliseconds.
    pub life_ms: Option<i64>,
    /// The topic has a limit of size, and how full it is could not be told.
    pub size_unknown: bool,
}

/// The coming loss of an unread record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loss {
    /// Milliseconds until then.
    pub in_ms: i64,
    /// Which limit deletes it.
    pub by: LossBy,
    /// Whether the record's own age was read. Else it is taken from the newest
    /// committed batch, and the record may well be older: then this is the most
    /// that is left.
    pub measured: bool,
}

/// What deletes records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossBy {
    /// `retention.ms`.
    Time,
    /// `retention.bytes`.
    Size,
}

impl Headroom {
    /// Whether the oldest unread record is deleted so soon that it is a matter
    /// for alarm. An alarm that is as long as the records live would never end,
    /// so it is at most a third of that.
    #[must_use]
    pub fn is_alarming(&self, alarm_ms: i64) -> bool {
        let within_ms = self.life_ms.map_or(alarm_ms, |life| alarm_ms.min(life / 3));
        self.loss.is_some_and(|loss| loss.in_ms < within_ms)
    }
}

/// The headroom of every partition that Kafka has. `None` where checkpoint or
/// Kafka is unknown, or no committed batch can be read.
#[must_use]
pub fn headrooms(snapshot: &Snapshot) -> Option<Vec<Headroom>> {
    let checkpoint = snapshot.checkpoint.seen()?;
    let kafka = snapshot.kafka.seen()?;
    let newest = checkpoint.last_committed()?;
    let next = checkpoint.next_offsets()?;
    let batch_ms = snapshot.taken_at.since(newest.planned_at).max(0);
    let mut out = Vec::new();
    for (name, topic) in &kafka.topics {
        for (partition, at) in &topic.partitions {
            let known = Known {
                committed: next.get(name, *partition),
                batch_ms,
                now: snapshot.taken_at,
                topic,
                at,
            };
            out.push(known.headroom(name, *partition));
        }
    }
    Some(out)
}

/// The arrival of a few records is no rate.
const RECENT_MS_MIN: i64 = 5 * 60_000;

struct Known<'a> {
    committed: Option<i64>,
    batch_ms: i64,
    now: Millis,
    topic: &'a TopicSeen,
    at: &'a PartitionSeen,
}

impl Known<'_> {
    fn headroom(&self, topic: &str, partition: i32) -> Headroom {
        let at = self.at;
        let reached = self.reached();
        let unread = self.unread() > 0;
        let read_ms = at.unread_at.map(|t| self.now.since(t).max(0));
        let by_time = self.by_time(read_ms);
        let by_size = self.by_size(read_ms);
        let limited = self.topic.retention_bytes.is_some_and(|bytes| bytes >= 0);
        Headroom {
            topic: topic.to_owned(),
            partition,
            committed: self.committed,
            waiting: count(reached, at.latest),
            held: count(reached.max(at.latest), at.high_watermark),
            lost: count(reached, at.earliest),
            beyond: self.committed.map_or(0, |c| count(at.high_watermark, c)),
            unread_ms: read_ms.filter(|_| unread),
            loss: [by_time, by_size]
                .into_iter()
                .flatten()
                .filter(|_| unread)
                .min_by_key(|loss| loss.in_ms),
            life_ms: [self.retention_ms(), self.size_life_ms(read_ms)]
                .into_iter()
                .flatten()
                .min(),
            size_unknown: limited && unread && by_size.is_none(),
        }
    }

    fn reached(&self) -> i64 {
        self.committed.unwrap_or(self.at.earliest)
    }

    /// The first offset that is unread and still there.
    fn first(&self) -> i64 {
        self.reached().max(self.at.earliest)
    }

    /// What a transaction holds back is deleted as well as what can be read.
    fn unread(&self) -> u64 {
        count(self.first(), self.at.latest.max(self.at.high_watermark))
    }

    fn retention_ms(&self) -> Option<i64> {
        self.topic.retention_ms.filter(|ms| *ms >= 0)
    }

    fn by_time(&self, read_ms: Option<i64>) -> Option<Loss> {
        let age_ms = read_ms.unwrap_or(self.batch_ms);
        Some(Loss {
            in_ms: self.retention_ms()?.saturating_sub(age_ms).max(0),
            by: LossBy::Time,
            measured: read_ms.is_some(),
        })
    }

    /// Kafka deletes whole segments, so this is the earliest time.
    fn by_size(&self, read_ms: Option<i64>) -> Option<Loss> {
        let limit = self.topic.retention_bytes.filter(|bytes| *bytes >= 0)?;
        let behind = i128::from(self.unread()) * self.bytes_per_1000()? / 1_000;
        let room = (i128::from(limit) - behind).max(0);
        Some(Loss {
            in_ms: self.ms_to_fill(room, read_ms)?,
            by: LossBy::Size,
            measured: true,
        })
    }

    /// How long it takes to fill the whole limit.
    fn size_life_ms(&self, read_ms: Option<i64>) -> Option<i64> {
        let limit = self.topic.retention_bytes.filter(|bytes| *bytes > 0)?;
        self.ms_to_fill(i128::from(limit), read_ms)
    }

    fn bytes_per_1000(&self) -> Option<i128> {
        let bytes = self.at.log_bytes.filter(|bytes| *bytes >= 0)?;
        let records = count(self.at.earliest, self.at.high_watermark);
        (records > 0).then(|| i128::from(bytes) * 1_000 / i128::from(records))
    }

    /// At the pace of the whole log, or at that of what is unread where that
    /// is the faster one. `None` where no pace is known.
    fn ms_to_fill(&self, bytes: i128, read_ms: Option<i64>) -> Option<i64> {
        let each = self.bytes_per_1000()?;
        let all = count(self.at.earliest, self.at.high_watermark);
        let took = |records: u64, over_ms: i64| {
            let written = i128::from(records) * each / 1_000;
            (written > 0 && over_ms > 0)
                .then(|| bytes.saturating_mul(i128::from(over_ms)) / written)
        };
        let whole = self.at.oldest_at.map(|t| self.now.since(t));
        let whole = whole.and_then(|ms| took(all, ms));
        let recent = read_ms.filter(|ms| *ms >= RECENT_MS_MIN);
        let recent = recent.and_then(|ms| took(self.unread(), ms));
        let least = [whole, recent].into_iter().flatten().min()?;
        Some(i64::try_from(least).unwrap_or(i64::MAX))
    }
}

/// Offsets from one to the other; none where it goes back.
fn count(from: i64, to: i64) -> u64 {
    u64::try_from(to.saturating_sub(from)).unwrap_or(0)
}
