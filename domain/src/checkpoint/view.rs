//! What has been seen of one checkpoint: its listing, and the bytes of those
//! files that were read so far.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::layout::CheckpointFile;

/// One object of a listing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ListedObject {
    /// In bytes.
    pub size: u64,
    /// Milliseconds since the epoch, UTC.
    pub last_modified_ms: i64,
    /// As S3 gives it, quotes included or not; never interpreted.
    pub etag: String,
}

/// What the prognosis and the doctor look at. Keys are relative to the
/// checkpoint, without a leading slash: `offsets/12`, `sources/0/0`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CheckpointView {
    /// Where the checkpoint lies, for error texts: `s3://bucket/a/b`, without
    /// a trailing slash.
    pub uri: String,
    pub listing: BTreeMap<String, ListedObject>,
    /// Bytes of the files that were read. A listed file that is not here is
    /// unknown, not empty.
    #[serde(skip)]
    pub bytes: BTreeMap<String, Vec<u8>>,
}

impl CheckpointView {
    pub fn new(uri: impl Into<String>) -> Self {
        let mut uri = uri.into();
        while uri.ends_with('/') {
            uri.pop();
        }
        Self {
            uri,
            ..Self::default()
        }
    }

    /// Adds a listed object that has not been read.
    pub fn list(&mut self, key: impl Into<String>, object: ListedObject) {
        self.listing.insert(key.into(), object);
    }

    /// Adds the bytes of an object; one that was not listed is listed with
    /// their length.
    pub fn read(&mut self, key: impl Into<String>, bytes: Vec<u8>) {
        let key = key.into();
        self.listing
            .entry(key.clone())
            .or_insert_with(|| ListedObject {
                size: bytes.len() as u64,
                ..ListedObject::default()
            });
        self.bytes.insert(key, bytes);
    }

    /// The absolute name of a file, as Spark's messages print it.
    pub fn path(&self, key: &str) -> String {
        format!("{}/{key}", self.uri)
    }

    /// Batch ids with a file in `offsets/`, rising, by Java's rules for names.
    pub fn offset_batches(&self) -> Vec<i64> {
        self.batches(|file| match file {
            CheckpointFile::Offsets(batch) => Some(batch),
            _ => None,
        })
    }

    /// Batch ids with a file in `commits/`, rising, by Java's rules for names.
    pub fn commit_batches(&self) -> Vec<i64> {
        self.batches(|file| match file {
            CheckpointFile::Commits(batch) => Some(batch),
            _ => None,
        })
    }

    fn batches(&self, pick: impl Fn(CheckpointFile) -> Option<i64>) -> Vec<i64> {
        let mut ids: Vec<i64> = self
            .listing
            .keys()
            .filter_map(|key| pick(CheckpointFile::of_key(key)))
            .collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// The small files that decide the next start, so that a caller can read
    /// exactly these from S3. Of state files the listing alone is looked at
    /// (missing, empty) unless their bytes were read as well.
    pub fn decisive_files(&self) -> Vec<String> {
        decisive_files(self.listing.keys().map(String::as_str))
    }
}

/// See [`CheckpointView::decisive_files`]: `metadata`, the newest offsets and
/// their predecessor, the newest commit, every source's initial offset, and
/// what describes the state (schemas, operator metadata).
pub fn decisive_files<'a>(listing: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut keys = Vec::new();
    let mut offsets: Vec<(i64, &str)> = Vec::new();
    let mut commits: Vec<(i64, &str)> = Vec::new();
    for key in listing {
        match CheckpointFile::of_key(key) {
            CheckpointFile::Metadata
            | CheckpointFile::SourceOffset(_)
            | CheckpointFile::StateSchema { .. }
            | CheckpointFile::OperatorMetadata { .. } => keys.push(key.to_owned()),
            CheckpointFile::Offsets(batch) => offsets.push((batch, key)),
            CheckpointFile::Commits(batch) => commits.push((batch, key)),
            _ => {}
        }
    }
    offsets.sort_unstable();
    commits.sort_unstable();
    // The predecessor is the newest but one where ids are dense, and also what
    // async progress tracking takes; a name such as `006` may stand beside `6`.
    let newest = offsets.iter().rev().map(|(batch, _)| *batch).next();
    let before = offsets
        .iter()
        .rev()
        .map(|(b, _)| *b)
        .find(|b| Some(*b) != newest);
    let wanted = |batch: i64| Some(batch) == newest || Some(batch) == before;
    keys.extend(
        offsets
            .iter()
            .filter(|(batch, _)| wanted(*batch))
            .map(|(_, key)| (*key).to_owned()),
    );
    if let Some((last, _)) = commits.last().copied() {
        keys.extend(
            commits
                .iter()
                .filter(|(b, _)| *b == last)
                .map(|(_, key)| (*key).to_owned()),
        );
    }
    keys
}
