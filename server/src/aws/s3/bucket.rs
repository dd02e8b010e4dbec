//! What a bucket says of itself: versions, locks and encryption.

use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::types::{MfaDeleteStatus, ObjectLockEnabled, ObjectLockRule};
use domain::preflight::{LockSeen, VersioningSeen};
use domain::text::counted;

use super::S3;
use crate::aws::error::{AwsError, AwsErrorKind, Effect};

const VERSIONING: &str = "GetBucketVersioning";
const LOCK: &str = "GetObjectLockConfiguration";
const ENCRYPTION: &str = "GetBucketEncryption";
const LEGAL_HOLD: &str = "GetObjectLegalHold";

/// How a bucket encrypts what asks for nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncryptionSeen {
    /// `AES256`, `aws:kms` or `aws:kms:dsse`.
    pub algorithm: String,
    /// The key, as it was configured: an ARN, an id or an alias. `None` for AWS's
    /// own.
    pub key: Option<String>,
}

impl S3 {
    /// The same without the account that must own the bucket: only to tell a wrong
    /// owner from a right that is missing.
    #[must_use]
    pub fn of_any_owner(&self) -> Self {
        Self {
            owner: None,
            ..self.clone()
        }
    }

    /// Whether the bucket keeps versions.
    pub async fn versioning(&self, bucket: &str) -> Result<VersioningSeen, AwsError> {
        let answer = self
            .client
            .get_bucket_versioning()
            .bucket(bucket)
            .set_expected_bucket_owner(self.owner.clone())
            .send()
            .await
            .map_err(|error| AwsError::of(VERSIONING, Effect::Reads, error))?;
        Ok(VersioningSeen {
            status: answer.status().map(|status| status.as_str().to_owned()),
            mfa_delete: answer.mfa_delete() == Some(&MfaDeleteStatus::Enabled),
        })
    }

    /// Whether the bucket can hold objects, and how it holds new ones.
    pub async fn object_lock(&self, bucket: &str) -> Result<LockSeen, AwsError> {
        let off = LockSeen {
            enabled: false,
            default: None,
        };
        let answer = self
            .client
            .get_object_lock_configuration()
            .bucket(bucket)
            .set_expected_bucket_owner(self.owner.clone())
            .send()
            .await;
        let answer = match answer {
            Err(error)
                if error.code() == Some("ObjectLockConfigurationNotFoundError") =>
            {
                return Ok(off);
            }
            answer => {
                answer
                    .map_err(|error| AwsError::of(LOCK, Effect::Reads, error))?
                    .object_lock_configuration
            }
        };
        Ok(answer.map_or(off, |lock| LockSeen {
            enabled: lock.object_lock_enabled() == Some(&ObjectLockEnabled::Enabled),
            default: lock.rule().and_then(default),
        }))
    }

    /// How the bucket encrypts what asks for nothing.
    pub async fn encryption(
        &self,
        bucket: &str,
    ) -> Result<Option<EncryptionSeen>, AwsError> {
        let answer = self
            .client
            .get_bucket_encryption()
            .bucket(bucket)
            .set_expected_bucket_owner(self.owner.clone())
            .send()
            .await;
        let rules = match answer {
            // S3 has had a default for every bucket since 2023; others have not.
            Err(error)
                if error.code()
                    == Some("ServerSideEncryptionConfigurationNotFoundError") =>
            {
                return Ok(None);
            }
            answer => answer
                .map_err(|error| AwsError::of(ENCRYPTION, Effect::Reads, error))?
                .server_side_encryption_configuration
                .map(|configuration| configuration.rules)
                .unwrap_or_default(),
        };
        let default = rules
            .into_iter()
            .find_map(|rule| rule.apply_server_side_encryption_by_default);
        Ok(default.map(|default| EncryptionSeen {
            algorithm: default.sse_algorithm.as_str().to_owned(),
            key: default.kms_master_key_id,
        }))
    }

    /// Whether a legal hold is on the object. HeadObject tells it too, but leaves it
    /// out for who may not see it.
    pub async fn legal_hold(&self, bucket: &str, key: &str) -> Result<bool, AwsError> {
        let answer = self
            .client
            .get_object_legal_hold()
            .bucket(bucket)
            .key(key)
            .set_expected_bucket_owner(self.owner.clone())
            .send()
            .await;
        match answer {
            Ok(answer) => Ok(answer
                .legal_hold()
                .and_then(|hold| hold.status())
                .is_some_and(|status| status.as_str() == "ON")),
            Err(error) if error.code() == Some("NoSuchObjectLockConfiguration") => {
                Ok(false)
            }
            Err(error) => {
                let error = AwsError::of(LEGAL_HOLD, Effect::Reads, error);
                match error.kind {
                    AwsErrorKind::NotFound => Ok(false),
                    _ => Err(error),
                }
            }
        }
    }
}

fn default(rule: &ObjectLockRule) -> Option<String> {
    let default = rule.default_retention()?;
    let mode = default
        .mode()
        .map_or("an unnamed mode", |mode| mode.as_str());
    let long = |n: i32, one: &str, many: &str| {
        counted(u64::try_from(n).unwrap_or_default(), one, many)
    };
    let time = match (default.days(), default.years()) {
        (Some(days), _) => long(days, "day", "days"),
        (None, Some(years)) => long(years, "year", "years"),
        (None, None) => return Some(mode.to_owned()),
    };
    Some(format!("{mode} for {time}"))
}
