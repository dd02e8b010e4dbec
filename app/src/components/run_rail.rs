//! The way through a reset, with the state and the address of each stage.

use domain::agreement::AgreementState;
use domain::run::{ChecklistItem, Ending, PlanState, RunState, Stage};
use leptos::prelude::*;

use super::current_run::CurrentRun;
use crate::paths;
use crate::ui::{StepItem, StepState, Steps};
use crate::view::RunPage;

/// Every stage, in order.
pub const STAGES: [Stage; 7] = [
    Stage::Checklist,
    Stage::WayOut,
    Stage::Secure,
    Stage::Plan,
    Stage::Agreement,
    Stage::Run,
    Stage::Report,
];

/// The stage of a word in an address.
#[must_use]
pub fn stage_of(slug: &str) -> Option<Stage> {
    STAGES
        .into_iter()
        .find(|stage| paths::stage_slug(*stage) == slug)
}

/// The name of a stage.
#[must_use]
pub fn stage_title(stage: Stage) -> &'static str {
    match stage {
        Stage::Checklist => "Checklist",
        Stage::WayOut => "Way out",
        Stage::Secure => "Secure",
        Stage::Plan => "Plan",
        Stage::Agreement => "Agreement",
        Stage::Run => "Run",
        Stage::Report => "Report",
    }
}

/// The rail above every stage.
#[component]
pub fn RunRail(
    /// The stage that is shown.
    shown: Memo<Option<Stage>>,
) -> AnyView {
    let run = CurrentRun::of_page();
    let stages = run.part(rail);
    let items = Signal::derive(move || {
        let shown = shown.get();
        let items = stages.get().into_iter();
        items
            .map(|(stage, item)| StepItem {
                shown: shown == Some(stage),
                ..item
            })
            .collect()
    });
    view! { <Steps label="Guided reset" items /> }.into_any()
}

fn rail(page: &RunPage) -> Vec<(Stage, StepItem)> {
    STAGES
        .into_iter()
        .map(|stage| {
            let (state, note) = standing(page, stage);
            let item = StepItem {
                label: stage_title(stage).to_owned(),
                href: Some(paths::stage(&page.run, stage)),
                state,
                note,
                shown: false,
            };
            (stage, item)
        })
        .collect()
}

/// Where a stage stands, and a few words to it.
fn standing(page: &RunPage, stage: Stage) -> (StepState, Option<String>) {
    let state = &page.state;
    let over = state.ended.is_some();
    let otherwise = if page.stage == stage && !over {
        StepState::Current
    } else {
        StepState::Ahead
    };
    let done_if = |done: bool| if done { StepState::Done } else { otherwise };
    match stage {
        Stage::Checklist => {
            let (answered, all) = (state.answers.len(), ChecklistItem::ALL.len());
            (
                done_if(answered == all),
                Some(format!("{answered} of {all}")),
            )
        }
        Stage::WayOut => {
            let intent = state.intent.as_ref();
            (
                done_if(intent.is_some()),
                intent.map(|i| format!("option {}", i.way_out.letter())),
            )
        }
        Stage::Secure => secure(state, otherwise),
        Stage::Plan => {
            let stale = !page.reset.drift.is_empty();
            match &state.reset {
                Some(plan) if stale && plan.started.is_none() => {
                    (StepState::Failed, Some("stale".to_owned()))
                }
                Some(plan) => (StepState::Done, Some(plan.id.short().to_owned())),
                None => (otherwise, None),
            }
        }
        Stage::Agreement => agreement(page, otherwise),
        Stage::Run => carried_out(state, otherwise),
        Stage::Report => {
            let ending = state
                .ended
                .as_ref()
                .map(|(ending, _, _)| ending.word().to_owned());
            (done_if(over), ending)
        }
    }
}

fn secure(state: &RunState, otherwise: StepState) -> (StepState, Option<String>) {
    if state.sealed.is_some() {
        return (StepState::Done, Some("sealed".to_owned()));
    }
    let started = state
        .secure
        .as_ref()
        .is_some_and(|plan| plan.started.is_some());
    match (started, &state.parked) {
        (true, Some(_)) => (StepState::Failed, Some("needs a person".to_owned())),
        (true, None) if state.ended.is_none() => {
            (otherwise, Some("under way".to_owned()))
        }
        _ => (otherwise, None),
    }
}

fn agreement(page: &RunPage, otherwise: StepState) -> (StepState, Option<String>) {
    let Some(view) = &page.reset.agreement else {
        return (otherwise, None);
    };
    match &view.state {
        AgreementState::NotNeeded => (StepState::Done, Some("nobody".to_owned())),
        AgreementState::NotRequested => (otherwise, Some(view.needed.words())),
        AgreementState::Waiting { .. } => {
            let waits_for = domain::agreement::AgreementNeeded {
                roles: view.missing.clone(),
                ..view.needed.clone()
            };
            (StepState::Waiting, Some(waits_for.words()))
        }
        AgreementState::Agreed => (StepState::Done, Some("agreed".to_owned())),
        AgreementState::Declined { .. } => {
            (StepState::Failed, Some("declined".to_owned()))
        }
        AgreementState::Expired { .. } => (StepState::Failed, Some("expired".to_owned())),
    }
}

fn carried_out(state: &RunState, otherwise: StepState) -> (StepState, Option<String>) {
    match &state.ended {
        Some((Ending::Done, _, _)) => return (StepState::Done, None),
        Some((Ending::Restored, _, _)) => {
            return (StepState::Failed, Some("restored".to_owned()));
        }
        Some((Ending::Closed, _, _)) => return (StepState::Ahead, None),
        None => {}
    }
    let started = state
        .reset
        .as_ref()
        .and_then(|plan| plan.started.as_ref().map(|_| plan));
    match (started, &state.parked) {
        (None, _) => (otherwise, None),
        (Some(_), Some(_)) => (StepState::Failed, Some("needs a person".to_owned())),
        (Some(plan), None) => (otherwise, Some(steps_done(plan))),
    }
}

/// "3 of 7 steps".
fn steps_done(plan: &PlanState) -> String {
    use domain::run::StepStatus;
    let done = plan
        .steps
        .iter()
        .filter(|step| step.status == StepStatus::Done)
        .count();
    format!("{done} of {} steps", plan.steps.len())
}
