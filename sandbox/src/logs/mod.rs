//! CloudWatch Logs: groups, streams and events with bounded memory, and the
//! calls of its API that Sluice, its jobs and the runbook make.

mod filter;
mod operations;
mod read;
mod service;
mod store;
mod stream;

pub use filter::{FilterPattern, PatternError};
pub use service::CloudWatchLogs;
pub use store::{Group, Logs, LogsError};
pub use stream::{LogEvent, Stream};
