//! A stream: the verdict and what to do about it, then everything that was
//! seen, section by section.

mod about;
mod changed;
mod checkpoint;
mod file;
mod files;
mod findings;
mod health;
mod jobs;
mod log;
mod offsets;
mod partitions;
mod seen;
mod sink;
mod troubleshoot;
mod unprinted;
mod verdict;

use domain::error::{ErrorKind, WireError};
use domain::ids::StreamName;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use crate::api::AppError;
use crate::api::read::{fetch_log_tail, fetch_stream};
use crate::components::*;
use crate::paths;
use crate::ui::*;
use crate::view::{LogTail, StreamPage};

type Page = Current<StreamPage>;

/// The page of the stream in the address.
#[component]
pub fn Stream() -> AnyView {
    let params = use_params_map();
    let name = Memo::new(move |_| {
        params.with(|params| {
            let name = params.get_str("name")?;
            name.parse::<StreamName>().ok()
        })
    });
    let fetched = Resource::new_blocking(
        move || name.get(),
        |name| async { fetch_stream(known(name)?).await },
    );
    // Read apart, since a log is slow to read.
    let log = Resource::new_blocking(
        move || name.get(),
        |name| async { fetch_log_tail(known(name)?).await },
    );
    // Another stream is another page, and nothing of this one is kept. No
    // resource is made in here: it is called more often on the server than in
    // the browser, and they are told apart by the order in which they are made.
    (move || {
        name.track();
        once_fetched(fetched, move |first: StreamPage| {
            let address = paths::live_streams();
            drawn(Current::keep(first, fetched, address, |page| page.now), log)
        })
    })
    .into_any()
}

/// A file of the checkpoint of the stream in the address.
#[component]
pub fn CheckpointFilePage() -> AnyView {
    file::page()
}

/// The probes of what surrounds the stream in the address.
#[component]
pub fn Troubleshoot() -> AnyView {
    troubleshoot::page()
}

/// Where the stream in the address got to.
#[component]
pub fn Offsets() -> AnyView {
    offsets::page()
}

fn known(name: Option<StreamName>) -> Result<StreamName, AppError> {
    name.ok_or_else(|| {
        AppError(WireError::new(
            ErrorKind::NotFound,
            "There is no such stream.",
            "Look for it among the streams.",
        ))
    })
}

fn drawn(page: Page, log: Fetched<LogTail>) -> AnyView {
    let sections = [
        ("findings", "Findings", findings::findings(page)),
        ("health", "Health", health::health(page)),
        ("partitions", "Partitions", partitions::partitions(page)),
        ("job-runs", "Job runs", jobs::job_runs(page)),
        ("log", "Log", log::log(page, log)),
        ("checkpoint", "Checkpoint", checkpoint::checkpoint(page)),
        ("sink", "Sink", sink::sink(page)),
        (
            "resets",
            "Resets so far",
            view! { <Resets page /> }.into_any(),
        ),
        (
            "configuration",
            "Contacts and configuration",
            about::configuration(page),
        ),
    ];
    let index = sections
        .iter()
        .map(|(id, title, _)| {
            view! {
                <li>
                    <a class="section-index__link" href=format!("#{id}")>
                        {*title}
                    </a>
                </li>
            }
        })
        .collect_view();
    let sections = sections
        .into_iter()
        .map(|(id, title, body)| {
            view! {
                <section class="section" id=id aria-label=title>
                    <h2>{title}</h2>
                    {body}
                </section>
            }
        })
        .collect_view();
    view! {
        <Title text=page.once(|page| page.stream.name.to_string()) />
        <div class="page">
            <Head page />
            <Freshness of=page />
            <ErrorInAddress />
            {verdict::verdict(page)}
            <div class="indexed">
                <nav class="section-index" aria-label="Sections">
                    <ul class="section-index__list">{index}</ul>
                </nav>
                <div class="indexed__sections">{sections}</div>
            </div>
        </div>
    }
    .into_any()
}

/// What the stream is called, and as of when all this is.
#[component]
fn Head(page: Page) -> AnyView {
    let trouble = page.once(|page| paths::troubleshoot(&page.stream.name));
    let (name, title, environment, owner) = page.once(|page| {
        let stream = &page.stream;
        (
            stream.name.to_string(),
            stream.title.clone(),
            stream.environment.clone(),
            stream.owner.clone(),
        )
    });
    let kind = page.part(|page| page.row.verdict.as_ref().map(|verdict| verdict.kind));
    let seen_at = page.part(|page| page.row.seen_at);
    let seen = move || match seen_at.get() {
        Some(at) => {
            view! { "Looked at " <Time at_ms=at.0 now_ms=page.now_ms /> "." }.into_any()
        }
        None => "Not looked at yet.".into_any(),
    };
    view! {
        <div class="page__head">
            <div>
                <div class="row">
                    <h1>{name}</h1>
                    {move || view! { <VerdictChip kind=kind.get() /> }}
                </div>
                <p class="soft">{format!("{title} · {environment} · {owner}")}</p>
            </div>
            <div class="row">
                <span class="soft small">{seen}</span>
                <LinkButton href=trouble icon=IconName::Search>
                    "Troubleshoot"
                </LinkButton>
            </div>
        </div>
    }
    .into_any()
}

#[component]
fn Resets(page: Page) -> AnyView {
    let runs = page.part(|page| page.runs.clone());
    let none = Memo::new(move |_| runs.with(Vec::is_empty));
    (move || {
        if none.get() {
            view! {
                <EmptyState title="No resets yet.">
                    <p>"The first one will show here with its report."</p>
                </EmptyState>
            }
            .into_any()
        } else {
            view! { <RunsTable runs now_ms=page.now_ms of_one_stream=true /> }.into_any()
        }
    })
    .into_any()
}
