//! A local AWS, Kafka and identity provider.
//!
//! Sluice runs against it as it runs against the real ones: what is imitated is the
//! wire, and nothing in Sluice knows of it. [`Sandbox::start`] opens everything.

pub mod clock;
pub mod cloudwatch;
pub mod console;
pub mod emr;
pub mod faults;
pub mod iam;
pub mod job;
pub mod kafka;
pub mod logs;
pub mod msk;
pub mod oidc;
pub mod record;
pub mod s3;
mod start;
pub mod streams;
pub mod sts;
pub mod wire;
pub mod world;

pub use start::{Config, KAFKA_CLUSTER_ID, Sandbox, StartError};
