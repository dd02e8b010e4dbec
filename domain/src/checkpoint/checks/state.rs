//! C18, C31 and C34 to C37, as far as the prognosis comes upon them: the state
//! that the next batch loads.

use super::{Action, Exam, Severity};
use crate::checkpoint::layout::CheckpointFile;
use crate::checkpoint::prognosis::Prognosis;

pub(super) fn check(exam: &mut Exam<'_>, prognosis: &Prognosis) {
    let Prognosis::Fails {
        error_class,
        error_condition,
        text,
        path: Some(path),
        ..
    } = prognosis
    else {
        return;
    };
    if error_class == "java.lang.NumberFormatException" && path.starts_with("commits/") {
        exam.add_at(
            "C18",
            Severity::Error,
            Action::RestoreBackup,
            (path, Some(2)),
            format!("{path} does not name the state files of its batch."),
        );
        return;
    }
    if !path.starts_with("state/") || exam.offsets.is_empty() {
        return;
    }
    let condition = error_condition.as_deref().unwrap_or_default();
    let id = match CheckpointFile::of_key(path) {
        CheckpointFile::StateSchema { .. } => "C37",
        CheckpointFile::StateSst { .. } => "C35",
        _ if condition == "CHECKPOINT_FILE_CHECKSUM_VERIFICATION_FAILED" => "C36",
        _ if !exam.listed(path) => "C31",
        _ if path.ends_with(".zip") => "C35",
        _ => "C34",
    };
    let said = text.lines().next().filter(|line| !line.is_empty());
    exam.add_at(
        id,
        Severity::Error,
        Action::RestoreBackup,
        (path, None),
        format!(
            "The state that the next batch needs cannot be loaded: {} ({path}).",
            said.unwrap_or(error_class)
        ),
    );
}
