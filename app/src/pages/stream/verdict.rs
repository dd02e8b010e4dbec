//! The verdict sentence, what speaks for it, and the one thing to do.

use domain::ids::RunId;
use domain::verdict::{Cause, ResetHelps, Verdict};
use leptos::prelude::*;

use super::Page;
use crate::api::act::OpenNewRun;
use crate::components::*;
use crate::paths;
use crate::ui::*;

/// The verdict in a sentence, and the way on from it.
pub(super) fn verdict(page: Page) -> AnyView {
    let name = page.once(|page| page.stream.name.to_string());
    let verdict = page.part(|page| page.row.verdict.clone());
    (move || match verdict.get() {
        Some(verdict) => judged(page, name.clone(), verdict),
        None => {
            let title = view! {
                <strong>{name.clone()}</strong>
                " has not been looked at yet."
            };
            view! {
                <Callout tone=Tone::Unknown icon=IconName::Hourglass verdict=true title>
                    <p>"Its verdict will stand here within a minute or two."</p>
                    <NextStep page helps=ResetHelps::Unknown />
                </Callout>
            }
            .into_any()
        }
    })
    .into_any()
}

fn judged(page: Page, name: String, verdict: Verdict) -> AnyView {
    let (tone, icon) = verdict_look(Some(verdict.kind));
    let sentence = format!(" {}.", verdict.sentence.trim_end_matches('.'));
    let title = view! {
        <strong>{name}</strong>
        {sentence}
    };
    view! {
        <Callout tone icon verdict=true title>
            <p>{verdict.advice}</p>
            {verdict.cause.map(cause)}
            <ul class="list soft">
                {verdict
                    .evidence
                    .into_iter()
                    .map(|evidence| view! { <li>{evidence}</li> })
                    .collect_view()}
            </ul>
            <NextStep page helps=verdict.reset_helps />
        </Callout>
    }
    .into_any()
}

/// Why the job failed, in its own words.
fn cause(cause: Cause) -> impl IntoView {
    view! {
        <p>
            {format!("The job failed by {}, as it says itself: ", cause.kind.word())}
            <code class="key">{cause.line}</code>
        </p>
    }
}

/// The open reset, or the beginning of one. Where a reset would not help it can
/// be begun all the same, by a button that does not ask for it.
#[component]
fn NextStep(page: Page, helps: ResetHelps) -> AnyView {
    let open = page.part(|page| page.row.open_run.clone());
    (move || match open.get() {
        Some(run) => go_on(&run),
        None => view! { <Begin page helps /> }.into_any(),
    })
    .into_any()
}

fn go_on(run: &RunId) -> AnyView {
    view! {
        <div class="row">
            <LinkButton
                href=paths::run(run)
                appearance=ButtonAppearance::Primary
                icon=IconName::ArrowRight
            >
                "Continue the open reset"
            </LinkButton>
        </div>
    }
    .into_any()
}

#[component]
fn Begin(page: Page, helps: ResetHelps) -> AnyView {
    let stream = page.once(|page| page.stream.name.to_string());
    let permission = page.part(|page| page.may_open.clone());
    let open = page.action::<OpenNewRun>();
    let blocked = blocked(open, move || permission.get());
    let allowed = move || permission.with(|permission| permission.allowed);
    let (appearance, note) = match helps {
        ResetHelps::Yes => (ButtonAppearance::Primary, ""),
        ResetHelps::Perhaps => (
            ButtonAppearance::Primary,
            "A reset may help; a restart is milder. ",
        ),
        ResetHelps::No => (
            ButtonAppearance::Quiet,
            "A reset would not help with this. ",
        ),
        ResetHelps::Unknown => (
            ButtonAppearance::Quiet,
            "Whether a reset would help is unknown. ",
        ),
    };
    view! {
        <ActForm action=open>
            <Hidden name="stream" value=stream.clone() />
            <div class="row">
                <Button
                    kind=ButtonKind::Submit
                    appearance
                    icon=IconName::Gate
                    disabled_reason=blocked
                >
                    {format!("Reset {stream}")}
                </Button>
                {move || {
                    allowed()
                        .then(|| {
                            view! {
                                <span class="soft small">
                                    {note}
                                    "It opens with a checklist; nothing is stopped or changed yet."
                                </span>
                            }
                        })
                }}
            </div>
        </ActForm>
    }
    .into_any()
}
