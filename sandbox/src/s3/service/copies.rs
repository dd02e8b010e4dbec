//! Copies on the server, and deletes of many keys.

use s3s::dto::*;
use s3s::path::S3Path;
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result};

use super::super::condition::{Condition, Match};
use super::super::copy::CopyOptions;
use super::super::digest::Algorithm;
use super::body::{self, write_condition};
use super::gate::note_refusal;
use super::headers::{meta_of, set_checksum};
use super::objects::{encryption, ignores_conditions};
use super::{
    Answer, Service, caller, error_inside_200, invalid, only_version, timestamp,
};
use crate::faults::FaultKind;
use crate::iam::Decision;
use crate::wire::Principal;

/// The most keys that one DeleteObjects takes.
const DELETE_KEYS_MAX: usize = 1000;

pub(super) async fn copy(
    service: &Service,
    request: S3Request<CopyObjectInput>,
) -> Answer<CopyObjectOutput> {
    let by = caller(&request)?;
    let headers = request.headers;
    let input = request.input;
    let (from_bucket, from_key) = source(&input.copy_source)?;
    service.bucket(&input.bucket, input.expected_bucket_owner.as_deref())?;
    let expected = input.expected_source_bucket_owner.as_deref();
    service.bucket(&from_bucket, expected)?;
    let mut options = CopyOptions {
        source: body::condition(
            input.copy_source_if_match.as_ref(),
            input.copy_source_if_none_match.as_ref(),
        ),
        // `s3s` does not read these two for a copy.
        destination: write_condition(
            header_condition(&headers, "if-match")?.as_ref(),
            header_condition(&headers, "if-none-match")?.as_ref(),
        )?,
        checksum: match &input.checksum_algorithm {
            None => None,
            Some(name) => Some(
                Algorithm::parse(name.as_str())
                    .ok_or_else(|| invalid("the checksum algorithm is not known"))?,
            ),
        },
        ..CopyOptions::default()
    };
    let meta = meta_of!(input);
    options.storage_class = meta.storage_class.clone();
    options.encryption = meta
        .encryption
        .clone()
        .map(|one| (one, meta.kms_key.clone()));
    if replaces(
        input
            .tagging_directive
            .as_ref()
            .map(TaggingDirective::as_str),
    )? {
        options.replace_tags = Some(meta.tags.clone());
    }
    if replaces(
        input
            .metadata_directive
            .as_ref()
            .map(MetadataDirective::as_str),
    )? {
        options.replace_meta = Some(meta);
    }
    if ignores_conditions(service, "CopyObject", &input.key) {
        options.source = Condition::default();
        options.destination = Condition::default();
    }
    for fault in service.struck("CopyObject", &input.key) {
        match fault {
            FaultKind::WrongBytesOnCopy => options.wrong_bytes = true,
            FaultKind::CopyMissing => options.lose = true,
            FaultKind::ErrorInside200 { code } => return Err(error_inside_200(&code)),
            _ => {}
        }
    }
    let (bucket, key) = (input.bucket, input.key);
    let object = service
        .on_store(move |store| {
            store.copy(&by, (&from_bucket, &from_key), (&bucket, &key), options)
        })
        .await?;
    let mut result = CopyObjectResult {
        checksum_type: object
            .checksum
            .as_ref()
            .map(|one| super::listings::checksum_type(one.full_object)),
        e_tag: Some(ETag::Strong(object.etag)),
        last_modified: Some(timestamp(object.modified_at_ms)),
        ..CopyObjectResult::default()
    };
    set_checksum!(result, &object.checksum);
    Ok(S3Response::new(CopyObjectOutput {
        copy_object_result: Some(result),
        server_side_encryption: encryption(object.meta.encryption),
        ssekms_key_id: object.meta.kms_key,
        ..CopyObjectOutput::default()
    }))
}

pub(super) async fn delete_many(
    service: &Service,
    request: S3Request<DeleteObjectsInput>,
) -> Answer<DeleteObjectsOutput> {
    let by = caller(&request)?;
    let input = request.input;
    service.bucket(&input.bucket, input.expected_bucket_owner.as_deref())?;
    let keys = input.delete.objects;
    if keys.is_empty() || keys.len() > DELETE_KEYS_MAX {
        let message = "a request names 1 to 1,000 keys";
        return Err(S3Error::with_message(S3ErrorCode::MalformedXML, message));
    }
    let quiet = input.delete.quiet == Some(true);
    let mut deleted = Vec::new();
    let mut errors = Vec::new();
    for one in keys {
        let key = one.key.clone();
        match delete_one(service, &by, &input.bucket, one).await {
            Ok(()) if quiet => {}
            Ok(()) => deleted.push(DeletedObject {
                key: Some(key),
                ..DeletedObject::default()
            }),
            Err(error) => errors.push(Error {
                code: Some(error.code().as_str().to_owned()),
                key: Some(key),
                message: error.message().map(str::to_owned),
                version_id: None,
            }),
        }
    }
    Ok(S3Response::new(DeleteObjectsOutput {
        deleted: Some(deleted),
        errors: Some(errors),
        request_charged: None,
    }))
}

async fn delete_one(
    service: &Service,
    by: &Principal,
    bucket: &str,
    one: ObjectIdentifier,
) -> S3Result<()> {
    if let Err(error) = may_delete(service, by, bucket, &one) {
        let path = S3Path::object(bucket, &one.key);
        let record = &service.shared.record;
        note_refusal(record, "DeleteObjects", &path, by, &error);
        return Err(error);
    }
    let mut condition = Condition {
        // In this request the ETag may be `*`, too.
        if_match: one.e_tag.map(|etag| match etag.value() {
            "*" => Match::Any,
            value => Match::ETag(value.to_owned()),
        }),
        if_none_match: None,
    };
    if ignores_conditions(service, "DeleteObjects", &one.key) {
        condition = Condition::default();
    }
    let (by, bucket, key) = (by.clone(), bucket.to_owned(), one.key);
    service
        .on_store(move |store| {
            store.delete_as(&by, "DeleteObjects", &bucket, &key, &condition)
        })
        .await
}

/// Whether one key of many may be deleted: by its parameters, rights and faults.
fn may_delete(
    service: &Service,
    by: &Principal,
    bucket: &str,
    one: &ObjectIdentifier,
) -> S3Result<()> {
    only_version(one.version_id.as_deref())?;
    if one.last_modified_time.is_some() || one.size.is_some() {
        let message = "only a directory bucket compares time and size";
        return Err(S3Error::with_message(S3ErrorCode::NotImplemented, message));
    }
    let resource = format!("arn:aws:s3:::{bucket}/{}", one.key);
    let mut rights = vec!["s3:DeleteObject"];
    rights.extend(one.e_tag.is_some().then_some("s3:GetObject"));
    for right in rights {
        let policies = &service.shared.policies;
        let decision = policies.decide(&by.identity, right, &resource);
        if decision != Decision::Allowed {
            let text = decision.text(&by.arn, right, &resource);
            return Err(S3Error::with_message(S3ErrorCode::AccessDenied, text));
        }
    }
    for fault in service.struck("DeleteObjects", &one.key) {
        if let FaultKind::DeleteKeyError { code } = fault {
            let code = S3ErrorCode::from_bytes(code.as_bytes())
                .unwrap_or(S3ErrorCode::InternalError);
            let message = "an error that was switched on";
            return Err(S3Error::with_message(code, message));
        }
    }
    Ok(())
}

/// Bucket and key of a copy's source.
pub(super) fn source(source: &CopySource) -> S3Result<(String, String)> {
    match source {
        CopySource::Bucket {
            bucket,
            key,
            version_id,
        } => {
            only_version(version_id.as_deref())?;
            Ok((bucket.to_string(), key.to_string()))
        }
        _ => {
            let message = "the sandbox has no access points";
            Err(S3Error::with_message(S3ErrorCode::NotImplemented, message))
        }
    }
}

fn header_condition(
    headers: &http::HeaderMap,
    name: &str,
) -> S3Result<Option<ETagCondition>> {
    headers
        .get(name)
        .map(|value| ETagCondition::parse_http_header(value.as_bytes()))
        .transpose()
        .map_err(|error| invalid(format!("{name}: {error}")))
}

fn replaces(directive: Option<&str>) -> S3Result<bool> {
    match directive {
        None | Some("COPY") => Ok(false),
        Some("REPLACE") => Ok(true),
        Some(other) => Err(invalid(format!("{other} is not COPY or REPLACE"))),
    }
}
