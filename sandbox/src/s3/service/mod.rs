//! Amazon's REST protocol in front of the store.
//!
//! `s3s` reads requests, verifies signatures and writes answers; here stands what each
//! operation means. An operation that is not here is refused as NotImplemented, and so
//! is a parameter or header that the gate does not know.

mod body;
mod buckets;
mod copies;
mod gate;
mod headers;
mod listings;
mod locks;
mod objects;
mod parameters;
mod uploads;

use std::sync::Arc;

use s3s::dto::*;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result};

use super::error::StoreError;
use super::store::{Bucket, Store};
use crate::faults::FaultKind;
use crate::wire::{Principal, Shared};

/// The S3 service over a store, for the front door.
pub fn service(store: Arc<Store>, shared: Shared) -> S3Service {
    let mut builder = S3ServiceBuilder::new(Service {
        store,
        shared: shared.clone(),
    });
    builder.set_auth(gate::Auth(shared.keys.clone()));
    builder.set_access(gate::Gate(shared));
    builder.build()
}

struct Service {
    store: Arc<Store>,
    shared: Shared,
}

type Answer<T> = S3Result<S3Response<T>>;

impl Service {
    /// Runs an operation of the store where it may block.
    async fn on_store<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> S3Result<T> {
        let store = self.store.clone();
        tokio::task::spawn_blocking(move || operation(&store))
            .await
            .map_err(|error| {
                S3Error::with_source(S3ErrorCode::InternalError, error.into())
            })?
            .map_err(S3Error::from)
    }

    /// The bucket, if it is there and the owner is the one that the caller expects.
    fn bucket(&self, name: &str, expected_owner: Option<&str>) -> S3Result<Bucket> {
        let bucket = self.store.bucket(name)?;
        if expected_owner.is_some_and(|owner| owner != bucket.owner) {
            let message = "the bucket belongs to another account than is expected";
            return Err(S3Error::with_message(S3ErrorCode::AccessDenied, message));
        }
        Ok(bucket)
    }

    /// The kinds of fault that strike this call and change what it does. The one that
    /// makes conditions mean nothing is asked for apart.
    fn struck(&self, action: &str, key: &str) -> Vec<FaultKind> {
        let faults = &self.shared.faults;
        faults.strike_where("s3", action, Some(key), |kind| {
            !gate::is_gates(kind) && kind != &FaultKind::IgnoreConditions
        })
    }

    /// S3 tells those who may not list that a missing key is forbidden.
    fn hide_absence(&self, by: &Principal, bucket: &str, error: S3Error) -> S3Error {
        if error.code() != &S3ErrorCode::NoSuchKey {
            return error;
        }
        let arn = format!("arn:aws:s3:::{bucket}");
        let policies = &self.shared.policies;
        match policies.decide(&by.identity, "s3:ListBucket", &arn) {
            crate::iam::Decision::Allowed => error,
            _ => S3Error::with_message(S3ErrorCode::AccessDenied, "Access Denied"),
        }
    }
}

/// Who calls; the front door has put it in.
fn caller<T>(request: &S3Request<T>) -> S3Result<Principal> {
    request
        .extensions
        .get::<Principal>()
        .cloned()
        .ok_or_else(|| S3Error::with_message(S3ErrorCode::AccessDenied, "Access Denied"))
}

/// The time in the form of the protocol.
fn timestamp(at_ms: i64) -> Timestamp {
    let since = std::time::Duration::from_millis(u64::try_from(at_ms).unwrap_or(0));
    Timestamp::from(std::time::UNIX_EPOCH + since)
}

fn invalid(message: impl Into<String>) -> S3Error {
    S3Error::with_message(S3ErrorCode::InvalidArgument, message.into())
}

/// An error inside an answer whose status is 200.
fn error_inside_200(code: &str) -> S3Error {
    let code =
        S3ErrorCode::from_bytes(code.as_bytes()).unwrap_or(S3ErrorCode::InternalError);
    let mut error = S3Error::with_message(code, "an error that was switched on");
    error.set_status_code(http::StatusCode::OK);
    error
}

/// Only the current version exists, under the name `null`.
fn only_version(version: Option<&str>) -> S3Result<()> {
    match version {
        None | Some("null") => Ok(()),
        Some(other) => {
            let message = format!("there is no version {other}: versioning is off");
            Err(S3Error::with_message(S3ErrorCode::NoSuchVersion, message))
        }
    }
}

#[async_trait::async_trait]
impl S3 for Service {
    async fn create_bucket(
        &self,
        request: S3Request<CreateBucketInput>,
    ) -> Answer<CreateBucketOutput> {
        buckets::create(self, request).await
    }

    async fn head_bucket(
        &self,
        request: S3Request<HeadBucketInput>,
    ) -> Answer<HeadBucketOutput> {
        buckets::head(self, &request)
    }

    async fn list_buckets(
        &self,
        request: S3Request<ListBucketsInput>,
    ) -> Answer<ListBucketsOutput> {
        buckets::list(self, &request)
    }

    async fn get_bucket_location(
        &self,
        request: S3Request<GetBucketLocationInput>,
    ) -> Answer<GetBucketLocationOutput> {
        buckets::location(self, &request)
    }

    async fn get_bucket_versioning(
        &self,
        request: S3Request<GetBucketVersioningInput>,
    ) -> Answer<GetBucketVersioningOutput> {
        locks::versioning(self, &request)
    }

    async fn put_bucket_versioning(
        &self,
        request: S3Request<PutBucketVersioningInput>,
    ) -> Answer<PutBucketVersioningOutput> {
        locks::set_versioning(self, request).await
    }

    async fn get_object_lock_configuration(
        &self,
        request: S3Request<GetObjectLockConfigurationInput>,
    ) -> Answer<GetObjectLockConfigurationOutput> {
        locks::lock(self, &request)
    }

    async fn put_object_lock_configuration(
        &self,
        request: S3Request<PutObjectLockConfigurationInput>,
    ) -> Answer<PutObjectLockConfigurationOutput> {
        locks::set_lock(self, request).await
    }

    async fn get_object_legal_hold(
        &self,
        request: S3Request<GetObjectLegalHoldInput>,
    ) -> Answer<GetObjectLegalHoldOutput> {
        locks::legal_hold(self, request).await
    }

    async fn put_object_legal_hold(
        &self,
        request: S3Request<PutObjectLegalHoldInput>,
    ) -> Answer<PutObjectLegalHoldOutput> {
        locks::set_legal_hold(self, request).await
    }

    async fn put_object_retention(
        &self,
        request: S3Request<PutObjectRetentionInput>,
    ) -> Answer<PutObjectRetentionOutput> {
        locks::set_retention(self, request).await
    }

    async fn get_bucket_encryption(
        &self,
        request: S3Request<GetBucketEncryptionInput>,
    ) -> Answer<GetBucketEncryptionOutput> {
        buckets::encryption(self, &request)
    }

    async fn put_bucket_encryption(
        &self,
        request: S3Request<PutBucketEncryptionInput>,
    ) -> Answer<PutBucketEncryptionOutput> {
        buckets::set_encryption(self, request).await
    }

    async fn get_bucket_lifecycle_configuration(
        &self,
        request: S3Request<GetBucketLifecycleConfigurationInput>,
    ) -> Answer<GetBucketLifecycleConfigurationOutput> {
        buckets::lifecycle(self, &request)
    }

    async fn put_bucket_lifecycle_configuration(
        &self,
        request: S3Request<PutBucketLifecycleConfigurationInput>,
    ) -> Answer<PutBucketLifecycleConfigurationOutput> {
        buckets::set_lifecycle(self, request).await
    }

    async fn delete_bucket_lifecycle(
        &self,
        request: S3Request<DeleteBucketLifecycleInput>,
    ) -> Answer<DeleteBucketLifecycleOutput> {
        buckets::delete_lifecycle(self, request).await
    }

    async fn list_objects(
        &self,
        request: S3Request<ListObjectsInput>,
    ) -> Answer<ListObjectsOutput> {
        listings::version_1(self, request).await
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> Answer<ListObjectsV2Output> {
        listings::version_2(self, request).await
    }

    async fn get_object(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> Answer<GetObjectOutput> {
        objects::get(self, request).await
    }

    async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> Answer<HeadObjectOutput> {
        objects::head(self, request).await
    }

    async fn put_object(
        &self,
        request: S3Request<PutObjectInput>,
    ) -> Answer<PutObjectOutput> {
        objects::put(self, request).await
    }

    async fn copy_object(
        &self,
        request: S3Request<CopyObjectInput>,
    ) -> Answer<CopyObjectOutput> {
        copies::copy(self, request).await
    }

    async fn delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> Answer<DeleteObjectOutput> {
        objects::delete(self, request).await
    }

    async fn delete_objects(
        &self,
        request: S3Request<DeleteObjectsInput>,
    ) -> Answer<DeleteObjectsOutput> {
        copies::delete_many(self, request).await
    }

    async fn get_object_tagging(
        &self,
        request: S3Request<GetObjectTaggingInput>,
    ) -> Answer<GetObjectTaggingOutput> {
        objects::tags(self, request).await
    }

    async fn put_object_tagging(
        &self,
        request: S3Request<PutObjectTaggingInput>,
    ) -> Answer<PutObjectTaggingOutput> {
        objects::set_tags(self, request).await
    }

    async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> Answer<CreateMultipartUploadOutput> {
        uploads::create(self, request).await
    }

    async fn upload_part(
        &self,
        request: S3Request<UploadPartInput>,
    ) -> Answer<UploadPartOutput> {
        uploads::part(self, request).await
    }

    async fn upload_part_copy(
        &self,
        request: S3Request<UploadPartCopyInput>,
    ) -> Answer<UploadPartCopyOutput> {
        uploads::part_copy(self, request).await
    }

    async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> Answer<CompleteMultipartUploadOutput> {
        uploads::complete(self, request).await
    }

    async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> Answer<AbortMultipartUploadOutput> {
        uploads::abort(self, request).await
    }

    async fn list_parts(
        &self,
        request: S3Request<ListPartsInput>,
    ) -> Answer<ListPartsOutput> {
        uploads::parts(self, request).await
    }

    async fn list_multipart_uploads(
        &self,
        request: S3Request<ListMultipartUploadsInput>,
    ) -> Answer<ListMultipartUploadsOutput> {
        uploads::list(self, request).await
    }
}
