//! Every Run, newest first.

use domain::text::counted;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::Form;
use leptos_router::hooks::use_query_map;

use crate::api::AppError;
use crate::api::read::fetch_runs;
use crate::components::*;
use crate::live;
use crate::paths;
use crate::ui::*;
use crate::view::{RunFilter, RunsPage};

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
    let live = live::follow(
        Signal::stored(paths::live_streams().to_owned()),
        Callback::new(move |()| fetched.refetch()),
    );
    Effect::new(move |_| {
        if fetched.get().is_some() {
            live.refreshed();
        }
    });
    view! {
        <Title text="Runs" />
        <Transition fallback=page_to_come>
            {move || Suspend::new(async move {
                match fetched.await {
                    Ok(page) => {
                        let at = page.now.0;
                        drawn(page, live, live.now_ms(move || at))
                    }
                    Err(AppError(error)) => view! { <FailedPage error /> }.into_any(),
                }
            })}
        </Transition>
    }
    .into_any()
}

fn drawn(page: RunsPage, live: live::Live, now_ms: Signal<i64>) -> AnyView {
    let RunsPage {
        filter,
        runs,
        streams,
        ..
    } = page;
    let filtered = filter != RunFilter::default();
    let count = runs.len();
    let list = match (count, filtered) {
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
        (_, _) => view! { <RunsTable runs now_ms /> }.into_any(),
    };
    let names = streams.iter().map(ToString::to_string).collect();
    view! {
        <div class="page">
            <div class="page__head">
                <div>
                    <h1>"Runs"</h1>
                    <p class="soft">
                        {if filtered {
                            format!("{} shown.", counted(count as u64, "Run", "Runs"))
                        } else {
                            "Every reset, from its first click to its report.".to_owned()
                        }}
                    </p>
                </div>
                {filters(filter, names)}
            </div>
            <LiveNote live />
            {list}
        </div>
    }
    .into_any()
}

/// A plain form: what it sets stands in the address.
fn filters(filter: RunFilter, streams: Vec<String>) -> AnyView {
    let streams = std::iter::once((String::new(), "every stream".to_owned()))
        .chain(streams.into_iter().map(|name| (name.clone(), name)))
        .collect();
    let pairs = |pairs: &[(&str, &str)]| {
        pairs
            .iter()
            .map(|(value, label)| ((*value).to_owned(), (*label).to_owned()))
            .collect()
    };
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
    view! {
        <Form method="get" action=paths::runs(&RunFilter::default())>
            <div class="filter-bar">
                <Field id="stream" label="Stream">
                    <Select id="stream" name="stream" options=streams value=filter.stream />
                </Field>
                <Field id="outcome" label="Outcome">
                    <Select id="outcome" name="outcome" options=outcomes value=filter.outcome />
                </Field>
                <Field id="option" label="Option">
                    <Select id="option" name="option" options value=filter.option />
                </Field>
                <Button kind=ButtonKind::Submit icon=IconName::Search>
                    "Filter the Runs"
                </Button>
            </div>
        </Form>
    }
    .into_any()
}
