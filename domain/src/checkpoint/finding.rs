//! What the doctor says.

use serde::{Deserialize, Serialize};

/// One thing that is wrong with a checkpoint, or worth knowing about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The number of the check, `C04`; stable, so that runbooks can name it.
    pub id: String,
    pub severity: Severity,
    /// Relative to the checkpoint.
    pub path: Option<String>,
    /// Counted from 1.
    pub line: Option<u32>,
    /// A plain sentence with the evidence.
    pub message: String,
    pub action: Action,
}

/// Ordered from least to worst.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Info,
    Warning,
    /// The query cannot start, or records are lost without a word.
    Error,
}

/// What would mend it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    Nothing,
    Wait,
    RestartOnly,
    /// Back to the end of this batch, which keeps its commit.
    RollBackTo(i64),
    RestoreBackup,
    /// Seed the starting offsets in a cleared checkpoint.
    NewStartAtOffsets,
    FullReset,
}
