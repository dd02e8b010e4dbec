//! C04 to C11 and C41: the newest file of `offsets/` and the one before.

use super::{Action, Exam, Severity};
use crate::checkpoint::offset_log::OffsetSeq;
use crate::checkpoint::parsed::IssueCode;
use crate::checkpoint::reading::{
    SourceKind, SparkOffsets, read_offsets, read_source_line,
};
use crate::offsets::PartitionOffsets;

pub(super) fn check(exam: &mut Exam<'_>) {
    let Some(newest) = exam.newest_offsets() else {
        return;
    };
    let key = format!("offsets/{newest}");
    let last = file(exam, &key, exam.drop_newest());
    let before = if newest == 0 {
        None
    } else {
        predecessor(exam, newest)
    };
    if let Some(last) = &last {
        newest_lines(exam, &key, newest, last);
    }
    if let (Some(last), Some((before_key, before))) = (&last, &before) {
        if last.sources.len() != before.sources.len() {
            exam.add_at(
                "C08",
                Severity::Warning,
                Action::Nothing,
                (&key, None),
                format!(
                    "{key} has {} source lines and {before_key} has {}: the query's \
                     shape changed between them, or a file was edited.",
                    last.sources.len(),
                    before.sources.len()
                ),
            );
        }
        timestamps(exam, (&key, last), (before_key, before));
    }
}

/// One file: whether Spark can read it, and whether it has the right lines.
fn file(exam: &mut Exam<'_>, key: &str, mend: Action) -> Option<SparkOffsets> {
    let bytes = exam.bytes(key)?;
    if bytes.is_empty() {
        exam.add_at(
            "C04",
            Severity::Error,
            mend,
            (key, None),
            format!(
                "{key} is empty. Spark stops with \"Incomplete log file\" before the \
                 first batch."
            ),
        );
        return None;
    }
    let read = match read_offsets(bytes, exam.line) {
        Ok(read) => read,
        Err(error) => {
            unreadable(exam, key, mend, bytes, &error.text);
            return None;
        }
    };
    if read.metadata.is_none() {
        exam.add_at(
            "C06",
            Severity::Error,
            mend,
            (key, Some(2)),
            format!(
                "The second line of {key} is blank. Spark stops with a \
                 NullPointerException."
            ),
        );
    }
    let wanted = exam.shape.sources as usize;
    if read.sources.len() != wanted {
        exam.add_at(
            "C07",
            Severity::Error,
            Action::RestoreBackup,
            (key, Some(3)),
            format!(
                "{key} has {} source lines and the query has {wanted} sources. Either \
                 the code changed or the file was edited.",
                read.sources.len()
            ),
        );
    }
    Some(read)
}

fn unreadable(exam: &mut Exam<'_>, key: &str, mend: Action, bytes: &[u8], text: &str) {
    let header = OffsetSeq::parse(bytes).issues.into_iter().find(|issue| {
        matches!(issue.code, IssueCode::BadHeader | IssueCode::UnknownVersion)
    });
    let said = text.lines().next().unwrap_or_default();
    let (id, line) = match header {
        Some(_) => ("C05", 1),
        // A version that is known here can still be too new for this Spark.
        None if said.contains("log version") || said.contains("LogVersion") => ("C05", 1),
        None => ("C06", 2),
    };
    exam.add_at(
        id,
        Severity::Error,
        mend,
        (key, Some(line)),
        format!("Spark {} cannot read {key}: {said}", exam.line),
    );
}

fn predecessor(exam: &mut Exam<'_>, newest: i64) -> Option<(String, SparkOffsets)> {
    let before = if exam.shape.async_progress {
        exam.offsets
            .iter()
            .rev()
            .copied()
            .find(|batch| *batch < newest)?
    } else {
        newest - 1
    };
    let key = format!("offsets/{before}");
    if !exam.listed(&key) {
        exam.add_at(
            "C11",
            Severity::Error,
            Action::RestoreBackup,
            (&key, None),
            format!(
                "{key} is missing. Spark needs it beside offsets/{newest} and stops with \
                 \"batch {before} doesn't exist\"."
            ),
        );
        return None;
    }
    let read = file(exam, &key, Action::RestoreBackup)?;
    Some((key, read))
}

/// Void and malformed lines of the newest file.
fn newest_lines(exam: &mut Exam<'_>, key: &str, newest: i64, last: &SparkOffsets) {
    let committed = exam.newest_commit() == Some(newest);
    let kind = kind_before(exam, newest)
        .or_else(|| {
            last.sources
                .iter()
                .flatten()
                .find_map(|line| SourceKind::of_line(line))
        })
        .unwrap_or(SourceKind::Kafka);
    for (index, source) in last.sources.iter().enumerate() {
        let line = Some(u32::try_from(index + 3).unwrap_or(u32::MAX));
        match source {
            None => exam.add_at(
                "C10",
                Severity::Warning,
                Action::RestoreBackup,
                (key, line),
                format!(
                    "Source {index} has no offset in {key}. {}",
                    if committed {
                        "The next start falls back to the end of the batch before and \
                         reads batch again what was read already."
                    } else {
                        "The batch is run again without this source."
                    }
                ),
            ),
            Some(text) if kind == SourceKind::Kafka => kafka_line(exam, key, line, text),
            Some(text) => {
                if let Err(error) = read_source_line(text, kind, exam.line) {
                    let said = error.text.lines().next().unwrap_or_default().to_owned();
                    exam.add_at(
                        "C09",
                        Severity::Error,
                        Action::RestoreBackup,
                        (key, line),
                        format!("The offset of source {index} cannot be read: {said}."),
                    );
                }
            }
        }
    }
}

/// The kind of source as the file before tells it.
fn kind_before(exam: &Exam<'_>, newest: i64) -> Option<SourceKind> {
    let bytes = exam.bytes(&format!("offsets/{}", newest.saturating_sub(1)))?;
    let read = read_offsets(bytes, exam.line).ok()?;
    read.sources
        .iter()
        .flatten()
        .find_map(|line| SourceKind::of_line(line))
}

fn kafka_line(exam: &mut Exam<'_>, key: &str, line: Option<u32>, text: &str) {
    for issue in PartitionOffsets::parse(text).issues {
        let severity = match issue.code {
            // Of a doubled key Spark takes the last without a word.
            IssueCode::Duplicate => Severity::Warning,
            _ => Severity::Error,
        };
        exam.add_at(
            "C09",
            severity,
            Action::RestoreBackup,
            (key, line),
            format!(
                "The Kafka offsets in {key} are malformed. {}",
                issue.message
            ),
        );
    }
}

fn timestamps(
    exam: &mut Exam<'_>,
    (key, last): (&str, &SparkOffsets),
    (before_key, before): (&str, &SparkOffsets),
) {
    let (Some(last), Some(before)) = (&last.metadata, &before.metadata) else {
        return;
    };
    if last.batch_timestamp_ms < before.batch_timestamp_ms {
        exam.add_at(
            "C41",
            Severity::Warning,
            Action::Nothing,
            (key, Some(2)),
            format!(
                "The time of {key} ({} ms) is before that of {before_key} ({} ms): a \
                 clock went back, or a file was edited.",
                last.batch_timestamp_ms, before.batch_timestamp_ms
            ),
        );
    }
}
