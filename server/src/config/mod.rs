//! All settings, parsed once at the start from one TOML file.
//!
//! What was parsed is valid: the rest of the server asks no questions about it.
//! `sluice.example.toml` documents every key.

mod aws;
mod document;
mod error;
mod kafka;
mod location;
mod names;
mod policy;
mod prices;
mod secrets;
mod server;
mod sign_in;
mod streams;
#[cfg(test)]
mod tests;
mod validate;
mod validate_streams;

use std::path::Path;

use domain::estimate::Prices;
use domain::ids::StreamName;
use serde::Deserialize;

pub use aws::{Aws, Credentials, Endpoint, Endpoints};
pub use error::{ConfigError, Problem};
pub use kafka::{Isolation, KafkaAuthentication, KafkaCluster, ScramMechanism};
pub use location::{LocationError, S3Location};
pub use names::{AccountId, HostPort, MskArn, Name, Region, RoleArn};
pub use policy::{Agreement, Policies, Policy, Requirement};
pub use secrets::{Secret, SecretError, SecretSource};
pub use server::{Banner, DatabaseUrl, LogFormat, PublicOrigin, Server};
pub use sign_in::{Issuer, RoleMapping, SignIn};
pub use streams::{
    Carrier, Checkpoint, Columns, Contact, Downstream, Job, Logs, Metric, MetricKind,
    Metrics, Sink, SinkKind, StartingPosition, Stream, StreamKafka,
};

/// The whole configuration.
#[derive(Clone)]
pub struct Config {
    pub server: Server,
    pub sign_in: SignIn,
    pub aws: Aws,
    pub policy: Policies,
    /// What workers and requests cost, where that is configured.
    pub prices: Option<Prices>,
    pub kafka_clusters: Vec<KafkaCluster>,
    pub streams: Vec<Stream>,
}

/// The file as serde reads it, before its parts are judged together.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawConfig {
    server: Server,
    sign_in: sign_in::RawSignIn,
    aws: aws::RawAws,
    policy: Policies,
    #[serde(default)]
    prices: Option<prices::RawPrices>,
    #[serde(default)]
    kafka_clusters: Vec<kafka::RawKafkaCluster>,
    #[serde(default)]
    streams: Vec<Stream>,
}

impl Config {
    /// Reads the file and the secrets that it refers to.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
            path: path.to_owned(),
            source,
        })?;
        let base = path.parent().unwrap_or(Path::new("."));
        Self::parse(&text, base).map_err(|problems| ConfigError::Refused {
            path: path.to_owned(),
            problems,
        })
    }

    /// Parses a configuration. Relative paths in it refer to `base`.
    pub fn parse(text: &str, base: &Path) -> Result<Self, Vec<Problem>> {
        let document =
            document::Document::parse(text).map_err(|problem| vec![problem])?;
        let raw: RawConfig =
            toml::from_str(text).map_err(|error| vec![document.explain(&error)])?;
        validate::judge(raw, &document, base)
    }

    /// Where the database is: as configured, or in the data folder.
    pub fn database_url(&self) -> String {
        match &self.server.database_url {
            Some(url) => url.as_str().to_owned(),
            None => format!(
                "sqlite:{}",
                self.server.data_dir.join("sluice.db").display()
            ),
        }
    }

    /// The stream of that name, if it is configured.
    pub fn stream(&self, name: &StreamName) -> Option<&Stream> {
        self.streams.iter().find(|stream| stream.name == *name)
    }

    /// The cluster that a stream reads from.
    pub fn kafka_cluster(&self, stream: &Stream) -> &KafkaCluster {
        self.kafka_clusters
            .iter()
            .find(|cluster| cluster.name == stream.kafka.cluster)
            .expect("a stream that names an unknown cluster is refused at the start")
    }

    /// The policy of a stream's environment.
    pub fn policy(&self, stream: &Stream) -> &Policy {
        self.policy
            .get(&stream.environment)
            .expect("a stream of an unknown environment is refused at the start")
    }

    /// The region of a stream: its own, or the default.
    pub fn region<'a>(&'a self, stream: &'a Stream) -> &'a Region {
        stream.region.as_ref().unwrap_or(&self.aws.region)
    }
}
