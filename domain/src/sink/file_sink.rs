//! Spark's own file sink: `_spark_metadata/<batch>` and `<batch>.compact`.
//!
//! Source: `FileStreamSink.addBatch` drops a batch whose id is not above
//! `fileLog.getLatestBatchId()`, whatever the query's id and the batch's
//! offsets; `CompactibleFileStreamLog.allFiles` reads from the newest
//! `.compact` on and ends with `<n> doesn't exist` at a gap.

use std::collections::BTreeSet;

use super::view::{LogFolder, SinkView};
use super::{Log, Remembered, Whose};
use crate::checkpoint::{Action, Finding, Remedy, Severity, SinkLog, SinkLogName};
use crate::stream::SinkKind;

const FOLDER: LogFolder = LogFolder::SparkMetadata;

pub(super) fn log(view: &SinkView) -> Option<Log> {
    let first = view.names(FOLDER).next()?;
    let newest = newest(view);
    let by = newest.map_or(first, |(_, name)| name);
    Some(Log {
        kind: SinkKind::FileSink,
        by: format!("{}{by}", FOLDER.name()),
        remembered: newest
            .into_iter()
            .map(|(batch, name)| Remembered {
                name: None,
                batch,
                file: format!("{}{name}", FOLDER.name()),
                whose: Whose::AnyQuery,
            })
            .collect(),
        unread: view.is_cut(FOLDER).then(|| {
            "There are more files in _spark_metadata than are listed, so that a newer \
             batch may stand among them."
                .to_owned()
        }),
    })
}

/// The newest file, which shows whether Spark can read it.
pub(super) fn wanted(view: &SinkView) -> Vec<String> {
    newest(view)
        .map(|(_, name)| format!("{}{name}", FOLDER.name()))
        .into_iter()
        .collect()
}

fn newest(view: &SinkView) -> Option<(i64, &str)> {
    view.names(FOLDER)
        .filter_map(|name| Some((SinkLogName::of(name)?.batch(), name)))
        .filter(|(batch, _)| *batch >= 0)
        .max()
}

/// C45: the log has a gap, or its newest file cannot be read.
pub(super) fn gap(view: &SinkView) -> Option<Finding> {
    let (newest, name) = newest(view)?;
    let place = &view.location;
    if let Some(bytes) = view.read(FOLDER, name) {
        let issues = SinkLog::parse(bytes).issues;
        if let Some(issue) = issues.first() {
            let message = format!(
                "The newest file of the file sink's log cannot be read: {}",
                issue.message
            );
            return Some(broken(message, format!("{place}_spark_metadata/{name}")));
        }
    }
    // What was not listed may fill it.
    if view.is_cut(FOLDER) {
        return None;
    }
    let missing = missing(view, newest)?;
    let message = format!(
        "The file sink's log has no batch {missing}, and its newest is {newest}."
    );
    Some(broken(message, format!("{place}_spark_metadata/{missing}")))
}

fn broken(message: String, path: String) -> Finding {
    let ladder = [Remedy::new(
        Action::RestoreBackup,
        "A restart reads the same log, and a roll back or a new start of the checkpoint \
         leaves it as it is. The file has to come back from a copy or an older version \
         of the output: backups that Sluice makes hold the checkpoint only.",
    )];
    Finding::new("C45", Severity::Error, message)
        .at(path, None)
        .mended_by(ladder)
        .by_hand(
            "With the job stopped, write the missing batch anew with the lines of the \
             files that it wrote, or with `v1` alone where it wrote none; which files \
             those are is known to the driver's log of that time.",
        )
}

/// The first batch above the newest compaction, or from 0 where there is none,
/// that has no file. At most as many steps as there are names.
fn missing(view: &SinkView, newest: i64) -> Option<i64> {
    let mut batches = BTreeSet::new();
    let mut compacted = None;
    for name in view.names(FOLDER).filter_map(SinkLogName::of) {
        if let SinkLogName::Compact(batch) = name {
            compacted = compacted.max(Some(batch));
        }
        batches.insert(name.batch());
    }
    let first = compacted.unwrap_or(0);
    let mut expected = first;
    for batch in batches.range(first..=newest) {
        if *batch != expected {
            return Some(expected);
        }
        expected = expected.saturating_add(1);
    }
    None
}
