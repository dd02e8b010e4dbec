//! What a page is drawn from: one value a page, made by the server. A page
//! reads no clock; `now` stands in its value.

mod file;
mod found;
mod plan;
mod run;
mod runs;
mod stream;
mod streams;
mod troubleshoot;

pub use file::{FilePage, FileSeen};
pub use found::{FoundOffsets, OffsetsPage};
pub use plan::{ComparePage, PlanPage, PlanRef};
pub use run::{
    AgreementView, BackupHeld, BackupRow, ChecklistRow, OptionCard, Permissions,
    PlanView, RunPage, StepView, TimeTyped, Weighed,
};
pub use runs::{RunFilter, RunRow, RunsPage};
pub use stream::{LogLine, LogTail, PartitionRow, Point, Series, StreamPage};
pub use streams::{StreamRow, StreamsPage, WaitingItem};
pub use troubleshoot::{TroubleshootPage, WriteTried};

use serde::{Deserialize, Serialize};

/// Whether the person may do something, and if not, why and who can.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permission {
    /// Whether.
    pub allowed: bool,
    /// Why not, as a sentence; empty when allowed.
    pub reason: String,
}

impl Permission {
    /// A Yes.
    #[must_use]
    pub fn yes() -> Self {
        Self {
            allowed: true,
            reason: String::new(),
        }
    }

    /// A No with its reason.
    #[must_use]
    pub fn no(reason: impl Into<String>) -> Self {
        Self {
            allowed: false,
            reason: reason.into(),
        }
    }
}

/// Who is signed in, for the shell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Viewer {
    /// The name to show.
    pub name: String,
    /// The mail address, where there is one.
    pub email: Option<String>,
    /// The roles, in words.
    pub roles: Vec<String>,
}

/// What every page's frame is drawn from.
#[derive(Default, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// Who is signed in; `None` shows the sign-in page.
    pub viewer: Option<Viewer>,
    /// A word across every page, such as what kind of place this is.
    pub banner: Option<Banner>,
    /// The token that a plain form carries.
    pub csrf: String,
    /// How many things wait for this person.
    pub waiting: u32,
}

/// The word across every page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Banner {
    /// The word.
    pub text: String,
    /// Where it leads to, if anywhere.
    pub link: Option<String>,
    /// What the link says.
    pub link_text: String,
}
