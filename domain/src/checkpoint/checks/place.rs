//! C48: whether exactly one checkpoint lies here, and one job writes it.

use super::{Exam, Finding, Severity};
use crate::checkpoint::layout::nested_checkpoints;

pub(super) fn check(exam: &mut Exam<'_>) {
    rivals(exam);
    nested(exam);
}

/// Two drivers on one checkpoint each take the other's batches for their own.
fn rivals(exam: &mut Exam<'_>) {
    for rival in &exam.known.rivals {
        let finding = Finding::new(
            "C48",
            Severity::Error,
            format!(
                "{rival} Two jobs that write one checkpoint lose and repeat batches."
            ),
        )
        .by_hand("Stop all but the right one before anything else is done.");
        exam.add(finding);
    }
}

fn nested(exam: &mut Exam<'_>) {
    let nested = nested_checkpoints(exam.view.listing.keys().map(String::as_str));
    let Some(first) = nested.first() else { return };
    let finding = Finding::new(
        "C48",
        Severity::Error,
        format!(
            "{} other checkpoints lie under this place ({}). What is done to the place \
             is done to all of them.",
            nested.len(),
            super::history::listed(&nested)
        ),
    )
    .at(format!("{first}/"), None)
    .by_hand(
        "Name the query's own checkpoint, not the root above it. Where one query really \
         writes inside another's checkpoint, give it a place of its own.",
    );
    exam.add(finding);
}
