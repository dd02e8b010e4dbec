//! Kafka as far as Sluice needs it: what topics there are, where they begin
//! and end, and which offset a time is. Nothing is read or written.

mod ages;
mod ask;
mod cluster;
mod error;
mod reach;

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use domain::offsets::PartitionOffsets;
use domain::plan::{RecordTimes, TimestampOffsets};
use domain::snapshot::{KafkaSeen, PartitionSeen, TopicSeen};
use domain::time::Millis;
use tokio::sync::Mutex;

use crate::aws::Aws;
use crate::config::KafkaCluster;
use cluster::{Cluster, Described, Found, Partition, Spec, TopicConfig, Topics};

pub use ask::{TopicNow, ask_without_authentication};
pub use error::KafkaError;
pub use reach::ReachError;

/// How long a look at a cluster may take, with connecting.
const DEADLINE: Duration = Duration::from_secs(10);

/// Connections to the configured clusters, made when they are first needed and
/// kept. Cheap to clone.
#[derive(Clone)]
pub struct KafkaClient {
    aws: Aws,
    clusters: Arc<Mutex<HashMap<String, Slot>>>,
}

/// Empty until the first connection is made; locked while one is.
type Slot = Arc<Mutex<Option<Arc<Cluster>>>>;

impl KafkaClient {
    /// A client for the configured clusters. `aws` is asked for credentials
    /// where MSK's IAM authentication is configured.
    #[must_use]
    pub fn new(aws: Aws) -> Self {
        Self {
            aws,
            clusters: Arc::default(),
        }
    }

    /// The topics as their brokers tell: partitions, log start, end under the
    /// isolation level, high watermark, retention.
    ///
    /// A topic that the cluster does not have is named as missing.
    ///
    /// # Errors
    /// When any partition of any topic could not be read: half a topic is none.
    pub async fn topics(
        &self,
        cluster: &KafkaCluster,
        topics: &[String],
        read_committed: bool,
    ) -> Result<KafkaSeen, KafkaError> {
        let end = match read_committed {
            true => Spec::LastStable,
            false => Spec::HighWatermark,
        };
        self.within_deadline(cluster, async {
            let kafka = self.connected(cluster).await?;
            let Topics { described, missing } = kafka.describe(topics).await?;
            let partitions = partitions(&described);
            let there: Vec<String> = described.iter().map(|t| t.name.clone()).collect();
            let (cluster_id, configs, earliest, latest, high) = tokio::try_join!(
                kafka.id(),
                kafka.configs(&there),
                kafka.offsets(&partitions, Spec::Earliest),
                kafka.offsets(&partitions, end),
                kafka.offsets(&partitions, Spec::HighWatermark),
            )?;
            let sizes = sizes(&kafka, &configs, &partitions).await;
            let mut seen = BTreeMap::new();
            for topic in described {
                let mut by_partition = BTreeMap::new();
                for partition in topic.partitions {
                    let at = (topic.name.clone(), partition);
                    let seen = PartitionSeen {
                        earliest: of(&earliest, &at)?,
                        latest: of(&latest, &at)?,
                        high_watermark: of(&high, &at)?,
                        log_bytes: sizes.get(&at).copied(),
                        ..PartitionSeen::default()
                    };
                    by_partition.insert(partition, seen);
                }
                let config = configs.get(&topic.name);
                let topic_seen = TopicSeen {
                    topic_id: topic.id,
                    former: None,
                    retention_ms: config.and_then(|c| c.retention_ms),
                    retention_bytes: config.and_then(|c| c.retention_bytes),
                    compacted: config.and_then(|c| c.compacted),
                    partitions: by_partition,
                };
                seen.insert(topic.name, topic_seen);
            }
            Ok(KafkaSeen {
                cluster_id,
                topics: seen,
                missing,
            })
        })
        .await
    }

    /// Adds how old the records are that matter: the one at the log start, the
    /// first that is not committed by `next`, and the one with which the oldest
    /// open transaction begins. `planned_at` is when what is committed was
    /// planned, a first guess at the age of what is not.
    ///
    /// # Errors
    /// When a broker does not answer. What it cannot tell stays unknown.
    pub async fn date(
        &self,
        cluster: &KafkaCluster,
        seen: &mut KafkaSeen,
        next: &PartitionOffsets,
        planned_at: Millis,
    ) -> Result<(), KafkaError> {
        self.within_deadline(cluster, async {
            let kafka = self.connected(cluster).await?;
            ages::date(&kafka, seen, next, planned_at).await
        })
        .await
    }

    /// The times of the records at `places` (topic, partition, offset). `hint` is
    /// the first guess; what a broker cannot tell is left out.
    ///
    /// # Errors
    /// When a broker does not answer.
    pub async fn record_times(
        &self,
        cluster: &KafkaCluster,
        places: &[(String, i32, i64)],
        hint: Millis,
    ) -> Result<RecordTimes, KafkaError> {
        let mut times = RecordTimes::default();
        if places.is_empty() {
            return Ok(times);
        }
        let places = places.iter().cloned();
        let places =
            places.map(|(topic, partition, offset)| ((topic, partition), offset));
        let found = self
            .within_deadline(cluster, async {
                let kafka = self.connected(cluster).await?;
                ages::dates(&kafka, places.collect(), hint).await
            })
            .await?;
        for (((topic, partition), offset), at) in found.at {
            times.set(topic, partition, offset, at);
        }
        Ok(times)
    }

    /// The first offset of each partition whose record is not older than `at`;
    /// `None` where there is no such record.
    ///
    /// # Errors
    /// As [`KafkaClient::topics`].
    pub async fn offsets_for_time(
        &self,
        cluster: &KafkaCluster,
        topics: &[String],
        at: Millis,
    ) -> Result<TimestampOffsets, KafkaError> {
        self.within_deadline(cluster, async {
            let kafka = self.connected(cluster).await?;
            let described = kafka.describe(topics).await?.described;
            let partitions = partitions(&described);
            let (earliest, latest) = tokio::try_join!(
                kafka.offsets(&partitions, Spec::Earliest),
                kafka.offsets(&partitions, Spec::HighWatermark),
            )?;
            let mut filled = Vec::new();
            for partition in &partitions {
                if of(&earliest, partition)? < of(&latest, partition)? {
                    filled.push(partition.clone());
                }
            }
            // A partition that has no record at or after the time has no
            // answer to give, so those are left out by their newest record.
            // Where the broker is older than KIP-734 and cannot tell it, the
            // partition is asked all the same.
            let newest = kafka.offsets_if_any(&filled, Spec::Newest).await?;
            filled.retain(|partition| {
                let found = newest.get(partition).and_then(Option::as_ref);
                found
                    .and_then(|found| found.timestamp)
                    .is_none_or(|newest| newest >= at)
            });
            let mut found = kafka.offsets_if_any(&filled, Spec::Time(at)).await?;
            let mut offsets = TimestampOffsets::default();
            for partition in partitions {
                let offset = found.remove(&partition).flatten().map(|f| f.offset);
                let (topic, partition) = partition;
                offsets
                    .0
                    .entry(topic)
                    .or_default()
                    .insert(partition, offset);
            }
            Ok(offsets)
        })
        .await
    }

    async fn within_deadline<T>(
        &self,
        cluster: &KafkaCluster,
        work: impl Future<Output = Result<T, KafkaError>>,
    ) -> Result<T, KafkaError> {
        let name = cluster.name.as_str();
        match tokio::time::timeout(DEADLINE, work).await {
            Ok(done) => done,
            Err(_) => {
                // The next look begins with a fresh connection.
                self.clusters.lock().await.remove(name);
                Err(KafkaError::Deadline {
                    cluster: name.to_owned(),
                    seconds: DEADLINE.as_secs(),
                })
            }
        }
    }

    async fn connected(
        &self,
        cluster: &KafkaCluster,
    ) -> Result<Arc<Cluster>, KafkaError> {
        let name = cluster.name.as_str().to_owned();
        let slot = self.clusters.lock().await.entry(name).or_default().clone();
        // One connects, the others wait for it.
        let mut slot = slot.lock().await;
        if let Some(connected) = &*slot {
            return Ok(connected.clone());
        }
        let connected = Arc::new(Cluster::connect(cluster, Some(&self.aws)).await?);
        *slot = Some(connected.clone());
        Ok(connected)
    }
}

/// The sizes of logs, where a topic has a limit of size. What may not be asked
/// stays unknown, and the offsets do not.
async fn sizes(
    kafka: &Cluster,
    configs: &HashMap<String, TopicConfig>,
    partitions: &[Partition],
) -> HashMap<Partition, i64> {
    let limited: Vec<Partition> = partitions
        .iter()
        .filter(|(topic, _)| {
            let limit = configs.get(topic).and_then(|c| c.retention_bytes);
            limit.is_some_and(|bytes| bytes >= 0)
        })
        .cloned()
        .collect();
    if limited.is_empty() {
        return HashMap::new();
    }
    kafka.log_bytes(&limited).await.unwrap_or_else(|error| {
        tracing::debug!(%error, "kafka.no_log_sizes");
        HashMap::new()
    })
}

fn partitions(topics: &[Described]) -> Vec<Partition> {
    topics
        .iter()
        .flat_map(|topic| topic.partitions.iter().map(|p| (topic.name.clone(), *p)))
        .collect()
}

fn of(
    offsets: &HashMap<Partition, Found>,
    partition: &Partition,
) -> Result<i64, KafkaError> {
    match offsets.get(partition) {
        Some(found) => Ok(found.offset),
        None => Err(KafkaError::NoOffsets {
            partition: format!("{}-{}", partition.0, partition.1),
        }),
    }
}
