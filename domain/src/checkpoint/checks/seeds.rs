//! C27 to C30: where a checkpoint without batches begins.

use super::{Action, Exam, Severity};
use crate::checkpoint::layout::CheckpointFile;
use crate::checkpoint::reading::{SourceKind, read_initial_offset, read_offsets};
use crate::checkpoint::spark_line::SparkLine;

pub(super) fn check(exam: &mut Exam<'_>) {
    let fresh = exam.offsets.is_empty();
    let zero_again = exam.newest_offsets() == Some(0) && exam.commits.is_empty();
    let seeds: Vec<String> = exam
        .view
        .listing
        .keys()
        .filter(|key| {
            matches!(CheckpointFile::of_key(key), CheckpointFile::SourceOffset(_))
        })
        .cloned()
        .collect();
    for key in &seeds {
        malformed(exam, key, fresh || zero_again);
    }
    if fresh && exam.commits.is_empty() && !seeds.is_empty() {
        exam.add_at(
            "C28",
            Severity::Warning,
            Action::Nothing,
            (&seeds[0], None),
            format!(
                "There is no batch, but {} says where to begin. The next start begins \
                 there and ignores the job's own starting options.",
                seeds.join(", ")
            ),
        );
    }
    if zero_again {
        unseeded_zero(exam);
    }
    if fresh && exam.line >= SparkLine::V4_1 && exam.shape.verify_empty_on_start {
        not_empty(exam);
    }
}

fn malformed(exam: &mut Exam<'_>, key: &str, needed: bool) {
    let Some(bytes) = exam.bytes(key) else { return };
    let Err(error) = read_initial_offset(bytes, exam.line) else {
        return;
    };
    let severity = if needed {
        Severity::Error
    } else {
        Severity::Warning
    };
    let now = if needed {
        "The next start needs it"
    } else {
        "It is not needed now"
    };
    let said = error.text.lines().next().unwrap_or_default();
    exam.add_at(
        "C27",
        severity,
        Action::NewStartAtOffsets,
        (key, None),
        format!("Spark cannot read {key}: {said}. {now}."),
    );
}

/// Batch 0 is run again, and where it began is not written down.
fn unseeded_zero(exam: &mut Exam<'_>) {
    let Some(read) = exam
        .bytes("offsets/0")
        .and_then(|bytes| read_offsets(bytes, exam.line).ok())
    else {
        return;
    };
    for (index, line) in read.sources.iter().enumerate() {
        let kafka =
            line.as_deref().and_then(SourceKind::of_line) == Some(SourceKind::Kafka);
        let key = format!("sources/{index}/0");
        let shared = index > 0 && exam.listed("sources/0/0");
        if kafka && !exam.listed(&key) && !shared {
            exam.add_at(
                "C29",
                Severity::Error,
                Action::NewStartAtOffsets,
                (&key, None),
                format!(
                    "Batch 0 is run again, but {key} is missing: where it began is \
                     resolved anew from the job's options, which by default is the end \
                     of the topic."
                ),
            );
        }
    }
}

fn not_empty(exam: &mut Exam<'_>) {
    let left: Vec<&String> = exam
        .view
        .listing
        .keys()
        .filter(|key| {
            ["offsets/", "state/", "commits/"].iter().any(|directory| {
                key.strip_prefix(directory)
                    .is_some_and(|rest| !rest.is_empty())
            })
        })
        .collect();
    let Some(first) = left.first().map(|key| (*key).clone()) else {
        return;
    };
    let count = left.len();
    exam.add_at(
        "C30",
        Severity::Error,
        Action::FullReset,
        (&first, None),
        format!(
            "There is no batch, but {count} objects lie in offsets/, state/ or commits/, \
             the first being {first}. Spark 4.1 and later refuse to begin on them."
        ),
    );
}
