//! The troubleshooting page of a stream.

use domain::changed::Changed;
use domain::ids::StreamName;
use domain::probe::Probe;
use domain::time::Millis;
use serde::{Deserialize, Serialize};

use super::Permission;

/// The troubleshooting page of a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TroubleshootPage {
    /// The server's time.
    pub now: Millis,
    /// Which stream.
    pub stream: StreamName,
    /// The AWS region that it is in.
    pub region: String,
    /// What was asked just now, all of it only reading.
    pub probes: Vec<Probe>,
    /// What changed since the last job run that did its work, or why that is
    /// not known.
    pub changed: Result<Changed, String>,
    /// Where backups go, `s3://bucket/prefix/`.
    pub backup_root: String,
    /// Whether the person may try a write there.
    pub may_write: Permission,
    /// What came of the newest try since the server began.
    pub written: Option<WriteTried>,
}

/// A write that was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteTried {
    /// When.
    pub at: Millis,
    /// By whom, the name.
    pub by: String,
    /// What came of it.
    pub probe: Probe,
}
