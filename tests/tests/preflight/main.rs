//! The pre-flight: whatever would stop a plan half way keeps it from being started,
//! and nothing was stopped or written by then. What was done is told by the sandbox.

mod places;

use domain::plan::{Plan, PlanKind};
use domain::preflight::Preflight;
use domain::probe::Outcome;
use sandbox::emr::ApplicationState;
use sandbox::faults::{Fault, FaultKind, When};
use sandbox::iam::{OBSERVER_ROLE, OPERATOR_ROLE, Policy};
use sandbox::s3::{Condition, Meta};
use sandbox::streams::BUCKET;
use sandbox::world::World;
use serde_json::json;
use tests::{Deeds, Ground, Guided, Person, Refused, Stage};

/// What the names of a trial's objects begin with.
const TRIAL: &str = "_checkpoints/streaming/sluice-conditions-probe-";
const OBJECTS: &str = "sluice-conditions-probe-";
const KEY: &str =
    "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555";

/// What the page shows of a plan's pre-flight.
async fn asked(run: &Guided, kind: PlanKind) -> Preflight {
    let page = run.page().await;
    serde_json::from_value(page[kind.word()]["preflight"].clone())
        .unwrap_or_else(|error| panic!("{error}: {page}"))
}

#[track_caller]
fn says(preflight: &Preflight, id: &str, outcome: Outcome, words: &[&str]) {
    let found = preflight.probes.iter().find(|one| one.probe.id == id);
    let probe = &found.unwrap_or_else(|| panic!("{id}: {preflight:?}")).probe;
    assert_eq!(probe.answer.outcome, outcome, "{probe:?}");
    let said = format!("{} {}", probe.answer.reason, probe.answer.next);
    for word in words {
        assert!(said.contains(word), "{word:?} in {probe:?}");
    }
}

/// What Sluice has changed, but for its own objects of a trial.
fn changes(deeds: &Deeds) -> Vec<String> {
    deeds
        .of_sluice()
        .filter(|entry| entry.call.action != "AssumeRole")
        .filter(|entry| {
            let target = entry.call.s3.as_ref();
            !target.is_some_and(|s3| s3.key.contains(OBJECTS))
        })
        .map(|entry| format!("{} {:?}", entry.call.action, entry.call.s3))
        .collect()
}

/// Starts a plan by a direct call, which must be refused with these words, and with
/// nothing done.
async fn is_refused(stage: &Stage, run: &Guided, plan: &Plan, words: &[&str]) {
    let before = changes(&stage.deeds());
    let name = stage.definition.name;
    let refused = run.tries_to_start(plan, name).await;
    let Err(Refused {
        error: Some(error), ..
    }) = refused
    else {
        panic!("{words:?}: {refused:?}");
    };
    for word in words {
        assert!(error.message.contains(word), "{word:?} in {error:?}");
    }
    assert_eq!(changes(&stage.deeds()), before, "{words:?}");
    let left = stage.ground.bucket().keys(TRIAL);
    assert!(left.is_empty(), "{words:?}: {left:?}");
    let state = run.state().await;
    let started = state.plan(plan.body.kind).and_then(|p| p.started.clone());
    assert_eq!(started, None, "{words:?}");
}

fn deny(ground: &Ground, role: &str, actions: &[&str]) {
    let policies = &ground.sandbox.shared.policies;
    let mut role = policies.get(&format!("role/{role}")).expect("a role");
    let denies = json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Deny", "Action": actions, "Resource": "*" }],
    });
    let denied = Policy::inline("Denied", denies).expect("a policy");
    role.policies.push(denied);
    policies.put(role);
}

fn allow_again(ground: &Ground, role: &str) {
    let policies = &ground.sandbox.shared.policies;
    let mut role = policies.get(&format!("role/{role}")).expect("a role");
    role.policies.retain(|policy| policy.name != "Denied");
    policies.put(role);
}

fn fault(ground: &Ground, service: &str, action: Option<&str>, does: FaultKind) {
    ground.sandbox.shared.faults.set(Fault {
        service: service.to_owned(),
        action: action.map(str::to_owned),
        key_prefix: None,
        does,
        when: When::Always,
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_in_whose_way_nothing_stands_is_started_and_the_trial_leaves_nothing() {
    let stage = Stage::set("payments").await;
    let run = stage.opens_a_run().await;
    let plan = run.plans(PlanKind::Secure).await;
    // It is asked when the plan is made, and nothing is written for that.
    let first = asked(&run, PlanKind::Secure).await;
    assert_eq!(first.refusal(), None);
    for one in &first.probes {
        assert_eq!(one.probe.answer.outcome, Outcome::Passed, "{:?}", one.probe);
    }
    for (id, word) in [
        ("rights-checkpoint", "Likely, not proved"),
        ("rights-backup", "allowed"),
        ("rights-job", "allowed"),
        ("application", "started"),
        ("grace", "takes the"),
        ("job-role", "EmrServerlessJobExecutionRole"),
        ("kafka", "offsets"),
        ("backup-place", "the account owns it"),
        ("versioning", "A delete is final"),
        ("object-lock", "is off"),
        ("objects", "none is archived"),
        ("encryption", "It was read"),
        ("backup-encryption", "AES256"),
    ] {
        says(&first, id, Outcome::Passed, &[word]);
    }
    assert_eq!(first.tried, None);
    assert!(stage.deeds().all_keys().is_empty());

    // Somebody tries the conditions before the start.
    run.does("preflight", &[("plan", plan.id.as_str()), ("trial", "yes")])
        .await;
    let tried = asked(&run, PlanKind::Secure).await;
    says(&tried, "conditions", Outcome::Passed, &["are honoured"]);
    assert!(changes(&stage.deeds()).is_empty());
    let keys = stage.deeds().all_keys();
    assert!(
        keys.len() > 5 && keys.iter().all(|key| key.starts_with(TRIAL)),
        "{keys:?}"
    );
    assert!(stage.ground.bucket().keys(TRIAL).is_empty());

    run.starts(&plan).await;
    run.is_sealed().await;
    assert!(stage.ground.bucket().keys(TRIAL).is_empty());
    // What was to be written and what was learned stand in the journal, in this
    // order, before the start.
    let mut journal = stage.ground.journal().await;
    let rows = journal.of(&run.run).await;
    let words: Vec<&str> = rows.iter().map(|row| row.kind.as_str()).collect();
    let started = words.iter().position(|word| *word == "started");
    let before = &words[..started.expect("it was started")];
    assert_eq!(
        before[before.len() - 2..],
        ["trial_intended", "preflighted"],
        "{words:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_in_the_way_of_a_running_jobs_backup_stops_nothing() {
    let stage = Stage::set("payments").await;
    let ground = &stage.ground;
    let run = stage.opens_a_run().await;
    run.chooses("latest", &[]).await;
    let plan = run.plans(PlanKind::Secure).await;
    let faults = &ground.sandbox.shared.faults;

    deny(ground, OPERATOR_ROLE, &["emr-serverless:CancelJobRun"]);
    is_refused(&stage, &run, &plan, &["CancelJobRun", "denies it outright"]).await;
    // The page says so too, and its button is off.
    let page = run.page().await;
    assert_eq!(page["secure"]["start"]["allowed"], json!(false));
    let name = stage.definition.name;
    let html = run.person.open(&format!("/runs/{}/secure", run.run)).await;
    let html = html.text().await.expect("a page");
    for word in ["The plan is not started like this.", "CancelJobRun", name] {
        assert!(html.contains(word), "{word}");
    }
    allow_again(ground, OPERATOR_ROLE);

    fault(ground, "s3", None, FaultKind::IgnoreConditions);
    is_refused(
        &stage,
        &run,
        &plan,
        &["PutObject with If-None-Match is ignored"],
    )
    .await;
    faults.clear_all();

    // The backup could be made, but not the reset that was chosen.
    fault(
        ground,
        "s3",
        Some("DeleteObjects"),
        FaultKind::IgnoreConditions,
    );
    is_refused(
        &stage,
        &run,
        &plan,
        &["DeleteObjects with ETags is ignored"],
    )
    .await;
    faults.clear_all();

    fault(ground, "kafka-broker", None, FaultKind::CutBefore);
    is_refused(
        &stage,
        &run,
        &plan,
        &["Does the Kafka cluster streaming tell"],
    )
    .await;
    faults.clear_all();

    let emr = &ground.sandbox.world.emr;
    let now = emr
        .application(stage.definition.application)
        .expect("it is there");
    emr.put_application(sandbox::emr::Application {
        release_label: "emr-7.8.0".to_owned(),
        ..now.clone()
    });
    is_refused(&stage, &run, &plan, &["grace", "emr-7.8.0 takes none"]).await;
    emr.put_application(now);

    let store = &ground.sandbox.world.store;
    let prefix = stage.definition.checkpoint_prefix();
    let key = format!("{prefix}metadata");
    let console = World::console();
    store
        .set_bucket(&console, "PutObjectLockConfiguration", BUCKET, |bucket| {
            bucket.protection.versioning = Some("Enabled".to_owned());
            bucket.protection.object_lock = true;
        })
        .expect("a bucket");
    let hold = |on: bool| {
        store
            .set_meta(&console, "PutObjectLegalHold", BUCKET, &key, |meta| {
                meta.legal_hold = on;
            })
            .expect("an object");
    };
    hold(true);
    is_refused(&stage, &run, &plan, &["under a legal hold", "metadata"]).await;
    hold(false);

    let archived = Meta {
        storage_class: Some("GLACIER".to_owned()),
        ..Meta::default()
    };
    let old = format!("{prefix}old/archived");
    store
        .put(
            &console,
            BUCKET,
            &old,
            b"old",
            archived,
            &Condition::default(),
        )
        .expect("an object");
    is_refused(&stage, &run, &plan, &["archived", "GLACIER"]).await;
    ground.bucket().delete(&old);

    // With all of it mended a plan is started; made anew, since the job has gone on.
    let plan = run.plans(PlanKind::Secure).await;
    run.starts(&plan).await;
    run.is_sealed().await;
    let preflight = asked(&run, PlanKind::Secure).await;
    says(&preflight, "object-lock", Outcome::Passed, &["is on"]);
    says(
        &preflight,
        "versioning",
        Outcome::Passed,
        &["stays as an older version"],
    );
}

/// Where nothing may be deleted, a trial cannot tidy up, and says where it has left
/// what.
async fn is_refused_without_a_trial(
    stage: &Stage,
    run: &Guided,
    plan: &Plan,
    words: &[&str],
) {
    let before = changes(&stage.deeds());
    let refused = run.tries_to_start(plan, stage.definition.name).await;
    let error = refused
        .expect_err("it is refused")
        .error
        .expect("with words");
    for word in words {
        assert!(error.message.contains(word), "{word:?} in {error:?}");
    }
    assert!(
        error.message.contains("Objects of the trial are left"),
        "{error:?}"
    );
    assert_eq!(changes(&stage.deeds()), before);
    let left = stage.ground.bucket().keys(TRIAL);
    assert_eq!(left.len(), 2, "{left:?}");
    for key in left {
        stage.ground.bucket().delete(&key);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_is_not_begun_where_its_job_could_not_be_started_again() {
    let stage = Stage::set("orders").await;
    let ground = &stage.ground;
    let run = stage.opens_a_run().await;
    run.chooses("latest", &[]).await;
    run.secures().await;
    let plan = run.plans(PlanKind::Reset).await;
    let emr = &ground.sandbox.world.emr;
    let now = emr
        .application(stage.definition.application)
        .expect("it is there");
    emr.put_application(sandbox::emr::Application {
        state: ApplicationState::Stopped,
        auto_start: false,
        ..now.clone()
    });
    is_refused(
        &stage,
        &run,
        &plan,
        &["stopped", "does not start with a job run"],
    )
    .await;
    emr.put_application(now);

    deny(ground, OPERATOR_ROLE, &["s3:DeleteObject"]);
    is_refused_without_a_trial(&stage, &run, &plan, &["s3:DeleteObject"]).await;
    allow_again(ground, OPERATOR_ROLE);
    deny(ground, OPERATOR_ROLE, &["iam:PassRole"]);
    is_refused(&stage, &run, &plan, &["iam:PassRole"]).await;
    allow_again(ground, OPERATOR_ROLE);

    // What Sluice may not ask is told, and stops nothing.
    deny(ground, OBSERVER_ROLE, &["iam:*", "s3:GetBucketVersioning"]);
    run.does("preflight", &[("plan", plan.id.as_str())]).await;
    let preflight = asked(&run, PlanKind::Reset).await;
    for id in ["rights-checkpoint", "rights-job", "job-role", "versioning"] {
        says(
            &preflight,
            id,
            Outcome::NotPermitted,
            &["Sluice may not ask this"],
        );
    }
    assert_eq!(preflight.refusal(), None);
    run.starts(&plan).await;
    run.is_done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pre_flight_is_asked_by_who_may_and_of_the_plan_that_is_held() {
    let stage = Stage::set("orders").await;
    let run = stage.opens_a_run().await;
    let plan = run.plans(PlanKind::Secure).await;
    let vera = Person::signed_in(&stage.ground, "vera").await;
    for trial in ["", "yes"] {
        let fields = [("plan", plan.id.as_str()), ("trial", trial)];
        let refused = run.before(&vera).asks("preflight", &fields).await;
        assert_eq!(refused.expect_err("a viewer may not").status.as_u16(), 403);
    }
    assert!(stage.deeds().all_keys().is_empty());
    let other = "0".repeat(64);
    let refused = run.asks("preflight", &[("plan", other.as_str())]).await;
    assert_eq!(refused.expect_err("no such plan").status.as_u16(), 409);
    run.starts(&plan).await;
    let refused = run.asks("preflight", &[("plan", plan.id.as_str())]).await;
    assert_eq!(refused.expect_err("it was started").status.as_u16(), 409);
}
