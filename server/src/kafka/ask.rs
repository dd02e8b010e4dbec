//! A single question, for the command line: no configuration, no connection kept.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::cluster::{Cluster, Spec};
use super::{DEADLINE, KafkaError, of, partitions};
use crate::config::{HostPort, Isolation, KafkaAuthentication, KafkaCluster, Name};

/// A topic as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicNow {
    /// `None` on brokers older than KIP-516.
    pub id: Option<Uuid>,
    /// Log start and high watermark by partition.
    pub partitions: BTreeMap<i32, (i64, i64)>,
}

/// The topics by name; `None` for one that the cluster does not have.
///
/// # Errors
/// When the cluster cannot be reached, or does not tell of a topic that it has.
pub async fn ask_without_authentication(
    bootstrap: &[HostPort],
    topics: &BTreeSet<String>,
) -> Result<BTreeMap<String, Option<TopicNow>>, KafkaError> {
    let addresses: Vec<&str> = bootstrap.iter().map(HostPort::as_str).collect();
    let name = addresses.join(",");
    match tokio::time::timeout(DEADLINE, asked(bootstrap, topics)).await {
        Ok(done) => done,
        Err(_) => Err(KafkaError::Deadline {
            cluster: name,
            seconds: DEADLINE.as_secs(),
        }),
    }
}

async fn asked(
    bootstrap: &[HostPort],
    topics: &BTreeSet<String>,
) -> Result<BTreeMap<String, Option<TopicNow>>, KafkaError> {
    let cluster = KafkaCluster {
        name: Name::try_from("named-by-kafka".to_owned())
            .expect("lower-case letters and dashes are a name"),
        bootstrap: bootstrap.to_vec(),
        cluster_id: None,
        msk_arn: None,
        authentication: KafkaAuthentication::None,
        isolation: Isolation::default(),
    };
    let kafka = Cluster::connect(&cluster, None).await?;
    let names: Vec<String> = topics.iter().cloned().collect();
    let found = kafka.describe(&names).await?;
    let all = partitions(&found.described);
    let (earliest, latest) = tokio::try_join!(
        kafka.offsets(&all, Spec::Earliest),
        kafka.offsets(&all, Spec::HighWatermark),
    )?;
    let mut now: BTreeMap<String, Option<TopicNow>> =
        names.into_iter().map(|name| (name, None)).collect();
    for topic in found.described {
        let mut ranges = BTreeMap::new();
        for partition in topic.partitions {
            let at = (topic.name.clone(), partition);
            ranges.insert(partition, (of(&earliest, &at)?, of(&latest, &at)?));
        }
        let topic_now = TopicNow {
            id: topic.id,
            partitions: ranges,
        };
        now.insert(topic.name, Some(topic_now));
    }
    Ok(now)
}
