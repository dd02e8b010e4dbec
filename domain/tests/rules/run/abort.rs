//! The way out of a Run, before and after the gate.

use crate::world::{NOW, intent, person};
use domain::intent::WayOut;
use domain::plan::PlanKind;
use domain::run::{Ending, Event, Facts, Next, RECORD_VERSION, Record, RunState, next};

use super::story::{Story, held, intended, planned, resetting, secured, started, step};

#[test]
fn an_abort_before_any_effect_closes_and_after_a_stop_undoes() {
    let abort = || Event::AbortAsked {
        reason: "mistake".into(),
    };
    let story = Story::opened().and(Some("oda"), abort());
    assert!(matches!(
        next(&story.state(), NOW),
        Next::End {
            ending: Ending::Closed,
            ..
        }
    ));
    let cancelled = Facts::CancelAsked {
        job_runs: vec!["run-1".parse().unwrap()],
    };
    let stopped = Story::opened()
        .and(
            Some("oda"),
            planned(
                PlanKind::Secure,
                "s",
                &["secure-1", "secure-2"],
                &["undo-1"],
            ),
        )
        .and(Some("oda"), started(PlanKind::Secure, "s"))
        .step("secure-1", cancelled)
        .and(Some("oda"), abort());
    let Next::Act { step: first, .. } = next(&stopped.state(), NOW) else {
        panic!("the stop is undone");
    };
    assert_eq!(first, step("undo-1"));
    let undone = stopped.step("undo-1", held());
    assert!(matches!(
        next(&undone.state(), NOW),
        Next::End {
            ending: Ending::Restored,
            ..
        }
    ));
}

#[test]
fn an_abort_is_told_with_one_full_stop() {
    for reason in ["Somebody else writes here", "Somebody else writes here. "] {
        let abort = Event::AbortAsked {
            reason: reason.into(),
        };
        let story = Story::opened().and(Some("oda"), abort);
        let Next::End { reason, .. } = next(&story.state(), NOW) else {
            panic!("nothing was done yet, so the Run ends");
        };
        assert_eq!(
            reason,
            "Aborted: Somebody else writes here. The checkpoint was not changed."
        );
    }
}

/// No gate is closed for a restart, so nothing stands in the way of an abort; but a
/// start that may have been accepted is settled first, and never made twice.
#[test]
fn an_abort_of_a_restart_settles_whether_the_job_was_started() {
    let restarting = || {
        secured()
            .and(
                Some("oda"),
                Event::Intended {
                    intent: intent(WayOut::Restart),
                },
            )
            .and(
                Some("oda"),
                planned(PlanKind::Reset, "r", &["reset-1", "reset-2"], &[]),
            )
            .and(Some("oda"), started(PlanKind::Reset, "r"))
    };
    let abort = || Event::AbortAsked {
        reason: "mistake".into(),
    };
    let before = restarting().and(Some("oda"), abort());
    assert!(matches!(
        next(&before.state(), NOW),
        Next::End {
            ending: Ending::Closed,
            ..
        }
    ));
    let under_way = restarting()
        .and(None, intended("reset-1", 1))
        .and(Some("oda"), abort());
    let Next::Act {
        step: first,
        unsettled: true,
        ..
    } = next(&under_way.state(), NOW)
    else {
        panic!("the start is settled");
    };
    assert_eq!(first, step("reset-1"));
    let job = Facts::StartedJob {
        job_run: "run-2".parse().unwrap(),
        adopted: false,
    };
    let running = restarting().step("reset-1", job).and(Some("oda"), abort());
    assert!(matches!(
        next(&running.state(), NOW),
        Next::End {
            ending: Ending::Restored,
            ..
        }
    ));
}

#[test]
fn a_parked_run_is_aborted_before_the_gate_and_closed_by_hand_after_it() {
    let parked = || Event::Parked {
        reason: "no".into(),
        next_step: "look".into(),
    };
    let asked = resetting().and(None, parked()).and(
        Some("oda"),
        Event::AbortAsked {
            reason: "enough".into(),
        },
    );
    assert!(matches!(
        next(&asked.state(), NOW),
        Next::End {
            ending: Ending::Closed,
            ..
        }
    ));
    let closed = |who| {
        let story = resetting()
            .and(None, Event::GateClosed { etag: "e".into() })
            .and(None, parked());
        let end = Event::Ended {
            ending: Ending::Closed,
            reason: "by hand".into(),
        };
        let mut records = story.records;
        records.push(Record {
            version: RECORD_VERSION,
            run_seq: records.len() as i64 + 1,
            at: NOW,
            actor: who,
            event: end,
        });
        RunState::fold(&records)
    };
    assert!(closed(Some(person("oda"))).is_ok());
    assert_eq!(
        closed(None).unwrap_err().reason,
        "the checkpoint was changed"
    );
}
