//! What Kafka still has of what the next start reads.

use std::collections::{BTreeMap, BTreeSet};

use domain::checkpoint::Prognosis;
use domain::checkpoint::checks::{BrokerPartition, BrokerSaid, BrokerTopic};
use domain::offsets::PartitionOffsets;
use serde::Serialize;

use crate::clock;
use crate::config::HostPort;
use crate::kafka::{TopicNow, ask_without_authentication};
use crate::telemetry;

/// The positions against the topics.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KafkaSaid {
    pub partitions: Vec<PartitionSaid>,
}

/// One partition. `None` is what the other side does not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartitionSaid {
    pub topic: String,
    pub partition: i32,
    /// The next offset that is read, by the checkpoint.
    pub next: Option<i64>,
    pub earliest: Option<i64>,
    /// The high watermark.
    pub latest: Option<i64>,
    /// Offsets between the two; not records, where a topic is compacted.
    pub lag: Option<i64>,
}

/// Asks for the topics of the checkpoint.
pub(super) async fn ask(
    bootstrap: &[HostPort],
    prognosis: &Prognosis,
) -> Result<(BrokerSaid, KafkaSaid), String> {
    let next = positions(prognosis);
    let topics: BTreeSet<String> = next.topics().map(ToString::to_string).collect();
    if topics.is_empty() {
        return Err(
            "the prognosis has no position in a topic that could be compared".to_owned(),
        );
    }
    let asked_at_ms = clock::now().0;
    let now = ask_without_authentication(bootstrap, &topics)
        .await
        .map_err(|error| telemetry::chain(&error))?;
    let table = KafkaSaid {
        partitions: table(&next, &now),
    };
    let said = BrokerSaid {
        asked_at_ms: Some(asked_at_ms),
        topics: now
            .into_iter()
            .map(|(name, topic)| (name, said(topic)))
            .collect(),
    };
    Ok((said, table))
}

/// Of all sources, where the next batch begins, or else ends.
fn positions(prognosis: &Prognosis) -> PartitionOffsets {
    let (start, end) = match prognosis {
        Prognosis::Starts {
            start_offsets,
            end_offsets,
            ..
        } => (start_offsets.as_slice(), end_offsets.as_deref()),
        Prognosis::StartsFresh {
            start: Some(start), ..
        } => (start.as_slice(), None),
        Prognosis::Fails {
            first_batch: Some(first),
            ..
        } => (first.start_offsets.as_slice(), first.end_offsets.as_deref()),
        _ => (&[][..], None),
    };
    let mut all = PartitionOffsets::new();
    for line in start.iter().chain(end.unwrap_or_default()).flatten() {
        if let Some(read) = PartitionOffsets::parse(line).flawless() {
            // What stands there already is the beginning, and stays.
            for (topic, partition, offset) in read.iter() {
                if all.get(topic, partition).is_none() {
                    all.set(topic, partition, offset);
                }
            }
        }
    }
    all
}

fn said(topic: Option<TopicNow>) -> BrokerTopic {
    let Some(topic) = topic else {
        return BrokerTopic::default();
    };
    let range = |(partition, (earliest, latest))| {
        (partition, BrokerPartition { earliest, latest })
    };
    BrokerTopic {
        topic_id: topic.id,
        topic_id_before: None,
        before_until_ms: None,
        partitions: topic.partitions.into_iter().map(range).collect(),
    }
}

fn table(
    next: &PartitionOffsets,
    now: &BTreeMap<String, Option<TopicNow>>,
) -> Vec<PartitionSaid> {
    let mut all: BTreeSet<(&str, i32)> = next
        .iter()
        .map(|(topic, partition, _)| (topic, partition))
        .collect();
    for (name, topic) in now {
        let partitions = topic.iter().flat_map(|topic| topic.partitions.keys());
        all.extend(partitions.map(|partition| (name.as_str(), *partition)));
    }
    all.into_iter()
        .map(|(topic, partition)| {
            let next = next.get(topic, partition);
            let range = now
                .get(topic)
                .and_then(Option::as_ref)
                .and_then(|topic| topic.partitions.get(&partition));
            PartitionSaid {
                topic: topic.to_owned(),
                partition,
                next,
                earliest: range.map(|range| range.0),
                latest: range.map(|range| range.1),
                lag: next.zip(range).map(|(next, range)| range.1 - next),
            }
        })
        .collect()
}
