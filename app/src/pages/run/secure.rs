//! Stopping the job and backing its checkpoint up. It can be started by itself
//! and stops the bleeding; until the reset nothing is changed.

use domain::manifest::Sealed;
use domain::plan::PlanKind;
use domain::run::{PlanState, Stage};
use domain::text::{bytes, counted};
use leptos::prelude::*;

use crate::components::*;
use crate::ui::*;

const KIND: PlanKind = PlanKind::Secure;

/// The stage.
pub(super) fn stage() -> AnyView {
    let run = CurrentRun::of_page();
    // What is drawn: nothing planned, planned, or started.
    let phase = run.part(|page| match &page.state.secure {
        Some(plan) if PlanState::is_under_way(plan) => Phase::Started,
        Some(_) if page.secure.plan.is_some() => Phase::Planned,
        _ => Phase::Unplanned,
    });
    view! {
        <section class="section">
            <h2>"Secure"</h2>
            <p class="soft prose">
                "The job is stopped, its end is proved, and the checkpoint is copied and verified object by object. Nothing of it is changed here."
            </p>
            <Backup />
            {move || match phase.get() {
                Phase::Unplanned => view! { <MakePlan kind=KIND /> }.into_any(),
                Phase::Planned => view! { <Planned /> }.into_any(),
                Phase::Started => view! { <Started /> }.into_any(),
            }}
        </section>
    }
    .into_any()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Unplanned,
    Planned,
    Started,
}

/// What it will do, what an abort would leave, and the start.
#[component]
fn Planned() -> AnyView {
    let run = CurrentRun::of_page();
    let plan = run.plan(KIND);
    let id = run.plan_id(KIND);
    let stops = run.part_of_plan(KIND, |view| {
        view.plan
            .as_ref()
            .is_some_and(|plan| !plan.body.undo.is_empty())
    });
    let leaves = move || {
        if stops.get() {
            "Until the reset begins, an abort starts the job again on its untouched checkpoint. A backup that was made stays."
        } else {
            "Until the reset begins, an abort leaves the checkpoint untouched and the job as it is. A backup that was made stays."
        }
    };
    view! {
        <Drift kind=KIND />
        <Card title="What it will do">
            {move || plan.get().planned()}
            <p class="small soft">
                "Secure plan " {move || view! { <Copyable value=id.get() what="the plan's id" /> }}
            </p>
        </Card>
        <Callout tone=Tone::Info icon=IconName::Undo title="What an abort will leave">
            <p>{leaves}</p>
        </Callout>
        <PreflightCard kind=KIND />
        <AgreementPanel kind=KIND />
        <Card title="Start">
            <ConfirmStart kind=KIND />
        </Card>
        <MakePlanAnew kind=KIND />
    }
    .into_any()
}

/// What it is doing, or has done.
#[component]
fn Started() -> AnyView {
    let run = CurrentRun::of_page();
    let sealed = run.part(|page| page.state.sealed.is_some());
    view! {
        <Parked />
        <UndoTimeline />
        <Card title="Steps">
            <StepTimeline kind=KIND />
        </Card>
        {move || (!sealed.get()).then(|| view! { <AbortCard /> })}
    }
    .into_any()
}

/// The sealed backup, and the way on. Nothing before it is sealed.
#[component]
fn Backup() -> AnyView {
    let run = CurrentRun::of_page();
    let sealed = run.part(|page| page.state.sealed.clone());
    let chosen = run.part(|page| page.state.intent.is_some());
    (move || {
        sealed.get().map(|sealed| {
            let (next, text) = if chosen.get() {
                (Stage::Plan, "Go on to the plan")
            } else {
                (Stage::WayOut, "Choose a way out")
            };
            let Sealed {
                manifest,
                sha256,
                backup,
                keys,
            } = sealed;
            view! {
                <Callout
                    tone=Tone::Good
                    icon=IconName::Shield
                    title="The backup is sealed: every copy equals its source."
                >
                    <Facts wide=true>
                        <Fact name="Backup">
                            <Copyable value=backup.uri() what="the backup's address" />
                        </Fact>
                        <Fact name="Manifest">
                            <Copyable value=manifest what="the manifest's address" />
                        </Fact>
                        <Fact name="Objects">
                            {format!(
                                "{}, {}",
                                counted(keys.count, "object", "objects"),
                                bytes(keys.bytes),
                            )}
                        </Fact>
                        <Fact name="SHA-256 of the manifest">
                            <Copyable value=sha256.to_string() what="the digest" />
                        </Fact>
                    </Facts>
                    <NextStage stage=next text />
                </Callout>
            }
        })
    })
    .into_any()
}
