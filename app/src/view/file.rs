//! A checkpoint file's page.

use domain::checkpoint::Finding;
use domain::decoded::Decoded;
use domain::ids::StreamName;
use domain::time::Millis;
use serde::{Deserialize, Serialize};

/// A checkpoint file's page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePage {
    /// The server's time.
    pub now: Millis,
    /// Whose checkpoint it is of.
    pub stream: StreamName,
    /// The name below the checkpoint, such as `offsets/12`.
    pub key: String,
    /// The whole address in S3.
    pub uri: String,
    /// The file, or why there is none.
    pub file: FileSeen,
    /// What the newest look found to be wrong with it.
    pub findings: Vec<Finding>,
    /// Whether it was written again since that look.
    pub changed_since: bool,
}

/// A file as it was read just now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileSeen {
    /// It was read.
    Read {
        /// Of the bytes that were read.
        etag: String,
        /// What is in it.
        decoded: Box<Decoded>,
    },
    /// There is no such file.
    Missing,
    /// It is larger than what is read of a file, both in bytes.
    TooLarge {
        /// Of the file.
        size: u64,
        /// That would be read.
        max: u64,
    },
    /// Sluice may not read it.
    NotPermitted {
        /// What S3 said.
        reason: String,
    },
    /// It could not be read.
    Unread {
        /// Why not.
        reason: String,
    },
}
