//! Sets of S3 keys, as plans and manifests hold them: a list that is addressed
//! by its digest, and chunks of it that a page can show and an executor can
//! work through.

use serde::{Deserialize, Serialize};

use crate::canonical::decimal;
use crate::ids::Digest;

/// One object. The key is relative to the prefix it was listed under.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct KeyEntry {
    /// The key below the prefix; may be empty for a marker of the prefix itself.
    pub key: String,
    /// The ETag without quotes.
    pub etag: String,
    /// The size in bytes.
    #[serde(with = "decimal")]
    pub size: u64,
}

/// A run of consecutive entries of a sorted list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// The first key.
    pub first: String,
    /// The last key.
    pub last: String,
    /// How many keys.
    #[serde(with = "decimal")]
    pub count: u64,
    /// Their sizes added up, in bytes.
    #[serde(with = "decimal")]
    pub bytes: u64,
    /// SHA-256 over the sorted `key NUL etag NUL size LF` lines.
    pub sha256: Digest,
}

/// A set of keys by its summary; the list itself is a blob of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeySet {
    /// SHA-256 over all lines, which is also the address of the blob.
    pub sha256: Digest,
    /// How many keys.
    #[serde(with = "decimal")]
    pub count: u64,
    /// Their sizes added up, in bytes.
    #[serde(with = "decimal")]
    pub bytes: u64,
    /// The list in pieces.
    pub chunks: Vec<Chunk>,
}

/// How many keys a chunk holds: what one DeleteObjects call takes.
pub const CHUNK_KEYS: usize = 1_000;

impl KeySet {
    /// Summarises `entries`, which are sorted by this function's caller in
    /// UTF-8 byte order, as S3 lists them.
    #[must_use]
    pub fn of(entries: &[KeyEntry]) -> Self {
        debug_assert!(entries.is_sorted_by(|a, b| a.key < b.key));
        Self {
            sha256: Digest::of(&lines(entries)),
            count: entries.len() as u64,
            bytes: entries.iter().map(|e| e.size).sum(),
            chunks: entries.chunks(CHUNK_KEYS).map(chunk).collect(),
        }
    }

    /// Whether `entries` are exactly this set.
    #[must_use]
    pub fn matches(&self, entries: &[KeyEntry]) -> bool {
        *self == Self::of(entries)
    }
}

fn chunk(entries: &[KeyEntry]) -> Chunk {
    let key = |entry: Option<&KeyEntry>| entry.map(|e| e.key.clone()).unwrap_or_default();
    Chunk {
        first: key(entries.first()),
        last: key(entries.last()),
        count: entries.len() as u64,
        bytes: entries.iter().map(|e| e.size).sum(),
        sha256: Digest::of(&lines(entries)),
    }
}

/// The bytes that a set's digest is taken over, and in which it is stored.
#[must_use]
pub fn lines(entries: &[KeyEntry]) -> Vec<u8> {
    let mut out = Vec::new();
    for entry in entries {
        out.extend_from_slice(entry.key.as_bytes());
        out.push(0);
        out.extend_from_slice(entry.etag.as_bytes());
        out.push(0);
        out.extend_from_slice(entry.size.to_string().as_bytes());
        out.push(b'\n');
    }
    out
}

/// Reads what [`lines`] wrote; `None` when the bytes are no such list.
#[must_use]
pub fn parse_lines(bytes: &[u8]) -> Option<Vec<KeyEntry>> {
    let mut entries = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let key = take_until(&mut rest, 0)?;
        let etag = take_until(&mut rest, 0)?;
        let size = take_until(&mut rest, b'\n')?.parse().ok()?;
        entries.push(KeyEntry { key, etag, size });
    }
    Some(entries)
}

fn take_until(rest: &mut &[u8], end: u8) -> Option<String> {
    let at = rest.iter().position(|b| *b == end)?;
    let text = String::from_utf8(rest[..at].to_vec()).ok()?;
    *rest = &rest[at + 1..];
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(n: usize) -> Vec<KeyEntry> {
        (0..n)
            .map(|i| KeyEntry {
                key: format!("offsets/{i:06}\n"),
                etag: format!("{i:x}"),
                size: i as u64,
            })
            .collect()
    }

    #[test]
    fn a_list_with_odd_keys_reads_back_as_it_was() {
        let list = entries(3);
        assert_eq!(parse_lines(&lines(&list)), Some(list));
        assert_eq!(parse_lines(b"no list"), None);
    }

    #[test]
    fn chunks_hold_a_thousand_keys_and_add_up() {
        let list = entries(1_001);
        let set = KeySet::of(&list);
        assert_eq!(set.chunks.len(), 2);
        assert_eq!(set.chunks[1].count, 1);
        assert_eq!(set.chunks.iter().map(|c| c.bytes).sum::<u64>(), set.bytes);
        assert!(set.matches(&list));
    }

    #[test]
    fn another_etag_is_another_set() {
        let mut list = entries(5);
        let set = KeySet::of(&list);
        list[2].etag = "other".into();
        assert!(!set.matches(&list));
    }
}
