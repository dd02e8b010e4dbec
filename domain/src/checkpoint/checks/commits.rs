//! C12 to C17: the newest commit, and how it stands to the newest offsets.

use super::{Action, Exam, Severity};
use crate::checkpoint::reading::read_commit;
use crate::checkpoint::spark_line::SparkLine;

pub(super) fn check(exam: &mut Exam<'_>) {
    readable(exam);
    let Some(newest) = exam.newest_offsets() else {
        without_offsets(exam);
        return;
    };
    match exam.newest_commit() {
        None if newest >= 1 => exam.add(
            "C15",
            Severity::Warning,
            Action::RestoreBackup,
            format!(
                "There is no commit at all, but offsets up to batch {newest}. Batch \
                 {newest} is run again; whether earlier ones reached the sink cannot be \
                 told."
            ),
        ),
        None => {}
        Some(commit) if commit == newest => exam.add(
            "C12",
            Severity::Info,
            Action::Nothing,
            format!(
                "Batch {newest} is planned and committed; the next is {}.",
                newest.saturating_add(1)
            ),
        ),
        Some(commit) if commit == newest - 1 => exam.add(
            "C12",
            Severity::Info,
            Action::Nothing,
            format!("Batch {newest} is planned and not committed; it is run again."),
        ),
        Some(commit) if commit > newest => ahead(exam, newest, commit),
        Some(commit) => behind(exam, newest, commit),
    }
}

/// From 4.1 on the start is refused at once, which is another check's to say.
fn without_offsets(exam: &mut Exam<'_>) {
    let Some(commit) = exam.newest_commit() else {
        return;
    };
    if exam.line >= SparkLine::V4_1 {
        return;
    }
    exam.add_at(
        "C13",
        Severity::Error,
        Action::RestoreBackup,
        (&format!("commits/{commit}"), None),
        format!(
            "There are commits up to batch {commit} but no offsets. The query begins \
             again at batch 0 and ends when it comes to a batch that is committed."
        ),
    );
}

fn readable(exam: &mut Exam<'_>) {
    let Some(newest) = exam.newest_commit() else {
        return;
    };
    // Without a batch in the log, no commit is read.
    let Some(offsets) = exam.newest_offsets() else {
        return;
    };
    let key = format!("commits/{newest}");
    let Some(bytes) = exam.bytes(&key) else {
        return;
    };
    let format = exam.shape.state_checkpoint_format;
    let Err(error) = read_commit(bytes, exam.line, format) else {
        return;
    };
    let said = error.text.lines().next().unwrap_or_default().to_owned();
    let exact =
        error.condition.as_deref() == Some("INVALID_LOG_VERSION.EXACT_MATCH_VERSION");
    let (id, mend) = match (exact, newest) {
        (true, _) => ("C17", Action::Nothing),
        // Without its commit, the newest batch is run again.
        (false, commit) if commit > offsets => ("C16", Action::RollBackTo(offsets)),
        (false, _) => ("C16", Action::RestoreBackup),
    };
    exam.add_at(
        id,
        Severity::Error,
        mend,
        (&key, Some(1)),
        format!("Spark {} cannot read {key}: {said}.", exam.line),
    );
}

fn ahead(exam: &mut Exam<'_>, newest: i64, commit: i64) {
    exam.add_at(
        "C13",
        Severity::Error,
        Action::RestoreBackup,
        (&format!("commits/{commit}"), None),
        format!(
            "The newest commit is of batch {commit}, the newest offsets are of batch \
             {newest}: files of offsets/ are lost. Batch {newest} is run again into the \
             sink, and a batch that is committed already then ends the query."
        ),
    );
}

/// Async progress tracking writes only some batches, the same in both logs.
fn behind(exam: &mut Exam<'_>, newest: i64, commit: i64) {
    if exam.shape.async_progress {
        return;
    }
    let (from, to) = (commit.saturating_add(1), newest - 1);
    exam.add_at(
        "C14",
        Severity::Error,
        Action::RollBackTo(commit),
        (&format!("offsets/{newest}"), None),
        format!(
            "The newest commit is of batch {commit}, the newest offsets are of batch \
             {newest}. Only batch {newest} is run again: batches {from} to {to} are left \
             out, and what they hold is lost without an error."
        ),
    );
}
