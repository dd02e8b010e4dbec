//! Choosing a way out: each with what it is for, what it costs, and whether it
//! can be chosen.

mod parameter;

use domain::plan::Cost;
use domain::run::{PlanState, Stage};
use domain::text::thousands;
use leptos::prelude::*;

use crate::api::act::{ChooseWayOut, ImportPlanFile};
use crate::components::*;
use crate::ui::*;
use crate::view::{OptionCard, Permission};

use parameter::parameter;

/// The stage.
pub(super) fn stage() -> AnyView {
    let run = CurrentRun::of_page();
    let values = run.part(|page| {
        page.options
            .iter()
            .map(|option| option.value.clone())
            .collect::<Vec<String>>()
    });
    // Nothing is looked at any more when the person leaves.
    on_cleanup(move || {
        let _gone = run.picked.try_set(None);
        let _gone = run.weighed.try_set(None);
    });
    let first = run.once(|page| {
        let options = page.options.iter();
        let chosen = options.clone().find(|option| option.chosen);
        chosen
            .or_else(|| {
                options
                    .clone()
                    .find(|o| o.recommended && o.not_possible.is_none())
            })
            .map(|option| option.value.clone())
    });
    // Kept apart from what the card beside looks at, which is the choice of
    // the Run until the person looks at another.
    let checked = RwSignal::new(first);
    let choose = run.action::<ChooseWayOut>();
    let stream = run.stream();
    view! {
        <Chosen />
        <section class="section">
            <h2>"Way out"</h2>
            <ActForm action=choose>
                <Hidden name="run" value=run.id().to_string() />
                <fieldset class="fieldset way-out">
                    <legend class="fieldset__legend">
                        {format!("Where should {stream} go on?")}
                    </legend>
                    <For
                        each=move || values.get()
                        key=|value| value.clone()
                        children=move |value| view! { <Choice value checked /> }
                    />
                </fieldset>
                <Field
                    id="choose-reason"
                    label="Reason"
                    hint="Why this way out. It stands in the plan and in the report."
                >
                    <TextArea
                        id="choose-reason"
                        name=field("reason")
                        value=run
                            .once(|page| {
                                page.state.intent.as_ref().map(|i| i.reason.clone()).unwrap_or_default()
                            })
                        required=true
                    />
                </Field>
                <ChooseButton choose checked />
            </ActForm>
            <Import />
        </section>
    }
    .into_any()
}

/// What was chosen already, and the way on.
#[component]
fn Chosen() -> AnyView {
    let run = CurrentRun::of_page();
    let chosen = run.part(|page| {
        let intent = page.state.intent.as_ref();
        intent.map(|i| {
            (
                i.way_out.describe(),
                i.reason.clone(),
                i.person.name.clone(),
            )
        })
    });
    let sealed = run.part(|page| page.state.sealed.is_some());
    let weighed = run.part(|page| page.weighed.clone());
    (move || {
        chosen.get().map(|(what, reason, who)| {
            let (next, text) = if sealed.get() {
                (Stage::Plan, "Go on to the plan")
            } else {
                (Stage::Secure, "Go on to secure")
            };
            view! {
                <Callout
                    tone=Tone::Accent
                    icon=IconName::Check
                    title=format!("{who} chose {what}.")
                >
                    <blockquote class="quote">{reason}</blockquote>
                    {move || {
                        weighed
                            .get()
                            .map(|weighed| {
                                view! {
                                    <details class="fold">
                                        <summary>"What it would do now, by partition"</summary>
                                        <div class="fold__body">
                                            <WeighedView weighed />
                                        </div>
                                    </details>
                                }
                            })
                    }}
                    <NextStage stage=next text />
                </Callout>
            }
        })
    })
    .into_any()
}

/// A plan that was exported, here or elsewhere, as the source of a way out.
#[component]
fn Import() -> AnyView {
    let run = CurrentRun::of_page();
    let import = run.action::<ImportPlanFile>();
    let prepare = run.part(|page| page.may.prepare.clone());
    let blocked = blocked(import, move || prepare.get());
    view! {
        <details class="fold">
            <summary>"Take it from a plan in a file"</summary>
            <div class="fold__body">
                <ActForm action=import>
                    <Hidden name="run" value=run.id().to_string() />
                    <Field
                        id="import-plan"
                        label="Plan"
                        hint="The JSON that a plan's page exports. It is judged by every rule and shown beside what Sluice would plan; it is never carried out itself."
                    >
                        <TextArea id="import-plan" name=field("plan") mono=true required=true />
                    </Field>
                    <div class="row">
                        <Button kind=ButtonKind::Submit disabled_reason=blocked>
                            "Judge the plan"
                        </Button>
                    </div>
                </ActForm>
            </div>
        </details>
    }
    .into_any()
}

/// One way out as a card, and what it needs to know.
#[component]
fn Choice(value: String, checked: RwSignal<Option<String>>) -> AnyView {
    let run = CurrentRun::of_page();
    let option = {
        let value = value.clone();
        run.part(move |page| {
            page.options
                .iter()
                .find(|option| option.value == value)
                .cloned()
        })
    };
    let look = {
        let value = value.clone();
        Callback::new(move |()| {
            checked.set(Some(value.clone()));
            run.picked.set(Some(value.clone()));
        })
    };
    let is_checked = {
        let value = value.clone();
        Signal::derive(move || checked.get().as_deref() == Some(value.as_str()))
    };
    // What is of one course stands together, under one heading.
    let heading = {
        let value = value.clone();
        run.part(move |page| {
            let at = page.options.iter().position(|o| o.value == value)?;
            let course = page.options[at].course;
            let is_first = at == 0 || page.options[at - 1].course != course;
            is_first.then(|| course.title())
        })
    };
    view! {
        {move || heading.get().map(|heading| view! { <h3>{heading}</h3> })}
        {move || option.get().map(|option| card(option, is_checked, look))}
        {parameter(value)}
    }
    .into_any()
}

fn card(option: OptionCard, checked: Signal<bool>, look: Callback<()>) -> impl IntoView {
    let mark = mark(&option);
    let OptionCard {
        letter,
        value,
        title,
        purpose,
        cost,
        takes,
        agrees,
        sink,
        not_possible,
        ..
    } = option;
    let disabled = not_possible.is_some();
    view! {
        <RadioCard
            name=field("option")
            value=value
            label=format!("{letter}. {title}")
            end=mark
            checked=checked
            disabled=disabled
            on_choose=look
        >
            <p>{purpose}</p>
            {not_possible.map(|reason| view! { <p>{format!("Not possible: {reason}")}</p> })}
            {(!disabled).then(|| figures(cost, takes, agrees))}
            {(!sink.is_empty()).then(|| view! { <p class="soft small">{sink}</p> })}
        </RadioCard>
    }
}

fn mark(option: &OptionCard) -> AnyView {
    let (tone, icon, word) = match option {
        OptionCard {
            not_possible: Some(_),
            ..
        } => (Tone::Neutral, IconName::Cross, "not possible"),
        OptionCard { chosen: true, .. } => (Tone::Good, IconName::Check, "chosen"),
        OptionCard {
            recommended: true, ..
        } => (Tone::Accent, IconName::Shield, "recommended, least harm"),
        _ => (Tone::Neutral, IconName::Circle, "possible"),
    };
    view! {
        <Chip tone icon>
            {word}
        </Chip>
    }
    .into_any()
}

fn figures(cost: Option<Cost>, takes: String, agrees: String) -> impl IntoView {
    let records =
        |count: Option<u64>| count.map_or_else(|| "depends".to_owned(), thousands);
    view! {
        <Figures>
            <Figure name="Skipped, never read">{records(cost.map(|cost| cost.skipped))}</Figure>
            <Figure name="Read again">{records(cost.map(|cost| cost.repeated))}</Figure>
            <Figure name="Takes">{takes}</Figure>
            <Figure name="Must agree">{agrees}</Figure>
        </Figures>
    }
}

#[component]
fn ChooseButton(
    choose: ServerAction<ChooseWayOut>,
    checked: RwSignal<Option<String>>,
) -> AnyView {
    let run = CurrentRun::of_page();
    let prepare = run.part(|page| page.may.prepare.clone());
    let under_way = run.part(|page| {
        page.state
            .reset
            .as_ref()
            .is_some_and(PlanState::is_under_way)
    });
    let blocked = blocked(choose, move || match prepare.get() {
        Permission { allowed: true, .. } if under_way.get() => Permission::no(
            "The reset is being carried out; the way out cannot change any more.",
        ),
        prepare => prepare,
    });
    let titles = run.part(|page| {
        let options = page.options.iter();
        options
            .map(|o| (o.value.clone(), format!("{}, {}", o.letter, o.title)))
            .collect::<Vec<_>>()
    });
    // Without script the cards can change and this text cannot.
    let (alive, set_alive) = signal(false);
    Effect::new(move |_| set_alive.set(true));
    let text = move || {
        let checked = checked.get().filter(|_| alive.get());
        let title = titles
            .get()
            .into_iter()
            .find(|(value, _)| Some(value) == checked.as_ref());
        title.map_or_else(
            || "Choose this way out".to_owned(),
            |(_, title)| format!("Choose {title}"),
        )
    };
    view! {
        <div class="row">
            <Button
                kind=ButtonKind::Submit
                appearance=ButtonAppearance::Primary
                disabled_reason=blocked
            >
                {text}
            </Button>
        </div>
    }
    .into_any()
}
