//! The ways out that go on from the checkpoint's own log. Judged by the bronze
//! objects that the job then writes, and by the sandbox's own record of what was
//! done to the checkpoint; never by the plan itself.

mod restored;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::checkpoint::CheckpointFile;
use domain::offsets::PartitionOffsets;
use domain::plan::{Cost, Plan, PlanKind};
use serde::Deserialize;
use tests::{Bronze, Guided, Objects, Stage, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_goes_on_where_the_doctor_said_and_touches_no_checkpoint() {
    let stage = Stage::set("payments").await;
    let run = stage.opens_a_run().await;
    run.chooses("restart", &[]).await;
    run.secures().await;
    let Went { plan, .. } = carried_out(&stage, &run).await;
    assert_eq!((plan.cost().skipped, plan.cost().repeated), (0, 0));
    let checkpoint = stage.definition.checkpoint_prefix();
    let deeds = stage.deeds();
    let touched = deeds
        .keys()
        .into_iter()
        .find(|k| k.starts_with(&checkpoint));
    assert_eq!(touched, None);
    assert_eq!(deeds.accepted("StartJobRun"), 1);
    run.is_healthy_again().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_drops_its_torn_batch_and_nothing_is_lost_or_repeated() {
    let stage = Stage::set("orders").await;
    let run = stage.opens_a_run().await;
    let restart = option(&run, "restart").await;
    let reason = restart.not_possible.expect("Spark would fail again");
    assert!(reason.contains("Incomplete log file"), "{reason}");
    let card = option(&run, "rollback").await;
    assert!(card.recommended, "{card:?}");
    let cost = card.cost.expect("it is known");
    assert_eq!((cost.skipped, cost.repeated), (0, 0));
    let before = stage.checkpoint();
    let id = stage.query_id();

    run.chooses("rollback", &[("batch", &card.prefill)]).await;
    run.secures().await;
    carried_out(&stage, &run).await;
    // Old and new objects together: every offset once.
    let prefix = stage.definition.bronze_prefix();
    let all = stage.ground.bucket().bronze(&prefix, &BTreeSet::new());
    Bronze::beginnings(&all).expect("no gap and no repeat");
    only_these_went(&stage, &before, |_, batch| batch > kept(&card.prefill));
    assert_eq!(stage.query_id(), id, "the query is the same");
    run.is_healthy_again().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_repeats_exactly_what_was_read_after_the_batch() {
    let stage = Stage::set("orders").await;
    let run = stage.opens_a_run().await;
    let card = option(&run, "rollback").await;
    let (batch, words) = card.choices[4].clone();
    let before = stage.checkpoint();
    run.chooses("rollback", &[("batch", &batch)]).await;
    run.secures().await;
    let Went { plan, bronze, .. } = carried_out(&stage, &run).await;
    let again = domain::text::counted(plan.cost().repeated, "record", "records");
    assert!(words.contains(&again), "{words}: {again}");
    repeated_as_promised(&stage, &bronze, &plan);
    assert!(plan.cost().repeated > 0);
    only_these_went(&stage, &before, |_, of| of > kept(&batch));
    run.is_healthy_again().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_with_state_goes_back_with_its_state() {
    let stage = Stage::set("baskets").await;
    let run = stage.opens_a_run().await;
    let card = option(&run, "rollback").await;
    let batch = card.choices[3].0.clone();
    run.chooses("rollback", &[("batch", &batch)]).await;
    run.secures().await;
    let before = stage.checkpoint();
    let Went { plan, bronze, .. } = carried_out(&stage, &run).await;
    repeated_as_promised(&stage, &bronze, &plan);
    let gone = only_these_went(&stage, &before, |is_state, of| {
        of > kept(&batch) + i64::from(is_state)
    });
    assert!(gone.iter().any(|key| key.starts_with("state/")), "{gone:?}");
    run.is_healthy_again().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poison_record_is_stepped_over_and_all_else_is_read_once() {
    let stage = Stage::set("payments").await;
    let run = stage.opens_a_run().await;
    let card = option(&run, "move").await;
    assert_eq!(card.not_possible, None);
    run.chooses("restart", &[]).await;
    run.secures().await;
    // Where it stopped is known now; the record is the third that comes.
    let restart = run.plans(PlanKind::Reset).await;
    let stopped = &restart.body.effects[2];
    let poison = stopped.after.0 + 2;
    let record = format!("{}-{}@{poison}", stopped.topic, stopped.partition);
    let end = || {
        let topics = &stage.ground.sandbox.world.topics;
        topics.log_end(&stopped.topic, stopped.partition)
    };
    until("the record", Duration::from_secs(60), async || {
        let end = end().map_err(|error| error.to_string())?;
        (end > poison).then_some(()).ok_or_else(|| end.to_string())
    })
    .await;
    run.chooses("move", &[("moves", &record)]).await;
    let before = stage.checkpoint();
    let Went {
        plan,
        bronze,
        began,
    } = carried_out(&stage, &run).await;
    assert_eq!((plan.cost().skipped, plan.cost().repeated), (3, 0));
    assert_eq!(
        began.get(&stopped.topic, stopped.partition),
        Some(poison + 1)
    );
    for other in restart.body.effects.iter().filter(|e| *e != stopped) {
        let at = began.get(&other.topic, other.partition);
        assert_eq!(at, Some(other.after.0), "{other:?}");
    }
    // The numbers went on: no batch that the sink could know is numbered anew, but
    // for one that was not committed.
    let prefix = stage.definition.bronze_prefix();
    let new = stage.ground.bucket().bronze(&prefix, &bronze);
    let committed = before
        .keys()
        .filter_map(|key| match CheckpointFile::of_key(key) {
            CheckpointFile::Commits(batch) => Some(batch),
            _ => None,
        });
    let committed = committed.max().expect("a commit");
    assert!(new.iter().all(|range| range.batch > committed), "{new:?}");
    run.is_healthy_again().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_begins_at_given_offsets_under_rising_numbers() {
    let stage = Stage::set("orders").await;
    let run = stage.opens_a_run().await;
    let before = stage.checkpoint();
    let id = stage.query_id();
    let card = option(&run, "rise").await;
    let mut wanted = PartitionOffsets::parse(&card.prefill)
        .value
        .expect("offsets");
    let all: Vec<_> = wanted
        .iter()
        .map(|(topic, partition, offset)| (topic.to_owned(), partition, offset))
        .collect();
    for (topic, partition, offset) in all {
        wanted.set(topic, partition, offset - 1_000 + i64::from(partition));
    }
    let offsets = wanted.to_spark_json();
    run.chooses("rise", &[("rises", &offsets)]).await;
    run.secures().await;
    let Went {
        plan,
        bronze,
        began,
    } = carried_out(&stage, &run).await;
    assert_eq!(began, wanted);
    repeated_as_promised(&stage, &bronze, &plan);
    let newest = before
        .keys()
        .filter_map(|key| match CheckpointFile::of_key(key) {
            CheckpointFile::Offsets(batch) => Some(batch),
            _ => None,
        });
    let newest = newest.max().expect("a batch");
    let prefix = stage.definition.bronze_prefix();
    let new = stage.ground.bucket().bronze(&prefix, &bronze);
    let first = new.iter().map(|range| range.batch).min();
    assert_eq!(first, Some(newest + 1));
    assert_eq!(stage.query_id(), id, "the query is the same");
    run.is_healthy_again().await;
}

fn kept(batch: &str) -> i64 {
    batch.parse().expect("a batch")
}

/// What the page's card of a way out says.
#[derive(Debug, Deserialize)]
struct Card {
    value: String,
    prefill: String,
    choices: Vec<(String, String)>,
    cost: Option<Cost>,
    not_possible: Option<String>,
    recommended: bool,
}

/// The card of a way out, as the page has it.
async fn option(run: &Guided, value: &str) -> Card {
    let page = run.page().await;
    let cards: Vec<Card> =
        serde_json::from_value(page["options"].clone()).expect("cards");
    let card = cards.into_iter().find(|card| card.value == value);
    card.unwrap_or_else(|| panic!("{value} is offered"))
}

/// Where the plan says that each partition will go on.
fn promised(plan: &Plan) -> PartitionOffsets {
    let mut offsets = PartitionOffsets::new();
    for effect in &plan.body.effects {
        offsets.set(effect.topic.clone(), effect.partition, effect.after.0);
    }
    offsets
}

/// Plans the reset, carries it out, and holds where each partition then begins
/// against the plan.
async fn carried_out(stage: &Stage, run: &Guided) -> Went {
    let bronze = stage.bronze_keys();
    let plan = run.plans(PlanKind::Reset).await;
    run.starts(&plan).await;
    run.is_done().await;
    let partitions = plan.body.effects.len();
    let began = stage.new_bronze_begins(&bronze, partitions).await;
    assert_eq!(began, promised(&plan));
    Went {
        plan,
        bronze,
        began,
    }
}

/// A reset that was carried out.
struct Went {
    plan: Plan,
    /// The bronze objects of before.
    bronze: BTreeSet<String>,
    /// Where the new ones begin.
    began: PartitionOffsets,
}

/// The records of the old objects from where the job went on, which it has read
/// again, are as many as the plan says, partition by partition.
fn repeated_as_promised(stage: &Stage, old: &BTreeSet<String>, plan: &Plan) {
    let prefix = stage.definition.bronze_prefix();
    let mut of_old = stage.ground.bucket().bronze(&prefix, &BTreeSet::new());
    // A batch that is run again may write the very range of before, so that each new
    // range takes away one that is equal and no more.
    for range in stage.ground.bucket().bronze(&prefix, old) {
        if let Some(at) = of_old.iter().position(|other| *other == range) {
            of_old.swap_remove(at);
        }
    }
    for effect in &plan.body.effects {
        let of_partition = |range: &&Bronze| {
            range.partition == effect.partition && range.topic == effect.topic
        };
        // What the last batch wrote without a commit is past "before".
        let before = effect.before.map_or(0, |before| before.0);
        let again: i64 = of_old
            .iter()
            .filter(of_partition)
            .map(|r| (r.until.min(before) - r.from.max(effect.after.0)).max(0))
            .sum();
        assert_eq!(
            u64::try_from(again).ok(),
            Some(effect.repeated),
            "{effect:?}"
        );
    }
}

/// Of the objects as they were, Sluice deleted exactly those of the log and of the
/// state that `goes` says, once each; `metadata` was written twice, and nothing
/// else at all.
fn only_these_went(
    stage: &Stage,
    before: &Objects,
    goes: impl Fn(bool, i64) -> bool,
) -> BTreeSet<String> {
    let prefix = stage.definition.checkpoint_prefix();
    let deeds = stage.deeds();
    let expected: BTreeMap<String, usize> = before
        .keys()
        .filter(|key| match CheckpointFile::of_key(key) {
            CheckpointFile::Offsets(batch) | CheckpointFile::Commits(batch) => {
                goes(false, batch)
            }
            CheckpointFile::State(file) | CheckpointFile::StateChecksum(file) => {
                goes(true, file.version)
            }
            _ => false,
        })
        .map(|key| (key.clone(), 1))
        .collect();
    assert_eq!(deeds.changes_by("DeleteObjects", &prefix), expected);
    let written = deeds.changes_by("PutObject", &prefix);
    assert_eq!(written, BTreeMap::from([("metadata".to_owned(), 2)]));
    expected.into_keys().collect()
}
