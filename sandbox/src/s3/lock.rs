//! What keeps objects from being deleted for good: settings of a bucket and of an
//! object, kept and shown. Nothing here refuses a delete without a version, as in S3.

use serde::{Deserialize, Serialize};

/// Of a bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Protection {
    /// `Enabled` or `Suspended`; absent means that it was never on.
    pub versioning: Option<String>,
    /// Whether a second factor is needed to delete a version.
    pub mfa_delete: bool,
    /// Whether objects can be held.
    pub object_lock: bool,
    /// How each new object is held.
    pub default_hold: Option<DefaultHold>,
}

/// How each new object of a bucket is held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DefaultHold {
    /// `GOVERNANCE` or `COMPLIANCE`.
    pub mode: String,
    /// For how many days.
    pub days: i32,
}

/// Until when an object is held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retained {
    /// `GOVERNANCE` or `COMPLIANCE`.
    pub mode: String,
    /// Milliseconds since the epoch.
    pub until_ms: i64,
}

const DAY_MS: i64 = 86_400_000;

impl Protection {
    /// How an object is held that is written now and names nothing itself.
    pub(super) fn of_a_new_object(&self, now_ms: i64) -> Option<Retained> {
        let hold = self.default_hold.as_ref()?;
        Some(Retained {
            mode: hold.mode.clone(),
            until_ms: now_ms + i64::from(hold.days) * DAY_MS,
        })
    }
}
