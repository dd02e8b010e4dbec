//! Streams as a table, one row each.

use domain::ids::StreamName;
use domain::snapshot::JobRunState;
use domain::text::{counted, thousands};
use domain::time::{Millis, human_duration};
use domain::verdict::Lag;
use leptos::prelude::*;

use super::job_state::JobStateChip;
use super::verdict::{Lasting, VerdictChip, loss_in};
use crate::paths;
use crate::ui::*;
use crate::view::StreamRow;

/// A look older than this is said to be old: some polls have failed to come.
const OLD_MS: i64 = 180_000;

/// Streams, in the order in which they are named.
#[component]
pub fn StreamsTable(
    /// Which, in order.
    #[prop(into)]
    names: Signal<Vec<StreamName>>,
    /// The row of a stream, which changes on its own.
    row_of: Callback<StreamName, Memo<Option<StreamRow>>>,
    /// The present, in milliseconds since 1970 UTC.
    #[prop(into)]
    now_ms: Signal<i64>,
) -> AnyView {
    view! {
        <Table caption="Streams, worst first" caption_hidden=true>
            <thead>
                <tr>
                    <Th>"Stream"</Th>
                    <Th>"Verdict"</Th>
                    <Th numeric=true>"Lag"</Th>
                    <Th>"Last batch"</Th>
                    <Th>"Data is lost"</Th>
                    <Th>"Processed, last hour"</Th>
                    <Th>"Job run"</Th>
                </tr>
            </thead>
            <tbody>
                <For
                    each=move || names.get()
                    key=|name| name.clone()
                    children=move |name| {
                        let row = row_of.run(name);
                        move || row.get().map(|row| cells(row, now_ms))
                    }
                />
            </tbody>
        </Table>
    }
    .into_any()
}

fn cells(row: StreamRow, now_ms: Signal<i64>) -> impl IntoView {
    let name = row.name;
    let belongs = format!("{} · {} · {}", row.title, row.environment, row.owner);
    let spark = shape(&name, row.spark);
    let since = row.verdict.as_ref().and_then(|verdict| verdict.since);
    view! {
        <tr>
            <ThRow>
                <TwoLines note=belongs.into_any()>
                    <a href=paths::stream(&name)>{name.to_string()}</a>
                    {row
                        .open_run
                        .map(|run| {
                            view! {
                                " · "
                                <a href=paths::run(&run)>"reset under way"</a>
                            }
                        })}
                </TwoLines>
            </ThRow>
            <Td label="Verdict">
                <TwoLines note=verdict_note(since, row.seen_at, now_ms)>
                    <VerdictChip kind=row.verdict.map(|verdict| verdict.kind) />
                </TwoLines>
            </Td>
            <Td label="Lag" numeric=true>
                {lag_cell(row.lag)}
            </Td>
            <Td label="Last batch">{batch_cell(row.batch, row.batch_at, now_ms)}</Td>
            <Td label="Data is lost">{loss(row.lag)}</Td>
            <Td label="Processed">{spark}</Td>
            <Td label="Job run">
                {match row.job_state {
                    Some(word) => view! { <JobStateChip state=JobRunState::from(word) /> }.into_any(),
                    None => view! { <span class="soft">"none known"</span> }.into_any(),
                }}
            </Td>
        </tr>
    }
}

/// Since when it is so, and as of when where that is long ago.
fn verdict_note(
    since: Option<Millis>,
    seen_at: Option<Millis>,
    now_ms: Signal<i64>,
) -> Option<AnyView> {
    let seen_at = seen_at?;
    let old = Memo::new(move |_| Millis(now_ms.get()).since(seen_at) > OLD_MS);
    let lasting = since.map(|since| view! { <Lasting since now_ms /> });
    let view = view! {
        {lasting}
        {move || {
            old.get()
                .then(|| {
                    view! {
                        <div>"seen " <Time at_ms=seen_at.0 now_ms /></div>
                    }
                })
        }}
    };
    Some(view.into_any())
}

fn lag_cell(lag: Option<Lag>) -> AnyView {
    match lag {
        None => view! { <span class="soft">"unknown"</span> }.into_any(),
        Some(lag) if lag.records == 0 => {
            view! { <span>"nothing waits"</span> }.into_any()
        }
        Some(lag) => {
            let age = match lag.unread_ms {
                Some(ms) => format!("up to {} old", human_duration(ms)),
                None => "age unknown".to_owned(),
            };
            let records = counted(lag.records, "record", "records");
            view! { <TwoLines note=age.into_any()>{records}</TwoLines> }.into_any()
        }
    }
}

fn batch_cell(batch: Option<i64>, at: Option<Millis>, now_ms: Signal<i64>) -> AnyView {
    let Some(batch) = batch else {
        return view! { <span class="soft">"unknown"</span> }.into_any();
    };
    let age = at.map(|at| view! { <Time at_ms=at.0 now_ms /> }.into_any());
    view! {
        <TwoLines note=age>
            <span class="number">{batch}</span>
        </TwoLines>
    }
    .into_any()
}

/// When unread records are past their retention.
fn loss(lag: Option<Lag>) -> AnyView {
    let (tone, text) = match lag {
        None => (Tone::Unknown, "unknown".to_owned()),
        Some(lag) if lag.lost > 0 => {
            (Tone::Danger, format!("{} lost", thousands(lag.lost)))
        }
        Some(Lag {
            loss: Some(loss), ..
        }) => (Tone::Neutral, loss_in(loss)),
        Some(lag) if lag.records == 0 => (Tone::Neutral, "nothing waits".to_owned()),
        Some(_) => (Tone::Neutral, "no limit known".to_owned()),
    };
    match tone {
        Tone::Danger => view! {
            <Chip tone icon=IconName::Drop>
                {text}
            </Chip>
        }
        .into_any(),
        Tone::Unknown => view! { <span class="soft">{text}</span> }.into_any(),
        _ => view! { <span>{text}</span> }.into_any(),
    }
}

fn shape(name: &StreamName, points: Vec<crate::view::Point>) -> AnyView {
    let values: Vec<Option<f64>> = points.into_iter().map(|point| point.value).collect();
    if values.iter().all(Option::is_none) {
        return view! { <span class="soft">"unknown"</span> }.into_any();
    }
    let label = format!("Records processed a minute by {name}, last hour");
    view! { <Sparkline label values /> }.into_any()
}
