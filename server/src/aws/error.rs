//! One error for every call, sorted by what the caller can do about it.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::RequestId as _;

/// A call to AWS that failed.
#[derive(Debug, thiserror::Error)]
#[error("{operation}: {message}")]
pub struct AwsError {
    /// AWS's name of the operation.
    pub operation: &'static str,
    /// What the caller can do about it.
    pub kind: AwsErrorKind,
    /// What AWS said, or what was seen instead of an answer.
    pub message: String,
    /// Under which AWS can look the call up.
    pub request_id: Option<String>,
    /// The SDK's own error.
    #[source]
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

/// What a failed call means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AwsErrorKind {
    /// Refused for the moment; nothing was changed.
    Throttled,
    /// The credentials do not allow it, or there are none.
    Denied,
    /// The bucket, object, application, job run or log group is not there.
    NotFound,
    /// The object is not, or no longer, as the call demanded.
    PreconditionFailed,
    /// The request itself is wrong, or does not fit the state of the thing.
    Invalid,
    /// Nothing was changed: AWS could not be reached, or did not answer a
    /// call that only reads.
    Unreachable,
    /// The call may have taken effect: it was sent, and no proper answer came.
    OutcomeUnknown,
    /// Anything else.
    Other,
}

/// Whether a call can change anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Reads,
    Changes,
}

impl AwsError {
    /// Whether the same call may succeed later. A call that may have taken
    /// effect counts too, since every effect here can be repeated without harm.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(
            self.kind,
            AwsErrorKind::Throttled
                | AwsErrorKind::Unreachable
                | AwsErrorKind::OutcomeUnknown
        )
    }

    /// A finding of our own about a request or an answer.
    pub(super) fn own(
        operation: &'static str,
        kind: AwsErrorKind,
        message: impl Into<String>,
    ) -> Self {
        Self {
            operation,
            kind,
            message: message.into(),
            request_id: None,
            source: None,
        }
    }

    /// An answer that cannot be right. A read is refused whole; after a change
    /// nobody knows what it did.
    pub(super) fn odd_answer(
        operation: &'static str,
        effect: Effect,
        message: impl Into<String>,
    ) -> Self {
        let kind = match effect {
            Effect::Reads => AwsErrorKind::Other,
            Effect::Changes => AwsErrorKind::OutcomeUnknown,
        };
        Self::own(operation, kind, message)
    }

    pub(super) fn no_credentials(message: &str) -> Self {
        Self::own("Credentials", AwsErrorKind::Denied, message)
    }

    /// Sorts an error of the SDK.
    pub(super) fn of<E>(
        operation: &'static str,
        effect: Effect,
        error: SdkError<E, HttpResponse>,
    ) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let request_id = error.request_id().map(str::to_owned);
        let lost = match effect {
            Effect::Reads => AwsErrorKind::Unreachable,
            Effect::Changes => AwsErrorKind::OutcomeUnknown,
        };
        let (kind, message) = match &error {
            SdkError::ServiceError(answer) => {
                let status = answer.raw().status().as_u16();
                let code = answer.err().code();
                let said = answer.err().message().unwrap_or("AWS gives no reason");
                let kind = kind_of(status, code, effect);
                (kind, format!("{}: {said}", code.unwrap_or("no error code")))
            }
            SdkError::TimeoutError(_) => {
                (lost, "no answer came within the time allowed".to_owned())
            }
            SdkError::ResponseError(_) => {
                (lost, "the answer could not be read".to_owned())
            }
            SdkError::DispatchFailure(failure) => {
                let kind = if never_sent(&error) {
                    AwsErrorKind::Unreachable
                } else {
                    lost
                };
                let what = if failure.is_timeout() {
                    "AWS could not be reached within the time allowed"
                } else {
                    "the connection failed"
                };
                (kind, format!("{what}: {}", innermost(&error)))
            }
            other => (AwsErrorKind::Invalid, innermost(other)),
        };
        // Credentials are fetched on the way, and their failure is not the call's.
        let (kind, message) = match in_chain::<CredentialsError>(&error) {
            Some(credentials) => without_credentials(credentials),
            None => (kind, message),
        };
        Self {
            operation,
            kind,
            message,
            request_id,
            source: Some(Box::new(error)),
        }
    }
}

impl From<CredentialsError> for AwsError {
    fn from(error: CredentialsError) -> Self {
        let (kind, message) = without_credentials(&error);
        Self {
            operation: "Credentials",
            kind,
            message,
            request_id: None,
            source: Some(Box::new(error)),
        }
    }
}

/// The kind of an answer with an error in it. An error inside a 200, as
/// CopyObject and DeleteObjects can have, comes here too.
fn kind_of(status: u16, code: Option<&str>, effect: Effect) -> AwsErrorKind {
    use AwsErrorKind as Kind;
    match code.unwrap_or_default() {
        "SlowDown" | "ThrottlingException" | "Throttling" | "TooManyRequestsException"
        | "RequestLimitExceeded" | "RequestThrottled" | "LimitExceededException"
        // Another conditional write of the same key is under way; S3 asks to
        // try again.
        | "ConditionalRequestConflict" | "OperationAborted" => return Kind::Throttled,
        "PreconditionFailed" => return Kind::PreconditionFailed,
        "NoSuchKey" | "NoSuchBucket" | "NotFound" | "ResourceNotFoundException"
        | "ResourceNotFound" => return Kind::NotFound,
        "AccessDenied" | "AccessDeniedException" | "ExpiredToken"
        | "ExpiredTokenException" | "InvalidAccessKeyId" | "SignatureDoesNotMatch"
        | "UnrecognizedClientException" | "InvalidClientTokenId" => return Kind::Denied,
        // An archived object must be restored first.
        "InvalidObjectState"
        | "ValidationException" | "ValidationError" | "ConflictException"
        | "InvalidRequest" | "InvalidArgument" | "InvalidParameterException" => {
            return Kind::Invalid;
        }
        "InternalError" | "InternalServerException" | "ServiceUnavailable" => {
            return lost(effect);
        }
        _ => {}
    }
    match status {
        401 | 403 => Kind::Denied,
        404 => Kind::NotFound,
        412 => Kind::PreconditionFailed,
        429 => Kind::Throttled,
        400 | 405 | 409 | 411 | 416 | 422 => Kind::Invalid,
        500.. => lost(effect),
        _ => Kind::Other,
    }
}

fn lost(effect: Effect) -> AwsErrorKind {
    match effect {
        Effect::Reads => AwsErrorKind::Unreachable,
        Effect::Changes => AwsErrorKind::OutcomeUnknown,
    }
}

/// Whether the connection was not even made, so that no byte of the request
/// went out.
fn never_sent(error: &(dyn Error + 'static)) -> bool {
    in_chain::<hyper_util::client::legacy::Error>(error)
        .is_some_and(hyper_util::client::legacy::Error::is_connect)
}

fn without_credentials(error: &CredentialsError) -> (AwsErrorKind, String) {
    match in_chain::<AwsError>(error) {
        Some(inner) => (inner.kind, format!("the role was not assumed: {inner}")),
        None if matches!(error, CredentialsError::ProviderTimedOut(_)) => (
            AwsErrorKind::Unreachable,
            "credentials did not come in time".to_owned(),
        ),
        None => (
            AwsErrorKind::Denied,
            format!("there are no credentials: {}", innermost(error)),
        ),
    }
}

fn in_chain<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    chain(error).find_map(|e| e.downcast_ref::<T>())
}

fn innermost(error: &(dyn Error + 'static)) -> String {
    chain(error)
        .last()
        .map(ToString::to_string)
        .unwrap_or_default()
}

fn chain<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |e| (*e).source())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_sorted_by_what_can_be_done() {
        use AwsErrorKind as Kind;
        for (status, code, effect, kind) in [
            (503, Some("SlowDown"), Effect::Changes, Kind::Throttled),
            (
                409,
                Some("ConditionalRequestConflict"),
                Effect::Changes,
                Kind::Throttled,
            ),
            (
                412,
                Some("PreconditionFailed"),
                Effect::Changes,
                Kind::PreconditionFailed,
            ),
            (404, None, Effect::Reads, Kind::NotFound),
            (403, Some("AccessDenied"), Effect::Changes, Kind::Denied),
            (
                400,
                Some("ValidationException"),
                Effect::Changes,
                Kind::Invalid,
            ),
            (
                500,
                Some("InternalError"),
                Effect::Changes,
                Kind::OutcomeUnknown,
            ),
            (500, Some("InternalError"), Effect::Reads, Kind::Unreachable),
            // CopyObject: the error stands inside a 200.
            (
                200,
                Some("InternalError"),
                Effect::Changes,
                Kind::OutcomeUnknown,
            ),
            (502, None, Effect::Changes, Kind::OutcomeUnknown),
            (301, Some("PermanentRedirect"), Effect::Reads, Kind::Other),
        ] {
            assert_eq!(
                kind_of(status, code, effect),
                kind,
                "{status} {code:?} {effect:?}"
            );
        }
    }

    #[test]
    fn only_what_may_pass_is_retried() {
        let of = |kind| AwsError::own("X", kind, "").is_retryable();
        assert!(of(AwsErrorKind::Throttled));
        assert!(of(AwsErrorKind::Unreachable));
        assert!(of(AwsErrorKind::OutcomeUnknown));
        assert!(!of(AwsErrorKind::Denied));
        assert!(!of(AwsErrorKind::PreconditionFailed));
        assert!(!of(AwsErrorKind::Other));
    }
}
