//! How far a plan of a Run is: its agreement and its steps.

use serde::{Deserialize, Serialize};

use super::event::Event;
use super::facts::{Facts, StepProblem};
use crate::access::Person;
use crate::agreement::{AgreementNeeded, AgreementState, Vote, missing};
use crate::ids::{Digest, StepId};
use crate::time::Millis;

/// A plan and how far it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanState {
    /// Its id.
    pub id: Digest,
    /// When it was made.
    pub planned_at: Millis,
    /// By whom, who may then not agree to it.
    pub planned_by: Person,
    /// The steps in order, with what became of them.
    pub steps: Vec<StepState>,
    /// The undo in order.
    pub undo: Vec<StepState>,
    /// The request for agreement.
    pub asked: Option<Asked>,
    /// When its pre-flight was asked last, and the blob of the answers.
    #[serde(default)]
    pub preflight: Option<(Millis, Digest)>,
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
            matches!(
                s.status,
                StepStatus::Failed {
                    next_attempt_at: None
                }
            )
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
            return AgreementState::Declined {
                by: by.clone(),
                reason: reason.clone(),
            };
        }
        let own = [&asked.by.id, &self.planned_by.id];
        let missing = missing(needed, &own, &asked.votes);
        // An agreement that was not used in time is a No, complete or not; a
        // plan that was started has used it.
        let used_at = self.started.as_ref().map_or(now, |(at, _)| *at);
        if asked.expired || used_at >= asked.expires_at {
            AgreementState::Expired {
                at: asked.expires_at,
            }
        } else if missing.is_empty() {
            AgreementState::Agreed
        } else {
            AgreementState::Waiting {
                missing,
                expires_at: asked.expires_at,
            }
        }
    }
}

impl StepState {
    pub(super) fn waiting(id: &StepId) -> Self {
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

    pub(super) fn next_status(
        &mut self,
        at: Millis,
        event: &Event,
    ) -> Result<(), String> {
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
            (
                StepStatus::Underway,
                Event::StepProgressed {
                    done, total, what, ..
                },
            ) => {
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
                Event::StepFailed {
                    attempt,
                    problem,
                    next_attempt_at,
                    ..
                },
            ) => {
                if *attempt != self.attempts {
                    return Err(format!("attempt {} is under way", self.attempts));
                }
                self.problem = Some(problem.clone());
                self.status = StepStatus::Failed {
                    next_attempt_at: *next_attempt_at,
                };
            }
            (StepStatus::Underway, Event::OutcomeUnknown { reason, .. }) => {
                self.status = StepStatus::Unknown {
                    reason: reason.clone(),
                };
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
