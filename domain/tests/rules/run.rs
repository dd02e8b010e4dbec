//! The fold of a Run: what may follow on what, and what comes next.

use crate::world::{NOW, intent, person, sealed};
use domain::access::Role;
use domain::agreement::{AgreementNeeded, AgreementState, RoleNeeded};
use domain::ids::{Digest, StepId};
use domain::intent::WayOut;
use domain::plan::PlanKind;
use domain::run::{
    Answer, ChecklistItem, Ending, Event, Facts, Next, RECORD_VERSION, Record, RunState,
    Stage, StepProblem, next,
};

struct Story {
    records: Vec<Record>,
}

impl Story {
    fn opened() -> Self {
        let mut story = Self {
            records: Vec::new(),
        };
        story.push(
            Some("oda"),
            Event::Opened {
                stream: "orders".parse().unwrap(),
                verdict: "is corrupt".into(),
                snapshot: Digest::of(b"snapshot"),
                since: None,
            },
        );
        story
    }

    fn push(&mut self, who: Option<&str>, event: Event) {
        let run_seq = self.records.len() as i64 + 1;
        self.records.push(Record {
            version: RECORD_VERSION,
            run_seq,
            at: NOW.plus(run_seq * 1_000),
            actor: who.map(person),
            event,
        });
    }

    fn and(mut self, who: Option<&str>, event: Event) -> Self {
        self.push(who, event);
        self
    }

    fn state(&self) -> RunState {
        RunState::fold(&self.records).unwrap()
    }

    /// Why `event` cannot follow.
    fn refuses(&self, who: Option<&str>, event: Event) -> String {
        let mut story = Story {
            records: self.records.clone(),
        };
        story.push(who, event);
        RunState::fold(&story.records).unwrap_err().reason
    }

    fn step(self, id: &str, facts: Facts) -> Self {
        self.and(None, intended(id, 1)).and(None, done(id, facts))
    }
}

fn step(id: &str) -> StepId {
    id.parse().unwrap()
}

fn intended(id: &str, attempt: u32) -> Event {
    Event::StepIntended {
        step: step(id),
        attempt,
    }
}

fn done(id: &str, facts: Facts) -> Event {
    Event::StepDone {
        step: step(id),
        facts,
    }
}

fn held() -> Facts {
    Facts::Held { epoch: 1 }
}

fn planned(kind: PlanKind, plan: &str, steps: &[&str], undo: &[&str]) -> Event {
    Event::Planned {
        kind,
        plan: Digest::of(plan.as_bytes()),
        steps: steps.iter().map(|s| step(s)).collect(),
        undo: undo.iter().map(|s| step(s)).collect(),
    }
}

fn started(kind: PlanKind, plan: &str) -> Event {
    Event::Started {
        kind,
        plan: Digest::of(plan.as_bytes()),
    }
}

fn problem() -> StepProblem {
    StepProblem {
        message: "no".into(),
        hint: "wait".into(),
        reference: "r".into(),
    }
}

fn secured() -> Story {
    Story::opened()
        .and(
            Some("oda"),
            Event::Intended {
                intent: intent(WayOut::Latest),
            },
        )
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
        .step("secure-1", held())
        .and(None, intended("secure-2", 1))
        .and(None, Event::Sealed { sealed: sealed() })
        .and(None, done("secure-2", held()))
}

fn resetting() -> Story {
    secured()
        .and(
            Some("oda"),
            planned(PlanKind::Reset, "r", &["reset-1", "reset-2"], &[]),
        )
        .and(Some("oda"), started(PlanKind::Reset, "r"))
}

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

#[test]
fn who_made_a_plan_does_not_count_when_a_colleague_asks() {
    let plan = Digest::of(b"r");
    let story = secured()
        .and(
            Some("otto"),
            planned(PlanKind::Reset, "r", &["reset-1"], &[]),
        )
        .and(
            Some("oda"),
            Event::Requested {
                plan: plan.clone(),
                expires_at: NOW.plus(60_000),
            },
        )
        .and(
            Some("otto"),
            Event::Agreed {
                plan,
                role: Role::Stakeholder,
                comment: String::new(),
            },
        );
    let reset = story.state().reset.unwrap();
    assert!(matches!(
        reset.agreement(&one_stakeholder(), NOW),
        AgreementState::Waiting { .. }
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

fn one_stakeholder() -> AgreementNeeded {
    AgreementNeeded {
        roles: vec![RoleNeeded {
            role: Role::Stakeholder,
            count: 1,
        }],
        expires_after_ms: 60_000,
        because: String::new(),
    }
}

#[test]
fn an_agreement_holds_for_one_plan_and_ends_with_its_time() {
    let plan = Digest::of(b"r");
    let asked = secured()
        .and(
            Some("oda"),
            planned(PlanKind::Reset, "r", &["reset-1"], &[]),
        )
        .and(
            Some("oda"),
            Event::Requested {
                plan: plan.clone(),
                expires_at: NOW.plus(60_000),
            },
        );
    let of = |story: &Story, now| {
        story
            .state()
            .reset
            .unwrap()
            .agreement(&one_stakeholder(), now)
    };
    assert!(matches!(of(&asked, NOW), AgreementState::Waiting { .. }));
    assert!(matches!(
        of(&asked, NOW.plus(60_000)),
        AgreementState::Expired { .. }
    ));
    let agreed = || Event::Agreed {
        plan: plan.clone(),
        role: Role::Stakeholder,
        comment: String::new(),
    };
    let own = Story {
        records: asked.records.clone(),
    }
    .and(Some("oda"), agreed());
    assert!(
        matches!(of(&own, NOW), AgreementState::Waiting { .. }),
        "own plan"
    );
    let yes = Story {
        records: asked.records.clone(),
    }
    .and(Some("stella"), agreed());
    assert_eq!(of(&yes, NOW.plus(59_999)), AgreementState::Agreed);
    assert!(
        matches!(of(&yes, NOW.plus(60_000)), AgreementState::Expired { .. }),
        "an agreement that was not used in time is a No"
    );
    // Another plan voids it.
    let replaced = yes.and(
        Some("oda"),
        planned(PlanKind::Reset, "r2", &["reset-1"], &[]),
    );
    assert_eq!(of(&replaced, NOW), AgreementState::NotRequested);
    let declined = asked.and(
        Some("stella"),
        Event::Declined {
            plan,
            role: Role::Stakeholder,
            reason: "month end".into(),
        },
    );
    assert!(matches!(
        of(&declined, NOW),
        AgreementState::Declined { .. }
    ));
}

#[test]
fn every_event_reads_back_from_the_journals_form() {
    for record in resetting().records {
        let text = domain::canonical::to_string(&record).unwrap();
        let read: Record = serde_json::from_str(&text).unwrap();
        assert_eq!(read, record);
    }
}
