//! What was seen of a stream's topics.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

use crate::canonical;
use crate::time::Millis;

/// The topics of a stream, as their broker tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KafkaSeen {
    /// The cluster's id.
    pub cluster_id: Option<String>,
    /// By name.
    pub topics: BTreeMap<String, TopicSeen>,
    /// Topics of the stream that the cluster does not have.
    #[serde(default)]
    pub missing: Vec<String>,
}

/// One topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicSeen {
    /// Its id, which changes when it is deleted and made again.
    pub topic_id: Option<Uuid>,
    /// The topic of the same name that this checkpoint was begun on, where it
    /// was another.
    #[serde(default)]
    pub former: Option<FormerTopic>,
    /// `retention.ms`, where it could be read; -1 is "for ever".
    pub retention_ms: Option<i64>,
    /// `retention.bytes` of each partition, where it could be read; -1 is
    /// "without limit".
    #[serde(default)]
    pub retention_bytes: Option<i64>,
    /// `cleanup.policy` names compaction: offsets are then no count of records.
    pub compacted: Option<bool>,
    /// By partition.
    #[serde(deserialize_with = "by_partition")]
    pub partitions: BTreeMap<i32, PartitionSeen>,
}

/// A topic that was deleted and made again under its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerTopic {
    /// The id that it had when the checkpoint's query was first seen.
    pub topic_id: Uuid,
    /// When the new id was first seen.
    pub until: Millis,
}

/// Keys are texts in JSON. Inside [`Observed`], which is told by its tag, serde
/// does not take them for numbers by itself.
fn by_partition<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<i32, PartitionSeen>, D::Error> {
    use serde::de::Error;
    BTreeMap::<String, PartitionSeen>::deserialize(deserializer)?
        .into_iter()
        .map(|(partition, seen)| match partition.parse() {
            Ok(partition) => Ok((partition, seen)),
            Err(_) => Err(D::Error::custom(format!("partition {partition:?}"))),
        })
        .collect()
}

/// One partition. Offsets are the next to be read, as everywhere in Kafka.
///
/// Times are those of records; where Kafka has no such record, or did not tell,
/// they are `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionSeen {
    /// The log start offset.
    #[serde(with = "canonical::decimal")]
    pub earliest: i64,
    /// The end under the stream's isolation level: under `read_committed` the
    /// last stable offset.
    #[serde(with = "canonical::decimal")]
    pub latest: i64,
    /// The high watermark, whatever the isolation level.
    #[serde(with = "canonical::decimal")]
    pub high_watermark: i64,
    /// The size of the log in bytes. Asked for only where the topic has a limit
    /// of size.
    #[serde(default)]
    pub log_bytes: Option<i64>,
    /// The time of the record at the log start.
    #[serde(default)]
    pub oldest_at: Option<Millis>,
    /// The time of the oldest record that is not committed, or one a little
    /// earlier: it is found by asking for the offsets of times.
    #[serde(default)]
    pub unread_at: Option<Millis>,
    /// Likewise of the record at the last stable offset, with which the oldest
    /// open transaction begins.
    #[serde(default)]
    pub held_at: Option<Millis>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::Observed;

    #[test]
    fn what_an_older_release_kept_can_still_be_read() {
        let json = r#"{"earliest":"3","latest":"9","high_watermark":"9"}"#;
        let read: PartitionSeen = serde_json::from_str(json).unwrap();
        assert_eq!(
            (read.latest, read.unread_at, read.log_bytes),
            (9, None, None)
        );
        let json = r#"{"cluster_id":null,"topics":{}}"#;
        let read: KafkaSeen = serde_json::from_str(json).unwrap();
        assert_eq!(read.missing, Vec::<String>::new());
    }

    #[test]
    fn what_was_seen_of_a_topic_survives_the_wire() {
        let seen = Observed::Seen {
            at: Millis(1),
            value: TopicSeen {
                topic_id: None,
                former: None,
                retention_ms: Some(-1),
                retention_bytes: None,
                compacted: None,
                partitions: BTreeMap::from([(
                    11,
                    PartitionSeen {
                        earliest: 3,
                        latest: i64::MAX,
                        high_watermark: i64::MAX,
                        unread_at: Some(Millis(5)),
                        ..PartitionSeen::default()
                    },
                )]),
            },
        };
        let json = serde_json::to_string(&seen).unwrap();
        let read: Observed<TopicSeen> = serde_json::from_str(&json).unwrap();
        assert_eq!(read, seen);
    }
}
