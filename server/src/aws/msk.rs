//! MSK: what it says of a cluster and of its brokers.

use aws_sdk_kafka::Client;
use aws_sdk_kafka::config::Region;

use super::error::{AwsError, Effect};

const DESCRIBE: &str = "DescribeClusterV2";
const BROKERS: &str = "GetBootstrapBrokers";

/// MSK in one region and one role.
#[derive(Clone)]
pub struct Msk {
    client: Client,
}

/// A cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterSeen {
    /// Its name.
    pub name: String,
    /// In MSK's words, such as `ACTIVE`.
    pub state: String,
    /// What MSK says about the state; may be empty.
    pub said: String,
    /// The version of Kafka, where the cluster is provisioned.
    pub version: Option<String>,
    /// How many brokers it has, where it is provisioned.
    pub brokers: Option<i32>,
}

/// The brokers to begin with, `HOST:PORT`, by how one signs in to them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brokers {
    /// Without TLS.
    pub plaintext: Vec<String>,
    /// By TLS, with or without a certificate of one's own.
    pub tls: Vec<String>,
    /// By SASL/SCRAM.
    pub scram: Vec<String>,
    /// By IAM.
    pub iam: Vec<String>,
}

impl Msk {
    pub(super) fn new(client: Client) -> Self {
        Self { client }
    }

    /// MSK in another region, since a cluster may lie elsewhere than its stream.
    #[must_use]
    pub fn in_region(&self, region: &str) -> Self {
        let config = self.client.config().to_builder();
        let config = config.region(Region::new(region.to_owned())).build();
        Self {
            client: Client::from_conf(config),
        }
    }

    /// The cluster.
    ///
    /// # Errors
    /// Also for an answer without a cluster or without its state.
    pub async fn cluster(&self, arn: &str) -> Result<ClusterSeen, AwsError> {
        let odd = |what| AwsError::odd_answer(DESCRIBE, Effect::Reads, what);
        let answer = self
            .client
            .describe_cluster_v2()
            .cluster_arn(arn)
            .send()
            .await
            .map_err(|error| AwsError::of(DESCRIBE, Effect::Reads, error))?;
        let cluster = answer
            .cluster_info
            .ok_or_else(|| odd("there is no cluster"))?;
        let state = cluster.state().ok_or_else(|| odd("there is no state"))?;
        let provisioned = cluster.provisioned();
        Ok(ClusterSeen {
            name: cluster.cluster_name().unwrap_or_default().to_owned(),
            state: state.as_str().to_owned(),
            said: cluster
                .state_info()
                .and_then(|info| info.message())
                .unwrap_or_default()
                .to_owned(),
            version: provisioned
                .and_then(|p| p.current_broker_software_info())
                .and_then(|software| software.kafka_version())
                .map(str::to_owned),
            brokers: provisioned.and_then(|p| p.number_of_broker_nodes()),
        })
    }

    /// The brokers to begin with, inside the cluster's network.
    ///
    /// # Errors
    /// When MSK does not tell.
    pub async fn brokers(&self, arn: &str) -> Result<Brokers, AwsError> {
        let answer = self
            .client
            .get_bootstrap_brokers()
            .cluster_arn(arn)
            .send()
            .await
            .map_err(|error| AwsError::of(BROKERS, Effect::Reads, error))?;
        Ok(Brokers {
            plaintext: listed(answer.bootstrap_broker_string()),
            tls: listed(answer.bootstrap_broker_string_tls()),
            scram: listed(answer.bootstrap_broker_string_sasl_scram()),
            iam: listed(answer.bootstrap_broker_string_sasl_iam()),
        })
    }
}

fn listed(brokers: Option<&str>) -> Vec<String> {
    let all = brokers.unwrap_or_default().split(',').map(str::trim);
    all.filter(|one| !one.is_empty())
        .map(str::to_owned)
        .collect()
}
