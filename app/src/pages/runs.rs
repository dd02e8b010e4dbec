//! Every Run, newest first.

use domain::text::counted;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_query_map};

use crate::api::read::fetch_runs;
use crate::components::*;
use crate::paths;
use crate::ui::*;
use crate::view::{RunFilter, RunsPage};

type Page = Current<RunsPage>;

/// The page.
#[component]
pub fn Runs() -> AnyView {
    let query = use_query_map();
    let filter = Memo::new(move |_| {
        query.with(|query| {
            let field = |name: &str| query.get_str(name).unwrap_or_default().to_owned();
            RunFilter {
                stream: field("stream"),
                outcome: field("outcome"),
                option: field("option"),
            }
        })
    });
    let fetched = Resource::new_blocking(move || filter.get(), fetch_runs);
    view! {
        <Title text="Runs" />
        {once_fetched(
            fetched,
            move |first| {
                drawn(
                    Current::keep(first, fetched, paths::live_streams(), |page| page.now),
                    filter,
                )
            },
        )}
    }
    .into_any()
}

fn drawn(page: Page, filter: Memo<RunFilter>) -> AnyView {
    let shown = page.part(|page| (page.runs.len(), page.filter != RunFilter::default()));
    let lead = move || match shown.get() {
        (_, false) => "Every reset, from its first click to its report.".to_owned(),
        (count, true) => {
            format!("{} of this kind.", counted(count as u64, "reset", "resets"))
        }
    };
    let runs = page.part(|page| page.runs.clone());
    let list = move || match shown.get() {
        (0, false) => view! {
            <EmptyState title="No resets yet.">
                <p>"The first one will show here with its report."</p>
            </EmptyState>
        }
        .into_any(),
        (0, true) => view! {
            <EmptyState title="No Run matches.">
                <p>
                    <a href=paths::runs(&RunFilter::default())>"Show every Run"</a>
                </p>
            </EmptyState>
        }
        .into_any(),
        (_, _) => view! { <RunsTable runs now_ms=page.now_ms /> }.into_any(),
    };
    view! {
        <div class="page">
            <div class="page__head">
                <div>
                    <h1>"Runs"</h1>
                    <p class="soft">{lead}</p>
                </div>
                <Filters page filter />
            </div>
            <Freshness of=page />
            {list}
        </div>
    }
    .into_any()
}

/// What narrows the list down. It is a plain form; in the browser the list
/// follows each choice.
#[component]
fn Filters(page: Page, filter: Memo<RunFilter>) -> AnyView {
    let navigate = use_navigate();
    let follow = Callback::new(move |filter: RunFilter| {
        let options = NavigateOptions {
            replace: true,
            scroll: false,
            ..NavigateOptions::default()
        };
        navigate(&paths::runs(&filter), options);
    });
    let set = move |set: fn(&mut RunFilter, String)| {
        Callback::new(move |value| {
            let mut wanted = filter.get_untracked();
            set(&mut wanted, value);
            follow.run(wanted);
        })
    };
    let names = page.once(|page| {
        page.streams
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    });
    let streams = std::iter::once((String::new(), "every stream".to_owned()))
        .chain(names.into_iter().map(|name| (name.clone(), name)))
        .collect();
    let outcomes = pairs(&[
        ("", "every outcome"),
        ("open", "open"),
        ("done", "done"),
        ("restored", "restored"),
        ("closed", "closed"),
    ]);
    let options = pairs(&[
        ("", "every option"),
        ("A", "A, latest"),
        ("B", "B, time or offsets"),
        ("C", "C, earliest"),
    ]);
    let stream = Signal::derive(move || filter.with(|filter| filter.stream.clone()));
    let outcome = Signal::derive(move || filter.with(|filter| filter.outcome.clone()));
    let option = Signal::derive(move || filter.with(|filter| filter.option.clone()));
    view! {
        <form
            method="get"
            action=paths::runs(&RunFilter::default())
            on:submit=|event: SubmitEvent| event.prevent_default()
        >
            <div class="filter-bar">
                <Field id="stream" label="Stream">
                    <Select
                        id="stream"
                        name="stream"
                        options=streams
                        value=stream
                        on_change=set(|filter, value| filter.stream = value)
                    />
                </Field>
                <Field id="outcome" label="Outcome">
                    <Select
                        id="outcome"
                        name="outcome"
                        options=outcomes
                        value=outcome
                        on_change=set(|filter, value| filter.outcome = value)
                    />
                </Field>
                <Field id="option" label="Option">
                    <Select
                        id="option"
                        name="option"
                        options
                        value=option
                        on_change=set(|filter, value| filter.option = value)
                    />
                </Field>
                <Button kind=ButtonKind::Submit icon=IconName::Search>
                    "Filter the Runs"
                </Button>
            </div>
        </form>
    }
    .into_any()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(value, label)| ((*value).to_owned(), (*label).to_owned()))
        .collect()
}
