//! Why S3 refuses, by the codes that it gives.

use std::path::{Path, PathBuf};

use s3s::{S3Error, S3ErrorCode};

/// What went wrong with an operation of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// S3 refuses with this code; the caller is at fault, or a condition does not hold.
    #[error("{code}: {message}")]
    Refused {
        /// The code as S3 gives it, such as `NoSuchKey`.
        code: &'static str,
        /// The sentence for a person.
        message: String,
    },
    /// The directory behind the store could not be read or written.
    #[error("cannot {doing} {}", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
}

impl StoreError {
    /// A refusal.
    pub fn refused(code: &'static str, message: impl Into<String>) -> Self {
        Self::Refused {
            code,
            message: message.into(),
        }
    }

    /// The bucket does not exist.
    pub fn no_such_bucket(bucket: &str) -> Self {
        Self::refused(
            "NoSuchBucket",
            format!("the bucket {bucket} does not exist"),
        )
    }

    /// The key does not exist.
    pub fn no_such_key(key: &str) -> Self {
        Self::refused("NoSuchKey", format!("the key {key} does not exist"))
    }

    /// A condition does not hold.
    pub fn precondition(condition: &str) -> Self {
        let message = format!(
            "at least one of the pre-conditions that were specified did not hold: \
             {condition}"
        );
        Self::refused("PreconditionFailed", message)
    }

    /// The code that the record keeps.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused { code, .. } => code,
            Self::Io { .. } => "InternalError",
        }
    }

    /// Whether it is this refusal.
    pub fn is(&self, wanted: &str) -> bool {
        self.code() == wanted
    }

    pub(super) fn io(
        doing: &'static str,
        path: &Path,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            doing,
            path,
            source,
        }
    }
}

impl From<StoreError> for S3Error {
    fn from(error: StoreError) -> Self {
        let code = S3ErrorCode::from_bytes(error.code().as_bytes())
            .unwrap_or(S3ErrorCode::InternalError);
        let mut answer = match &error {
            StoreError::Refused { message, .. } => {
                S3Error::with_message(code, message.clone())
            }
            StoreError::Io { source, .. } => {
                tracing::error!(%error, %source, "s3.store_failed");
                S3Error::with_message(code, "the sandbox could not use its directory")
            }
        };
        if answer.status_code().is_none() {
            answer.set_status_code(http::StatusCode::BAD_REQUEST);
        }
        answer
    }
}
