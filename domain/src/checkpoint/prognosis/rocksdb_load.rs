//! Loading a version of a RocksDB store.

use super::state_load::{Bad, Store, checksum, content, fails, uncategorized};
use super::{Start, Step};
use crate::checkpoint::layout::StateFileKind;
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
        return zip(start, &store.directory(), &key);
    }
    let base = store
        .versions(StateFileKind::Zip)
        .filter(|zip| (1..=version).contains(zip))
        .max();
    if let Some(base) = base {
        let key = store.key(base, StateFileKind::Zip);
        zip(start, &store.directory(), &key)?;
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
pub(super) fn changelog_file(start: &Start<'_>, key: &str, lz4: bool) -> Result<(), Bad> {
    if lz4
        && let Some(bytes) = start.view.bytes.get(key)
        && changelog_header_is_corrupted(bytes)
    {
        return Err(Bad::Fault(StateFault::Corrupted));
    }
    content(start, key, lz4, |bytes| check_changelog(bytes).map(|_| ()))
}

/// The archive, and the files beside it that it names.
pub(super) fn zip(start: &Start<'_>, directory: &str, key: &str) -> Step<()> {
    let Some(bytes) = start.state_bytes(key) else {
        return Ok(());
    };
    // The archive is unpacked while it is read, so what is wrong inside shows
    // before the checksum at its end does.
    let summary = match check_zip(bytes) {
        Ok(summary) => summary,
        Err(StateFault::TooLarge(_)) => {
            start.pass_unseen(key);
            return Ok(());
        }
        Err(fault @ (StateFault::NoMetadata | StateFault::EndedPrematurely)) => {
            return Err(fails(start, key, Bad::Fault(fault)));
        }
        Err(fault) => {
            checksum(start, key, bytes).map_err(|bad| fails(start, key, bad))?;
            return Err(fails(start, key, Bad::Fault(fault)));
        }
    };
    checksum(start, key, bytes).map_err(|bad| fails(start, key, bad))?;
    files_beside(start, directory, &summary)?;
    match &summary.manifest {
        Some(name) if !summary.has_its_manifest() => {
            let text = format!(
                "While open a file for sequentially reading: {name}: No such file or \
                 directory"
            );
            let error = SparkError::new("org.rocksdb.RocksDBException", text);
            Err(Start::fail_early(key, uncategorized(start.line, error)))
        }
        _ => Ok(()),
    }
}

/// Source: `RocksDBFileManager.loadImmutableFilesFromDfs`.
fn files_beside(start: &Start<'_>, directory: &str, summary: &ZipSummary) -> Step<()> {
    let tables = summary
        .sst_files
        .iter()
        .map(|file| ("SSTs", &file.dfs_sst_file_name, file.size_bytes));
    let logs = summary
        .log_files
        .iter()
        .flatten()
        .map(|file| ("logs", &file.dfs_log_file_name, file.size_bytes));
    for (folder, name, expected) in tables.chain(logs) {
        let key = format!("{directory}/{folder}/{name}");
        let size = start.view.listing.get(&key).map(|object| object.size);
        let error = match size {
            Some(size) if size == expected => continue,
            None => SparkError::new(
                NOT_FOUND,
                format!("File {} does not exist", start.view.path(&key)),
            ),
            Some(size) => SparkError::new(
                "java.lang.IllegalStateException",
                format!(
                    "Copied {size} bytes from {}, but expected {expected} bytes.",
                    start.view.path(&key)
                ),
            ),
        };
        return Err(Start::fail_early(&key, uncategorized(start.line, error)));
    }
    Ok(())
}

pub(super) fn changelog_missing(start: &Start<'_>, key: &str) -> SparkError {
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
