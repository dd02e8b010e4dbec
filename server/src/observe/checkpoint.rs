//! Reads a checkpoint: its listing, and exactly the files that decide the next
//! start or show where the stream got to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use domain::checkpoint::checks::{Known, examine_with};
use domain::checkpoint::layout::nested_checkpoints;
use domain::checkpoint::tree::{Folder, tree};
use domain::checkpoint::{
    CheckpointView, ListedObject, Prognosis, QueryShape, SparkLine, StreamMetadata,
    foresee, infer, predict,
};
use domain::plan::{gate_owner, rollbacks};
use domain::snapshot::CheckpointSeen;
use domain::stream::{Prefix, Stream};
use domain::time::Millis;
use futures::{StreamExt as _, TryStreamExt as _};

use super::{batches, reason};
use crate::aws::{AwsError, AwsErrorKind, S3};

mod asked;
mod foreseen;
mod settled;

pub(crate) use settled::{Settled, settled};

pub(super) use asked::Asked;
pub(super) use foreseen::foreseen;

const READS_AT_ONCE: usize = 8;
/// A live job writes while it is read; so often is begun anew.
const TRIES: usize = 4;
/// A log file is a few kilobytes, a state file can be anything. What is larger
/// stays unread, and what depends on it unknown.
const FILE_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// All that is read of state in one look. What is beyond it is not looked into,
/// which the findings say.
const STATE_BYTES_MAX: u64 = 64 * 1024 * 1024;
const STATE_FILES_MAX: usize = 400;
/// What the prognosis needs beside the decisive files, it may learn only from
/// one of them.
const ROUNDS_MAX: usize = 8;
/// Kept between looks are small files only.
const KEPT_BYTES_MAX: usize = 256 * 1024;
const KEPT_ALL_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Bytes that were read at earlier looks, by key and ETag.
#[derive(Default)]
pub(super) struct Files(Mutex<BTreeMap<String, Kept>>);

/// The ETag and the bytes.
type Kept = (String, Arc<[u8]>);

/// A checkpoint as listed, with the bytes that were read.
pub(super) struct Read {
    view: CheckpointView,
    objects: u64,
    bytes: u64,
    changed_at: Option<Millis>,
    /// The newest batch when the whole listing was through, where state is newer
    /// than the batches that were listed before it.
    newest_batch_after: Option<i64>,
}

impl Read {
    /// What was read, as it would be at another place.
    pub(super) fn placed_at(mut self, place: &Prefix) -> Self {
        self.view.uri = CheckpointView::new(place.uri()).uri;
        self
    }
}

/// Why a reading did not come to its end.
enum Unread {
    Aws(AwsError),
    /// A decisive file is not as it was listed.
    Moved,
}

/// Lists the checkpoint and reads its log files.
pub(super) async fn read(
    s3: &S3,
    stream: &Stream,
    files: &Files,
) -> Result<Read, String> {
    for _ in 0..TRIES {
        match read_once(s3, stream, files).await {
            Ok(read) => return Ok(read),
            Err(Unread::Moved) => {}
            Err(Unread::Aws(error)) => return Err(reason(&error)),
        }
    }
    Err(format!(
        "The files that decide a restart changed {TRIES} times while they were read."
    ))
}

async fn read_once(s3: &S3, stream: &Stream, files: &Files) -> Result<Read, Unread> {
    let place = &stream.checkpoint;
    let objects = s3
        .list(place.bucket(), place.key())
        .await
        .map_err(Unread::Aws)?;
    let mut view = CheckpointView::new(place.uri());
    for object in &objects {
        // The listing holds only keys under the prefix.
        let name = &object.key[place.key().len()..];
        if name.is_empty() {
            continue;
        }
        let listed = ListedObject {
            size: object.size,
            last_modified_ms: object.last_modified.0,
            etag: object.etag.clone(),
        };
        view.list(name, listed);
    }
    let settled = settled(s3, place.bucket(), place.key(), &view).await;
    let newest_batch_after = match settled.map_err(Unread::Aws)? {
        Settled::Stands(newest) => newest,
        Settled::Moved => return Err(Unread::Moved),
    };
    let decisive: BTreeSet<String> = view.decisive_files().into_iter().collect();
    let history = batches::files(&view);
    let wanted: BTreeSet<String> = decisive.iter().cloned().chain(history).collect();
    let got = fetch(s3, stream, &view, files, wanted).await?;
    for (name, bytes) in got {
        match bytes {
            Some(bytes) => view.read(name, bytes.to_vec()),
            None if decisive.contains(&name) => return Err(Unread::Moved),
            // An old batch that was purged meanwhile.
            None => {
                view.listing.remove(&name);
            }
        }
    }
    files.keep_only(&view.listing);
    Ok(Read {
        view,
        objects: objects.len() as u64,
        bytes: objects.iter().map(|o| o.size).sum(),
        changed_at: objects.iter().map(|o| o.last_modified).max(),
        newest_batch_after,
    })
}

type Fetched = Vec<(String, Option<Arc<[u8]>>)>;

/// The bytes of files as they were listed; `None` for one that is gone or was
/// written again. Empty files, and those that are too large, are left out.
async fn fetch(
    s3: &S3,
    stream: &Stream,
    view: &CheckpointView,
    files: &Files,
    names: BTreeSet<String>,
) -> Result<Fetched, Unread> {
    let place = &stream.checkpoint;
    let wanted: Vec<(String, ListedObject)> = names
        .into_iter()
        .filter_map(|name| {
            let listed = view.listing.get(&name)?.clone();
            (1..=FILE_BYTES_MAX)
                .contains(&listed.size)
                .then_some((name, listed))
        })
        .collect();
    futures::stream::iter(wanted)
        .map(|(name, listed)| async move {
            if let Some(bytes) = files.get(&name, &listed.etag) {
                return Ok((name, Some(bytes)));
            }
            let key = format!("{}{name}", place.key());
            match s3.get(place.bucket(), &key, listed.size).await {
                Ok(got) if got.etag == listed.etag => {
                    let bytes: Arc<[u8]> = got.bytes.into();
                    files.put(&name, &listed.etag, &bytes);
                    Ok((name, Some(bytes)))
                }
                Ok(_) => Ok((name, None)),
                Err(error) => match error.kind {
                    // Larger than it was listed is written again, too.
                    AwsErrorKind::NotFound | AwsErrorKind::Invalid => Ok((name, None)),
                    _ => Err(Unread::Aws(error)),
                },
            }
        })
        .buffer_unordered(READS_AT_ONCE)
        .try_collect()
        .await
}

/// What follows from what was read, by Spark's rules. For a query with state,
/// the state files that the next start needs are read too, within a budget.
pub(super) async fn judge(
    s3: &S3,
    stream: &Stream,
    read: Read,
    files: &Files,
    asked: Asked<'_>,
) -> Result<(CheckpointSeen, Folder), String> {
    let Read {
        mut view,
        objects,
        bytes,
        changed_at,
        newest_batch_after,
    } = read;
    let line = asked.guess.line;
    let inferred = infer(&view, &asked.shape, asked.given);
    let shape = inferred.shape;
    for _ in 0..ROUNDS_MAX {
        let Prognosis::Unknown { unread } = predict(&view, line, &shape) else {
            break;
        };
        let wanted = unread.into_iter().collect();
        if !read_more(s3, stream, &mut view, files, wanted).await? {
            break;
        }
    }
    read_state(s3, stream, &mut view, files, (line, &shape)).await?;
    let known = Known {
        newest_batch_after,
        inferred: inferred.said,
        ..asked.known()
    };
    let metadata = view.bytes.get("metadata");
    let decisive = view
        .decisive_files()
        .into_iter()
        .filter_map(|name| {
            let etag = view.listing.get(&name)?.etag.clone();
            Some((name, etag))
        })
        .collect();
    let findings = examine_with(&view, line, &shape, &known);
    let tree = tree(&view, &findings);
    let seen = CheckpointSeen {
        location: stream.checkpoint.uri(),
        objects,
        bytes,
        changed_at,
        query_id: metadata
            .and_then(|b| StreamMetadata::parse(b).value)
            .map(|m| m.id),
        gate_of: metadata.and_then(|b| gate_owner(b)),
        decisive,
        newest_offsets: view.offset_batches().last().copied(),
        newest_commit: view.commit_batches().last().copied(),
        batches: batches::read(&view),
        prognosis: predict(&view, line, &shape),
        findings,
        nested: nested_checkpoints(view.listing.keys().map(String::as_str)),
        rollbacks: rollbacks(&view, line, &shape),
    };
    Ok((seen, tree))
}

/// Reads state files that the next start loads, within the budget of a look. What
/// one of them names is known only once it is read.
async fn read_state(
    s3: &S3,
    stream: &Stream,
    view: &mut CheckpointView,
    files: &Files,
    (line, shape): (SparkLine, &QueryShape),
) -> Result<(), String> {
    let mut left = Budget::default();
    for _ in 0..ROUNDS_MAX {
        let unread = foresee(view, line, shape).unread_state;
        let wanted = left.takes(view, unread);
        if wanted.is_empty() || !read_more(s3, stream, view, files, wanted).await? {
            break;
        }
    }
    Ok(())
}

/// Reads files into the view; false when nothing more is known than before.
async fn read_more(
    s3: &S3,
    stream: &Stream,
    view: &mut CheckpointView,
    files: &Files,
    wanted: BTreeSet<String>,
) -> Result<bool, String> {
    let got = match fetch(s3, stream, view, files, wanted).await {
        Ok(got) => got,
        Err(Unread::Aws(error)) => return Err(reason(&error)),
        Err(Unread::Moved) => Vec::new(),
    };
    let mut advanced = false;
    for (name, bytes) in got {
        if let Some(bytes) = bytes {
            view.read(name, bytes.to_vec());
            advanced = true;
        }
    }
    Ok(advanced)
}

/// What may still be read of the state in one look.
struct Budget {
    bytes: u64,
    files: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            bytes: STATE_BYTES_MAX,
            files: STATE_FILES_MAX,
        }
    }
}

impl Budget {
    /// The first of the files that fit.
    fn takes(&mut self, view: &CheckpointView, wanted: Vec<String>) -> BTreeSet<String> {
        let mut taken = BTreeSet::new();
        for name in wanted {
            let size = view.listing.get(&name).map_or(0, |object| object.size);
            // One that is larger leaves room for those that are not.
            if self.files > 0 && size <= self.bytes.min(FILE_BYTES_MAX) {
                self.bytes -= size;
                self.files -= 1;
                taken.insert(name);
            }
        }
        taken
    }
}

impl Files {
    pub(super) fn get(&self, name: &str, etag: &str) -> Option<Arc<[u8]>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(name)
            .filter(|(kept, _)| kept == etag)
            .map(|(_, bytes)| bytes.clone())
    }

    pub(super) fn put(&self, name: &str, etag: &str, bytes: &Arc<[u8]>) {
        if bytes.len() > KEPT_BYTES_MAX {
            return;
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = kept.values().map(|(_, bytes)| bytes.len()).sum();
        if all + bytes.len() <= KEPT_ALL_BYTES_MAX {
            kept.insert(name.to_owned(), (etag.to_owned(), bytes.clone()));
        }
    }

    /// Forgets what is no longer listed as it was.
    pub(super) fn keep_only(&self, listing: &BTreeMap<String, ListedObject>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|name, (etag, _)| listing.get(name).is_some_and(|o| o.etag == *etag));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_is_kept_in_bytes_and_in_files() {
        let mut view = CheckpointView::new("s3://bucket/ck");
        let mut list = |name: &str, size: u64| {
            let object = ListedObject {
                size,
                ..ListedObject::default()
            };
            view.list(name, object);
            name.to_owned()
        };
        let mut wanted = vec![list("too-large", FILE_BYTES_MAX + 1)];
        wanted.extend((0..8).map(|n| list(&format!("large-{n}"), FILE_BYTES_MAX)));
        wanted.push(list("one-more", 1));
        let mut left = Budget::default();
        let chosen = left.takes(&view, wanted);
        assert_eq!(chosen.len(), 8);
        assert!(!chosen.contains("too-large") && !chosen.contains("one-more"));

        let many: Vec<String> = (0..STATE_FILES_MAX + 5).map(|n| n.to_string()).collect();
        assert!(left.takes(&view, many.clone()).len() < STATE_FILES_MAX);
        let all = Budget::default().takes(&view, many);
        assert_eq!(all.len(), STATE_FILES_MAX);
    }
}
