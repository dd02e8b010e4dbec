//! Why the store could not do what was asked.

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the database cannot be opened")]
    Open(#[source] sqlx::Error),
    #[error("the database's schema cannot be brought up to date")]
    Migrate(#[source] sqlx::migrate::MigrateError),
    /// Another writer held the database for longer than the wait allowed.
    #[error("the database is busy")]
    Busy(#[source] sqlx::Error),
    #[error("a row cannot be appended to the journal")]
    Append(#[source] sqlx::Error),
    #[error("the journal cannot be read")]
    ReadJournal(#[source] sqlx::Error),
    #[error("the list of Runs cannot be read")]
    ReadRuns(#[source] sqlx::Error),
    #[error("the list of Runs cannot be written")]
    WriteRuns(#[source] sqlx::Error),
    #[error("a lease cannot be read or written")]
    Lease(#[source] sqlx::Error),
    #[error("a blob cannot be written")]
    WriteBlob(#[source] sqlx::Error),
    #[error("a blob cannot be read")]
    ReadBlob(#[source] sqlx::Error),
    #[error("a session cannot be read or written")]
    Session(#[source] sqlx::Error),
    #[error("a sign-in attempt cannot be read or written")]
    LoginAttempt(#[source] sqlx::Error),
    #[error("the ids of topics cannot be read or written")]
    TopicId(#[source] sqlx::Error),
    #[error("the samples of a stream cannot be read or written")]
    Samples(#[source] sqlx::Error),
    /// What stands in the database was not written by this program.
    #[error("the database holds {what}, which cannot be understood")]
    Malformed { what: String },
    #[error("the content of blob {sha256} does not have that digest")]
    BlobAltered { sha256: String },
}

/// SQLite's primary result codes for "somebody else is writing".
const SQLITE_BUSY: u32 = 5;
const SQLITE_LOCKED: u32 = 6;

impl StoreError {
    /// Wraps an error of one operation, telling a busy database apart, since
    /// that alone is worth another try.
    pub(super) fn of(operation: fn(sqlx::Error) -> Self) -> impl Fn(sqlx::Error) -> Self {
        move |error| {
            if is_busy(&error) {
                Self::Busy(error)
            } else {
                operation(error)
            }
        }
    }
}

fn is_busy(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::PoolTimedOut => true,
        sqlx::Error::Database(error) => {
            // The low byte of an extended code is the primary one.
            let code = error.code().and_then(|code| code.parse::<u32>().ok());
            code.is_some_and(|code| matches!(code & 0xff, SQLITE_BUSY | SQLITE_LOCKED))
        }
        _ => false,
    }
}
