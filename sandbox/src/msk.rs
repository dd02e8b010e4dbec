//! MSK: one cluster, whose brokers are the sandbox's Kafka listener.

use std::collections::BTreeMap;
use std::sync::Mutex;

use axum::body::Body;
use bytes::Bytes;
use http::request::Parts;
use http::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::iam::iso_time;
use crate::record::Effect;
use crate::wire::{
    ACCOUNT, AwsService, Did, Principal, Protocol, REGION, percent_decode, query_pairs,
    rest_json_error, rest_json_ok,
};

/// What MSK tells of the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// `ACTIVE`, `MAINTENANCE`, `REBOOTING_BROKER` and the like.
    pub state: String,
    /// `HOST:PORT` of the plaintext listener; more than one with commas.
    pub bootstrap_brokers: String,
    /// The version of Kafka.
    pub kafka_version: String,
    /// When it was made, in milliseconds since the epoch.
    pub created_at_ms: i64,
}

/// Shows the cluster.
#[derive(Debug)]
pub struct Msk {
    cluster: Mutex<Cluster>,
}

/// An operation that a path stands for, with the cluster's ARN where it has one.
enum Operation {
    ListClusters,
    ListClustersV2,
    DescribeCluster(String),
    DescribeClusterV2(String),
    GetBootstrapBrokers(String),
}

impl Cluster {
    /// An active cluster with brokers at this address.
    pub fn new(name: &str, bootstrap_brokers: &str, created_at_ms: i64) -> Self {
        let arn = format!(
            "arn:aws:kafka:{REGION}:{ACCOUNT}:cluster/{name}/\
             0f4b3c1e-6d0a-4f27-9c58-2f6f3b1d7a90-3"
        );
        Self {
            name: name.to_owned(),
            arn,
            state: "ACTIVE".to_owned(),
            bootstrap_brokers: bootstrap_brokers.to_owned(),
            kafka_version: "3.6.0".to_owned(),
            created_at_ms,
        }
    }
}

impl Msk {
    /// MSK with this cluster.
    pub fn new(cluster: Cluster) -> Self {
        Self {
            cluster: Mutex::new(cluster),
        }
    }

    /// The cluster as it is now.
    pub fn cluster(&self) -> Cluster {
        self.lock().clone()
    }

    /// Sets the cluster's state.
    pub fn set_state(&self, state: &str) {
        self.lock().state = state.to_owned();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Cluster> {
        self.cluster
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn run(&self, operation: &Operation) -> Response<Body> {
        let cluster = self.cluster();
        if let Some(arn) = operation.arn()
            && arn != cluster.arn
        {
            let message = format!("the cluster {arn} does not exist");
            let status = StatusCode::NOT_FOUND;
            return rest_json_error(status, "NotFoundException", &message);
        }
        rest_json_ok(&match operation {
            Operation::ListClusters => {
                json!({ "clusterInfoList": [version_1(&cluster)] })
            }
            Operation::ListClustersV2 => {
                json!({ "clusterInfoList": [version_2(&cluster)] })
            }
            Operation::DescribeCluster(_) => {
                json!({ "clusterInfo": version_1(&cluster) })
            }
            Operation::DescribeClusterV2(_) => {
                json!({ "clusterInfo": version_2(&cluster) })
            }
            Operation::GetBootstrapBrokers(_) => {
                json!({ "bootstrapBrokerString": cluster.bootstrap_brokers })
            }
        })
    }
}

impl Operation {
    fn of(parts: &Parts) -> Option<Self> {
        if parts.method != Method::GET {
            return None;
        }
        let segments: Vec<String> = parts
            .uri
            .path()
            .trim_matches('/')
            .split('/')
            .map(percent_decode)
            .collect();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match segments.as_slice() {
            ["v1", "clusters"] => Some(Self::ListClusters),
            ["v1", "clusters", arn] => Some(Self::DescribeCluster((*arn).to_owned())),
            ["v1", "clusters", arn, "bootstrap-brokers"] => {
                Some(Self::GetBootstrapBrokers((*arn).to_owned()))
            }
            ["api", "v2", "clusters"] => Some(Self::ListClustersV2),
            ["api", "v2", "clusters", arn] => {
                Some(Self::DescribeClusterV2((*arn).to_owned()))
            }
            _ => None,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::ListClusters => "ListClusters",
            Self::ListClustersV2 => "ListClustersV2",
            Self::DescribeCluster(_) => "DescribeCluster",
            Self::DescribeClusterV2(_) => "DescribeClusterV2",
            Self::GetBootstrapBrokers(_) => "GetBootstrapBrokers",
        }
    }

    fn arn(&self) -> Option<&str> {
        match self {
            Self::ListClusters | Self::ListClustersV2 => None,
            Self::DescribeCluster(arn)
            | Self::DescribeClusterV2(arn)
            | Self::GetBootstrapBrokers(arn) => Some(arn),
        }
    }
}

#[async_trait::async_trait]
impl AwsService for Msk {
    fn name(&self) -> &'static str {
        "kafka"
    }

    fn protocol(&self) -> Protocol {
        Protocol::RestJson
    }

    fn action(&self, parts: &Parts, _body: &Bytes) -> Option<String> {
        Operation::of(parts).map(|operation| operation.name().to_owned())
    }

    fn resource(&self, parts: &Parts, _body: &Bytes) -> String {
        let operation = Operation::of(parts);
        let arn = operation.as_ref().and_then(Operation::arn);
        arn.unwrap_or("*").to_owned()
    }

    async fn handle(&self, parts: Parts, _body: Bytes, _by: Principal) -> Response<Body> {
        let refuse = |message: String| {
            rest_json_error(StatusCode::BAD_REQUEST, "BadRequestException", &message)
        };
        let Some(operation) = Operation::of(&parts) else {
            let (method, path) = (&parts.method, parts.uri.path());
            return refuse(format!(
                "the sandbox's MSK has no operation {method} {path}"
            ));
        };
        let query = query_pairs(parts.uri.query().unwrap_or_default());
        if let Some((name, _)) = query.first() {
            let name = format!("the sandbox does not understand the parameter {name}");
            return refuse(name);
        }
        let mut response = self.run(&operation);
        let arn = operation
            .arn()
            .map(|arn| ("clusterArn".to_owned(), arn.to_owned()));
        response.extensions_mut().insert(Did {
            action: operation.name().to_owned(),
            params: BTreeMap::from_iter(arn),
            effect: Effect::Read,
        });
        response
    }
}

fn version_1(cluster: &Cluster) -> Value {
    let mut info = provisioned(cluster);
    let fields = json!({
        "clusterArn": cluster.arn,
        "clusterName": cluster.name,
        "creationTime": iso_time(cluster.created_at_ms),
        "currentVersion": "K3P5ROKL5A1OLE",
        "state": cluster.state,
        "tags": {},
    });
    if let (Some(info), Value::Object(fields)) = (info.as_object_mut(), fields) {
        info.extend(fields);
    }
    info
}

fn version_2(cluster: &Cluster) -> Value {
    json!({
        "clusterArn": cluster.arn,
        "clusterName": cluster.name,
        "clusterType": "PROVISIONED",
        "creationTime": iso_time(cluster.created_at_ms),
        "currentVersion": "K3P5ROKL5A1OLE",
        "state": cluster.state,
        "tags": {},
        "provisioned": provisioned(cluster),
    })
}

fn provisioned(cluster: &Cluster) -> Value {
    let brokers = cluster.bootstrap_brokers.split(',').count();
    json!({
        "brokerNodeGroupInfo": {
            "brokerAZDistribution": "DEFAULT",
            "clientSubnets": ["subnet-sandbox"],
            "instanceType": "kafka.m7g.large",
            "securityGroups": ["sg-sandbox"],
        },
        "clientAuthentication": { "unauthenticated": { "enabled": true } },
        "currentBrokerSoftwareInfo": { "kafkaVersion": cluster.kafka_version },
        "encryptionInfo": {
            "encryptionInTransit": { "clientBroker": "PLAINTEXT", "inCluster": true },
        },
        "enhancedMonitoring": "DEFAULT",
        "numberOfBrokerNodes": brokers,
    })
}
