//! C01 to C03: the query's id.

use super::{Action, Exam, Finding, Remedy, Severity};
use crate::checkpoint::metadata::StreamMetadata;
use crate::checkpoint::reading::read_metadata;
use crate::checkpoint::spark_line::SparkLine;

const KEY: &str = "metadata";

pub(super) fn check(exam: &mut Exam<'_>) {
    if !exam.listed(KEY) {
        missing(exam);
        return;
    }
    let Some(bytes) = exam.bytes(KEY) else { return };
    let shown = String::from_utf8_lossy(bytes);
    if let Err(error) = read_metadata(bytes, exam.line) {
        let what = if bytes.is_empty() {
            "it is empty"
        } else {
            "it holds no id as Spark writes it"
        };
        let first = error.text.lines().next().unwrap_or_default();
        let finding = Finding::new(
            "C02",
            Severity::Error,
            format!("Spark refuses to start on this file: {what} ({first})."),
        )
        .at(KEY, Some(1))
        .showing(&shown)
        .mended_by(old_id(
            exam,
            "Every restart reads it, and going back by batches leaves it as it is.",
        ))
        .by_hand(write_back(exam));
        exam.add(finding);
        return;
    }
    let Some(value) = StreamMetadata::parse(bytes).value else {
        // Java reads ids with short groups, and nobody else does.
        let finding = Finding::new(
            "C02",
            Severity::Warning,
            "Spark reads this id, but it is none as Spark writes it; what the query's id \
             is remains unknown here.",
        )
        .at(KEY, Some(1))
        .showing(&shown)
        .by_hand(write_back(exam));
        exam.add(finding);
        return;
    };
    let Some(seen) = exam.shape.last_seen_id else {
        return;
    };
    // A reset writes a new id on purpose; the old one is seen until the job
    // reports under the new one.
    if value.id == seen || exam.known.query_ids.contains(&value.id) {
        return;
    }
    let finding = Finding::new(
        "C03",
        Severity::Warning,
        format!(
            "The query's id is {} here, but {seen} was seen before: sinks that remember \
             the query by its id will take it for another.",
            value.id
        ),
    )
    .at(KEY, Some(1))
    .showing(&shown)
    .mended_by(old_id(
        exam,
        "A restart goes on under the new id, and so does every batch gone back to.",
    ))
    .by_hand(write_back(exam));
    exam.add(finding);
}

fn missing(exam: &mut Exam<'_>) {
    if exam.offsets.is_empty() && exam.commits.is_empty() {
        return;
    }
    let (severity, what) = if exam.line >= SparkLine::V4_2 {
        (
            Severity::Error,
            "Spark 4.2 and later refuse to start on it.",
        )
    } else {
        (
            Severity::Warning,
            "The next start makes up a new query id, and sinks that remember the query \
             by its id will take it for another.",
        )
    };
    let finding = Finding::new(
        "C01",
        severity,
        format!("There are batches but no metadata file. {what}"),
    )
    .at(KEY, None)
    .mended_by(old_id(
        exam,
        "No restart and no older batch brings the id back.",
    ))
    .by_hand(write_back(exam));
    exam.add(finding);
}

fn old_id(exam: &Exam<'_>, why: &str) -> Vec<Remedy> {
    let mut ladder = vec![Remedy::new(Action::RestoreBackup, why)];
    ladder.extend(exam.without_a_backup());
    ladder
}

fn write_back(exam: &Exam<'_>) -> String {
    match exam.shape.last_seen_id {
        Some(id) => format!(
            "With the job stopped, write {} into metadata: the id that was seen last.",
            StreamMetadata { id }.render()
        ),
        None => {
            "With the job stopped, write the old id back into metadata: it stands in \
                 a backup, in the driver's progress log, and in Delta's transactions."
                .to_owned()
        }
    }
}
