//! Which query parameters and headers each operation understands.
//!
//! `s3s` passes over what it does not know. Here that is refused, so that a client
//! cannot rely on something that the sandbox does not do.

use http::{HeaderMap, Uri};
use s3s::{S3Error, S3ErrorCode, S3Result};

use crate::wire::query_pairs;

/// The names and values of a query, decoded.
pub(super) fn query(uri: &Uri) -> Vec<(String, String)> {
    query_pairs(uri.query().unwrap_or_default())
}

/// Refuses what the operation does not understand.
pub(super) fn check(action: &str, uri: &Uri, headers: &HeaderMap) -> S3Result<()> {
    let known = known_parameters(action);
    for (name, _) in query(uri) {
        // The signature of a presigned request, and the SDKs' name for the operation.
        let signed = name.to_ascii_lowercase().starts_with("x-amz-");
        if !signed && name != "x-id" && !known.contains(&name.as_str()) {
            return Err(refuse(action, "parameter", &name));
        }
    }
    for name in headers.keys() {
        let name = name.as_str();
        if name.starts_with("x-amz-") && !is_known_header(name) {
            return Err(refuse(action, "header", name));
        }
    }
    Ok(())
}

fn refuse(action: &str, what: &str, name: &str) -> S3Error {
    let message =
        format!("the sandbox does not understand the {what} {name} of {action}");
    S3Error::with_message(S3ErrorCode::NotImplemented, message)
}

fn known_parameters(action: &str) -> &'static [&'static str] {
    match action {
        "ListObjects" => &["prefix", "delimiter", "marker", "max-keys", "encoding-type"],
        "ListObjectsV2" => &[
            "list-type",
            "prefix",
            "delimiter",
            "start-after",
            "continuation-token",
            "max-keys",
            "encoding-type",
            "fetch-owner",
        ],
        "GetObject" | "HeadObject" => &[
            "versionId",
            "response-content-type",
            "response-content-disposition",
            "response-content-encoding",
            "response-content-language",
            "response-cache-control",
        ],
        "DeleteObject" => &["versionId"],
        "DeleteObjects" => &["delete"],
        "GetObjectTagging" | "PutObjectTagging" => &["tagging", "versionId"],
        "CreateMultipartUpload" => &["uploads"],
        "UploadPart" | "UploadPartCopy" => &["partNumber", "uploadId"],
        "CompleteMultipartUpload" | "AbortMultipartUpload" => &["uploadId"],
        "ListParts" => &["uploadId", "max-parts", "part-number-marker"],
        "ListMultipartUploads" => &[
            "uploads",
            "prefix",
            "delimiter",
            "key-marker",
            "upload-id-marker",
            "max-uploads",
            "encoding-type",
        ],
        "ListBuckets" => &["prefix", "max-buckets", "continuation-token"],
        "GetBucketLocation" => &["location"],
        "GetBucketVersioning" | "PutBucketVersioning" => &["versioning"],
        "GetObjectLockConfiguration" | "PutObjectLockConfiguration" => &["object-lock"],
        "GetObjectLegalHold" | "PutObjectLegalHold" => &["legal-hold", "versionId"],
        "PutObjectRetention" => &["retention", "versionId"],
        "GetBucketEncryption" | "PutBucketEncryption" => &["encryption"],
        "GetBucketLifecycleConfiguration"
        | "PutBucketLifecycleConfiguration"
        | "DeleteBucketLifecycle" => &["lifecycle"],
        _ => &[],
    }
}

fn is_known_header(name: &str) -> bool {
    const KNOWN: [&str; 29] = [
        "x-amz-content-sha256",
        "x-amz-date",
        "x-amz-security-token",
        "x-amz-user-agent",
        "x-amz-trailer",
        "x-amz-decoded-content-length",
        "x-amz-sdk-checksum-algorithm",
        "x-amz-checksum-algorithm",
        "x-amz-checksum-type",
        "x-amz-checksum-mode",
        "x-amz-checksum-crc32",
        "x-amz-checksum-crc32c",
        "x-amz-checksum-crc64nvme",
        "x-amz-checksum-sha1",
        "x-amz-checksum-sha256",
        "x-amz-expected-bucket-owner",
        "x-amz-source-expected-bucket-owner",
        "x-amz-copy-source",
        "x-amz-copy-source-range",
        "x-amz-copy-source-if-match",
        "x-amz-copy-source-if-none-match",
        "x-amz-metadata-directive",
        "x-amz-tagging",
        "x-amz-tagging-directive",
        "x-amz-storage-class",
        "x-amz-server-side-encryption",
        "x-amz-server-side-encryption-aws-kms-key-id",
        "x-amz-mp-object-size",
        // The AWS CLI 2 sends it with every copy. No object here has annotations, so
        // that copying them and leaving them out are the same.
        "x-amz-object-annotation-directive",
    ];
    name.starts_with("x-amz-meta-") || KNOWN.contains(&name)
}
