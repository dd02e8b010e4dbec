//! What Sluice remembers: the journal and what hangs on it, in SQLite.
//!
//! **Invariant:** the journal is only ever appended to. No statement in the
//! product updates or deletes one of its rows.

mod blobs;
mod chain;
mod error;
mod journal;
mod leases;
mod login_attempts;
mod runs;
mod samples;
mod sessions;
#[cfg(test)]
mod tests;
mod topic_ids;
mod verify;

use std::time::Duration;

use domain::time::Millis;
use sqlx::any::AnyPoolOptions;
use sqlx::{AnyPool, Executor};
use tokio::sync::watch;

pub use chain::ChainFields;
pub use error::StoreError;
pub use journal::{AppendError, Author, JournalRow, NewRow};
pub use leases::{Lease, LeaseRefused};
pub use login_attempts::LoginAttempt;
pub use runs::{RunFilter, RunRow};
pub use sessions::DatabaseSessions;
pub use verify::{Fault, FirstBadRow, Head, VerifyError};

/// How long a writer waits for another one before it gives up.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const CONNECTIONS_MAX: u32 = 8;

/// The database, shared by all who hold a clone.
#[derive(Clone, Debug)]
pub struct Store {
    pool: AnyPool,
    /// The journal's newest row, for those who wait for the next one.
    head: watch::Sender<i64>,
}

impl Store {
    /// Opens the database at a `sqlite:` URL, making it where there is none, and
    /// brings its schema up to date.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Self::open_with(url, BUSY_TIMEOUT).await
    }

    /// Opens a database that is there, as it is: for reading beside a server that
    /// may be of another version.
    pub async fn open_existing(url: &str) -> Result<Self, StoreError> {
        let pool = connect(url, "rw", BUSY_TIMEOUT).await?;
        Ok(Self {
            pool,
            head: watch::Sender::new(0),
        })
    }

    async fn open_with(url: &str, busy_timeout: Duration) -> Result<Self, StoreError> {
        let pool = connect(url, "rwc", busy_timeout).await?;
        sqlx::migrate!("./migrations")
            .run(&pool)
            .await
            .map_err(StoreError::Migrate)?;
        let store = Self {
            pool,
            head: watch::Sender::new(0),
        };
        store.head.send_replace(store.head_seq().await?);
        Ok(store)
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1")
            .execute(&self.pool)
            .await
            .map(|_| ())
            .map_err(StoreError::of(StoreError::Open))
    }

    /// Follows the number of the journal's newest row. Rows that another process
    /// appends are not seen here.
    pub fn follow(&self) -> watch::Receiver<i64> {
        self.head.subscribe()
    }

    /// Removes sessions and sign-in attempts whose time is over.
    pub async fn purge_expired(&self, now: Millis) -> Result<u64, StoreError> {
        let sessions = self.purge_sessions(now).await?;
        let attempts = self.purge_login_attempts(now).await?;
        Ok(sessions + attempts)
    }

    /// Closes the connections, so that the write-ahead log is folded in.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

async fn connect(
    url: &str,
    mode: &str,
    busy_timeout: Duration,
) -> Result<AnyPool, StoreError> {
    sqlx::any::install_default_drivers();
    let separator = if url.contains('?') { '&' } else { '?' };
    let url = format!("{url}{separator}mode={mode}");
    // A row of the journal must be on the disk before the effect that it
    // announces: WAL with `synchronous=NORMAL` could lose the last ones.
    let pragmas = format!(
        "PRAGMA busy_timeout = {}; PRAGMA journal_mode = WAL; \
         PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;",
        busy_timeout.as_millis()
    );
    AnyPoolOptions::new()
        .max_connections(CONNECTIONS_MAX)
        .after_connect(move |connection, _| {
            let pragmas = pragmas.clone();
            Box::pin(async move {
                // Nothing but a number of ours stands in the text.
                connection.execute(sqlx::AssertSqlSafe(pragmas)).await?;
                Ok(())
            })
        })
        .connect(&url)
        .await
        .map_err(StoreError::of(StoreError::Open))
}
