//! A Run: the rail, the stage, and the card that never leaves.

mod agreement;
mod backups;
mod checklist;
mod plan;
mod progress;
mod report;
mod secure;
mod way_out;

use domain::run::{Ending, Stage};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::{Outlet, ParentRoute, Redirect, Route};
use leptos_router::hooks::use_location;
use leptos_router::{MatchNestedRoutes, NavigateOptions, SsrMode, path};

use crate::components::*;
use crate::paths;
use crate::ui::*;

/// A Run's addresses: one for each stage, and one that leads to where it
/// stands.
#[component(transparent)]
pub fn RunRoutes() -> impl MatchNestedRoutes + Clone {
    view! {
        <ParentRoute path=path!("/runs/:run") view=RunFrame ssr=SsrMode::Async>
            <Route path=path!("") view=where_it_stands ssr=SsrMode::Async />
            <Route
                path=path!("checklist")
                view=|| titled(Stage::Checklist, checklist::stage)
                ssr=SsrMode::Async
            />
            <Route
                path=path!("way-out")
                view=|| titled(Stage::WayOut, way_out::stage)
                ssr=SsrMode::Async
            />
            <Route
                path=path!("secure")
                view=|| titled(Stage::Secure, secure::stage)
                ssr=SsrMode::Async
            />
            <Route
                path=path!("plan")
                view=|| titled(Stage::Plan, plan::stage)
                ssr=SsrMode::Async
            />
            <Route
                path=path!("agreement")
                view=|| titled(Stage::Agreement, agreement::stage)
                ssr=SsrMode::Async
            />
            <Route
                path=path!("run")
                view=|| titled(Stage::Run, progress::stage)
                ssr=SsrMode::Async
            />
            <Route
                path=path!("report")
                view=|| titled(Stage::Report, report::stage)
                ssr=SsrMode::Async
            />
        </ParentRoute>
    }
    .into_inner()
}

/// What stays while the stages change: the head, the rail, and the card.
#[component]
fn RunFrame() -> AnyView {
    let stage = shown_stage();
    // Made out here, since the stages are drawn inside what waits for the Run.
    report::provide(stage);
    view! { <RunOfAddress view=frame /> }.into_any()
}

/// The stage in the address.
fn shown_stage() -> Memo<Option<Stage>> {
    let path = use_location().pathname;
    Memo::new(move |_| path.with(|path| path.rsplit('/').next().and_then(stage_of)))
}

/// A stage under its title. The title is no signal: it is written when the page
/// is done, and the signals of a page may be gone by then.
fn titled(stage: Stage, view: fn() -> AnyView) -> AnyView {
    let stream = CurrentRun::of_page().stream();
    let text = format!("{} · Reset of {stream}", stage_title(stage));
    view! {
        <Title text />
        {view()}
    }
    .into_any()
}

fn frame() -> AnyView {
    let run = CurrentRun::of_page();
    let stage = shown_stage();
    let stream = run.stream();
    // The report is a document and has its own numbers.
    let beside = Memo::new(move |_| stage.get() != Some(Stage::Report));
    view! {
        <div class="page">
            <div class="page__head">
                <div>
                    <h1>"Reset of " {stream.to_string()}</h1>
                    <Opened />
                </div>
                <Outcome />
            </div>
            <RunRail shown=stage />
            <Freshness of=run.page />
            <div class=move || if beside.get() { "split" } else { "stack" }>
                <div class="stack">
                    <ErrorInAddress />
                    <Outlet />
                </div>
                <Show when=move || beside.get()>
                    <aside class="split__aside" aria-label="What the reset costs">
                        <CostCard />
                    </aside>
                </Show>
            </div>
        </div>
    }
    .into_any()
}

/// Leads to the stage where the Run stands.
fn where_it_stands() -> AnyView {
    let run = CurrentRun::of_page();
    let path = paths::stage(&run.id(), run.once(|page| page.stage));
    // The way back must not lead here, and forth again.
    let options = NavigateOptions {
        replace: true,
        ..NavigateOptions::default()
    };
    view! { <Redirect path options /> }.into_any()
}

/// What was wrong, who opened the Run, and when.
#[component]
fn Opened() -> AnyView {
    let run = CurrentRun::of_page();
    let (stream, verdict, by, at) = run.once(|page| {
        let state = &page.state;
        (
            page.stream.name.clone(),
            state.verdict.clone(),
            state.opened_by.name.clone(),
            state.opened_at,
        )
    });
    let address = paths::stream(&stream);
    view! {
        <p class="soft">
            <a href=address>{stream.to_string()}</a>
            {format!(" {}. Opened by {by} ", verdict.trim_end_matches('.'))}
            <Time at_ms=at.0 now_ms=run.now_ms /> "."
        </p>
    }
    .into_any()
}

/// Whether the Run is over, and how.
#[component]
fn Outcome() -> AnyView {
    let run = CurrentRun::of_page();
    let outcome = run.part(|page| {
        let ending = page.state.ended.as_ref().map(|(ending, _, _)| *ending);
        (ending, page.state.parked.is_some())
    });
    (move || {
        let (tone, icon, word) = match outcome.get() {
            (Some(Ending::Done), _) => (Tone::Good, IconName::Check, "done"),
            (Some(Ending::Restored), _) => (Tone::Warning, IconName::Undo, "restored"),
            (Some(Ending::Closed), _) => (Tone::Neutral, IconName::Lock, "closed"),
            (None, true) => (Tone::Danger, IconName::Pause, "needs a person"),
            (None, false) => (Tone::Accent, IconName::Activity, "open"),
        };
        view! {
            <Chip tone icon>
                {word}
            </Chip>
        }
    })
    .into_any()
}
