//! One object: its bytes, or what S3 says of it.

use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::types::{ChecksumMode, ChecksumType};
use base64::Engine as _;
use domain::preflight::HoldKind;
use domain::time::Millis;

use super::{S3, bare};
use crate::aws::error::{AwsError, AwsErrorKind, Effect};

const GET: &str = "GetObject";
const HEAD: &str = "HeadObject";

/// An object that was read.
#[derive(Clone, PartialEq, Eq)]
pub struct Got {
    /// All of it.
    pub bytes: Vec<u8>,
    /// Its ETag without quotes.
    pub etag: String,
}

/// What S3 says of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its ETag without quotes.
    pub etag: String,
    /// In bytes.
    pub size: u64,
    /// When it was written, by S3's clock; S3 gives whole seconds.
    pub last_modified: Millis,
    /// A checksum over the whole object, where one is stored: `sha256:` or
    /// `crc64nvme:` and hexadecimal digits.
    pub checksum: Option<String>,
    /// The key of KMS under which it lies; `None` where it is under none.
    pub kms_key: Option<String>,
    /// How Object Lock holds it, as far as the role may see that.
    pub hold: Option<HoldKind>,
}

impl S3 {
    /// An object of at most `bytes_max` bytes. A larger one is
    /// [`AwsErrorKind::Invalid`].
    pub async fn get(
        &self,
        bucket: &str,
        key: &str,
        bytes_max: u64,
    ) -> Result<Got, AwsError> {
        let answer = self
            .client
            .get_object()
            .bucket(bucket)
            .key(key)
            .set_expected_bucket_owner(self.owner.clone())
            .send()
            .await
            .map_err(|error| AwsError::of(GET, Effect::Reads, error))?;
        let too_large = || {
            AwsError::own(
                GET,
                AwsErrorKind::Invalid,
                format!("{key} is larger than the {bytes_max} bytes that are read of it"),
            )
        };
        let said = answer.content_length().and_then(|n| u64::try_from(n).ok());
        if said.is_some_and(|n| n > bytes_max) {
            return Err(too_large());
        }
        let etag = answer.e_tag().map(bare).ok_or_else(|| {
            AwsError::odd_answer(GET, Effect::Reads, "there is no ETag")
        })?;
        let mut body = answer.body;
        let mut bytes = Vec::new();
        while let Some(piece) = body.next().await {
            let piece = piece.map_err(|error| cut_off(GET, error))?;
            if (bytes.len() + piece.len()) as u64 > bytes_max {
                return Err(too_large());
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(Got { bytes, etag })
    }

    /// What S3 says of an object; `None` where there is none.
    pub async fn head(&self, bucket: &str, key: &str) -> Result<Option<Head>, AwsError> {
        match self.head_if(bucket, key, None).await {
            Ok(head) => Ok(Some(head)),
            Err(error) if error.kind == AwsErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn head_if(
        &self,
        bucket: &str,
        key: &str,
        etag: Option<String>,
    ) -> Result<Head, AwsError> {
        let answer = self
            .client
            .head_object()
            .bucket(bucket)
            .key(key)
            .checksum_mode(ChecksumMode::Enabled)
            .set_expected_bucket_owner(self.owner.clone())
            .set_if_match(etag)
            .send()
            .await
            .map_err(|error| AwsError::of(HEAD, Effect::Reads, error))?;
        let odd = |what| AwsError::odd_answer(HEAD, Effect::Reads, what);
        let etag = answer
            .e_tag()
            .map(bare)
            .ok_or_else(|| odd("there is no ETag"))?;
        let size = answer
            .content_length()
            .and_then(|n| u64::try_from(n).ok())
            .ok_or_else(|| odd("there is no size"))?;
        let modified = answer
            .last_modified()
            .and_then(|at| at.to_millis().ok())
            .ok_or_else(|| odd("there is no time"))?;
        // A checksum of checksums of parts says nothing about another upload
        // of the same bytes.
        let whole = answer.checksum_type() != Some(&ChecksumType::Composite);
        let checksum = whole
            .then(|| {
                stored("sha256", answer.checksum_sha256())
                    .or_else(|| stored("crc64nvme", answer.checksum_crc64_nvme()))
            })
            .flatten();
        let hold = hold(&answer);
        Ok(Head {
            kms_key: answer.ssekms_key_id().map(str::to_owned),
            hold,
            etag,
            size,
            last_modified: Millis(modified),
            checksum,
        })
    }
}

fn hold(answer: &HeadObjectOutput) -> Option<HoldKind> {
    let legal = answer.object_lock_legal_hold_status();
    if legal.is_some_and(|status| status.as_str() == "ON") {
        return Some(HoldKind::Legal);
    }
    let mode = answer.object_lock_mode()?.as_str();
    let until = answer.object_lock_retain_until_date()?.to_millis().ok()?;
    Some(HoldKind::Retained(format!(
        "{mode} until {}",
        Millis(until).utc()
    )))
}

/// A checksum as S3 gives it, in base64, as Sluice keeps it. One of parts ends
/// in a dash and their number, which is no base64.
pub(super) fn stored(algorithm: &str, base64: Option<&str>) -> Option<String> {
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(base64?)
        .ok()?;
    Some(format!("{algorithm}:{}", hex::encode(bytes)))
}

/// A body that ended before its end, or whose checksum is wrong.
pub(super) fn cut_off(
    operation: &'static str,
    error: aws_sdk_s3::primitives::ByteStreamError,
) -> AwsError {
    AwsError {
        operation,
        kind: AwsErrorKind::Unreachable,
        message: "the object's bytes did not come whole".to_owned(),
        request_id: None,
        source: Some(Box::new(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_of_parts_is_none() {
        let whole = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        assert!(
            stored("sha256", Some(whole))
                .unwrap()
                .starts_with("sha256:e3b0c442")
        );
        assert_eq!(stored("sha256", Some(&format!("{whole}-3"))), None);
        assert_eq!(stored("sha256", None), None);
    }
}
