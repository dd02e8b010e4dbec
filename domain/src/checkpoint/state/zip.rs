//! `<version>.zip` of RocksDB: all of one version but its SST files, and but for
//! the write-ahead logs that were archived.
//!
//! Read as Java's `ZipInputStream` does, entry by entry from the front; the
//! directory at the end is never looked at. Sources: Spark's
//! `RocksDBFileManager.scala` (`zipToDfsFile`, `RocksDBCheckpointMetadata`) and
//! `Utils.unzipFilesFromFile`.

use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZError, MZFlush, MZStatus};
use serde::{Deserialize, Serialize};

use super::StateFault;
use super::checksum::Crc32;
use super::lz4_block::UNPACKED_MAX;

/// What the archive's own `metadata` says, and what else lies in it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ZipSummary {
    #[serde(default)]
    pub sst_files: Vec<SstFile>,
    /// Left out where there is none.
    #[serde(default)]
    pub log_files: Option<Vec<LogFile>>,
    #[serde(default)]
    pub num_keys: i64,
    /// The archive's entries in their order.
    #[serde(skip)]
    pub entries: Vec<ZipEntry>,
    /// The manifest that `CURRENT` names; `None` where there is no `CURRENT`.
    #[serde(skip)]
    pub manifest: Option<String>,
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

/// A write-ahead log that the version needs, in the directory `logs` beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogFile {
    pub local_file_name: String,
    pub dfs_log_file_name: String,
    /// In bytes.
    pub size_bytes: u64,
}

/// One file in the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZipEntry {
    pub name: String,
    /// Unpacked, in bytes.
    pub size: u64,
}

impl ZipSummary {
    /// Whether RocksDB finds the manifest that `CURRENT` names. Without it the
    /// store cannot be opened.
    pub fn has_its_manifest(&self) -> bool {
        self.manifest
            .as_ref()
            .is_none_or(|name| self.entries.iter().any(|entry| entry.name == *name))
    }
}

const LOCAL_ENTRY: &[u8] = b"PK\x03\x04";
const DESCRIPTOR: &[u8] = b"PK\x07\x08";
const STORED: u16 = 0;
const DEFLATED: u16 = 8;
/// Sizes and checksum stand behind the data.
const BEHIND: u16 = 0x0008;
const ENCRYPTED: u16 = 0x0001;

/// Spark's own metadata of a version stays far below.
const METADATA_MAX: usize = 64 << 20;
/// `CURRENT` holds one short name.
const CURRENT_MAX: usize = 256;
/// So much is unpacked at a time, of entries that are not kept.
const WINDOW: usize = 32 << 10;

/// Whether the archive is whole, and what it says. Every entry is unpacked and
/// held against its checksum; kept are only `metadata` and `CURRENT`.
pub fn check_zip(bytes: &[u8]) -> Result<ZipSummary, StateFault> {
    let mut rest = bytes;
    let mut entries = Vec::new();
    let mut metadata = None;
    let mut current = None;
    let mut left = UNPACKED_MAX;
    while let Some(entry) = next(&mut rest)? {
        let kept_max = match entry.name {
            b"metadata" => METADATA_MAX,
            b"CURRENT" => CURRENT_MAX,
            _ => 0,
        };
        let unpacked = unpack(&entry, &mut rest, kept_max, &mut left)?;
        match entry.name {
            b"metadata" => metadata = Some(unpacked.kept),
            b"CURRENT" => current = Some(unpacked.kept),
            _ => {}
        }
        entries.push(ZipEntry {
            name: String::from_utf8_lossy(entry.name).into_owned(),
            size: unpacked.size,
        });
    }
    let metadata = metadata.ok_or(StateFault::NoMetadata)?;
    let mut summary = read_metadata(&metadata)?;
    summary.manifest = current.map(|name| {
        let name = String::from_utf8_lossy(&name);
        name.trim_end_matches('\n').to_owned()
    });
    summary.entries = entries;
    Ok(summary)
}

fn read_metadata(text: &[u8]) -> Result<ZipSummary, StateFault> {
    let text = std::str::from_utf8(text).map_err(|_| StateFault::BadJson)?;
    let (version, json) = text.split_once('\n').unwrap_or((text, ""));
    if !matches!(version, "v1" | "v2" | "v3") {
        return Err(StateFault::BadVersion(version.chars().take(80).collect()));
    }
    serde_json::from_str(json).map_err(|_| StateFault::BadJson)
}

/// The head of an entry, as it stands before its data.
struct Entry<'a> {
    name: &'a [u8],
    method: u16,
    /// What the head says of the data, where it does.
    said: Option<Said>,
}

struct Said {
    crc: u32,
    packed: u32,
    unpacked: u32,
}

struct Unpacked {
    kept: Vec<u8>,
    size: u64,
}

/// The next entry; `None` where there is no further one, which a head that is
/// cut off means too.
fn next<'a>(rest: &mut &'a [u8]) -> Result<Option<Entry<'a>>, StateFault> {
    let Some((head, after)) = rest.split_at_checked(30) else {
        return Ok(None);
    };
    if !head.starts_with(LOCAL_ENTRY) {
        return Ok(None);
    }
    let flags = u16_at(head, 6);
    let method = u16_at(head, 8);
    if flags & ENCRYPTED != 0 {
        return Err(StateFault::Corrupted);
    }
    let (name_length, extra) = (u16_at(head, 26), u16_at(head, 28));
    let cut_off = || StateFault::EndedPrematurely;
    let (name, after) = after
        .split_at_checked(usize::from(name_length))
        .ok_or_else(cut_off)?;
    let (_, after) = after
        .split_at_checked(usize::from(extra))
        .ok_or_else(cut_off)?;
    *rest = after;
    let behind = flags & BEHIND != 0;
    if behind && method != DEFLATED {
        return Err(StateFault::Corrupted);
    }
    let said = (!behind).then(|| Said {
        crc: u32_at(head, 14),
        packed: u32_at(head, 18),
        unpacked: u32_at(head, 22),
    });
    Ok(Some(Entry { name, method, said }))
}

/// Unpacks an entry's data, as far as `left` allows for all entries together.
fn unpack(
    entry: &Entry<'_>,
    rest: &mut &[u8],
    kept_max: usize,
    left: &mut usize,
) -> Result<Unpacked, StateFault> {
    let before = rest.len();
    let mut sink = Sink {
        kept: Vec::new(),
        kept_max,
        crc: Crc32::new(),
        size: 0,
        left,
    };
    match (entry.method, &entry.said) {
        (STORED, Some(said)) => {
            let (data, after) = usize::try_from(said.packed)
                .ok()
                .and_then(|length| rest.split_at_checked(length))
                .ok_or(StateFault::EndedPrematurely)?;
            sink.take(data)?;
            *rest = after;
        }
        (DEFLATED, _) => deflated(rest, &mut sink)?,
        _ => return Err(StateFault::Corrupted),
    }
    let packed = u32::try_from(before - rest.len()).ok();
    let (crc, size, kept) = (sink.crc.value(), sink.size, sink.kept);
    let said = match &entry.said {
        Some(said) => (said.crc, said.packed, said.unpacked),
        None => descriptor(rest)?,
    };
    let found = (crc, packed, u32::try_from(size).ok());
    if found != (said.0, Some(said.1), Some(said.2)) {
        return Err(StateFault::Corrupted);
    }
    Ok(Unpacked { kept, size })
}

/// What stands behind the data: a mark, which may be left out, the checksum and
/// both sizes.
fn descriptor(rest: &mut &[u8]) -> Result<(u32, u32, u32), StateFault> {
    let bytes = rest.strip_prefix(DESCRIPTOR).unwrap_or(rest);
    let (three, after) = bytes
        .split_at_checked(12)
        .ok_or(StateFault::EndedPrematurely)?;
    *rest = after;
    Ok((u32_at(three, 0), u32_at(three, 4), u32_at(three, 8)))
}

/// Where unpacked bytes go: a few are kept, all are counted and summed.
struct Sink<'a> {
    kept: Vec<u8>,
    kept_max: usize,
    crc: Crc32,
    size: u64,
    left: &'a mut usize,
}

impl Sink<'_> {
    fn take(&mut self, bytes: &[u8]) -> Result<(), StateFault> {
        *self.left = self
            .left
            .checked_sub(bytes.len())
            .ok_or(StateFault::TooLarge(UNPACKED_MAX as u64))?;
        self.size += bytes.len() as u64;
        self.crc.take(bytes);
        if self.kept_max > 0 {
            if self.kept.len() + bytes.len() > self.kept_max {
                return Err(StateFault::TooLarge(self.kept_max as u64));
            }
            self.kept.extend_from_slice(bytes);
        }
        Ok(())
    }
}

fn deflated(rest: &mut &[u8], sink: &mut Sink<'_>) -> Result<(), StateFault> {
    let mut state = InflateState::new_boxed(DataFormat::Raw);
    let mut window = vec![0_u8; WINDOW];
    loop {
        let step = inflate(&mut state, rest, &mut window, MZFlush::None);
        *rest = rest.get(step.bytes_consumed..).unwrap_or_default();
        sink.take(&window[..step.bytes_written])?;
        match step.status {
            Ok(MZStatus::StreamEnd) => return Ok(()),
            // What goes on without taking or giving anything wants more input.
            Ok(_) if step.bytes_consumed + step.bytes_written > 0 => {}
            Ok(_) | Err(MZError::Buf) => return Err(StateFault::EndedPrematurely),
            Err(_) => return Err(StateFault::Corrupted),
        }
    }
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
