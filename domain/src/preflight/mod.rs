//! Pre-flight: what is asked before a plan is started, so that what would stop
//! it half way is found while nothing is changed yet.
//!
//! Here are the calls that a plan's steps make and what the answers mean for
//! the start. A question that could not be asked says nothing about the plan,
//! so it stops nothing.

mod bucket;
mod calls;
mod conditions;
mod job;

use serde::{Deserialize, Serialize};

pub use bucket::{
    Hold, HoldKind, LockSeen, StoredObject, VersioningSeen, copyable, object_lock,
    versioning,
};
pub use calls::{PlanNeeds, plan_needs};
pub use conditions::{
    Condition, Conditions, Found, Tried, conditions_of, judge_conditions,
};
pub use job::{
    GRACE_SECONDS, cancel_grace, kafka, role, room_for_a_start, starts_a_job,
    supports_grace,
};

use crate::ids::Digest;
use crate::probe::{Answer, Outcome, Probe};
use crate::time::Millis;

/// What was asked before a plan is started, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preflight {
    /// The plan.
    pub plan: Digest,
    /// When it was asked.
    pub asked_at: Millis,
    /// Each question with its answer.
    pub probes: Vec<PreflightProbe>,
    /// Which conditions the endpoint honours, if that was tried; in the order of
    /// trying.
    pub tried: Option<Tried>,
}

/// A question that was answered, and what its failure means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreflightProbe {
    /// The question and its answer.
    pub probe: Probe,
    /// What it means where the answer is that it failed.
    pub on_failure: OnFailure,
}

/// What a failed question means for the start of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// The plan could not be carried out, or not safely: it is not started.
    Refuses,
    /// Somebody should know, and the plan can be carried out.
    Warns,
}

/// An answer and what its failure means.
pub type Judged = (Answer, OnFailure);

impl Preflight {
    /// The questions for which the plan is not started.
    pub fn refusals(&self) -> impl Iterator<Item = &Probe> {
        self.probes
            .iter()
            .filter(|weighed| weighed.refuses())
            .map(|weighed| &weighed.probe)
    }

    /// Why the plan is not started, as sentences; `None` where nothing is in
    /// its way.
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        let said: Vec<String> = self
            .refusals()
            .map(|probe| format!("{}? {}", probe.asks, probe.answer.reason))
            .collect();
        (!said.is_empty()).then(|| said.join(" "))
    }
}

impl PreflightProbe {
    /// Whether it keeps the plan from being started.
    #[must_use]
    pub fn refuses(&self) -> bool {
        self.probe.answer.outcome == Outcome::Failed
            && self.on_failure == OnFailure::Refuses
    }
}
