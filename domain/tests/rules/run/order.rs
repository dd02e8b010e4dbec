//! What may follow on what, and what comes next.

use crate::world::NOW;
use domain::plan::PlanKind;
use domain::run::{
    Answer, ChecklistItem, Ending, Event, Next, RECORD_VERSION, Record, RunState, Stage,
    next,
};

use super::story::{
    Story, done, held, intended, planned, problem, resetting, secured, started, step,
};

#[test]
fn a_whole_run_leads_through_its_stages_to_done() {
    let story = Story::opened();
    assert_eq!(story.state().stage(), Stage::Checklist);
    let story = story.and(
        Some("oda"),
        Event::Answered {
            item: ChecklistItem::Reason,
            answer: Answer::Word {
                text: "stuck".into(),
            },
        },
    );
    assert_eq!(story.state().stage(), Stage::WayOut);
    assert_eq!(secured().state().stage(), Stage::Plan);
    let story = resetting().step("reset-1", held()).step("reset-2", held());
    assert_eq!(story.state().stage(), Stage::Run);
    let Next::End {
        ending: Ending::Done,
        reason,
    } = next(&story.state(), NOW)
    else {
        panic!("the Run ends");
    };
    let story = story.and(
        None,
        Event::Ended {
            ending: Ending::Done,
            reason,
        },
    );
    assert_eq!(story.state().stage(), Stage::Report);
    assert_eq!(next(&story.state(), NOW), Next::Over);
    assert_eq!(
        story.refuses(None, intended("reset-1", 2)),
        "the Run is over"
    );
}

#[test]
fn events_that_cannot_follow_are_refused_with_the_reason() {
    let opened = Story::opened();
    for (story, who, event, reason) in [
        (
            &opened,
            Some("oda"),
            started(PlanKind::Secure, "s"),
            "there is no such plan",
        ),
        (
            &opened,
            Some("oda"),
            planned(PlanKind::Reset, "r", &["reset-1"], &[]),
            "a reset plan stands on a sealed backup",
        ),
        (
            &opened,
            None,
            intended("secure-1", 1),
            "it names a step that no plan has",
        ),
        (
            &opened,
            None,
            Event::GateClosed { etag: "e".into() },
            "the reset plan was not started",
        ),
        (
            &opened,
            None,
            Event::GateOpened { etag: "e".into() },
            "the gate is not closed",
        ),
        (
            &opened,
            Some("oda"),
            Event::Resumed { reason: "x".into() },
            "the Run is not parked",
        ),
        (
            &opened,
            None,
            Event::Ended {
                ending: Ending::Done,
                reason: "x".into(),
            },
            "not every step of the reset is done",
        ),
        (
            &resetting(),
            None,
            intended("reset-2", 1),
            "a step before it is not done",
        ),
        (
            &resetting(),
            None,
            done("reset-1", held()),
            "the step is not under way",
        ),
        (
            &resetting(),
            None,
            intended("reset-1", 2),
            "attempt 1 comes first",
        ),
        (
            &resetting(),
            None,
            intended("undo-1", 1),
            "an undo needs an abort",
        ),
        (
            &resetting(),
            Some("oda"),
            planned(PlanKind::Reset, "r2", &["reset-1"], &[]),
            "the reset plan is being carried out already",
        ),
        (
            &resetting().and(None, Event::GateClosed { etag: "e".into() }),
            Some("oda"),
            Event::AbortAsked { reason: "x".into() },
            "the checkpoint has been changed already",
        ),
        (
            &resetting().and(None, Event::GateClosed { etag: "e".into() }),
            None,
            Event::Ended {
                ending: Ending::Closed,
                reason: "x".into(),
            },
            "the checkpoint was changed",
        ),
    ] {
        assert_eq!(
            story.refuses(who, event.clone()),
            reason,
            "{}",
            event.word()
        );
    }
}

#[test]
fn a_record_out_of_place_or_of_tomorrow_is_refused() {
    let mut story = secured();
    story.records.remove(3);
    assert_eq!(
        RunState::fold(&story.records).unwrap_err().reason,
        "record 4 is missing"
    );
    let mut story = secured();
    story.records[2].version = RECORD_VERSION + 1;
    assert!(
        RunState::fold(&story.records)
            .unwrap_err()
            .reason
            .contains("newer release")
    );
}

#[test]
fn an_intent_without_outcome_is_unsettled_and_looked_at_first() {
    let story = resetting().and(None, intended("reset-1", 1));
    assert_eq!(
        next(&story.state(), NOW),
        Next::Act {
            kind: PlanKind::Reset,
            step: step("reset-1"),
            attempt: 2,
            unsettled: true
        }
    );
}

#[test]
fn a_failed_step_waits_for_its_time_or_for_a_person() {
    let failed = |next_attempt_at| {
        resetting().and(None, intended("reset-1", 1)).and(
            None,
            Event::StepFailed {
                step: step("reset-1"),
                attempt: 1,
                problem: problem(),
                next_attempt_at,
            },
        )
    };
    let later = NOW.plus(60_000);
    assert_eq!(next(&failed(Some(later)).state(), NOW), Next::Later(later));
    assert!(matches!(
        next(&failed(Some(later)).state(), later),
        Next::Act {
            unsettled: false,
            attempt: 2,
            ..
        }
    ));
    let parked = failed(None).and(
        None,
        Event::Parked {
            reason: "no".into(),
            next_step: "wait".into(),
        },
    );
    assert_eq!(next(&parked.state(), later), Next::Person);
    let resumed = parked.and(
        Some("oda"),
        Event::Resumed {
            reason: "mended".into(),
        },
    );
    assert!(matches!(
        next(&resumed.state(), NOW),
        Next::Act {
            unsettled: true,
            ..
        }
    ));
}

#[test]
fn a_plan_refused_at_its_first_step_may_be_made_anew() {
    let story = resetting().and(None, intended("reset-1", 1)).and(
        None,
        Event::StepFailed {
            step: step("reset-1"),
            attempt: 1,
            problem: problem(),
            next_attempt_at: None,
        },
    );
    let again = story.and(
        Some("oda"),
        planned(PlanKind::Reset, "r2", &["reset-1"], &[]),
    );
    assert!(again.state().reset.unwrap().started.is_none());
}

#[test]
fn every_event_reads_back_from_the_journals_form() {
    for record in resetting().records {
        let text = domain::canonical::to_string(&record).unwrap();
        let read: Record = serde_json::from_str(&text).unwrap();
        assert_eq!(read, record);
    }
}
