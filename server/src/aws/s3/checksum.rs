//! The SHA-256 of an object's bytes, by which a copy is proved.

use sha2::Digest as _;

use super::read::cut_off;
use super::{S3, bare, quoted};
use crate::aws::error::{AwsError, Effect};

const GET: &str = "GetObject";

impl S3 {
    /// `sha256:` and the hexadecimal SHA-256 of the object that has `etag`:
    /// what S3 has stored over the whole object, or else the bytes are read
    /// and hashed piece by piece.
    ///
    /// # Errors
    /// `PreconditionFailed` where the object has another ETag by now.
    pub async fn checksum(
        &self,
        bucket: &str,
        key: &str,
        etag: &str,
    ) -> Result<String, AwsError> {
        let head = self.head_if(bucket, key, Some(quoted(etag))).await?;
        match head.checksum {
            Some(checksum) if checksum.starts_with("sha256:") => Ok(checksum),
            _ => self.hashed(bucket, key, etag).await,
        }
    }

    async fn hashed(
        &self,
        bucket: &str,
        key: &str,
        etag: &str,
    ) -> Result<String, AwsError> {
        let answer = self
            .client
            .get_object()
            .bucket(bucket)
            .key(key)
            .if_match(quoted(etag))
            .set_expected_bucket_owner(self.owner.clone())
            .send()
            .await
            .map_err(|error| AwsError::of(GET, Effect::Reads, error))?;
        let odd = |what| AwsError::odd_answer(GET, Effect::Reads, what);
        if answer.e_tag().map(bare).as_deref() != Some(etag) {
            return Err(odd("the object that came has another ETag"));
        }
        let size = answer.content_length().and_then(|n| u64::try_from(n).ok());
        let mut body = answer.body;
        let mut sha256 = sha2::Sha256::new();
        let mut read: u64 = 0;
        while let Some(piece) = body.next().await {
            let piece = piece.map_err(|error| cut_off(GET, error))?;
            read += piece.len() as u64;
            sha256.update(&piece);
        }
        if size.is_some_and(|size| size != read) {
            return Err(odd("the object that came has another length"));
        }
        Ok(format!("sha256:{}", hex::encode(sha256.finalize())))
    }
}
