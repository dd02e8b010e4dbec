//! The part of the fold that makes plans, asks for agreement and starts them.

use super::event::{Event, Record};
use super::fold::RunState;
use super::plan_state::{Asked, PlanState, StepState};
use crate::agreement::Vote;
use crate::ids::{Digest, StepId};
use crate::plan::PlanKind;

impl RunState {
    pub(super) fn planned(
        &mut self,
        record: &Record,
        kind: PlanKind,
        plan: &Digest,
        steps: &[StepId],
        undo: &[StepId],
    ) -> Result<(), String> {
        if self.plan(kind).is_some_and(PlanState::is_under_way) {
            return Err(format!(
                "the {} plan is being carried out already",
                kind.word()
            ));
        }
        if kind == PlanKind::Reset && self.sealed.is_none() {
            return Err("a reset plan stands on a sealed backup".to_owned());
        }
        if kind == PlanKind::Reset && self.intent.is_none() {
            return Err("no way out was chosen".to_owned());
        }
        let by = record.actor.clone().ok_or("a plan is made by a person")?;
        let waiting = |ids: &[StepId]| ids.iter().map(StepState::waiting).collect();
        let state = PlanState {
            id: plan.clone(),
            planned_at: record.at,
            planned_by: by,
            steps: waiting(steps),
            undo: waiting(undo),
            asked: None,
            preflight: None,
            started: None,
        };
        *self.plan_mut(kind) = Some(state);
        // What was in the way of the plan before is answered by this one.
        self.parked = None;
        Ok(())
    }

    pub(super) fn asked(&mut self, record: &Record) -> Result<(), String> {
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

    /// A pre-flight is of a plan that the Run holds and that was not started.
    pub(super) fn preflighted(
        &mut self,
        record: &Record,
        id: &Digest,
        answers: Option<&Digest>,
    ) -> Result<(), String> {
        let plan = [&mut self.secure, &mut self.reset]
            .into_iter()
            .flatten()
            .find(|p| p.id == *id)
            .ok_or("it names a plan that this Run does not hold")?;
        if plan.started.is_some() {
            return Err("the plan was started already".to_owned());
        }
        if let Some(answers) = answers {
            plan.preflight = Some((record.at, answers.clone()));
        }
        Ok(())
    }

    pub(super) fn started(
        &mut self,
        record: &Record,
        kind: PlanKind,
        id: &Digest,
    ) -> Result<(), String> {
        if self.abort.is_some() {
            return Err("an abort was asked for".to_owned());
        }
        let by = record
            .actor
            .clone()
            .ok_or("a plan is started by a person")?;
        let plan = self
            .plan_mut(kind)
            .as_mut()
            .ok_or("there is no such plan")?;
        if plan.id != *id {
            return Err("it names another plan than the Run holds".to_owned());
        }
        if plan.started.is_some() {
            return Err("the plan was started already".to_owned());
        }
        plan.started = Some((record.at, by));
        Ok(())
    }
}
