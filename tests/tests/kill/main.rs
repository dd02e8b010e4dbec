//! The binary is killed with -9, before and after each event of a whole Run, and in the
//! middle of things. Whoever comes after it brings the Run to the same end.

mod chain;
mod judged;

use std::time::Duration;

use domain::offsets::PartitionOffsets;
use domain::plan::{Plan, PlanKind};
use sandbox::emr::JobRunState;
use sandbox::faults::{Fault, FaultKind, When};
use sandbox::world::{CheckpointFileChoice, Lever};
use tests::{Ground, Guided, Person, until};

use chain::Chain;
use judged::{Before, Left};

#[tokio::test(flavor = "multi_thread")]
async fn a_run_killed_at_every_event_leaves_what_an_unkilled_one_leaves() {
    let ground = Ground::new().await;
    let offsets = offsets_before_the_end(&ground);

    let before = Before::now(&ground);
    let mut sluice = ground.serve().await;
    let oda = Person::signed_in(&ground, "oda").await;
    let run = opened(&oda, &offsets).await;
    run.secures().await;
    let plan = run.plans(PlanKind::Reset).await;
    run.starts(&plan).await;
    run.is_done().await;
    let unkilled = Left::by(&ground, &before, &plan);

    is_corrupt_again(&ground).await;
    let before = Before::now(&ground);
    let run = opened(&oda, &offsets).await;
    let secure = run.plans(PlanKind::Secure).await;
    sluice.kill();
    let mut chain = Chain::new(&ground, &run);
    chain.kills_through(&secure).await;

    let mut sluice = ground.serve().await;
    let plan = run.plans(PlanKind::Reset).await;
    sluice.kill();
    chain.kills_through(&plan).await;

    let _sluice = ground.serve().await;
    run.is_done().await;
    let killed = Left::by(&ground, &before, &plan);
    chain.covered_every_effect(&[&secure, &plan]).await;
    assert_eq!(killed.starts_accepted, 1);
    assert_eq!(killed.seed, unkilled.seed);
    assert_eq!(killed.keys_at_the_start, unkilled.keys_at_the_start);
    judged::chain_verifies(&ground).await;
    run.is_healthy_again().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_killed_at_every_event_goes_back_to_its_batch_and_deletes_nothing_else()
 {
    let ground = Ground::new().await;
    let before = Before::now(&ground);
    let mut sluice = ground.serve().await;
    let oda = Person::signed_in(&ground, "oda").await;
    let orders = "orders".parse().expect("a name");
    let run = Guided::opened(&oda, &orders).await;
    let batch = before.newest_commit() - 3;
    run.chooses("rollback", &[("batch", &batch.to_string())])
        .await;
    run.secures().await;
    let plan = run.plans(PlanKind::Reset).await;
    sluice.kill();
    let mut chain = Chain::new(&ground, &run);
    chain.kills_through(&plan).await;

    let _sluice = ground.serve().await;
    run.is_done().await;
    chain.covered_every_effect(&[&plan]).await;
    judged::went_back(&ground, &before, &plan, batch);
    judged::chain_verifies(&ground).await;
    run.is_healthy_again().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_killed_at_every_event_puts_back_exactly_the_backup() {
    let ground = Ground::new().await;
    is_running(&ground).await;
    let mut sluice = ground.serve().await;
    let oda = Person::signed_in(&ground, "oda").await;
    let orders = "orders".parse().expect("a name");
    let run = Guided::opened(&oda, &orders).await;
    run.chooses("restart", &[]).await;
    run.secures().await;
    let plan = run.plans(PlanKind::Reset).await;
    run.starts(&plan).await;
    run.is_done().await;
    let sealed = run.state().await.sealed.expect("a backup");
    let backup = sealed.backup.clone();
    let value = format!("{}#{}", backup.uri(), sealed.sha256);

    is_corrupt_again(&ground).await;
    let before = Before::now(&ground);
    let run = Guided::opened(&oda, &orders).await;
    run.chooses("restore", &[("backup", &value)]).await;
    run.secures().await;
    let plan = run.plans(PlanKind::Reset).await;
    sluice.kill();
    let mut chain = Chain::new(&ground, &run);
    chain.kills_through(&plan).await;

    let _sluice = ground.serve().await;
    run.is_done().await;
    chain.covered_every_effect(&[&plan]).await;
    judged::put_back(&ground, &before, &plan, backup.key());
    judged::chain_verifies(&ground).await;
    run.is_healthy_again().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_killed_around_the_stop_and_ten_times_at_random_ends_done() {
    let ground = Ground::new().await;
    is_running(&ground).await;
    let mut sluice = ground.serve().await;
    let oda = Person::signed_in(&ground, "oda").await;
    let orders = "orders".parse().expect("a name");
    let run = Guided::opened(&oda, &orders).await;
    run.chooses("latest", &[]).await;
    let secure = run.plans(PlanKind::Secure).await;
    let recorded = ground.sandbox.shared.record.last_seq();
    sluice.kill();
    let mut chain = Chain::new(&ground, &run);
    chain.kills_until(&secure, "wait").await;
    assert!(
        judged::cancelled_since(&ground, recorded),
        "nobody stopped it"
    );

    // Copies take a moment, so that some of the kills are in the middle of them.
    let slow = slow_copies();
    let fault = ground.sandbox.shared.faults.set(slow);
    let mut dice = Dice(7);
    let sluice = killed_at_random(&ground, &mut dice, 5).await;
    run.is_sealed().await;
    let before = Before::now(&ground);
    let plan = run.plans(PlanKind::Reset).await;
    run.starts(&plan).await;
    drop(sluice);
    let _sluice = killed_at_random(&ground, &mut dice, 5).await;
    run.is_done().await;
    ground.sandbox.shared.faults.clear(fault);
    assert_eq!(Left::by(&ground, &before, &plan).starts_accepted, 1);
    judged::chain_verifies(&ground).await;
    run.is_healthy_again().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_repeats_nothing() {
    let ground = Ground::new().await;
    let before = Before::now(&ground);
    let _sluice = ground.serve().await;
    let oda = Person::signed_in(&ground, "oda").await;
    let run = opened(&oda, &offsets_before_the_end(&ground)).await;
    let plan = is_done_though_answers_are_lost(&ground, &run).await;
    Left::by(&ground, &before, &plan);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_rewrites_no_file_twice() {
    let ground = Ground::new().await;
    let before = Before::now(&ground);
    let _sluice = ground.serve().await;
    let oda = Person::signed_in(&ground, "oda").await;
    let orders = "orders".parse().expect("a name");
    let run = Guided::opened(&oda, &orders).await;
    let offsets = offsets_before_the_end(&ground).to_spark_json();
    run.chooses("rise", &[("rises", &offsets)]).await;
    let plan = is_done_though_answers_are_lost(&ground, &run).await;
    judged::rewrote_once(&ground, &before, &plan);
    run.is_healthy_again().await;
}

/// Secures and resets, while each kind of answer is lost twice.
async fn is_done_though_answers_are_lost(ground: &Ground, run: &Guided) -> Plan {
    // Not those of the trial before each start, which lie elsewhere.
    let ours = Some("_checkpoints/streaming/orders");
    loses_answers(ground, "s3", "CopyObject", ours);
    loses_answers(ground, "s3", "PutObject", ours);
    loses_answers(ground, "emr-serverless", "StartJobRun", None);
    run.secures().await;
    let plan = run.plans(PlanKind::Reset).await;
    // A delete of many names no key in its path. The gate is closed first, and takes
    // its time, so that only deletes after the start are met.
    ground.sandbox.shared.faults.set(Fault {
        service: "s3".to_owned(),
        action: Some("PutObject".to_owned()),
        key_prefix: Some("_checkpoints/streaming/orders/metadata".to_owned()),
        does: FaultKind::Delay { ms: 2_000 },
        when: When::Times(1),
    });
    run.starts(&plan).await;
    loses_answers(ground, "s3", "DeleteObjects", None);
    run.is_done().await;
    let left = ground.sandbox.shared.faults.list();
    assert_eq!(left, [], "faults that nobody met");
    plan
}

/// Cuts the connection twice after a kind of call was carried out.
fn loses_answers(ground: &Ground, service: &str, action: &str, below: Option<&str>) {
    ground.sandbox.shared.faults.set(Fault {
        service: service.to_owned(),
        action: Some(action.to_owned()),
        key_prefix: below.map(str::to_owned),
        does: FaultKind::CutAfter,
        when: When::Times(2),
    });
}

/// A Run that goes on from these offsets.
async fn opened(person: &Person, offsets: &PartitionOffsets) -> Guided {
    let orders = "orders".parse().expect("a name");
    let run = Guided::opened(person, &orders).await;
    run.chooses("offsets", &[("offsets", &offsets.to_spark_json())])
        .await;
    run
}

/// Kills the binary again and again at moments that a seeded die names, and leaves it
/// alive after that.
async fn killed_at_random(ground: &Ground, dice: &mut Dice, times: u32) -> tests::Sluice {
    for _ in 0..times {
        let mut sluice = ground.serve().await;
        // No condition ends this wait: the point of it is that the moment is any.
        tokio::time::sleep(Duration::from_millis(dice.roll(1_800))).await;
        sluice.kill();
    }
    ground.serve().await
}

/// Numerical Recipes' generator: chance that can be repeated.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

fn slow_copies() -> Fault {
    Fault {
        service: "s3".to_owned(),
        action: Some("CopyObject".to_owned()),
        key_prefix: None,
        does: FaultKind::Delay { ms: 80 },
        when: When::Always,
    }
}

fn offsets_before_the_end(ground: &Ground) -> PartitionOffsets {
    let topic = ground.orders().topics[0].clone();
    let mut offsets = PartitionOffsets::new();
    for partition in 0..i32::try_from(topic.partitions).expect("a small number") {
        let end = ground.sandbox.world.topics.log_end(topic.name, partition);
        let end = end.expect("a topic");
        offsets.set(topic.name, partition, end - 500_000);
    }
    offsets
}

/// Breaks the checkpoint as it was broken at the start.
async fn is_corrupt_again(ground: &Ground) {
    let stream = || "orders".to_owned();
    pull(ground, Lever::TornWrite { stream: stream() });
    pull(ground, Lever::Crash { stream: stream() });
    is_in(ground, JobRunState::Failed).await;
}

/// Mends the checkpoint and lets the job run.
async fn is_running(ground: &Ground) {
    let stream = || "orders".to_owned();
    let file = CheckpointFileChoice::NewestOffsets;
    let stream_of = stream();
    pull(
        ground,
        Lever::DeleteFile {
            stream: stream_of,
            file,
        },
    );
    pull(ground, Lever::Start { stream: stream() });
    is_in(ground, JobRunState::Running).await;
}

async fn is_in(ground: &Ground, state: JobRunState) {
    until(
        "the job run's state",
        Duration::from_secs(180),
        async || {
            let run = ground.sandbox.world.job_run("orders");
            let run = run.map_err(|error| error.to_string())?;
            match run.state == state {
                true => Ok(()),
                false => Err(format!("{:?}: {}", run.state, run.state_details)),
            }
        },
    )
    .await;
}

fn pull(ground: &Ground, lever: Lever) {
    let pulled = ground.sandbox.world.pull(lever);
    pulled.unwrap_or_else(|error| panic!("a lever does not move: {error}"));
}
