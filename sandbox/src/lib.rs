//! A local AWS, Kafka and identity provider.

pub mod clock;
pub mod cloudwatch;
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
pub mod sts;
pub mod wire;
