//! What came of the steps of a Run, as it is journalled.

use serde::{Deserialize, Serialize};

use crate::canonical::decimal;
use crate::ids::{Digest, JobRunId};
use crate::offsets::PartitionOffsets;
use crate::time::Millis;

/// What came of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "facts")]
pub enum Facts {
    /// Leases are held.
    Held {
        /// The epoch.
        epoch: i64,
    },
    /// Cancels were accepted.
    CancelAsked {
        /// For these; those that had ended already are not here.
        job_runs: Vec<JobRunId>,
    },
    /// All ended, and the prefix is quiet.
    Quiet {
        /// The job runs and their last states in EMR's words.
        job_runs: Vec<(JobRunId, String)>,
        /// The newest object under the prefix, by S3's clock.
        changed_at: Option<Millis>,
    },
    /// Objects were copied.
    Copied {
        /// All of them, adopted ones included.
        #[serde(with = "decimal")]
        objects: u64,
        /// Found at the destination already, with the right checksum.
        #[serde(with = "decimal")]
        adopted: u64,
        /// Their sizes added up.
        #[serde(with = "decimal")]
        bytes: u64,
    },
    /// The manifest was written.
    SealedAs {
        /// Its SHA-256.
        manifest: Digest,
    },
    /// An object was written.
    Written {
        /// Its key.
        key: String,
        /// Its ETag.
        etag: String,
    },
    /// Objects were deleted.
    Cleared {
        /// How many; those found gone already included.
        #[serde(with = "decimal")]
        objects: u64,
    },
    /// A job run was started.
    StartedJob {
        /// Which.
        job_run: JobRunId,
        /// Whether it was found already started by an earlier attempt.
        adopted: bool,
    },
    /// The job began where the plan says.
    BeganAt {
        /// By source.
        sources: Vec<PartitionOffsets>,
        /// Where its first batch ended.
        first_ends: Vec<PartitionOffsets>,
    },
    /// Some of the checkpoint's files were changed.
    Edited {
        /// How many were deleted; those found gone already included.
        #[serde(with = "decimal")]
        deleted: u64,
        /// The keys that were written, below the checkpoint.
        written: Vec<String>,
    },
    /// A backup's objects lie where the checkpoint was, and nothing else.
    Restored {
        /// All of them but `metadata`, adopted ones included.
        #[serde(with = "decimal")]
        objects: u64,
        /// Found there already, with the right checksum.
        #[serde(with = "decimal")]
        adopted: u64,
        /// Their sizes added up.
        #[serde(with = "decimal")]
        bytes: u64,
    },
    /// The job went on where the log says.
    WentOn {
        /// At this batch.
        #[serde(with = "decimal")]
        batch: i64,
        /// From here, by source.
        sources: Vec<PartitionOffsets>,
        /// Where that batch ended.
        first_ends: Vec<PartitionOffsets>,
    },
    /// Batches advance.
    Advanced {
        /// The newest committed batch.
        batch: i64,
        /// Records behind the end.
        #[serde(with = "decimal")]
        lag: u64,
    },
}

/// What went wrong in a step: for the person, and for finding it in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepProblem {
    /// A sentence for the person.
    pub message: String,
    /// What to do, as a sentence.
    pub hint: String,
    /// The reference under which the log has the rest.
    pub reference: String,
}
