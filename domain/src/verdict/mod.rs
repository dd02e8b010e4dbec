//! The verdict on a stream: one word, worst first, with its evidence, since
//! when, and whether a reset can help at all.

mod behind;
mod case;
mod cause;
mod headroom;
mod job;
mod judge;
mod kafka;
mod lag;
mod sink;
mod start;
mod together;
mod work;

pub use cause::{Cause, CauseKind, cause};
pub use headroom::{Headroom, Loss, LossBy, headrooms};
pub use judge::judge;
pub use lag::{Lag, Sample, lag, sample};
pub use together::{CommonCause, Shared, Watched, common_causes};

use serde::{Deserialize, Serialize};

use crate::time::Millis;

/// The verdicts, worst first.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum VerdictKind {
    /// What is needed could not be read. Never shown as well.
    Unknown,
    /// The next offset is behind the log start, or will be soon; or the sink drops
    /// what is read.
    LosingData,
    /// The doctor foresees a failure, or a start that loses records in silence;
    /// or the checkpoint does not fit the topics that are there.
    Corrupt,
    /// No job run that is at work: ended, not up yet, or failing again and again.
    Down,
    /// Input has waited, no batch advances, and nothing is seen to be at work.
    Stuck,
    /// An open Kafka transaction holds the end back, and has for some time.
    Blocked,
    /// Offsets are written and not yet committed, and that is no wonder: slow is
    /// not stuck.
    WorkingOnABigBatch,
    /// The lag grows.
    Behind,
    /// Nothing comes in.
    Idle,
    /// It keeps up.
    Healthy,
}

impl VerdictKind {
    /// Every verdict, worst first.
    pub const ALL: [VerdictKind; 10] = [
        VerdictKind::Unknown,
        VerdictKind::LosingData,
        VerdictKind::Corrupt,
        VerdictKind::Down,
        VerdictKind::Stuck,
        VerdictKind::Blocked,
        VerdictKind::WorkingOnABigBatch,
        VerdictKind::Behind,
        VerdictKind::Idle,
        VerdictKind::Healthy,
    ];

    /// The word on a chip.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            VerdictKind::Unknown => "unknown",
            VerdictKind::LosingData => "losing data",
            VerdictKind::Corrupt => "corrupt",
            VerdictKind::Down => "down",
            VerdictKind::Stuck => "stuck",
            VerdictKind::Blocked => "blocked",
            VerdictKind::WorkingOnABigBatch => "working on a big batch",
            VerdictKind::Behind => "behind",
            VerdictKind::Idle => "idle",
            VerdictKind::Healthy => "healthy",
        }
    }

    /// The word in an address, such as `losing-data`.
    #[must_use]
    pub fn slug(self) -> String {
        self.word().replace(' ', "-")
    }
}

/// Whether a reset can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResetHelps {
    /// Yes.
    Yes,
    /// It may; something milder may do as well.
    Perhaps,
    /// No: something else is wrong, or nothing is.
    No,
    /// It cannot be told.
    Unknown,
}

/// The verdict and what speaks for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The word.
    pub kind: VerdictKind,
    /// What is so, without the stream's name: "has been stuck for 1 h 12 m: …".
    pub sentence: String,
    /// What follows from it, as a sentence.
    pub advice: String,
    /// Since when, where it can be told.
    pub since: Option<Millis>,
    /// Whether a reset can help.
    pub reset_helps: ResetHelps,
    /// What speaks for it, as sentences.
    pub evidence: Vec<String>,
    /// Why the job failed, where its own words tell.
    #[serde(default)]
    pub cause: Option<Cause>,
}

/// From when on something is a matter for alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thresholds {
    /// Losing data: within this time, in milliseconds, or within a third of the
    /// time that records live where that is shorter.
    pub alarm_ms: i64,
    /// Stuck: input has waited for so many trigger intervals.
    pub triggers: i64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            alarm_ms: 6 * 3_600_000,
            triggers: 5,
        }
    }
}
