//! A Run being carried out, to be read from across the room.

use domain::plan::PlanKind;
use domain::run::{Ending, Gate, PlanState, Stage, StepStatus};
use domain::time::Millis;
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
            <UndoTimeline />
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

/// For how long the step under way and the Run are on, and until when the Run
/// ought to be over. Nothing once it is.
#[component]
fn Timing() -> AnyView {
    let run = CurrentRun::of_page();
    let opened = run.once(|page| page.state.opened_at);
    let over = run.part(|page| page.state.ended.is_some());
    let step = run.part(under_way_since);
    let objective = run.part(|page| page.rto_at);
    let text = move || {
        let now = run.now_ms.get();
        let since = |at: Millis| span(now.saturating_sub(at.0));
        let step = step
            .get()
            .map(|at| format!("This step is under way for {}. ", since(at)));
        let objective = objective.get().map(|end| match end.0.saturating_sub(now) {
            left @ 0.. => format!(
                " It keeps to its recovery time objective if it is over in {}.",
                span(left)
            ),
            past => format!(" Its recovery time objective was over {} ago.", span(-past)),
        });
        format!(
            "{}The Run is open for {}.{}",
            step.unwrap_or_default(),
            since(opened),
            objective.unwrap_or_default()
        )
    };
    (move || (!over.get()).then(|| view! { <p>{text}</p> })).into_any()
}

/// When the step began that is under way.
fn under_way_since(page: &RunPage) -> Option<Millis> {
    let plans = [&page.state.secure, &page.state.reset];
    let mut steps = plans
        .into_iter()
        .flatten()
        .flat_map(|plan| plan.steps.iter().chain(&plan.undo));
    steps
        .find(|step| step.status == StepStatus::Underway)
        .and_then(|step| step.began_at)
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

/// The report. Nothing before the Run is over.
#[component]
fn Over() -> AnyView {
    let run = CurrentRun::of_page();
    let over = run.part(|page| page.state.ended.is_some());
    let report = paths::stage(&run.id(), Stage::Report);
    (move || {
        over.get().then(|| {
            view! {
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
    let count = move || match log.with(Vec::len) {
        1 => "Everything that happened, 1 entry".to_owned(),
        many => format!("Everything that happened, {many} entries"),
    };
    view! {
        <details class="fold fold--card">
            <summary>{count}</summary>
            <div class="fold__body">
                {move || {
                    let entries = log.get().into_iter().rev().collect();
                    view! { <Happened entries now_ms=run.now_ms /> }
                }}
            </div>
        </details>
    }
    .into_any()
}
