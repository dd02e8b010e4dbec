//! Kafka as far as Sluice and the simulated jobs need it: topics whose records
//! are counted, not kept, and a listener that answers Kafka's own protocol.
//!
//! A partition's records lie on straight lines of time, so that a topic with
//! billions of records costs a few kilobytes, and every offset has a timestamp
//! and every timestamp an offset.

mod answers;
mod bounds;
mod configs;
pub mod listener;
mod log_dirs;
mod metadata;
mod offsets;
mod partition_log;
mod topic;
mod topics;

pub use listener::{ListenError, Listener};
pub use partition_log::{PartitionLog, RecordAt};
pub use topic::{CleanupPolicy, TimestampType, Topic, TopicSettings};
pub use topics::{TopicError, Topics};
