//! Kafka as far as Sluice needs it: what topics there are, where they begin
//! and end, and which offset a time is. Nothing is read or written.
//!
//! The one file that names the client library; why it is this one stands in
//! ARCHITECTURE.md.

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use domain::plan::TimestampOffsets;
use domain::snapshot::{KafkaSeen, PartitionSeen, TopicSeen};
use domain::time::Millis;
use krafka::Kafka;
use krafka::admin::{
    AdminClient, ConfigEntry, ConfigResource, DescribeClusterOptions,
    DescribeConfigsOptions, DescribeTopicsOptions, ListOffsetsOptions, ListedOffset,
    OffsetSpec, TopicDescription, TopicPartition,
};
use krafka::auth::{AuthConfig, AwsMskIamCredentials, TlsConfig};
use krafka::error::{ErrorCode, KrafkaError, ProtocolErrorKind};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::KafkaError;
use crate::aws::Aws;
use crate::config::{KafkaAuthentication, KafkaCluster, ScramMechanism};

/// How long a look at a cluster may take, with connecting.
const DEADLINE: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// krafka asks again until its deadline where a partition has no record at or
/// after a time. Such partitions are left out beforehand by their newest
/// timestamp; this bounds what is left, a race or a broker without KIP-734.
const TIME_LOOKUP_TIMEOUT: Duration = Duration::from_secs(3);

/// Connections to the configured clusters, made when they are first needed and
/// kept. Cheap to clone.
#[derive(Clone)]
pub struct KafkaClient {
    aws: Aws,
    clusters: Arc<Mutex<HashMap<String, Arc<Mutex<Option<Arc<AdminClient>>>>>>>,
}

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
    /// # Errors
    /// When any partition of any topic could not be read: half a topic is none.
    pub async fn topics(
        &self,
        cluster: &KafkaCluster,
        topics: &[String],
        read_committed: bool,
    ) -> Result<KafkaSeen, KafkaError> {
        self.within_deadline(cluster, async {
            let admin = self.admin(cluster).await?;
            let described = describe(&admin, topics).await?;
            let partitions = partitions(&described);
            let (cluster_id, configs, earliest, high, stable) = tokio::try_join!(
                cluster_id(&admin, cluster),
                topic_configs(&admin, topics),
                offsets(&admin, &partitions, OffsetSpec::Earliest, false),
                offsets(&admin, &partitions, OffsetSpec::Latest, false),
                async {
                    match read_committed {
                        true => offsets(&admin, &partitions, OffsetSpec::Latest, true)
                            .await
                            .map(Some),
                        false => Ok(None),
                    }
                },
            )?;
            let mut seen = BTreeMap::new();
            for topic in &described {
                let mut by_partition = BTreeMap::new();
                for partition in &topic.partitions {
                    let at = TopicPartition::new(topic.name.clone(), partition.partition);
                    let high_watermark = of(&high, &at)?.offset;
                    let latest = match &stable {
                        Some(stable) => of(stable, &at)?.offset,
                        None => high_watermark,
                    };
                    let earliest = of(&earliest, &at)?.offset;
                    let seen = PartitionSeen {
                        earliest,
                        latest,
                        high_watermark,
                    };
                    by_partition.insert(partition.partition, seen);
                }
                let id = Uuid::from_bytes(topic.topic_id);
                let config = configs.get(&topic.name);
                let seen_topic = TopicSeen {
                    topic_id: (!id.is_nil()).then_some(id),
                    retention_ms: config.and_then(|c| c.retention_ms),
                    compacted: config.and_then(|c| c.compacted),
                    partitions: by_partition,
                };
                seen.insert(topic.name.clone(), seen_topic);
            }
            Ok(KafkaSeen {
                cluster_id,
                topics: seen,
            })
        })
        .await
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
            let admin = self.admin(cluster).await?;
            let described = describe(&admin, topics).await?;
            let partitions = partitions(&described);
            let (earliest, latest) = tokio::try_join!(
                offsets(&admin, &partitions, OffsetSpec::Earliest, false),
                offsets(&admin, &partitions, OffsetSpec::Latest, false),
            )?;
            let mut filled = Vec::new();
            for partition in &partitions {
                if of(&earliest, partition)?.offset < of(&latest, partition)?.offset {
                    filled.push(partition.clone());
                }
            }
            let reached = reaching(&admin, &filled, at).await?;
            let found = lookup(&admin, &reached, OffsetSpec::Timestamp(at.0)).await?;
            let mut offsets = TimestampOffsets::default();
            for partition in partitions {
                let offset = found
                    .get(&partition)
                    .and_then(|o| o.as_ref().map(|o| o.offset));
                offsets
                    .0
                    .entry(partition.topic)
                    .or_default()
                    .insert(partition.partition, offset);
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
        let done = match tokio::time::timeout(DEADLINE, work).await {
            Ok(done) => done,
            Err(_) => Err(KafkaError::Deadline {
                cluster: name.to_owned(),
                seconds: DEADLINE.as_secs(),
            }),
        };
        if matches!(&done, Err(KafkaError::Deadline { .. })) {
            // The next look begins with a fresh connection.
            self.clusters.lock().await.remove(name);
        }
        done
    }

    async fn admin(
        &self,
        cluster: &KafkaCluster,
    ) -> Result<Arc<AdminClient>, KafkaError> {
        let slot = {
            let mut clusters = self.clusters.lock().await;
            clusters
                .entry(cluster.name.as_str().to_owned())
                .or_default()
                .clone()
        };
        // One connects, the others wait for it.
        let mut slot = slot.lock().await;
        if let Some(admin) = &*slot {
            return Ok(admin.clone());
        }
        let bootstrap: Vec<&str> = cluster
            .bootstrap
            .iter()
            .map(crate::config::HostPort::as_str)
            .collect();
        let kafka = Kafka::builder(bootstrap.join(","))
            .client_id("sluice")
            .connect_timeout(CONNECT_TIMEOUT)
            .request_timeout(REQUEST_TIMEOUT)
            .security(self.security(&cluster.authentication))
            .connect()
            .await
            .map_err(|source| KafkaError::Connect {
                cluster: cluster.name.to_string(),
                source: source.into(),
            })?;
        let admin = Arc::new(kafka.admin().default_api_timeout(DEADLINE));
        *slot = Some(admin.clone());
        Ok(admin)
    }

    fn security(&self, authentication: &KafkaAuthentication) -> AuthConfig {
        match authentication {
            KafkaAuthentication::None => AuthConfig::plaintext(),
            KafkaAuthentication::Tls { ca_file } => {
                AuthConfig::ssl(trust(ca_file.as_ref()))
            }
            KafkaAuthentication::Scram {
                mechanism,
                username,
                password,
                ca_file,
            } => {
                let sasl = match mechanism {
                    ScramMechanism::Sha256 => AuthConfig::sasl_scram_sha256,
                    ScramMechanism::Sha512 => AuthConfig::sasl_scram_sha512,
                };
                sasl(username.clone(), password.expose().to_owned())
                    .with_tls(trust(ca_file.as_ref()))
            }
            KafkaAuthentication::Iam { region } => {
                let aws = self.aws.clone();
                let region = region.as_str().to_owned();
                AuthConfig::aws_msk_iam_provider(move || {
                    let (aws, region) = (aws.clone(), region.clone());
                    async move { iam_credentials(&aws, region).await }
                })
                .with_tls(trust(None))
            }
            KafkaAuthentication::Mtls {
                ca_file,
                certificate_file,
                key_file,
            } => {
                let tls = trust(ca_file.as_ref()).with_client_cert(
                    certificate_file.display().to_string(),
                    key_file.display().to_string(),
                );
                AuthConfig::ssl(tls)
            }
        }
    }
}

/// The authority of this file, or those of the system.
fn trust(ca_file: Option<&std::path::PathBuf>) -> TlsConfig {
    match ca_file {
        Some(path) => TlsConfig::new().with_ca_cert(path.display().to_string()),
        None => TlsConfig::new().with_native_roots(),
    }
}

async fn iam_credentials(
    aws: &Aws,
    region: String,
) -> Result<AwsMskIamCredentials, KrafkaError> {
    let keys = aws.own_keys().await.map_err(|error| {
        KrafkaError::auth_with_source("there are no AWS credentials for Kafka", error)
    })?;
    let credentials = AwsMskIamCredentials::new(
        keys.access_key_id,
        keys.secret_access_key.expose(),
        region,
    );
    Ok(match keys.session_token {
        Some(token) => credentials.with_session_token(token.expose()),
        None => credentials,
    })
}

async fn cluster_id(
    admin: &AdminClient,
    cluster: &KafkaCluster,
) -> Result<Option<String>, KafkaError> {
    let described = admin
        .describe_cluster(DescribeClusterOptions::default())
        .await
        .map_err(|source| KafkaError::Cluster {
            cluster: cluster.name.to_string(),
            source: source.into(),
        })?;
    Ok(Some(described.cluster_id).filter(|id| !id.is_empty()))
}

async fn describe(
    admin: &AdminClient,
    topics: &[String],
) -> Result<Vec<TopicDescription>, KafkaError> {
    let failed = |topic: &str, source: KrafkaError| KafkaError::Topic {
        topic: topic.to_owned(),
        source: source.into(),
    };
    let mut described = admin
        .describe_topics(topics, DescribeTopicsOptions::default())
        .await
        .map_err(|source| failed(&topics.join(", "), source))?;
    topics
        .iter()
        .map(|topic| match described.remove(topic) {
            Some(Ok(description)) => Ok(description),
            Some(Err(source)) => Err(failed(topic, source)),
            None => Err(KafkaError::NoTopic {
                topic: topic.clone(),
            }),
        })
        .collect()
}

fn partitions(topics: &[TopicDescription]) -> Vec<TopicPartition> {
    topics
        .iter()
        .flat_map(|topic| {
            topic
                .partitions
                .iter()
                .map(|p| TopicPartition::new(topic.name.clone(), p.partition))
        })
        .collect()
}

type Offsets = HashMap<TopicPartition, ListedOffset>;

async fn offsets(
    admin: &AdminClient,
    partitions: &[TopicPartition],
    spec: OffsetSpec,
    read_committed: bool,
) -> Result<Offsets, KafkaError> {
    let options = ListOffsetsOptions::default().read_committed(read_committed);
    let listed = admin
        .list_offsets(partitions.iter().map(|p| (p.clone(), spec)), options)
        .await
        .map_err(|source| unread(names(partitions), source))?;
    listed
        .into_iter()
        .map(|(partition, offset)| match offset {
            Ok(offset) => Ok((partition, offset)),
            Err(source) => Err(unread(name(&partition), source)),
        })
        .collect()
}

/// As [`offsets`], but a partition without an answer to `spec`, or whose broker
/// does not know it, is `None`.
async fn lookup(
    admin: &AdminClient,
    partitions: &[TopicPartition],
    spec: OffsetSpec,
) -> Result<HashMap<TopicPartition, Option<ListedOffset>>, KafkaError> {
    if partitions.is_empty() {
        return Ok(HashMap::new());
    }
    let options = ListOffsetsOptions::default().timeout(TIME_LOOKUP_TIMEOUT);
    let listed = admin
        .list_offsets(partitions.iter().map(|p| (p.clone(), spec)), options)
        .await
        .map_err(|source| unread(names(partitions), source))?;
    listed
        .into_iter()
        .map(|(partition, offset)| match offset {
            Ok(offset) => Ok((partition, Some(offset))),
            Err(
                KrafkaError::Broker {
                    code: ErrorCode::OffsetNotAvailable,
                    ..
                }
                | KrafkaError::Protocol {
                    kind: ProtocolErrorKind::UnknownApiVersion,
                    ..
                },
            ) => Ok((partition, None)),
            Err(source) => Err(unread(name(&partition), source)),
        })
        .collect()
}

/// Those partitions whose newest record is not older than `at`, and those whose
/// broker is older than KIP-734 and cannot tell.
async fn reaching(
    admin: &AdminClient,
    partitions: &[TopicPartition],
    at: Millis,
) -> Result<Vec<TopicPartition>, KafkaError> {
    let newest = lookup(admin, partitions, OffsetSpec::MaxTimestamp).await?;
    Ok(partitions
        .iter()
        .filter(|partition| {
            let timestamp = newest
                .get(partition)
                .and_then(|o| o.as_ref())
                .and_then(|o| o.timestamp);
            timestamp.is_none_or(|newest| newest >= at.0)
        })
        .cloned()
        .collect())
}

/// What is needed of a topic's configuration.
struct TopicConfig {
    retention_ms: Option<i64>,
    compacted: Option<bool>,
}

/// A topic whose configuration may not be described is left out: what is in it
/// is then unknown, and the rest is not.
async fn topic_configs(
    admin: &AdminClient,
    topics: &[String],
) -> Result<HashMap<String, TopicConfig>, KafkaError> {
    let options = DescribeConfigsOptions::default()
        .config_names(vec!["retention.ms".to_owned(), "cleanup.policy".to_owned()]);
    let described = admin
        .describe_configs(topics.iter().map(ConfigResource::topic), options)
        .await
        .map_err(|source| KafkaError::Topic {
            topic: topics.join(", "),
            source: source.into(),
        })?;
    Ok(described
        .into_iter()
        .filter_map(|(resource, entries)| match entries {
            Ok(entries) => Some((resource.name, topic_config(&entries))),
            Err(error) => {
                tracing::debug!(topic = resource.name, %error, "kafka.no_topic_config");
                None
            }
        })
        .collect())
}

fn topic_config(entries: &[ConfigEntry]) -> TopicConfig {
    let value = |name: &str| {
        entries
            .iter()
            .find(|e| e.name == name)
            .and_then(|e| e.value.as_deref())
    };
    TopicConfig {
        retention_ms: value("retention.ms").and_then(|ms| ms.parse().ok()),
        compacted: value("cleanup.policy")
            .map(|policy| policy.split(',').any(|p| p.trim() == "compact")),
    }
}

fn of<'a>(
    offsets: &'a Offsets,
    partition: &TopicPartition,
) -> Result<&'a ListedOffset, KafkaError> {
    offsets.get(partition).ok_or_else(|| KafkaError::NoOffsets {
        partition: name(partition),
    })
}

fn unread(partition: String, source: KrafkaError) -> KafkaError {
    KafkaError::Offsets {
        partition,
        source: source.into(),
    }
}

fn name(partition: &TopicPartition) -> String {
    format!("{}-{}", partition.topic, partition.partition)
}

fn names(partitions: &[TopicPartition]) -> String {
    partitions.iter().map(name).collect::<Vec<_>>().join(", ")
}
