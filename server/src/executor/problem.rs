//! How an effect fails: whether it may be tried again, needs a person, or may
//! have happened without our knowing.

use domain::run::StepProblem;

use crate::aws::{AwsError, AwsErrorKind};
use crate::runs::RunError;

/// Why an effect did not come to its end.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// It failed; trying again may help.
    Retry(Problem),
    /// It failed; only a person can help.
    Person(Problem),
    /// This process is to stop, or lost the Run: nothing is appended.
    Leave,
}

/// What went wrong, for the person and for the log.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) message: String,
    pub(crate) hint: String,
    pub(crate) source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Stopped {
    /// Only a person can help.
    pub(crate) fn person(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Person(Problem {
            message: message.into(),
            hint: hint.into(),
            source: None,
        })
    }

    /// Trying again may help.
    pub(crate) fn retry(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Retry(Problem {
            message: message.into(),
            hint: hint.into(),
            source: None,
        })
    }
}

impl Problem {
    /// As the journal keeps it, under a reference of its own in the log.
    pub(crate) fn journalled(&self, reference: String) -> StepProblem {
        StepProblem {
            message: self.message.clone(),
            hint: self.hint.clone(),
            reference,
        }
    }
}

impl From<AwsError> for Stopped {
    fn from(error: AwsError) -> Self {
        let message = format!("{}: {}", error.operation, error.message);
        let hint = match error.kind {
            AwsErrorKind::Denied => {
                "Give the changing role this right, then resume.".to_owned()
            }
            AwsErrorKind::NotFound => {
                "Check that it still exists, then resume.".to_owned()
            }
            AwsErrorKind::PreconditionFailed => {
                "Somebody else has changed the object. Look at it before resuming."
                    .to_owned()
            }
            AwsErrorKind::Throttled
            | AwsErrorKind::Unreachable
            | AwsErrorKind::OutcomeUnknown => {
                "AWS did not answer as it should; it is tried again.".to_owned()
            }
            AwsErrorKind::Invalid | AwsErrorKind::Other => {
                "Look at the log under this reference.".to_owned()
            }
        };
        let retry = error.is_retryable();
        let problem = Problem {
            message,
            hint,
            source: Some(Box::new(error)),
        };
        if retry {
            Self::Retry(problem)
        } else {
            Self::Person(problem)
        }
    }
}

impl From<RunError> for Stopped {
    fn from(error: RunError) -> Self {
        match error {
            RunError::LeaseLost | RunError::Conflict => Self::Leave,
            other => Self::Retry(Problem {
                message: "Sluice's own store could not be read or written.".to_owned(),
                hint: "Check its disk; it is tried again.".to_owned(),
                source: Some(Box::new(other)),
            }),
        }
    }
}
