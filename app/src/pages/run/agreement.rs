//! Who must agree to the reset, and its start.

use domain::plan::PlanKind;
use domain::run::{PlanState, Stage};
use leptos::prelude::*;

use crate::components::*;
use crate::paths;
use crate::ui::*;

const KIND: PlanKind = PlanKind::Reset;

/// The stage.
pub(super) fn stage() -> AnyView {
    let run = CurrentRun::of_page();
    let made = run.part_of_plan(KIND, |view| view.plan.is_some());
    let started = run.part(|page| {
        page.state
            .reset
            .as_ref()
            .is_some_and(PlanState::is_under_way)
    });
    view! {
        <section class="section">
            <h2>"Agreement"</h2>
            {move || {
                if !made.get() {
                    view! {
                        <Callout
                            tone=Tone::Info
                            icon=IconName::Info
                            title="There is no plan to agree to yet."
                        >
                            <NextStage stage=Stage::Plan text="Go to the plan" />
                        </Callout>
                    }
                        .into_any()
                } else if started.get() {
                    view! {
                        <AgreementPanel kind=KIND />
                        <LinkButton
                            href=paths::stage(&run.id(), Stage::Run)
                            icon=IconName::ArrowRight
                        >
                            "Watch the Run"
                        </LinkButton>
                    }
                        .into_any()
                } else {
                    view! {
                        <Drift kind=KIND />
                        <AgreementPanel kind=KIND />
                        <Card title="Start">
                            <p class="prose">
                                "From the moment that the gate is closed the checkpoint is changed. Read the plan once more before you start it."
                            </p>
                            <ConfirmStart kind=KIND />
                        </Card>
                    }
                        .into_any()
                }
            }}
        </section>
    }
    .into_any()
}
