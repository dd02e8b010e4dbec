//! The HDFS-backed state store of a stateful query, as bytes.
//!
//! The state is one count per key. Batch `B` reads version `B` and writes version
//! `B + 1`: a delta for each shuffle partition, and now and then a snapshot. Formats:
//! `HDFSBackedStateStoreProvider.scala`, and `LZ4BlockOutputStream` of lz4-java around it.

use std::collections::BTreeMap;

use super::failure::Failure;
use super::storage::{Location, Storage};

/// The counts of one shuffle partition by key.
pub(super) type Counts = BTreeMap<i64, i64>;

/// The one stateful operator of a simulated query.
#[derive(Debug)]
pub(super) struct StateStore {
    at: Location,
    partitions: Vec<Counts>,
    /// The version that `partitions` holds.
    version: i64,
    /// Versions below are gone already.
    purged_below: i64,
}

/// A snapshot is written after so many deltas (`stateStore.minDeltasForSnapshot`).
const SNAPSHOT_EVERY: i64 = 10;

impl StateStore {
    /// Loads a version from the checkpoint; version 0 is empty.
    pub(super) async fn load(
        storage: &Storage,
        checkpoint: &Location,
        partitions: u32,
        version: i64,
    ) -> Result<Self, Failure> {
        let at = checkpoint.below("state/0");
        let mut loaded = Vec::new();
        for partition in 0..partitions {
            let from = at.below(&partition.to_string());
            loaded.push(load_partition(storage, &from, version).await?);
        }
        Ok(Self {
            at,
            partitions: loaded,
            version,
            purged_below: 0,
        })
    }

    /// Counts records under their keys.
    pub(super) fn add(&mut self, key: i64, records: i64) -> usize {
        let n = i64::try_from(self.partitions.len()).unwrap_or(1).max(1);
        let at = usize::try_from(key.rem_euclid(n)).unwrap_or(0);
        if let Some(counts) = self.partitions.get_mut(at) {
            *counts.entry(key).or_insert(0) += records;
        }
        at
    }

    /// How many keys there are.
    pub(super) fn keys(&self) -> usize {
        self.partitions.iter().map(BTreeMap::len).sum()
    }

    /// Writes the next version. `changed` names the keys that this batch touched.
    pub(super) async fn commit(
        &mut self,
        storage: &Storage,
        changed: &[i64],
        retain: i64,
    ) -> Result<(), Failure> {
        let next = self.version + 1;
        for (counts, partition) in self.partitions.iter().zip(0_u32..) {
            let at = self.at.below(&partition.to_string());
            if next == 1 && partition == 0 {
                storage.put(&at, "_metadata/schema", &schema_file()).await?;
            }
            let delta: Counts = counts
                .iter()
                .filter(|(key, _)| changed.contains(key))
                .map(|(key, count)| (*key, *count))
                .collect();
            let bytes = lz4_blocks(&entries(&delta));
            storage.put(&at, &format!("{next}.delta"), &bytes).await?;
            if next % SNAPSHOT_EVERY == 0 {
                let bytes = lz4_blocks(&entries(counts));
                storage
                    .put(&at, &format!("{next}.snapshot"), &bytes)
                    .await?;
            }
        }
        self.version = next;
        self.purge(storage, retain).await
    }

    /// Deletes what no retained version needs: below the newest snapshot at or before
    /// the oldest version that must stay rebuildable.
    async fn purge(&mut self, storage: &Storage, retain: i64) -> Result<(), Failure> {
        let oldest = self.version - retain;
        let base = oldest - oldest.rem_euclid(SNAPSHOT_EVERY);
        if base <= self.purged_below || base <= 0 {
            return Ok(());
        }
        for partition in 0..self.partitions.len() {
            let at = self.at.below(&partition.to_string());
            for version in self.purged_below.max(1)..base {
                storage.delete(&at, &format!("{version}.delta")).await?;
                if version % SNAPSHOT_EVERY == 0 {
                    storage.delete(&at, &format!("{version}.snapshot")).await?;
                }
            }
        }
        self.purged_below = base;
        Ok(())
    }
}

async fn load_partition(
    storage: &Storage,
    at: &Location,
    version: i64,
) -> Result<Counts, Failure> {
    let mut deltas = Vec::new();
    let mut counts = Counts::new();
    let mut at_version = version;
    while at_version > 0 {
        if let Some(bytes) = storage.get(at, &format!("{at_version}.snapshot")).await? {
            read_entries(&bytes, &mut counts)?;
            break;
        }
        let name = format!("{at_version}.delta");
        let Some(bytes) = storage.get(at, &name).await? else {
            let path = format!("{}/{name}", at.uri());
            return Err(Failure::new(
                "java.lang.IllegalStateException",
                format!("Error reading delta file {path}: {path} does not exist"),
            ));
        };
        deltas.push(bytes);
        at_version -= 1;
    }
    for bytes in deltas.iter().rev() {
        read_entries(bytes, &mut counts)?;
    }
    Ok(counts)
}

/// Key and value rows with their lengths, and the end marker.
fn entries(counts: &Counts) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (key, count) in counts {
        for number in [key, count] {
            bytes.extend_from_slice(&16_i32.to_be_bytes());
            bytes.extend_from_slice(&unsafe_row(*number));
        }
    }
    bytes.extend_from_slice(&(-1_i32).to_be_bytes());
    bytes
}

/// An UnsafeRow of one long: eight bytes of null bits, eight of the value, both in the
/// machine's order, which is little-endian on every machine of EMR.
fn unsafe_row(number: i64) -> [u8; 16] {
    let mut row = [0; 16];
    row[8..].copy_from_slice(&number.to_le_bytes());
    row
}

fn read_entries(file: &[u8], counts: &mut Counts) -> Result<(), Failure> {
    let broken = || Failure::new("java.io.EOFException", "Stream ended prematurely");
    let bytes = from_lz4_blocks(file).ok_or_else(broken)?;
    let mut rest = bytes.as_slice();
    loop {
        let Some(key) = row(&mut rest).ok_or_else(broken)? else {
            return Ok(());
        };
        match row(&mut rest).ok_or_else(broken)? {
            Some(count) => counts.insert(key, count),
            None => counts.remove(&key),
        };
    }
}

/// The next row: `None` when the bytes end, `Some(None)` for a length of -1.
fn row(rest: &mut &[u8]) -> Option<Option<i64>> {
    let (length, after) = rest.split_first_chunk::<4>()?;
    let length = i32::from_be_bytes(*length);
    if length == -1 {
        *rest = after;
        return Some(None);
    }
    let length = usize::try_from(length).ok()?;
    let (row, after) = after.split_at_checked(length)?;
    *rest = after;
    let number = row.get(8..16)?.try_into().ok()?;
    Some(Some(i64::from_le_bytes(number)))
}

const MAGIC: &[u8] = b"LZ4Block";
/// Blocks that are stored as they are, and the level of 32 KiB blocks.
const TOKEN_RAW: u8 = 0x10 | 0x05;
const BLOCK_BYTES: usize = 32 * 1024;
const CHECKSUM_SEED: u32 = 0x9747_b28c;

/// The stream of lz4-java with its blocks stored and not compressed, which every
/// reader of the format takes.
fn lz4_blocks(bytes: &[u8]) -> Vec<u8> {
    let mut stream = Vec::new();
    for block in bytes.chunks(BLOCK_BYTES) {
        let length = u32::try_from(block.len()).expect("a block is 32 KiB at most");
        stream.extend_from_slice(MAGIC);
        stream.push(TOKEN_RAW);
        stream.extend_from_slice(&length.to_le_bytes());
        stream.extend_from_slice(&length.to_le_bytes());
        // StreamingXXHash32 of lz4-java keeps 28 bits.
        let checksum = xxhash32(block, CHECKSUM_SEED) & 0x0fff_ffff;
        stream.extend_from_slice(&checksum.to_le_bytes());
        stream.extend_from_slice(block);
    }
    stream.extend_from_slice(MAGIC);
    stream.push(TOKEN_RAW);
    stream.extend_from_slice(&[0; 12]);
    stream
}

/// The stored blocks of a stream; `None` for a broken one, or one that is compressed,
/// which this job never writes.
fn from_lz4_blocks(stream: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = stream;
    loop {
        let header = rest.get(..21)?;
        if &header[..8] != MAGIC {
            return None;
        }
        let length = u32::from_le_bytes(header[9..13].try_into().ok()?) as usize;
        let checksum = u32::from_le_bytes(header[17..21].try_into().ok()?);
        rest = &rest[21..];
        if length == 0 {
            return Some(bytes);
        }
        let block = rest.get(..length)?;
        if header[8] & 0xf0 != 0x10
            || xxhash32(block, CHECKSUM_SEED) & 0x0fff_ffff != checksum
        {
            return None;
        }
        bytes.extend_from_slice(block);
        rest = &rest[length..];
    }
}

/// XXH32 (<https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md>).
fn xxhash32(bytes: &[u8], seed: u32) -> u32 {
    const P1: u32 = 0x9E37_79B1;
    const P2: u32 = 0x85EB_CA77;
    const P3: u32 = 0xC2B2_AE3D;
    const P4: u32 = 0x27D4_EB2F;
    const P5: u32 = 0x1656_67B1;
    let word = |at: &[u8]| u32::from_le_bytes([at[0], at[1], at[2], at[3]]);
    let mut stripes = bytes.chunks_exact(16);
    let mut hash = if bytes.len() >= 16 {
        let mut lanes = [
            seed.wrapping_add(P1).wrapping_add(P2),
            seed.wrapping_add(P2),
            seed,
            seed.wrapping_sub(P1),
        ];
        for stripe in stripes.by_ref() {
            for (lane, at) in lanes.iter_mut().zip(stripe.chunks_exact(4)) {
                let mixed = lane.wrapping_add(word(at).wrapping_mul(P2));
                *lane = mixed.rotate_left(13).wrapping_mul(P1);
            }
        }
        lanes
            .iter()
            .zip([1, 7, 12, 18])
            .fold(0_u32, |sum, (lane, by)| {
                sum.wrapping_add(lane.rotate_left(by))
            })
    } else {
        seed.wrapping_add(P5)
    };
    hash = hash.wrapping_add(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
    let mut words = stripes.remainder().chunks_exact(4);
    for at in words.by_ref() {
        hash = hash.wrapping_add(word(at).wrapping_mul(P3));
        hash = hash.rotate_left(17).wrapping_mul(P4);
    }
    for byte in words.remainder() {
        hash = hash.wrapping_add(u32::from(*byte).wrapping_mul(P5));
        hash = hash.rotate_left(11).wrapping_mul(P1);
    }
    hash ^= hash >> 15;
    hash = hash.wrapping_mul(P2);
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(P3);
    hash ^ (hash >> 16)
}

/// `_metadata/schema`: version 2, then key and value schema, each as one chunk of
/// Java's `writeUTF`.
fn schema_file() -> Vec<u8> {
    let mut bytes = Vec::new();
    let text = |bytes: &mut Vec<u8>, text: &str| {
        let length = u16::try_from(text.len()).expect("a schema here is short");
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(text.as_bytes());
    };
    text(&mut bytes, "v2");
    for schema in [KEY_SCHEMA, VALUE_SCHEMA] {
        bytes.extend_from_slice(&1_i32.to_be_bytes());
        text(&mut bytes, schema);
    }
    bytes
}

const KEY_SCHEMA: &str = r#"{"type":"struct","fields":[{"name":"segment","type":"long","nullable":true,"metadata":{}}]}"#;
const VALUE_SCHEMA: &str = r#"{"type":"struct","fields":[{"name":"count","type":"long","nullable":false,"metadata":{}}]}"#;

#[cfg(test)]
mod tests {
    use super::*;
    use domain::checkpoint::state::{check_delta, check_snapshot};

    #[test]
    fn the_hash_is_xxh32() {
        assert_eq!(xxhash32(b"", 0), 0x02CC_5D05);
        assert_eq!(xxhash32(b"abc", 0), 0x32D1_53FF);
        assert_eq!(
            xxhash32(b"Nobody inspects the spammish repetition", 0),
            0xE229_3B2F
        );
    }

    #[test]
    fn what_is_written_is_read_back_and_found_whole() {
        let counts: Counts = (0..3000).map(|key| (key, key * 7 - 100)).collect();
        let file = lz4_blocks(&entries(&counts));
        let mut read = Counts::new();
        read_entries(&file, &mut read).expect("readable");
        assert_eq!(read, counts);
        check_delta(&file).expect("a whole delta");
        check_snapshot(&file).expect("a whole snapshot");
        assert!(read_entries(&file[..file.len() - 30], &mut read).is_err());
    }

    #[test]
    fn an_empty_delta_holds_the_end_marker_alone() {
        let file = lz4_blocks(&entries(&Counts::new()));
        assert_eq!(from_lz4_blocks(&file).expect("whole"), [0xff; 4]);
    }
}
