//! What the executor does next: a pure function of the state, so that it can
//! be asked again after any crash and gives the same answer.

use super::event::Ending;
use super::fold::{Gate, RunState};
use super::plan_state::{PlanState, StepState, StepStatus};
use crate::ids::StepId;
use crate::intent::Touch;
use crate::plan::PlanKind;
use crate::time::Millis;

/// What comes next in a Run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing, until a person acts.
    Person,
    /// Nothing, before this time.
    Later(Millis),
    /// Carry out this step.
    Act {
        /// Of this plan.
        kind: PlanKind,
        /// The step.
        step: StepId,
        /// The attempt that this would be.
        attempt: u32,
        /// Whether an intent stands without an outcome: look at the world
        /// first.
        unsettled: bool,
    },
    /// Append this ending.
    End {
        /// How.
        ending: Ending,
        /// Why.
        reason: String,
    },
    /// The Run is over.
    Over,
}

/// What comes next in a Run in this `state` at `now`.
#[must_use]
pub fn next(state: &RunState, now: Millis) -> Next {
    if state.ended.is_some() {
        return Next::Over;
    }
    if state.parked.is_some() {
        return Next::Person;
    }
    if let Some(reason) = &state.abort {
        return abort(state, reason, now);
    }
    for kind in [PlanKind::Reset, PlanKind::Secure] {
        let Some(plan) = state.plan(kind).filter(|p| p.started.is_some()) else {
            continue;
        };
        if let Some(next) = next_step(&plan.steps, kind, now) {
            return next;
        }
        if kind == PlanKind::Reset {
            return Next::End {
                ending: Ending::Done,
                reason: "The stream began where the plan says and advances.".to_owned(),
            };
        }
        break;
    }
    Next::Person
}

fn next_step(steps: &[StepState], kind: PlanKind, now: Millis) -> Option<Next> {
    let step = steps.iter().find(|s| s.status != StepStatus::Done)?;
    Some(match &step.status {
        StepStatus::Failed {
            next_attempt_at: Some(at),
        } if *at > now => Next::Later(*at),
        StepStatus::Failed {
            next_attempt_at: None,
        }
        | StepStatus::Unknown { .. } => Next::Person,
        status => Next::Act {
            kind,
            step: step.id.clone(),
            attempt: step.attempts + 1,
            unsettled: *status == StepStatus::Underway,
        },
    })
}

/// After an abort the step under way is finished first, since its effect may
/// have happened; then the undo is carried out, as far as there was an effect.
fn abort(state: &RunState, reason: &str, now: Millis) -> Next {
    debug_assert!(state.gate == Gate::Untouched);
    let Some(plan) = state.secure.as_ref().filter(|p| p.started.is_some()) else {
        return closed(reason);
    };
    if let Some(step) = plan.steps.iter().find(|s| s.status == StepStatus::Underway) {
        return Next::Act {
            kind: PlanKind::Secure,
            step: step.id.clone(),
            attempt: step.attempts + 1,
            unsettled: true,
        };
    }
    if let Some(next) = abort_of_a_restart(state, reason) {
        return next;
    }
    let stopped = stop_was_asked(plan);
    if !stopped || plan.undo.is_empty() {
        return closed(reason);
    }
    next_step(&plan.undo, PlanKind::Secure, now).unwrap_or_else(|| Next::End {
        ending: Ending::Restored,
        reason: format!(
            "Aborted: {} The job was started again on its untouched checkpoint.",
            sentence(reason)
        ),
    })
}

/// A plan that only restarts closes no gate, so it can be aborted at any time.
/// Whether the job was started is settled first; if it was, that is the undo.
fn abort_of_a_restart(state: &RunState, reason: &str) -> Option<Next> {
    let restarts = state
        .intent
        .as_ref()
        .is_some_and(|i| i.way_out.touch() == Touch::Nothing);
    let plan = state
        .reset
        .as_ref()
        .filter(|p| restarts && p.started.is_some())?;
    let began = plan
        .steps
        .iter()
        .any(|s| matches!(s.facts, Some(super::facts::Facts::StartedJob { .. })));
    if began {
        return Some(Next::End {
            ending: Ending::Restored,
            reason: format!(
                "Aborted: {} The job had been started again on its untouched checkpoint.",
                sentence(reason)
            ),
        });
    }
    let step = plan.steps.first()?;
    let may_have_begun = matches!(
        step.status,
        StepStatus::Underway
            | StepStatus::Failed {
                next_attempt_at: Some(_)
            }
    );
    may_have_begun.then(|| Next::Act {
        kind: PlanKind::Reset,
        step: step.id.clone(),
        attempt: step.attempts + 1,
        unsettled: true,
    })
}

fn stop_was_asked(plan: &PlanState) -> bool {
    use super::facts::Facts;
    plan.steps.iter().any(|s| match &s.facts {
        Some(Facts::CancelAsked { job_runs }) => !job_runs.is_empty(),
        _ => false,
    })
}

fn closed(reason: &str) -> Next {
    Next::End {
        ending: Ending::Closed,
        reason: format!(
            "Aborted: {} The checkpoint was not changed.",
            sentence(reason)
        ),
    }
}

/// A person's reason with one full stop, whether or not they wrote one.
fn sentence(reason: &str) -> String {
    let reason = reason.trim_end();
    if reason.ends_with(['.', '?', '!', '\u{2026}']) {
        reason.to_owned()
    } else {
        format!("{reason}.")
    }
}
