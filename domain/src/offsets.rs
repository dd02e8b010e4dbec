//! Kafka offsets by topic and partition, as they stand in a checkpoint: the
//! next offset to read, end-exclusive.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::checkpoint::{Issue, Parsed};

mod csv;
mod parse;

/// Offsets by topic and partition. On the wire they are decimal texts
/// (`{"t":{"0":"23"}}`), because canonical JSON has no whole numbers past
/// 2^53; in a checkpoint they are numbers, see [`Self::to_spark_json`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct PartitionOffsets(pub BTreeMap<String, BTreeMap<i32, i64>>);

/// One partition of one topic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TopicPartition {
    pub topic: String,
    pub partition: i32,
}

impl std::fmt::Display for TopicPartition {
    /// As Kafka's Java client prints it: `orders_events-3`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

impl PartitionOffsets {
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads Spark's line `{"topic":{"0":23}}`. Strict: a key twice, a
    /// fraction, a negative number or another shape is an issue, and what
    /// could be read besides stays in the value. `None` when the line is no
    /// JSON object at all.
    pub fn parse(line: &str) -> Parsed<Self> {
        let (value, issues): (Option<Self>, Vec<Issue>) = parse::parse(line);
        Parsed { value, issues }
    }

    /// Spark's line: compact, topics by name and partitions by number, so that
    /// the same offsets always give the same bytes.
    pub fn to_spark_json(&self) -> String {
        let mut text = String::from("{");
        for (index, (topic, partitions)) in self.0.iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            text.push_str(&serde_json::Value::from(topic.as_str()).to_string());
            text.push_str(":{");
            for (index, (partition, offset)) in partitions.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                text.push_str(&format!("\"{partition}\":{offset}"));
            }
            text.push('}');
        }
        text.push('}');
        text
    }

    pub fn is_empty(&self) -> bool {
        self.0.values().all(BTreeMap::is_empty)
    }

    /// The number of partitions, over all topics.
    pub fn len(&self) -> usize {
        self.0.values().map(BTreeMap::len).sum()
    }

    pub fn get(&self, topic: &str, partition: i32) -> Option<i64> {
        self.0.get(topic)?.get(&partition).copied()
    }

    /// Sets one partition and gives back what stood there.
    pub fn set(
        &mut self,
        topic: impl Into<String>,
        partition: i32,
        offset: i64,
    ) -> Option<i64> {
        self.0
            .entry(topic.into())
            .or_default()
            .insert(partition, offset)
    }

    /// Topic, partition, offset; topics by name, partitions by number.
    pub fn iter(&self) -> impl Iterator<Item = (&str, i32, i64)> {
        self.0.iter().flat_map(|(topic, partitions)| {
            partitions
                .iter()
                .map(move |(p, offset)| (topic.as_str(), *p, *offset))
        })
    }

    pub fn topics(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Records from here up to `end`, over the partitions that both have. A
    /// partition that went backwards counts as none. Offsets are not records
    /// on compacted or transactional topics, so this is a bound from above.
    pub fn records_between(&self, end: &Self) -> u64 {
        self.iter()
            .filter_map(|(topic, partition, from)| {
                let to = end.get(topic, partition)?;
                u64::try_from(to.saturating_sub(from)).ok()
            })
            .fold(0, u64::saturating_add)
    }

    /// `to - from` of one partition; `None` where either side lacks it.
    pub fn difference(&self, end: &Self, topic: &str, partition: i32) -> Option<i64> {
        Some(
            end.get(topic, partition)?
                .saturating_sub(self.get(topic, partition)?),
        )
    }

    /// All partitions of both; where both have one, `other` wins.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut all = self.clone();
        for (topic, partition, offset) in other.iter() {
            all.set(topic, partition, offset);
        }
        all
    }

    /// Partitions of `other` that are not here.
    pub fn missing_from(&self, other: &Self) -> Vec<TopicPartition> {
        other
            .iter()
            .filter(|(topic, partition, _)| self.get(topic, *partition).is_none())
            .map(|(topic, partition, _)| TopicPartition {
                topic: topic.to_owned(),
                partition,
            })
            .collect()
    }

    /// Partitions here that are not in `other`.
    pub fn extra_over(&self, other: &Self) -> Vec<TopicPartition> {
        other.missing_from(self)
    }
}

impl FromIterator<(String, i32, i64)> for PartitionOffsets {
    fn from_iter<I: IntoIterator<Item = (String, i32, i64)>>(items: I) -> Self {
        let mut offsets = Self::new();
        for (topic, partition, offset) in items {
            offsets.set(topic, partition, offset);
        }
        offsets
    }
}

impl Serialize for PartitionOffsets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let texts: BTreeMap<&str, BTreeMap<String, String>> = self
            .0
            .iter()
            .map(|(topic, partitions)| {
                let partitions = partitions
                    .iter()
                    .map(|(p, offset)| (p.to_string(), offset.to_string()))
                    .collect();
                (topic.as_str(), partitions)
            })
            .collect();
        texts.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for PartitionOffsets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let texts =
            BTreeMap::<String, BTreeMap<String, String>>::deserialize(deserializer)?;
        let mut offsets = Self::new();
        for (topic, partitions) in texts {
            // A topic without partitions keeps its place.
            offsets.0.entry(topic.clone()).or_default();
            for (partition, offset) in partitions {
                let partition: i32 = partition
                    .parse()
                    .map_err(|_| D::Error::custom(format!("partition {partition:?}")))?;
                let offset: i64 = offset
                    .parse()
                    .map_err(|_| D::Error::custom(format!("offset {offset:?}")))?;
                offsets.set(topic.clone(), partition, offset);
            }
        }
        Ok(offsets)
    }
}

#[cfg(test)]
mod tests;
