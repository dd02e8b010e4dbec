//! CloudWatch metrics and logs, driven over the wire by clients that are not
//! ours: the Rust SDK, boto3 and two AWS CLIs.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod cli;
mod door;
mod log_events;
mod metrics;
