//! Content-addressed blobs: lists of keys too long to stand in a plan.

use domain::ids::Digest;

use super::{Store, StoreError};

impl Store {
    /// Keeps the bytes and returns their digest. The same bytes are kept once.
    pub async fn put_blob(&self, content: &[u8]) -> Result<Digest, StoreError> {
        let digest = Digest::of(content);
        sqlx::query(
            "INSERT INTO blobs (sha256, content) VALUES ($1, $2) \
             ON CONFLICT (sha256) DO NOTHING",
        )
        .bind(digest.as_str())
        .bind(content)
        .execute(&self.pool)
        .await
        .map_err(StoreError::of(StoreError::WriteBlob))?;
        Ok(digest)
    }

    /// The bytes of that digest, proved to be those; `None` where none are kept.
    pub async fn blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        let content: Option<Vec<u8>> =
            sqlx::query_scalar("SELECT content FROM blobs WHERE sha256 = $1")
                .bind(digest.as_str())
                .fetch_optional(&self.pool)
                .await
                .map_err(StoreError::of(StoreError::ReadBlob))?;
        match content {
            Some(content) if Digest::of(&content) != *digest => {
                Err(StoreError::BlobAltered {
                    sha256: digest.to_string(),
                })
            }
            other => Ok(other),
        }
    }
}
