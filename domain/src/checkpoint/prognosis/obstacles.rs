//! Names that stand in the way of files still to be written.

use super::{FailsWhen, FirstBatch, Prognosis, Start};
use crate::checkpoint::layout::{CheckpointFile, LogDirectory, is_canonical};
use crate::checkpoint::reading::{SparkError, read_commit, read_offsets};
use crate::checkpoint::spark_line::SparkLine;

/// The first file that cannot be written because its name is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Obstacle {
    pub batch: i64,
    pub log: LogDirectory,
}

/// Batches go on by one; each writes its offsets, runs, and writes its commit.
/// The offsets of a batch that is run again are there already.
pub(super) fn first(start: &Start<'_>, first: &FirstBatch) -> Option<Obstacle> {
    let new_offsets = first.batch_id.saturating_add(i64::from(first.replay));
    start
        .view
        .listing
        .keys()
        .filter_map(|key| match CheckpointFile::of_key(key) {
            CheckpointFile::Offsets(batch) if canonical(key, batch) => Some(Obstacle {
                batch,
                log: LogDirectory::Offsets,
            }),
            CheckpointFile::Commits(batch) if canonical(key, batch) => Some(Obstacle {
                batch,
                log: LogDirectory::Commits,
            }),
            CheckpointFile::InsideBatchDirectory { log, batch }
                if canonical_directory(key, batch) =>
            {
                Some(Obstacle { batch, log })
            }
            _ => None,
        })
        .filter(|obstacle| {
            let from = match obstacle.log {
                LogDirectory::Offsets => new_offsets,
                LogDirectory::Commits => first.batch_id,
            };
            obstacle.batch >= from
        })
        .min_by_key(|obstacle| (obstacle.batch, obstacle.log == LogDirectory::Commits))
}

fn canonical(key: &str, batch: i64) -> bool {
    key.rsplit('/')
        .next()
        .is_some_and(|name| is_canonical(name, batch))
}

fn canonical_directory(key: &str, batch: i64) -> bool {
    key.split('/')
        .nth(1)
        .is_some_and(|name| is_canonical(name, batch))
}

pub(super) fn fails(
    start: &Start<'_>,
    obstacle: Obstacle,
    first: FirstBatch,
) -> Prognosis {
    let batch = obstacle.batch;
    let (directory, log) = match obstacle.log {
        LogDirectory::Offsets => ("offsets", "log"),
        LogDirectory::Commits => ("commits", "commit log"),
    };
    let key = format!("{directory}/{batch}");
    let error = if let Some(error) = unreadable(start, obstacle.log, &key) {
        error
    } else if start.line >= SparkLine::V3_5 {
        SparkError::condition(
            start.line,
            "org.apache.spark.SparkException",
            "CONCURRENT_STREAM_LOG_UPDATE",
            &format!(
                "Concurrent update to the log. Multiple streaming jobs detected for \
                 {batch}.\nPlease make sure only one streaming job runs on a specific \
                 checkpoint location at a time."
            ),
            "40000",
        )
    } else {
        SparkError::new(
            "java.lang.AssertionError",
            format!(
                "assertion failed: Concurrent update to the {log}. Multiple streaming \
                 jobs detected for {batch}"
            ),
        )
    };
    let when = if batch == first.batch_id {
        FailsWhen::BeforeFirstBatch
    } else {
        FailsWhen::AfterBatches
    };
    Prognosis::Fails {
        when,
        error_class: error.class,
        error_condition: error.condition,
        text: error.text,
        path: Some(key),
        first_batch: Some(first),
    }
}

/// Up to 3.3 a log reads what is there before it gives way to it.
fn unreadable(start: &Start<'_>, log: LogDirectory, key: &str) -> Option<SparkError> {
    if start.line > SparkLine::V3_3 {
        return None;
    }
    let path = start.view.path(key);
    // A directory cannot be read, and then not be replaced either.
    if !start.view.listing.contains_key(key) {
        return Some(SparkError::new(
            "java.util.ConcurrentModificationException",
            format!("Multiple streaming queries are concurrently using {path}"),
        ));
    }
    let bytes = start.bytes(key).ok().flatten()?;
    let read = match log {
        LogDirectory::Offsets => read_offsets(bytes, start.line).map(|_| ()),
        LogDirectory::Commits => read_commit(bytes, start.line, 1).map(|_| ()),
    };
    read.err().map(|error| error.in_log_file(&path))
}
