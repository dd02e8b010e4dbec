//! The steps of a plan while they are done, and after.

use domain::ids::StepId;
use domain::plan::{PlanKind, RenderedStep, title};
use domain::report::did;
use domain::run::{StepState, StepStatus};
use domain::time::Millis;
use leptos::prelude::*;

use super::current_run::CurrentRun;
use super::plan_steps::no_return;
use super::problem::reference_line;
use crate::ui::*;
use crate::view::{RunPage, StepView};

/// Every step of a plan along a line: where it stands, how often it was tried,
/// how long it took, what came of it.
#[component]
pub fn StepTimeline(
    /// Which of the two plans.
    kind: PlanKind,
) -> AnyView {
    let run = CurrentRun::of_page();
    let ids = run.part_of_plan(kind, |view| {
        view.steps
            .iter()
            .map(|step| step.id.clone())
            .collect::<Vec<StepId>>()
    });
    view! {
        <Timeline>
            <For
                each=move || ids.get()
                key=|id| id.clone()
                children=move |id| {
                    let step = run
                        .part_of_plan(
                            kind,
                            move |view| view.steps.iter().find(|step| step.id == id).cloned(),
                        );
                    move || step.get().map(|step| item(step, run.now_ms))
                }
            />
        </Timeline>
    }
    .into_any()
}

/// What is undone after an abort, in order. Nothing where nothing is.
#[component]
pub fn UndoTimeline() -> AnyView {
    let run = CurrentRun::of_page();
    let steps = run.part(undo);
    (move || {
        let steps = steps.get();
        (!steps.is_empty()).then(|| {
            let items = steps
                .into_iter()
                .map(|step| item(step, run.now_ms))
                .collect_view();
            view! {
                <Card title="Undo">
                    <Timeline>{items}</Timeline>
                </Card>
            }
        })
    })
    .into_any()
}

/// The steps that undo the secure plan, once an abort was asked for after its
/// start. They have no sentence before they are done: the abort said it.
fn undo(page: &RunPage) -> Vec<StepView> {
    let (Some(state), Some(plan), Some(_)) =
        (&page.state.secure, &page.secure.plan, &page.state.abort)
    else {
        return Vec::new();
    };
    if state.started.is_none() {
        return Vec::new();
    }
    let view = |state: &StepState| {
        let kind = &plan.step(&state.id)?.kind;
        Some(StepView {
            id: state.id.clone(),
            rendered: RenderedStep {
                id: state.id.clone(),
                word: kind.word().to_owned(),
                title: title(kind).to_owned(),
                will: String::new(),
                commands: Vec::new(),
                point_of_no_return: false,
            },
            state: state.clone(),
            did: state.facts.as_ref().map(did),
        })
    };
    state.undo.iter().filter_map(view).collect()
}

fn item(step: StepView, now_ms: Signal<i64>) -> impl IntoView {
    let StepView {
        rendered,
        state,
        did,
        ..
    } = step;
    let (tone, icon) = look(&state);
    let underway = state.status == StepStatus::Underway;
    let passed = state.status != StepStatus::Waiting;
    let body = body(&state, rendered.will, did, now_ms);
    let meta = meta(&state, now_ms);
    view! {
        {rendered.point_of_no_return.then(|| no_return(passed))}
        <TimelineItem tone icon title=rendered.title meta current=underway>
            {body}
        </TimelineItem>
    }
}

fn look(state: &StepState) -> (Tone, IconName) {
    match state.status {
        StepStatus::Waiting => (Tone::Neutral, IconName::Circle),
        StepStatus::Underway => (Tone::Accent, IconName::Play),
        StepStatus::Failed {
            next_attempt_at: Some(_),
        } => (Tone::Warning, IconName::Repeat),
        StepStatus::Failed {
            next_attempt_at: None,
        } => (Tone::Danger, IconName::Cross),
        StepStatus::Unknown { .. } => (Tone::Unknown, IconName::Question),
        StepStatus::Done if state.warning.is_some() => (Tone::Warning, IconName::Check),
        StepStatus::Done => (Tone::Good, IconName::Check),
    }
}

/// The state in a word, the attempts where there were several, and how long.
fn meta(state: &StepState, now_ms: Signal<i64>) -> AnyView {
    let word = match state.status {
        StepStatus::Waiting => "not begun",
        StepStatus::Underway => "under way",
        StepStatus::Failed {
            next_attempt_at: Some(_),
        } => "failed, tried again",
        StepStatus::Failed {
            next_attempt_at: None,
        } => "failed",
        StepStatus::Unknown { .. } => "outcome unknown",
        StepStatus::Done if state.warning.is_some() => "done, with a warning",
        StepStatus::Done => "done",
    };
    let attempts =
        (state.attempts > 1).then(|| format!("{} attempts", grouped(state.attempts)));
    let (began, ended) = (state.began_at, state.ended_at);
    let took = began.map(|Millis(began)| {
        move || match ended {
            Some(Millis(ended)) => span(ended.saturating_sub(began)),
            None => span(now_ms.get().saturating_sub(began)),
        }
    });
    view! {
        {word}
        {attempts.map(|attempts| view! { " · " {attempts} })}
        {took.map(|took| view! { " · " {took} })}
    }
    .into_any()
}

fn body(
    state: &StepState,
    will: String,
    did: Option<String>,
    now_ms: Signal<i64>,
) -> impl IntoView + use<> {
    let status = state.status.clone();
    let progress = state
        .progress
        .clone()
        .filter(|_| status == StepStatus::Underway)
        .map(|told| progress(told, state.began_at, now_ms));
    let unknown = match &status {
        StepStatus::Unknown { reason } => Some(reason.clone()),
        _ => None,
    };
    let again = match &status {
        StepStatus::Failed { next_attempt_at } => *next_attempt_at,
        _ => None,
    };
    let done = status == StepStatus::Done;
    let problem = state.problem.clone().filter(|_| !done);
    view! {
        {match did {
            Some(did) => view! { <p>{did}</p> }.into_any(),
            None if will.is_empty() => ().into_any(),
            None => view! { <p class="soft">{will}</p> }.into_any(),
        }}
        {progress}
        {state
            .warning
            .clone()
            .map(|warning| {
                view! { <Callout tone=Tone::Warning icon=IconName::Warning title=warning /> }
            })}
        {unknown
            .map(|reason| {
                view! {
                    <Callout
                        tone=Tone::Unknown
                        icon=IconName::Question
                        title="It is unknown whether this step had its effect."
                    >
                        <p>{reason}</p>
                    </Callout>
                }
            })}
        {problem
            .map(|problem| {
                view! {
                    <Callout tone=Tone::Danger icon=IconName::Octagon title=problem.message>
                        <p>{problem.hint}</p>
                        {again
                            .map(|at| {
                                view! {
                                    <p>
                                        "The next attempt is due "
                                        <Time at_ms=at.0 now_ms=now_ms /> "."
                                    </p>
                                }
                            })}
                        {reference_line(Some(problem.reference))}
                    </Callout>
                }
            })}
    }
}

/// What was last told of a step under way: a count out of a total, or what is
/// being waited for.
fn progress(
    (done, total, what): (u64, u64, String),
    began: Option<Millis>,
    now_ms: Signal<i64>,
) -> AnyView {
    if total == 0 {
        return view! { <p>{what}</p> }.into_any();
    }
    let began = began.map_or(0, |Millis(began)| began);
    // Over the whole step, since single counts come in bursts.
    let per_second = Signal::derive(move || {
        let seconds = u64::try_from(now_ms.get().saturating_sub(began) / 1_000).ok()?;
        done.checked_div(seconds).filter(|_| began > 0)
    });
    let label = what.clone();
    view! { <Progress label done=done total=total unit=what per_second /> }.into_any()
}
