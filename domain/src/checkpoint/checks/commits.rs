//! C12 to C17: the newest commit, and how it stands to the newest offsets.

use super::{Action, Exam, Finding, Remedy, Severity};
use crate::checkpoint::reading::read_commit;
use crate::checkpoint::spark_line::SparkLine;

pub(super) fn check(exam: &mut Exam<'_>) {
    readable(exam);
    let Some(newest) = exam.newest_offsets() else {
        without_offsets(exam);
        return;
    };
    match exam.newest_commit() {
        None if newest >= 1 => none_at_all(exam, newest),
        None => {}
        Some(commit) if commit == newest => exam.add(Finding::new(
            "C12",
            Severity::Info,
            format!(
                "Batch {newest} is planned and committed; the next is {}.",
                newest.saturating_add(1)
            ),
        )),
        Some(commit) if newest.checked_sub(1) == Some(commit) => pending(exam, newest),
        Some(commit) if commit > newest => ahead(exam, newest, commit),
        Some(commit) => behind(exam, newest, commit),
    }
}

fn pending(exam: &mut Exam<'_>, newest: i64) {
    let ladder = match exam.known.job_is_alive {
        Some(true) => vec![Remedy::new(
            Action::Wait,
            "A job is at work on it; to stop it now throws away what it has done.",
        )],
        Some(false) => vec![Remedy::new(
            Action::RestartOnly,
            "Nothing runs that could end it; a restart runs it again from and to the \
             same offsets.",
        )],
        None => Vec::new(),
    };
    let finding = Finding::new(
        "C12",
        Severity::Info,
        format!("Batch {newest} is planned and not committed; it is run again."),
    )
    .mended_by(ladder);
    exam.add(finding);
}

fn none_at_all(exam: &mut Exam<'_>, newest: i64) {
    let finding = Finding::new(
        "C15",
        Severity::Warning,
        format!(
            "There is no commit at all, but offsets up to batch {newest}. Batch {newest} \
             is run again; whether earlier ones reached the sink cannot be told."
        ),
    )
    .at("commits/", None)
    .mended_by(
        [Remedy::new(
            Action::RestoreBackup,
            "A restart runs the newest batch alone, and no batch is left that provably \
             ended. Where the sink is known to have all but the newest batch, a restart \
             is enough.",
        )]
        .into_iter()
        .chain(exam.without_a_backup()),
    );
    exam.add(finding);
}

/// From 4.1 on the start is refused at once, which is another check's to say.
fn without_offsets(exam: &mut Exam<'_>) {
    let Some(commit) = exam.newest_commit() else {
        return;
    };
    if exam.line >= SparkLine::V4_1 {
        return;
    }
    let finding = Finding::new(
        "C13",
        Severity::Error,
        format!(
            "There are commits up to batch {commit} but no offsets. The query begins \
             again at batch 0 and ends when it comes to a batch that is committed."
        ),
    )
    .at(format!("commits/{commit}"), None)
    .mended_by(exam.of_a_broken_start());
    exam.add(finding);
}

fn readable(exam: &mut Exam<'_>) {
    let Some(newest) = exam.newest_commit() else {
        return;
    };
    let offsets = exam.newest_offsets();
    // Before 4.1 no commit is read without a batch in the log, and from then on
    // leftovers are refused, which is another check's to say.
    if offsets.is_none() && exam.line < SparkLine::V4_1 {
        return;
    }
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
    let shown = String::from_utf8_lossy(bytes);
    let finding = Finding::new(
        if exact { "C17" } else { "C16" },
        Severity::Error,
        format!("Spark {} cannot read {key}: {said}.", exam.line),
    )
    .at(&key, Some(1))
    .showing(shown.lines().next().unwrap_or_default());
    let finding = if exact {
        let restart = Remedy::new(
            Action::RestartOnly,
            "The file is whole. Waiting changes nothing: the job must be started with \
             spark.sql.streaming.stateStore.checkpointFormatVersion as it was when the \
             commit was written.",
        );
        finding.mended_by([restart].into_iter().chain(exam.of_a_broken_start()))
    } else if offsets.is_some_and(|offsets| newest > offsets) {
        finding.mended_by(exam.of_a_broken_start()).by_hand(format!(
            "With the job stopped, delete {key}: it decides nothing."
        ))
    } else {
        finding.mended_by(exam.of_a_broken_start()).by_hand(format!(
            "With the job stopped, and where the sink provably has batch {newest} whole: \
             write {key} anew, \"v1\" and a line with the watermark. Not for a query \
             whose commits name state files."
        ))
    };
    exam.add(finding);
}

fn ahead(exam: &mut Exam<'_>, newest: i64, commit: i64) {
    let finding = Finding::new(
        "C13",
        Severity::Error,
        format!(
            "The newest commit is of batch {commit}, the newest offsets are of batch \
             {newest}: files of offsets/ are lost. Batch {newest} is run again into the \
             sink, and a batch that is committed already then ends the query."
        ),
    )
    .at(format!("commits/{commit}"), None)
    .mended_by(exam.ladder("A restart runs a batch twice and then ends."))
    .by_hand(format!(
        "Offsets that the driver's progress log still has, of batches {} to {commit}, \
         can be written back; then nothing is run twice.",
        newest.saturating_add(1)
    ));
    exam.add(finding);
}

/// Async progress tracking writes only some batches, the same in both logs.
fn behind(exam: &mut Exam<'_>, newest: i64, commit: i64) {
    if exam.shape.async_progress {
        return;
    }
    let (from, to) = (commit.saturating_add(1), newest - 1);
    let finding = Finding::new(
        "C14",
        Severity::Error,
        format!(
            "The newest commit is of batch {commit}, the newest offsets are of batch \
             {newest}. Only batch {newest} is run again: batches {from} to {to} are left \
             out, and what they hold is lost without an error."
        ),
    )
    .at(format!("offsets/{newest}"), None)
    .mended_by(exam.ladder(&format!(
        "A restart leaves batches {from} to {to} out, and they cannot be read later."
    )))
    .by_hand(format!(
        "Where the sink provably has batches {from} to {to}, their commits can be \
         written instead."
    ));
    exam.add(finding);
}
