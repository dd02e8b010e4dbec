//! Objects: reading and writing.

use s3s::dto::*;
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result};

use super::super::condition::Condition;
use super::super::digest::Algorithm;
use super::super::object::Object as Stored;
use super::body::{self, claims_of, write_condition};
use super::headers::{meta_of, set_checksum, shown_checksum, shown_class};
use super::listings::checksum_type;
use super::locks;
use super::{Answer, Service, caller, only_version, timestamp};
use crate::faults::FaultKind;

pub(super) async fn get(
    service: &Service,
    request: S3Request<GetObjectInput>,
) -> Answer<GetObjectOutput> {
    let by = caller(&request)?;
    let input = request.input;
    service.bucket(&input.bucket, input.expected_bucket_owner.as_deref())?;
    only_version(input.version_id.as_deref())?;
    let (bucket, key) = (input.bucket.clone(), input.key.clone());
    let reader = by.clone();
    let (object, file) = service
        .on_store(move |store| store.open_object(&reader, &bucket, &key))
        .await
        .map_err(|error| service.hide_absence(&by, &input.bucket, error))?;
    let condition =
        body::condition(input.if_match.as_ref(), input.if_none_match.as_ref());
    let since = (&input.if_modified_since, &input.if_unmodified_since);
    check_read(&object, &condition, since)?;
    let range = match input.range {
        None => 0..object.size,
        Some(range) => range
            .check(object.size)
            .map_err(|_| S3Error::new(S3ErrorCode::InvalidRange))?,
    };
    let length = range.end - range.start;
    let whole = length == object.size;
    let content_range = input
        .range
        .is_some()
        .then(|| format!("bytes {}-{}/{}", range.start, range.end - 1, object.size));
    let checksum = object.checksum.clone().filter(|_| whole);
    let checksum = shown_checksum(input.checksum_mode.as_ref(), checksum);
    let kind = checksum.as_ref().map(|one| checksum_type(one.full_object));
    let class = shown_class(&object.meta);
    let tags = i32::try_from(object.meta.tags.len()).unwrap_or(i32::MAX);
    let mut output = GetObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        body: Some(body::stream(file, range.start, length)),
        cache_control: object.meta.cache_control,
        checksum_type: kind,
        content_disposition: object.meta.content_disposition,
        content_encoding: object.meta.content_encoding,
        content_language: object.meta.content_language,
        content_length: i64::try_from(length).ok(),
        content_range,
        content_type: Some(content_type(object.meta.content_type)),
        e_tag: Some(ETag::Strong(object.etag)),
        last_modified: Some(timestamp(object.modified_at_ms)),
        metadata: Some(object.meta.user.into_iter().collect()),
        server_side_encryption: encryption(object.meta.encryption),
        ssekms_key_id: object.meta.kms_key,
        storage_class: class.map(StorageClass::from),
        tag_count: (tags > 0).then_some(tags),
        ..GetObjectOutput::default()
    };
    set_checksum!(output, &checksum);
    Ok(S3Response::new(output))
}

pub(super) async fn head(
    service: &Service,
    request: S3Request<HeadObjectInput>,
) -> Answer<HeadObjectOutput> {
    let by = caller(&request)?;
    let input = request.input;
    service.bucket(&input.bucket, input.expected_bucket_owner.as_deref())?;
    only_version(input.version_id.as_deref())?;
    if input.range.is_some() {
        let message = "the sandbox does not take a range with HeadObject";
        return Err(S3Error::with_message(S3ErrorCode::NotImplemented, message));
    }
    let (bucket, key) = (input.bucket.clone(), input.key.clone());
    let reader = by.clone();
    let object = service
        .on_store(move |store| store.head(&reader, &bucket, &key))
        .await
        .map_err(|error| service.hide_absence(&by, &input.bucket, error))?;
    let condition =
        body::condition(input.if_match.as_ref(), input.if_none_match.as_ref());
    let since = (&input.if_modified_since, &input.if_unmodified_since);
    check_read(&object, &condition, since)?;
    let checksum = shown_checksum(input.checksum_mode.as_ref(), object.checksum);
    let kind = checksum.as_ref().map(|one| checksum_type(one.full_object));
    let class = shown_class(&object.meta);
    let (lock_mode, retain_until) = locks::shown(object.meta.retained);
    let mut output = HeadObjectOutput {
        object_lock_legal_hold_status: locks::shown_hold(object.meta.legal_hold),
        object_lock_mode: lock_mode,
        object_lock_retain_until_date: retain_until,
        accept_ranges: Some("bytes".to_owned()),
        cache_control: object.meta.cache_control,
        checksum_type: kind,
        content_disposition: object.meta.content_disposition,
        content_encoding: object.meta.content_encoding,
        content_language: object.meta.content_language,
        content_length: i64::try_from(object.size).ok(),
        content_type: Some(content_type(object.meta.content_type)),
        e_tag: Some(ETag::Strong(object.etag)),
        last_modified: Some(timestamp(object.modified_at_ms)),
        metadata: Some(object.meta.user.into_iter().collect()),
        server_side_encryption: encryption(object.meta.encryption),
        ssekms_key_id: object.meta.kms_key,
        storage_class: class.map(StorageClass::from),
        ..HeadObjectOutput::default()
    };
    set_checksum!(output, &checksum);
    Ok(S3Response::new(output))
}

pub(super) async fn put(
    service: &Service,
    mut request: S3Request<PutObjectInput>,
) -> Answer<PutObjectOutput> {
    let by = caller(&request)?;
    let trailer = request.trailing_headers.take();
    let input = request.input;
    service.bucket(&input.bucket, input.expected_bucket_owner.as_deref())?;
    let mut condition =
        write_condition(input.if_match.as_ref(), input.if_none_match.as_ref())?;
    if ignores_conditions(service, "PutObject", &input.key) {
        condition = Condition::default();
    }
    let mut meta = meta_of!(input);
    let claims = claims_of!(input, trailer);
    let kept = claims.kept().unwrap_or(Algorithm::CRC64NVME);
    meta.checksum = Some(kept);
    let staged = body::stage(&service.store, input.body, &claims, kept).await?;
    let (bucket, key) = (input.bucket, input.key);
    let object = service
        .on_store(move |store| {
            store.put_staged(&by, &bucket, &key, staged, meta, &condition)
        })
        .await?;
    let kind = object.checksum.as_ref();
    let mut output = PutObjectOutput {
        checksum_type: kind.map(|one| checksum_type(one.full_object)),
        e_tag: Some(ETag::Strong(object.etag)),
        server_side_encryption: encryption(object.meta.encryption),
        ssekms_key_id: object.meta.kms_key,
        ..PutObjectOutput::default()
    };
    set_checksum!(output, &object.checksum);
    Ok(S3Response::new(output))
}

pub(super) async fn delete(
    service: &Service,
    request: S3Request<DeleteObjectInput>,
) -> Answer<DeleteObjectOutput> {
    let by = caller(&request)?;
    let input = request.input;
    service.bucket(&input.bucket, input.expected_bucket_owner.as_deref())?;
    only_version(input.version_id.as_deref())?;
    let mut condition = body::condition(input.if_match.as_ref(), None);
    if ignores_conditions(service, "DeleteObject", &input.key) {
        condition = Condition::default();
    }
    let (bucket, key) = (input.bucket, input.key);
    service
        .on_store(move |store| store.delete(&by, &bucket, &key, &condition))
        .await?;
    Ok(S3Response::new(DeleteObjectOutput::default()))
}

pub(super) async fn tags(
    service: &Service,
    request: S3Request<GetObjectTaggingInput>,
) -> Answer<GetObjectTaggingOutput> {
    let by = caller(&request)?;
    let input = request.input;
    service.bucket(&input.bucket, input.expected_bucket_owner.as_deref())?;
    only_version(input.version_id.as_deref())?;
    let (bucket, key) = (input.bucket, input.key);
    let object = service
        .on_store(move |store| store.head(&by, &bucket, &key))
        .await?;
    let tag_set = object
        .meta
        .tags
        .into_iter()
        .map(|(key, value)| Tag {
            key: Some(key),
            value: Some(value),
        })
        .collect();
    Ok(S3Response::new(GetObjectTaggingOutput {
        tag_set,
        version_id: None,
    }))
}

pub(super) async fn set_tags(
    service: &Service,
    request: S3Request<PutObjectTaggingInput>,
) -> Answer<PutObjectTaggingOutput> {
    let by = caller(&request)?;
    let input = request.input;
    service.bucket(&input.bucket, input.expected_bucket_owner.as_deref())?;
    only_version(input.version_id.as_deref())?;
    let mut tags = std::collections::BTreeMap::new();
    for tag in input.tagging.tag_set {
        let name = tag.key.unwrap_or_default();
        if tags.insert(name, tag.value.unwrap_or_default()).is_some() {
            return Err(S3Error::new(S3ErrorCode::InvalidTag));
        }
    }
    super::headers::check_tags(&tags)?;
    let (bucket, key) = (input.bucket, input.key);
    let action = "PutObjectTagging";
    service
        .on_store(move |store| store.set_tags(&by, action, &bucket, &key, tags))
        .await?;
    Ok(S3Response::new(PutObjectTaggingOutput::default()))
}

/// Whether the fault is on that makes conditions mean nothing.
pub(super) fn ignores_conditions(service: &Service, action: &str, key: &str) -> bool {
    service
        .shared
        .faults
        .strike_where("s3", action, Some(key), |kind| {
            kind == &FaultKind::IgnoreConditions
        })
        .contains(&FaultKind::IgnoreConditions)
}

/// The encryption as the protocol has it.
pub(super) fn encryption(name: Option<String>) -> Option<ServerSideEncryption> {
    Some(ServerSideEncryption::from(
        name.unwrap_or_else(|| "AES256".to_owned()),
    ))
}

fn content_type(kept: Option<String>) -> String {
    kept.unwrap_or_else(|| "binary/octet-stream".to_owned())
}

/// The conditions of a read, in the order that HTTP gives them (RFC 9110, 13.2.2).
fn check_read(
    object: &Stored,
    condition: &Condition,
    (modified, unmodified): (&Option<Timestamp>, &Option<Timestamp>),
) -> S3Result<()> {
    let at = timestamp(object.modified_at_ms - object.modified_at_ms.rem_euclid(1000));
    let matching = Condition {
        if_match: condition.if_match.clone(),
        ..Condition::default()
    };
    matching.check(&object.key, Some(&object.etag))?;
    if condition.if_match.is_none()
        && unmodified.as_ref().is_some_and(|limit| at > *limit)
    {
        return Err(S3Error::new(S3ErrorCode::PreconditionFailed));
    }
    let not_matching = Condition {
        if_none_match: condition.if_none_match.clone(),
        ..Condition::default()
    };
    let changed = not_matching.check(&object.key, Some(&object.etag)).is_ok();
    let old = condition.if_none_match.is_none()
        && modified.as_ref().is_some_and(|limit| at <= *limit);
    if changed && !old {
        return Ok(());
    }
    let mut error = S3Error::new(S3ErrorCode::NotModified);
    let mut headers = http::HeaderMap::new();
    if let Ok(etag) = http::HeaderValue::try_from(format!("\"{}\"", object.etag)) {
        headers.insert(http::header::ETAG, etag);
    }
    error.set_headers(headers);
    Err(error)
}
