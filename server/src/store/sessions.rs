//! Browser sessions, for tower-sessions.

use async_trait::async_trait;
use domain::ids::Digest;
use domain::time::Millis;
use sqlx::Row;
use time::OffsetDateTime;
use tower_sessions::SessionStore;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store;

use super::{Store, StoreError};

/// The sessions table as tower-sessions sees it.
#[derive(Clone, Debug)]
pub struct DatabaseSessions {
    store: Store,
}

impl DatabaseSessions {
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

#[async_trait]
impl SessionStore for DatabaseSessions {
    async fn create(&self, record: &mut Record) -> session_store::Result<()> {
        // An id of 128 random bits that is taken would be a broken generator,
        // so a taken one is refused rather than tried again.
        sqlx::query(
            "INSERT INTO sessions (id_hash, data, expires_ms) VALUES ($1, $2, $3)",
        )
        .bind(id_hash(&record.id))
        .bind(encode(record)?)
        .bind(expires_ms(record))
        .execute(&self.store.pool)
        .await
        .map(|_| ())
        .map_err(backend)
    }

    async fn save(&self, record: &Record) -> session_store::Result<()> {
        // Only what is there is updated: a request that was under way when its
        // session was ended must not bring it back.
        sqlx::query("UPDATE sessions SET data = $1, expires_ms = $2 WHERE id_hash = $3")
            .bind(encode(record)?)
            .bind(expires_ms(record))
            .bind(id_hash(&record.id))
            .execute(&self.store.pool)
            .await
            .map(|_| ())
            .map_err(backend)
    }

    async fn load(&self, id: &Id) -> session_store::Result<Option<Record>> {
        let row = sqlx::query(
            "SELECT data, expires_ms FROM sessions WHERE id_hash = $1 AND expires_ms > $2",
        )
        .bind(id_hash(id))
        .bind(crate::clock::now().0)
        .fetch_optional(&self.store.pool)
        .await
        .map_err(backend)?;
        let Some(row) = row else { return Ok(None) };
        let data: String = row.try_get("data").map_err(backend)?;
        let expires_ms: i64 = row.try_get("expires_ms").map_err(backend)?;
        let nanoseconds = i128::from(expires_ms) * 1_000_000;
        let expiry_date = OffsetDateTime::from_unix_timestamp_nanos(nanoseconds)
            .map_err(|error| session_store::Error::Decode(error.to_string()))?;
        let data = serde_json::from_str(&data)
            .map_err(|error| session_store::Error::Decode(error.to_string()))?;
        Ok(Some(Record {
            id: *id,
            data,
            expiry_date,
        }))
    }

    async fn delete(&self, id: &Id) -> session_store::Result<()> {
        sqlx::query("DELETE FROM sessions WHERE id_hash = $1")
            .bind(id_hash(id))
            .execute(&self.store.pool)
            .await
            .map(|_| ())
            .map_err(backend)
    }
}

impl Store {
    pub(super) async fn purge_sessions(&self, now: Millis) -> Result<u64, StoreError> {
        let done = sqlx::query("DELETE FROM sessions WHERE expires_ms <= $1")
            .bind(now.0)
            .execute(&self.pool)
            .await
            .map_err(StoreError::of(StoreError::Session))?;
        Ok(done.rows_affected())
    }
}

fn id_hash(id: &Id) -> String {
    Digest::of(&id.0.to_be_bytes()).to_string()
}

fn encode(record: &Record) -> session_store::Result<String> {
    serde_json::to_string(&record.data)
        .map_err(|error| session_store::Error::Encode(error.to_string()))
}

fn expires_ms(record: &Record) -> i64 {
    let milliseconds = record.expiry_date.unix_timestamp_nanos() / 1_000_000;
    i64::try_from(milliseconds).unwrap_or(i64::MAX)
}

fn backend(error: sqlx::Error) -> session_store::Error {
    session_store::Error::Backend(error.to_string())
}
