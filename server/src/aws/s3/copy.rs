//! Copies inside S3.

use std::time::Duration;

use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::types::{ChecksumAlgorithm, MetadataDirective, TaggingDirective};

use super::keys::copy_source;
use super::read::stored;
use super::{S3, bare, quoted};
use crate::aws::error::{AwsError, Effect};

const COPY: &str = "CopyObject";

/// The largest object that CopyObject takes: 5 GiB. S3 refuses a larger one,
/// which comes out as `Invalid`; copying in parts is not built.
pub const COPY_BYTES_MAX: u64 = 5 * 1024 * 1024 * 1024;

/// S3 answers a copy when it is made, which for the largest takes minutes.
const COPY_TIMEOUT: Duration = Duration::from_secs(600);

/// A copy that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The copy's ETag without quotes.
    pub etag: String,
    /// S3's SHA-256 over the copy, as `sha256:` and hexadecimal digits.
    pub checksum: Option<String>,
}

impl S3 {
    /// Copies an object with its metadata and tags, if the source still has
    /// `etag` and the destination is not there.
    ///
    /// # Errors
    /// `PreconditionFailed` where either does not hold; look at both.
    pub async fn copy(
        &self,
        bucket: &str,
        key: &str,
        etag: &str,
        to_bucket: &str,
        to_key: &str,
    ) -> Result<Copied, AwsError> {
        let patient = TimeoutConfig::builder()
            .operation_attempt_timeout(COPY_TIMEOUT)
            .operation_timeout(2 * COPY_TIMEOUT)
            .build();
        let answer = self
            .client
            .copy_object()
            .copy_source(copy_source(bucket, key))
            .copy_source_if_match(quoted(etag))
            .set_expected_source_bucket_owner(self.owner.clone())
            .bucket(to_bucket)
            .key(to_key)
            .if_none_match("*")
            .set_expected_bucket_owner(self.owner.clone())
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .metadata_directive(MetadataDirective::Copy)
            .tagging_directive(TaggingDirective::Copy)
            .customize()
            .config_override(
                aws_sdk_s3::config::Config::builder().timeout_config(patient),
            )
            .send()
            .await
            .map_err(|error| AwsError::of(COPY, Effect::Changes, error))?;
        let odd = |what| AwsError::odd_answer(COPY, Effect::Changes, what);
        let result = answer
            .copy_object_result()
            .ok_or_else(|| odd("the answer does not tell of a copy"))?;
        let etag = result
            .e_tag()
            .map(bare)
            .ok_or_else(|| odd("there is no ETag"))?;
        Ok(Copied {
            etag,
            checksum: stored("sha256", result.checksum_sha256()),
        })
    }
}
