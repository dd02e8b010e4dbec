//! Two plans side by side.

use domain::intent::WayOut;
use domain::plan::{Plan, compare};

use crate::plan::{reset, secure, stopped};
use crate::world::offsets;

fn at(values: &[i64]) -> Plan {
    let offsets = offsets(values);
    reset(&stopped(), WayOut::Offsets { offsets }).unwrap()
}

#[test]
fn a_plan_that_is_made_again_does_the_same() {
    let (one, two) = (at(&[120, 60]), at(&[120, 60]));
    let comparison = compare(&one, &two);
    assert!(comparison.is_same_work());
    assert!(comparison.partitions.iter().all(|p| p.is_same()));
    assert!(comparison.notes.is_empty(), "{:?}", comparison.notes);
}

#[test]
fn partitions_that_go_on_elsewhere_come_first_with_their_difference() {
    let comparison = compare(&at(&[120, 60]), &at(&[120, 75]));
    assert!(!comparison.is_same_work());
    let rows: Vec<_> = comparison
        .partitions
        .iter()
        .map(|p| (p.partition, p.is_same(), p.difference()))
        .collect();
    assert_eq!(rows, [(1, false, Some(15)), (0, true, Some(0))]);
    let differs: Vec<&str> = comparison
        .steps
        .iter()
        .filter(|step| !step.same)
        .map(|step| step.left.as_ref().unwrap().word.as_str())
        .collect();
    assert_eq!(differs, ["seed", "read-back"]);
    let again = comparison
        .facts
        .iter()
        .find(|fact| fact.name == "Records read again")
        .unwrap();
    assert_eq!(again.left.as_deref(), Some("140"));
    assert_eq!(again.right.as_deref(), Some("125"));
}

#[test]
fn steps_of_plans_that_share_few_keep_the_order_of_both() {
    let (one, two) = (secure(&stopped()).unwrap(), at(&[120, 60]));
    let comparison = compare(&one, &two);
    let of = |is_left: bool| -> Vec<String> {
        let steps = comparison.steps.iter();
        steps
            .filter_map(|step| {
                if is_left {
                    step.left.as_ref()
                } else {
                    step.right.as_ref()
                }
            })
            .map(|step| step.id.to_string())
            .collect()
    };
    let ids = |plan: &Plan| -> Vec<String> {
        plan.body.steps.iter().map(|s| s.id.to_string()).collect()
    };
    assert_eq!(of(true), ids(&one));
    assert_eq!(of(false), ids(&two));
    assert!(comparison.steps.iter().all(|step| !step.same));
    assert!(comparison.partitions.iter().all(|p| p.left.is_none()));
}
