//! C04 to C07 and C09 to C11: the newest file of `offsets/` and the one before.

use super::{Action, Exam, Finding, Remedy, Severity, bad_version};
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
    let last = file(exam, &key, newest);
    if newest != 0 {
        predecessor(exam, newest);
    }
    if let Some(last) = &last {
        source_lines(exam, &key, newest, last);
    }
}

/// How a file of `offsets/` is written again by hand.
fn rebuilt(batch: i64) -> String {
    format!(
        "With the job stopped, offsets/{batch} can be written again: the source lines are \
         the endOffset of batch {batch} in the driver's progress log, the second line is \
         that of a neighbour with a later batchTimestampMs."
    )
}

/// One file: whether Spark can read it, and whether it has the right lines.
fn file(exam: &mut Exam<'_>, key: &str, batch: i64) -> Option<SparkOffsets> {
    let bytes = exam.bytes(key)?;
    if bytes.is_empty() {
        let finding = Finding::new(
            "C04",
            Severity::Error,
            format!(
                "{key} is empty. Spark stops with \"Incomplete log file\" before the \
                 first batch."
            ),
        )
        .at(key, None)
        .mended_by(exam.of_a_broken_start())
        .by_hand(rebuilt(batch));
        exam.add(finding);
        return None;
    }
    let read = match read_offsets(bytes, exam.line) {
        Ok(read) => read,
        Err(error) => {
            unreadable(exam, key, batch, bytes, &error.text);
            return None;
        }
    };
    if read.metadata.is_none() {
        let finding = Finding::new(
            "C06",
            Severity::Error,
            format!(
                "The second line of {key} is blank. Spark stops with a \
                 NullPointerException."
            ),
        )
        .at(key, Some(2))
        .mended_by(exam.of_a_broken_start())
        .by_hand(rebuilt(batch));
        exam.add(finding);
    }
    let wanted = exam.shape.sources as usize;
    let count = read.sources.len();
    if count != wanted {
        let old_code = Remedy::new(
            Action::RestartOnly,
            format!(
                "Where the file is right and the code has changed: started with code \
                 that has {count} sources, the query goes on; waiting changes nothing."
            ),
        );
        let finding = Finding::new(
            "C07",
            Severity::Error,
            format!(
                "{key} has {count} source lines and the query has {wanted} sources. \
                 Either the code changed or the file was edited."
            ),
        )
        .at(key, Some(3))
        .mended_by([old_code].into_iter().chain(exam.of_a_broken_start()));
        exam.add(finding);
    }
    Some(read)
}

fn unreadable(exam: &mut Exam<'_>, key: &str, batch: i64, bytes: &[u8], text: &str) {
    let said = text.lines().next().unwrap_or_default();
    // A version that is known here can still be too new for this Spark.
    let too_new = said.contains("log version") || said.contains("LogVersion");
    let (id, line) = if bad_version(bytes) || too_new {
        ("C05", 1)
    } else {
        ("C06", 2)
    };
    let shown = String::from_utf8_lossy(bytes);
    let finding = Finding::new(
        id,
        Severity::Error,
        format!("Spark {} cannot read {key}: {said}", exam.line),
    )
    .at(key, Some(line))
    .showing(shown.lines().nth(line as usize - 1).unwrap_or_default());
    let newer = said.contains("UnsupportedLogVersion").then(|| {
        Remedy::new(
            Action::RestartOnly,
            "A newer Spark wrote the file and can read it: started with that version, \
             the query goes on; waiting changes nothing.",
        )
    });
    let ladder = newer.into_iter().chain(exam.of_a_broken_start());
    let finding = finding.mended_by(ladder).by_hand(rebuilt(batch));
    exam.add(finding);
}

fn predecessor(exam: &mut Exam<'_>, newest: i64) {
    let before = if exam.shape.async_progress {
        let found = exam.offsets.iter().rev().copied().find(|b| *b < newest);
        let Some(before) = found else { return };
        before
    } else {
        newest.saturating_sub(1)
    };
    let key = format!("offsets/{before}");
    if exam.listed(&key) {
        if let Some(read) = file(exam, &key, before) {
            begin_lines(exam, &key, newest, before, &read);
        }
        return;
    }
    let finding = Finding::new(
        "C11",
        Severity::Error,
        format!(
            "{key} is missing. Spark needs it beside offsets/{newest} and stops with \
             \"batch {before} doesn't exist\"."
        ),
    )
    .at(&key, None)
    .mended_by(exam.of_a_broken_start());
    let committed = exam.newest_commit() == Some(newest);
    let finding = finding.by_hand(if committed {
        format!(
            "With the job stopped, copy offsets/{newest} to {key}: batch {newest} is \
             committed, so that of {key} only the number of lines counts."
        )
    } else {
        rebuilt(before)
    });
    exam.add(finding);
}

/// The lines of the file before that say where the batch to be run again begins.
fn begin_lines(
    exam: &mut Exam<'_>,
    key: &str,
    newest: i64,
    before: i64,
    read: &SparkOffsets,
) {
    if exam.newest_commit() == Some(newest) {
        return;
    }
    let kind = kind_of(read).unwrap_or(SourceKind::Kafka);
    for (index, source) in read.sources.iter().enumerate() {
        if let Some(text) = source {
            malformed(exam, (key, before), index, kind, text);
        }
    }
}

fn kind_of(read: &SparkOffsets) -> Option<SourceKind> {
    read.sources
        .iter()
        .flatten()
        .find_map(|line| SourceKind::of_line(line))
}

fn line_of(index: usize) -> Option<u32> {
    Some(u32::try_from(index + 3).unwrap_or(u32::MAX))
}

/// No query has as many sources; a file that does has one fault and not one for
/// each of its lines, of which there may be millions.
const SOURCES_JUDGED: usize = 100;
/// Of one line so many faults are told.
const FAULTS_OF_A_LINE: usize = 20;

/// Void and malformed lines of the newest file.
fn source_lines(exam: &mut Exam<'_>, key: &str, newest: i64, last: &SparkOffsets) {
    let committed = exam.newest_commit() == Some(newest);
    // The file before tells the kind too, where this one is broken.
    let kind = exam
        .batch(newest.saturating_sub(1))
        .as_ref()
        .and_then(kind_of)
        .or_else(|| kind_of(last))
        .unwrap_or(SourceKind::Kafka);
    for (index, source) in last.sources.iter().enumerate().take(SOURCES_JUDGED) {
        let Some(text) = source else {
            void(exam, (key, newest), index, committed);
            continue;
        };
        malformed(exam, (key, newest), index, kind, text);
    }
}

fn void(exam: &mut Exam<'_>, (key, batch): (&str, i64), index: usize, committed: bool) {
    let (follows, why) = if committed {
        (
            "The next start falls back to the end of the batch before and reads again \
             what was read already.",
            "A restart reads the batch before again, and so does going back to it.",
        )
    } else {
        (
            "The batch is run again without this source.",
            "A restart runs the batch without the source.",
        )
    };
    let finding = Finding::new(
        "C10",
        Severity::Warning,
        format!("Source {index} has no offset in {key}. {follows}"),
    )
    .at(key, line_of(index))
    .showing("-")
    .mended_by([Remedy::new(Action::RestoreBackup, why)])
    .by_hand(rebuilt(batch));
    exam.add(finding);
}

fn malformed(
    exam: &mut Exam<'_>,
    (key, batch): (&str, i64),
    index: usize,
    kind: SourceKind,
    text: &str,
) {
    let mut issues: Vec<(Severity, String)> = Vec::new();
    if kind == SourceKind::Kafka {
        for issue in PartitionOffsets::parse(text).issues {
            let severity = match issue.code {
                // Of a doubled key Spark takes the last without a word.
                IssueCode::Duplicate => Severity::Warning,
                _ => Severity::Error,
            };
            let said = format!(
                "The Kafka offsets in {key} are malformed. {}",
                issue.message
            );
            issues.push((severity, said));
        }
    } else if let Err(error) = read_source_line(text, kind, exam.line) {
        let said = error.text.lines().next().unwrap_or_default();
        let said = format!("The offset of source {index} cannot be read: {said}.");
        issues.push((Severity::Error, said));
    }
    for (severity, said) in issues.into_iter().take(FAULTS_OF_A_LINE) {
        let finding = Finding::new("C09", severity, said)
            .at(key, line_of(index))
            .showing(text)
            .mended_by(exam.of_a_broken_start())
            .by_hand(rebuilt(batch));
        exam.add(finding);
    }
}
