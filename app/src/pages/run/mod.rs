//! A Run: the rail, the stage, and the card that never leaves.

mod agreement;
mod checklist;
mod plan;
mod progress;
mod report;
mod secure;
mod way_out;

use domain::run::{Ending, Stage};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::NavigateOptions;
use leptos_router::components::Redirect;
use leptos_router::hooks::use_params_map;

use crate::components::*;
use crate::paths;
use crate::ui::*;

/// Every stage of a Run, each at its address. Without a stage in the address
/// it leads to where the Run stands.
#[component]
pub fn RunFrame() -> AnyView {
    view! { <RunOfAddress view=frame /> }.into_any()
}

fn frame() -> AnyView {
    let run = CurrentRun::of_page();
    let params = use_params_map();
    let asked_for = Memo::new(move |_| params.with(|params| params.get("stage")));
    let stage = Memo::new(move |_| asked_for.get().as_deref().and_then(stage_of));
    let stream = run.stream();
    let title = {
        let stream = stream.clone();
        move || match stage.get() {
            Some(stage) => format!("{} · Reset of {stream}", stage_title(stage)),
            None => format!("Reset of {stream}"),
        }
    };
    view! {
        <Title text=title />
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
            {move || match (asked_for.get(), stage.get()) {
                (None, _) => {
                    let path = paths::stage(&run.id(), run.once(|page| page.stage));
                    // The way back must not lead here, and forth again.
                    let options = NavigateOptions { replace: true, ..NavigateOptions::default() };
                    view! { <Redirect path options /> }.into_any()
                }
                (Some(_), None) => {
                    view! { <EmptyState title="A Run has no such stage." /> }.into_any()
                }
                (Some(_), Some(Stage::Report)) => report::stage(),
                (Some(_), Some(stage)) => beside_card(stage),
            }}
        </div>
    }
    .into_any()
}

fn beside_card(stage: Stage) -> AnyView {
    view! {
        <div class="split">
            <div class="stack">
                <ErrorInAddress />
                {match stage {
                    Stage::Checklist => checklist::stage(),
                    Stage::WayOut => way_out::stage(),
                    Stage::Secure => secure::stage(),
                    Stage::Plan => plan::stage(),
                    Stage::Agreement => agreement::stage(),
                    Stage::Run | Stage::Report => progress::stage(),
                }}
            </div>
            <aside class="split__aside" aria-label="What the reset costs">
                <CostCard />
            </aside>
        </div>
    }
    .into_any()
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
