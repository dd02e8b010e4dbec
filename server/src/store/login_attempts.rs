//! Sign-ins that went to the provider and have not come back.

use domain::ids::Digest;
use domain::time::Millis;
use sqlx::Row;

use super::{Store, StoreError};

/// What must be remembered between the two halves of a sign-in. It has no
/// `Debug`: its fields are secrets for as long as the attempt lasts.
#[derive(Clone)]
pub struct LoginAttempt {
    pub nonce: String,
    pub pkce_verifier: String,
    /// A local path.
    pub return_to: String,
    /// Whether the person was to prove anew who they are.
    pub fresh: bool,
}

impl Store {
    /// Remembers an attempt under its `state` and the browser that began it.
    pub async fn begin_login(
        &self,
        state: &str,
        browser: &str,
        attempt: &LoginAttempt,
        expires: Millis,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO login_attempts (state_hash, browser_hash, nonce, \
             pkce_verifier, return_to, fresh, expires_ms) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(Digest::of(state.as_bytes()).as_str())
        .bind(Digest::of(browser.as_bytes()).as_str())
        .bind(&attempt.nonce)
        .bind(&attempt.pkce_verifier)
        .bind(&attempt.return_to)
        .bind(i64::from(attempt.fresh))
        .bind(expires.0)
        .execute(&self.pool)
        .await
        .map(|_| ())
        .map_err(StoreError::of(StoreError::LoginAttempt))
    }

    /// Takes an attempt, once: of two that come back with one `state`, one gets
    /// it. Another browser gets nothing and takes nothing.
    pub async fn take_login(
        &self,
        state: &str,
        browser: &str,
        now: Millis,
    ) -> Result<Option<LoginAttempt>, StoreError> {
        let failed = StoreError::of(StoreError::LoginAttempt);
        let row = sqlx::query(
            "DELETE FROM login_attempts \
             WHERE state_hash = $1 AND browser_hash = $2 AND expires_ms > $3 \
             RETURNING nonce, pkce_verifier, return_to, fresh",
        )
        .bind(Digest::of(state.as_bytes()).as_str())
        .bind(Digest::of(browser.as_bytes()).as_str())
        .bind(now.0)
        .fetch_optional(&self.pool)
        .await
        .map_err(&failed)?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(LoginAttempt {
            nonce: row.try_get("nonce").map_err(&failed)?,
            pkce_verifier: row.try_get("pkce_verifier").map_err(&failed)?,
            return_to: row.try_get("return_to").map_err(&failed)?,
            fresh: row.try_get::<i64, _>("fresh").map_err(&failed)? != 0,
        }))
    }

    pub(super) async fn purge_login_attempts(
        &self,
        now: Millis,
    ) -> Result<u64, StoreError> {
        let done = sqlx::query("DELETE FROM login_attempts WHERE expires_ms <= $1")
            .bind(now.0)
            .execute(&self.pool)
            .await
            .map_err(StoreError::of(StoreError::LoginAttempt))?;
        Ok(done.rows_affected())
    }
}
