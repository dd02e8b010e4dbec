//! Starting a plan, confirmed by the stream's name.

use domain::plan::{PlanKind, StepKind};
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;

use super::act_form::{ActForm, Hidden, blocked, field};
use super::current_run::CurrentRun;
use crate::api::act::StartRunPlan;
use crate::paths;
use crate::ui::*;

/// The form that starts a plan. Nothing is done before the name of the stream
/// is typed, and the Enter key does not send it.
#[component]
pub fn ConfirmStart(
    /// Which of the two plans.
    kind: PlanKind,
) -> AnyView {
    let run = CurrentRun::of_page();
    let start = run.action::<StartRunPlan>();
    let stream = run.stream();
    let id = run.id();
    let permission = run.part_of_plan(kind, |view| view.start.clone());
    let blocked = blocked(start, move || permission.get());
    let stops = run.part_of_plan(kind, |view| {
        view.plan.as_ref().is_some_and(|plan| {
            plan.body.steps.iter().any(|step| match &step.kind {
                StepKind::Stop(stop) => !stop.job_runs.is_empty(),
                _ => false,
            })
        })
    });
    if kind == PlanKind::Reset {
        let at = paths::stage(&id, domain::run::Stage::Run);
        let navigate = use_navigate();
        Effect::new(move |_| {
            if matches!(start.value().get(), Some(Ok(()))) {
                navigate(&at, Default::default());
            }
        });
    }
    let button = {
        let stream = stream.clone();
        move || {
            // Red is for what does harm: a copy does none.
            let (text, appearance) = match (kind, stops.get()) {
                (PlanKind::Reset, _) => (
                    format!("Start the reset of {stream}"),
                    ButtonAppearance::Danger,
                ),
                (PlanKind::Secure, true) => (
                    format!("Stop the job and back up {stream}"),
                    ButtonAppearance::Danger,
                ),
                (PlanKind::Secure, false) => {
                    (format!("Back up {stream}"), ButtonAppearance::Primary)
                }
            };
            view! {
                <Button
                    kind=ButtonKind::Submit
                    appearance
                    icon=IconName::Gate
                    disabled_reason=blocked
                >
                    {text}
                </Button>
            }
        }
    };
    let input = format!("start-{}", kind.word());
    view! {
        <ActForm action=start dangerous=true>
            <Hidden name="run" value=id.to_string() />
            <Hidden name="kind" value=kind.word().to_owned() />
            <Hidden name="plan" value=run.plan_id(kind) />
            <Field
                id=input.clone()
                label=format!("Type {stream} to confirm")
                hint="So that no other stream is meant."
            >
                <TextInput id=input name=field("typed_name") mono=true short=true required=true />
            </Field>
            <div class="row">{button}</div>
        </ActForm>
    }
    .into_any()
}
