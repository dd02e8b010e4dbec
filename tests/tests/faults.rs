//! What a reset must survive besides kills: odd keys, two people at once, a job that
//! somebody else starts, and one that dies at once.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::error::ErrorKind;
use domain::plan::PlanKind;
use sandbox::emr::JobRunState;
use sandbox::world::Lever;
use tests::{Deeds, Ground, Guided, Person, until};

const CHECKPOINT: &str = "_checkpoints/streaming/orders/";

/// Keys that a careless copy, listing or delete gets wrong.
const ODD_KEYS: [&str; 12] = [
    "odd/",
    "odd/with content/",
    "odd_$folder$",
    "odd/empty",
    "odd/a+b c%20d%2Fe?f=g&h#i",
    "odd//two slashes",
    "odd/'quotes\" and <angles>",
    "odd/e\u{301} decomposed",
    "odd/\u{e9} composed",
    "odd/\u{1f6b0}",
    "odd/ trailing space ",
    "odd/back\\slash",
];

#[tokio::test(flavor = "multi_thread")]
async fn objects_with_odd_keys_are_copied_and_deleted_exactly() {
    let ground = Ground::new().await;
    let bucket = ground.bucket();
    for key in ODD_KEYS {
        let empty = key == "odd/" || key.ends_with("empty") || key.ends_with("$folder$");
        let bytes = if empty { "" } else { key };
        bucket.put(&format!("{CHECKPOINT}{key}"), bytes.as_bytes());
    }
    let before = bucket.objects(CHECKPOINT);
    for key in ODD_KEYS {
        assert!(
            before.contains_key(key),
            "the sandbox does not keep {key:?}"
        );
    }
    let recorded = ground.sandbox.shared.record.last_seq();
    let _sluice = ground.serve().await;
    let oda = Person::signed_in(&ground, "oda").await;
    let run = on_orders(&oda).await;
    run.chooses("latest", &[]).await;
    run.secures().await;
    let plan = run.plans(PlanKind::Reset).await;
    run.starts(&plan).await;
    run.is_done().await;
    let sealed = plan.body.sealed.expect("a sealed backup");
    assert_eq!(bucket.objects(sealed.backup.key()), before);
    let deleted = Deeds::since(&ground.sandbox.shared.record, recorded)
        .changes_by("DeleteObjects", CHECKPOINT);
    let expected: BTreeMap<String, usize> = before
        .into_keys()
        .filter(|key| key != "metadata")
        .map(|key| (key, 1))
        .collect();
    assert_eq!(deleted, expected);
    for key in ODD_KEYS {
        assert_eq!(bucket.bytes(&format!("{CHECKPOINT}{key}")), None, "{key}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_who_open_a_run_at_once_share_it() {
    let ground = Ground::new().await;
    let _sluice = ground.serve().await;
    let oda = Person::signed_in(&ground, "oda").await;
    let otto = Person::signed_in(&ground, "otto").await;
    let name = "orders".parse().expect("a name");
    let (one, other) = tokio::join!(
        Guided::opened_bare(&oda, &name),
        Guided::opened_bare(&otto, &name)
    );
    assert_eq!(one.run, other.run);
    let mut journal = ground.journal().await;
    assert_eq!(journal.rows().await, 1);

    // A plan that was made anew under somebody's hands is not the one they saw.
    let reason = [("option", "latest"), ("reason", "It is stuck.")];
    one.does("choose", &reason).await;
    let seen = one.plans(PlanKind::Secure).await;
    let newer = until("another plan", Duration::from_secs(20), async || {
        let plan = other.plans(PlanKind::Secure).await;
        match plan.id == seen.id {
            true => Err(plan.id.to_string()),
            false => Ok(plan),
        }
    })
    .await;
    let refused = one.tries_to_start(&seen, "orders").await;
    let refused = refused.expect_err("the plan has been replaced");
    assert_eq!(refused.status.as_u16(), ErrorKind::Stale.status());
    // Both start the new one; it is started once.
    let (first, second) = tokio::join!(
        one.tries_to_start(&newer, "orders"),
        other.tries_to_start(&newer, "orders")
    );
    assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
    one.is_sealed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_somebody_else_starts_keeps_the_reset_away() {
    let ground = Ground::new().await;
    let _sluice = ground.serve().await;
    let oda = Person::signed_in(&ground, "oda").await;
    let run = on_orders(&oda).await;
    run.chooses("latest", &[]).await;
    run.secures().await;
    let plan = run.plans(PlanKind::Reset).await;
    let before = ground.bucket().objects(CHECKPOINT);
    let recorded = ground.sandbox.shared.record.last_seq();
    let started = ground.sandbox.world.pull(Lever::Start {
        stream: "orders".to_owned(),
    });
    started.expect("the lever moves");
    let refused = run.tries_to_start(&plan, "orders").await;
    let refused = refused.expect_err("another job run is there");
    assert_eq!(
        refused.status.as_u16(),
        ErrorKind::Stale.status(),
        "{refused:?}"
    );
    assert_eq!(ground.bucket().objects(CHECKPOINT), before);
    let deeds = Deeds::since(&ground.sandbox.shared.record, recorded);
    assert_eq!(deeds.of_sluice().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_dies_at_once_parks_the_run_with_its_reason() {
    let ground = Ground::new().await;
    let recorded = ground.sandbox.shared.record.last_seq();
    let _sluice = ground.serve().await;
    let oda = Person::signed_in(&ground, "oda").await;
    let run = on_orders(&oda).await;
    run.chooses("latest", &[]).await;
    let before = ground.bucket().objects(CHECKPOINT);
    run.secures().await;
    let plan = run.plans(PlanKind::Reset).await;
    // Whoever deployed meanwhile deployed something that does not run.
    let script = b"raise SystemExit('not deployed whole')\n";
    ground.bucket().put("jobs/kafka_orders_stream.py", script);
    run.starts(&plan).await;
    let (reason, next_step) =
        until("a parked Run", Duration::from_secs(180), async || {
            let state = run.state().await;
            let unfinished = format!("{:?}", state.reset);
            state.parked.ok_or(unfinished)
        })
        .await;
    let job = ground.sandbox.world.job_run("orders").expect("a job run");
    assert_eq!(job.state, JobRunState::Failed, "{reason}");
    assert!(reason.contains(&job.id), "{reason}");
    assert!(!next_step.is_empty());
    let sealed = plan.body.sealed.expect("a sealed backup");
    assert_eq!(ground.bucket().objects(sealed.backup.key()), before);
    let deeds = Deeds::since(&ground.sandbox.shared.record, recorded);
    assert_eq!(deeds.accepted("StartJobRun"), 1);
    // The stream stays held by this Run.
    let again = Guided::opened_bare(&oda, &"orders".parse().expect("a name")).await;
    assert_eq!(again.run, run.run);
}

async fn on_orders(person: &Person) -> Guided {
    Guided::opened(person, &"orders".parse().expect("a name")).await
}
