//! CloudWatch metrics: a store with CloudWatch's rules of aggregation, and its
//! API in the three protocols that clients speak today: RPC v2 CBOR (the Rust
//! SDK), AWS JSON 1.0 (boto3 and the AWS CLI 1) and Query (the AWS CLI 2 of
//! the distributions).

mod get_data;
mod list;
mod metrics;
mod operations;
mod output;
mod protocol;
mod put;
mod query_params;
mod series;
mod service;
mod statistics;

pub use metrics::{Datum, MetricId, Metrics, MetricsError};
pub use series::{StatisticSet, Unit};
pub use service::CloudWatch;
pub use statistics::{Datapoint, Statistic};
