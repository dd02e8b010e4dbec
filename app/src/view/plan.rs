//! The pages of a plan by itself and of two side by side.

use domain::ids::{Digest, RunId};
use domain::plan::{Comparison, Plan, PlanBody, PlanKind, RenderedStep};
use domain::time::Millis;
use serde::{Deserialize, Serialize};

use super::Permission;

/// A plan by itself, wherever it came from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanPage {
    /// The server's time.
    pub now: Millis,
    /// The plan.
    pub plan: Plan,
    /// Its steps in words.
    pub steps: Vec<RenderedStep>,
    /// The rules that it breaks, as sentences.
    pub faults: Vec<String>,
    /// In which ways the world has moved from under it, as sentences; `None`
    /// where the stream has not been looked at.
    pub drift: Option<Vec<String>>,
    /// Whether its Run holds it now, and not another in its place.
    pub held: bool,
    /// The Run that is open on the stream.
    pub open_run: Option<RunId>,
    /// Whether the person may choose its way out in that Run.
    pub may_adopt: Permission,
    /// Plans to compare it with, newest first.
    pub others: Vec<PlanRef>,
}

/// A plan in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanRef {
    /// Its id.
    pub id: Digest,
    /// Which of a Run's two plans.
    pub kind: PlanKind,
    /// The Run that it says it belongs to.
    pub run: RunId,
    /// When it was made.
    pub built_at: Millis,
    /// The way out in words, where it has one.
    pub way_out: Option<String>,
}

impl PlanRef {
    /// Of a plan.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        let PlanBody {
            kind,
            run,
            built_at,
            intent,
            ..
        } = &plan.body;
        Self {
            id: plan.id.clone(),
            kind: *kind,
            run: run.clone(),
            built_at: *built_at,
            way_out: intent.as_ref().map(|intent| intent.way_out.describe()),
        }
    }
}

/// Two plans side by side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparePage {
    /// The server's time.
    pub now: Millis,
    /// The one.
    pub left: PlanRef,
    /// The other.
    pub right: PlanRef,
    /// What differs and what is the same.
    pub comparison: Comparison,
}
