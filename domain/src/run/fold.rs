//! The state of a Run as a fold of its records. An event that cannot follow
//! on what is there is an error, and a Run with one is refused.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::event::{Answer, ChecklistItem, Ending, Event, RECORD_VERSION, Record};
use super::plan_state::{PlanState, StepState, StepStatus};
use crate::access::Person;
use crate::ids::{Digest, JobRunId, StepId, StreamName};
use crate::intent::Intent;
use crate::manifest::Sealed;
use crate::plan::PlanKind;
use crate::time::Millis;

/// A record that cannot stand where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("record {run_seq} ({event}) cannot follow: {reason}")]
pub struct IllegalEvent {
    /// The record's place in the Run.
    pub run_seq: i64,
    /// The event's word.
    pub event: String,
    /// Why not.
    pub reason: String,
}

/// The steps of the guided reset, as in its addresses.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The checklist before a reset.
    Checklist,
    /// Which way out.
    WayOut,
    /// Stop and back up.
    Secure,
    /// The exact plan.
    Plan,
    /// Who must agree.
    Agreement,
    /// Being carried out.
    Run,
    /// What happened.
    Report,
}

/// What the executor and the pages know of a Run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunState {
    /// The stream.
    pub stream: StreamName,
    /// Who opened it.
    pub opened_by: Person,
    /// When.
    pub opened_at: Millis,
    /// The verdict at that time.
    pub verdict: String,
    /// Since when the stream was in that state.
    pub since: Option<Millis>,
    /// The blob of the snapshot at that time.
    pub snapshot: Digest,
    /// The checklist.
    pub answers: BTreeMap<ChecklistItem, Answer>,
    /// The way out.
    pub intent: Option<Intent>,
    /// The secure plan.
    pub secure: Option<PlanState>,
    /// The reset plan.
    pub reset: Option<PlanState>,
    /// The sealed backup.
    pub sealed: Option<Sealed>,
    /// The gate.
    pub gate: Gate,
    /// Why it waits for a person, and what they should do.
    pub parked: Option<(String, String)>,
    /// An abort that was asked for, and why.
    pub abort: Option<String>,
    /// How it ended, when and why.
    pub ended: Option<(Ending, Millis, String)>,
    /// The last record.
    pub last_seq: i64,
    /// When it was appended.
    pub last_at: Millis,
}

/// Whether Spark would refuse to start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// It was not touched.
    Untouched,
    /// It is closed.
    Closed,
    /// It was closed and is open again.
    Opened,
}

impl RunState {
    /// Folds a Run's records, which begin with its opening.
    ///
    /// # Errors
    /// The first record that cannot stand where it stands.
    pub fn fold(records: &[Record]) -> Result<Self, IllegalEvent> {
        let (first, rest) = records.split_first().ok_or_else(|| IllegalEvent {
            run_seq: 0,
            event: "nothing".to_owned(),
            reason: "a Run begins with its opening".to_owned(),
        })?;
        let mut state = Self::open(first)?;
        for record in rest {
            state.apply(record)?;
        }
        Ok(state)
    }

    fn open(record: &Record) -> Result<Self, IllegalEvent> {
        let illegal = |reason: &str| illegal(record, reason);
        if record.version > RECORD_VERSION {
            return Err(illegal("it was written by a newer release"));
        }
        let (
            Event::Opened {
                stream,
                verdict,
                snapshot,
                since,
            },
            Some(by),
        ) = (&record.event, &record.actor)
        else {
            return Err(illegal("a Run is opened by a person first"));
        };
        if record.run_seq != 1 {
            return Err(illegal("the first record of a Run is number 1"));
        }
        Ok(Self {
            stream: stream.clone(),
            opened_by: by.clone(),
            opened_at: record.at,
            verdict: verdict.clone(),
            since: *since,
            snapshot: snapshot.clone(),
            answers: BTreeMap::new(),
            intent: None,
            secure: None,
            reset: None,
            sealed: None,
            gate: Gate::Untouched,
            parked: None,
            abort: None,
            ended: None,
            last_seq: 1,
            last_at: record.at,
        })
    }

    /// Applies one record.
    ///
    /// # Errors
    /// When it cannot follow; the state is then as before.
    pub fn apply(&mut self, record: &Record) -> Result<(), IllegalEvent> {
        let refuse = |reason: String| illegal(record, &reason);
        if record.version > RECORD_VERSION {
            return Err(refuse("it was written by a newer release".to_owned()));
        }
        if record.run_seq != self.last_seq + 1 {
            return Err(refuse(format!("record {} is missing", self.last_seq + 1)));
        }
        if self.ended.is_some() {
            return Err(refuse("the Run is over".to_owned()));
        }
        let mut next = self.clone();
        next.step_over(record).map_err(refuse)?;
        next.last_seq = record.run_seq;
        next.last_at = record.at;
        *self = next;
        Ok(())
    }

    fn step_over(&mut self, record: &Record) -> Result<(), String> {
        match &record.event {
            Event::Opened { .. } => return Err("the Run is open already".to_owned()),
            Event::Answered { item, answer } => {
                self.answers.insert(*item, answer.clone());
            }
            Event::Intended { intent } => {
                if self.reset.as_ref().is_some_and(PlanState::is_under_way) {
                    return Err("the reset is being carried out already".to_owned());
                }
                self.intent = Some(intent.clone());
                self.reset = None;
            }
            Event::Planned {
                kind,
                plan,
                steps,
                undo,
            } => {
                self.planned(record, *kind, plan, steps, undo)?;
            }
            Event::Requested { .. }
            | Event::Agreed { .. }
            | Event::Declined { .. }
            | Event::Expired { .. }
            | Event::Withdrawn { .. } => self.asked(record)?,
            Event::TrialIntended { plan, .. } => self.preflighted(record, plan, None)?,
            Event::Preflighted { plan, answers, .. } => {
                self.preflighted(record, plan, Some(answers))?;
            }
            Event::Started { kind, plan } => self.started(record, *kind, plan)?,
            Event::Sealed { sealed } => {
                self.require_started(PlanKind::Secure)?;
                if self.sealed.is_some() {
                    return Err("the backup is sealed already".to_owned());
                }
                self.sealed = Some(sealed.clone());
            }
            Event::GateClosed { .. } => {
                self.require_started(PlanKind::Reset)?;
                self.gate = Gate::Closed;
            }
            Event::GateOpened { .. } => {
                if self.gate != Gate::Closed {
                    return Err("the gate is not closed".to_owned());
                }
                self.gate = Gate::Opened;
            }
            Event::Parked { reason, next_step } => {
                self.parked = Some((reason.clone(), next_step.clone()));
            }
            Event::Resumed { .. } => self.resumed()?,
            Event::AbortAsked { reason } => {
                if self.gate != Gate::Untouched {
                    return Err("the checkpoint has been changed already".to_owned());
                }
                self.abort = Some(reason.clone());
                // Somebody has decided; nothing is waited for any more.
                self.parked = None;
            }
            Event::Undone { .. } | Event::HandedOver { .. } => {}
            Event::Ended { ending, reason } => {
                if *ending == Ending::Done
                    && !self.reset.as_ref().is_some_and(PlanState::is_done)
                {
                    return Err("not every step of the reset is done".to_owned());
                }
                // A person may close a parked Run as it is; nobody else may
                // leave a changed checkpoint behind.
                let by_hand = record.actor.is_some() && self.parked.is_some();
                if *ending == Ending::Closed && self.gate != Gate::Untouched && !by_hand {
                    return Err("the checkpoint was changed".to_owned());
                }
                self.parked = None;
                self.ended = Some((*ending, record.at, reason.clone()));
            }
            step_event => self.step_event(record.at, step_event)?,
        }
        Ok(())
    }

    fn require_started(&self, kind: PlanKind) -> Result<(), String> {
        match self.plan(kind) {
            Some(plan) if plan.started.is_some() => Ok(()),
            _ => Err(format!("the {} plan was not started", kind.word())),
        }
    }

    fn resumed(&mut self) -> Result<(), String> {
        if self.parked.take().is_none() {
            return Err("the Run is not parked".to_owned());
        }
        // A person has looked: what had failed or could not be known is tried
        // again, beginning with a look at the world.
        for step in self.steps_mut() {
            if matches!(
                step.status,
                StepStatus::Failed { .. } | StepStatus::Unknown { .. }
            ) {
                step.status = StepStatus::Underway;
            }
        }
        Ok(())
    }

    fn step_event(&mut self, at: Millis, event: &Event) -> Result<(), String> {
        let id = match event {
            Event::StepIntended { step, .. }
            | Event::StepProgressed { step, .. }
            | Event::StepDone { step, .. }
            | Event::StepWarned { step, .. }
            | Event::StepFailed { step, .. }
            | Event::OutcomeUnknown { step, .. } => step,
            _ => return Err("it is no step's".to_owned()),
        };
        self.require_turn(id)?;
        let step = self
            .steps_mut()
            .find(|s| s.id == *id)
            .ok_or("it names a step that no started plan has")?;
        step.next_status(at, event)
    }

    /// Whether it is this step's turn: its plan was started and every step
    /// before it is done.
    fn require_turn(&self, id: &StepId) -> Result<(), String> {
        for plan in [&self.secure, &self.reset].into_iter().flatten() {
            for (steps, is_undo) in [(&plan.steps, false), (&plan.undo, true)] {
                let Some(at) = steps.iter().position(|s| s.id == *id) else {
                    continue;
                };
                if plan.started.is_none() {
                    return Err("its plan was not started".to_owned());
                }
                if is_undo && self.abort.is_none() {
                    return Err("an undo needs an abort".to_owned());
                }
                if steps[..at].iter().any(|s| s.status != StepStatus::Done) {
                    return Err("a step before it is not done".to_owned());
                }
                return Ok(());
            }
        }
        Err("it names a step that no plan has".to_owned())
    }

    /// The plan of a kind.
    #[must_use]
    pub fn plan(&self, kind: PlanKind) -> Option<&PlanState> {
        match kind {
            PlanKind::Secure => self.secure.as_ref(),
            PlanKind::Reset => self.reset.as_ref(),
        }
    }

    pub(super) fn plan_mut(&mut self, kind: PlanKind) -> &mut Option<PlanState> {
        match kind {
            PlanKind::Secure => &mut self.secure,
            PlanKind::Reset => &mut self.reset,
        }
    }

    fn steps_mut(&mut self) -> impl Iterator<Item = &mut StepState> {
        [&mut self.secure, &mut self.reset]
            .into_iter()
            .flatten()
            .flat_map(|p| p.steps.iter_mut().chain(p.undo.iter_mut()))
    }

    /// The job runs that write elsewhere, by a person's word.
    #[must_use]
    pub fn explained(&self) -> &[JobRunId] {
        match self.answers.get(&ChecklistItem::Writers) {
            Some(Answer::Explained { runs, .. }) => runs,
            _ => &[],
        }
    }

    /// Where the guided reset stands: the stage to open when somebody comes
    /// back to the Run without naming one.
    #[must_use]
    pub fn stage(&self) -> Stage {
        if self.ended.is_some() {
            return Stage::Report;
        }
        let started =
            |p: &Option<PlanState>| p.as_ref().is_some_and(|p| p.started.is_some());
        if started(&self.reset) {
            return Stage::Run;
        }
        if started(&self.secure) && self.sealed.is_none() {
            return Stage::Secure;
        }
        match (&self.intent, &self.sealed, &self.reset) {
            (Some(_), Some(_), Some(plan)) if plan.asked.is_some() => Stage::Agreement,
            (Some(_), Some(_), _) => Stage::Plan,
            (Some(_), None, _) => Stage::Secure,
            (None, _, _) if self.answers.contains_key(&ChecklistItem::Reason) => {
                Stage::WayOut
            }
            (None, _, _) => Stage::Checklist,
        }
    }
}

fn illegal(record: &Record, reason: &str) -> IllegalEvent {
    IllegalEvent {
        run_seq: record.run_seq,
        event: record.event.word().to_owned(),
        reason: reason.to_owned(),
    }
}
