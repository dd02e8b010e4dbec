//! What the next start of the query will do, by Spark's own rules: which batch
//! runs first, from where to where, or the error it ends with. Source of the
//! rules: `MicroBatchExecution.populateStartOffsets` and `HDFSMetadataLog`, and
//! runs of the released versions.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::layout::CheckpointFile;
use super::reading::SparkError;
use super::spark_line::{QueryShape, SparkLine};
use super::view::CheckpointView;

mod obstacles;
mod operators;
mod rocksdb_load;
mod sources;
mod start;
mod state_load;
mod state_schema;
mod unique_ids;

pub(super) use state_load::pinned_partitions;

/// What the next start will do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum Prognosis {
    /// It resumes from the log.
    Starts {
        batch_id: i64,
        /// By source, as the line stands in the checkpoint; `None` where the
        /// source is asked for its initial offset.
        start_offsets: Vec<Option<String>>,
        /// Known when a batch is run again exactly; else the source decides.
        end_offsets: Option<Vec<Option<String>>>,
        /// The batch was begun before, so the sink may hold (part of) it.
        replay: bool,
    },
    /// It begins at batch 0 as if it had never run.
    StartsFresh {
        /// A plain sentence.
        why: String,
        /// By source, what `sources/<i>/0` says; `None` when there is no such
        /// file for any source, so that the job's own options decide.
        start: Option<Vec<Option<String>>>,
    },
    /// It ends with an error.
    Fails {
        when: FailsWhen,
        /// Java's name of the innermost cause.
        error_class: String,
        /// Spark's error condition, such as `MALFORMED_LOG_FILE`.
        error_condition: Option<String>,
        /// The message as it stands in the driver log, without the wrapping
        /// that names query and run: see [`stream_failed_text`].
        text: String,
        /// The file that it is about, relative to the checkpoint.
        path: Option<String>,
        /// The batch that runs first, for failures that come later.
        first_batch: Option<FirstBatch>,
    },
    /// It depends on files that were listed but not read.
    Unknown {
        /// Keys relative to the checkpoint.
        unread: Vec<String>,
    },
}

/// How far a start gets that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailsWhen {
    /// The call to `start()` itself throws.
    Start,
    /// The query starts and ends before a batch is through. The sink may still
    /// have been given one.
    BeforeFirstBatch,
    /// Some batches are run first.
    AfterBatches,
}

/// The first batch that is run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstBatch {
    pub batch_id: i64,
    pub start_offsets: Vec<Option<String>>,
    pub end_offsets: Option<Vec<Option<String>>>,
    pub replay: bool,
}

/// What is foretold, and what was not looked into for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foresight {
    pub prognosis: Prognosis,
    /// State files that the next start loads and whose bytes were not read:
    /// they are taken to be whole, because they are there and not empty. The
    /// newest versions first. All of them at once, so that a caller needs one
    /// round of reading, as far as it will go.
    pub unread_state: Vec<String>,
    /// State files that are taken to be whole because nothing here can look
    /// into them: another codec than LZ4, or more than is ever unpacked.
    pub opaque_state: Vec<String>,
}

/// Foretells the next start. Where files that matter were listed but not read,
/// it says which: read them into the view and ask again. Files of the state are
/// an exception: see [`foresee`].
pub fn predict(view: &CheckpointView, line: SparkLine, shape: &QueryShape) -> Prognosis {
    foresee(view, line, shape).prognosis
}

/// As [`predict`], with the state files that were taken on trust.
pub fn foresee(view: &CheckpointView, line: SparkLine, shape: &QueryShape) -> Foresight {
    let start = Start {
        view,
        line,
        shape,
        unread_state: RefCell::default(),
        opaque_state: RefCell::default(),
    };
    let prognosis = match start::run(&start) {
        Ok(prognosis) => prognosis,
        Err(stop) => *stop,
    };
    let mut unread_state: Vec<String> =
        start.unread_state.into_inner().into_iter().collect();
    unread_state.sort_by_cached_key(|key| match CheckpointFile::of_key(key) {
        CheckpointFile::State(file) | CheckpointFile::StateChecksum(file) => {
            std::cmp::Reverse(file.version)
        }
        _ => std::cmp::Reverse(0),
    });
    Foresight {
        prognosis,
        unread_state,
        opaque_state: start.opaque_state.into_inner().into_iter().collect(),
    }
}

/// The message of a failed query as the driver log prints it.
pub fn stream_failed_text(
    line: SparkLine,
    query_id: &str,
    run_id: &str,
    cause: &str,
) -> String {
    let said = format!(
        "Query [id = {query_id}, runId = {run_id}] terminated with exception: {cause}"
    );
    match line {
        SparkLine::V3_3 => cause.to_owned(),
        SparkLine::V3_4 | SparkLine::V3_5 => format!("[STREAM_FAILED] {said}"),
        _ => format!("[STREAM_FAILED] {said} SQLSTATE: XXKST"),
    }
}

/// What a prognosis is made from; its files are looked at as Spark would.
struct Start<'a> {
    view: &'a CheckpointView,
    line: SparkLine,
    shape: &'a QueryShape,
    /// What would have been loaded, had it been read.
    unread_state: RefCell<BTreeSet<String>>,
    /// What was passed without a look inside.
    opaque_state: RefCell<BTreeSet<String>>,
}

/// The early end of a prognosis.
type Step<T> = Result<T, Box<Prognosis>>;

impl<'a> Start<'a> {
    /// The bytes of a file, `None` when there is no such file.
    fn bytes(&self, key: &str) -> Step<Option<&'a [u8]>> {
        if let Some(bytes) = self.view.bytes.get(key) {
            return Ok(Some(bytes));
        }
        match self.view.listing.get(key) {
            None => Ok(None),
            Some(object) if object.size == 0 => Ok(Some(&[])),
            Some(_) => Err(Box::new(Prognosis::Unknown {
                unread: vec![key.to_owned()],
            })),
        }
    }

    /// The bytes of a file of the state, `None` when they were not read; that
    /// is noted, together with the checksum beside it.
    fn state_bytes(&self, key: &str) -> Option<&'a [u8]> {
        if let Ok(bytes) = self.bytes(key) {
            return Some(bytes.unwrap_or_default());
        }
        let mut unread = self.unread_state.borrow_mut();
        unread.insert(key.to_owned());
        let beside = format!("{key}.crc");
        if self.line >= SparkLine::V4_1 && self.bytes(&beside).is_err() {
            unread.insert(beside);
        }
        None
    }

    fn pass_unseen(&self, key: impl Into<String>) {
        self.opaque_state.borrow_mut().insert(key.into());
    }

    fn fail(when: FailsWhen, path: Option<&str>, error: SparkError) -> Box<Prognosis> {
        Box::new(Prognosis::Fails {
            when,
            error_class: error.class,
            error_condition: error.condition,
            text: error.text,
            path: path.map(str::to_owned),
            first_batch: None,
        })
    }

    fn fail_early(path: &str, error: SparkError) -> Box<Prognosis> {
        Self::fail(FailsWhen::BeforeFirstBatch, Some(path), error)
    }
}

#[cfg(test)]
mod tests;
