//! The report's lists.

use domain::report::{Report, ReportStep};
use domain::run::{Answer, ChecklistItem};
use domain::time::human_duration;
use leptos::prelude::*;

use crate::components::Happened;
use crate::ui::*;

/// What was asked before the reset, and who or what answered.
pub(super) fn checklist(report: &Report) -> impl IntoView + use<> {
    let rows = report
        .checklist
        .iter()
        .cloned()
        .map(answered)
        .collect_view();
    view! {
        <section class="section">
            <h2>"Checklist"</h2>
            <Table caption="The checklist and its answers" caption_hidden=true>
                <thead>
                    <tr>
                        <Th>"Item"</Th>
                        <Th>"Answered by"</Th>
                        <Th>"Answer"</Th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </Table>
        </section>
    }
}

fn answered((item, answer): (ChecklistItem, Option<Answer>)) -> impl IntoView {
    let (by, text) = match answer {
        Some(Answer::Evidence {
            text,
            supports: true,
        }) => ("evidence", text),
        Some(Answer::Evidence {
            text,
            supports: false,
        }) => ("evidence against a reset", text),
        Some(Answer::Step { text }) => ("a step of this Run", text),
        Some(Answer::Word { text } | Answer::Explained { text, .. }) => {
            ("a person", text)
        }
        None => ("nobody", "not answered".to_owned()),
    };
    view! {
        <tr>
            <ThRow>{item.title()}</ThRow>
            <Td label="Answered by">{by}</Td>
            <Td label="Answer">{text}</Td>
        </tr>
    }
}

/// What was done, step by step.
pub(super) fn steps(
    report: &Report,
    now_ms: Signal<i64>,
) -> Option<impl IntoView + use<>> {
    let steps = report.steps.clone();
    (!steps.is_empty()).then(|| {
        view! {
            <section class="section">
                <h2>"Steps"</h2>
                <Table caption="Steps as they were done" caption_hidden=true>
                    <thead>
                        <tr>
                            <Th>"Step"</Th>
                            <Th>"Outcome"</Th>
                            <Th numeric=true>"Attempts"</Th>
                            <Th>"Began"</Th>
                            <Th numeric=true>"Took"</Th>
                            <Th>"What it did"</Th>
                        </tr>
                    </thead>
                    <tbody>
                        {steps.into_iter().map(|step| done(step, now_ms)).collect_view()}
                    </tbody>
                </Table>
            </section>
        }
    })
}

fn done(step: ReportStep, now_ms: Signal<i64>) -> impl IntoView {
    let (tone, icon) = match step.outcome.as_str() {
        "done" => (Tone::Good, IconName::Check),
        "warned" => (Tone::Warning, IconName::Check),
        "failed" => (Tone::Danger, IconName::Cross),
        "unknown" => (Tone::Unknown, IconName::Question),
        _ => (Tone::Neutral, IconName::Circle),
    };
    view! {
        <tr>
            <ThRow>{step.title}</ThRow>
            <Td label="Outcome">
                <Chip tone icon>
                    {step.outcome}
                </Chip>
            </Td>
            <Td label="Attempts" numeric=true>
                {grouped(step.attempts)}
            </Td>
            <Td label="Began">
                {match step.began_at {
                    Some(at) => view! { <Time at_ms=at.0 now_ms /> }.into_any(),
                    None => view! { "not begun" }.into_any(),
                }}
            </Td>
            <Td label="Took" numeric=true>
                {step.took_ms.map_or_else(|| "unknown".to_owned(), human_duration)}
            </Td>
            <Td label="What it did">{step.did}</Td>
        </tr>
    }
}

/// Everything that happened, oldest first.
pub(super) fn timeline(report: &Report, now_ms: Signal<i64>) -> impl IntoView + use<> {
    let timeline = report.timeline.iter().cloned();
    let entries = timeline
        .map(|entry| (entry.at, entry.who, entry.what))
        .collect();
    view! {
        <section class="section">
            <h2>"Timeline"</h2>
            <Happened entries now_ms />
        </section>
    }
}

/// By what all of this can be proved.
pub(super) fn audit(report: &Report) -> impl IntoView + use<> {
    let plans = report
        .plans
        .clone()
        .into_iter()
        .map(|(kind, id)| {
            let name = format!("Plan to {}", kind.word());
            view! {
                <Fact name>
                    <Copyable value=id.to_string() what="the plan's id" />
                </Fact>
            }
        })
        .collect_view();
    let (run, head) = (report.run.to_string(), report.audit_head.clone());
    let backup = report.backup.clone().map(|(backup, manifest)| {
        view! {
            <Fact name="Backup">
                <Copyable value=backup what="the backup's address" />
            </Fact>
            <Fact name="Manifest">
                <Copyable value=manifest what="the manifest's address" />
            </Fact>
        }
    });
    view! {
        <section class="section">
            <h2>"Audit"</h2>
            <Facts wide=true>
                <Fact name="Run">
                    <Copyable value=run what="the Run's id" />
                </Fact>
                {plans}
                {backup}
                <Fact name="Head of the journal">
                    <Copyable value=head what="the journal's head" />
                </Fact>
            </Facts>
        </section>
    }
}
