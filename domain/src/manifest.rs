//! The manifest of a backup: the proof that every object was copied, and the
//! only list by which anything may be deleted.
//!
//! Its bytes are determined by what was copied, so that writing it twice
//! writes the same object. It lies beside the backup, never inside.

use serde::{Deserialize, Serialize};

use crate::canonical::{self, NotCanonical, decimal};
use crate::ids::{Digest, RunId, StreamName};
use crate::keyset::{KeyEntry, KeySet};
use crate::stream::Prefix;

/// One copied and verified object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestEntry {
    /// The key below both prefixes.
    pub key: String,
    /// The size in bytes, the same on both sides.
    #[serde(with = "decimal")]
    pub size: u64,
    /// The source's ETag when it was copied.
    pub etag: String,
    /// The copy's ETag.
    pub copy_etag: String,
    /// The checksum by which source and copy were found equal, such as
    /// `sha256:…` or `crc64nvme:…`.
    pub checksum: String,
}

/// A sealed backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this form.
    pub format: u32,
    /// The Run that made it.
    pub run: RunId,
    /// The stream.
    pub stream: StreamName,
    /// Where the objects lay.
    pub from: Prefix,
    /// Where the copies lie.
    pub to: Prefix,
    /// Sorted by key.
    pub entries: Vec<ManifestEntry>,
}

impl Manifest {
    /// The version that this release writes.
    pub const FORMAT: u32 = 1;

    /// The bytes to be written, in canonical JSON.
    ///
    /// # Errors
    /// Never for a manifest of this type; see [`canonical::to_string`].
    pub fn bytes(&self) -> Result<Vec<u8>, NotCanonical> {
        Ok(canonical::to_string(self)?.into_bytes())
    }

    /// The source side as a key set, with the ETags that a delete must find.
    #[must_use]
    pub fn source_entries(&self) -> Vec<KeyEntry> {
        self.entries
            .iter()
            .map(|e| KeyEntry {
                key: e.key.clone(),
                etag: e.etag.clone(),
                size: e.size,
            })
            .collect()
    }

    /// The backup's side as a key set, without `metadata`: what a restore copies.
    #[must_use]
    pub fn restored_entries(&self) -> Vec<KeyEntry> {
        self.entries
            .iter()
            .filter(|e| e.key != "metadata")
            .map(|e| KeyEntry {
                key: e.key.clone(),
                etag: e.copy_etag.clone(),
                size: e.size,
            })
            .collect()
    }

    /// The summary that the journal and the reset plan carry.
    ///
    /// # Errors
    /// As [`Manifest::bytes`].
    pub fn sealed(&self) -> Result<Sealed, NotCanonical> {
        Ok(Sealed {
            manifest: self.location(),
            sha256: Digest::of(&self.bytes()?),
            backup: self.to.clone(),
            keys: KeySet::of(&self.source_entries()),
        })
    }

    /// `s3://bucket/…Z.manifest.json`, beside the backup.
    #[must_use]
    pub fn location(&self) -> String {
        manifest_location(&self.to)
    }
}

/// Where the manifest of the backup `to` lies.
#[must_use]
pub fn manifest_location(to: &Prefix) -> String {
    format!("{}.manifest.json", to.uri().trim_end_matches('/'))
}

/// A sealed backup by its summary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// Where the manifest lies.
    pub manifest: String,
    /// The SHA-256 of its bytes.
    pub sha256: Digest,
    /// Where the copies lie.
    pub backup: Prefix,
    /// The source side.
    pub keys: KeySet,
}
