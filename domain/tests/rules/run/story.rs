//! Journals of Runs, told event by event.

use crate::world::{NOW, intent, person, sealed};
use domain::ids::{Digest, StepId};
use domain::intent::WayOut;
use domain::plan::PlanKind;
use domain::run::{Event, Facts, RECORD_VERSION, Record, RunState, StepProblem};

pub(super) struct Story {
    pub(super) records: Vec<Record>,
}

impl Story {
    pub(super) fn opened() -> Self {
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

    pub(super) fn push(&mut self, who: Option<&str>, event: Event) {
        let run_seq = self.records.len() as i64 + 1;
        self.records.push(Record {
            version: RECORD_VERSION,
            run_seq,
            at: NOW.plus(run_seq * 1_000),
            actor: who.map(person),
            event,
        });
    }

    pub(super) fn and(mut self, who: Option<&str>, event: Event) -> Self {
        self.push(who, event);
        self
    }

    pub(super) fn state(&self) -> RunState {
        RunState::fold(&self.records).unwrap()
    }

    /// Why `event` cannot follow.
    pub(super) fn refuses(&self, who: Option<&str>, event: Event) -> String {
        let mut story = Story {
            records: self.records.clone(),
        };
        story.push(who, event);
        RunState::fold(&story.records).unwrap_err().reason
    }

    pub(super) fn step(self, id: &str, facts: Facts) -> Self {
        self.and(None, intended(id, 1)).and(None, done(id, facts))
    }
}

pub(super) fn step(id: &str) -> StepId {
    id.parse().unwrap()
}

pub(super) fn intended(id: &str, attempt: u32) -> Event {
    Event::StepIntended {
        step: step(id),
        attempt,
    }
}

pub(super) fn done(id: &str, facts: Facts) -> Event {
    Event::StepDone {
        step: step(id),
        facts,
    }
}

pub(super) fn held() -> Facts {
    Facts::Held { epoch: 1 }
}

pub(super) fn planned(
    kind: PlanKind,
    plan: &str,
    steps: &[&str],
    undo: &[&str],
) -> Event {
    Event::Planned {
        kind,
        plan: Digest::of(plan.as_bytes()),
        steps: steps.iter().map(|s| step(s)).collect(),
        undo: undo.iter().map(|s| step(s)).collect(),
    }
}

pub(super) fn started(kind: PlanKind, plan: &str) -> Event {
    Event::Started {
        kind,
        plan: Digest::of(plan.as_bytes()),
    }
}

pub(super) fn problem() -> StepProblem {
    StepProblem {
        message: "no".into(),
        hint: "wait".into(),
        reference: "r".into(),
    }
}

pub(super) fn secured() -> Story {
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

pub(super) fn resetting() -> Story {
    secured()
        .and(
            Some("oda"),
            planned(PlanKind::Reset, "r", &["reset-1", "reset-2"], &[]),
        )
        .and(Some("oda"), started(PlanKind::Reset, "r"))
}
