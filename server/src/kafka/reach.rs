//! Whether one broker can be reached from here, step by step, so that the words
//! say how far it came.

use std::time::Duration;

use tokio::net::TcpStream;

use super::cluster::Cluster;
use super::{KafkaClient, KafkaError};
use crate::config::{HostPort, KafkaCluster};

/// A broker in reach accepts within milliseconds; a dropped packet is sent again
/// after a second and after three.
const TCP_TIMEOUT: Duration = Duration::from_secs(4);

/// How far it came.
#[derive(Debug, thiserror::Error)]
pub enum ReachError {
    /// No connection.
    #[error("no connection was made: {reason}")]
    Tcp {
        /// In a few words.
        reason: String,
    },
    /// The connection stands, and Kafka's own talk over it failed.
    #[error("the connection stands, but the broker does not answer as Kafka")]
    Kafka(#[source] KafkaError),
}

impl KafkaClient {
    /// Connects to one broker alone, asks it by ApiVersions what it can, signs in
    /// and asks it for its cluster's id. Nothing is kept of the connection.
    ///
    /// # Errors
    /// With how far it came.
    pub async fn reach(
        &self,
        cluster: &KafkaCluster,
        broker: &HostPort,
    ) -> Result<Option<String>, ReachError> {
        connected(broker).await?;
        let alone = KafkaCluster {
            bootstrap: vec![broker.clone()],
            ..cluster.clone()
        };
        let kafka = Cluster::connect(&alone, Some(&self.aws))
            .await
            .map_err(ReachError::Kafka)?;
        kafka.id().await.map_err(ReachError::Kafka)
    }
}

async fn connected(broker: &HostPort) -> Result<(), ReachError> {
    let reason = match tokio::time::timeout(
        TCP_TIMEOUT,
        TcpStream::connect(broker.as_str()),
    )
    .await
    {
        Ok(Ok(_)) => return Ok(()),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("nothing came back within {} s", TCP_TIMEOUT.as_secs()),
    };
    Err(ReachError::Tcp { reason })
}
