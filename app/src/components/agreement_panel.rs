//! Who must agree to a plan, who has, and asking and answering.

use domain::agreement::{AgreementNeeded, AgreementState, RoleNeeded};
use domain::plan::PlanKind;
use domain::run::{Asked, PlanState};
use leptos::prelude::*;

use super::act_form::{ActForm, Hidden, blocked};
use super::current_run::CurrentRun;
use super::vote_forms::VoteForms;
use crate::api::act::RequestPlanAgreement;
use crate::paths;
use crate::ui::*;
use crate::view::{AgreementView, RunPage};

/// Who must agree to a plan, how far that is, and what this person can do
/// about it.
#[component]
pub fn AgreementPanel(
    /// Which of the two plans.
    kind: PlanKind,
    /// Whether this is the page that who must agree was sent.
    #[prop(optional)]
    signing_off: bool,
) -> AnyView {
    let run = CurrentRun::of_page();
    let agreement = run.part_of_plan(kind, |view| view.agreement.clone());
    let asked = run.part(move |page| asked_of(page, kind));
    let needed = run.part_of_plan(kind, |view| {
        view.agreement
            .as_ref()
            .is_some_and(|agreement| !agreement.needed.is_none())
    });
    view! {
        {move || agreement.get().map(|agreement| standing(agreement, run.now_ms))}
        {move || asked.get().map(|asked| answers(asked, run.now_ms))}
        {move || {
            needed
                .get()
                .then(|| {
                    view! {
                        <RequestForm kind />
                        <VoteForms kind />
                        {(!signing_off).then(|| view! { <SignOffLink /> })}
                    }
                })
        }}
    }
    .into_any()
}

fn asked_of(page: &RunPage, kind: PlanKind) -> Option<Asked> {
    let plan: Option<&PlanState> = match kind {
        PlanKind::Secure => page.state.secure.as_ref(),
        PlanKind::Reset => page.state.reset.as_ref(),
    };
    plan.and_then(|plan| plan.asked.clone())
}

/// How far the agreement is, as a sentence with its evidence.
fn standing(agreement: AgreementView, now_ms: Signal<i64>) -> AnyView {
    let AgreementView { needed, state, .. } = agreement;
    let because = needed.because.clone();
    if needed.is_none() {
        return view! {
            <p class="row">
                <Chip tone=Tone::Good icon=IconName::Check>
                    "nobody needs to agree"
                </Chip>
                <span class="soft">{because}</span>
            </p>
        }
        .into_any();
    }
    let (tone, icon, title, more) = match state {
        AgreementState::NotRequested => (
            Tone::Info,
            IconName::User,
            format!("This plan needs {} to agree.", needed.words()),
            view! { <p>"Nobody was asked yet."</p> }.into_any(),
        ),
        AgreementState::Waiting { missing, expires_at } => (
            Tone::Warning,
            IconName::Hourglass,
            format!("Waiting for {}.", words(&missing)),
            view! {
                <p>
                    "Without an answer the request turns into a No "
                    <Time at_ms=expires_at.0 now_ms /> "."
                </p>
            }
            .into_any(),
        ),
        AgreementState::NotNeeded | AgreementState::Agreed => {
            (Tone::Good, IconName::Check, "All who must agree have agreed.".to_owned(), ().into_any())
        }
        AgreementState::Declined { by, reason } => (
            Tone::Danger,
            IconName::Cross,
            format!("{} declined this plan.", by.name),
            view! { <blockquote class="quote">{reason}</blockquote> }.into_any(),
        ),
        AgreementState::Expired { at } => (
            Tone::Warning,
            IconName::Clock,
            "The request ran out of time, which means No.".to_owned(),
            view! {
                <p>
                    "It ended " <Time at_ms=at.0 now_ms /> ". Ask again to go on with this plan."
                </p>
            }
            .into_any(),
        ),
    };
    view! {
        <Callout tone icon title>
            {more}
            {(!because.is_empty()).then(|| view! { <p class="small soft">{because}</p> })}
        </Callout>
    }
    .into_any()
}

fn words(missing: &[RoleNeeded]) -> String {
    AgreementNeeded {
        roles: missing.to_vec(),
        ..AgreementNeeded::default()
    }
    .words()
}

/// Who asked and who has answered.
fn answers(asked: Asked, now_ms: Signal<i64>) -> AnyView {
    let Asked { by, at, votes, .. } = asked;
    let votes = votes
        .into_iter()
        .map(|vote| {
            let comment = vote.comment.trim().to_owned();
            view! {
                <TimelineItem
                    tone=Tone::Good
                    icon=IconName::Check
                    title=format!("{} agreed as {}", vote.person.name, vote.role)
                    meta=view! { <Time at_ms=vote.at.0 now_ms /> }.into_any()
                >
                    {(!comment.is_empty())
                        .then(|| view! { <blockquote class="quote">{comment}</blockquote> })}
                </TimelineItem>
            }
        })
        .collect_view();
    view! {
        <Timeline>
            <TimelineItem
                tone=Tone::Neutral
                icon=IconName::User
                title=format!("{} asked for agreement", by.name)
                meta=view! { <Time at_ms=at.0 now_ms /> }.into_any()
            />
            {votes}
        </Timeline>
    }
    .into_any()
}

/// Asks for agreement, where nobody was asked or the answer was No.
#[component]
fn RequestForm(
    /// To which of the two plans.
    kind: PlanKind,
) -> AnyView {
    let run = CurrentRun::of_page();
    let request = run.action::<RequestPlanAgreement>();
    let prepare = run.part(|page| page.may.prepare.clone());
    let blocked = blocked(request, move || prepare.get());
    let again = run.part_of_plan(kind, |view| {
        view.agreement
            .as_ref()
            .and_then(|agreement| match agreement.state {
                AgreementState::NotRequested => Some(false),
                AgreementState::Declined { .. } | AgreementState::Expired { .. } => {
                    Some(true)
                }
                _ => None,
            })
    });
    let started = run.part(move |page| started(page, kind));
    (move || {
        again.get().filter(|_| !started.get()).map(|again| {
            let text = if again {
                "Ask for agreement again"
            } else {
                "Ask for agreement"
            };
            view! {
                <ActForm action=request>
                    <Hidden name="run" value=run.id().to_string() />
                    <Hidden name="plan" value=run.plan_id(kind) />
                    <div class="row">
                        <Button
                            kind=ButtonKind::Submit
                            appearance=ButtonAppearance::Primary
                            icon=IconName::User
                            disabled_reason=blocked
                        >
                            {text}
                        </Button>
                    </div>
                </ActForm>
            }
        })
    })
    .into_any()
}

fn started(page: &RunPage, kind: PlanKind) -> bool {
    let plan = match kind {
        PlanKind::Secure => page.state.secure.as_ref(),
        PlanKind::Reset => page.state.reset.as_ref(),
    };
    plan.is_some_and(|plan| plan.started.is_some())
}

/// The address to send to whoever must agree. Before the page is alive only
/// its path is known.
#[component]
fn SignOffLink() -> AnyView {
    let run = CurrentRun::of_page();
    let path = paths::sign_off(&run.id());
    let (address, set_address) = signal(path.clone());
    {
        let path = path.clone();
        Effect::new(move |_| {
            if let Ok(origin) = window().location().origin() {
                set_address.set(format!("{origin}{path}"));
            }
        });
    }
    view! {
        <p>
            <a href=path>"Open the sign-off page"</a>
            ", or send its address to whoever must agree: "
            {move || view! { <Copyable value=address.get() what="the address" /> }}
        </p>
    }
    .into_any()
}
