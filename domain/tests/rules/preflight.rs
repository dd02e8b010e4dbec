//! The pre-flight: which calls and conditions a plan rests on, and what the answers
//! mean for its start.

use domain::intent::WayOut;
use domain::plan::{Plan, StepKind};
use domain::preflight::{
    Condition, Found, Hold, HoldKind, LockSeen, OnFailure, Preflight, PreflightProbe,
    StoredObject, Tried, VersioningSeen, cancel_grace, conditions_of, copyable,
    judge_conditions, kafka, object_lock, plan_needs, room_for_a_start, versioning,
};
use domain::probe::{Answer, ApplicationFacts, Need, Outcome, Probe};
use domain::snapshot::Observed;

use crate::log::{log, torn};
use crate::plan::{reset, secure, stopped};
use crate::world::{NOW, intent, snapshot, stream};

const ACCOUNT: &str = "111122223333";
const ROLE: &str = "arn:aws:iam::111122223333:role/Job";

fn running() -> Plan {
    let seen = snapshot("RUNNING", Some(&[100, 200]), &[50, 60], &[150, 260]);
    secure(&seen).unwrap()
}

fn lines(needs: &[Need]) -> Vec<String> {
    needs
        .iter()
        .map(|need| {
            let context: Vec<&str> = need.context.iter().map(|(key, _)| *key).collect();
            format!(
                "{} {} [{}]",
                need.resource,
                need.actions.join(","),
                context.join(",")
            )
        })
        .collect()
}

fn all(plan: &Plan) -> String {
    let needs = plan_needs(plan, &stream(), ACCOUNT, Some(ROLE));
    [
        vec!["checkpoint".to_owned()],
        lines(&needs.checkpoint),
        vec!["backup".to_owned()],
        lines(&needs.backup),
        vec!["job".to_owned()],
        lines(&needs.job),
    ]
    .concat()
    .join("\n")
}

#[test]
fn a_plan_names_every_call_with_its_resource_and_condition() {
    insta::assert_snapshot!("calls_of_a_secure_plan", all(&running()));
    let cleared = reset(&stopped(), WayOut::Latest).unwrap();
    insta::assert_snapshot!("calls_of_a_reset", all(&cleared));
    let rolled_back = torn().plan(WayOut::RollBack { batch: 2 }).unwrap();
    insta::assert_snapshot!("calls_of_a_rollback", all(&rolled_back));
}

#[test]
fn a_plan_that_only_restarts_changes_nothing_in_s3() {
    let ends: [&[i64]; 3] = [&[10, 20], &[30, 40], &[50, 60]];
    let plan = log(&ends, 1, &[100, 100]).plan(WayOut::Restart).unwrap();
    let needs = plan_needs(&plan, &stream(), ACCOUNT, Some(ROLE));
    let changes = ["s3:PutObject", "s3:DeleteObject"];
    let s3 = needs.checkpoint.iter().chain(&needs.backup);
    for need in s3 {
        assert!(
            !need.actions.iter().any(|a| changes.contains(a)),
            "{need:?}"
        );
    }
    assert!(
        needs
            .job
            .iter()
            .any(|n| n.actions.contains(&"iam:PassRole"))
    );
    assert!(conditions_of(&plan).is_empty());
}

fn tried(found: impl Fn(Condition) -> Found) -> Tried {
    Tried {
        at: NOW,
        place: "s3://bucket/ck/probe-".into(),
        found: Condition::ALL.into_iter().map(|c| (c, found(c))).collect(),
        left: String::new(),
    }
}

fn ignoring(ignored: &[Condition]) -> Tried {
    tried(|condition| match ignored.contains(&condition) {
        true => Found::Ignored,
        false => Found::Honoured,
    })
}

#[test]
fn a_plan_is_refused_where_what_it_rests_on_is_ignored() {
    use Condition::{CopyIfAbsent, CopyIfSource, DeleteIfMatch, PutIfAbsent, PutIfMatch};
    use OnFailure::{Refuses, Warns};
    use Outcome::{Failed, Passed};
    let open = running();
    let mut chosen = running();
    chosen.body.intent = Some(intent(WayOut::Latest));
    let mut to_restart = running();
    to_restart.body.intent = Some(intent(WayOut::Restart));
    let cleared = reset(&stopped(), WayOut::Latest).unwrap();
    for (plan, ignored, outcome, on_failure) in [
        (&open, vec![], Passed, Refuses),
        (&open, vec![CopyIfAbsent], Passed, Refuses),
        (&open, vec![CopyIfAbsent, CopyIfSource], Passed, Refuses),
        (&open, vec![PutIfAbsent], Failed, Refuses),
        // Nothing is chosen yet: a backup and a restart are possible.
        (&open, vec![DeleteIfMatch], Failed, Warns),
        (&open, vec![PutIfMatch], Failed, Warns),
        // The job is not stopped for a reset that could not be carried out.
        (&chosen, vec![DeleteIfMatch], Failed, Refuses),
        (
            &to_restart,
            vec![DeleteIfMatch, PutIfMatch],
            Passed,
            Refuses,
        ),
        (&cleared, vec![CopyIfAbsent, CopyIfSource], Passed, Refuses),
        (&cleared, vec![DeleteIfMatch], Failed, Refuses),
        (&cleared, vec![PutIfMatch], Failed, Refuses),
        (&cleared, vec![PutIfAbsent], Failed, Refuses),
    ] {
        let (answer, weight) =
            judge_conditions(&conditions_of(plan), &ignoring(&ignored));
        let what = format!("{} {ignored:?}: {answer:?}", plan.body.kind.word());
        assert_eq!(answer.outcome, outcome, "{what}");
        assert_eq!(weight, on_failure, "{what}");
        for condition in ignored {
            let needed = conditions_of(plan);
            let said = answer.reason.contains(condition.title());
            let is_needed =
                needed.own.contains(&condition) || needed.later.contains(&condition);
            assert_eq!(said, is_needed, "{what}");
        }
    }
}

#[test]
fn what_could_not_be_tried_refuses_what_rests_on_it() {
    let unknown = tried(|_| Found::Unknown("Access denied.".into()));
    let (answer, weight) = judge_conditions(&conditions_of(&running()), &unknown);
    assert_eq!(
        (answer.outcome, weight),
        (Outcome::Failed, OnFailure::Refuses)
    );
    assert!(answer.reason.contains("Access denied."), "{answer:?}");
    let not_tried = Tried {
        found: Vec::new(),
        ..unknown
    };
    let (answer, _) = judge_conditions(&conditions_of(&running()), &not_tried);
    assert_eq!(answer.outcome, Outcome::Failed);
}

#[test]
fn a_grace_period_needs_a_release_that_has_it_and_its_bounds() {
    let of = |grace: u32, release: &str| {
        let mut plan = running();
        for step in &mut plan.body.steps {
            if let StepKind::Stop(stop) = &mut step.kind {
                stop.grace_s = Some(grace);
            }
        }
        cancel_grace(&plan, release).unwrap().outcome
    };
    assert_eq!(of(120, "emr-7.9.0"), Outcome::Passed);
    assert_eq!(of(120, "emr-7.10.1"), Outcome::Passed);
    assert_eq!(of(120, "emr-7.8.0"), Outcome::Failed);
    assert_eq!(of(120, "emr-6.15.0"), Outcome::Failed);
    assert_eq!(of(14, "emr-7.9.0"), Outcome::Failed);
    assert_eq!(of(15, "emr-7.9.0"), Outcome::Passed);
    assert_eq!(of(1_800, "emr-7.9.0"), Outcome::Passed);
    assert_eq!(of(1_801, "emr-7.9.0"), Outcome::Failed);
    let nothing_to_stop = secure(&stopped()).unwrap();
    assert_eq!(cancel_grace(&nothing_to_stop, "emr-6.15.0"), None);
}

#[test]
fn what_the_plan_stops_makes_room_for_what_it_starts() {
    let facts = |state: &str, alive: usize| ApplicationFacts {
        state: state.into(),
        state_details: String::new(),
        starts_by_itself: Some(false),
        capacity_max: None,
        runs_max: Some(2),
        runs_alive: Some(alive),
    };
    let outcome = |plan: &Plan, state: &str, alive: usize| {
        let (answer, weight) = room_for_a_start(plan, "00f1", &facts(state, alive));
        (answer.outcome, weight)
    };
    let (passed, failed) = (Outcome::Passed, Outcome::Failed);
    // One of the two is stopped first.
    assert_eq!(
        outcome(&running(), "STARTED", 2),
        (passed, OnFailure::Refuses)
    );
    assert_eq!(
        outcome(&running(), "STARTED", 3),
        (failed, OnFailure::Refuses)
    );
    let cleared = reset(&stopped(), WayOut::Latest).unwrap();
    assert_eq!(
        outcome(&cleared, "STARTED", 2),
        (failed, OnFailure::Refuses)
    );
    assert_eq!(
        outcome(&cleared, "STOPPED", 0),
        (failed, OnFailure::Refuses)
    );
    // A backup of a job that has ended starts nothing.
    let backup = secure(&stopped()).unwrap();
    assert_eq!(outcome(&backup, "STOPPED", 0), (failed, OnFailure::Warns));
}

#[test]
fn a_legal_hold_refuses_and_a_retention_is_told() {
    let on = LockSeen {
        enabled: true,
        default: Some("GOVERNANCE for 30 days".into()),
    };
    let off = LockSeen {
        enabled: false,
        default: None,
    };
    let hold = |kind| Hold {
        key: "ck/orders/offsets/9".into(),
        kind,
    };
    let legal = hold(HoldKind::Legal);
    let retained = hold(HoldKind::Retained("COMPLIANCE until 2027".into()));
    for (lock, holds, outcome, weight) in [
        (&off, vec![], Outcome::Passed, OnFailure::Refuses),
        (&on, vec![], Outcome::Passed, OnFailure::Refuses),
        (&on, vec![&retained], Outcome::Failed, OnFailure::Warns),
        (
            &on,
            vec![&retained, &legal],
            Outcome::Failed,
            OnFailure::Refuses,
        ),
    ] {
        let holds: Vec<Hold> = holds.into_iter().cloned().collect();
        let (answer, found) = object_lock("bucket", lock, &holds, 10, 12);
        assert_eq!((answer.outcome, found), (outcome, weight), "{answer:?}");
        assert_eq!(
            answer.reason.contains("10 of 12"),
            lock.enabled,
            "{answer:?}"
        );
        let names = answer.reason.contains("offsets/9");
        assert_eq!(names, !holds.is_empty(), "{answer:?}");
    }
}

#[test]
fn what_is_archived_or_too_large_cannot_be_copied() {
    let object = |size: u64, class: Option<&str>| StoredObject {
        key: "ck/orders/offsets/9".into(),
        size,
        class: class.map(str::to_owned),
    };
    for (objects, outcome) in [
        (vec![], Outcome::Passed),
        (
            vec![object(1, None), object(5, Some("GLACIER_IR"))],
            Outcome::Passed,
        ),
        (
            vec![object(1, Some("INTELLIGENT_TIERING"))],
            Outcome::Passed,
        ),
        (
            vec![object(1, None), object(1, Some("GLACIER"))],
            Outcome::Failed,
        ),
        (vec![object(1, Some("DEEP_ARCHIVE"))], Outcome::Failed),
        (vec![object(10, None)], Outcome::Passed),
        (vec![object(11, None)], Outcome::Failed),
    ] {
        let answer = copyable(&objects, 10);
        assert_eq!(answer.outcome, outcome, "{objects:?}: {answer:?}");
    }
}

#[test]
fn what_a_delete_means_is_said_by_the_versions_that_are_kept() {
    let said = |status: Option<&str>, mfa_delete: bool| {
        let seen = VersioningSeen {
            status: status.map(str::to_owned),
            mfa_delete,
        };
        let answer = versioning("bucket", &seen);
        (answer.outcome, answer.reason)
    };
    let (outcome, never) = said(None, false);
    assert_eq!(outcome, Outcome::Passed);
    assert!(never.contains("A delete is final"), "{never}");
    let (outcome, on) = said(Some("Enabled"), true);
    assert_eq!(outcome, Outcome::Passed);
    assert!(on.contains("stays as an older version"), "{on}");
    assert!(on.contains("MFA delete is on"), "{on}");
    assert!(said(Some("Suspended"), false).1.contains("suspended"));
    assert_eq!(said(Some("Else"), false).0, Outcome::Failed);
}

#[test]
fn kafka_that_was_not_seen_is_a_failure_with_its_reason() {
    assert_eq!(kafka(&stopped().kafka).outcome, Outcome::Passed);
    let unseen = Observed::Unknown {
        at: NOW,
        reason: "The brokers belong to another cluster.".into(),
    };
    let answer = kafka(&unseen);
    assert_eq!(answer.outcome, Outcome::Failed);
    assert!(answer.reason.contains("another cluster"), "{answer:?}");
}

#[test]
fn only_a_failure_that_refuses_keeps_a_plan_from_being_started() {
    let weighed = |answer: Answer, on_failure| PreflightProbe {
        probe: Probe {
            id: "x".into(),
            asks: "Is it there".into(),
            calls: String::new(),
            command: String::new(),
            answer,
            took_ms: None,
        },
        on_failure,
    };
    let mut preflight = Preflight {
        plan: running().id,
        asked_at: NOW,
        probes: vec![
            weighed(Answer::passed("Yes."), OnFailure::Refuses),
            weighed(Answer::failed("No.", "Wait."), OnFailure::Warns),
            weighed(
                Answer::not_permitted("May not ask.", ""),
                OnFailure::Refuses,
            ),
            weighed(Answer::not_configured("Unknown.", ""), OnFailure::Refuses),
        ],
        tried: None,
    };
    assert_eq!(preflight.refusal(), None);
    let gone = Answer::failed("It is gone.", "Make it.");
    preflight.probes.push(weighed(gone, OnFailure::Refuses));
    assert_eq!(
        preflight.refusal().as_deref(),
        Some("Is it there? It is gone.")
    );
}
