//! Multipart uploads.

use s3s::dto::*;
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result};

use super::super::condition::Condition;
use super::super::digest::Algorithm;
use super::super::upload::{Part as StoredPart, Upload};
use super::body::{self, claims_of, write_condition};
use super::copies::source;
use super::headers::{meta_of, set_checksum};
use super::listings::{Encoding, checksum_type};
use super::objects::{encryption, ignores_conditions};
use super::{Answer, Service, caller, error_inside_200, invalid, timestamp};
use crate::faults::FaultKind;
use crate::s3::meta::StoredChecksum;

/// The most parts or uploads that one page lists.
const PAGE_MAX: i32 = 1000;

pub(super) async fn create(
    service: &Service,
    request: S3Request<CreateMultipartUploadInput>,
) -> Answer<CreateMultipartUploadOutput> {
    let by = caller(&request)?;
    let input = request.input;
    service.bucket(&input.bucket, input.expected_bucket_owner.as_deref())?;
    let mut meta = meta_of!(input);
    let asked = input.checksum_algorithm.as_ref();
    let algorithm = match asked {
        None => Algorithm::CRC64NVME,
        Some(name) => Algorithm::parse(name.as_str())
            .ok_or_else(|| invalid("the checksum algorithm is not known"))?,
    };
    meta.checksum = Some(algorithm);
    let full_object = match input.checksum_type.as_ref().map(ChecksumType::as_str) {
        None => algorithm == Algorithm::CRC64NVME,
        Some(ChecksumType::FULL_OBJECT) => true,
        Some(ChecksumType::COMPOSITE) if algorithm != Algorithm::CRC64NVME => false,
        Some(other) => {
            let name = algorithm.name();
            return Err(invalid(format!("{name} cannot be of the type {other}")));
        }
    };
    let (bucket, key) = (input.bucket.clone(), input.key.clone());
    let upload = service
        .on_store(move |store| store.create_upload(&by, &bucket, &key, meta, full_object))
        .await?;
    Ok(S3Response::new(CreateMultipartUploadOutput {
        bucket: Some(input.bucket),
        checksum_algorithm: Some(ChecksumAlgorithm::from(algorithm.name().to_owned())),
        checksum_type: Some(checksum_type(full_object)),
        key: Some(input.key),
        server_side_encryption: encryption(upload.meta.encryption),
        ssekms_key_id: upload.meta.kms_key,
        upload_id: Some(upload.id),
        ..CreateMultipartUploadOutput::default()
    }))
}

pub(super) async fn part(
    service: &Service,
    mut request: S3Request<UploadPartInput>,
) -> Answer<UploadPartOutput> {
    let by = caller(&request)?;
    let trailer = request.trailing_headers.take();
    let input = request.input;
    service.bucket(&input.bucket, input.expected_bucket_owner.as_deref())?;
    let upload = service
        .store
        .upload(&input.bucket, &input.key, &input.upload_id)?;
    let claims = claims_of!(input, trailer);
    let kept = upload.algorithm();
    let asked = claims.kept().unwrap_or(kept);
    if asked != kept {
        let message = format!(
            "the upload was begun with {} and the part has {}",
            kept.name(),
            asked.name()
        );
        return Err(S3Error::with_message(S3ErrorCode::InvalidRequest, message));
    }
    let number = number(input.part_number)?;
    let staged = body::stage(&service.store, input.body, &claims, kept).await?;
    let bucket = input.bucket;
    let part = service
        .on_store(move |store| store.put_part(&by, &bucket, &upload, number, staged))
        .await?;
    let mut output = UploadPartOutput {
        e_tag: Some(ETag::Strong(part.etag.clone())),
        server_side_encryption: encryption(None),
        ..UploadPartOutput::default()
    };
    set_checksum!(output, &Some(checksum_of(&part, kept)));
    Ok(S3Response::new(output))
}

pub(super) async fn part_copy(
    service: &Service,
    request: S3Request<UploadPartCopyInput>,
) -> Answer<UploadPartCopyOutput> {
    let by = caller(&request)?;
    let input = request.input;
    let (from_bucket, from_key) = source(&input.copy_source)?;
    service.bucket(&input.bucket, input.expected_bucket_owner.as_deref())?;
    let expected = input.expected_source_bucket_owner.as_deref();
    service.bucket(&from_bucket, expected)?;
    let upload = service
        .store
        .upload(&input.bucket, &input.key, &input.upload_id)?;
    let condition = body::condition(
        input.copy_source_if_match.as_ref(),
        input.copy_source_if_none_match.as_ref(),
    );
    let range = input
        .copy_source_range
        .as_deref()
        .map(copy_range)
        .transpose()?;
    for fault in service.struck("UploadPartCopy", &input.key) {
        if let FaultKind::ErrorInside200 { code } = fault {
            return Err(error_inside_200(&code));
        }
    }
    let number = number(input.part_number)?;
    let algorithm = upload.algorithm();
    let bucket = input.bucket;
    let part = service
        .on_store(move |store| {
            let from = (from_bucket.as_str(), from_key.as_str());
            let staged =
                store.stage_range(from.0, from.1, &condition, range, algorithm)?;
            store.put_part(&by, &bucket, &upload, number, staged)
        })
        .await?;
    let mut result = CopyPartResult {
        e_tag: Some(ETag::Strong(part.etag.clone())),
        last_modified: Some(timestamp(part.modified_at_ms)),
        ..CopyPartResult::default()
    };
    set_checksum!(result, &Some(checksum_of(&part, algorithm)));
    Ok(S3Response::new(UploadPartCopyOutput {
        copy_part_result: Some(result),
        server_side_encryption: encryption(None),
        ..UploadPartCopyOutput::default()
    }))
}

pub(super) async fn complete(
    service: &Service,
    request: S3Request<CompleteMultipartUploadInput>,
) -> Answer<CompleteMultipartUploadOutput> {
    let by = caller(&request)?;
    let input = request.input;
    service.bucket(&input.bucket, input.expected_bucket_owner.as_deref())?;
    let mut condition =
        write_condition(input.if_match.as_ref(), input.if_none_match.as_ref())?;
    if ignores_conditions(service, "CompleteMultipartUpload", &input.key) {
        condition = Condition::default();
    }
    for fault in service.struck("CompleteMultipartUpload", &input.key) {
        if let FaultKind::ErrorInside200 { code } = fault {
            return Err(error_inside_200(&code));
        }
    }
    let upload = service
        .store
        .upload(&input.bucket, &input.key, &input.upload_id)?;
    let mut named = Vec::new();
    for part in input
        .multipart_upload
        .and_then(|all| all.parts)
        .unwrap_or_default()
    {
        let etag = part.e_tag.map(ETag::into_value).unwrap_or_default();
        named.push((number(part.part_number.unwrap_or_default())?, etag));
    }
    let bucket = input.bucket.clone();
    let object = service
        .on_store(move |store| {
            store.complete_upload(&by, &bucket, &upload, &named, &condition)
        })
        .await?;
    let kind = object.checksum.as_ref();
    let mut output = CompleteMultipartUploadOutput {
        bucket: Some(input.bucket.clone()),
        checksum_type: kind.map(|one| checksum_type(one.full_object)),
        e_tag: Some(ETag::Strong(object.etag)),
        key: Some(input.key.clone()),
        location: Some(format!("/{}/{}", input.bucket, input.key)),
        server_side_encryption: encryption(object.meta.encryption),
        ssekms_key_id: object.meta.kms_key,
        ..CompleteMultipartUploadOutput::default()
    };
    set_checksum!(output, &object.checksum);
    Ok(S3Response::new(output))
}

pub(super) async fn abort(
    service: &Service,
    request: S3Request<AbortMultipartUploadInput>,
) -> Answer<AbortMultipartUploadOutput> {
    let by = caller(&request)?;
    let input = request.input;
    service.bucket(&input.bucket, input.expected_bucket_owner.as_deref())?;
    let upload = service
        .store
        .upload(&input.bucket, &input.key, &input.upload_id)?;
    let bucket = input.bucket;
    service
        .on_store(move |store| store.abort_upload(&by, &bucket, &upload))
        .await?;
    Ok(S3Response::new(AbortMultipartUploadOutput::default()))
}

pub(super) async fn parts(
    service: &Service,
    request: S3Request<ListPartsInput>,
) -> Answer<ListPartsOutput> {
    let input = request.input;
    service.bucket(&input.bucket, input.expected_bucket_owner.as_deref())?;
    let upload = service
        .store
        .upload(&input.bucket, &input.key, &input.upload_id)?;
    let algorithm = upload.algorithm();
    let full_object = upload.full_object;
    let bucket = input.bucket.clone();
    let all = service
        .on_store(move |store| store.parts(&bucket, &upload))
        .await?;
    let after = input.part_number_marker.unwrap_or_default();
    let limit = input.max_parts.unwrap_or(PAGE_MAX).clamp(0, PAGE_MAX);
    let mut rest = all
        .into_iter()
        .filter(|part| i64::from(part.number) > i64::from(after));
    let page: Vec<StoredPart> = rest
        .by_ref()
        .take(usize::try_from(limit).unwrap_or_default())
        .collect();
    let truncated = rest.next().is_some();
    let last = page.last().and_then(|part| i32::try_from(part.number).ok());
    let page = page
        .iter()
        .map(|part| listed_part(part, algorithm))
        .collect();
    Ok(S3Response::new(ListPartsOutput {
        bucket: Some(input.bucket),
        checksum_algorithm: Some(ChecksumAlgorithm::from(algorithm.name().to_owned())),
        checksum_type: Some(checksum_type(full_object)),
        is_truncated: Some(truncated),
        key: Some(input.key),
        max_parts: Some(limit),
        next_part_number_marker: last.filter(|_| truncated),
        part_number_marker: Some(after),
        parts: Some(page),
        storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
        upload_id: Some(input.upload_id),
        ..ListPartsOutput::default()
    }))
}

pub(super) async fn list(
    service: &Service,
    request: S3Request<ListMultipartUploadsInput>,
) -> Answer<ListMultipartUploadsOutput> {
    let input = request.input;
    service.bucket(&input.bucket, input.expected_bucket_owner.as_deref())?;
    if input.delimiter.is_some() {
        let message = "the sandbox does not roll uploads up";
        return Err(S3Error::with_message(S3ErrorCode::NotImplemented, message));
    }
    let encode = Encoding::of(input.encoding_type.as_ref())?;
    let bucket = input.bucket.clone();
    let all = service
        .on_store(move |store| store.uploads(&bucket))
        .await?;
    let prefix = input.prefix.clone().unwrap_or_default();
    let from = (
        input.key_marker.clone().unwrap_or_default(),
        input.upload_id_marker.clone(),
    );
    let limit = input.max_uploads.unwrap_or(PAGE_MAX).clamp(0, PAGE_MAX);
    let mut rest = uploads_after(all, &prefix, &from);
    let beyond = rest.split_off(rest.len().min(usize::try_from(limit).unwrap_or(0)));
    let truncated = !beyond.is_empty();
    let last = rest.last().filter(|_| truncated).cloned();
    let uploads = rest
        .into_iter()
        .map(|one| listed_upload(one, &encode))
        .collect();
    Ok(S3Response::new(ListMultipartUploadsOutput {
        bucket: Some(input.bucket),
        encoding_type: input.encoding_type,
        is_truncated: Some(truncated),
        key_marker: Some(encode.text(&from.0)),
        max_uploads: Some(limit),
        next_key_marker: last.as_ref().map(|one| encode.text(&one.key)),
        next_upload_id_marker: last.map(|one| one.id),
        prefix: Some(encode.text(&prefix)),
        upload_id_marker: from.1,
        uploads: Some(uploads),
        ..ListMultipartUploadsOutput::default()
    }))
}

/// The uploads of a page and after it: those of later keys, and with an id also the
/// later ones of the same key.
fn uploads_after(
    all: Vec<Upload>,
    prefix: &str,
    (key, id): &(String, Option<String>),
) -> Vec<Upload> {
    let reached = id
        .as_ref()
        .and_then(|id| all.iter().position(|one| one.key == *key && one.id == *id));
    all.into_iter()
        .enumerate()
        .filter(|(at, one)| match reached {
            Some(reached) => *at > reached,
            None => one.key > *key,
        })
        .map(|(_, one)| one)
        .filter(|one| one.key.starts_with(prefix))
        .collect()
}

fn listed_upload(upload: Upload, encode: &Encoding) -> MultipartUpload {
    let algorithm = upload.algorithm();
    let class = upload
        .meta
        .storage_class
        .unwrap_or_else(|| "STANDARD".to_owned());
    MultipartUpload {
        checksum_algorithm: Some(ChecksumAlgorithm::from(algorithm.name().to_owned())),
        checksum_type: Some(checksum_type(upload.full_object)),
        initiated: Some(timestamp(upload.initiated_at_ms)),
        key: Some(encode.text(&upload.key)),
        storage_class: Some(StorageClass::from(class)),
        upload_id: Some(upload.id),
        ..MultipartUpload::default()
    }
}

fn listed_part(part: &StoredPart, algorithm: Algorithm) -> Part {
    let mut listed = Part {
        e_tag: Some(ETag::Strong(part.etag.clone())),
        last_modified: Some(timestamp(part.modified_at_ms)),
        part_number: i32::try_from(part.number).ok(),
        size: i64::try_from(part.size).ok(),
        ..Part::default()
    };
    set_checksum!(listed, &Some(checksum_of(part, algorithm)));
    listed
}

fn checksum_of(part: &StoredPart, algorithm: Algorithm) -> StoredChecksum {
    StoredChecksum {
        algorithm,
        value: part.checksum.clone(),
        full_object: true,
    }
}

fn number(number: i32) -> S3Result<u32> {
    u32::try_from(number).map_err(|_| invalid("a part's number is from 1 to 10,000"))
}

/// First and last byte of `bytes=FIRST-LAST`; nothing shorter is allowed here.
fn copy_range(header: &str) -> S3Result<(u64, u64)> {
    match Range::parse(header) {
        Ok(Range::Int {
            first,
            last: Some(last),
        }) => Ok((first, last)),
        _ => Err(invalid(format!("{header} is not bytes=FIRST-LAST"))),
    }
}
