//! One cluster, asked through krafka. The one file that names the client
//! library, so that it can be changed; why it is this one stands in
//! ARCHITECTURE.md.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use domain::time::Millis;
use krafka::Kafka;
use krafka::admin::{
    AdminClient, ConfigEntry, ConfigResource, DescribeClusterOptions,
    DescribeConfigsOptions, DescribeLogDirsOptions, DescribeTopicsOptions,
    ListOffsetsOptions, ListedOffset, OffsetSpec, TopicDescription, TopicPartition,
};
use krafka::auth::{AuthConfig, AwsMskIamCredentials, TlsConfig};
use krafka::error::{ErrorCode, KrafkaError, ProtocolErrorKind};
use uuid::Uuid;

use super::{DEADLINE, KafkaError};
use crate::aws::Aws;
use crate::config::{HostPort, KafkaAuthentication, KafkaCluster, ScramMechanism};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// krafka asks again until its deadline where a broker has no offset to give, or
/// no answer to what a look can do without.
const IF_ANY_TIMEOUT: Duration = Duration::from_secs(3);

/// A connection to a cluster.
pub(super) struct Cluster {
    name: String,
    admin: AdminClient,
}

/// A topic and a partition of it.
pub(super) type Partition = (String, i32);

/// A topic as described.
pub(super) struct Described {
    pub(super) name: String,
    /// `None` on brokers older than KIP-516.
    pub(super) id: Option<Uuid>,
    pub(super) partitions: Vec<i32>,
}

/// The topics that are there, and the names of those that are not.
pub(super) struct Topics {
    pub(super) described: Vec<Described>,
    pub(super) missing: Vec<String>,
}

/// What is needed of a topic's configuration.
pub(super) struct TopicConfig {
    pub(super) retention_ms: Option<i64>,
    pub(super) retention_bytes: Option<i64>,
    pub(super) compacted: Option<bool>,
}

/// Which offset is asked for.
#[derive(Clone, Copy)]
pub(super) enum Spec {
    /// The log start.
    Earliest,
    /// The end, whatever transactions are open.
    HighWatermark,
    /// The end for a reader of whole transactions.
    LastStable,
    /// The record with the largest timestamp.
    Newest,
    /// The first record that is not older.
    Time(Millis),
}

/// An offset, with its record's time where the question was about times.
pub(super) struct Found {
    pub(super) offset: i64,
    pub(super) timestamp: Option<Millis>,
}

impl Cluster {
    pub(super) async fn connect(
        cluster: &KafkaCluster,
        aws: Option<&Aws>,
    ) -> Result<Self, KafkaError> {
        let bootstrap: Vec<&str> =
            cluster.bootstrap.iter().map(HostPort::as_str).collect();
        let kafka = Kafka::builder(bootstrap.join(","))
            .client_id("sluice")
            .connect_timeout(CONNECT_TIMEOUT)
            .request_timeout(REQUEST_TIMEOUT)
            .security(security(&cluster.authentication, aws))
            .connect()
            .await
            .map_err(|source| KafkaError::connect(cluster.name.as_str(), source))?;
        Ok(Self {
            name: cluster.name.to_string(),
            admin: kafka.admin().default_api_timeout(DEADLINE),
        })
    }

    /// The id that the cluster reports, where it has one.
    pub(super) async fn id(&self) -> Result<Option<String>, KafkaError> {
        let described = self
            .admin
            .describe_cluster(DescribeClusterOptions::default())
            .await
            .map_err(|source| KafkaError::cluster(&self.name, source))?;
        Ok(Some(described.cluster_id).filter(|id| !id.is_empty()))
    }

    /// A topic that is not there is named; one that may not be described is an
    /// error, since it may be there.
    pub(super) async fn describe(&self, topics: &[String]) -> Result<Topics, KafkaError> {
        let mut answers = self
            .admin
            .describe_topics(topics, DescribeTopicsOptions::default())
            .await
            .map_err(|source| KafkaError::topic(&topics.join(", "), source))?;
        let (mut described, mut missing) = (Vec::new(), Vec::new());
        for topic in topics {
            match answers.remove(topic) {
                Some(Ok(description)) => described.push(read(description)),
                Some(Err(KrafkaError::Broker {
                    code: ErrorCode::UnknownTopicOrPartition,
                    ..
                })) => missing.push(topic.clone()),
                Some(Err(source)) => return Err(KafkaError::topic(topic, source)),
                None => {
                    return Err(KafkaError::NoTopic {
                        topic: topic.clone(),
                    });
                }
            }
        }
        Ok(Topics { described, missing })
    }

    /// The size of each partition's log in bytes. Replicas that are behind have
    /// less than the leader, so the largest counts.
    pub(super) async fn log_bytes(
        &self,
        partitions: &[Partition],
    ) -> Result<HashMap<Partition, i64>, KafkaError> {
        let failed = |source| KafkaError::cluster(&self.name, source);
        let cluster = self
            .admin
            .describe_cluster(DescribeClusterOptions::default().timeout(IF_ANY_TIMEOUT))
            .await
            .map_err(failed)?;
        let asked = partitions
            .iter()
            .map(|(topic, partition)| TopicPartition::new(topic, *partition))
            .collect();
        let options = DescribeLogDirsOptions::default()
            .partitions(asked)
            .timeout(IF_ANY_TIMEOUT);
        let brokers = cluster.brokers.iter().map(|broker| broker.id);
        let by_broker = self
            .admin
            .describe_log_dirs(brokers, options)
            .await
            .map_err(failed)?;
        let mut sizes = HashMap::new();
        for dirs in by_broker.into_values() {
            for dir in dirs.map_err(failed)?.into_values() {
                let replicas = dir.map_err(failed)?.replicas;
                for (at, replica) in replicas.into_iter().filter(|(_, r)| !r.is_future) {
                    let size = sizes.entry((at.topic, at.partition)).or_insert(0);
                    *size = replica.size.max(*size);
                }
            }
        }
        Ok(sizes)
    }

    /// A topic whose configuration may not be described is left out: what is
    /// in it is then unknown, and the rest is not.
    pub(super) async fn configs(
        &self,
        topics: &[String],
    ) -> Result<HashMap<String, TopicConfig>, KafkaError> {
        let options = DescribeConfigsOptions::default().config_names(
            ["retention.ms", "retention.bytes", "cleanup.policy"]
                .map(str::to_owned)
                .to_vec(),
        );
        let described = self
            .admin
            .describe_configs(topics.iter().map(ConfigResource::topic), options)
            .await
            .map_err(|source| KafkaError::topic(&topics.join(", "), source))?;
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

    /// The offset of every partition.
    pub(super) async fn offsets(
        &self,
        partitions: &[Partition],
        spec: Spec,
    ) -> Result<HashMap<Partition, Found>, KafkaError> {
        let options = ListOffsetsOptions::default();
        self.listed(partitions, spec, options)
            .await?
            .into_iter()
            .map(|(partition, offset)| match offset {
                Ok(offset) => Ok((partition, found(&offset))),
                Err(source) => Err(KafkaError::offsets(&partition, source)),
            })
            .collect()
    }

    /// As [`Cluster::offsets`], but a partition that has no such offset, or
    /// whose broker does not know the question, is `None`.
    pub(super) async fn offsets_if_any(
        &self,
        partitions: &[Partition],
        spec: Spec,
    ) -> Result<HashMap<Partition, Option<Found>>, KafkaError> {
        let asked = partitions.iter().map(|at| (at.clone(), spec)).collect();
        self.each_if_any(asked).await
    }

    /// As [`Cluster::offsets_if_any`], with a question of its own to each
    /// partition.
    pub(super) async fn each_if_any(
        &self,
        asked: Vec<(Partition, Spec)>,
    ) -> Result<HashMap<Partition, Option<Found>>, KafkaError> {
        if asked.is_empty() {
            return Ok(HashMap::new());
        }
        let options = ListOffsetsOptions::default().timeout(IF_ANY_TIMEOUT);
        self.ask(asked, false, options)
            .await?
            .into_iter()
            .map(|(partition, offset)| match offset {
                Ok(offset) => Ok((partition, Some(found(&offset)))),
                Err(error) if is_no_answer(&error) => Ok((partition, None)),
                Err(source) => Err(KafkaError::offsets(&partition, source)),
            })
            .collect()
    }

    async fn listed(
        &self,
        partitions: &[Partition],
        spec: Spec,
        options: ListOffsetsOptions,
    ) -> Result<Vec<(Partition, Result<ListedOffset, KrafkaError>)>, KafkaError> {
        let asked = partitions.iter().map(|at| (at.clone(), spec)).collect();
        let read_committed = matches!(spec, Spec::LastStable);
        self.ask(asked, read_committed, options).await
    }

    async fn ask(
        &self,
        asked: Vec<(Partition, Spec)>,
        read_committed: bool,
        options: ListOffsetsOptions,
    ) -> Result<Vec<(Partition, Result<ListedOffset, KrafkaError>)>, KafkaError> {
        let asked = asked.into_iter().map(|((topic, partition), spec)| {
            let offset = match spec {
                Spec::Earliest => OffsetSpec::Earliest,
                Spec::HighWatermark | Spec::LastStable => OffsetSpec::Latest,
                Spec::Newest => OffsetSpec::MaxTimestamp,
                Spec::Time(at) => OffsetSpec::Timestamp(at.0),
            };
            (TopicPartition::new(topic, partition), offset)
        });
        let listed = self
            .admin
            .list_offsets(asked, options.read_committed(read_committed))
            .await
            .map_err(|source| KafkaError::cluster(&self.name, source))?;
        Ok(listed
            .into_iter()
            .map(|(at, offset)| ((at.topic, at.partition), offset))
            .collect())
    }
}

fn is_no_answer(error: &KrafkaError) -> bool {
    matches!(
        error,
        KrafkaError::Broker {
            code: ErrorCode::OffsetNotAvailable,
            ..
        } | KrafkaError::Protocol {
            kind: ProtocolErrorKind::UnknownApiVersion,
            ..
        }
    )
}

fn found(offset: &ListedOffset) -> Found {
    Found {
        offset: offset.offset,
        timestamp: offset.timestamp.map(Millis),
    }
}

fn read(topic: TopicDescription) -> Described {
    let id = Uuid::from_bytes(topic.topic_id);
    Described {
        name: topic.name,
        id: (!id.is_nil()).then_some(id),
        partitions: topic.partitions.iter().map(|p| p.partition).collect(),
    }
}

fn topic_config(entries: &[ConfigEntry]) -> TopicConfig {
    let value = |name: &str| {
        let entry = entries.iter().find(|entry| entry.name == name);
        entry.and_then(|entry| entry.value.as_deref())
    };
    TopicConfig {
        retention_ms: value("retention.ms").and_then(|ms| ms.parse().ok()),
        retention_bytes: value("retention.bytes").and_then(|size| size.parse().ok()),
        compacted: value("cleanup.policy")
            .map(|policy| policy.split(',').any(|p| p.trim() == "compact")),
    }
}

fn security(authentication: &KafkaAuthentication, aws: Option<&Aws>) -> AuthConfig {
    match authentication {
        KafkaAuthentication::None => AuthConfig::plaintext(),
        KafkaAuthentication::Tls { ca_file } => {
            AuthConfig::ssl(trust(ca_file.as_deref()))
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
                .with_tls(trust(ca_file.as_deref()))
        }
        KafkaAuthentication::Iam { region } => {
            let aws = aws.cloned();
            let region = region.as_str().to_owned();
            AuthConfig::aws_msk_iam_provider(move || {
                let (aws, region) = (aws.clone(), region.clone());
                async move { iam_credentials(aws.as_ref(), region).await }
            })
            .with_tls(trust(None))
        }
        KafkaAuthentication::Mtls {
            ca_file,
            certificate_file,
            key_file,
        } => {
            let tls = trust(ca_file.as_deref()).with_client_cert(
                certificate_file.display().to_string(),
                key_file.display().to_string(),
            );
            AuthConfig::ssl(tls)
        }
    }
}

/// The authority of this file, or those of the system.
fn trust(ca_file: Option<&Path>) -> TlsConfig {
    match ca_file {
        Some(path) => TlsConfig::new().with_ca_cert(path.display().to_string()),
        None => TlsConfig::new().with_native_roots(),
    }
}

/// Asked for at every new connection, so that they are never stale.
async fn iam_credentials(
    aws: Option<&Aws>,
    region: String,
) -> Result<AwsMskIamCredentials, KrafkaError> {
    let aws = aws.ok_or_else(|| KrafkaError::auth("AWS is not set up for Kafka"))?;
    let keys = aws.own_keys().await.map_err(|error| {
        KrafkaError::auth_with_source("there are no AWS credentials for Kafka", error)
    })?;
    let secret = keys.secret_access_key.expose();
    let credentials = AwsMskIamCredentials::new(keys.access_key_id, secret, region);
    Ok(match keys.session_token {
        Some(token) => credentials.with_session_token(token.expose()),
        None => credentials,
    })
}
