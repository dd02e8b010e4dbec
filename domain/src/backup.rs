//! Sealed backups of a stream as they lie there now: which can be put back, and
//! in what they differ from what is there.

use std::collections::BTreeMap;

use crate::checkpoint::CheckpointFile;
use crate::ids::{Digest, RunId};
use crate::keyset::KeyEntry;
use crate::manifest::{Manifest, ManifestEntry, Sealed};
use crate::snapshot::CheckpointSeen;
use crate::stream::{Prefix, Stream};
use crate::time::Millis;

/// A manifest that was found where backups of a stream lie.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundBackup {
    /// Where its objects lie, by the manifest's own name.
    pub prefix: Prefix,
    /// When the manifest was written, by S3's clock.
    pub sealed_at: Millis,
    /// The backup, or why it cannot be put back, as a sentence.
    pub backup: Result<BackupSeen, String>,
}

/// A backup whose objects all lie there as its manifest says, judged as the
/// checkpoint that it would be.
#[derive(Clone, Debug, PartialEq)]
pub struct BackupSeen {
    /// The Run that made it.
    pub run: RunId,
    /// The summary of its manifest.
    pub sealed: Sealed,
    /// What is copied back: all of it but `metadata`.
    pub entries: Vec<KeyEntry>,
    /// When its manifest was written, by S3's clock.
    pub sealed_at: Millis,
    /// The text of its `metadata`, under which the query had its id.
    pub metadata: String,
    /// The checkpoint that it would be.
    pub checkpoint: CheckpointSeen,
    /// In what it differs from what is there now.
    pub compared: Compared,
}

/// In what a backup differs from the checkpoint as it is now, in objects.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize,
)]
pub struct Compared {
    /// Only in the backup.
    pub only_there: u64,
    /// Only in the checkpoint now: a restore deletes them.
    pub only_here: u64,
    /// In both, with other bytes by their ETags or sizes.
    pub different: u64,
    /// In both, the same.
    pub same: u64,
}

impl Compared {
    /// Holds what was backed up against `now`, both by the source's ETags. The
    /// gate's file counts like any other.
    #[must_use]
    pub fn of(manifest: &Manifest, now: &[KeyEntry]) -> Self {
        let mut left: BTreeMap<&str, &KeyEntry> =
            now.iter().map(|e| (e.key.as_str(), e)).collect();
        let mut compared = Self::default();
        for entry in &manifest.entries {
            match left.remove(entry.key.as_str()) {
                None => compared.only_there += 1,
                // A copy of a plain upload has the same ETag on both sides.
                Some(there)
                    if there.size == entry.size
                        && (there.etag == entry.etag
                            || there.etag == entry.copy_etag) =>
                {
                    compared.same += 1;
                }
                Some(_) => compared.different += 1,
            }
        }
        compared.only_here = left.len() as u64;
        compared
    }

    /// Whether nothing would change.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.only_here + self.only_there + self.different == 0
    }
}

/// The manifest in `bytes`, which lie at `location`, if it is one of a backup
/// of this stream that can be put back. Whether Sluice wrote these very bytes
/// is not told by them: that is for the journal, by their SHA-256.
///
/// # Errors
/// What is wrong with it, as a sentence.
pub fn read_manifest(
    bytes: &[u8],
    location: &str,
    stream: &Stream,
) -> Result<Manifest, String> {
    let manifest: Manifest = serde_json::from_slice(bytes)
        .map_err(|error| format!("The manifest cannot be read: {error}."))?;
    if manifest.format != Manifest::FORMAT {
        return Err(format!(
            "The manifest's format {} is not known to this release.",
            manifest.format
        ));
    }
    if manifest.bytes().ok().as_deref() != Some(bytes) {
        return Err("The manifest is not as Sluice writes it.".to_owned());
    }
    if manifest.location() != location {
        return Err(format!(
            "The manifest is that of the backup {}.",
            manifest.to.uri()
        ));
    }
    if manifest.stream != stream.name {
        return Err(format!("It is a backup of {}.", manifest.stream));
    }
    if manifest.from != stream.checkpoint {
        return Err(format!(
            "It was made of {}, and the stream's checkpoint is {}: state of a query can hold its own place, so a backup goes back only where it came from.",
            manifest.from.uri(),
            stream.checkpoint.uri()
        ));
    }
    if manifest.to.overlaps(&stream.checkpoint) {
        return Err("It lies inside the checkpoint.".to_owned());
    }
    let rises = |pair: &[ManifestEntry]| pair[0].key < pair[1].key;
    if !manifest.entries.windows(2).all(rises) {
        return Err("The manifest names a key twice.".to_owned());
    }
    if manifest.entries.iter().all(|e| e.key != "metadata") {
        return Err("It holds no metadata, so the query's id is lost.".to_owned());
    }
    Ok(manifest)
}

/// Whether the journal's seal of the Run that made a backup is of these bytes.
///
/// # Errors
/// What does not fit, as a sentence.
pub fn is_sealed(sealed: &Sealed, by_journal: Option<&Digest>) -> Result<(), String> {
    match by_journal {
        Some(digest) if *digest == sealed.sha256 => Ok(()),
        Some(_) => Err(
            "The manifest was changed after it was sealed: its SHA-256 is not the one in the journal."
                .to_owned(),
        ),
        None => Err(
            "The journal here knows no seal of it, so nothing proves the manifest."
                .to_owned(),
        ),
    }
}

/// Whether the objects of a backup are exactly those of its manifest, each with
/// the ETag and the size that it had when it was sealed.
///
/// # Errors
/// Which object is not, as a sentence.
pub fn intact(manifest: &Manifest, listed: &[KeyEntry]) -> Result<(), String> {
    let mut left: BTreeMap<&str, &KeyEntry> =
        listed.iter().map(|e| (e.key.as_str(), e)).collect();
    for entry in &manifest.entries {
        match left.remove(entry.key.as_str()) {
            None => return Err(format!("{} is missing from the backup.", entry.key)),
            Some(there) if there.etag != entry.copy_etag || there.size != entry.size => {
                return Err(format!(
                    "{} in the backup is not what was sealed.",
                    entry.key
                ));
            }
            Some(_) => {}
        }
    }
    match left.keys().next() {
        None => Ok(()),
        Some(extra) => Err(format!("{extra} lies in the backup and was not sealed.")),
    }
}

/// The entries of a restore in the order in which they are copied, as groups of
/// which each is there before the next is begun.
///
/// The gate is closed all the while. Should somebody open it by hand in the
/// middle, a start must fail: so the newest file of `offsets/` comes first and
/// the one before it last of all, without which no version of Spark starts. Of
/// a log with one batch, that batch comes after all else, offsets before commit.
#[must_use]
pub fn in_order(entries: &[ManifestEntry]) -> Vec<Vec<ManifestEntry>> {
    let file = |e: &ManifestEntry| CheckpointFile::of_key(&e.key);
    let mut batches: Vec<i64> = entries
        .iter()
        .filter_map(|e| match file(e) {
            CheckpointFile::Offsets(batch) => Some(batch),
            _ => None,
        })
        .collect();
    batches.sort_unstable();
    let newest = batches.last().copied();
    let before = batches.iter().rev().nth(1).copied();
    let rank = |e: &ManifestEntry| match (file(e), before) {
        (CheckpointFile::Offsets(batch), Some(_)) if Some(batch) == newest => 0,
        (CheckpointFile::Offsets(batch), Some(_)) if Some(batch) == before => 2,
        (CheckpointFile::Offsets(_), None) => 2,
        (CheckpointFile::Commits(_), None) => 3,
        _ => 1,
    };
    let mut groups: [Vec<ManifestEntry>; 4] = Default::default();
    for entry in entries.iter().filter(|e| e.key != "metadata") {
        groups[rank(entry)].push(entry.clone());
    }
    groups.into_iter().filter(|g| !g.is_empty()).collect()
}
