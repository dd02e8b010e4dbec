//! L01 to L03: what was not seen, and what was taken for granted.

use super::{Exam, Finding, Severity};

pub(super) fn check(exam: &mut Exam<'_>, unread_state: &[String]) {
    if let Some(first) = unread_state.first() {
        let finding = Finding::new(
            "L01",
            Severity::Info,
            format!(
                "{} files of the state that the next batch loads were not looked into, \
                 the first being {first}: they are there and not empty, and more is not \
                 known of them.",
                unread_state.len()
            ),
        )
        .at(first, None)
        .showing(unread_state.len().to_string());
        exam.add(finding);
    }
    let known = exam.known;
    for said in &known.inferred {
        exam.add(Finding::new("L02", Severity::Info, said));
    }
    if let Some(said) = &known.line_assumed {
        exam.add(Finding::new("L03", Severity::Info, said).showing(exam.line.as_str()));
    }
}
