//! Which file of a checkpoint a key is. Spark judges names, never contents:
//! `006` and `-1` count as batches because Java's `Long.parseLong` reads them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// The store whose directory is left out.
pub const DEFAULT_STORE: &str = "default";

/// What lies under one key, relative to the checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckpointFile {
    /// `metadata`
    Metadata,
    /// `offsets/<batch>`
    Offsets(i64),
    /// `commits/<batch>`
    Commits(i64),
    /// `sources/<i>/0`
    SourceOffset(u32),
    /// `state/<op>/<partition>/[<store>/]<version>.<kind>`
    State(StateFile),
    /// `<file>.crc` beside a state file, from Spark 4.1 on.
    StateChecksum(StateFile),
    /// `state/<op>/<partition>/[<store>/]SSTs/<name>`
    StateSst {
        op: i64,
        partition: i32,
        store: String,
        name: String,
    },
    /// `state/<op>/<partition>/[<store>/]logs/<name>`: RocksDB's archived logs.
    StateLog {
        op: i64,
        partition: i32,
        store: String,
        name: String,
    },
    /// `state/<op>/0/[<store>/]_metadata/schema`
    StateSchema {
        op: i64,
        partition: i32,
        store: String,
    },
    /// `state/<op>/_metadata/metadata` and, for transformWithState,
    /// `state/<op>/_metadata/v2/<batch>`
    OperatorMetadata {
        op: i64,
        batch: Option<i64>,
    },
    /// `state/<op>/_stateSchema/<store>/<batch>_<uuid>`, for transformWithState:
    /// the schema since that batch, named by the operator's metadata.
    StateSchemaSince {
        op: i64,
        store: String,
        batch: i64,
        unique_id: String,
    },
    /// `.<name>.<uuid>[.TID<n>].tmp`, left by a write that was cut off.
    Temp,
    /// `.<name>.crc`, which Hadoop hides beside every file on a local file
    /// system and never writes on S3. Not the `<file>.crc` of Spark 4.1.
    LocalChecksum,
    /// A marker that some file system makes for a directory: a key that ends
    /// in `/` or in `_$folder$`.
    Marker,
    /// Something in a directory whose name is a batch: `offsets/7/x`.
    InsideBatchDirectory {
        log: LogDirectory,
        batch: i64,
    },
    Other,
}

/// The two directories whose names decide the next start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogDirectory {
    Offsets,
    Commits,
}

/// One versioned file of a state store.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StateFile {
    pub op: i64,
    pub partition: i32,
    /// [`DEFAULT_STORE`] where the directory is left out.
    pub store: String,
    pub version: i64,
    /// In names such as `7_<uuid>.zip`.
    pub unique_id: Option<String>,
    pub kind: StateFileKind,
}

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum StateFileKind {
    /// HDFS-backed: the changes of one batch.
    Delta,
    /// HDFS-backed: the whole of one version.
    Snapshot,
    /// RocksDB: the whole of one version, except for its SST files.
    Zip,
    /// RocksDB: the changes of one batch.
    Changelog,
}

impl StateFileKind {
    pub fn extension(self) -> &'static str {
        match self {
            Self::Delta => "delta",
            Self::Snapshot => "snapshot",
            Self::Zip => "zip",
            Self::Changelog => "changelog",
        }
    }
}

impl StateFile {
    /// The directory of its store, relative to the checkpoint.
    pub fn directory(&self) -> String {
        store_directory(self.op, self.partition, &self.store)
    }

    pub fn key(&self) -> String {
        let unique = match &self.unique_id {
            Some(id) => format!("_{id}"),
            None => String::new(),
        };
        format!(
            "{}/{}{unique}.{}",
            self.directory(),
            self.version,
            self.kind.extension()
        )
    }
}

/// The directory of a store, relative to the checkpoint.
pub fn store_directory(op: i64, partition: i32, store: &str) -> String {
    if store == DEFAULT_STORE {
        format!("state/{op}/{partition}")
    } else {
        format!("state/{op}/{partition}/{store}")
    }
}

/// A name as a batch id by the rules of Java's `Long.parseLong`, which reads
/// leading zeros and a sign. (It also reads digits of other scripts, which no
/// tool writes; they are not taken here.)
pub fn java_long(name: &str) -> Option<i64> {
    let digits = name.strip_prefix(['+', '-']).unwrap_or(name);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    name.parse().ok()
}

/// Whether a name is how Spark itself writes the number.
pub fn is_canonical(name: &str, number: i64) -> bool {
    number >= 0 && name == number.to_string()
}

impl CheckpointFile {
    /// What a key is, relative to the checkpoint and without a leading slash.
    pub fn of_key(key: &str) -> Self {
        if key.is_empty() || key.ends_with('/') || key.ends_with("_$folder$") {
            // A marker inside `offsets/7/` also makes `7` a directory.
            return match inside_batch_directory(key.trim_end_matches('/'), key) {
                Some(file) => file,
                None => Self::Marker,
            };
        }
        let parts: Vec<&str> = key.split('/').collect();
        let name = parts.last().copied().unwrap_or("");
        if name.starts_with('.') && name.ends_with(".crc") {
            return Self::LocalChecksum;
        }
        if name.starts_with('.') && name.ends_with(".tmp") {
            return Self::Temp;
        }
        match parts.as_slice() {
            ["metadata"] => Self::Metadata,
            ["offsets", name] => java_long(name).map_or(Self::Other, Self::Offsets),
            ["commits", name] => java_long(name).map_or(Self::Other, Self::Commits),
            ["sources", index, "0"] => {
                index.parse().map_or(Self::Other, Self::SourceOffset)
            }
            ["state", op, rest @ ..] => java_long(op)
                .and_then(|op| state_file(op, rest))
                .unwrap_or(Self::Other),
            _ => inside_batch_directory(key, key).unwrap_or(Self::Other),
        }
    }
}

/// Checkpoints that lie below this place, relative to it: it is a root then, or
/// a checkpoint with another one in it. A backup counts, since it is one too.
pub fn nested_checkpoints<'a>(keys: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut found = BTreeSet::new();
    for key in keys {
        let own = key.split('/').next().unwrap_or_default();
        if matches!(own, "offsets" | "commits" | "sources" | "state") {
            continue;
        }
        // The shortest place below which the rest is a file of a checkpoint.
        let place = key.match_indices('/').map(|(at, _)| at).find(|at| {
            matches!(
                CheckpointFile::of_key(&key[at + 1..]),
                CheckpointFile::Metadata
                    | CheckpointFile::Offsets(_)
                    | CheckpointFile::Commits(_)
                    | CheckpointFile::SourceOffset(_)
            )
        });
        if let Some(at) = place {
            found.insert(key[..at].to_owned());
        }
    }
    found
        .into_iter()
        .filter(|place| !place.is_empty())
        .collect()
}

fn inside_batch_directory(path: &str, key: &str) -> Option<CheckpointFile> {
    let mut parts = path.split('/');
    let log = match parts.next()? {
        "offsets" => LogDirectory::Offsets,
        "commits" => LogDirectory::Commits,
        _ => return None,
    };
    let batch = java_long(parts.next()?)?;
    // `offsets/7` itself is a file; only what lies below makes a directory.
    (parts.next().is_some() || key.ends_with('/'))
        .then_some(CheckpointFile::InsideBatchDirectory { log, batch })
}

fn state_file(op: i64, rest: &[&str]) -> Option<CheckpointFile> {
    match rest {
        ["_metadata", "metadata"] => {
            return Some(CheckpointFile::OperatorMetadata { op, batch: None });
        }
        ["_metadata", "v2", batch] => {
            let batch = Some(java_long(batch)?);
            return Some(CheckpointFile::OperatorMetadata { op, batch });
        }
        ["_stateSchema", store, name] => {
            let (batch, unique_id) = name.split_once('_')?;
            return Some(CheckpointFile::StateSchemaSince {
                op,
                store: (*store).to_owned(),
                batch: java_long(batch)?,
                unique_id: unique_id.to_owned(),
            });
        }
        _ => {}
    }
    let (partition, rest) = rest.split_first()?;
    let partition: i32 = partition.parse().ok()?;
    let owned = |store: &str| store.to_owned();
    Some(match rest {
        ["_metadata", "schema"] => CheckpointFile::StateSchema {
            op,
            partition,
            store: owned(DEFAULT_STORE),
        },
        [store, "_metadata", "schema"] => CheckpointFile::StateSchema {
            op,
            partition,
            store: owned(store),
        },
        ["SSTs", name] => CheckpointFile::StateSst {
            op,
            partition,
            store: owned(DEFAULT_STORE),
            name: owned(name),
        },
        [store, "SSTs", name] => CheckpointFile::StateSst {
            op,
            partition,
            store: owned(store),
            name: owned(name),
        },
        ["logs", name] => CheckpointFile::StateLog {
            op,
            partition,
            store: owned(DEFAULT_STORE),
            name: owned(name),
        },
        [store, "logs", name] => CheckpointFile::StateLog {
            op,
            partition,
            store: owned(store),
            name: owned(name),
        },
        [name] => versioned(op, partition, DEFAULT_STORE, name)?,
        [store, name] => versioned(op, partition, store, name)?,
        _ => return None,
    })
}

fn versioned(op: i64, partition: i32, store: &str, name: &str) -> Option<CheckpointFile> {
    let (name, checksum) = match name.strip_suffix(".crc") {
        Some(name) => (name, true),
        None => (name, false),
    };
    let (stem, extension) = name.rsplit_once('.')?;
    let kind = match extension {
        "delta" => StateFileKind::Delta,
        "snapshot" => StateFileKind::Snapshot,
        "zip" => StateFileKind::Zip,
        "changelog" => StateFileKind::Changelog,
        _ => return None,
    };
    let (version, unique_id) = match stem.split_once('_') {
        Some((version, id)) => (version, Some(id.to_owned())),
        None => (stem, None),
    };
    let file = StateFile {
        op,
        partition,
        store: store.to_owned(),
        version: java_long(version)?,
        unique_id,
        kind,
    };
    Some(if checksum {
        CheckpointFile::StateChecksum(file)
    } else {
        CheckpointFile::State(file)
    })
}

#[cfg(test)]
mod tests;
