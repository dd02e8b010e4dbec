//! Loading a version of a RocksDB store.

use std::collections::BTreeSet;

use super::state_load::{Bad, Store, checksum, content, fails, uncategorized};
use super::{Start, Step};
use crate::checkpoint::commit_log::CommitMetadata;
use crate::checkpoint::layout::{CheckpointFile, StateFile, StateFileKind};
use crate::checkpoint::reading::SparkError;
use crate::checkpoint::spark_line::SparkLine;
use crate::checkpoint::state::{
    StateFault, ZipSummary, changelog_header_is_corrupted, check_changelog, check_zip,
};

const NOT_FOUND: &str = "java.io.FileNotFoundException";

/// From 3.5 on: the newest zip at or below the version, then changelog by
/// changelog, even where the query writes none. Before: the zip alone.
pub(super) fn check(
    start: &Start<'_>,
    store: &Store,
    version: i64,
    lz4: bool,
) -> Step<()> {
    if start.line < SparkLine::V3_5 {
        let key = store.key(version, StateFileKind::Zip);
        if !store.has(version, StateFileKind::Zip) {
            let text = format!("File {} does not exist", start.view.path(&key));
            return Err(Start::fail_early(&key, SparkError::new(NOT_FOUND, text)));
        }
        return zip(start, store, version);
    }
    let base = store
        .versions(StateFileKind::Zip)
        .filter(|zip| (1..=version).contains(zip))
        .max();
    if let Some(base) = base {
        zip(start, store, base)?;
    }
    for changelog in base.unwrap_or(0) + 1..=version {
        let key = store.key(changelog, StateFileKind::Changelog);
        if !store.has(changelog, StateFileKind::Changelog) {
            return Err(Start::fail_early(&key, changelog_missing(start, &key)));
        }
        changelog_file(start, &key, lz4).map_err(|bad| fails(start, &key, bad))?;
    }
    Ok(())
}

/// The header is read and the file closed before the records are: what is wrong
/// with it shows before the checksum does.
fn changelog_file(start: &Start<'_>, key: &str, lz4: bool) -> Result<(), Bad> {
    if lz4
        && let Some(bytes) = start.view.bytes.get(key)
        && changelog_header_is_corrupted(bytes)
    {
        return Err(Bad::Fault(StateFault::Corrupted));
    }
    content(start, key, lz4, check_changelog)
}

fn zip(start: &Start<'_>, store: &Store, version: i64) -> Step<()> {
    let key = store.key(version, StateFileKind::Zip);
    let Some(bytes) = start.state_bytes(&key) else {
        return Ok(());
    };
    // The archive is unpacked while it is read, so what is wrong inside shows
    // before the checksum at its end does.
    let summary = match check_zip(bytes) {
        Ok(summary) => summary,
        Err(StateFault::TooLarge(_)) => {
            start.pass_unseen(&key);
            return Ok(());
        }
        Err(fault @ (StateFault::NoMetadata | StateFault::EndedPrematurely)) => {
            return Err(fails(start, &key, Bad::Fault(fault)));
        }
        Err(fault) => {
            checksum(start, &key, bytes).map_err(|bad| fails(start, &key, bad))?;
            return Err(fails(start, &key, Bad::Fault(fault)));
        }
    };
    checksum(start, &key, bytes).map_err(|bad| fails(start, &key, bad))?;
    sst_files(start, store, &summary)
}

fn sst_files(start: &Start<'_>, store: &Store, summary: &ZipSummary) -> Step<()> {
    for sst in &summary.sst_files {
        let key = format!("{}/SSTs/{}", store.directory(), sst.dfs_sst_file_name);
        let size = start.view.listing.get(&key).map(|object| object.size);
        let error = match size {
            Some(size) if size == sst.size_bytes => continue,
            None => SparkError::new(
                NOT_FOUND,
                format!("File {} does not exist", start.view.path(&key)),
            ),
            Some(size) => SparkError::new(
                "java.lang.IllegalStateException",
                format!(
                    "Copied {} bytes from {}, but expected {} bytes.",
                    size,
                    start.view.path(&key),
                    sst.size_bytes
                ),
            ),
        };
        return Err(Start::fail_early(&key, uncategorized(start.line, error)));
    }
    Ok(())
}

fn changelog_missing(start: &Start<'_>, key: &str) -> SparkError {
    let said = format!(
        "Error reading streaming state file of {} does not exist. If the stream job is \
         restarted with a new or updated state operation, please create a new \
         checkpoint location or clear the existing checkpoint location.",
        start.view.path(key)
    );
    if start.line >= SparkLine::V4_0 {
        let condition = "CANNOT_LOAD_STATE_STORE.CANNOT_READ_STREAMING_STATE_FILE";
        let said = format!("An error occurred during loading state. {said}");
        SparkError::condition(start.line, NOT_FOUND, condition, &said, "58030")
    } else {
        SparkError::new(NOT_FOUND, said)
    }
}

/// With `checkpointFormatVersion=2` the commit names the files; one that does
/// not name them leaves Spark with names that it cannot read. The contents of
/// such files are not looked into.
pub(super) fn check_unique_ids(start: &Start<'_>, version: i64) -> Step<()> {
    let commit = format!("commits/{}", version.saturating_sub(1));
    let named = match start.bytes(&commit)? {
        Some(bytes) => CommitMetadata::parse(bytes)
            .value
            .and_then(|commit| commit.state_unique_ids),
        None => None,
    };
    let there: BTreeSet<StateFile> = start
        .view
        .listing
        .keys()
        .filter_map(|key| match CheckpointFile::of_key(key) {
            CheckpointFile::State(file) if file.unique_id.is_some() => Some(file),
            _ => None,
        })
        .collect();
    let Some(named) = named else {
        let unnamed = there.iter().next();
        let name = unnamed.and_then(|file| {
            Some(format!("{}_{}", file.version, file.unique_id.as_ref()?))
        });
        return match name {
            None => Ok(()),
            Some(name) => Err(Start::fail_early(
                &commit,
                SparkError::new(
                    "java.lang.NumberFormatException",
                    format!("For input string: \"{name}\""),
                ),
            )),
        };
    };
    for (op, partitions) in &named {
        for (partition, ids) in partitions.iter().enumerate() {
            for id in ids {
                let is_it = |file: &&StateFile| {
                    file.op == *op
                        && usize::try_from(file.partition) == Ok(partition)
                        && file.version == version
                        && file.unique_id.as_ref() == Some(id)
                };
                if let Some(file) = there.iter().find(is_it) {
                    start.pass_unseen(file.key());
                    continue;
                }
                let key = format!("state/{op}/{partition}/{version}_{id}.changelog");
                return Err(Start::fail_early(&key, changelog_missing(start, &key)));
            }
        }
    }
    Ok(())
}
