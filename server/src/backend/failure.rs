//! Turns failures into what a person reads, and logs them once with their chain.

use domain::error::{ErrorKind, WireError};
use uuid::Uuid;

use crate::runs::RunError;

/// A failure of a Run's journal.
pub(super) fn of_run(what: &'static str, error: RunError) -> WireError {
    match error {
        RunError::Conflict => WireError::new(
            ErrorKind::Stale,
            "Somebody else was faster: the Run has moved on.",
            "Look at it as it is now, and try again.",
        ),
        RunError::Illegal(illegal) => WireError::new(
            ErrorKind::Stale,
            format!("This is not possible now: {}.", illegal.reason),
            "Look at the Run as it is now.",
        ),
        other => internal(what, &other),
    }
}

/// A failure that only the log explains.
pub(super) fn internal(
    what: &'static str,
    error: &(dyn std::error::Error + 'static),
) -> WireError {
    let reference = Uuid::new_v4().simple().to_string()[..12].to_owned();
    tracing::error!(what, reference, error, "backend.failed");
    WireError {
        reference: Some(reference),
        ..WireError::new(
            ErrorKind::Internal,
            "Sluice failed at this.",
            "Try again. If it stays so, somebody with access to the log can find it under the reference.",
        )
    }
}

/// Input that is wrong.
pub(super) fn invalid(message: impl Into<String>, hint: impl Into<String>) -> WireError {
    WireError::new(ErrorKind::Invalid, message, hint)
}

/// Something that no longer fits.
pub(super) fn stale(message: impl Into<String>, hint: impl Into<String>) -> WireError {
    WireError::new(ErrorKind::Stale, message, hint)
}
