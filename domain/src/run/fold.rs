//! The state of a Run as a fold of its records. An event that cannot follow
//! on what is there is an error, and a Run with one is refused.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::event::{
    Answer, ChecklistItem, Ending, Event, Facts, RECORD_VERSION, Record, StepProblem,
};
use crate::access::Person;
use crate::agreement::{AgreementNeeded, AgreementState, Vote, missing};
use crate::ids::{Digest, StepId, StreamName};
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
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

/// A plan and how far it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanState {
    /// Its id.
    pub id: Digest,
    /// When it was made.
    pub planned_at: Millis,
    /// The steps in order, with what became of them.
    pub steps: Vec<StepState>,
    /// The undo in order.
    pub undo: Vec<StepState>,
    /// The request for agreement.
    pub asked: Option<Asked>,
    /// When it was started, and by whom.
    pub started: Option<(Millis, Person)>,
}

/// A request for agreement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Who asked.
    pub by: Person,
    /// When.
    pub at: Millis,
    /// When it turns into a No.
    pub expires_at: Millis,
    /// Who agreed.
    pub votes: Vec<Vote>,
    /// Who declined, and why.
    pub declined: Option<(Person, String)>,
    /// Whether the expiry was journalled.
    pub expired: bool,
}

/// A step and how far it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepState {
    /// The step.
    pub id: StepId,
    /// Where it stands.
    pub status: StepStatus,
    /// How many attempts were begun.
    pub attempts: u32,
    /// When the first attempt began.
    pub began_at: Option<Millis>,
    /// When it was done.
    pub ended_at: Option<Millis>,
    /// The counts last told: done, total (0 unknown), what.
    pub progress: Option<(u64, u64, String)>,
    /// What came of it.
    pub facts: Option<Facts>,
    /// What to know, when it was done with a warning.
    pub warning: Option<String>,
    /// The last problem.
    pub problem: Option<StepProblem>,
}

/// Where a step stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "status")]
pub enum StepStatus {
    /// Not begun.
    Waiting,
    /// Intended, without an outcome yet.
    Underway,
    /// An attempt failed; the next is due at this time, or a person is needed.
    Failed {
        /// When.
        next_attempt_at: Option<Millis>,
    },
    /// Its effect may or may not have happened.
    Unknown {
        /// Why that cannot be known.
        reason: String,
    },
    /// Done, perhaps with a warning.
    Done,
}

impl PlanState {
    /// Whether every step is done.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.steps.iter().all(|s| s.status == StepStatus::Done)
    }

    /// Whether it was started and cannot be replaced any more. A plan whose
    /// first step was refused as stale has had no effect and may be made anew.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        let refused_at_once = self.steps.first().is_some_and(|s| {
            matches!(s.status, StepStatus::Failed { next_attempt_at: None })
        });
        self.started.is_some() && !refused_at_once
    }

    /// Whether all agreed that `needed` names.
    #[must_use]
    pub fn agreement(&self, needed: &AgreementNeeded, now: Millis) -> AgreementState {
        if needed.is_none() {
            return AgreementState::NotNeeded;
        }
        let Some(asked) = &self.asked else {
            return AgreementState::NotRequested;
        };
        if let Some((by, reason)) = &asked.declined {
            return AgreementState::Declined { by: by.clone(), reason: reason.clone() };
        }
        let missing = missing(needed, &asked.by.id, &asked.votes);
        if missing.is_empty() {
            AgreementState::Agreed
        } else if asked.expired || now >= asked.expires_at {
            AgreementState::Expired { at: asked.expires_at }
        } else {
            AgreementState::Waiting { missing, expires_at: asked.expires_at }
        }
    }
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
        let (Event::Opened { stream, verdict, snapshot, since }, Some(by)) =
            (&record.event, &record.actor)
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
            Event::Planned { kind, plan, steps, undo } => {
                self.planned(record.at, *kind, plan, steps, undo)?;
            }
            Event::Requested { .. }
            | Event::Agreed { .. }
            | Event::Declined { .. }
            | Event::Expired { .. }
            | Event::Withdrawn { .. } => self.asked(record)?,
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
            }
            Event::Undone { .. } | Event::HandedOver { .. } => {}
            Event::Ended { ending, reason } => {
                if *ending == Ending::Done && !self.reset.as_ref().is_some_and(PlanState::is_done)
                {
                    return Err("not every step of the reset is done".to_owned());
                }
                if *ending == Ending::Closed && self.gate != Gate::Untouched {
                    return Err("the checkpoint was changed".to_owned());
                }
                self.parked = None;
                self.ended = Some((*ending, record.at, reason.clone()));
            }
            step_event => self.step_event(record.at, step_event)?,
        }
        Ok(())
    }

    fn planned(
        &mut self,
        at: Millis,
        kind: PlanKind,
        plan: &Digest,
        steps: &[StepId],
        undo: &[StepId],
    ) -> Result<(), String> {
        if self.plan(kind).is_some_and(PlanState::is_under_way) {
            return Err(format!("the {} plan is being carried out already", kind.word()));
        }
        if kind == PlanKind::Reset && self.sealed.is_none() {
            return Err("a reset plan stands on a sealed backup".to_owned());
        }
        if kind == PlanKind::Reset && self.intent.is_none() {
            return Err("no way out was chosen".to_owned());
        }
        let waiting = |ids: &[StepId]| ids.iter().map(StepState::waiting).collect();
        let state = PlanState {
            id: plan.clone(),
            planned_at: at,
            steps: waiting(steps),
            undo: waiting(undo),
            asked: None,
            started: None,
        };
        *self.plan_mut(kind) = Some(state);
        Ok(())
    }

    fn asked(&mut self, record: &Record) -> Result<(), String> {
        let plan_id = match &record.event {
            Event::Requested { plan, .. }
            | Event::Agreed { plan, .. }
            | Event::Declined { plan, .. }
            | Event::Expired { plan }
            | Event::Withdrawn { plan, .. } => plan,
            _ => return Err("it is no part of an agreement".to_owned()),
        };
        let plan = [&mut self.secure, &mut self.reset]
            .into_iter()
            .flatten()
            .find(|p| p.id == *plan_id)
            .ok_or("it names a plan that this Run does not hold")?;
        if plan.started.is_some() {
            return Err("the plan was started already".to_owned());
        }
        let person = record.actor.clone();
        if let Event::Requested { expires_at, .. } = &record.event {
            plan.asked = Some(Asked {
                by: person.ok_or("a request is a person's")?,
                at: record.at,
                expires_at: *expires_at,
                votes: Vec::new(),
                declined: None,
                expired: false,
            });
            return Ok(());
        }
        let asked = plan.asked.as_mut().ok_or("nobody asked for agreement")?;
        match &record.event {
            Event::Agreed { role, comment, .. } => asked.votes.push(Vote {
                person: person.ok_or("an agreement is a person's")?,
                role: *role,
                at: record.at,
                comment: comment.clone(),
            }),
            Event::Declined { reason, .. } => {
                let person = person.ok_or("a decline is a person's")?;
                asked.declined = Some((person, reason.clone()));
            }
            Event::Expired { .. } => asked.expired = true,
            _ => plan.asked = None,
        }
        Ok(())
    }

    fn started(
        &mut self,
        record: &Record,
        kind: PlanKind,
        id: &Digest,
    ) -> Result<(), String> {
        if self.abort.is_some() {
            return Err("an abort was asked for".to_owned());
        }
        let by = record.actor.clone().ok_or("a plan is started by a person")?;
        let plan = self.plan_mut(kind).as_mut().ok_or("there is no such plan")?;
        if plan.id != *id {
            return Err("it names another plan than the Run holds".to_owned());
        }
        if plan.started.is_some() {
            return Err("the plan was started already".to_owned());
        }
        plan.started = Some((record.at, by));
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
            if matches!(step.status, StepStatus::Failed { .. } | StepStatus::Unknown { .. }) {
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

    fn plan_mut(&mut self, kind: PlanKind) -> &mut Option<PlanState> {
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

    /// Where the guided reset stands: the stage to open when somebody comes
    /// back to the Run without naming one.
    #[must_use]
    pub fn stage(&self) -> Stage {
        if self.ended.is_some() {
            return Stage::Report;
        }
        let started = |p: &Option<PlanState>| p.as_ref().is_some_and(|p| p.started.is_some());
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
            (None, _, _) if self.answers.contains_key(&ChecklistItem::Reason) => Stage::WayOut,
            (None, _, _) => Stage::Checklist,
        }
    }
}

impl StepState {
    fn waiting(id: &StepId) -> Self {
        Self {
            id: id.clone(),
            status: StepStatus::Waiting,
            attempts: 0,
            began_at: None,
            ended_at: None,
            progress: None,
            facts: None,
            warning: None,
            problem: None,
        }
    }

    fn next_status(&mut self, at: Millis, event: &Event) -> Result<(), String> {
        match (&self.status, event) {
            (
                StepStatus::Waiting | StepStatus::Failed { .. } | StepStatus::Underway,
                Event::StepIntended { attempt, .. },
            ) => {
                if *attempt != self.attempts + 1 {
                    return Err(format!("attempt {} comes first", self.attempts + 1));
                }
                self.attempts = *attempt;
                self.began_at.get_or_insert(at);
                self.status = StepStatus::Underway;
            }
            (StepStatus::Underway, Event::StepProgressed { done, total, what, .. }) => {
                self.progress = Some((*done, *total, what.clone()));
            }
            (StepStatus::Underway, Event::StepDone { facts, .. }) => {
                self.done(at, facts);
            }
            (StepStatus::Underway, Event::StepWarned { facts, warning, .. }) => {
                self.done(at, facts);
                self.warning = Some(warning.clone());
            }
            (
                StepStatus::Underway,
                Event::StepFailed { attempt, problem, next_attempt_at, .. },
            ) => {
                if *attempt != self.attempts {
                    return Err(format!("attempt {} is under way", self.attempts));
                }
                self.problem = Some(problem.clone());
                self.status = StepStatus::Failed { next_attempt_at: *next_attempt_at };
            }
            (StepStatus::Underway, Event::OutcomeUnknown { reason, .. }) => {
                self.status = StepStatus::Unknown { reason: reason.clone() };
            }
            (StepStatus::Done, _) => return Err("the step is done".to_owned()),
            _ => return Err("the step is not under way".to_owned()),
        }
        Ok(())
    }

    fn done(&mut self, at: Millis, facts: &Facts) {
        self.status = StepStatus::Done;
        self.ended_at = Some(at);
        self.facts = Some(facts.clone());
        self.problem = None;
    }
}

fn illegal(record: &Record, reason: &str) -> IllegalEvent {
    IllegalEvent {
        run_seq: record.run_seq,
        event: record.event.word().to_owned(),
        reason: reason.to_owned(),
    }
}
