//! What is wrong with the checkpoint and with its sink, worst first.

use domain::checkpoint::checks::check_of;
use domain::checkpoint::{Action, Finding, Severity};
use domain::ids::StreamName;
use leptos::prelude::*;

use super::Page;
use super::seen::{Unseen, seen, unseen};
use crate::paths;
use crate::ui::*;

/// What the doctor says.
pub(super) fn findings(page: Page) -> AnyView {
    let stream = page.once(|page| page.stream.name.clone());
    let findings = page.part(|page| -> Result<Vec<Finding>, Unseen> {
        let checkpoint = seen(page, |snapshot| &snapshot.checkpoint)?;
        let sink = page.snapshot.as_ref().and_then(|s| s.sink.seen());
        let mut findings = checkpoint.findings;
        findings.extend(sink.into_iter().flat_map(|sink| sink.findings.clone()));
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        Ok(findings)
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
            <div class="stack stack--tight">
                {findings.into_iter().map(|found| finding(&stream, found)).collect_view()}
            </div>
        }
        .into_any(),
    })
    .into_any()
}

fn finding(stream: &StreamName, finding: Finding) -> AnyView {
    let (tone, icon, word) = match finding.severity {
        Severity::Error => (Tone::Danger, IconName::Octagon, "error"),
        Severity::Warning => (Tone::Warning, IconName::Warning, "warning"),
        Severity::Info => (Tone::Info, IconName::Info, "to know"),
    };
    let place = finding.path.clone().map(|path| {
        let line = finding.line;
        let words = line
            .map(|line| format!(", line {line}"))
            .unwrap_or_default();
        // What lies elsewhere than in the checkpoint has no page.
        let file = match path.starts_with("s3://") {
            true => view! { <code class="key">{path}</code> }.into_any(),
            false => {
                let href = paths::stream_file(stream, &path, line);
                view! {
                    <a class="key" href=href>
                        {path}
                    </a>
                }
                .into_any()
            }
        };
        view! {
            " · "
            {file}
            {words}
        }
    });
    // Two findings of one check are told apart by their sentences.
    let what = format!("what stands there: {}", finding.message);
    let value = finding.value.clone().map(|value| {
        view! { <Code text=value what=what wrap=true /> }
    });
    let proves = check_of(&finding.id).map(|check| check.proves);
    let id = finding.id.clone();
    view! {
        <Callout tone icon title=finding.message.clone()>
            {proves.map(|proves| view! { <p>{format!("It proves: {proves}")}</p> })}
            {mended(&finding)}
            {value}
            <p class="soft small">{format!("{word} · check {id}")} {place}</p>
        </Callout>
    }
    .into_any()
}

/// What is enough, why nothing less is, and what else would do.
fn mended(finding: &Finding) -> AnyView {
    let mend = mends(finding.action);
    let first = (!mend.is_empty()).then(|| {
        let why = finding.why.clone();
        view! { <p>{format!("{mend} {why}")}</p> }
    });
    let by_hand = finding
        .by_hand
        .clone()
        .map(|how| view! { <p>{format!("By hand: {how}")}</p> });
    let otherwise = finding.otherwise.clone();
    let else_ = (!otherwise.is_empty()).then(|| {
        view! {
            <details class="fold">
                <summary>"What else would mend it, with more harm"</summary>
                <div class="fold__body">
                    <ol class="list">
                        {otherwise
                            .into_iter()
                            .map(|remedy| {
                                view! {
                                    <li>{format!("{} {}", mends(remedy.action), remedy.why)}</li>
                                }
                            })
                            .collect_view()}
                    </ol>
                </div>
            </details>
        }
    });
    view! {
        {first}
        {by_hand}
        {else_}
    }
    .into_any()
}

/// What would mend it; empty where nothing needs mending.
fn mends(action: Action) -> String {
    match action {
        Action::Nothing => String::new(),
        Action::Wait => "Wait.".to_owned(),
        Action::RestartOnly => "A restart is enough.".to_owned(),
        Action::RollBackTo(batch) => {
            format!("Going back to the end of batch {batch} mends it.")
        }
        Action::RestoreBackup => "A restored backup mends it.".to_owned(),
        Action::NewStartAtOffsets => "A new start at chosen offsets mends it.".to_owned(),
        Action::FullReset => "A new start from nothing mends it.".to_owned(),
    }
}
