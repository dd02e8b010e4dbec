//! What is wrong with the checkpoint, worst first.

use domain::checkpoint::{Action, Finding, Severity};
use leptos::prelude::*;

use super::Page;
use super::seen::{seen, unseen};
use crate::ui::*;

/// What the doctor says.
pub(super) fn findings(page: Page) -> AnyView {
    let findings = page.part(|page| {
        seen(page, |snapshot| &snapshot.checkpoint).map(|checkpoint| checkpoint.findings)
    });
    (move || match findings.get() {
        Err(why) => unseen("The checkpoint", why),
        Ok(findings) if findings.is_empty() => view! {
            <Callout
                tone=Tone::Good
                icon=IconName::Check
                title="Nothing is found to be wrong with the checkpoint."
            />
        }
        .into_any(),
        Ok(findings) => view! {
            <div class="stack stack--tight">{findings.into_iter().map(finding).collect_view()}</div>
        }
        .into_any(),
    })
    .into_any()
}

fn finding(finding: Finding) -> impl IntoView {
    let Finding {
        id,
        severity,
        path,
        line,
        message,
        action,
    } = finding;
    let (tone, icon, word) = match severity {
        Severity::Error => (Tone::Danger, IconName::Octagon, "error"),
        Severity::Warning => (Tone::Warning, IconName::Warning, "warning"),
        Severity::Info => (Tone::Info, IconName::Info, "to know"),
    };
    let place = path.map(|path| {
        let line = line
            .map(|line| format!(", line {line}"))
            .unwrap_or_default();
        view! { " · " <code class="key">{path}</code> {line} }
    });
    let mend = mends(action);
    view! {
        <Callout tone icon title=message>
            {(!mend.is_empty()).then(|| view! { <p>{mend}</p> })}
            <p class="soft small">{format!("{word} · check {id}")} {place}</p>
        </Callout>
    }
}

/// What would mend it; empty where nothing needs mending.
fn mends(action: Action) -> String {
    match action {
        Action::Nothing => String::new(),
        Action::Wait => "It goes away by itself; wait.".to_owned(),
        Action::RestartOnly => "A restart is enough.".to_owned(),
        Action::RollBackTo(batch) => {
            format!("Going back to the end of batch {batch} would mend it.")
        }
        Action::RestoreBackup => "A restored backup would mend it.".to_owned(),
        Action::NewStartAtOffsets => {
            "A new start at chosen offsets would mend it.".to_owned()
        }
        Action::FullReset => "Only a new start from nothing would mend it.".to_owned(),
    }
}
