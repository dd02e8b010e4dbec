//! Who must agree, who counts, and for how long.

use crate::world::NOW;
use domain::access::Role;
use domain::agreement::{AgreementNeeded, AgreementState, RoleNeeded};
use domain::ids::Digest;
use domain::plan::PlanKind;
use domain::run::Event;

use super::story::{Story, planned, secured};

#[test]
fn who_made_a_plan_does_not_count_when_a_colleague_asks() {
    let plan = Digest::of(b"r");
    let story = asked_for("otto", &plan).and(
        Some("otto"),
        Event::Agreed {
            plan,
            role: Role::Stakeholder,
            comment: String::new(),
        },
    );
    let reset = story.state().reset.unwrap();
    assert!(matches!(
        reset.agreement(&one_stakeholder(), NOW),
        AgreementState::Waiting { .. }
    ));
}

/// Oda asks for agreement to a plan, which holds for a minute.
fn asked_for(made_by: &str, plan: &Digest) -> Story {
    secured()
        .and(
            Some(made_by),
            planned(PlanKind::Reset, "r", &["reset-1"], &[]),
        )
        .and(
            Some("oda"),
            Event::Requested {
                plan: plan.clone(),
                expires_at: NOW.plus(60_000),
            },
        )
}

fn one_stakeholder() -> AgreementNeeded {
    AgreementNeeded {
        roles: vec![RoleNeeded {
            role: Role::Stakeholder,
            count: 1,
        }],
        expires_after_ms: 60_000,
        because: String::new(),
    }
}

#[test]
fn an_agreement_holds_for_one_plan_and_ends_with_its_time() {
    let plan = Digest::of(b"r");
    let asked = asked_for("oda", &plan);
    let of = |story: &Story, now| {
        story
            .state()
            .reset
            .unwrap()
            .agreement(&one_stakeholder(), now)
    };
    assert!(matches!(of(&asked, NOW), AgreementState::Waiting { .. }));
    assert!(matches!(
        of(&asked, NOW.plus(60_000)),
        AgreementState::Expired { .. }
    ));
    let agreed = || Event::Agreed {
        plan: plan.clone(),
        role: Role::Stakeholder,
        comment: String::new(),
    };
    let own = Story {
        records: asked.records.clone(),
    }
    .and(Some("oda"), agreed());
    assert!(
        matches!(of(&own, NOW), AgreementState::Waiting { .. }),
        "own plan"
    );
    let yes = Story {
        records: asked.records.clone(),
    }
    .and(Some("stella"), agreed());
    assert_eq!(of(&yes, NOW.plus(59_999)), AgreementState::Agreed);
    assert!(
        matches!(of(&yes, NOW.plus(60_000)), AgreementState::Expired { .. }),
        "an agreement that was not used in time is a No"
    );
    // Another plan voids it.
    let replaced = yes.and(
        Some("oda"),
        planned(PlanKind::Reset, "r2", &["reset-1"], &[]),
    );
    assert_eq!(of(&replaced, NOW), AgreementState::NotRequested);
    let declined = asked.and(
        Some("stella"),
        Event::Declined {
            plan,
            role: Role::Stakeholder,
            reason: "month end".into(),
        },
    );
    assert!(matches!(
        of(&declined, NOW),
        AgreementState::Declined { .. }
    ));
}
