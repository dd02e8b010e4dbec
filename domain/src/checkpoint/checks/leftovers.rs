//! C39 and C40: names that Spark did not mean to leave.

use std::collections::BTreeSet;

use super::{Action, Exam, Severity};
use crate::checkpoint::layout::{CheckpointFile, is_canonical};
use crate::checkpoint::spark_line::SparkLine;

pub(super) fn check(exam: &mut Exam<'_>) {
    let mut left = Vec::new();
    let mut odd = BTreeSet::new();
    for key in exam.view.listing.keys() {
        match CheckpointFile::of_key(key) {
            CheckpointFile::Temp | CheckpointFile::Marker => left.push(key.clone()),
            CheckpointFile::Offsets(batch) | CheckpointFile::Commits(batch) => {
                let name = key.rsplit('/').next().unwrap_or(key);
                if !is_canonical(name, batch) {
                    odd.insert(key.clone());
                }
            }
            CheckpointFile::InsideBatchDirectory { .. } => {
                let directory: Vec<&str> = key.split('/').take(2).collect();
                odd.insert(format!("{}/", directory.join("/")));
            }
            _ => {}
        }
    }
    if let Some(first) = left.first() {
        let refused = exam.offsets.is_empty() && exam.line >= SparkLine::V4_1;
        let severity = if refused {
            Severity::Warning
        } else {
            Severity::Info
        };
        exam.add_at(
            "C39",
            severity,
            Action::Nothing,
            (first, None),
            format!(
                "{} leftovers of cut-off writes or markers of directories, the first \
                 being {first}.",
                left.len()
            ),
        );
    }
    for key in odd {
        odd_name(exam, &key);
    }
}

fn odd_name(exam: &mut Exam<'_>, key: &str) {
    let newest = match CheckpointFile::of_key(key) {
        CheckpointFile::Offsets(batch) => exam.newest_offsets() == Some(batch),
        CheckpointFile::Commits(batch) => exam.newest_commit() == Some(batch),
        _ => false,
    };
    let severity = if newest {
        Severity::Error
    } else {
        Severity::Warning
    };
    let message = if key.ends_with('/') {
        format!(
            "{key} is a directory with a batch's name: the query ends when it comes to \
             that batch."
        )
    } else {
        format!("{key} counts as a batch, but Spark looks for it under another name.")
    };
    exam.add_at("C40", severity, Action::Nothing, (key, None), message);
}
