//! The stakeholder's page: a letter that asks for a Yes or a No.

use domain::agreement::AgreementState;
use domain::intent::WayOut;
use domain::plan::{Cost, PlanKind};
use domain::text::counted;
use domain::time::human_duration;
use leptos::prelude::*;
use leptos_meta::Title;

use crate::components::*;
use crate::paths;
use crate::ui::*;
use crate::view::RunPage;

const KIND: PlanKind = PlanKind::Reset;

/// The page.
#[component]
pub fn SignOff() -> AnyView {
    view! { <RunOfAddress view=letter /> }.into_any()
}

fn letter() -> AnyView {
    let run = CurrentRun::of_page();
    let stream = run.stream();
    let title = format!("Sign-off · Reset of {stream}");
    let text = run.part(Letter::of);
    let standing = run.part(standing);
    let made = run.part_of_plan(KIND, |view| view.plan.is_some());
    let effects = run.part_of_plan(KIND, |view| {
        view.plan
            .as_ref()
            .map(|plan| plan.body.effects.clone())
            .unwrap_or_default()
    });
    let plan = run.plan(KIND);
    let id = run.id();
    view! {
        <Title text=title />
        <div class="page page--letter">
            <article class="letter">
                <h1>{move || format!("Reset of {stream}: {}", standing.get())}</h1>
                <ErrorInAddress />
                <Freshness of=run.page />
                {move || text.get().view()}
                <section class="section">
                    <h2>"What is asked of you"</h2>
                    {move || {
                        if made.get() {
                            view! { <AgreementPanel kind=KIND signing_off=true /> }.into_any()
                        } else {
                            view! {
                                <p>
                                    "Nothing yet: there is no plan to agree to. This page will ask once there is."
                                </p>
                            }
                                .into_any()
                        }
                    }}
                </section>
                {move || {
                    made.get()
                        .then(|| {
                            view! {
                                <details class="fold fold--card">
                                    <summary>"The numbers, by partition"</summary>
                                    <div class="fold__body stack">
                                        {move || view! { <EffectsTable effects=effects.get() /> }}
                                    </div>
                                </details>
                                <details class="fold fold--card">
                                    <summary>"The plan, step by step"</summary>
                                    <div class="fold__body stack">
                                        {move || plan.get().planned()}
                                    </div>
                                </details>
                            }
                        })
                }}
                <p class="soft">
                    <a href=paths::run(&id)>"Open the Run itself"</a>
                    " for everything that was seen and done so far."
                </p>
            </article>
        </div>
    }
    .into_any()
}

/// What the letter is about, for its head.
fn standing(page: &RunPage) -> &'static str {
    let state = page
        .reset
        .agreement
        .as_ref()
        .map(|agreement| &agreement.state);
    match (&page.state.ended, state) {
        (Some(_), _) => "it is over",
        (None, Some(AgreementState::Waiting { .. })) => "your answer is asked for",
        (None, Some(AgreementState::Agreed)) => "it was agreed",
        (None, Some(AgreementState::Declined { .. })) => "it was declined",
        (None, Some(AgreementState::Expired { .. })) => "nobody answered in time",
        (None, _) => "what is planned",
    }
}

/// What the letter says, before it asks.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Letter {
    happened: String,
    will: String,
    reason: Option<String>,
    tables: Vec<String>,
    means: Vec<String>,
    when: String,
    takes: String,
    contacts: Vec<(String, String)>,
}

impl Letter {
    fn of(page: &RunPage) -> Self {
        let intent = page.state.intent.as_ref();
        Self {
            happened: format!(
                "{} {}.",
                page.stream.title,
                page.state.verdict.trim_end_matches('.')
            ),
            will: will(page),
            reason: intent
                .map(|intent| format!("{}: {}", intent.person.name, intent.reason)),
            tables: page.stream.downstream.clone(),
            means: means(page),
            when: when(page),
            takes: takes(page),
            contacts: page
                .stream
                .contacts
                .iter()
                .map(|contact| (contact.name.clone(), contact.reach.clone()))
                .collect(),
        }
    }

    fn view(self) -> AnyView {
        let tables = self
            .tables
            .into_iter()
            .map(|table| view! { <li>{table}</li> });
        let tables: Vec<_> = tables.collect();
        let contacts = self
            .contacts
            .into_iter()
            .map(|(name, reach)| view! { <Fact name>{reach}</Fact> })
            .collect_view();
        view! {
            <section class="section">
                <h2>"What happened"</h2>
                <p>{self.happened}</p>
            </section>
            <section class="section">
                <h2>"What will be done"</h2>
                <p>{self.will}</p>
                {self.reason.map(|reason| view! { <blockquote class="quote">{reason}</blockquote> })}
            </section>
            <section class="section">
                <h2>"What it means for your tables"</h2>
                {if tables.is_empty() {
                    view! { <p>"No table downstream is named in the configuration of this stream."</p> }
                        .into_any()
                } else {
                    view! { <ul class="list">{tables}</ul> }.into_any()
                }}
                {self.means.into_iter().map(|line| view! { <p>{line}</p> }).collect_view()}
            </section>
            <section class="section">
                <h2>"When, and for how long"</h2>
                <p>{self.when}</p>
                <p>{self.takes}</p>
            </section>
            <section class="section">
                <h2>"Whom to ask"</h2>
                <Facts wide=true>{contacts}</Facts>
            </section>
        }
        .into_any()
    }
}

/// The way out, in words for who knows the data and not the machine.
fn will(page: &RunPage) -> String {
    let Some(intent) = &page.state.intent else {
        return "That is not decided yet: no way out was chosen.".to_owned();
    };
    let from = match &intent.way_out {
        WayOut::Latest => {
            "from the newest records on. What was waiting in Kafka is not read".to_owned()
        }
        WayOut::Timestamp { at } => format!("from the records of {} on", at.utc()),
        WayOut::Offsets { offsets } => {
            format!(
                "from given offsets of {}",
                counted(offsets.len() as u64, "partition", "partitions")
            )
        }
        WayOut::Earliest => "from the oldest records that Kafka still has".to_owned(),
        WayOut::Restart => "where it stopped".to_owned(),
        WayOut::Move { offsets } => format!(
            "where it stopped, but for {}",
            counted(offsets.len() as u64, "partition", "partitions")
        ),
        WayOut::Rise { offsets } => format!(
            "from given offsets of {}",
            counted(offsets.len() as u64, "partition", "partitions")
        ),
        WayOut::Restore { backup, .. } => {
            format!("where the backup {} ends", backup.name())
        }
        WayOut::RollBack { batch } => format!("from the end of batch {batch} on"),
    };
    format!(
        "The job is stopped, its state is backed up and verified, and it is started again {from}."
    )
}

/// What the tables will show, by the plan's numbers or, before there is a
/// plan, by those of the way out.
fn means(page: &RunPage) -> Vec<String> {
    let Some(Cost {
        skipped,
        repeated,
        already_lost,
        ..
    }) = page.cost
    else {
        return vec![
            "How many records are skipped or read again is unknown yet.".to_owned(),
        ];
    };
    let records = |count| counted(count, "record", "records");
    let mut lines = Vec::new();
    if skipped > 0 {
        lines.push(format!(
            "At most {} will be missing: they are skipped and never read.",
            records(skipped)
        ));
    } else {
        lines.push("No record is skipped.".to_owned());
    }
    if repeated > 0 {
        lines.push(format!(
            "At most {} will be read a second time. {}",
            records(repeated),
            twice(page)
        ));
    } else {
        lines.push("No record is read a second time.".to_owned());
    }
    if already_lost > 0 {
        lines.push(format!(
            "Kafka has already deleted at most {} before they were read. No way out brings them back.",
            records(already_lost)
        ));
    }
    lines
}

/// What the sink does with it, as beside the way out.
fn twice(page: &RunPage) -> String {
    let chosen = page.options.iter().find(|option| option.chosen);
    match chosen.map(|option| option.sink.clone()) {
        Some(said) if !said.is_empty() => said,
        _ => "What the sink does with them is unknown.".to_owned(),
    }
}

fn when(page: &RunPage) -> String {
    let started = page
        .state
        .reset
        .as_ref()
        .and_then(|plan| plan.started.clone());
    match (&page.state.ended, started) {
        (Some((ending, at, _)), _) => {
            format!("This Run is over since {}: {}.", at.utc(), ending.word())
        }
        (None, Some((at, by))) => {
            format!("{} started the reset at {}.", by.name, at.utc())
        }
        (None, None) => {
            "It is started by hand, once all who must agree have agreed.".to_owned()
        }
    }
}

fn takes(page: &RunPage) -> String {
    let estimate = page.reset.plan.as_ref().map(|plan| &plan.body.estimate);
    match (estimate, &page.takes) {
        (Some(estimate), _) => match estimate.most_ms {
            Some(most) => format!(
                "From the start until your tables are up to date again: {} to {}.",
                human_duration(estimate.least_ms),
                human_duration(most)
            ),
            None => format!(
                "From the start until your tables are up to date again: {} at the least; the end is unknown.",
                human_duration(estimate.least_ms)
            ),
        },
        (None, Some(takes)) => format!("It is expected to take {takes}."),
        (None, None) => "How long it takes is unknown yet.".to_owned(),
    }
}
