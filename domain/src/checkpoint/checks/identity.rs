//! C01 to C03: the query's id.

use super::{Action, Exam, Severity};
use crate::checkpoint::metadata::StreamMetadata;
use crate::checkpoint::parsed::IssueCode;
use crate::checkpoint::reading::read_metadata;
use crate::checkpoint::spark_line::SparkLine;

const KEY: &str = "metadata";

pub(super) fn check(exam: &mut Exam<'_>) {
    if !exam.listed(KEY) {
        missing(exam);
        return;
    }
    let Some(bytes) = exam.bytes(KEY) else { return };
    if let Err(error) = read_metadata(bytes, exam.line) {
        let shown: String = String::from_utf8_lossy(bytes).chars().take(80).collect();
        let what = if bytes.is_empty() {
            "it is empty".to_owned()
        } else {
            format!("it holds {shown:?}")
        };
        let first = error.text.lines().next().unwrap_or_default();
        exam.add_at(
            "C02",
            Severity::Error,
            Action::RestoreBackup,
            (KEY, Some(1)),
            format!("Spark refuses to start on this file: {what} ({first})."),
        );
        return;
    }
    let parsed = StreamMetadata::parse(bytes);
    let (Some(value), Some(seen)) = (&parsed.value, exam.shape.last_seen_id) else {
        return;
    };
    if value.id != seen {
        exam.add_at(
            "C03",
            Severity::Warning,
            Action::RestoreBackup,
            (KEY, Some(1)),
            format!(
                "The query's id is {} here, but {seen} was seen before: sinks that \
                 remember the query by its id will take it for another.",
                value.id
            ),
        );
    } else if parsed
        .issues
        .iter()
        .any(|issue| issue.code != IssueCode::Unusual)
    {
        exam.add_at(
            "C02",
            Severity::Warning,
            Action::Nothing,
            (KEY, Some(1)),
            "The file can be read but is not as Spark writes it.".to_owned(),
        );
    }
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
    exam.add_at(
        "C01",
        severity,
        Action::RestoreBackup,
        (KEY, None),
        format!("There are batches but no metadata file. {what}"),
    );
}
