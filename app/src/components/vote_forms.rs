//! Agreeing and declining.

use domain::agreement::AgreementState;
use domain::plan::PlanKind;
use leptos::prelude::*;

use super::act_form::{ActForm, Hidden, blocked, field};
use super::current_run::CurrentRun;
use crate::api::act::CastVote;
use crate::ui::*;
use crate::view::{AgreementView, Permission};

/// The two answers that a person can give to a plan, or why they cannot.
#[component]
pub fn VoteForms(
    /// To which of the two plans.
    kind: PlanKind,
) -> AnyView {
    let run = CurrentRun::of_page();
    let may = run.part_of_plan(kind, |view| {
        // When nobody is asked, nobody needs to be told why they may not answer.
        let waits = |agreement: &&AgreementView| {
            matches!(agreement.state, AgreementState::Waiting { .. })
        };
        let agreement = view.agreement.as_ref().filter(waits);
        agreement.map(|agreement| (agreement.may_vote.clone(), agreement.my_role.clone()))
    });
    (move || {
        may.get().map(|(may, role)| match may {
            Permission { allowed: true, .. } => forms(run, kind, role),
            Permission { reason, .. } => {
                view! { <p class="soft">{reason}</p> }.into_any()
            }
        })
    })
    .into_any()
}

fn forms(run: CurrentRun, kind: PlanKind, role: Option<String>) -> AnyView {
    let agree = run.action::<CastVote>();
    let decline = run.action::<CastVote>();
    let role = role
        .map(|role| format!("You answer as {role}."))
        .unwrap_or_default();
    view! {
        <p>{role} " The answer holds for this very plan and for no other."</p>
        <div class="grid">
            <Card title="Agree">
                <ActForm action=agree>
                    <Hidden name="run" value=run.id().to_string() />
                    <Hidden name="plan" value=run.plan_id(kind) />
                    <Hidden name="answer" value="agree".to_owned() />
                    <Field id="agree-comment" label="Comment" hint="Not required.">
                        <TextArea id="agree-comment" name=field("comment") />
                    </Field>
                    <div class="row">
                        <Button
                            kind=ButtonKind::Submit
                            appearance=ButtonAppearance::Primary
                            icon=IconName::Check
                            disabled_reason=blocked(agree, Permission::yes)
                        >
                            {format!("Agree to the {}", what(kind, run.stream().as_str()))}
                        </Button>
                    </div>
                </ActForm>
            </Card>
            <Card title="Decline">
                <ActForm action=decline>
                    <Hidden name="run" value=run.id().to_string() />
                    <Hidden name="plan" value=run.plan_id(kind) />
                    <Hidden name="answer" value="decline".to_owned() />
                    <Field
                        id="decline-comment"
                        label="Reason"
                        hint="Whoever asked reads it and can make another plan."
                    >
                        <TextArea id="decline-comment" name=field("comment") required=true />
                    </Field>
                    <div class="row">
                        <Button
                            kind=ButtonKind::Submit
                            icon=IconName::Cross
                            disabled_reason=blocked(decline, Permission::yes)
                        >
                            {format!("Decline the {}", what(kind, run.stream().as_str()))}
                        </Button>
                    </div>
                </ActForm>
            </Card>
        </div>
    }
    .into_any()
}

fn what(kind: PlanKind, stream: &str) -> String {
    match kind {
        PlanKind::Secure => format!("backup of {stream}"),
        PlanKind::Reset => format!("reset of {stream}"),
    }
}
