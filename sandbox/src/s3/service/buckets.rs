//! Buckets and their settings.

use s3s::dto::*;
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response};

use super::{Answer, Service, caller, timestamp};
use crate::wire::{ACCOUNT, REGION};

pub(super) async fn create(
    service: &Service,
    request: S3Request<CreateBucketInput>,
) -> Answer<CreateBucketOutput> {
    let by = caller(&request)?;
    let name = request.input.bucket;
    if request.input.object_lock_enabled_for_bucket == Some(true) {
        let message = "the sandbox has no object lock";
        return Err(S3Error::with_message(S3ErrorCode::NotImplemented, message));
    }
    let location = format!("/{name}");
    service
        .on_store(move |store| store.create_bucket(&by, &name))
        .await?;
    Ok(S3Response::new(CreateBucketOutput {
        location: Some(location),
    }))
}

pub(super) fn head(
    service: &Service,
    request: &S3Request<HeadBucketInput>,
) -> Answer<HeadBucketOutput> {
    let input = &request.input;
    service.bucket(&input.bucket, input.expected_bucket_owner.as_deref())?;
    Ok(S3Response::new(HeadBucketOutput {
        bucket_region: Some(REGION.to_owned()),
        ..HeadBucketOutput::default()
    }))
}

pub(super) fn list(
    service: &Service,
    request: &S3Request<ListBucketsInput>,
) -> Answer<ListBucketsOutput> {
    let input = &request.input;
    if input.continuation_token.is_some() {
        return Err(super::invalid("the list of buckets has one page"));
    }
    let prefix = input.prefix.clone().unwrap_or_default();
    let buckets = service
        .store
        .buckets()
        .into_iter()
        .filter(|bucket| bucket.owner == ACCOUNT && bucket.name.starts_with(&prefix))
        .map(|bucket| Bucket {
            bucket_region: Some(REGION.to_owned()),
            creation_date: Some(timestamp(bucket.created_at_ms)),
            name: Some(bucket.name),
        })
        .collect();
    Ok(S3Response::new(ListBucketsOutput {
        buckets: Some(buckets),
        owner: Some(Owner {
            display_name: None,
            id: Some(ACCOUNT.to_owned()),
        }),
        prefix: input.prefix.clone(),
        ..ListBucketsOutput::default()
    }))
}

pub(super) fn location(
    service: &Service,
    request: &S3Request<GetBucketLocationInput>,
) -> Answer<GetBucketLocationOutput> {
    let input = &request.input;
    service.bucket(&input.bucket, input.expected_bucket_owner.as_deref())?;
    let location = BucketLocationConstraint::from(REGION.to_owned());
    Ok(S3Response::new(GetBucketLocationOutput {
        location_constraint: Some(location),
    }))
}

pub(super) fn encryption(
    service: &Service,
    request: &S3Request<GetBucketEncryptionInput>,
) -> Answer<GetBucketEncryptionOutput> {
    let input = &request.input;
    let bucket = service.bucket(&input.bucket, input.expected_bucket_owner.as_deref())?;
    let rule = ServerSideEncryptionRule {
        apply_server_side_encryption_by_default: Some(ServerSideEncryptionByDefault {
            kms_master_key_id: bucket.kms_key,
            sse_algorithm: ServerSideEncryption::from(bucket.encryption),
        }),
        bucket_key_enabled: Some(false),
    };
    Ok(S3Response::new(GetBucketEncryptionOutput {
        server_side_encryption_configuration: Some(ServerSideEncryptionConfiguration {
            rules: vec![rule],
        }),
    }))
}

pub(super) async fn set_encryption(
    service: &Service,
    request: S3Request<PutBucketEncryptionInput>,
) -> Answer<PutBucketEncryptionOutput> {
    let by = caller(&request)?;
    let input = request.input;
    service.bucket(&input.bucket, input.expected_bucket_owner.as_deref())?;
    let rules = input.server_side_encryption_configuration.rules;
    let default = match <[_; 1]>::try_from(rules) {
        Ok([rule]) => rule.apply_server_side_encryption_by_default,
        Err(_) => None,
    };
    let Some(default) = default else {
        let message = "one rule with a default is needed";
        return Err(S3Error::with_message(S3ErrorCode::MalformedXML, message));
    };
    let encryption = default.sse_algorithm.as_str().to_owned();
    if !matches!(encryption.as_str(), "AES256" | "aws:kms") {
        let message = format!("the sandbox does not encrypt with {encryption}");
        return Err(S3Error::with_message(S3ErrorCode::NotImplemented, message));
    }
    let change = move |bucket: &mut super::Bucket| {
        bucket.encryption = encryption;
        bucket.kms_key = default.kms_master_key_id;
    };
    let name = input.bucket;
    service
        .on_store(move |store| {
            store.set_bucket(&by, "PutBucketEncryption", &name, change)
        })
        .await?;
    Ok(S3Response::new(PutBucketEncryptionOutput::default()))
}

pub(super) fn lifecycle(
    service: &Service,
    request: &S3Request<GetBucketLifecycleConfigurationInput>,
) -> Answer<GetBucketLifecycleConfigurationOutput> {
    let input = &request.input;
    let bucket = service.bucket(&input.bucket, input.expected_bucket_owner.as_deref())?;
    let rules: Option<LifecycleRules> = bucket
        .lifecycle
        .and_then(|rules| serde_json::from_value(rules).ok());
    if rules.is_none() {
        let message = "The lifecycle configuration does not exist";
        let code = S3ErrorCode::NoSuchLifecycleConfiguration;
        return Err(S3Error::with_message(code, message));
    }
    Ok(S3Response::new(GetBucketLifecycleConfigurationOutput {
        rules,
        ..GetBucketLifecycleConfigurationOutput::default()
    }))
}

pub(super) async fn set_lifecycle(
    service: &Service,
    request: S3Request<PutBucketLifecycleConfigurationInput>,
) -> Answer<PutBucketLifecycleConfigurationOutput> {
    let by = caller(&request)?;
    let input = request.input;
    service.bucket(&input.bucket, input.expected_bucket_owner.as_deref())?;
    let Some(configuration) = input.lifecycle_configuration else {
        let message = "the rules are missing";
        return Err(S3Error::with_message(S3ErrorCode::MalformedXML, message));
    };
    let rules =
        serde_json::to_value(configuration.rules).map_err(S3Error::internal_error)?;
    let name = input.bucket;
    let action = "PutBucketLifecycleConfiguration";
    let change = move |bucket: &mut super::Bucket| bucket.lifecycle = Some(rules);
    service
        .on_store(move |store| store.set_bucket(&by, action, &name, change))
        .await?;
    Ok(S3Response::new(
        PutBucketLifecycleConfigurationOutput::default(),
    ))
}

pub(super) async fn delete_lifecycle(
    service: &Service,
    request: S3Request<DeleteBucketLifecycleInput>,
) -> Answer<DeleteBucketLifecycleOutput> {
    let by = caller(&request)?;
    let input = request.input;
    service.bucket(&input.bucket, input.expected_bucket_owner.as_deref())?;
    let name = input.bucket;
    let action = "DeleteBucketLifecycle";
    let change = |bucket: &mut super::Bucket| bucket.lifecycle = None;
    service
        .on_store(move |store| store.set_bucket(&by, action, &name, change))
        .await?;
    Ok(S3Response::new(DeleteBucketLifecycleOutput::default()))
}
