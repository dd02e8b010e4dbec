//! Why Kafka could not be asked.

use std::error::Error;

use super::cluster::Partition;

type BoxError = Box<dyn Error + Send + Sync>;

/// Why Kafka could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum KafkaError {
    /// No broker answered, or the sign-in there was refused.
    #[error("the cluster {cluster} could not be reached")]
    Connect {
        cluster: String,
        #[source]
        source: BoxError,
    },
    /// The whole look took too long.
    #[error("the cluster {cluster} did not answer within {seconds} seconds")]
    Deadline { cluster: String, seconds: u64 },
    /// The cluster would not describe itself.
    #[error("the cluster {cluster} could not be described")]
    Cluster {
        cluster: String,
        #[source]
        source: BoxError,
    },
    /// A topic is not there, or may not be described.
    #[error("the topic {topic} could not be described")]
    Topic {
        topic: String,
        #[source]
        source: BoxError,
    },
    /// The answer leaves a topic out.
    #[error("the topic {topic} is missing from the answer")]
    NoTopic { topic: String },
    /// A partition has no leader, or did not tell its offsets.
    #[error("the offsets of {partition} could not be read")]
    Offsets {
        partition: String,
        #[source]
        source: BoxError,
    },
    /// The answer leaves a partition out.
    #[error("the offsets of {partition} are missing from the answer")]
    NoOffsets { partition: String },
}

impl KafkaError {
    pub(super) fn connect(cluster: &str, source: impl Into<BoxError>) -> Self {
        Self::Connect {
            cluster: cluster.to_owned(),
            source: source.into(),
        }
    }

    pub(super) fn cluster(cluster: &str, source: impl Into<BoxError>) -> Self {
        Self::Cluster {
            cluster: cluster.to_owned(),
            source: source.into(),
        }
    }

    pub(super) fn topic(topic: &str, source: impl Into<BoxError>) -> Self {
        Self::Topic {
            topic: topic.to_owned(),
            source: source.into(),
        }
    }

    pub(super) fn offsets(partition: &Partition, source: impl Into<BoxError>) -> Self {
        Self::Offsets {
            partition: format!("{}-{}", partition.0, partition.1),
            source: source.into(),
        }
    }
}
