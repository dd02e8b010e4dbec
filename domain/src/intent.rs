//! What a person wants: the way out that was chosen, and why.

use serde::{Deserialize, Serialize};

use crate::access::Person;
use crate::ids::Digest;
use crate::offsets::PartitionOffsets;
use crate::stream::Prefix;
use crate::time::Millis;

/// What a person asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// The way out.
    pub way_out: WayOut,
    /// Why, in the person's words.
    pub reason: String,
    /// Who.
    pub person: Person,
}

/// The ways out: the runbook's by its letters, and those that go on from the
/// checkpoint's own log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "option")]
pub enum WayOut {
    /// A: begin at the end of each partition as planned; what was waiting is
    /// skipped.
    Latest,
    /// B: begin at the first record at or after a time; a partition without
    /// such a record begins at its end.
    Timestamp {
        /// The time.
        at: Millis,
    },
    /// B: begin at these offsets.
    Offsets {
        /// One for every partition.
        offsets: PartitionOffsets,
    },
    /// C: begin at the log start of each partition; everything retained is
    /// read again.
    Earliest,
    /// R: start the job again on the checkpoint as it is.
    Restart,
    /// D: put a sealed backup of this stream back, exactly as it was made.
    Restore {
        /// Where its objects lie.
        backup: Prefix,
        /// The SHA-256 of its manifest.
        manifest: Digest,
    },
    /// E: forget every batch after this one and go on from its end.
    RollBack {
        /// The newest batch that stays.
        #[serde(with = "crate::canonical::decimal")]
        batch: i64,
    },
    /// H: move where the next batch begins, in the log's own newest file. A
    /// partition that is not named stays where it is.
    Move {
        /// The new places.
        offsets: PartitionOffsets,
    },
    /// G: go on at these offsets, with the number after the newest that was
    /// used.
    Rise {
        /// One for every partition.
        offsets: PartitionOffsets,
    },
}

/// How much of the checkpoint a way out changes, which says what its plan is
/// made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touch {
    /// Nothing: the job goes on where its log says.
    Nothing,
    /// Some files of its log and state: the job goes on where its log then says.
    Log,
    /// All: it is cleared, and a backup is put in its place. The job goes on
    /// where the log of that says.
    Backup,
    /// All: it is cleared, and the job begins at batch 0, at offsets that are
    /// carried to it.
    All,
}

/// What a way out is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Course {
    /// From where it stopped.
    GoOn,
    /// To what its own log, or a backup, says of an earlier time.
    GoBack,
    /// At places that are chosen.
    BeginAnew,
}

impl Course {
    /// The heading of its ways out.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Course::GoOn => "Go on from where it stopped",
            Course::GoBack => "Go back to an earlier state",
            Course::BeginAnew => "Begin anew at a place of your choice",
        }
    }
}

impl WayOut {
    /// The runbook's letter, or the one that stands for it here.
    #[must_use]
    pub fn letter(&self) -> char {
        match self {
            WayOut::Latest => 'A',
            WayOut::Timestamp { .. } | WayOut::Offsets { .. } => 'B',
            WayOut::Earliest => 'C',
            WayOut::Restore { .. } => 'D',
            WayOut::RollBack { .. } => 'E',
            WayOut::Rise { .. } => 'G',
            WayOut::Move { .. } => 'H',
            WayOut::Restart => 'R',
        }
    }

    /// What it is for.
    #[must_use]
    pub fn course(&self) -> Course {
        match self {
            WayOut::Latest
            | WayOut::Timestamp { .. }
            | WayOut::Offsets { .. }
            | WayOut::Earliest
            | WayOut::Rise { .. } => Course::BeginAnew,
            WayOut::Restore { .. } | WayOut::RollBack { .. } => Course::GoBack,
            WayOut::Restart | WayOut::Move { .. } => Course::GoOn,
        }
    }

    /// How much of the checkpoint it changes.
    #[must_use]
    pub fn touch(&self) -> Touch {
        match self {
            WayOut::Latest
            | WayOut::Timestamp { .. }
            | WayOut::Offsets { .. }
            | WayOut::Earliest => Touch::All,
            WayOut::RollBack { .. } | WayOut::Move { .. } | WayOut::Rise { .. } => {
                Touch::Log
            }
            WayOut::Restore { .. } => Touch::Backup,
            WayOut::Restart => Touch::Nothing,
        }
    }

    /// The name, as on a card.
    #[must_use]
    pub fn title(&self) -> &'static str {
        match self {
            WayOut::Latest => "Resume from now",
            WayOut::Timestamp { .. } => "Start at a time",
            WayOut::Offsets { .. } => "Start at offsets",
            WayOut::Earliest => "Reprocess everything retained",
            WayOut::Restart => "Restart only",
            WayOut::Restore { .. } => "Restore a backup",
            WayOut::RollBack { .. } => "Roll back to a batch",
            WayOut::Move { .. } => "Step over records",
            WayOut::Rise { .. } => "Start at offsets, numbers rising",
        }
    }

    /// The parameters in words, with what they are.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            WayOut::Latest => "A: resume from the newest records".to_owned(),
            WayOut::Timestamp { at } => format!("B: start at {}", at.utc()),
            WayOut::Offsets { offsets } => {
                format!("B: start at given offsets of {} partitions", offsets.len())
            }
            WayOut::Earliest => "C: reprocess everything that Kafka retains".to_owned(),
            WayOut::Restart => "R: restart only, on the checkpoint as it is".to_owned(),
            WayOut::Restore { backup, .. } => {
                format!("D: restore the backup {}", backup.name())
            }
            WayOut::RollBack { batch } => format!("E: roll back to batch {batch}"),
            WayOut::Move { offsets } => {
                format!("H: move the next offsets of {} partitions", offsets.len())
            }
            WayOut::Rise { offsets } => format!(
                "G: start at given offsets of {} partitions, numbers rising",
                offsets.len()
            ),
        }
    }
}
