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

/// The ways out of the runbook, by their letters.
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
}

impl WayOut {
    /// The runbook's letter.
    #[must_use]
    pub fn letter(&self) -> char {
        match self {
            WayOut::Latest => 'A',
            WayOut::Timestamp { .. } | WayOut::Offsets { .. } => 'B',
            WayOut::Earliest => 'C',
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
        }
    }
}
