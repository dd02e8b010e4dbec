//! C50: what the checkpoint pins against what the job sets.

use super::{Exam, Finding, Severity};

pub(super) fn check(exam: &mut Exam<'_>) {
    if exam.known.job_conf.is_empty() {
        return;
    }
    let (Some(newest), Some(pinned)) = (exam.newest_offsets(), exam.pinned()) else {
        return;
    };
    for (name, value) in &pinned {
        let Some(own) = exam.known.job_conf.get(name) else {
            continue;
        };
        if own == value {
            continue;
        }
        let finding = Finding::new(
            "C50",
            Severity::Info,
            format!(
                "{name} is {value} in the checkpoint and {own} in the job: the \
                 checkpoint's value wins until the query begins anew."
            ),
        )
        .at(format!("offsets/{newest}"), Some(2))
        .showing(value);
        exam.add(finding);
    }
}
