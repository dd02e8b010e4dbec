//! What was seen of one stream at one time: the input of every verdict and
//! every plan.
//!
//! A part that could not be read is [`Observed::Unknown`] with the reason. It
//! is never an empty value: an unread listing is not an empty prefix.

mod kafka;
mod starter;
mod writers;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::canonical;
use crate::checkpoint::{Finding, Prognosis};
use crate::estimate::Used;
use crate::ids::{Digest, JobRunId, StreamName};
use crate::offsets::PartitionOffsets;
use crate::sink::SinkSeen;
use crate::time::Millis;

pub use kafka::{FormerTopic, KafkaSeen, PartitionSeen, TopicSeen};
pub use starter::{Airflow, AirflowSign, Starter};
pub use writers::{OtherRun, Tie};

/// Something that was read, or the reason why it could not be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "observed")]
pub enum Observed<T> {
    /// It was read.
    Seen {
        /// When.
        at: Millis,
        /// What.
        value: T,
    },
    /// It could not be read.
    Unknown {
        /// When it was tried.
        at: Millis,
        /// Why not, as a sentence.
        reason: String,
    },
}

impl<T> Observed<T> {
    /// When it was read, or tried.
    #[must_use]
    pub fn at(&self) -> Millis {
        match self {
            Observed::Seen { at, .. } | Observed::Unknown { at, .. } => *at,
        }
    }

    /// The value, if it was read.
    #[must_use]
    pub fn seen(&self) -> Option<&T> {
        match self {
            Observed::Seen { value, .. } => Some(value),
            Observed::Unknown { .. } => None,
        }
    }

    /// Why it could not be read.
    #[must_use]
    pub fn unknown_reason(&self) -> Option<&str> {
        match self {
            Observed::Seen { .. } => None,
            Observed::Unknown { reason, .. } => Some(reason),
        }
    }
}

/// One stream as it was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Which stream.
    pub stream: StreamName,
    /// When the reading was complete.
    pub taken_at: Millis,
    /// The checkpoint under its prefix.
    pub checkpoint: Observed<CheckpointSeen>,
    /// The application and the job runs that may write here.
    pub jobs: Observed<JobsSeen>,
    /// The topics that the stream reads.
    pub kafka: Observed<KafkaSeen>,
    /// The newest progress reports of the job, oldest first.
    pub progress: Observed<Vec<Progress>>,
    /// The sink, looked at before the checkpoint was.
    pub sink: Observed<SinkSeen>,
}

/// A checkpoint as listed and read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckpointSeen {
    /// `s3://bucket/prefix/`, ending in a slash.
    pub location: String,
    /// Objects under the prefix.
    #[serde(with = "canonical::decimal")]
    pub objects: u64,
    /// Their sizes added up, in bytes.
    #[serde(with = "canonical::decimal")]
    pub bytes: u64,
    /// When the newest object was written, by S3's clock.
    pub changed_at: Option<Millis>,
    /// The query id in `metadata`, where it can be read.
    pub query_id: Option<Uuid>,
    /// Whether `metadata` is Sluice's closed gate, and whose.
    pub gate_of: Option<String>,
    /// The files that decide a restart: name below the prefix to its ETag.
    pub decisive: BTreeMap<String, String>,
    /// The newest batch in `offsets/`.
    pub newest_offsets: Option<i64>,
    /// The newest batch in `commits/`.
    pub newest_commit: Option<i64>,
    /// The newest batches whose offsets could be read, newest first.
    pub batches: Vec<BatchSeen>,
    /// What Spark would do if it were started on this.
    pub prognosis: Prognosis,
    /// What is wrong, worst first.
    pub findings: Vec<Finding>,
    /// Checkpoints that lie below this place, relative to it: then it is a
    /// root, and never a checkpoint to be cleared.
    #[serde(default)]
    pub nested: Vec<String>,
    /// The batches that can be rolled back to, newest first.
    #[serde(default)]
    pub rollbacks: Vec<RollbackSeen>,
}

/// A batch after which Spark would go on, were the later ones forgotten: what
/// the doctor foretells of the checkpoint as it would then be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollbackSeen {
    /// The newest batch that would stay.
    pub batch: i64,
    /// From where the next one would read, by source.
    pub next: Vec<PartitionOffsets>,
}

/// A batch of the offset log that could be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchSeen {
    /// Its id.
    pub batch: i64,
    /// Whether `commits/` has it.
    pub committed: bool,
    /// `batchTimestampMs`: when it was planned.
    pub planned_at: Millis,
    /// The end offsets by source, in the order of the file's lines. A source
    /// without a position (`-`) is `None`.
    pub ends: Vec<Option<PartitionOffsets>>,
}

impl CheckpointSeen {
    /// The newest batch that is both readable and committed: where the stream
    /// provably got to. It is the "before" of every plan.
    #[must_use]
    pub fn last_committed(&self) -> Option<&BatchSeen> {
        self.batches.iter().find(|b| b.committed)
    }

    /// The offsets from which the next batch would read by the newest readable
    /// committed batch, all sources merged.
    #[must_use]
    pub fn next_offsets(&self) -> Option<PartitionOffsets> {
        let batch = self.last_committed()?;
        let mut merged = PartitionOffsets::default();
        for end in batch.ends.iter().flatten() {
            for (topic, partition, offset) in end.iter() {
                merged.set(topic, partition, offset);
            }
        }
        Some(merged)
    }
}

/// The EMR Serverless application, and the job runs that may write here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobsSeen {
    /// The application's id.
    pub application: String,
    /// Its state in EMR's words, such as `STARTED`.
    pub application_state: String,
    /// Its release label, such as `emr-7.5.0`.
    pub release: String,
    /// The stream's job runs, newest first.
    pub runs: Vec<JobRunSeen>,
    /// Job runs that may write and are not known to be the stream's, those that
    /// are tied to it most closely first.
    pub others: Vec<OtherRun>,
    /// Why job runs of other applications could not be looked at; `None` where
    /// they were.
    #[serde(default)]
    pub elsewhere: Option<String>,
    /// What the executors of the newest job run are doing. Asked for only while
    /// a batch is under way; `None` where that could not be told.
    #[serde(default)]
    pub executors: Option<ExecutorsSeen>,
}

/// How busy the executors of a job run are, by EMR's own metrics.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutorsSeen {
    /// When the newest minute that has a value began.
    pub at: Millis,
    /// How much of the executors' vCPUs is used, in percent.
    pub busy_percent: u8,
    /// Since when they have done nothing, minute by minute, up to the newest;
    /// `None` where they are at work.
    pub idle_since: Option<Millis>,
}

impl JobsSeen {
    /// The job runs that may write now, or may come back to.
    pub fn alive(&self) -> impl Iterator<Item = &JobRunSeen> {
        self.runs.iter().filter(|r| r.state.may_write())
    }
}

/// A job run in EMR Serverless.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobRunSeen {
    /// Its id.
    pub id: JobRunId,
    /// Its name, where it has one.
    pub name: Option<String>,
    /// Its state.
    pub state: JobRunState,
    /// What EMR says about the state.
    pub state_details: String,
    /// `STREAMING` or `BATCH`.
    pub mode: String,
    /// The attempt, from 1.
    pub attempt: i32,
    /// When it was submitted.
    pub created_at: Millis,
    /// When its state last changed.
    pub updated_at: Millis,
    /// Who started it, an ARN.
    pub created_by: String,
    /// SHA-256 over entry point, arguments, submit parameters and
    /// configuration, which EMR marks as sensitive and which stand nowhere in
    /// Sluice as text.
    pub driver: Digest,
    /// The role that the job runs in, an ARN; `None` where it was not read.
    #[serde(default)]
    pub role: Option<String>,
    /// When it was first RUNNING; `None` where it was not, or was not read since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Millis>,
    /// What it used on average, once it has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<Used>,
}

/// The nine states of a job run in EMR Serverless' API, and any that a later
/// API brings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum JobRunState {
    /// Accepted.
    Submitted,
    /// Being looked at.
    Pending,
    /// Waiting for workers.
    Scheduled,
    /// At work.
    Running,
    /// Ended by itself.
    Success,
    /// Ended by an error, all attempts used.
    Failed,
    /// Being cancelled; may still write.
    Cancelling,
    /// Cancelled.
    Cancelled,
    /// Waiting for capacity.
    Queued,
    /// A state that this release does not know. Never taken for an end.
    Other(String),
}

impl JobRunState {
    /// Whether the job run can never write again. An unknown state cannot be
    /// told, so it is no end.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::Success | Self::Failed | Self::Cancelled)
    }

    /// Whether the job run writes or may come to write.
    #[must_use]
    pub fn may_write(&self) -> bool {
        !self.is_terminal()
    }

    /// EMR's word.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::Submitted => "SUBMITTED",
            Self::Pending => "PENDING",
            Self::Scheduled => "SCHEDULED",
            Self::Running => "RUNNING",
            Self::Success => "SUCCESS",
            Self::Failed => "FAILED",
            Self::Cancelling => "CANCELLING",
            Self::Cancelled => "CANCELLED",
            Self::Queued => "QUEUED",
            Self::Other(word) => word,
        }
    }
}

impl From<String> for JobRunState {
    fn from(word: String) -> Self {
        match word.as_str() {
            "SUBMITTED" => Self::Submitted,
            "PENDING" => Self::Pending,
            "SCHEDULED" => Self::Scheduled,
            "RUNNING" => Self::Running,
            "SUCCESS" => Self::Success,
            "FAILED" => Self::Failed,
            "CANCELLING" => Self::Cancelling,
            "CANCELLED" => Self::Cancelled,
            "QUEUED" => Self::Queued,
            _ => Self::Other(word),
        }
    }
}

impl From<JobRunState> for String {
    fn from(state: JobRunState) -> Self {
        state.word().to_owned()
    }
}

/// A progress report of the running query, from the driver's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// When the trigger fired.
    pub at: Millis,
    /// The batch.
    pub batch: i64,
    /// The query's id.
    pub query_id: Option<Uuid>,
    /// Records read.
    #[serde(with = "canonical::decimal")]
    pub input_rows: u64,
    /// How long the batch took, in milliseconds.
    pub duration_ms: i64,
    /// Where the first source began, as reported.
    pub start: Option<PartitionOffsets>,
    /// Where the first source ended, as reported.
    pub end: Option<PartitionOffsets>,
}
