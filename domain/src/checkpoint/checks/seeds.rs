//! C27 to C30: where a checkpoint without batches begins.

use super::{Action, Exam, Finding, Remedy, Severity};
use crate::checkpoint::layout::CheckpointFile;
use crate::checkpoint::reading::{SourceKind, read_initial_offset, read_offsets};
use crate::checkpoint::spark_line::SparkLine;
use crate::offsets::PartitionOffsets;

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
        let names = seeds.join(", ");
        let finding = Finding::new(
            "C28",
            Severity::Warning,
            format!(
                "There is no batch, but {names} says where to begin. The next start \
                 begins there and ignores the job's own starting options."
            ),
        )
        .at(&seeds[0], None)
        .by_hand(format!(
            "Where the start was not laid there on purpose: with the job stopped, delete \
             {names}."
        ));
        exam.add(finding);
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
    let said = error.text.lines().next().unwrap_or_default();
    let (severity, now) = if needed {
        (Severity::Error, "The next start needs it")
    } else {
        (Severity::Warning, "It is not needed now")
    };
    let finding = Finding::new(
        "C27",
        severity,
        format!("Spark cannot read {key}: {said}. {now}."),
    )
    .at(key, None)
    .showing(String::from_utf8_lossy(bytes));
    let finding = if needed {
        finding.mended_by(begin_again(
            exam,
            "A restart reads the same file, and there is no batch to go back to.",
        ))
    } else {
        finding
    };
    exam.add(finding);
}

/// For what has not got past its first batch.
fn begin_again(exam: &Exam<'_>, why: &str) -> Vec<Remedy> {
    exam.begun_anew(why)
}

/// Batch 0 is run again, and where it began is not written down.
fn unseeded_zero(exam: &mut Exam<'_>) {
    let Some(read) = exam
        .bytes("offsets/0")
        .and_then(|bytes| read_offsets(bytes, exam.line).ok())
    else {
        return;
    };
    let first = read.sources.first().cloned().flatten();
    for (index, line) in read.sources.iter().enumerate() {
        let Some(line) = line else { continue };
        let kafka = SourceKind::of_line(line) == Some(SourceKind::Kafka);
        let key = format!("sources/{index}/0");
        if !kafka || exam.listed(&key) {
            continue;
        }
        // A stream that stands in the plan twice has one file for both lines.
        let shared = index > 0
            && exam.listed("sources/0/0")
            && first
                .as_deref()
                .is_some_and(|first| same_topics(first, line));
        let finding = if shared {
            Finding::new(
                "C29",
                Severity::Info,
                format!(
                    "Source {index} has no {key} and reads the topics of source 0: it is \
                     taken for the same stream, which has one file for both."
                ),
            )
            .at(&key, None)
        } else {
            Finding::new(
                "C29",
                Severity::Error,
                format!(
                    "Batch 0 is run again, but {key} is missing: where it began is \
                     resolved anew from the job's options, which by default is the end \
                     of the topic."
                ),
            )
            .at(&key, None)
            .mended_by(begin_again(
                exam,
                "A restart skips what batch 0 was to read, without an error, and there \
                 is no batch to go back to.",
            ))
            .by_hand(format!(
                "With the job stopped, write {key}: a zero byte, \"v1\", and the offsets \
                 where batch 0 began, from the driver's progress log."
            ))
        };
        exam.add(finding);
    }
}

fn same_topics(one: &str, other: &str) -> bool {
    let topics = |line: &str| {
        let offsets = PartitionOffsets::parse(line).value?;
        Some(offsets.topics().map(str::to_owned).collect::<Vec<_>>())
    };
    topics(one).is_some_and(|one| Some(one) == topics(other))
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
    let finding = Finding::new(
        "C30",
        Severity::Error,
        format!(
            "There is no batch, but {count} objects lie in offsets/, state/ or commits/, \
             the first being {first}. Spark 4.1 and later refuse to begin on them."
        ),
    )
    .at(&first, None)
    .mended_by([
        Remedy::new(
            Action::RestoreBackup,
            "A restart meets the same objects. Where the query had run, only a backup \
             still has its batches.",
        ),
        Remedy::new(
            Action::FullReset,
            "Where the query is to begin anew: nothing of these objects is needed then.",
        ),
    ])
    .by_hand(
        "Where the query never ran: with the job stopped, delete what lies in offsets/, \
         state/ and commits/; sources/ and metadata may stay.",
    );
    exam.add(finding);
}
