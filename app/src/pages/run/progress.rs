//! A Run being carried out, to be read from across the room.

use domain::plan::PlanKind;
use domain::run::{Ending, Gate, PlanState, Stage};
use leptos::prelude::*;

use crate::components::*;
use crate::paths;
use crate::ui::*;
use crate::view::RunPage;

/// The stage.
pub(super) fn stage() -> AnyView {
    let run = CurrentRun::of_page();
    let secure = run.part(|page| is_started(page.state.secure.as_ref()));
    let reset = run.part(|page| is_started(page.state.reset.as_ref()));
    view! {
        <section class="section">
            <h2 class="visually-hidden">"Run"</h2>
            <Headline />
            <Parked />
            {move || {
                (!secure.get() && !reset.get()).then(|| view! { <NotStarted /> })
            }}
            {move || {
                reset
                    .get()
                    .then(|| {
                        view! {
                            <Card title="Reset">
                                <StepTimeline kind=PlanKind::Reset />
                            </Card>
                        }
                    })
            }}
            {move || {
                secure
                    .get()
                    .then(|| {
                        view! {
                            <Card title="Secure">
                                <StepTimeline kind=PlanKind::Secure />
                            </Card>
                        }
                    })
            }}
            <AbortCard />
            <Log />
        </section>
    }
    .into_any()
}

fn is_started(plan: Option<&PlanState>) -> bool {
    plan.is_some_and(|plan| plan.started.is_some())
}

/// What is being done now.
#[component]
fn Headline() -> AnyView {
    let run = CurrentRun::of_page();
    let headline = run.part(|page| page.headline.clone());
    let look = run.part(look);
    (move || {
        let (tone, icon) = look.get();
        view! {
            <Callout tone icon verdict=true title=headline>
                <Timing />
                <Gated />
                <Over />
            </Callout>
        }
    })
    .into_any()
}

fn look(page: &RunPage) -> (Tone, IconName) {
    match &page.state.ended {
        Some((Ending::Done, _, _)) => (Tone::Good, IconName::Check),
        Some((Ending::Restored, _, _)) => (Tone::Warning, IconName::Undo),
        Some((Ending::Closed, _, _)) => (Tone::Neutral, IconName::Lock),
        None if page.state.parked.is_some() => (Tone::Danger, IconName::Pause),
        None => (Tone::Accent, IconName::Activity),
    }
}

/// For how long the Run is on, and until when it ought to be over.
#[component]
fn Timing() -> AnyView {
    let run = CurrentRun::of_page();
    let opened = run.once(|page| page.state.opened_at);
    let ended = run.part(|page| page.state.ended.as_ref().map(|(_, at, _)| *at));
    let objective = run.part(|page| page.rto_at);
    let text = move || {
        let now = run.now_ms.get();
        match (ended.get(), objective.get()) {
            (Some(ended), _) => format!("It took {}.", span(ended.since(opened))),
            (None, None) => format!("Open for {}.", span(now - opened.0)),
            (None, Some(end)) if end.0 >= now => format!(
                "Open for {}. It keeps to its recovery time objective if it is over in {}.",
                span(now - opened.0),
                span(end.0 - now)
            ),
            (None, Some(end)) => format!(
                "Open for {}. Its recovery time objective was over {} ago.",
                span(now - opened.0),
                span(now - end.0)
            ),
        }
    };
    view! { <p>{text}</p> }.into_any()
}

/// That the job cannot start meanwhile. Nothing while it could.
#[component]
fn Gated() -> AnyView {
    let run = CurrentRun::of_page();
    let closed = run.part(|page| page.state.gate == Gate::Closed);
    (move || {
        closed.get().then(|| {
            view! {
                <p>
                    "The gate is closed: Spark refuses to start on this checkpoint until it is opened again."
                </p>
            }
        })
    })
    .into_any()
}

/// How it ended, and the report. Nothing before.
#[component]
fn Over() -> AnyView {
    let run = CurrentRun::of_page();
    let reason =
        run.part(|page| page.state.ended.as_ref().map(|(_, _, why)| why.clone()));
    let report = paths::stage(&run.id(), Stage::Report);
    (move || {
        reason.get().map(|reason| {
            view! {
                <p>{reason}</p>
                <div class="row">
                    <LinkButton
                        href=report.clone()
                        appearance=ButtonAppearance::Primary
                        icon=IconName::File
                    >
                        "Read the report"
                    </LinkButton>
                </div>
            }
        })
    })
    .into_any()
}

/// Nothing was started yet.
#[component]
fn NotStarted() -> AnyView {
    let run = CurrentRun::of_page();
    let id = run.id();
    view! {
        <EmptyState title="Nothing was started yet.">
            <p>"The steps will show here from the first one on."</p>
            <LinkButton href=paths::run(&id) icon=IconName::ArrowRight>
                "Go to where this Run stands"
            </LinkButton>
        </EmptyState>
    }
    .into_any()
}

/// Everything that happened, newest first.
#[component]
fn Log() -> AnyView {
    let run = CurrentRun::of_page();
    let log = run.part(|page| page.log.clone());
    let rows = move || {
        log.get()
            .into_iter()
            .rev()
            .map(|(at, who, what)| {
                view! {
                    <tr>
                        <ThRow>
                            <Time at_ms=at.0 now_ms=run.now_ms />
                        </ThRow>
                        <Td label="Who">{who}</Td>
                        <Td label="What">{what}</Td>
                    </tr>
                }
            })
            .collect_view()
    };
    view! {
        <details class="fold fold--card">
            <summary>
                {move || format!("Everything that happened, {} entries", log.get().len())}
            </summary>
            <div class="fold__body">
                <Table caption="Everything that happened, newest first" caption_hidden=true>
                    <thead>
                        <tr>
                            <Th>"When"</Th>
                            <Th>"Who"</Th>
                            <Th>"What"</Th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </Table>
            </div>
        </details>
    }
    .into_any()
}
