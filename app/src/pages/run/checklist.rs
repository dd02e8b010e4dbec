//! The checklist before a reset: each item answered by what Sluice sees, by a
//! step of this Run, or by a person.

use domain::run::{Answer, ChecklistItem, Stage};
use leptos::prelude::*;

use crate::api::act::AnswerChecklist;
use crate::components::*;
use crate::paths;
use crate::ui::*;
use crate::view::ChecklistRow;

/// The stage.
pub(super) fn stage() -> AnyView {
    let run = CurrentRun::of_page();
    let answered = run.part(|page| {
        page.checklist
            .iter()
            .filter(|row| row.answer.is_some())
            .count()
    });
    let all = ChecklistItem::ALL.len();
    let next = paths::stage(&run.id(), Stage::WayOut);
    view! {
        <section class="section">
            <h2>"Before a reset"</h2>
            <p class="soft prose">
                "Each item is answered once, and stands in the report with who answered it."
            </p>
            <ol class="checklist">
                {ChecklistItem::ALL
                    .into_iter()
                    .map(|item| view! { <Item item /> })
                    .collect_view()}
            </ol>
            <div class="row">
                {move || {
                    let appearance = if answered.get() == all {
                        ButtonAppearance::Primary
                    } else {
                        ButtonAppearance::Quiet
                    };
                    view! {
                        <LinkButton href=next.clone() appearance icon=IconName::ArrowRight>
                            "Choose a way out"
                        </LinkButton>
                    }
                }}
                <span class="soft">
                    {move || format!("{} of {all} items are answered.", answered.get())}
                </span>
            </div>
        </section>
    }
    .into_any()
}

/// One item: its answer, what Sluice offers, and a person's word.
#[component]
fn Item(item: ChecklistItem) -> AnyView {
    let run = CurrentRun::of_page();
    let row =
        run.part(move |page| page.checklist.iter().find(|row| row.item == item).cloned());
    let answer = Memo::new(move |_| row.get().and_then(|row| row.answer));
    let offered = Memo::new(move |_| row.get().and_then(|row: ChecklistRow| row.offered));
    let mark = move || {
        if answer.get().is_some() {
            view! {
                <Chip tone=Tone::Good icon=IconName::Check>
                    "answered"
                </Chip>
            }
        } else {
            view! {
                <Chip tone=Tone::Neutral icon=IconName::Circle>
                    "open"
                </Chip>
            }
        }
    };
    view! {
        <li class="checklist__item">
            <div class="row row--apart">
                <h3>{item.title()}</h3>
                {mark}
            </div>
            {move || match (answer.get(), offered.get()) {
                (Some(answer), _) => view! { <Said answer /> }.into_any(),
                (None, Some(offered)) => view! { <Said answer=offered /> }.into_any(),
                (None, None) => {
                    view! { <p class="soft">"Sluice cannot tell; a person's word is wanted."</p> }
                        .into_any()
                }
            }}
            <Accept item answer offered />
            <Word item answer offered />
        </li>
    }
    .into_any()
}

/// An answer, and whose it is.
#[component]
fn Said(answer: Answer) -> AnyView {
    let (whose, tone, icon, text) = match answer {
        Answer::Evidence {
            text,
            supports: true,
        } => ("Sluice sees", Tone::Info, IconName::Search, text),
        Answer::Evidence {
            text,
            supports: false,
        } => (
            "Sluice sees, and it speaks against a reset",
            Tone::Warning,
            IconName::Warning,
            text,
        ),
        Answer::Step { text } => (
            "A step of this Run does it",
            Tone::Accent,
            IconName::Gate,
            text,
        ),
        Answer::Word { text } | Answer::Explained { text, .. } => {
            ("In a person's words", Tone::Neutral, IconName::User, text)
        }
    };
    view! {
        <div class="checklist__said" data-tone=tone.as_str()>
            <span class="checklist__whose">
                <Icon name=icon />
                {whose}
            </span>
            <p>{text}</p>
        </div>
    }
    .into_any()
}

/// Takes what Sluice offers.
#[component]
fn Accept(
    item: ChecklistItem,
    answer: Memo<Option<Answer>>,
    offered: Memo<Option<Answer>>,
) -> AnyView {
    let run = CurrentRun::of_page();
    let accept = run.action::<AnswerChecklist>();
    let prepare = run.part(|page| page.may.prepare.clone());
    let blocked = blocked(accept, move || prepare.get());
    // What is offered may change by the minute; whether and how does not.
    let text = Memo::new(move |_| match (answer.get(), offered.get()) {
        (None, Some(Answer::Step { .. })) => Some("Let this Run do it"),
        (None, offered) if acceptable(item, offered.as_ref()) => {
            Some("Accept this evidence")
        }
        _ => None,
    });
    (move || {
        text.get().map(|text| {
            view! {
                <ActForm action=accept>
                    <ItemFields item by="accept" />
                    <div class="row">
                        <Button
                            kind=ButtonKind::Submit
                            icon=IconName::Check
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

/// Takes a person's word: at once where nothing is offered, else on demand.
#[component]
fn Word(
    item: ChecklistItem,
    answer: Memo<Option<Answer>>,
    offered: Memo<Option<Answer>>,
) -> AnyView {
    let run = CurrentRun::of_page();
    let say = run.action::<AnswerChecklist>();
    let prepare = run.part(|page| page.may.prepare.clone());
    let blocked = blocked(say, move || prepare.get());
    let summary =
        Memo::new(
            move |_| match (answer.get().is_some(), offered.get().is_some()) {
                (true, _) => "Answer again",
                (false, true) => "Answer in your own words",
                (false, false) => "Answer",
            },
        );
    let wanted = run.once(|page| {
        page.checklist
            .iter()
            .filter(|row| row.item == item && row.answer.is_none())
            .any(|row| !acceptable(item, row.offered.as_ref()))
    });
    let input = format!("word-{}", slug(item));
    view! {
        <details class="fold" open=wanted>
            <summary>{summary}</summary>
            <div class="fold__body">
                <ActForm action=say>
                    <ItemFields item by="word" />
                    <Field id=input.clone() label="In your words" hint=hint(item)>
                        <TextArea id=input name=field("text") required=true />
                    </Field>
                    <div class="row">
                        <Button
                            kind=ButtonKind::Submit
                            icon=IconName::User
                            disabled_reason=blocked
                        >
                            "Record this answer"
                        </Button>
                    </div>
                </ActForm>
            </div>
        </details>
    }
    .into_any()
}

/// Whether what Sluice offers can stand as the answer. Job runs that may write
/// here are explained by a person, or stand in the plan's way.
fn acceptable(item: ChecklistItem, offered: Option<&Answer>) -> bool {
    match offered {
        None => false,
        Some(Answer::Evidence { supports, .. }) => {
            *supports || item != ChecklistItem::Writers
        }
        Some(_) => true,
    }
}

#[component]
fn ItemFields(item: ChecklistItem, by: &'static str) -> impl IntoView {
    let run = CurrentRun::of_page();
    view! {
        <Hidden name="run" value=run.id().to_string() />
        <Hidden name="item" value=slug(item).to_owned() />
        <Hidden name="by" value=by.to_owned() />
    }
}

/// The word of an item in forms.
fn slug(item: ChecklistItem) -> &'static str {
    match item {
        ChecklistItem::Stuck => "stuck",
        ChecklistItem::Corruption => "corruption",
        ChecklistItem::Writers => "writers",
        ChecklistItem::Backup => "backup",
        ChecklistItem::Stakeholders => "stakeholders",
        ChecklistItem::Reason => "reason",
    }
}

/// What a good answer looks like.
fn hint(item: ChecklistItem) -> &'static str {
    match item {
        ChecklistItem::Stuck => "What you saw, where, and since when.",
        ChecklistItem::Corruption => "What you looked at and what you found.",
        ChecklistItem::Writers => {
            "What the job runs are and why none of them writes here. It is taken for each job run that is named above."
        }
        ChecklistItem::Backup => "Where the backup lies and how it was proved.",
        ChecklistItem::Stakeholders => "Who was told, how, and what they said.",
        ChecklistItem::Reason => "Why a reset, and why now. It opens the report.",
    }
}
