//! From headers to what is kept of an object, and back.

use std::collections::BTreeMap;

use s3s::{S3Error, S3ErrorCode, S3Result};

use super::super::meta::{Meta, StoredChecksum};
use super::invalid;
use crate::wire::percent_decode;

/// What is kept of an input that has the usual fields. The checksum is left out.
macro_rules! meta_of {
    ($input:expr) => {{
        let input = &$input;
        let encryption = input
            .server_side_encryption
            .as_ref()
            .map(|one| one.as_str().to_owned());
        $crate::s3::service::headers::check_encryption(
            encryption.as_deref(),
            input.ssekms_key_id.as_deref(),
        )?;
        if input.expires.is_some() {
            return Err($crate::s3::service::invalid(
                "the sandbox does not keep the header Expires",
            ));
        }
        let storage_class = input
            .storage_class
            .as_ref()
            .map(|one| one.as_str().to_owned());
        $crate::s3::service::headers::check_storage_class(storage_class.as_deref())?;
        $crate::s3::meta::Meta {
            content_type: input.content_type.clone(),
            content_encoding: $crate::s3::service::headers::content_encoding(
                input.content_encoding.as_deref(),
            ),
            content_disposition: input.content_disposition.clone(),
            content_language: input.content_language.clone(),
            cache_control: input.cache_control.clone(),
            user: input
                .metadata
                .clone()
                .unwrap_or_default()
                .into_iter()
                .collect(),
            tags: $crate::s3::service::headers::tags(input.tagging.as_deref())?,
            storage_class,
            encryption,
            kms_key: input.ssekms_key_id.clone(),
            legal_hold: false,
            retained: None,
            checksum: None,
            written: None,
        }
    }};
}
pub(super) use meta_of;

/// Puts an object's checksum into an output that has the usual fields.
macro_rules! set_checksum {
    ($output:expr, $checksum:expr) => {
        if let Some(checksum) = $checksum {
            use $crate::s3::digest::Algorithm;
            let value = Some(checksum.value.clone());
            match checksum.algorithm {
                Algorithm::CRC32 => $output.checksum_crc32 = value,
                Algorithm::CRC32C => $output.checksum_crc32c = value,
                Algorithm::CRC64NVME => $output.checksum_crc64nvme = value,
                Algorithm::SHA1 => $output.checksum_sha1 = value,
                Algorithm::SHA256 => $output.checksum_sha256 = value,
            }
        }
    };
}
pub(super) use set_checksum;

/// `aws-chunked` says how the body came, not what it is.
pub(super) fn content_encoding(header: Option<&str>) -> Option<String> {
    let kept: Vec<&str> = header?
        .split(',')
        .map(str::trim)
        .filter(|one| !one.is_empty() && *one != "aws-chunked")
        .collect();
    (!kept.is_empty()).then(|| kept.join(","))
}

pub(super) fn check_encryption(
    encryption: Option<&str>,
    kms_key: Option<&str>,
) -> S3Result<()> {
    match (encryption, kms_key) {
        (None | Some("AES256"), None) | (Some("aws:kms"), _) => Ok(()),
        (Some(other), _) if other != "AES256" => {
            let message = format!("the sandbox does not encrypt with {other}");
            Err(S3Error::with_message(S3ErrorCode::NotImplemented, message))
        }
        _ => Err(invalid("a KMS key needs the encryption aws:kms")),
    }
}

pub(super) fn check_storage_class(class: Option<&str>) -> S3Result<()> {
    const KNOWN: [&str; 7] = [
        "STANDARD",
        "STANDARD_IA",
        "ONEZONE_IA",
        "INTELLIGENT_TIERING",
        "GLACIER_IR",
        "GLACIER",
        "DEEP_ARCHIVE",
    ];
    match class {
        Some(class) if !KNOWN.contains(&class) => {
            let message = format!("{class} is not a storage class of the sandbox");
            Err(S3Error::with_message(
                S3ErrorCode::InvalidStorageClass,
                message,
            ))
        }
        _ => Ok(()),
    }
}

/// The tags of `x-amz-tagging`, which is written like a query.
pub(super) fn tags(header: Option<&str>) -> S3Result<BTreeMap<String, String>> {
    let mut tags = BTreeMap::new();
    for pair in header
        .unwrap_or_default()
        .split('&')
        .filter(|one| !one.is_empty())
    {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let text = |text: &str| percent_decode(&text.replace('+', " "));
        if tags.insert(text(name), text(value)).is_some() {
            return Err(invalid(format!("the tag {name} is given twice")));
        }
    }
    check_tags(&tags)?;
    Ok(tags)
}

/// S3's limits for the tags of an object.
pub(super) fn check_tags(tags: &BTreeMap<String, String>) -> S3Result<()> {
    let long = |name: &str, value: &str| {
        name.chars().count() > 128 || value.chars().count() > 256 || name.is_empty()
    };
    if tags.len() > 10 || tags.iter().any(|(name, value)| long(name, value)) {
        let message = "an object has at most 10 tags of 128 and 256 characters";
        return Err(S3Error::with_message(S3ErrorCode::InvalidTag, message));
    }
    Ok(())
}

/// Whether and how a storage class is shown: STANDARD is not, in headers.
pub(super) fn shown_class(meta: &Meta) -> Option<String> {
    meta.storage_class
        .clone()
        .filter(|class| class != "STANDARD")
}

/// The checksum, if the client asked to see it.
pub(super) fn shown_checksum(
    asked: Option<&s3s::dto::ChecksumMode>,
    checksum: Option<StoredChecksum>,
) -> Option<StoredChecksum> {
    checksum.filter(|_| asked.is_some_and(|mode| mode.as_str() == "ENABLED"))
}
