//! The way through a reset, with the state and the address of each stage.

use domain::agreement::AgreementState;
use domain::run::{ChecklistItem, Ending, PlanState, RunState, Stage};
use leptos::prelude::*;

use super::current_run::CurrentRun;
use crate::paths;
use crate::ui::{StepItem, StepState, Steps};
use crate::view::RunPage;

/// Every stage, in order.
pub const STAGES: [Stage; 7] = [
    Stage::Checklist,
    Stage::WayOut,
    Stage::Secure,
    Stage::Plan,
    Stage::Agreement,
    Stage::Run,
    Stage::Report,
];

/// The stage of a word in an address.
#[must_use]
pub fn stage_of(slug: &str) -> Option<Stage> {
    STAGES
        .into_iter()
        .find(|stage| paths::stage_slug(*stage) == slug)
}

/// The name of a stage.
#[must_use]
pub fn stage_title(stage: Stage) -> &'static str {
    match stage {
        Stage::Checklist => "Checklist",
        Stage::WayOut => "Way out",
        Stage::Secure => "Secure",
        Stage::Plan => "Plan",
        Stage::Agreement => "Agreement",
        Stage::Run => "Run",
        Stage::Report => "Report",
    }
}

/// The rail above every stage.
#[component]
pub fn RunRail(
    /// The stage that is shown.
    shown: Memo<Option<Stage>>,
) -> AnyView {
    let run = CurrentRun::of_page();
    let stages = run.part(rail);
    let items = Signal::derive(move || {
        let shown = shown.get();
        let items = stages.get().into_iter();
        items
            .map(|(stage, item)| StepItem {
                shown: shown == Some(stage),
                ..item
            })
            .collect()
    });
    view! { <Steps label="Guided reset" items /> }.into_any()
}

fn rail(page: &RunPage) -> Vec<(Stage, StepItem)> {
    STAGES
        .into_iter()
        .map(|stage| {
            let (state, note) = standing(page, stage);
            let item = StepItem {
                label: stage_title(stage).to_owned(),
                href: Some(paths::stage(&page.run, stage)),
                state,
                note,
                shown: false,
            };
            (stage, item)
        })
        .collect()
}

/// Where a stage stands, and a few words to it.
fn standing(page: &RunPage, stage: Stage) -> (StepState, Option<String>) {
    let state = &page.state;
    let over = state.ended.is_some();
    let otherwise = if page.stage == stage && !over {
        StepState::Current
    } else {
        StepState::Ahead
    };
    let done_if = |done: bool| if done { StepState::Done } else { otherwise };
    match stage {
        Stage::Checklist => {
            let (answered, all) = (state.answers.len(), ChecklistItem::ALL.len());
            (
                done_if(answered == all),
                Some(format!("{answered} of {all}")),
            )
        }
        Stage::WayOut => {
            let intent = state.intent.as_ref();
            (
                done_if(intent.is_some()),
                intent.map(|i| format!("option {}", i.way_out.letter())),
            )
        }
        Stage::Secure => secure(state, otherwise),
        Stage::Plan => {
            let stale = !page.reset.drift.is_empty();
            match &state.reset {
                Some(plan) if stale && plan.started.is_none() => {
                    (StepState::Failed, Some("stale".to_owned()))
                }
                Some(plan) => (StepState::Done, Some(plan.id.short().to_owned())),
                None => (otherwise, None),
            }
        }
        Stage::Agreement => agreement(page, otherwise),
        Stage::Run => carried_out(page, otherwise),
        Stage::Report => {
            let ending = state
                .ended
                .as_ref()
                .map(|(ending, _, _)| ending.word().to_owned());
            (done_if(over), ending)
        }
    }
}

fn secure(state: &RunState, otherwise: StepState) -> (StepState, Option<String>) {
    if state.sealed.is_some() {
        return (StepState::Done, Some("sealed".to_owned()));
    }
    let started = state
        .secure
        .as_ref()
        .is_some_and(|plan| plan.started.is_some());
    match (started, &state.parked) {
        (true, Some(_)) => (StepState::Failed, Some("needs a person".to_owned())),
        (true, None) if state.ended.is_none() => {
            (otherwise, Some("under way".to_owned()))
        }
        _ => (otherwise, None),
    }
}

fn agreement(page: &RunPage, otherwise: StepState) -> (StepState, Option<String>) {
    let Some(view) = &page.reset.agreement else {
        return (otherwise, None);
    };
    match &view.state {
        AgreementState::NotNeeded => (StepState::Done, Some("nobody".to_owned())),
        AgreementState::NotRequested => (otherwise, Some(view.needed.words())),
        AgreementState::Waiting { .. } => {
            let waits_for = domain::agreement::AgreementNeeded {
                roles: view.missing.clone(),
                ..view.needed.clone()
            };
            (StepState::Waiting, Some(waits_for.words()))
        }
        AgreementState::Agreed => (StepState::Done, Some("agreed".to_owned())),
        AgreementState::Declined { .. } => {
            (StepState::Failed, Some("declined".to_owned()))
        }
        AgreementState::Expired { .. } => (StepState::Failed, Some("expired".to_owned())),
    }
}

fn carried_out(page: &RunPage, otherwise: StepState) -> (StepState, Option<String>) {
    let state = &page.state;
    match &state.ended {
        Some((Ending::Done, _, _)) => return (StepState::Done, None),
        Some((Ending::Restored, _, _)) => {
            return (StepState::Failed, Some("restored".to_owned()));
        }
        Some((Ending::Closed, _, _)) => return (StepState::Ahead, None),
        None => {}
    }
    let started = state
        .reset
        .as_ref()
        .and_then(|plan| plan.started.as_ref().map(|_| plan));
    match (started, &state.parked) {
        (None, _) if is_ready(page) => {
            (StepState::Current, Some("to be started".to_owned()))
        }
        (None, _) => (otherwise, None),
        (Some(_), Some(_)) => (StepState::Failed, Some("needs a person".to_owned())),
        (Some(plan), None) => (otherwise, Some(steps_done(plan))),
    }
}

/// Whether only the start is missing: who must agree has agreed.
fn is_ready(page: &RunPage) -> bool {
    page.reset.drift.is_empty()
        && page.reset.agreement.as_ref().is_some_and(|agreement| {
            matches!(
                agreement.state,
                AgreementState::NotNeeded | AgreementState::Agreed
            )
        })
}

/// "3 of 7 steps".
fn steps_done(plan: &PlanState) -> String {
    use domain::run::StepStatus;
    let done = plan
        .steps
        .iter()
        .filter(|step| step.status == StepStatus::Done)
        .count();
    format!("{done} of {} steps", plan.steps.len())
}

#[cfg(test)]
mod tests {
    use domain::access::{Person, PersonId};
    use domain::checkpoint::QueryShape;
    use domain::ids::Digest;
    use domain::intent::{Intent, WayOut};
    use domain::plan::PlanKind;
    use domain::run::{Event, Record};
    use domain::stream::{Carrier, Sink, SinkKind, Stream};
    use domain::time::Millis;

    use super::*;
    use crate::view::{Permission, Permissions, PlanView};

    fn person() -> Person {
        Person {
            id: PersonId {
                issuer: "https://idp".into(),
                subject: "oda".into(),
            },
            name: "Oda".into(),
        }
    }

    fn stream() -> Stream {
        Stream {
            name: "orders".parse().unwrap(),
            title: "Orders".into(),
            environment: "prod".into(),
            region: "eu-central-1".into(),
            application: "00f8".into(),
            checkpoint: "s3://bucket/ck/orders/".parse().unwrap(),
            backup_root: "s3://bucket/ck/".parse().unwrap(),
            shape: QueryShape::stateless(1),
            spark: None,
            sources: vec![vec!["orders_events".into()]],
            kafka_cluster: "main".into(),
            read_committed: false,
            trigger_ms: 1_000,
            sink: Sink {
                kind: SinkKind::PlainFiles,
                location: "s3://bucket/bronze/".into(),
            },
            carrier: Carrier::Seed,
            siblings: Vec::new(),
            owner: "data".into(),
            contacts: Vec::new(),
            downstream: Vec::new(),
        }
    }

    fn opened() -> Event {
        Event::Opened {
            stream: "orders".parse().unwrap(),
            verdict: "is stuck".into(),
            snapshot: Digest::of(b"snapshot"),
            since: None,
        }
    }

    /// A Run to which this happened, after it was opened.
    fn page(events: Vec<Event>) -> RunPage {
        let records: Vec<Record> = std::iter::once(opened())
            .chain(events)
            .zip(1..)
            .map(|(event, run_seq)| Record {
                version: 1,
                run_seq,
                at: Millis(run_seq),
                actor: Some(person()),
                event,
            })
            .collect();
        let state = RunState::fold(&records).unwrap();
        let none = PlanView {
            plan: None,
            refusal: None,
            drift: Vec::new(),
            steps: Vec::new(),
            agreement: None,
            start: Permission::yes(),
            preflight: None,
            trial: Permission::yes(),
        };
        RunPage {
            now: Millis(9),
            run: "orders-1".parse().unwrap(),
            stream: stream(),
            verdict: None,
            stage: state.stage(),
            state,
            checklist: Vec::new(),
            options: Vec::new(),
            weighed: None,
            past: Vec::new(),
            backups: Vec::new(),
            secure: none.clone(),
            reset: none,
            cost: None,
            takes: None,
            agrees: None,
            headline: String::new(),
            rto_at: None,
            may: Permissions {
                prepare: Permission::yes(),
                start: Permission::yes(),
                abort: Permission::yes(),
                abort_leaves: String::new(),
                resume: Permission::yes(),
            },
            log: Vec::new(),
        }
    }

    fn states(page: &RunPage) -> Vec<(Stage, StepState)> {
        rail(page)
            .into_iter()
            .map(|(stage, item)| (stage, item.state))
            .collect()
    }

    #[test]
    fn every_stage_is_found_by_its_word() {
        for stage in STAGES {
            assert_eq!(stage_of(paths::stage_slug(stage)), Some(stage));
        }
        assert_eq!(stage_of("sign-off"), None);
    }

    #[test]
    fn a_new_run_stands_at_its_checklist_and_every_stage_has_its_address() {
        let page = page(Vec::new());
        let expected = STAGES.map(|stage| {
            let first = stage == Stage::Checklist;
            (
                stage,
                if first {
                    StepState::Current
                } else {
                    StepState::Ahead
                },
            )
        });
        assert_eq!(states(&page), expected);
        assert!(rail(&page).iter().all(|(_, item)| item.href.is_some()));
    }

    #[test]
    fn a_run_that_was_parked_while_it_secured_shows_a_failure_there() {
        let plan = Digest::of(b"plan");
        let page = page(vec![
            Event::Intended {
                intent: Intent {
                    way_out: WayOut::Earliest,
                    reason: "all rows are wrong".into(),
                    person: person(),
                },
            },
            Event::Planned {
                kind: PlanKind::Secure,
                plan: plan.clone(),
                steps: vec!["secure-1".parse().unwrap()],
                undo: Vec::new(),
            },
            Event::Started {
                kind: PlanKind::Secure,
                plan,
            },
            Event::Parked {
                reason: "The job does not end.".into(),
                next_step: "Look.".into(),
            },
        ]);
        let states = states(&page);
        assert!(
            states.contains(&(Stage::WayOut, StepState::Done)),
            "{states:?}"
        );
        assert!(
            states.contains(&(Stage::Secure, StepState::Failed)),
            "{states:?}"
        );
        assert!(
            states.contains(&(Stage::Report, StepState::Ahead)),
            "{states:?}"
        );
    }

    #[test]
    fn a_closed_run_leaves_what_it_never_reached_open() {
        let ending = Event::Ended {
            ending: Ending::Closed,
            reason: "declined".into(),
        };
        let states = states(&page(vec![ending]));
        assert!(
            states.contains(&(Stage::Checklist, StepState::Ahead)),
            "{states:?}"
        );
        assert!(
            states.contains(&(Stage::Report, StepState::Done)),
            "{states:?}"
        );
    }
}
