//! The options of Spark's Kafka reader, as Spark reads them.

use std::collections::BTreeMap;

use domain::offsets::TopicPartition;
use serde_json::Value;

use super::failure::Failure;
use super::script::QueryDefinition;

/// The reader options that count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KafkaOptions {
    /// From `subscribe`.
    pub topics: Vec<String>,
    /// Where a query without a checkpoint begins.
    pub starting: Starting,
    /// `failOnDataLoss`, true by default.
    pub fail_on_data_loss: bool,
    /// `maxOffsetsPerTrigger`.
    pub max_offsets_per_trigger: Option<i64>,
    /// `kafka.isolation.level` is `read_committed`.
    pub read_committed: bool,
}

/// The starting options, by Spark's precedence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Starting {
    /// The first offset that exists.
    Earliest,
    /// The next offset to be written; the default.
    Latest,
    /// Named offsets; -2 is earliest and -1 latest.
    Offsets(BTreeMap<TopicPartition, i64>),
    /// The first record at or after a time, in milliseconds since the epoch.
    Timestamp {
        /// One time for all partitions, or none.
        all: Option<i64>,
        /// A time for each partition.
        each: BTreeMap<TopicPartition, i64>,
        /// `startingOffsetsByTimestampStrategy` is `latest` and not `error`.
        latest_where_none: bool,
    },
}

impl KafkaOptions {
    /// Reads the options of a query.
    pub fn read(query: &QueryDefinition) -> Result<Self, Failure> {
        if query.reader_option("kafka.bootstrap.servers").is_none() {
            return Err(refused(
                "Option 'kafka.bootstrap.servers' must be specified for configuring Kafka \
                 consumer",
            ));
        }
        for option in ["kafka.auto.offset.reset", "kafka.enable.auto.commit"] {
            if query.reader_option(option).is_some() {
                return Err(refused(format!(
                    "Kafka option '{}' is not supported.",
                    option.trim_start_matches("kafka.")
                )));
            }
        }
        let topics: Vec<String> = query
            .reader_option("subscribe")
            .unwrap_or_default()
            .split(',')
            .map(|topic| topic.trim().to_owned())
            .filter(|topic| !topic.is_empty())
            .collect();
        if topics.is_empty() {
            return Err(refused(
                "One of the following options must be specified for Kafka source: \
                 subscribe, subscribePattern, assign. The sandbox reads subscribe only.",
            ));
        }
        let max = match query.reader_option("maxOffsetsPerTrigger") {
            None => None,
            Some(text) => Some(text.trim().parse::<i64>().map_err(|_| {
                Failure::new(
                    "java.lang.NumberFormatException",
                    format!("For input string: \"{text}\""),
                )
                .at_start()
            })?),
        };
        Ok(Self {
            topics,
            starting: Starting::read(query)?,
            fail_on_data_loss: query.reader_option("failOnDataLoss") != Some("false"),
            max_offsets_per_trigger: max,
            read_committed: query.reader_option("kafka.isolation.level")
                == Some("read_committed"),
        })
    }
}

impl Starting {
    /// `startingTimestamp` over `startingOffsetsByTimestamp` over `startingOffsets`.
    fn read(query: &QueryDefinition) -> Result<Self, Failure> {
        let latest_where_none =
            query.reader_option("startingOffsetsByTimestampStrategy") == Some("latest");
        if let Some(text) = query.reader_option("startingTimestamp") {
            let ms = text.trim().parse().map_err(|_| {
                refused(format!("Expected a single long value, got {text}"))
            })?;
            return Ok(Self::Timestamp {
                all: Some(ms),
                each: BTreeMap::new(),
                latest_where_none,
            });
        }
        if let Some(text) = query.reader_option("startingOffsetsByTimestamp") {
            return Ok(Self::Timestamp {
                all: None,
                each: by_partition(text)?,
                latest_where_none,
            });
        }
        match query.reader_option("startingOffsets").map(str::trim) {
            None => Ok(Self::Latest),
            Some(text) if text.eq_ignore_ascii_case("latest") => Ok(Self::Latest),
            Some(text) if text.eq_ignore_ascii_case("earliest") => Ok(Self::Earliest),
            Some(text) => by_partition(text).map(Self::Offsets),
        }
    }
}

/// Spark's JSON of numbers by topic and partition, negative ones included.
fn by_partition(text: &str) -> Result<BTreeMap<TopicPartition, i64>, Failure> {
    let wrong = || {
        refused(format!(
            "Expected e.g. {{\"topicA\":{{\"0\":23,\"1\":-1}},\"topicB\":{{\"0\":-2}}}}, got \
             {text}"
        ))
    };
    let Ok(Value::Object(topics)) = serde_json::from_str::<Value>(text) else {
        return Err(wrong());
    };
    let mut found = BTreeMap::new();
    for (topic, partitions) in topics {
        let Value::Object(partitions) = partitions else {
            return Err(wrong());
        };
        for (partition, value) in partitions {
            let partition = partition.parse().map_err(|_| wrong())?;
            let at = TopicPartition {
                topic: topic.clone(),
                partition,
            };
            found.insert(at, value.as_i64().ok_or_else(wrong)?);
        }
    }
    Ok(found)
}

/// An option that `start()` itself refuses.
fn refused(text: impl Into<String>) -> Failure {
    illegal(text).at_start()
}

/// A value that is not as it must be.
pub(super) fn illegal(text: impl Into<String>) -> Failure {
    Failure::new("java.lang.IllegalArgumentException", text)
}
