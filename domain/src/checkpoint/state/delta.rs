use serde::{Deserialize, Serialize};

use super::StateFault;
use super::lz4_block::{first_block_is_corrupted, unpack};

/// What a file of changes holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DeltaSummary {
    pub puts: u64,
    pub deletes: u64,
}

/// `<version>.delta` of an HDFS-backed store, packed with LZ4.
pub fn check_delta(bytes: &[u8]) -> Result<DeltaSummary, StateFault> {
    records(bytes, true)
}

/// `<version>.snapshot` of an HDFS-backed store, packed with LZ4.
pub fn check_snapshot(bytes: &[u8]) -> Result<DeltaSummary, StateFault> {
    records(bytes, false)
}

/// Repeats `int32 key length, key, int32 value length, value`, big-endian; a
/// value length of -1 deletes; a key length of -1 ends the file.
fn records(bytes: &[u8], may_delete: bool) -> Result<DeltaSummary, StateFault> {
    let unpacked = unpack(bytes)?;
    let mut input = unpacked.as_slice();
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

/// `<version>.changelog` of RocksDB, packed with LZ4. Version 1 has the same
/// records as a delta; from version 2 on a record starts with its kind, behind
/// a header `v<n>`.
pub fn check_changelog(bytes: &[u8]) -> Result<(), StateFault> {
    let unpacked = unpack(bytes)?;
    let mut input = unpacked.as_slice();
    match header(input) {
        None => {}
        // The records of newer versions carry what is not looked into here.
        Some((2, rest)) => return typed_records(rest),
        Some(_) => return Ok(()),
    }
    loop {
        let key = int(&mut input)?;
        if key == -1 {
            return Ok(());
        }
        skip(&mut input, key)?;
        match int(&mut input)? {
            -1 => {}
            value => skip(&mut input, value)?,
        }
    }
}

/// Whether not even the header of a changelog can be unpacked.
pub fn changelog_header_is_corrupted(bytes: &[u8]) -> bool {
    first_block_is_corrupted(bytes)
}

/// A Java `writeUTF` of `v<n>` at the very start.
fn header(input: &[u8]) -> Option<(u32, &[u8])> {
    let (length, rest) = input.split_at_checked(2)?;
    let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
    let (text, rest) = rest.split_at_checked(length)?;
    let version = std::str::from_utf8(text).ok()?.strip_prefix('v')?;
    Some((version.parse().ok()?, rest))
}

const PUT: u8 = 0x01;
const DELETE: u8 = 0x10;
const MERGE: u8 = 0x11;
const END_OF_FILE: u8 = 0x00;

fn typed_records(mut input: &[u8]) -> Result<(), StateFault> {
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
            }
            DELETE => {
                let key = int(&mut input)?;
                skip(&mut input, key)?;
                int(&mut input)?;
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
