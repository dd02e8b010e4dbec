//! The way through `MicroBatchExecution`, from the metadata file to the first
//! batch, in the order in which Spark goes it.

use super::sources::{self, Lines};
use super::{
    FailsWhen, FirstBatch, Prognosis, Start, Step, obstacles, operators, state_load,
    state_schema,
};
use crate::checkpoint::layout::{CheckpointFile, LogDirectory};
use crate::checkpoint::reading::{
    SparkError, SparkOffsets, read_commit, read_metadata, read_offsets,
};
use crate::checkpoint::spark_line::SparkLine;

pub(super) fn run(start: &Start<'_>) -> Step<Prognosis> {
    let offsets = start.batches(LogDirectory::Offsets);
    let commits = start.batches(LogDirectory::Commits);
    metadata(start, offsets.is_empty() && commits.is_empty())?;
    // From 4.1 on both logs are read before anything is made of them.
    let both_first = start.line >= SparkLine::V4_1;
    let Some(newest) = offsets.last().copied() else {
        if both_first {
            newest_commit(start, &commits)?;
        }
        return fresh(start);
    };

    let last = offsets_file(start, newest)?;
    if both_first {
        newest_commit(start, &commits)?;
    }
    count(start, &format!("offsets/{newest}"), &last)?;
    let before = predecessor(start, newest, &offsets)?;
    let committed = newest_commit(start, &commits)? == Some(newest);
    if last.metadata.is_none() {
        return Err(no_metadata_line(start.line, newest, committed));
    }
    let lines = Lines {
        newest,
        last: &last,
        before: before.as_ref(),
    };
    let first = if committed {
        sources::next_batch(start, &lines)?
    } else {
        sources::replayed_batch(start, &lines)?
    };
    finish(start, first, &lines)
}

/// What may still stand in the way of a batch whose offsets are known.
fn finish(start: &Start<'_>, first: FirstBatch, lines: &Lines<'_>) -> Step<Prognosis> {
    let obstacle = obstacles::first(start, &first);
    let at_once = obstacle
        .as_ref()
        .is_some_and(|o| o.log == LogDirectory::Offsets && o.batch == first.batch_id);
    if !at_once && start.shape.stateful {
        let conf = lines.last.metadata.as_ref().map(|line| &line.conf);
        state_load::check(start, first.batch_id, conf)?;
    } else if !at_once {
        operators::gone(start, first.batch_id)?;
    }
    if let Some(obstacle) = obstacle {
        return Ok(obstacles::fails(start, obstacle, first));
    }
    if let Some(error) = sources::backwards(start, lines) {
        let (when, first_batch) = if first.replay {
            (FailsWhen::AfterBatches, Some(first))
        } else {
            (FailsWhen::BeforeFirstBatch, None)
        };
        return Ok(Prognosis::Fails {
            when,
            error_class: error.class,
            error_condition: error.condition,
            text: error.text,
            path: Some(format!("offsets/{}", lines.newest)),
            first_batch,
        });
    }
    Ok(Prognosis::Starts {
        batch_id: first.batch_id,
        start_offsets: first.start_offsets,
        end_offsets: first.end_offsets,
        replay: first.replay,
    })
}

fn metadata(start: &Start<'_>, logs_empty: bool) -> Step<()> {
    const KEY: &str = "metadata";
    let fail = |error| Start::fail(FailsWhen::Start, Some(KEY), error);
    match start.bytes(KEY)? {
        Some(bytes) => match read_metadata(bytes, start.line) {
            Ok(_) => Ok(()),
            Err(error) => Err(fail(error)),
        },
        None if start.line >= SparkLine::V4_2 && !logs_empty => {
            // The words after the condition are not Spark's own.
            Err(fail(SparkError::condition(
                start.line,
                "org.apache.spark.SparkRuntimeException",
                "STREAMING_CHECKPOINT_MISSING_METADATA_FILE",
                &format!(
                    "The checkpoint location {} has batches but no metadata file.",
                    start.view.uri
                ),
                "42K03",
            )))
        }
        // A new id is written without a word.
        None => Ok(()),
    }
}

/// No batch is in the log: batch 0, from the seeded or the configured start.
fn fresh(start: &Start<'_>) -> Step<Prognosis> {
    if start.line >= SparkLine::V4_1
        && start.shape.verify_empty_on_start
        && let Some(directory) = first_directory_in_use(start)
    {
        let error = SparkError::condition(
            start.line,
            "org.apache.spark.sql.execution.streaming.state.\
             StateStoreCheckpointLocationNotEmpty",
            "STATE_STORE_CHECKPOINT_LOCATION_NOT_EMPTY",
            &format!(
                "The checkpoint location {} should be empty on batch 0\nPlease either \
                 use a new checkpoint location, or delete the existing data in the \
                 checkpoint location.",
                start.view.path(directory)
            ),
            "42K03",
        );
        return Err(Start::fail_early(directory, error));
    }
    let seeded = sources::seeds(start)?;
    if start.shape.stateful {
        // A schema that is left is read and held against the query's own.
        state_schema::readable(start)?;
    }
    let first = FirstBatch {
        batch_id: 0,
        start_offsets: seeded.clone(),
        end_offsets: None,
        replay: false,
    };
    if let Some(obstacle) = obstacles::first(start, &first) {
        return Ok(obstacles::fails(start, obstacle, first));
    }
    let any = seeded.iter().any(Option::is_some);
    let without: Vec<String> = (0..)
        .zip(&seeded)
        .filter(|(_, seed)| seed.is_none())
        .map(|(index, _): (u32, _)| index.to_string())
        .collect();
    let why = match (any, without.is_empty()) {
        (true, true) => {
            "There is no batch in the log, and sources/ says where to begin.".to_owned()
        }
        (true, false) => format!(
            "There is no batch in the log. sources/ says where to begin, but not for \
             source {}: the job's own starting options apply there, unless it is the \
             same stream once more, which shares the file.",
            without.join(", ")
        ),
        (false, _) => "There is no batch in the log, so the job's own starting options \
                       apply."
            .to_owned(),
    };
    Ok(Prognosis::StartsFresh {
        why,
        start: any.then_some(seeded),
    })
}

/// From 4.1 on these must be empty at batch 0. Any name counts, a leftover
/// temporary file too; the directory's own marker does not.
fn first_directory_in_use(start: &Start<'_>) -> Option<&'static str> {
    ["offsets", "state", "commits"]
        .into_iter()
        .find(|directory| {
            start.view.listing.keys().any(|key| {
                key.strip_prefix(directory)
                    .and_then(|rest| rest.strip_prefix('/'))
                    .is_some_and(|rest| !rest.is_empty())
            })
        })
}

/// The newest file of `offsets/`.
fn offsets_file(start: &Start<'_>, batch: i64) -> Step<SparkOffsets> {
    let key = format!("offsets/{batch}");
    let Some(bytes) = start.bytes(&key)? else {
        return Err(Start::fail_early(
            &key,
            listed_but_missing(start, &key, batch),
        ));
    };
    read(start, &key, bytes)
}

fn read(start: &Start<'_>, key: &str, bytes: &[u8]) -> Step<SparkOffsets> {
    read_offsets(bytes, start.line)
        .map_err(|error| Start::fail_early(key, error.in_log_file(&start.view.path(key))))
}

/// There must be as many lines as the query has sources.
fn count(start: &Start<'_>, key: &str, read: &SparkOffsets) -> Step<()> {
    let wanted = start.shape.sources as usize;
    if read.sources.len() == wanted {
        return Ok(());
    }
    let text = format!(
        "assertion failed: There are [{}] sources in the checkpoint offsets and now \
         there are [{wanted}] sources requested by the query. Cannot continue.",
        read.sources.len()
    );
    Err(Start::fail_early(
        key,
        SparkError::new("java.lang.AssertionError", text),
    ))
}

/// The name of the newest batch was seen, but the file that Spark makes of the
/// number is not there (or, on 3.3, is a directory).
fn listed_but_missing(start: &Start<'_>, key: &str, batch: i64) -> SparkError {
    if start.line == SparkLine::V3_3 {
        SparkError::illegal_state(format!("failed to read log file for batch {batch}"))
    } else {
        SparkError::new(
            "java.io.FileNotFoundException",
            format!("File {} does not exist", start.view.path(key)),
        )
    }
}

/// The batch before, whose end is where the newest one began.
fn predecessor(
    start: &Start<'_>,
    newest: i64,
    offsets: &[i64],
) -> Step<Option<SparkOffsets>> {
    if newest == 0 {
        return Ok(None);
    }
    let before = if start.shape.async_progress {
        match offsets.iter().rev().find(|batch| **batch < newest) {
            Some(before) => *before,
            None => return Ok(None),
        }
    } else {
        newest.wrapping_sub(1)
    };
    let key = format!("offsets/{before}");
    let Some(bytes) = start.bytes(&key)? else {
        let text = format!("batch {before} doesn't exist");
        return Err(Start::fail_early(&key, SparkError::illegal_state(text)));
    };
    let read = read(start, &key, bytes)?;
    count(start, &key, &read)?;
    Ok(Some(read))
}

/// The newest commit is parsed even when it decides nothing.
fn newest_commit(start: &Start<'_>, commits: &[i64]) -> Step<Option<i64>> {
    let Some(newest) = commits.last().copied() else {
        return Ok(None);
    };
    let key = format!("commits/{newest}");
    let Some(bytes) = start.bytes(&key)? else {
        return Err(Start::fail_early(
            &key,
            listed_but_missing(start, &key, newest),
        ));
    };
    read_commit(bytes, start.line, start.shape.state_checkpoint_format).map_err(
        |error| Start::fail_early(&key, error.in_log_file(&start.view.path(&key))),
    )?;
    Ok(Some(newest))
}

/// A blank second line leaves the watermark tracker unset.
fn no_metadata_line(line: SparkLine, newest: i64, committed: bool) -> Box<Prognosis> {
    let package = if line >= SparkLine::V4_1 {
        "org.apache.spark.sql.execution.streaming.runtime"
    } else {
        "org.apache.spark.sql.execution.streaming"
    };
    let call = if committed {
        "currentWatermark()".to_owned()
    } else {
        "updateWatermark(org.apache.spark.sql.execution.SparkPlan)".to_owned()
    };
    let text = format!(
        "Cannot invoke \"{package}.WatermarkTracker.{call}\" because the return value \
         of \"{package}.MicroBatchExecution.watermarkTracker()\" is null"
    );
    let error = SparkError::new("java.lang.NullPointerException", text);
    Start::fail_early(&format!("offsets/{newest}"), error)
}

impl Start<'_> {
    /// The batch ids that Spark finds in a log, rising. Up to 3.3 a directory
    /// with a batch's name counts as one.
    pub(super) fn batches(&self, log: LogDirectory) -> Vec<i64> {
        let mut ids: Vec<i64> = self
            .view
            .listing
            .keys()
            .filter_map(|key| match (CheckpointFile::of_key(key), log) {
                (CheckpointFile::Offsets(batch), LogDirectory::Offsets)
                | (CheckpointFile::Commits(batch), LogDirectory::Commits) => Some(batch),
                (CheckpointFile::InsideBatchDirectory { log: of, batch }, _)
                    if of == log && self.line == SparkLine::V3_3 =>
                {
                    Some(batch)
                }
                _ => None,
            })
            .collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}
