//! What the files that a page offers have in common.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::access::Actor;
use domain::error::{ErrorKind, WireError};

use super::PlainPage;
use crate::auth::Visitor;

/// Who asks for a file.
pub(super) fn actor(visitor: &Visitor) -> Result<&Actor, WireError> {
    visitor.actor().ok_or_else(|| {
        WireError::new(
            ErrorKind::NotSignedIn,
            "You are not signed in.",
            "Sign in first.",
        )
    })
}

/// Whether the browser shows a file or saves it.
#[derive(Clone, Copy)]
pub(super) enum Disposition {
    Inline,
    Attachment,
}

/// A file with its name, which must be made of parsed ids, so that it holds nothing
/// that a header could not.
pub(super) fn file(
    disposition: Disposition,
    name: &str,
    kind: &'static str,
    body: String,
) -> Response {
    let disposition = match disposition {
        Disposition::Inline => "inline",
        Disposition::Attachment => "attachment",
    };
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("{disposition}; filename=\"{name}\""),
        ),
    ];
    (headers, body).into_response()
}

/// What was asked for cannot be shown, with the reason.
pub(super) fn refused(title: &str, error: &WireError) -> Response {
    let status = StatusCode::from_u16(error.kind.status())
        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    PlainPage::new(status, title, &error.message).into_response()
}
