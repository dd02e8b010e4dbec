//! What levers there are.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::emr::EmrError;
use crate::faults::Fault;
use crate::kafka::TopicError;
use crate::s3::StoreError;

/// One pull of a lever.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "lever", rename_all = "snake_case", deny_unknown_fields)]
pub enum Lever {
    /// Damages a file of the checkpoint.
    DamageFile {
        stream: String,
        file: CheckpointFileChoice,
        how: Damage,
    },
    /// Deletes a file of the checkpoint.
    DeleteFile {
        stream: String,
        file: CheckpointFileChoice,
    },
    /// Leaves the offsets file of the next batch without bytes, as a driver that dies in
    /// the middle of a write can.
    TornWrite { stream: String },
    /// Throttles S3 in so many percent of its calls; zero ends it.
    ThrottleS3 { percent: u8 },
    /// Lets so many percent of S3's calls fail with 500; zero ends it.
    BreakS3 { percent: u8 },
    /// Delays every S3 call; zero ends it.
    SlowS3 { ms: u64 },
    /// Any fault, in full.
    Fault { fault: Fault },
    /// Ends every fault of S3 and the other services.
    NoFaults {},
    /// Starts the stream's job.
    Start { stream: String },
    /// Starts any job: the body of a `StartJobRun`, but for its client token.
    Submit {
        application: String,
        body: Map<String, Value>,
    },
    /// Cancels the stream's newest job run.
    Cancel { stream: String },
    /// Loses the driver of the stream's newest job run.
    Crash { stream: String },
    /// The driver hangs between two batches, or goes on.
    Hang { stream: String, on: bool },
    /// The executors stay at their batch for so many minutes; zero lets them go.
    SlowBatch { stream: String, minutes: u32 },
    /// A cancelled job run stays in CANCELLING, its driver at work.
    WillNotDie { stream: String, on: bool },
    /// A scheduler starts the job anew whenever it has ended.
    ComesBack { stream: String, on: bool },
    /// The stream's producer writes or does not.
    Producer { stream: String, on: bool },
    /// The stream's producer writes at so many percent of its usual pace.
    Pace { stream: String, percent: u32 },
    /// So many records arrive at once.
    Flood { stream: String, records: u64 },
    /// Retention takes everything that the stream has not read and a little more.
    CutRetention { stream: String },
    /// A producer opens a transaction on every partition and leaves it.
    OpenTransaction { stream: String },
    /// Every open transaction ends.
    EndTransactions { stream: String },
    /// The topic is deleted and made anew.
    RecreateTopic { stream: String },
    /// The topic gets more partitions.
    AddPartitions { stream: String, total: u32 },
    /// By how much delays are divided from now on.
    TimeFactor { factor: u32 },
}

/// Which file of a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckpointFileChoice {
    NewestOffsets,
    PreviousOffsets,
    NewestCommit,
    Metadata,
    InitialOffsets,
}

/// What becomes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Damage {
    /// No bytes.
    Empty,
    /// The first half only.
    Truncated,
    /// Text that is nothing.
    Garbage,
    /// The version line alone.
    VersionOnly,
    /// A version that is too new.
    NewerVersion,
    /// The second line is blank.
    BlankMetadata,
    /// The last line is no JSON.
    BadJson,
    /// The last line is `-`.
    Void,
}

/// Why a lever did not move.
#[derive(Debug, thiserror::Error)]
pub enum LeverError {
    /// There is no such stream.
    #[error("there is no stream {0}")]
    NoStream(String),
    /// The stream has no such file.
    #[error("{stream} has no {file:?}")]
    NoFile {
        /// The stream.
        stream: String,
        /// What was looked for.
        file: CheckpointFileChoice,
    },
    /// The stream has no job run.
    #[error("{0} has no job run")]
    NoJobRun(String),
    /// S3 could not be changed.
    #[error("S3 refused: {0}")]
    Store(#[source] StoreError),
    /// A topic could not be changed.
    #[error("Kafka refused: {0}")]
    Topic(#[source] TopicError),
    /// EMR refused.
    #[error("EMR refused: {0}")]
    Emr(#[source] EmrError),
}
