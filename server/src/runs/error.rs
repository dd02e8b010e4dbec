//! What can go wrong with a Run's journal.

use domain::ids::{Digest, RunId};
use domain::run::IllegalEvent;

use crate::store::{AppendError, StoreError};

/// Why a Run could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The store did not answer.
    #[error("the store could not be read or written")]
    Read(#[source] StoreError),
    /// A row could not be appended.
    #[error("a row of the journal could not be appended")]
    Append(#[source] AppendError),
    /// Another writer was faster; read the Run again.
    #[error("the Run has moved on")]
    Conflict,
    /// Another process holds the Run.
    #[error("the lease on the Run is lost")]
    LeaseLost,
    /// An event that cannot follow.
    #[error("the journal refuses the event")]
    Illegal(#[source] IllegalEvent),
    /// A body that is none.
    #[error("a row or a plan is not in its form")]
    Encode(#[source] serde_json::Error),
    /// The stream has an open Run.
    #[error("Run {0} is open on this stream")]
    AlreadyOpen(RunId),
    /// A Run was to be opened by another event.
    #[error("a Run is opened by its opening")]
    NotAnOpening,
    /// A plan that is not there, or not the one that its id names.
    #[error("plan {0} is missing or was altered")]
    PlanMissing(Digest),
    /// Answers of a pre-flight that are not there.
    #[error("the answers {0} of a pre-flight are missing")]
    AnswersMissing(Digest),
    /// A list of keys that is not there.
    #[error("the list of keys {0} is missing")]
    KeysMissing(Digest),
}
