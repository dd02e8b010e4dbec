//! `[[kafka_clusters]]`: the clusters that streams read from.

use std::path::PathBuf;

use serde::Deserialize;

use super::names::{HostPort, MskArn, Name, Region};
use super::secrets::Secret;

#[derive(Clone)]
pub struct KafkaCluster {
    pub name: Name,
    pub bootstrap: Vec<HostPort>,
    /// The id that the cluster reports; another one refuses every plan.
    pub cluster_id: Option<String>,
    /// The cluster's ARN, where it is one of MSK's.
    pub msk_arn: Option<MskArn>,
    pub authentication: KafkaAuthentication,
    /// What a stream's job reads unless the stream says otherwise.
    pub isolation: Isolation,
}

#[derive(Clone)]
pub enum KafkaAuthentication {
    None,
    Tls {
        /// Absent: the system's roots.
        ca_file: Option<PathBuf>,
    },
    Scram {
        mechanism: ScramMechanism,
        username: String,
        password: Secret,
        ca_file: Option<PathBuf>,
    },
    /// MSK's IAM authentication, with Sluice's own AWS credentials.
    Iam {
        region: Region,
    },
    Mtls {
        ca_file: Option<PathBuf>,
        certificate_file: PathBuf,
        key_file: PathBuf,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScramMechanism {
    Sha256,
    Sha512,
}

/// Kafka's `isolation.level`, as the stream's job sets it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Isolation {
    /// The reader's own default, which Spark does not change.
    #[default]
    ReadUncommitted,
    ReadCommitted,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawKafkaCluster {
    pub(super) name: Name,
    pub(super) bootstrap: Vec<HostPort>,
    pub(super) cluster_id: Option<String>,
    pub(super) msk_arn: Option<MskArn>,
    pub(super) authentication: RawKafkaAuthentication,
    #[serde(default)]
    pub(super) isolation: Isolation,
}

/// One flat table, so that an unknown key or a missing one is named exactly.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawKafkaAuthentication {
    pub(super) kind: KafkaAuthenticationKind,
    pub(super) mechanism: Option<ScramMechanism>,
    pub(super) username: Option<String>,
    pub(super) password_file: Option<PathBuf>,
    pub(super) password_env: Option<String>,
    pub(super) region: Option<Region>,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) certificate_file: Option<PathBuf>,
    pub(super) key_file: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum KafkaAuthenticationKind {
    None,
    Tls,
    Scram,
    Iam,
    Mtls,
}
