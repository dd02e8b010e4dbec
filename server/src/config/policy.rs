//! `[policy.<environment>]`: who must agree, and when Sluice worries.

use std::collections::BTreeMap;

use domain::access::Role;
use serde::Deserialize;

use super::names::Name;

/// The policies by environment. Every stream's environment has one.
pub type Policies = BTreeMap<Name, Policy>;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    pub agreement: Agreement,
    /// An approval that is not used within this time means no.
    #[serde(default = "default_approval_ttl_minutes")]
    pub approval_ttl_minutes: u32,
    /// A stream is losing data when the log start will pass its next offset
    /// within this time, or within a third of the time that the topic keeps
    /// records where that is shorter.
    #[serde(default = "default_alarm_hours")]
    pub alarm_hours: u32,
    /// How long no object of a checkpoint may change before it counts as quiet.
    /// Twice the trigger interval is used where that is longer.
    #[serde(default = "default_quiet_seconds")]
    pub quiet_seconds: u32,
    /// A stream counts as stuck once input has waited for so many triggers
    /// without a batch.
    #[serde(default = "default_stuck_triggers")]
    pub stuck_triggers: u32,
    /// How long a stop may take before it is handed to a person.
    #[serde(default = "default_stop_minutes")]
    pub stop_minutes: u32,
    /// How long a restarted stream is watched for its first batches.
    #[serde(default = "default_watch_minutes")]
    pub watch_minutes: u32,
}

/// Who must agree, by what a plan does. An empty list asks nobody.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    /// Hold, stop, back up and seal: undone by a restart.
    pub secure: Vec<Requirement>,
    /// Option A: from the newest record.
    pub latest: Vec<Requirement>,
    /// Option B: from a time or from given offsets.
    pub chosen: Vec<Requirement>,
    /// Option C: from the oldest record.
    pub earliest: Vec<Requirement>,
    /// Restart only: nobody where it is left out.
    pub restart: Option<Vec<Requirement>>,
    /// Option E: back to an older batch. As `chosen` where it is left out.
    pub rollback: Option<Vec<Requirement>>,
    /// Option D: a backup is put back. As `chosen` where it is left out.
    pub restore: Option<Vec<Requirement>>,
    /// Options G and H: at given offsets, in the log as it is. As `chosen` where it
    /// is left out.
    pub moved: Option<Vec<Requirement>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// Approver or stakeholder.
    pub role: Role,
    /// How many different people of that role.
    pub count: u32,
}

fn default_approval_ttl_minutes() -> u32 {
    4 * 60
}

fn default_alarm_hours() -> u32 {
    24
}

fn default_quiet_seconds() -> u32 {
    60
}

fn default_stuck_triggers() -> u32 {
    5
}

fn default_stop_minutes() -> u32 {
    15
}

fn default_watch_minutes() -> u32 {
    30
}
