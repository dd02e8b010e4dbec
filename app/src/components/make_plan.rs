//! Making a plan, and making it anew when the world has moved.

use domain::plan::PlanKind;
use leptos::prelude::*;

use super::act_form::{ActForm, Hidden, blocked};
use super::current_run::CurrentRun;
use crate::api::act::MakeRunPlan;
use crate::ui::*;
use crate::view::Permission;

/// The form that makes a plan anew, where nothing asks for it. A stale plan has
/// it at its top already, in [`Drift`].
#[component]
pub fn MakePlanAnew(
    /// Which of the two plans.
    kind: PlanKind,
) -> AnyView {
    let run = CurrentRun::of_page();
    let stale = run.part_of_plan(kind, |view| !view.drift.is_empty());
    (move || (!stale.get()).then(|| view! { <MakePlan kind /> })).into_any()
}

/// The form that makes a plan, with the reason where none can be made.
#[component]
pub fn MakePlan(
    /// Which of the two plans.
    kind: PlanKind,
) -> AnyView {
    let run = CurrentRun::of_page();
    let make = run.action::<MakeRunPlan>();
    let prepare = run.part(|page| page.may.prepare.clone());
    let refusal = run.part_of_plan(kind, |view| view.refusal.clone());
    let blocked = blocked(make, move || match (prepare.get(), refusal.get()) {
        (Permission { allowed: true, .. }, Some(reason)) => Permission::no(reason),
        (prepare, _) => prepare,
    });
    let made = run.part_of_plan(kind, |view| view.plan.is_some());
    let stale = run.part_of_plan(kind, |view| !view.drift.is_empty());
    // Loud only where there is nothing else to do.
    let button = move || {
        let appearance = if made.get() && !stale.get() {
            ButtonAppearance::Quiet
        } else {
            ButtonAppearance::Primary
        };
        let again = if made.get() { " anew" } else { "" };
        view! {
            <Button
                kind=ButtonKind::Submit
                appearance
                icon=IconName::File
                disabled_reason=blocked
            >
                {format!("Make the {} plan{again}", kind.word())}
            </Button>
        }
    };
    view! {
        <ActForm action=make>
            <Hidden name="run" value=run.id().to_string() />
            <Hidden name="kind" value=kind.word().to_owned() />
            <div class="row">{button}</div>
        </ActForm>
    }
    .into_any()
}

/// In which ways the world has moved from under a plan. Nothing where it has
/// not.
#[component]
pub fn Drift(
    /// Which of the two plans.
    kind: PlanKind,
) -> AnyView {
    let run = CurrentRun::of_page();
    let drift = run.part_of_plan(kind, |view| view.drift.clone());
    (move || {
        let drift = drift.get();
        (!drift.is_empty()).then(|| {
            view! {
                <Callout
                    tone=Tone::Warning
                    icon=IconName::Warning
                    title="This plan is stale and cannot be started."
                >
                    <ul class="list">
                        {drift.into_iter().map(|line| view! { <li>{line}</li> }).collect_view()}
                    </ul>
                    <p>"Make it anew. An agreement to the old plan does not hold for the new one."</p>
                    <MakePlan kind />
                </Callout>
            }
        })
    })
    .into_any()
}
