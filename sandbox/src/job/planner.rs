//! How Spark's Kafka source plans a batch: pure arithmetic on offsets.
//!
//! The rules are those of `KafkaOffsetReader` and `KafkaMicroBatchStream`: the end of a
//! batch is the latest offset, limited pro rata; what was lost is noticed only when the
//! ranges are planned or read, after the batch's offsets were written.

use std::collections::BTreeMap;

use domain::checkpoint::SparkLine;
use domain::offsets::TopicPartition;

use super::failure::Failure;

/// An offset for each partition.
pub(super) type Offsets = BTreeMap<TopicPartition, i64>;

/// What one partition contributes to a batch: `from` inclusive, `until` exclusive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OffsetRange {
    /// The partition.
    pub at: TopicPartition,
    /// The first offset that is read.
    pub from: i64,
    /// The offset after the last that is read.
    pub until: i64,
}

/// A partition's log as the broker shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LogBounds {
    /// The first offset that exists.
    pub(super) start: i64,
    /// The offset after the last that this reader may see.
    pub(super) end: i64,
}

/// What the broker shows of all partitions.
pub(super) type Broker = BTreeMap<TopicPartition, LogBounds>;

/// The end of the next batch: the latest offsets, limited to `max` records in all,
/// each partition in proportion to what waits there. New partitions count from their
/// earliest offset.
pub(super) fn batch_end(start: &Offsets, broker: &Broker, max: Option<i64>) -> Offsets {
    let latest: Offsets = broker
        .iter()
        .map(|(at, bounds)| (at.clone(), bounds.end))
        .collect();
    let Some(max) = max else {
        return latest;
    };
    let begin =
        |at: &TopicPartition| start.get(at).copied().unwrap_or_else(|| broker[at].start);
    let waiting = |at: &TopicPartition, end: i64| (end - begin(at)).max(0);
    let total: i64 = latest.iter().map(|(at, end)| waiting(at, *end)).sum();
    if total < 1 {
        return latest;
    }
    latest
        .iter()
        .map(|(at, end)| {
            let size = waiting(at, *end);
            if size == 0 {
                return (at.clone(), *end);
            }
            // Spark computes in doubles, rounds down, and never starves a partition.
            let share = max as f64 * (size as f64 / total as f64);
            let share = if share < 1.0 {
                share.ceil()
            } else {
                share.floor()
            };
            (at.clone(), begin(at).saturating_add(share as i64).min(*end))
        })
        .collect()
}

/// The ranges of a batch, or why Spark refuses them. With `fail_on_data_loss` off the
/// same findings come back as warnings.
pub(super) fn plan(
    start: &Offsets,
    end: &Offsets,
    broker: &Broker,
    line: SparkLine,
    fail_on_data_loss: bool,
) -> Result<(Vec<OffsetRange>, Vec<String>), Failure> {
    let mut warnings = Vec::new();
    let mut lost = |loss: Loss| -> Result<(), Failure> {
        if fail_on_data_loss {
            return Err(loss.failure(line));
        }
        warnings.push(loss.text());
        Ok(())
    };
    let gone: Vec<&TopicPartition> =
        start.keys().filter(|at| !end.contains_key(at)).collect();
    let mut ranges = Vec::new();
    for (at, until) in end {
        let from = match start.get(at) {
            Some(from) => *from,
            None => {
                let Some(bounds) = broker.get(at) else {
                    lost(Loss::NoEarliest(at.clone()))?;
                    continue;
                };
                if bounds.start != 0 {
                    lost(Loss::Added(at.clone(), bounds.start))?;
                }
                bounds.start
            }
        };
        ranges.push(OffsetRange {
            at: at.clone(),
            from,
            until: *until,
        });
    }
    if !gone.is_empty() {
        lost(Loss::Gone(gone.into_iter().cloned().collect()))?;
    }
    for range in &ranges {
        if range.until < range.from {
            lost(Loss::Changed(range.clone()))?;
        }
    }
    ranges.retain(|range| range.until > range.from);
    Ok((ranges, warnings))
}

/// What the executors really read of the planned ranges: records below the log start
/// are gone. With `fail_on_data_loss` off the rest is read and a warning given.
pub(super) fn read(
    ranges: &[OffsetRange],
    broker: &Broker,
    line: SparkLine,
    fail_on_data_loss: bool,
) -> Result<(Vec<OffsetRange>, Vec<String>), Failure> {
    let mut warnings = Vec::new();
    let mut held = Vec::new();
    for range in ranges {
        let bounds = broker.get(&range.at);
        let first = bounds.map_or(i64::MAX, |bounds| bounds.start);
        if range.from >= first {
            held.push(range.clone());
            continue;
        }
        let loss = Loss::OutOfRange(range.clone());
        if fail_on_data_loss {
            return Err(loss.failure(line));
        }
        warnings.push(loss.text());
        if range.until > first {
            held.push(OffsetRange {
                from: first,
                ..range.clone()
            });
        }
    }
    Ok((held, warnings))
}

/// What may have been lost, with Spark's text for it.
enum Loss {
    Changed(OffsetRange),
    Gone(Vec<TopicPartition>),
    Added(TopicPartition, i64),
    NoEarliest(TopicPartition),
    OutOfRange(OffsetRange),
}

impl Loss {
    fn text(&self) -> String {
        match self {
            Self::Changed(range) => format!(
                "Partition {}'s offset was changed from {} to {}, some data may have been \
                 missed",
                range.at, range.from, range.until
            ),
            Self::Gone(gone) => {
                format!(
                    "Set({}) are gone. Some data may have been missed",
                    joined(gone)
                )
            }
            Self::Added(at, from) => {
                format!("Added partition {at} starts from {from} instead of 0")
            }
            Self::NoEarliest(at) => format!(
                "Cannot find earliest offsets of Set({at}). Some data may have been missed"
            ),
            Self::OutOfRange(range) => format!(
                "Cannot fetch offset {} (GroupId: {GROUP}, TopicPartition: {})",
                range.from, range.at
            ),
        }
    }

    /// Spark 4's sub-class of `KAFKA_DATA_LOSS` and what it says.
    fn condition(&self) -> (&'static str, String) {
        match self {
            Self::Changed(range) => (
                "PARTITION_OFFSET_CHANGED",
                format!(
                    "Partition {} offset was changed from {} to {}.",
                    range.at, range.from, range.until
                ),
            ),
            Self::Gone(gone) => (
                "PARTITIONS_DELETED",
                format!("Partitions {} have been deleted.", joined(gone)),
            ),
            Self::Added(at, from) => (
                "ADDED_PARTITION_DOES_NOT_START_FROM_OFFSET_ZERO",
                format!("Added partition {at} starts from {from} instead of 0."),
            ),
            Self::NoEarliest(at) => (
                "INITIAL_OFFSET_NOT_FOUND_FOR_PARTITIONS",
                format!("Cannot find initial offsets for partitions {at}."),
            ),
            Self::OutOfRange(range) => (
                "COULD_NOT_READ_OFFSET_RANGE",
                format!(
                    "Could not read records in offset [{}, {}) for topic partition {} with \
                     consumer group {GROUP}.",
                    range.from, range.until, range.at
                ),
            ),
        }
    }

    fn failure(&self, line: SparkLine) -> Failure {
        let failure = match line >= SparkLine::V4_0 {
            true => {
                let (sub, reason) = self.condition();
                Failure::new(
                    "org.apache.spark.sql.kafka010.KafkaIllegalStateException",
                    format!(
                        "[KAFKA_DATA_LOSS.{sub}] {MAY_BE_LOST}\nReason: {reason} SQLSTATE: \
                         22000"
                    ),
                )
            }
            false => Failure::new(
                "java.lang.IllegalStateException",
                format!("{}. {MAY_BE_LOST}", self.text()),
            ),
        };
        let failure = failure.from_kafka();
        match self {
            Self::OutOfRange(range) => failure.caused_by(
                "org.apache.kafka.clients.consumer.OffsetOutOfRangeException",
                format!(
                    "Fetch position FetchPosition{{offset={}, offsetEpoch=Optional.empty}} \
                     is out of range for partition {}",
                    range.from, range.at
                ),
            ),
            _ => failure,
        }
    }
}

fn joined(partitions: &[TopicPartition]) -> String {
    let names: Vec<String> = partitions.iter().map(ToString::to_string).collect();
    names.join(", ")
}

/// The consumer group that Spark makes up for its executors; shortened.
const GROUP: &str = "spark-kafka-source-executor";

const MAY_BE_LOST: &str = "Some data may have been lost because they are not available in \
     Kafka any more; either the data was aged out by Kafka or the topic may have been deleted \
     before all the data in the topic was processed. If you don't want your streaming query to \
     fail on such cases, set the source option \"failOnDataLoss\" to \"false\".";

#[cfg(test)]
mod tests {
    use super::*;

    fn at(partition: i32) -> TopicPartition {
        TopicPartition {
            topic: "t".into(),
            partition,
        }
    }

    fn offsets(values: &[i64]) -> Offsets {
        values.iter().zip(0..).map(|(v, p)| (at(p), *v)).collect()
    }

    fn broker(bounds: &[(i64, i64)]) -> Broker {
        let log = |&(start, end): &(i64, i64)| LogBounds { start, end };
        bounds
            .iter()
            .zip(0..)
            .map(|(b, p)| (at(p), log(b)))
            .collect()
    }

    #[test]
    fn the_limit_is_shared_in_proportion() {
        let end = batch_end(
            &offsets(&[0, 0, 50]),
            &broker(&[(0, 300), (0, 100), (0, 50)]),
            Some(40),
        );
        assert_eq!(end, offsets(&[30, 10, 50]));
    }

    #[test]
    fn no_partition_is_starved_or_passed() {
        let end = batch_end(&offsets(&[0, 0]), &broker(&[(0, 1000), (0, 1)]), Some(10));
        assert_eq!(end, offsets(&[9, 1]));
    }

    #[test]
    fn an_end_before_its_start_fails_after_planning() {
        let failure = plan(
            &offsets(&[100]),
            &offsets(&[7]),
            &broker(&[(0, 7)]),
            SparkLine::V3_5,
            true,
        )
        .expect_err("offsets went back");
        assert!(
            failure.root().text.starts_with(
                "Partition t-0's offset was changed from 100 to 7, some data may have been \
                 missed. Some data may have been lost"
            ),
            "{failure}"
        );
    }

    #[test]
    fn records_below_the_log_start_fail_or_are_skipped() {
        let ranges = [OffsetRange {
            at: at(0),
            from: 10,
            until: 90,
        }];
        let broker = broker(&[(50, 100)]);
        let failure =
            read(&ranges, &broker, SparkLine::V4_0, true).expect_err("aged out");
        assert!(
            failure.causes[0]
                .text
                .contains("COULD_NOT_READ_OFFSET_RANGE")
        );
        let (held, warnings) =
            read(&ranges, &broker, SparkLine::V3_5, false).expect("skips");
        assert_eq!((held[0].from, held[0].until), (50, 90));
        assert_eq!(warnings.len(), 1);
    }

    #[test]
    fn a_new_partition_starts_at_earliest() {
        let broker = broker(&[(0, 10), (0, 4)]);
        let (ranges, _) = plan(
            &offsets(&[10]),
            &offsets(&[10, 4]),
            &broker,
            SparkLine::V3_5,
            true,
        )
        .expect("a plan");
        assert_eq!(
            ranges,
            [OffsetRange {
                at: at(1),
                from: 0,
                until: 4
            }]
        );
    }
}
