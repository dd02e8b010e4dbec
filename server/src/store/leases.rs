//! Leases: one owner at a time, told apart from its predecessors by an epoch.

use domain::time::Millis;
use sqlx::AnyConnection;

use super::{Store, StoreError};

/// A lease that was granted. It is a claim, not a fact: whoever acts on it has
/// it checked in the transaction of the act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    pub resource: String,
    pub owner: String,
    /// Grows by one with every grant of this resource.
    pub epoch: i64,
    pub expires: Millis,
}

#[derive(Debug, thiserror::Error)]
pub enum LeaseRefused {
    #[error("{resource} is held by {owner} until {until}")]
    Held {
        resource: String,
        owner: String,
        until: Millis,
    },
    #[error("the lease on {resource} with epoch {epoch} has been taken by another")]
    Lost { resource: String, epoch: i64 },
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Takes the lease if nobody holds it, or if its holder let it expire. Even
    /// the holder itself is refused while it lasts: after a crash a process is
    /// not the one that it was.
    pub async fn acquire_lease(
        &self,
        resource: &str,
        owner: &str,
        now: Millis,
        ttl_ms: i64,
    ) -> Result<Lease, LeaseRefused> {
        let failed = StoreError::of(StoreError::Lease);
        let expires = now.plus(ttl_ms);
        let mut transaction = self
            .pool
            .begin_with("BEGIN IMMEDIATE")
            .await
            .map_err(&failed)?;
        let epoch: Option<i64> = sqlx::query_scalar(
            "INSERT INTO leases (resource, owner, epoch, expires_ms) \
             VALUES ($1, $2, 1, $3) \
             ON CONFLICT (resource) DO UPDATE SET owner = excluded.owner, \
             epoch = leases.epoch + 1, expires_ms = excluded.expires_ms \
             WHERE leases.expires_ms <= $4 RETURNING epoch",
        )
        .bind(resource)
        .bind(owner)
        .bind(expires.0)
        .bind(now.0)
        .fetch_optional(&mut *transaction)
        .await
        .map_err(&failed)?;
        let Some(epoch) = epoch else {
            let (owner, until): (String, i64) = sqlx::query_as(
                "SELECT owner, expires_ms FROM leases WHERE resource = $1",
            )
            .bind(resource)
            .fetch_one(&mut *transaction)
            .await
            .map_err(&failed)?;
            return Err(LeaseRefused::Held {
                resource: resource.to_owned(),
                owner,
                until: Millis(until),
            });
        };
        transaction.commit().await.map_err(&failed)?;
        Ok(Lease {
            resource: resource.to_owned(),
            owner: owner.to_owned(),
            epoch,
            expires,
        })
    }

    /// Lengthens a lease that nobody else has taken in the meantime.
    pub async fn renew_lease(
        &self,
        lease: &Lease,
        now: Millis,
        ttl_ms: i64,
    ) -> Result<Lease, LeaseRefused> {
        let expires = now.plus(ttl_ms);
        self.set_expiry(lease, expires).await?;
        Ok(Lease {
            expires,
            ..lease.clone()
        })
    }

    /// Gives a lease back. The row stays, so that the epoch never falls.
    pub async fn release_lease(&self, lease: &Lease) -> Result<(), LeaseRefused> {
        self.set_expiry(lease, Millis(0)).await
    }

    async fn set_expiry(
        &self,
        lease: &Lease,
        expires: Millis,
    ) -> Result<(), LeaseRefused> {
        let done = sqlx::query(
            "UPDATE leases SET expires_ms = $1 \
             WHERE resource = $2 AND owner = $3 AND epoch = $4",
        )
        .bind(expires.0)
        .bind(&lease.resource)
        .bind(&lease.owner)
        .bind(lease.epoch)
        .execute(&self.pool)
        .await
        .map_err(StoreError::of(StoreError::Lease))?;
        if done.rows_affected() == 1 {
            Ok(())
        } else {
            Err(LeaseRefused::Lost {
                resource: lease.resource.clone(),
                epoch: lease.epoch,
            })
        }
    }
}

/// Whether no other has been granted the lease since. Its expiry is not looked
/// at: an expired lease that nobody took still has one owner.
pub(super) async fn is_held(
    connection: &mut AnyConnection,
    lease: &Lease,
) -> Result<bool, StoreError> {
    let found: Option<i64> = sqlx::query_scalar(
        "SELECT epoch FROM leases WHERE resource = $1 AND owner = $2 AND epoch = $3",
    )
    .bind(&lease.resource)
    .bind(&lease.owner)
    .bind(lease.epoch)
    .fetch_optional(connection)
    .await
    .map_err(StoreError::of(StoreError::Lease))?;
    Ok(found.is_some())
}
