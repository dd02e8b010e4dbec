//! The error of every server function.

use domain::error::{ErrorKind, WireError};
use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};

/// A [`WireError`] on its way to the browser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{0}")]
pub struct AppError(pub WireError);

impl FromServerFnError for AppError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(value: ServerFnErrorErr) -> Self {
        let (kind, message, hint) = match &value {
            ServerFnErrorErr::Request(_) => (
                ErrorKind::Upstream,
                "Sluice did not answer.",
                "Check the connection; the page tries again by itself.",
            ),
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) => (
                ErrorKind::Invalid,
                "The form was not filled in completely.",
                "Fill in every field and send it again.",
            ),
            _ => (
                ErrorKind::Internal,
                "Sluice and this page do not understand each other.",
                "Reload the page; it may be older than the server.",
            ),
        };
        Self(WireError::new(kind, message, hint))
    }
}

impl From<WireError> for AppError {
    fn from(error: WireError) -> Self {
        Self(error)
    }
}
