//! The pre-flight in a Run's journal.

use domain::ids::Digest;
use domain::plan::PlanKind;
use domain::run::Event;

use super::story::{planned, secured};

#[test]
fn a_preflight_is_of_a_plan_that_the_run_holds_and_has_not_started() {
    let asked = |plan: &str| Event::Preflighted {
        plan: Digest::of(plan.as_bytes()),
        answers: Digest::of(b"answers"),
        refuses: Vec::new(),
    };
    let story = secured().and(
        Some("oda"),
        planned(PlanKind::Reset, "r", &["reset-1", "reset-2"], &[]),
    );
    let refused = story.refuses(Some("oda"), asked("another"));
    assert_eq!(refused, "it names a plan that this Run does not hold");
    let refused = story.refuses(Some("oda"), asked("s"));
    assert_eq!(refused, "the plan was started already");
    let story = story.and(Some("oda"), asked("r"));
    let state = story.state();
    assert!(state.reset.as_ref().unwrap().preflight.is_some());
    // A plan that replaces it is asked about anew.
    let anew = planned(PlanKind::Reset, "r2", &["reset-1", "reset-2"], &[]);
    let replaced = story.and(Some("oda"), anew).state();
    assert_eq!(replaced.reset.unwrap().preflight, None);
}
