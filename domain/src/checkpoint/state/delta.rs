use serde::{Deserialize, Serialize};

use super::StateFault;
use super::lz4_block::{first_block_is_corrupted, unpack};

/// What a file of changes holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DeltaSummary {
    pub puts: u64,
    pub deletes: u64,
}

/// A version of a store, as the lineage in a changelog names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LineageItem {
    pub version: i64,
    pub checkpoint_unique_id: String,
}

/// What a changelog of RocksDB holds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Changelog {
    /// 1 to 4.
    pub version: u32,
    /// From version 3 on: the versions that this one builds on, from the newest
    /// archive at its time up to the version before.
    pub lineage: Vec<LineageItem>,
    pub puts: u64,
    pub merges: u64,
    pub deletes: u64,
}

/// `<version>.delta` of an HDFS-backed store, packed with LZ4.
pub fn check_delta(bytes: &[u8]) -> Result<DeltaSummary, StateFault> {
    records(&unpack(bytes)?, true)
}

/// `<version>.snapshot` of an HDFS-backed store, packed with LZ4.
pub fn check_snapshot(bytes: &[u8]) -> Result<DeltaSummary, StateFault> {
    records(&unpack(bytes)?, false)
}

/// Repeats `int32 key length, key, int32 value length, value`, big-endian; a
/// value length of -1 deletes; a key length of -1 ends the file.
fn records(mut input: &[u8], may_delete: bool) -> Result<DeltaSummary, StateFault> {
    let mut summary = DeltaSummary::default();
    loop {
        let key = int(&mut input)?;
        if key == -1 {
            return Ok(summary);
        }
        skip(&mut input, key)?;
        match int(&mut input)? {
            -1 if may_delete => summary.deletes += 1,
            value => {
                skip(&mut input, value)?;
                summary.puts += 1;
            }
        }
    }
}

/// `<version>.changelog` of RocksDB, packed with LZ4. Versions 1 and 3 have the
/// records of a delta, in 2 and 4 each begins with its kind; from 2 on there is
/// a header `v<n>`, and behind it, from 3 on, the lineage as JSON. Source:
/// Spark's `StateStoreChangelog.scala`.
pub fn check_changelog(bytes: &[u8]) -> Result<Changelog, StateFault> {
    let unpacked = unpack(bytes)?;
    let (version, mut input) = header(&unpacked)?;
    let lineage = match version {
        3 | 4 => lineage(&mut input)?,
        _ => Vec::new(),
    };
    let mut found = Changelog {
        version,
        lineage,
        ..Changelog::default()
    };
    if matches!(version, 2 | 4) {
        typed_records(input, &mut found)?;
    } else {
        let DeltaSummary { puts, deletes } = records(input, true)?;
        (found.puts, found.deletes) = (puts, deletes);
    }
    Ok(found)
}

/// Whether not even the header of a changelog can be unpacked.
pub fn changelog_header_is_corrupted(bytes: &[u8]) -> bool {
    first_block_is_corrupted(bytes)
}

/// A Java `writeUTF` of `v<n>` at the very start; version 1 has none, and its
/// file of no records ends before such a text would.
fn header(input: &[u8]) -> Result<(u32, &[u8]), StateFault> {
    let mut rest = input;
    let Some(text) = utf(&mut rest) else {
        return Ok((1, input));
    };
    let Some(number) = text.strip_prefix(b"v") else {
        return Ok((1, input));
    };
    let version = std::str::from_utf8(number)
        .ok()
        .and_then(|n| n.parse().ok());
    match version {
        Some(1) => Ok((1, input)),
        Some(version @ 2..=4) => Ok((version, rest)),
        _ => {
            let shown = String::from_utf8_lossy(text);
            Err(StateFault::BadVersion(shown.chars().take(80).collect()))
        }
    }
}

fn lineage(input: &mut &[u8]) -> Result<Vec<LineageItem>, StateFault> {
    let text = utf(input).ok_or(StateFault::EndMissing)?;
    serde_json::from_slice(text).map_err(|_| StateFault::BadJson)
}

/// The bytes of a Java `writeUTF`; `None` where they are cut off.
fn utf<'a>(input: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, rest) = input.split_at_checked(2)?;
    let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
    let (text, rest) = rest.split_at_checked(length)?;
    *input = rest;
    Some(text)
}

const PUT: u8 = 0x01;
const DELETE: u8 = 0x10;
const MERGE: u8 = 0x11;
const END_OF_FILE: u8 = 0x00;

fn typed_records(mut input: &[u8], found: &mut Changelog) -> Result<(), StateFault> {
    loop {
        let Some((kind, rest)) = input.split_first() else {
            return Err(StateFault::EndMissing);
        };
        input = rest;
        match *kind {
            END_OF_FILE => return Ok(()),
            PUT | MERGE => {
                let key = int(&mut input)?;
                skip(&mut input, key)?;
                let value = int(&mut input)?;
                skip(&mut input, value)?;
                let count = match *kind {
                    PUT => &mut found.puts,
                    _ => &mut found.merges,
                };
                *count += 1;
            }
            DELETE => {
                let key = int(&mut input)?;
                skip(&mut input, key)?;
                int(&mut input)?;
                found.deletes += 1;
            }
            _ => return Err(StateFault::Corrupted),
        }
    }
}

fn int(input: &mut &[u8]) -> Result<i32, StateFault> {
    let (bytes, rest) = input.split_at_checked(4).ok_or(StateFault::EndMissing)?;
    *input = rest;
    Ok(i32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}

fn skip(input: &mut &[u8], length: i32) -> Result<(), StateFault> {
    let length = usize::try_from(length).map_err(|_| StateFault::BadSize(length))?;
    let (_, rest) = input
        .split_at_checked(length)
        .ok_or(StateFault::EndMissing)?;
    *input = rest;
    Ok(())
}
