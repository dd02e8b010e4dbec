//! Writing one object, always on a condition that the caller has named.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ChecksumAlgorithm;

use super::{S3, bare, quoted};
use crate::aws::error::{AwsError, Effect};

const PUT: &str = "PutObject";

/// On what an object is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PutOn {
    /// Only where there is none.
    Absent,
    /// Only over the object with this ETag.
    Match(String),
    /// Whatever is there.
    Always,
}

impl S3 {
    /// Writes an object and gives its ETag.
    ///
    /// # Errors
    /// `PreconditionFailed` where the condition does not hold. It also comes
    /// when an earlier attempt of the same call took effect and its answer was
    /// lost: look at the object.
    pub async fn put(
        &self,
        bucket: &str,
        key: &str,
        body: Vec<u8>,
        on: PutOn,
    ) -> Result<String, AwsError> {
        let (if_match, if_none_match) = match on {
            PutOn::Absent => (None, Some("*".to_owned())),
            PutOn::Match(etag) => (Some(quoted(&etag)), None),
            PutOn::Always => (None, None),
        };
        let answer = self
            .client
            .put_object()
            .bucket(bucket)
            .key(key)
            .body(ByteStream::from(body))
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .set_expected_bucket_owner(self.owner.clone())
            .set_if_match(if_match)
            .set_if_none_match(if_none_match)
            .send()
            .await
            .map_err(|error| AwsError::of(PUT, Effect::Changes, error))?;
        answer
            .e_tag()
            .map(bare)
            .ok_or_else(|| AwsError::odd_answer(PUT, Effect::Changes, "there is no ETag"))
    }
}
