//! An upload and its parts, and what they amount to.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::digest::{Algorithm, digests_of};
use super::meta::Meta;

/// An upload that is not completed yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// Its id.
    pub id: String,
    /// The key that the object will have.
    pub key: String,
    /// When it was begun, in milliseconds since the epoch.
    pub initiated_at_ms: i64,
    /// Headers and tags of the object.
    pub meta: Meta,
    /// Whether the checksum will be of the whole bytes rather than of the parts'.
    pub full_object: bool,
}

/// A part that has arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// From 1 to 10,000.
    pub number: u32,
    /// How many bytes.
    pub size: u64,
    /// MD5 in hex.
    pub etag: String,
    /// The checksum of the upload's algorithm, in base64.
    pub checksum: String,
    /// When it arrived, in milliseconds since the epoch.
    pub modified_at_ms: i64,
}

impl Upload {
    /// Which checksum the object will keep.
    pub fn algorithm(&self) -> Algorithm {
        self.meta.checksum.unwrap_or(Algorithm::CRC64NVME)
    }
}

/// The ETag of a multipart object: MD5 over the parts' MD5s, and how many.
pub(super) fn joint_etag(parts: &[Part]) -> String {
    let md5s: Vec<u8> = parts
        .iter()
        .flat_map(|part| hex::decode(&part.etag).unwrap_or_default())
        .collect();
    format!("{}-{}", digests_of(&md5s, &[]).md5, parts.len())
}

/// The composite checksum: that of the parts' checksums, and how many.
pub(super) fn composite_checksum(algorithm: Algorithm, parts: &[Part]) -> String {
    let sums: Vec<u8> = parts
        .iter()
        .flat_map(|part| STANDARD.decode(&part.checksum).unwrap_or_default())
        .collect();
    let sum = digests_of(&sums, &[algorithm]);
    let value = sum.checksums.get(&algorithm).cloned().unwrap_or_default();
    format!("{value}-{}", parts.len())
}
