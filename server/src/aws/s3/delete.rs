//! Deletes. This is the one place in Sluice that deletes objects, and it does
//! so by key and ETag only; there is no delete of a prefix.

use std::collections::BTreeMap;

use aws_sdk_s3::types::{ChecksumAlgorithm, Delete, ObjectIdentifier};
use domain::keyset::KeyEntry;
use futures::StreamExt as _;

use super::keys::fits_xml;
use super::{S3, quoted};
use crate::aws::error::{AwsError, AwsErrorKind, Effect};

const DELETE: &str = "DeleteObjects";
const DELETE_ONE: &str = "DeleteObject";

/// What one call takes.
const KEYS_MAX: usize = 1_000;
const SINGLE_AT_ONCE: usize = 8;

/// What became of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deleted {
    /// The full key.
    pub key: String,
    /// What became of it.
    pub outcome: DeleteOutcome,
}

/// See [`Deleted`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeleteOutcome {
    /// It is not there, now or from the start.
    Gone,
    /// It is there with another ETag, and stays.
    Changed,
    /// It could not be deleted, for this reason, or that cannot be told.
    Failed(String),
}

impl S3 {
    /// Deletes objects, each only if it still has its ETag. The keys are full
    /// keys, at most a thousand. There is one outcome for each, in their order.
    ///
    /// # Errors
    /// When the call as a whole failed; some may be deleted then.
    pub async fn delete(
        &self,
        bucket: &str,
        keys: &[KeyEntry],
    ) -> Result<Vec<Deleted>, AwsError> {
        if keys.len() > KEYS_MAX {
            return Err(AwsError::own(
                DELETE,
                AwsErrorKind::Invalid,
                format!("{} keys are more than one call takes", keys.len()),
            ));
        }
        let (plain, odd): (Vec<&KeyEntry>, Vec<&KeyEntry>) =
            keys.iter().partition(|entry| fits_xml(&entry.key));
        let mut outcomes = self.delete_together(bucket, &plain).await?;
        let singles: Vec<(String, DeleteOutcome)> =
            futures::stream::iter(odd.into_iter().cloned())
                .map(|entry| self.delete_one(bucket, entry))
                .buffer_unordered(SINGLE_AT_ONCE)
                .collect()
                .await;
        outcomes.extend(singles);
        Ok(keys
            .iter()
            .map(|entry| Deleted {
                key: entry.key.clone(),
                outcome: outcomes.remove(&entry.key).unwrap_or_else(|| {
                    DeleteOutcome::Failed("S3 did not say what became of it".to_owned())
                }),
            })
            .collect())
    }

    async fn delete_together(
        &self,
        bucket: &str,
        entries: &[&KeyEntry],
    ) -> Result<BTreeMap<String, DeleteOutcome>, AwsError> {
        if entries.is_empty() {
            return Ok(BTreeMap::new());
        }
        let invalid = |error: aws_sdk_s3::error::BuildError| {
            AwsError::own(DELETE, AwsErrorKind::Invalid, error.to_string())
        };
        let mut list = Delete::builder().quiet(false);
        for entry in entries {
            let identifier = ObjectIdentifier::builder()
                .key(&entry.key)
                .e_tag(quoted(&entry.etag))
                .build()
                .map_err(invalid)?;
            list = list.objects(identifier);
        }
        let answer = self
            .client
            .delete_objects()
            .bucket(bucket)
            .delete(list.build().map_err(invalid)?)
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .set_expected_bucket_owner(self.owner.clone())
            .send()
            .await
            .map_err(|error| AwsError::of(DELETE, Effect::Changes, error))?;
        let mut outcomes = BTreeMap::new();
        for gone in answer.deleted() {
            if let Some(key) = gone.key() {
                outcomes.insert(key.to_owned(), DeleteOutcome::Gone);
            }
        }
        for refused in answer.errors() {
            let Some(key) = refused.key() else { continue };
            let outcome = match refused.code().unwrap_or_default() {
                "NoSuchKey" => DeleteOutcome::Gone,
                "PreconditionFailed" => self.changed_or_gone(bucket, key).await,
                code => DeleteOutcome::Failed(format!(
                    "{code}: {}",
                    refused.message().unwrap_or("AWS gives no reason")
                )),
            };
            outcomes.insert(key.to_owned(), outcome);
        }
        Ok(outcomes)
    }

    async fn delete_one(&self, bucket: &str, entry: KeyEntry) -> (String, DeleteOutcome) {
        let answer = self
            .client
            .delete_object()
            .bucket(bucket)
            .key(&entry.key)
            .if_match(quoted(&entry.etag))
            .set_expected_bucket_owner(self.owner.clone())
            .send()
            .await
            .map_err(|error| AwsError::of(DELETE_ONE, Effect::Changes, error));
        let outcome = match answer {
            Ok(_) => DeleteOutcome::Gone,
            Err(error) => match error.kind {
                AwsErrorKind::NotFound => DeleteOutcome::Gone,
                AwsErrorKind::PreconditionFailed => {
                    self.changed_or_gone(bucket, &entry.key).await
                }
                _ => DeleteOutcome::Failed(error.message),
            },
        };
        (entry.key.clone(), outcome)
    }

    /// A condition also fails on a key that an earlier attempt has deleted.
    async fn changed_or_gone(&self, bucket: &str, key: &str) -> DeleteOutcome {
        match self.head(bucket, key).await {
            Ok(None) => DeleteOutcome::Gone,
            Ok(Some(_)) => DeleteOutcome::Changed,
            Err(error) => DeleteOutcome::Failed(error.to_string()),
        }
    }
}
