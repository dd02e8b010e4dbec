//! Questions to what surrounds a stream, one row each.

use domain::probe::{Answer, Outcome, Probe};
use domain::text::{counted, thousands};
use leptos::prelude::*;

use crate::ui::*;

/// How many of each outcome, the bad ones first.
#[must_use]
pub fn probe_summary<'a>(probes: impl Iterator<Item = &'a Probe>) -> String {
    let outcomes: Vec<Outcome> = probes.map(|probe| probe.answer.outcome).collect();
    let of = |wanted| {
        outcomes
            .iter()
            .filter(|outcome| **outcome == wanted)
            .count()
    };
    let parts: Vec<String> = [
        Outcome::Failed,
        Outcome::NotPermitted,
        Outcome::NotConfigured,
        Outcome::Passed,
    ]
    .into_iter()
    .map(|outcome| (of(outcome), outcome))
    .filter(|(count, _)| *count > 0)
    .map(|(count, outcome)| format!("{count} {}", outcome.word()))
    .collect();
    let asked = counted(outcomes.len() as u64, "question", "questions");
    format!("{asked}: {}.", parts.join(", "))
}

/// A table of questions.
pub fn probe_table(caption: String, rows: AnyView) -> AnyView {
    view! {
        <Table caption>
            <thead>
                <tr>
                    <Th>"Question"</Th>
                    <Th>"Outcome"</Th>
                    <Th>"Why"</Th>
                    <Th numeric=true>"Took"</Th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </Table>
    }
    .into_any()
}

/// A question and what came of it, as a row.
pub fn probe_row(probe: Probe) -> AnyView {
    let chip = chip(probe.answer.outcome);
    row_with(probe, chip)
}

/// As [`probe_row`], where a failure keeps nothing from being done.
pub fn probe_row_of_warning(probe: Probe) -> AnyView {
    let chip = match probe.answer.outcome {
        Outcome::Failed => view! {
            <Chip tone=Tone::Warning icon=IconName::Warning>
                "failed, stops nothing"
            </Chip>
        }
        .into_any(),
        other => chip(other),
    };
    row_with(probe, chip)
}

fn row_with(probe: Probe, chip: AnyView) -> AnyView {
    let Probe {
        id,
        asks,
        calls,
        command,
        answer,
        took_ms,
    } = probe;
    let took = match (took_ms, answer.outcome) {
        (Some(ms), _) => format!("{} ms", thousands(ms)),
        (None, Outcome::NotConfigured) => "not asked".to_owned(),
        (None, _) => "asked with others".to_owned(),
    };
    view! {
        <tr id=id>
            <ThRow>
                <TwoLines note=calls.into_any()>
                    <span class="probe__asks">{format!("{asks}?")}</span>
                </TwoLines>
            </ThRow>
            <Td label="Outcome">{chip}</Td>
            <Td label="Why">{told(answer, command)}</Td>
            <Td label="Took" numeric=true>
                <span>{took}</span>
            </Td>
        </tr>
    }
    .into_any()
}

fn chip(outcome: Outcome) -> AnyView {
    let (tone, icon) = match outcome {
        Outcome::Passed => (Tone::Good, IconName::Check),
        Outcome::Failed => (Tone::Danger, IconName::Octagon),
        Outcome::NotPermitted => (Tone::Unknown, IconName::Lock),
        Outcome::NotConfigured => (Tone::Neutral, IconName::Minus),
    };
    view! {
        <Chip tone icon>
            {outcome.word()}
        </Chip>
    }
    .into_any()
}

fn told(answer: Answer, command: String) -> AnyView {
    let Answer {
        reason,
        next,
        shown,
        ..
    } = answer;
    let next = (!next.is_empty()).then(|| {
        view! {
            <p>
                <strong>"Next: "</strong>
                {next}
            </p>
        }
    });
    let command = (!command.is_empty()).then(|| {
        view! {
            <details class="fold">
                <summary>"By hand"</summary>
                <div class="fold__body">
                    <Code text=command what="the command" wrap=true />
                </div>
            </details>
        }
    });
    let shown = shown
        .into_iter()
        .map(|(title, text)| {
            view! {
                <details class="fold">
                    <summary>{title.clone()}</summary>
                    <div class="fold__body">
                        <Code text what=title wrap=true />
                    </div>
                </details>
            }
        })
        .collect_view();
    view! {
        <div class="stack stack--tight">
            <p>{reason}</p>
            {next}
            {shown}
            {command}
        </div>
    }
    .into_any()
}
