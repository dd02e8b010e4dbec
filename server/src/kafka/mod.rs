//! Kafka, asked and never written to.

mod client;
mod error;

pub use client::KafkaClient;
pub use error::KafkaError;
