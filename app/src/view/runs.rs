//! The list of past and present Runs.

use domain::ids::{RunId, StreamName};
use domain::run::{Ending, Stage};
use domain::time::Millis;
use serde::{Deserialize, Serialize};

/// What to show; every field is in the address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFilter {
    /// Of this stream; empty is every stream.
    pub stream: String,
    /// `open`, `done`, `restored` or `closed`; empty is every outcome.
    pub outcome: String,
    /// `A`, `B` or `C`; empty is every option.
    pub option: String,
}

/// The page of Runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunsPage {
    /// The server's time.
    pub now: Millis,
    /// What is shown.
    pub filter: RunFilter,
    /// Newest first.
    pub runs: Vec<RunRow>,
    /// The streams that the person may see, for the filter.
    pub streams: Vec<StreamName>,
}

/// One Run in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRow {
    /// The Run.
    pub run: RunId,
    /// The stream.
    pub stream: StreamName,
    /// What was wrong.
    pub verdict: String,
    /// The option, `A` to `C`; `None` before it was chosen.
    pub option: Option<String>,
    /// Where it stands.
    pub stage: Stage,
    /// Whether it waits for a person.
    pub parked: bool,
    /// How it ended.
    pub ending: Option<Ending>,
    /// Who opened it.
    pub opened_by: String,
    /// When.
    pub opened_at: Millis,
    /// When it ended.
    pub ended_at: Option<Millis>,
    /// Offsets skipped and read again, by the plan.
    pub skipped: Option<u64>,
    /// See `skipped`.
    pub repeated: Option<u64>,
    /// Whether it kept to its recovery time objective.
    pub within_rto: Option<bool>,
}
