//! Why EMR Serverless refuses a call.

/// Why a call was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EmrError {
    /// `ValidationException`.
    #[error("{0}")]
    Validation(String),
    /// `ResourceNotFoundException`.
    #[error("{0} does not exist")]
    NotFound(String),
    /// `ConflictException`.
    #[error("{0}")]
    Conflict(String),
}
