//! Where a Run needs a person: parked and resumed, and the way to abort it.

use leptos::prelude::*;

use super::act_form::{ActForm, Hidden, blocked, field};
use super::current_run::CurrentRun;
use crate::api::act::{AbortRun, ResumeRun};
use crate::ui::*;

/// Why the Run waits for a person, what to do, and the way on. Nothing where it
/// does not wait.
#[component]
pub fn Parked() -> AnyView {
    let run = CurrentRun::of_page();
    let resume = run.action::<ResumeRun>();
    let parked = run.part(|page| page.state.parked.clone());
    let permission = run.part(|page| page.may.resume.clone());
    let blocked = blocked(resume, move || permission.get());
    (move || {
        parked.get().map(|(reason, next_step)| {
            view! {
                <Callout
                    tone=Tone::Danger
                    icon=IconName::Pause
                    verdict=true
                    title="This Run waits for a person."
                >
                    <p>{reason}</p>
                    <p>
                        <strong>"Next step: "</strong>
                        {next_step}
                    </p>
                    <p class="small soft">
                        "The stream and its prefix stay held meanwhile: no other Run can begin here."
                    </p>
                    <ActForm action=resume>
                        <Hidden name="run" value=run.id().to_string() />
                        <Field
                            id="resume-reason"
                            label="What you looked at or mended"
                            hint="It stands in the journal and in the report."
                        >
                            <TextArea id="resume-reason" name=field("reason") required=true />
                        </Field>
                        <div class="row">
                            <Button
                                kind=ButtonKind::Submit
                                appearance=ButtonAppearance::Primary
                                icon=IconName::Play
                                disabled_reason=blocked
                            >
                                "Resume the Run"
                            </Button>
                        </div>
                    </ActForm>
                </Callout>
            }
        })
    })
    .into_any()
}

/// The way to abort the Run, with what that leaves behind. Nothing once it is
/// over.
#[component]
pub fn AbortCard() -> AnyView {
    let run = CurrentRun::of_page();
    let abort = run.action::<AbortRun>();
    let over = run.part(|page| page.state.ended.is_some());
    let asked = run.part(|page| page.state.abort.clone());
    let permission = run.part(|page| page.may.abort.clone());
    let may = run.part(|page| page.may.abort.allowed);
    let blocked = blocked(abort, move || permission.get());
    let form = move || {
        view! {
            <ActForm action=abort dangerous=true>
                <Hidden name="run" value=run.id().to_string() />
                {move || may.get().then(|| view! { <AbortFields /> })}
                <div class="row">
                    <Button
                        kind=ButtonKind::Submit
                        appearance=ButtonAppearance::Danger
                        icon=IconName::Stop
                        disabled_reason=blocked
                    >
                        "Abort this Run"
                    </Button>
                </div>
            </ActForm>
        }
    };
    (move || match (over.get(), asked.get()) {
        (true, _) => ().into_any(),
        (false, Some(reason)) => view! {
            <Callout
                tone=Tone::Warning
                icon=IconName::Stop
                title="An abort was asked for. The step under way is finished first."
            >
                <p>{format!("Reason: {reason}")}</p>
            </Callout>
        }
        .into_any(),
        (false, None) => view! {
            <details class="fold fold--card">
                <summary>"Abort this Run"</summary>
                <div class="fold__body">{form()}</div>
            </details>
        }
        .into_any(),
    })
    .into_any()
}

/// What an abort would leave, and why it is asked for.
#[component]
fn AbortFields() -> AnyView {
    let run = CurrentRun::of_page();
    let leaves = run.part(|page| page.may.abort_leaves.clone());
    view! {
        <p>{leaves}</p>
        <Field
            id="abort-reason"
            label="Why the Run is aborted"
            hint="It stands in the journal and in the report."
        >
            <TextArea id="abort-reason" name=field("reason") required=true />
        </Field>
    }
    .into_any()
}
