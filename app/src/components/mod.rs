//! Components that know the domain: streams, plans, Runs. They draw what a
//! page hands them; the server functions behind their forms are `api::act`.

mod act_form;
mod agreement_panel;
mod common_cause;
mod confirm_start;
mod cost_card;
mod csrf;
mod current;
mod current_run;
mod effects_table;
mod happened;
mod job_state;
mod live_note;
mod make_plan;
mod page_frame;
mod past_resets;
mod plan_steps;
mod problem;
mod prognosis;
mod run_rail;
mod run_trouble;
mod runs_table;
mod step_timeline;
mod stream_rows;
mod verdict;
mod vote_forms;
mod waiting;
mod weighed;

// By glob, since each component comes with a type for its properties.
pub use act_form::*;
pub use agreement_panel::*;
pub use common_cause::*;
pub use confirm_start::*;
pub use cost_card::*;
pub use csrf::*;
pub use current::*;
pub use current_run::*;
pub use effects_table::*;
pub use happened::*;
pub use job_state::*;
pub use live_note::*;
pub use make_plan::*;
pub use page_frame::*;
pub use past_resets::*;
pub use plan_steps::*;
pub use problem::*;
pub use prognosis::*;
pub use run_rail::*;
pub use run_trouble::*;
pub use runs_table::*;
pub use step_timeline::*;
pub use stream_rows::*;
pub use verdict::*;
pub use vote_forms::*;
pub use waiting::*;
pub use weighed::*;
