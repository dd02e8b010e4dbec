//! The home page: every stream, worst first.

use domain::ids::StreamName;
use domain::text::counted;
use domain::verdict::VerdictKind;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_query_map};

use crate::api::read::fetch_streams;
use crate::components::*;
use crate::paths;
use crate::ui::*;
use crate::view::{StreamRow, StreamsPage};

type Page = Current<StreamsPage>;

/// The page.
#[component]
pub fn Streams() -> AnyView {
    let fetched = Resource::new_blocking(|| (), |()| fetch_streams());
    view! {
        <Title text="Streams" />
        {once_fetched(
            fetched,
            move |first| {
                drawn(Current::keep(first, fetched, paths::live_streams(), |page| page.now))
            },
        )}
    }
    .into_any()
}

/// What the address asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Filter {
    verdict: Option<VerdictKind>,
    text: String,
}

impl Filter {
    /// Whether the text is found in what names a stream.
    fn finds(&self, row: &StreamRow) -> bool {
        let wanted = self.text.trim().to_lowercase();
        [row.name.as_str(), &row.title, &row.environment, &row.owner]
            .iter()
            .any(|text| text.to_lowercase().contains(&wanted))
    }

    /// Whether a stream is shown. One that was not looked at yet is as unknown
    /// as one that could not be read.
    fn shows(&self, row: &StreamRow) -> bool {
        self.verdict.is_none_or(|verdict| verdict == kind(row)) && self.finds(row)
    }
}

fn kind(row: &StreamRow) -> VerdictKind {
    row.verdict
        .as_ref()
        .map_or(VerdictKind::Unknown, |verdict| verdict.kind)
}

fn drawn(page: Page) -> AnyView {
    let query = use_query_map();
    let filter = Memo::new(move |_| {
        query.with(|query| Filter {
            verdict: query.get_str("verdict").and_then(verdict_of),
            text: query.get_str("q").unwrap_or_default().to_owned(),
        })
    });
    let waiting = page.part(|page| page.waiting.clone());
    let common = page.part(|page| page.common.clone());
    view! {
        <div class="page">
            <div class="page__head">
                <div>
                    <h1>"Streams"</h1>
                    <Summary page />
                </div>
                <FilterBox filter />
            </div>
            <Freshness of=page />
            <CommonCauses causes=common now_ms=page.now_ms />
            <Waiting items=waiting now_ms=page.now_ms />
            <VerdictFilters page filter />
            <Rows page filter />
        </div>
    }
    .into_any()
}

/// How many streams there are, and how many should be looked at.
#[component]
fn Summary(page: Page) -> AnyView {
    let counts = page.part(|page| {
        let wrong = page
            .streams
            .iter()
            .filter(|row| needs_attention(Some(kind(row))));
        (wrong.count(), page.streams.len())
    });
    view! {
        <p class="soft">
            {move || match counts.get() {
                (_, 0) => String::new(),
                (0, all) => {
                    format!("{}, none needs attention.", counted(all as u64, "stream", "streams"))
                }
                (1, all) => format!("1 of {all} streams needs attention."),
                (wrong, all) => format!("{wrong} of {all} streams need attention."),
            }}
        </p>
    }
    .into_any()
}

/// Narrows the list by a text. It is a plain form; in the browser the list
/// follows each key.
#[component]
fn FilterBox(filter: Memo<Filter>) -> AnyView {
    let navigate = use_navigate();
    let follow = Callback::new(move |text: String| {
        let options = NavigateOptions {
            replace: true,
            scroll: false,
            ..NavigateOptions::default()
        };
        let verdict = filter.with_untracked(|filter| filter.verdict);
        navigate(&paths::streams_filtered(verdict, &text), options);
    });
    let text = Signal::derive(move || filter.with(|filter| filter.text.clone()));
    let verdict = move || filter.with(|filter| filter.verdict).map(VerdictKind::slug);
    view! {
        <form
            method="get"
            action=paths::streams()
            on:submit=|event: SubmitEvent| event.prevent_default()
        >
            <div class="filter-bar">
                {move || {
                    verdict().map(|slug| view! { <input type="hidden" name="verdict" value=slug /> })
                }}
                <Field id="filter" label="Name or owner">
                    <TextInput id="filter" name="q" kind="search" value=text on_input=follow />
                </Field>
                <Button kind=ButtonKind::Submit icon=IconName::Search>
                    "Filter the streams"
                </Button>
            </div>
        </form>
    }
    .into_any()
}

/// Each verdict that there is, with its count, as a filter.
#[component]
fn VerdictFilters(page: Page, filter: Memo<Filter>) -> AnyView {
    let kinds = page.part(|page| {
        page.streams
            .iter()
            .map(|row| (kind(row), row.clone()))
            .collect::<Vec<_>>()
    });
    let counts = Memo::new(move |_| {
        let filter = filter.get();
        kinds.with(|rows| {
            let count = |kind| {
                rows.iter()
                    .filter(|(found, row)| *found == kind && filter.finds(row))
                    .count()
            };
            VerdictKind::ALL
                .into_iter()
                .map(|kind| (kind, count(kind) as u64))
                .filter(|(kind, count)| *count > 0 || filter.verdict == Some(*kind))
                .collect::<Vec<_>>()
        })
    });
    let links = move || {
        let Filter { verdict, text } = filter.get();
        let link = |(kind, count): (VerdictKind, u64)| {
            let current = verdict == Some(kind);
            let (tone, icon) = verdict_look(Some(kind));
            let href = paths::streams_filtered((!current).then_some(kind), &text);
            view! {
                <ChipLink tone icon href count current>
                    {kind.word()}
                </ChipLink>
            }
        };
        counts.get().into_iter().map(link).collect_view()
    };
    view! {
        <nav class="row" aria-label="Verdicts">
            {links}
        </nav>
    }
    .into_any()
}

#[component]
fn Rows(page: Page, filter: Memo<Filter>) -> AnyView {
    let all = page.part(|page| page.streams.clone());
    let names = Memo::new(move |_| {
        let filter = filter.get();
        all.with(|rows| {
            let shown = rows.iter().filter(|row| filter.shows(row));
            shown
                .map(|row| row.name.clone())
                .collect::<Vec<StreamName>>()
        })
    });
    let row_of = Callback::new(move |name: StreamName| {
        page.part(move |page| page.streams.iter().find(|row| row.name == name).cloned())
    });
    let counts = Memo::new(move |_| (all.with(Vec::len), names.with(Vec::len)));
    (move || match counts.get() {
        (0, _) => view! {
            <EmptyState title="There is no stream that you may see.">
                <p>
                    "Streams stand in Sluice's configuration. Which of them a person sees follows from their roles."
                </p>
            </EmptyState>
        }
        .into_any(),
        (_, 0) => view! {
            <EmptyState title="No stream matches.">
                <p>
                    <a href=paths::streams()>"Show every stream"</a>
                </p>
            </EmptyState>
        }
        .into_any(),
        (_, _) => view! { <StreamsTable names row_of now_ms=page.now_ms /> }.into_any(),
    })
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, owner: &str) -> StreamRow {
        StreamRow {
            name: name.parse().unwrap(),
            title: String::new(),
            environment: "prod".to_owned(),
            owner: owner.to_owned(),
            verdict: None,
            seen_at: None,
            lag: None,
            batch: None,
            batch_at: None,
            job_state: None,
            spark: Vec::new(),
            open_run: None,
        }
    }

    #[test]
    fn the_filter_finds_by_name_and_owner_whatever_the_case() {
        let finds = |text: &str| {
            let filter = Filter {
                verdict: None,
                text: text.to_owned(),
            };
            filter.shows(&row("orders", "Team Checkout"))
        };
        assert!(finds(""));
        assert!(finds(" ORD "));
        assert!(finds("checkout"));
        assert!(!finds("payments"));
    }

    #[test]
    fn a_stream_without_a_look_is_found_among_the_unknown() {
        let shows = |verdict| {
            let filter = Filter {
                verdict: Some(verdict),
                text: String::new(),
            };
            filter.shows(&row("orders", ""))
        };
        assert!(shows(VerdictKind::Unknown));
        assert!(!shows(VerdictKind::Healthy));
    }
}
