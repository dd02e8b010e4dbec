//! The Kafka source of a simulated job: its options, as Spark reads them, and its view of
//! the sandbox's topics.

use std::collections::BTreeMap;

use domain::checkpoint::{InitialOffset, SparkLine};
use domain::offsets::{PartitionOffsets, TopicPartition};

use super::failure::Failure;
use super::kafka_options::{KafkaOptions, Starting, illegal};
use super::planner::{self, Broker, LogBounds, OffsetRange, Offsets};
use super::script::QueryDefinition;
use super::source::Source;
use crate::kafka::{PartitionLog, Topics};

/// Spark's Kafka source over the sandbox's topics.
pub struct KafkaSource {
    topics: Topics,
    options: KafkaOptions,
    line: SparkLine,
}

impl KafkaSource {
    /// The source that a query of a script describes.
    pub fn new(
        topics: Topics,
        query: &QueryDefinition,
        line: SparkLine,
    ) -> Result<Self, Failure> {
        let options = KafkaOptions::read(query)?;
        Ok(Self {
            topics,
            options,
            line,
        })
    }

    /// The partitions as they are now, or as they were at a moment of the past.
    fn broker(&self, now_ms: Option<i64>) -> Result<Broker, Failure> {
        let mut broker = Broker::new();
        for name in &self.options.topics {
            let topic = self.topics.topic(name).ok_or_else(|| {
                Failure::new(
                    "org.apache.kafka.common.errors.UnknownTopicOrPartitionException",
                    "This server does not host this topic-partition.",
                )
                .from_kafka()
            })?;
            for (log, partition) in topic.partitions.iter().zip(0_i32..) {
                let at = TopicPartition {
                    topic: name.clone(),
                    partition,
                };
                let end = self.visible_end(log, now_ms);
                broker.insert(
                    at,
                    LogBounds {
                        start: log.start().min(end),
                        end,
                    },
                );
            }
        }
        Ok(broker)
    }

    fn visible_end(&self, log: &PartitionLog, now_ms: Option<i64>) -> i64 {
        let end = match self.options.read_committed {
            true => log.last_stable_offset(),
            false => log.end(),
        };
        match now_ms {
            None => end,
            Some(ms) => log
                .offset_for_timestamp(ms)
                .map_or(end, |record| record.offset.min(end)),
        }
    }

    fn at_timestamp(
        &self,
        at: &TopicPartition,
        ms: i64,
        end: i64,
        latest_where_none: bool,
    ) -> Result<i64, Failure> {
        let found = self
            .topics
            .offset_for_timestamp(&at.topic, at.partition, ms)
            .ok()
            .flatten();
        match found {
            Some(record) => Ok(record.offset),
            None if latest_where_none => Ok(end),
            None => Err(Failure::new(
                "java.lang.IllegalArgumentException",
                format!(
                    "No offset matched from request of topic-partition {at} and timestamp \
                     {ms}."
                ),
            )
            .from_kafka()),
        }
    }
}

impl Source for KafkaSource {
    fn description(&self) -> String {
        format!("KafkaV2[Subscribe[{}]]", self.options.topics.join(", "))
    }

    fn initial(&self, now_ms: Option<i64>) -> Result<String, Failure> {
        let broker = self.broker(now_ms)?;
        let named = |map: &BTreeMap<TopicPartition, i64>, text: &str| match map.len()
            == broker.len()
            && broker.keys().all(|at| map.contains_key(at))
        {
            true => Ok(()),
            false => Err(Failure::new("java.lang.AssertionError", text).from_kafka()),
        };
        let mut offsets = Offsets::new();
        for (at, bounds) in &broker {
            let offset = match &self.options.starting {
                Starting::Earliest => bounds.start,
                Starting::Latest => bounds.end,
                Starting::Offsets(map) => {
                    named(map, SPECIFY_ALL_PARTITIONS)?;
                    match map[at] {
                        -2 => bounds.start,
                        -1 => bounds.end,
                        offset => offset,
                    }
                }
                Starting::Timestamp {
                    all: Some(ms),
                    latest_where_none,
                    ..
                } => self.at_timestamp(at, *ms, bounds.end, *latest_where_none)?,
                Starting::Timestamp {
                    each,
                    latest_where_none,
                    ..
                } => {
                    named(each, SPECIFY_ALL_TOPICS)?;
                    self.at_timestamp(at, each[at], bounds.end, *latest_where_none)?
                }
            };
            offsets.insert(at.clone(), offset);
        }
        Ok(to_line(&offsets))
    }

    fn initial_file(&self, line: &str) -> Option<Vec<u8>> {
        let offsets = PartitionOffsets::parse(line).value?;
        Some(InitialOffset { offsets }.render())
    }

    fn initial_from(&self, bytes: &[u8]) -> Result<String, Failure> {
        let parsed = InitialOffset::parse(bytes);
        match parsed.value {
            Some(initial) => Ok(initial.offsets.to_spark_json()),
            None => Err(Failure::new(
                "java.lang.IllegalStateException",
                parsed
                    .issues
                    .first()
                    .map_or_else(String::new, |issue| issue.message.clone()),
            )),
        }
    }

    fn next_end(
        &self,
        start: &str,
        now_ms: Option<i64>,
        triggers: i64,
    ) -> Result<String, Failure> {
        let start = from_line(start)?;
        let broker = self.broker(now_ms)?;
        let limit = self.options.max_offsets_per_trigger;
        let limit = limit.map(|limit| limit.saturating_mul(triggers));
        Ok(to_line(&planner::batch_end(&start, &broker, limit)))
    }

    fn plan(
        &self,
        start: &str,
        end: &str,
    ) -> Result<(Vec<OffsetRange>, Vec<String>), Failure> {
        planner::plan(
            &from_line(start)?,
            &from_line(end)?,
            &self.broker(None)?,
            self.line,
            self.options.fail_on_data_loss,
        )
    }

    fn read(
        &self,
        ranges: &[OffsetRange],
    ) -> Result<(Vec<OffsetRange>, Vec<String>), Failure> {
        let broker = self.broker(None)?;
        planner::read(ranges, &broker, self.line, self.options.fail_on_data_loss)
    }

    fn latest(&self, now_ms: Option<i64>) -> Option<String> {
        let broker = self.broker(now_ms).ok()?;
        let ends: Offsets = broker.into_iter().map(|(at, b)| (at, b.end)).collect();
        Some(to_line(&ends))
    }

    fn waiting_after(&self, end: &str, now_ms: Option<i64>) -> Option<Vec<i64>> {
        let end = from_line(end).ok()?;
        let broker = self.broker(now_ms).ok()?;
        Some(
            broker
                .iter()
                .filter_map(|(at, bounds)| Some((bounds.end - end.get(at)?).max(0)))
                .collect(),
        )
    }
}

/// Spark's line for offsets, without its order of partitions, which is none.
fn to_line(offsets: &Offsets) -> String {
    offsets
        .iter()
        .map(|(at, offset)| (at.topic.clone(), at.partition, *offset))
        .collect::<PartitionOffsets>()
        .to_spark_json()
}

fn from_line(line: &str) -> Result<Offsets, Failure> {
    let parsed = PartitionOffsets::parse(line);
    let Some(offsets) = parsed.value else {
        return Err(illegal(format!(
            "Expected e.g. {{\"topicA\":{{\"0\":23,\"1\":-1}},\"topicB\":{{\"0\":-2}}}}, got \
             {line}"
        )));
    };
    Ok(offsets
        .iter()
        .map(|(topic, partition, offset)| {
            let topic = topic.to_owned();
            (TopicPartition { topic, partition }, offset)
        })
        .collect())
}

const SPECIFY_ALL_PARTITIONS: &str = "assertion failed: If startingOffsets contains specific \
     offsets, you must specify all TopicPartitions.\nUse -1 for latest, -2 for earliest, if you \
     don't care.";

const SPECIFY_ALL_TOPICS: &str = "assertion failed: If starting/endingOffsetsByTimestamp \
     contains specific offsets, you must specify all topics.";
