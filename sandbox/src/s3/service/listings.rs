//! Listings of objects, in both versions of the protocol.

use s3s::dto::*;
use s3s::{S3Request, S3Response, S3Result};

use super::super::listing::{ListQuery, PAGE_MAX, Page, Token as PageToken};
use super::super::object::Object as Stored;
use super::{Answer, Service, caller, invalid, timestamp};
use crate::faults::FaultKind;
use crate::wire::{ACCOUNT, percent_encode};

pub(super) async fn version_2(
    service: &Service,
    request: S3Request<ListObjectsV2Input>,
) -> Answer<ListObjectsV2Output> {
    let by = caller(&request)?;
    let input = request.input;
    service.bucket(&input.bucket, input.expected_bucket_owner.as_deref())?;
    let limit = page_size(input.max_keys)?;
    let prefix = input.prefix.clone().unwrap_or_default();
    let token = match input.continuation_token.as_deref() {
        None => None,
        Some(text) => Some(
            PageToken::decode(text)
                .ok_or_else(|| invalid("The continuation token provided is incorrect"))?,
        ),
    };
    let query = ListQuery {
        prefix: prefix.clone(),
        delimiter: input.delimiter.clone().unwrap_or_default(),
        after: input.start_after.clone(),
        token,
        limit,
    };
    let bucket = input.bucket.clone();
    let page = service
        .on_store(move |store| store.list(&by, &bucket, &query))
        .await?;
    let encode = Encoding::of(input.encoding_type.as_ref())?;
    let mut next = page.next.as_ref().map(PageToken::encode);
    let mut truncated = page.next.is_some();
    for fault in service.struck("ListObjectsV2", &prefix) {
        match fault {
            FaultKind::ListWithoutToken => {
                (next, truncated) = (None, true);
            }
            FaultKind::ListTokenRepeated => {
                let again = input.continuation_token.clone().or(next.take());
                (next, truncated) = (again, true);
            }
            _ => {}
        }
    }
    let owner = input.fetch_owner == Some(true);
    let count = page.objects.len() + page.groups.len();
    let (contents, groups) = entries(page, &encode, owner);
    Ok(S3Response::new(ListObjectsV2Output {
        name: Some(input.bucket),
        prefix: Some(encode.text(&prefix)),
        max_keys: Some(i32::try_from(limit).unwrap_or(i32::MAX)),
        key_count: i32::try_from(count).ok(),
        continuation_token: input.continuation_token,
        is_truncated: Some(truncated),
        next_continuation_token: next,
        contents: Some(contents),
        common_prefixes: Some(groups),
        delimiter: input.delimiter.map(|text| encode.text(&text)),
        encoding_type: input.encoding_type,
        start_after: input.start_after.map(|text| encode.text(&text)),
        ..ListObjectsV2Output::default()
    }))
}

pub(super) async fn version_1(
    service: &Service,
    request: S3Request<ListObjectsInput>,
) -> Answer<ListObjectsOutput> {
    let by = caller(&request)?;
    let input = request.input;
    service.bucket(&input.bucket, input.expected_bucket_owner.as_deref())?;
    let limit = page_size(input.max_keys)?;
    let prefix = input.prefix.clone().unwrap_or_default();
    let delimiter = input.delimiter.clone().unwrap_or_default();
    let marker = input.marker.clone().filter(|marker| !marker.is_empty());
    // A page that ended in a group names the group as its marker.
    let group = marker
        .as_deref()
        .filter(|marker| !delimiter.is_empty() && marker.ends_with(&delimiter));
    let query = ListQuery {
        prefix: prefix.clone(),
        delimiter: delimiter.clone(),
        token: group.map(PageToken::past),
        after: marker,
        limit,
    };
    let bucket = input.bucket.clone();
    let page = service
        .on_store(move |store| store.list(&by, &bucket, &query))
        .await?;
    let encode = Encoding::of(input.encoding_type.as_ref())?;
    let next = page.next.clone();
    let (contents, groups) = entries(page, &encode, true);
    Ok(S3Response::new(ListObjectsOutput {
        name: Some(input.bucket),
        prefix: Some(encode.text(&prefix)),
        marker: Some(encode.text(&input.marker.unwrap_or_default())),
        max_keys: Some(i32::try_from(limit).unwrap_or(i32::MAX)),
        is_truncated: Some(next.is_some()),
        contents: Some(contents),
        common_prefixes: Some(groups),
        delimiter: input.delimiter.map(|text| encode.text(&text)),
        // S3 names it only for a listing with a delimiter.
        next_marker: next
            .filter(|_| !delimiter.is_empty())
            .map(|token| encode.text(token.marker())),
        encoding_type: input.encoding_type,
        ..ListObjectsOutput::default()
    }))
}

/// How keys are written into the XML.
pub(super) struct Encoding {
    url: bool,
}

impl Encoding {
    pub(super) fn of(asked: Option<&EncodingType>) -> S3Result<Self> {
        match asked.map(EncodingType::as_str) {
            None => Ok(Self { url: false }),
            Some("url") => Ok(Self { url: true }),
            Some(_) => Err(invalid("Invalid Encoding Method specified in Request")),
        }
    }

    pub(super) fn text(&self, text: &str) -> String {
        if self.url {
            percent_encode(text, true)
        } else {
            text.to_owned()
        }
    }
}

fn page_size(asked: Option<i32>) -> S3Result<usize> {
    match asked {
        None => Ok(PAGE_MAX),
        Some(asked) => usize::try_from(asked)
            .map(|asked| asked.min(PAGE_MAX))
            .map_err(|_| invalid("max-keys is negative")),
    }
}

fn entries(
    page: Page,
    encode: &Encoding,
    owner: bool,
) -> (Vec<Object>, Vec<CommonPrefix>) {
    let objects = page
        .objects
        .into_iter()
        .map(|object| entry(object, encode, owner))
        .collect();
    let groups = page
        .groups
        .iter()
        .map(|group| CommonPrefix {
            prefix: Some(encode.text(group)),
        })
        .collect();
    (objects, groups)
}

fn entry(object: Stored, encode: &Encoding, owner: bool) -> Object {
    let class = object
        .meta
        .storage_class
        .unwrap_or_else(|| "STANDARD".to_owned());
    let checksum = object.checksum;
    Object {
        checksum_algorithm: checksum.as_ref().map(|checksum| {
            vec![ChecksumAlgorithm::from(
                checksum.algorithm.name().to_owned(),
            )]
        }),
        checksum_type: checksum.map(|checksum| checksum_type(checksum.full_object)),
        e_tag: Some(ETag::Strong(object.etag)),
        key: Some(encode.text(&object.key)),
        last_modified: Some(timestamp(whole_second(object.modified_at_ms))),
        owner: owner.then(|| Owner {
            display_name: None,
            id: Some(ACCOUNT.to_owned()),
        }),
        restore_status: None,
        size: i64::try_from(object.size).ok(),
        storage_class: Some(ObjectStorageClass::from(class)),
    }
}

pub(super) fn checksum_type(full_object: bool) -> ChecksumType {
    ChecksumType::from_static(if full_object {
        ChecksumType::FULL_OBJECT
    } else {
        ChecksumType::COMPOSITE
    })
}

/// S3 keeps times of objects in whole seconds.
fn whole_second(at_ms: i64) -> i64 {
    at_ms - at_ms.rem_euclid(1000)
}
