//! `<version>.zip` of RocksDB: all of one version but its SST files.

use serde::{Deserialize, Serialize};

use super::StateFault;

/// What the archive's own `metadata` says.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ZipSummary {
    #[serde(default)]
    pub sst_files: Vec<SstFile>,
    #[serde(default)]
    pub num_keys: i64,
}

/// An SST file that the version needs, in the directory `SSTs` beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SstFile {
    pub local_file_name: String,
    pub dfs_sst_file_name: String,
    /// In bytes.
    pub size_bytes: u64,
}

const END_OF_DIRECTORY: &[u8; 4] = b"PK\x05\x06";
const DIRECTORY_ENTRY: &[u8; 4] = b"PK\x01\x02";
const LOCAL_ENTRY: &[u8; 4] = b"PK\x03\x04";

/// Spark's own metadata of a version stays far below.
const METADATA_MAX: usize = 64 << 20;

/// Whether the archive is whole, and what it says.
pub fn check_zip(bytes: &[u8]) -> Result<ZipSummary, StateFault> {
    if !bytes.starts_with(LOCAL_ENTRY) {
        // Java's reader finds no entry in it and then misses the metadata.
        return Err(StateFault::NoMetadata);
    }
    let directory = directory(bytes).ok_or(StateFault::EndedPrematurely)?;
    let entry = directory
        .into_iter()
        .find(|entry| entry.name == b"metadata")
        .ok_or(StateFault::NoMetadata)?;
    let packed = local_data(bytes, &entry).ok_or(StateFault::EndedPrematurely)?;
    let text = match entry.method {
        0 => packed.to_vec(),
        8 => miniz_oxide::inflate::decompress_to_vec_with_limit(packed, METADATA_MAX)
            .map_err(|_| StateFault::Corrupted)?,
        _ => return Err(StateFault::Corrupted),
    };
    let text = std::str::from_utf8(&text).map_err(|_| StateFault::BadJson)?;
    let (version, json) = text.split_once('\n').unwrap_or((text, ""));
    if !matches!(version, "v1" | "v2" | "v3") {
        return Err(StateFault::BadVersion(version.chars().take(80).collect()));
    }
    serde_json::from_str(json).map_err(|_| StateFault::BadJson)
}

struct Entry<'a> {
    name: &'a [u8],
    method: u16,
    packed: usize,
    offset: usize,
}

/// The central directory; `None` when the archive has no end or the directory
/// does not lie where it says.
fn directory(bytes: &[u8]) -> Option<Vec<Entry<'_>>> {
    // The end may be followed by a comment of up to 65,535 bytes.
    let from = bytes.len().saturating_sub(22 + 65_535);
    let end = bytes[from..]
        .windows(4)
        .rposition(|four| four == END_OF_DIRECTORY)?
        + from;
    let count = u16_at(bytes, end + 10)?;
    let mut at = u32_at(bytes, end + 16)?;
    let mut entries = Vec::new();
    for _ in 0..count {
        if bytes.get(at..at + 4)? != DIRECTORY_ENTRY {
            return None;
        }
        let name_length = usize::from(u16_at(bytes, at + 28)?);
        let extra = usize::from(u16_at(bytes, at + 30)?);
        let comment = usize::from(u16_at(bytes, at + 32)?);
        entries.push(Entry {
            name: bytes.get(at + 46..at + 46 + name_length)?,
            method: u16_at(bytes, at + 10)?,
            packed: u32_at(bytes, at + 20)?,
            offset: u32_at(bytes, at + 42)?,
        });
        at += 46 + name_length + extra + comment;
    }
    Some(entries)
}

fn local_data<'a>(bytes: &'a [u8], entry: &Entry<'_>) -> Option<&'a [u8]> {
    let at = entry.offset;
    if bytes.get(at..at.checked_add(4)?)? != LOCAL_ENTRY {
        return None;
    }
    let name = usize::from(u16_at(bytes, at + 26)?);
    let extra = usize::from(u16_at(bytes, at + 28)?);
    let start = at + 30 + name + extra;
    bytes.get(start..start.checked_add(entry.packed)?)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let two = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_le_bytes([two[0], two[1]]))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    usize::try_from(u32::from_le_bytes([four[0], four[1], four[2], four[3]])).ok()
}
