//! The home page: every stream, worst first.

use domain::ids::{RunId, StreamName};
use domain::time::Millis;
use domain::verdict::{CommonCause, Lag, Verdict};
use serde::{Deserialize, Serialize};

use super::Point;

/// The home page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StreamsPage {
    /// The server's time.
    pub now: Millis,
    /// What several of these streams fell by together, widest first.
    pub common: Vec<CommonCause>,
    /// Every stream that the person may see, worst first.
    pub streams: Vec<StreamRow>,
    /// What waits for this person.
    pub waiting: Vec<WaitingItem>,
}

/// One stream in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StreamRow {
    /// Its name.
    pub name: StreamName,
    /// Its title.
    pub title: String,
    /// Its environment.
    pub environment: String,
    /// Who owns it.
    pub owner: String,
    /// The verdict; `None` before the first look at it.
    pub verdict: Option<Verdict>,
    /// When it was looked at.
    pub seen_at: Option<Millis>,
    /// How far behind it is; `None` is unknown.
    pub lag: Option<Lag>,
    /// The newest committed batch.
    pub batch: Option<i64>,
    /// When that batch was planned.
    pub batch_at: Option<Millis>,
    /// The newest job run's state in EMR's word; `None` is unknown or none.
    pub job_state: Option<String>,
    /// Records processed by minute of the last hour, for a small chart; a gap
    /// is a gap.
    pub spark: Vec<Point>,
    /// The Run that is open on it.
    pub open_run: Option<RunId>,
}

/// Something that waits for this person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingItem {
    /// The Run.
    pub run: RunId,
    /// The stream.
    pub stream: StreamName,
    /// What is asked, as a sentence.
    pub what: String,
    /// When it turns into a No, if it does.
    pub until: Option<Millis>,
}
