//! Runs as a table: of one stream, or of all.

use domain::run::{Ending, Stage};
use domain::text::thousands;
use domain::time::human_duration;
use leptos::prelude::*;

use super::run_rail::stage_title;
use super::verdict::Lasting;
use crate::paths;
use crate::ui::*;
use crate::view::RunRow;

/// Runs, newest first.
#[component]
pub fn RunsTable(
    /// The Runs.
    #[prop(into)]
    runs: Signal<Vec<RunRow>>,
    /// The present, in milliseconds since 1970 UTC.
    #[prop(into)]
    now_ms: Signal<i64>,
    /// Leaves the stream's name out, where the page is about one.
    #[prop(optional)]
    of_one_stream: bool,
) -> AnyView {
    view! {
        <Table caption="Resets, newest first" caption_hidden=true>
            <thead>
                <tr>
                    <Th>{if of_one_stream { "Opened" } else { "Stream" }}</Th>
                    <Th>"Outcome"</Th>
                    <Th>"What was wrong"</Th>
                    <Th>"Option"</Th>
                    <Th numeric=true>"Skipped"</Th>
                    <Th numeric=true>"Read again"</Th>
                    <Th>"Took"</Th>
                    <Th>"RTO"</Th>
                </tr>
            </thead>
            <tbody>
                {move || {
                    runs.get().into_iter().map(|run| row(run, now_ms, of_one_stream)).collect_view()
                }}
            </tbody>
        </Table>
    }
    .into_any()
}

fn row(run: RunRow, now_ms: Signal<i64>, of_one_stream: bool) -> impl IntoView {
    let address = paths::run(&run.run);
    let wrong = format!("{} {}", run.stream, run.verdict);
    let by = format!(" by {}", run.opened_by);
    let opened = view! { <Time at_ms=run.opened_at.0 now_ms /> }.into_any();
    let head = if of_one_stream {
        view! {
            <TwoLines note=by.into_any()>
                <a href=address>{opened}</a>
            </TwoLines>
        }
    } else {
        view! {
            <TwoLines note=view! { "opened " {opened} {by} }.into_any()>
                <a href=address>{run.stream.to_string()}</a>
            </TwoLines>
        }
    };
    let took = match run.ended_at {
        Some(ended) => human_duration(ended.since(run.opened_at)).into_any(),
        None => view! { <Lasting since=run.opened_at now_ms /> }.into_any(),
    };
    view! {
        <tr>
            <ThRow>{head}</ThRow>
            <Td label="Outcome">{outcome(run.ending, run.parked, run.stage)}</Td>
            <Td label="What was wrong">
                <span>{wrong}</span>
            </Td>
            <Td label="Option">
                <span>{run.option.unwrap_or_else(|| "not chosen".to_owned())}</span>
            </Td>
            <Td label="Skipped" numeric=true>
                <span>{records(run.skipped)}</span>
            </Td>
            <Td label="Read again" numeric=true>
                <span>{records(run.repeated)}</span>
            </Td>
            <Td label="Took">
                <span>{took}</span>
            </Td>
            <Td label="RTO">{kept(run.within_rto, run.ending)}</Td>
        </tr>
    }
}

/// By the plan; a Run without one has no numbers.
fn records(count: Option<u64>) -> String {
    count.map_or_else(|| "no plan".to_owned(), thousands)
}

fn outcome(ending: Option<Ending>, parked: bool, stage: Stage) -> impl IntoView {
    let (tone, icon, word) = match (ending, parked) {
        (Some(Ending::Done), _) => (Tone::Good, IconName::Check, "done"),
        (Some(Ending::Restored), _) => (Tone::Warning, IconName::Undo, "restored"),
        (Some(Ending::Closed), _) => (Tone::Neutral, IconName::Lock, "closed"),
        (None, true) => (Tone::Danger, IconName::Pause, "needs a person"),
        (None, false) => (Tone::Accent, IconName::Activity, "open"),
    };
    let at = ending
        .is_none()
        .then(|| format!("at {}", stage_title(stage)).into_any());
    view! {
        <TwoLines note=at>
            <Chip tone icon>
                {word}
            </Chip>
        </TwoLines>
    }
}

fn kept(within_rto: Option<bool>, ending: Option<Ending>) -> impl IntoView {
    match (within_rto, ending) {
        (Some(true), _) => view! {
            <Chip tone=Tone::Good icon=IconName::Check>
                "kept"
            </Chip>
        }
        .into_any(),
        (Some(false), _) => view! {
            <Chip tone=Tone::Warning icon=IconName::Clock>
                "missed"
            </Chip>
        }
        .into_any(),
        (None, None) => view! { <span class="soft">"still open"</span> }.into_any(),
        (None, Some(Ending::Done)) => {
            view! { <span class="soft">"unknown"</span> }.into_any()
        }
        (None, Some(Ending::Restored | Ending::Closed)) => {
            view! { <span class="soft">"nothing was reset"</span> }.into_any()
        }
    }
}
