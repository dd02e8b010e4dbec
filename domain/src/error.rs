//! The error that crosses the wire to the browser: what kind it is, what it
//! says to the person, and the reference under which the log has the rest.

use serde::{Deserialize, Serialize};

/// What kind of No it is, and with it the HTTP status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// Nobody is signed in: 401.
    NotSignedIn,
    /// The person may not: 403.
    NotPermitted,
    /// There is no such thing, or not for this person: 404.
    NotFound,
    /// The input is wrong: 422.
    Invalid,
    /// It no longer fits what is there: 409.
    Stale,
    /// Another system did not answer: 502.
    Upstream,
    /// A defect or a failure of ours: 500.
    Internal,
}

impl ErrorKind {
    /// The HTTP status.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            ErrorKind::NotSignedIn => 401,
            ErrorKind::NotPermitted => 403,
            ErrorKind::NotFound => 404,
            ErrorKind::Invalid => 422,
            ErrorKind::Stale => 409,
            ErrorKind::Upstream => 502,
            ErrorKind::Internal => 500,
        }
    }
}

/// An error for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct WireError {
    /// Its kind.
    pub kind: ErrorKind,
    /// What happened and what it means, as a sentence.
    pub message: String,
    /// What to do next, as a sentence; may be empty.
    pub hint: String,
    /// The reference under which the log has the rest, where there is one.
    pub reference: Option<String>,
    /// Whether signing in again would be enough.
    pub sign_in_again: bool,
}

impl WireError {
    /// An error of `kind` that says `message`.
    #[must_use]
    pub fn new(
        kind: ErrorKind,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            message: message.into(),
            hint: hint.into(),
            reference: None,
            sign_in_again: false,
        }
    }
}

impl From<crate::access::Denial> for WireError {
    fn from(denial: crate::access::Denial) -> Self {
        let roles: Vec<&str> = denial.roles.iter().map(|r| r.word()).collect();
        Self {
            kind: ErrorKind::NotPermitted,
            message: denial.reason,
            hint: if denial.sign_in_again {
                "Sign in again to go on.".to_owned()
            } else {
                format!("Somebody with the role {} can.", roles.join(" or "))
            },
            reference: None,
            sign_in_again: denial.sign_in_again,
        }
    }
}
