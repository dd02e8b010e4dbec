//! L01 to L03: what was not seen, and what was taken for granted.

use super::{Exam, Finding, Severity};
use crate::checkpoint::prognosis::Foresight;

pub(super) fn check(exam: &mut Exam<'_>, foresight: &Foresight) {
    let unread = foresight.unread_state.len();
    let opaque = foresight.opaque_state.len();
    let mut all = foresight.unread_state.iter().chain(&foresight.opaque_state);
    if let Some(first) = all.next() {
        let mut why = Vec::new();
        if unread > 0 {
            why.push(format!("{unread} were not read"));
        }
        if opaque > 0 {
            why.push(format!(
                "{opaque} have a form that is not looked into (another codec than LZ4, \
                 or too large)"
            ));
        }
        let finding = Finding::new(
            "L01",
            Severity::Info,
            format!(
                "{} files of the state that the next batch loads were not looked into, \
                 the first being {first}: {}. They are there and not empty, and more is \
                 not known of them.",
                unread + opaque,
                why.join(", ")
            ),
        )
        .at(first, None)
        .showing((unread + opaque).to_string());
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
