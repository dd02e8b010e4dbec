//! What S3 keeps beside an object's bytes.
//!
//! It lies in a side tree as JSON. A file that was put there by hand has none, and is
//! an object all the same.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::digest::{Algorithm, Digests};
use super::error::StoreError;
use super::lock::Retained;

/// Headers, tags and the like of one object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Meta {
    /// `Content-Type`; absent means `binary/octet-stream`.
    pub content_type: Option<String>,
    /// `Content-Encoding`.
    pub content_encoding: Option<String>,
    /// `Content-Disposition`.
    pub content_disposition: Option<String>,
    /// `Content-Language`.
    pub content_language: Option<String>,
    /// `Cache-Control`.
    pub cache_control: Option<String>,
    /// `x-amz-meta-*`, without the prefix.
    pub user: BTreeMap<String, String>,
    /// The tags.
    pub tags: BTreeMap<String, String>,
    /// Absent means `STANDARD`.
    pub storage_class: Option<String>,
    /// `AES256` or `aws:kms`; absent means `AES256`, as every bucket has by default.
    pub encryption: Option<String>,
    /// The key of `aws:kms`.
    pub kms_key: Option<String>,
    /// Whether a legal hold is on it.
    pub legal_hold: bool,
    /// Until when it is held.
    pub retained: Option<Retained>,
    /// Which checksum is kept; none for a file that was put there by hand.
    pub checksum: Option<Algorithm>,
    /// What the bytes alone do not tell, and the bytes for which it holds.
    pub written: Option<Written>,
}

/// An ETag and checksum that are not those of the bytes as a whole: of a multipart
/// upload, or of an object under a KMS key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// MD5 of the bytes for which the rest holds. Other bytes have other digests.
    pub md5: String,
    /// The ETag, without quotes.
    pub etag: String,
    /// The composite checksum, such as `AAAA==-3`.
    pub composite: Option<String>,
}

/// The checksum of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredChecksum {
    /// Which.
    pub algorithm: Algorithm,
    /// In base64; with `-N` when it is composite.
    pub value: String,
    /// Whether it is of the whole bytes rather than of the parts' checksums.
    pub full_object: bool,
}

impl Meta {
    /// Reads the side file; `None` when there is none or it is not ours.
    pub(super) fn read(path: &Path) -> Option<Self> {
        let bytes = std::fs::read(path).ok()?;
        match serde_json::from_slice(&bytes) {
            Ok(meta) => Some(meta),
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "s3.meta_unreadable");
                None
            }
        }
    }

    /// Writes the side file through `temporary`.
    pub(super) fn write(&self, path: &Path, temporary: &Path) -> Result<(), StoreError> {
        let json = serde_json::to_vec_pretty(self)
            .map_err(std::io::Error::other)
            .map_err(StoreError::io("render the metadata of", path))?;
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)
                .map_err(StoreError::io("make the directory of", path))?;
        }
        std::fs::write(temporary, json).map_err(StoreError::io("write", temporary))?;
        std::fs::rename(temporary, path).map_err(StoreError::io("replace", path))
    }

    /// The ETag of bytes with these digests, without quotes.
    pub(super) fn etag(&self, digests: &Digests) -> String {
        match &self.written {
            Some(written) if written.md5 == digests.md5 => written.etag.clone(),
            _ if self.is_kms() => kms_etag(&digests.md5),
            _ => digests.md5.clone(),
        }
    }

    /// The checksum of bytes with these digests.
    pub(super) fn stored_checksum(&self, digests: &Digests) -> Option<StoredChecksum> {
        let algorithm = self.checksum?;
        if let Some(Written {
            md5,
            composite: Some(value),
            ..
        }) = &self.written
            && *md5 == digests.md5
        {
            return Some(StoredChecksum {
                algorithm,
                value: value.clone(),
                full_object: false,
            });
        }
        Some(StoredChecksum {
            algorithm,
            value: digests.checksums.get(&algorithm)?.clone(),
            full_object: true,
        })
    }

    /// Whether the ETag is not the MD5.
    pub(super) fn is_kms(&self) -> bool {
        self.encryption.as_deref() == Some("aws:kms")
    }

    /// Whether the bytes must be restored before they can be read.
    pub(super) fn is_archived(&self) -> bool {
        matches!(
            self.storage_class.as_deref(),
            Some("GLACIER" | "DEEP_ARCHIVE")
        )
    }
}

/// Some value that depends on the bytes and is not their MD5, as AWS has it for objects
/// under a KMS key.
fn kms_etag(md5: &str) -> String {
    super::digest::digests_of(format!("kms {md5}").as_bytes(), &[]).md5
}
