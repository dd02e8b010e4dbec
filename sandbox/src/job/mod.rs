//! The simulated Spark job.
//!
//! It behaves like Spark and keeps nothing in memory across a start: each start fetches
//! the script, lists and reads the checkpoint from S3 as the job's role, resumes by
//! Spark's rules (`domain::checkpoint`), and writes offsets, commits, sources, state and
//! metadata in Spark's formats, never over a file that is there. Two job runs on one
//! checkpoint therefore really conflict. A script can say that it runs outside; then it is
//! not simulated at all (`outside`).

mod controls;
mod driver;
mod driver_log;
mod failure;
mod kafka;
mod kafka_options;
mod order;
mod outside;
mod planner;
mod progress;
mod python;
mod query;
mod resume;
mod script;
mod sinks;
mod source;
mod state_store;
mod storage;
mod submitted;
mod timeline;
mod worker;

pub use controls::Controls;
pub use driver::{AttemptEnd, JobEnvironment, run_attempt};
pub use failure::{Cause, Failure, QueryIdentity};
pub use kafka::KafkaSource;
pub use kafka_options::{KafkaOptions, Starting};
pub use order::{AttemptOrder, StopSignal};
pub use outside::{MARK as OUTSIDE_MARK, NotOutside, Outside, OutsideDriver};
pub use planner::OffsetRange;
pub use python::PythonError;
pub use query::{Batch, MicroBatchQuery, QueryPlan};
pub use script::{QueryDefinition, Script, ScriptError, SinkFormat, Surroundings};
pub use source::Source;
pub use storage::{Location, Put, Storage};
pub use submitted::submitted_confs;
pub use timeline::Timeline;
