//! C39 and C40: names that Spark did not mean to leave.

use std::collections::BTreeSet;

use super::{Exam, Finding, Severity};
use crate::checkpoint::layout::{CheckpointFile, is_canonical};
use crate::checkpoint::spark_line::SparkLine;

/// A write that is this old is not going on any more.
const OLD_MS: i64 = 24 * 3_600_000;

pub(super) fn check(exam: &mut Exam<'_>) {
    let mut left = Vec::new();
    let mut markers = 0_usize;
    let mut odd = BTreeSet::new();
    for key in exam.view.listing.keys() {
        match CheckpointFile::of_key(key) {
            CheckpointFile::Marker => {
                markers += 1;
                left.push(key.clone());
            }
            CheckpointFile::Temp | CheckpointFile::LocalChecksum => {
                left.push(key.clone());
            }
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
    leftovers(exam, &left, markers);
    for key in odd {
        odd_name(exam, &key);
    }
}

fn leftovers(exam: &mut Exam<'_>, left: &[String], markers: usize) {
    let Some(first) = left.first() else { return };
    let refused = exam.offsets.is_empty() && exam.line >= SparkLine::V4_1;
    let severity = if refused {
        Severity::Warning
    } else {
        Severity::Info
    };
    let old = exam.known.now_ms.map(|now| {
        let is_old = |key: &&String| {
            exam.view.listing.get(*key).is_some_and(|object| {
                now.saturating_sub(object.last_modified_ms) > OLD_MS
            })
        };
        left.iter().filter(is_old).count()
    });
    let age = old.map_or_else(String::new, |old| format!(", {old} older than a day"));
    let finding = Finding::new(
        "C39",
        severity,
        format!(
            "{} leftovers of cut-off writes or markers of directories ({markers} \
             markers{age}), the first being {first}.",
            left.len()
        ),
    )
    .at(first, None)
    .by_hand(
        "Spark ignores them. With the job stopped, those of cut-off writes that are \
         older than a day can be deleted.",
    );
    exam.add(finding);
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
    let finding = Finding::new("C40", severity, message)
        .at(key, None)
        .by_hand(format!("With the job stopped, move {key} away."));
    let finding = if newest {
        finding.mended_by(exam.of_a_broken_start())
    } else {
        finding
    };
    exam.add(finding);
}
