//! What a person wants: the way out that was chosen, and why.

use serde::{Deserialize, Serialize};

use crate::access::Person;
use crate::offsets::PartitionOffsets;
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
    /// E: forget every batch after this one and go on from its end.
    RollBack {
        /// The newest batch that stays.
        #[serde(with = "crate::canonical::decimal")]
        batch: i64,
    },
}

/// What a way out does to the checkpoint, which says what its plan is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Course {
    /// Nothing in it is changed; the job goes on where its log says.
    GoOn,
    /// Some of its files are changed; the job goes on from its log.
    GoBack,
    /// It is cleared; the job begins at batch 0, at offsets that are carried to
    /// it.
    BeginAnew,
}

impl Course {
    /// What it is for, as the heading of its ways out.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Course::GoOn => "Go on as it is",
            Course::GoBack => "Go back in its own log",
            Course::BeginAnew => "Begin anew",
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
            WayOut::RollBack { .. } => 'E',
            WayOut::Restart => 'R',
        }
    }

    /// What it does to the checkpoint.
    #[must_use]
    pub fn course(&self) -> Course {
        match self {
            WayOut::Latest
            | WayOut::Timestamp { .. }
            | WayOut::Offsets { .. }
            | WayOut::Earliest => Course::BeginAnew,
            WayOut::RollBack { .. } => Course::GoBack,
            WayOut::Restart => Course::GoOn,
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
            WayOut::RollBack { .. } => "Roll back to a batch",
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
            WayOut::RollBack { batch } => format!("E: roll back to batch {batch}"),
        }
    }
}
