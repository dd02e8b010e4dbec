//! A Run: one reset from its first click to its report. Its state is a fold
//! of its events; the progress page, the audit trail and the report are three
//! readings of one journal.

mod event;
mod facts;
mod fold;
mod fold_plans;
mod next;
mod plan_state;

pub use event::{Answer, ChecklistItem, Ending, Event, RECORD_VERSION, Record};
pub use facts::{Facts, StepProblem};
pub use fold::{Gate, IllegalEvent, RunState, Stage};
pub use next::{Next, next};
pub use plan_state::{Asked, PlanState, StepState, StepStatus};
