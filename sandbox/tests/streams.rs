//! The starting state: every stream is in the state that its verdict needs, and what can
//! be seen of it in S3, EMR, Kafka, metrics and logs fits together.

use std::sync::Arc;

use domain::checkpoint::{OffsetSeq, Prognosis, QueryShape, SparkLine, predict};
use domain::offsets::PartitionOffsets;
use sandbox::clock::Clock;
use sandbox::cloudwatch::{MetricId, Metrics};
use sandbox::emr::JobRunState;
use sandbox::faults::Faults;
use sandbox::job::{Location, Storage, Timeline};
use sandbox::kafka::Topics;
use sandbox::logs::Logs;
use sandbox::record::Record;
use sandbox::s3::Store;
use sandbox::streams::{BUCKET, LOG_GROUP, StreamDefinition, streams};
use sandbox::world::{Lever, World};

const MINUTE_MS: i64 = 60_000;

struct Seeded {
    world: Arc<World>,
    _directory: tempfile::TempDir,
}

async fn seeded() -> Seeded {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let clock = Clock::new(60);
    let record = Arc::new(Record::new(clock.clone()));
    let store =
        Store::open(directory.path(), clock.clone(), record.clone()).expect("a store");
    let world = World::new(
        clock,
        record,
        Arc::new(Faults::new(1)),
        Arc::new(store),
        Topics::new("c2x1dWljZS1zYW5kYm94AA"),
        Logs::new(),
        Metrics::new(),
    );
    world.run();
    let began = std::time::Instant::now();
    world.seed().await.expect("seeded");
    eprintln!("seeded in {:?}", began.elapsed());
    Seeded {
        world,
        _directory: directory,
    }
}

impl Seeded {
    /// Keys and bytes below a prefix, as anyone with rights sees them.
    fn keys(&self, prefix: &str) -> Vec<String> {
        let by = World::console();
        let objects = self
            .world
            .store
            .list_all(&by, BUCKET, prefix)
            .expect("a listing");
        objects.into_iter().map(|object| object.key).collect()
    }

    fn bytes(&self, key: &str) -> Vec<u8> {
        self.world
            .store
            .get(&World::console(), BUCKET, key)
            .expect("an object")
            .1
    }

    fn batches(&self, stream: &StreamDefinition, log: &str) -> Vec<i64> {
        let prefix = format!("{}{log}/", stream.checkpoint_prefix());
        let mut found: Vec<i64> = self
            .keys(&prefix)
            .iter()
            .filter_map(|key| key[prefix.len()..].parse().ok())
            .collect();
        found.sort_unstable();
        found
    }

    fn end_of(&self, stream: &StreamDefinition, batch: i64) -> PartitionOffsets {
        let key = format!("{}offsets/{batch}", stream.checkpoint_prefix());
        let sequence = OffsetSeq::parse(&self.bytes(&key)).value.expect("offsets");
        sequence
            .kafka_offsets(0)
            .expect("a line")
            .value
            .expect("Kafka offsets")
    }

    /// What is waiting behind the newest readable offsets.
    fn lag(&self, stream: &StreamDefinition) -> i64 {
        let newest = *self.batches(stream, "commits").last().expect("a commit");
        let end = self.end_of(stream, newest);
        end.iter()
            .map(|(topic, partition, offset)| {
                self.world.topics.log_end(topic, partition).expect("a log") - offset
            })
            .sum()
    }

    async fn prognosis(&self, stream: &StreamDefinition) -> Prognosis {
        let at = format!("s3://{BUCKET}/{}", stream.checkpoint_prefix());
        let storage = Storage::new(
            self.world.store.clone(),
            self.world.faults.clone(),
            World::console(),
            Timeline::live(self.world.clock.clone()),
        );
        let location = Location::parse(&at).expect("a location");
        let view = storage
            .checkpoint(&location, stream.stateful)
            .await
            .expect("a view");
        let shape = match stream.stateful {
            true => QueryShape::stateful(1),
            false => QueryShape::stateless(1),
        };
        predict(&view, SparkLine::V3_5, &shape)
    }
}

fn named(name: &str) -> StreamDefinition {
    streams()
        .into_iter()
        .find(|stream| stream.name == name)
        .expect("a stream")
}

/// One test, since the seeding takes seconds; each stream has its own assertions.
#[tokio::test(flavor = "multi_thread")]
async fn every_stream_is_seen_in_its_state() {
    let seeded = seeded().await;
    every_history_holds_together(&seeded);
    orders_is_corrupt(&seeded).await;
    refunds_is_idle(&seeded);
    clicks_is_behind(&seeded);
    shipments_is_stuck(&seeded);
    inventory_is_down(&seeded);
    catalog_works_on_a_big_batch(&seeded);
    sessions_is_blocked(&seeded);
    telemetry_has_lost_data(&seeded);
    loyalty_lies_under_one_root(&seeded);
    baskets_keeps_its_state(&seeded).await;
    seeded.world.stop().await;
}

/// Bronze holds exactly the offsets that the checkpoint says were read.
fn every_history_holds_together(seeded: &Seeded) {
    for stream in streams() {
        let name = stream.name;
        let commits = seeded.batches(&stream, "commits");
        assert!(commits.len() >= 20, "{name} has {} commits", commits.len());
        let newest = *commits.last().expect("a commit");
        let records = MetricId::new(
            "ETLPipelineMetrics",
            stream.records_metric.0,
            &[("environment", "production"), ("stream", name)],
        );
        let now_ms = seeded.world.clock.now_ms();
        let samples = seeded.world.metrics.aggregate(
            &records,
            now_ms - 180 * MINUTE_MS,
            now_ms,
            5 * MINUTE_MS,
            None,
        );
        assert!(
            samples.len() >= 5,
            "{name} has {} periods of metrics",
            samples.len()
        );
        let run = seeded.world.job_run(name).expect("a job run");
        let logged = seeded
            .world
            .logs
            .events(LOG_GROUP, &log_stream(&stream, &run.id, run.attempt()));
        assert!(
            !logged.expect("a log stream").is_empty(),
            "{name} logged nothing"
        );
        assert_bronze(seeded, &stream, newest);
    }
}

fn log_stream(stream: &StreamDefinition, run: &str, attempt: u32) -> String {
    format!(
        "applications/{}/jobs/{run}/attempts/{attempt}/SPARK_DRIVER/stderr",
        stream.application
    )
}

/// Every committed batch that read something left its ranges in bronze, without a gap.
fn assert_bronze(seeded: &Seeded, stream: &StreamDefinition, newest: i64) {
    let mut next = std::collections::BTreeMap::new();
    let mut ranges = Vec::new();
    let data = |key: &String| {
        let logs = ["/_spark_metadata/", "/_delta_log/", "/metadata/"];
        !logs.iter().any(|log| key.contains(log))
    };
    for key in seeded
        .keys(&stream.bronze_prefix())
        .into_iter()
        .filter(data)
    {
        for line in String::from_utf8(seeded.bytes(&key)).expect("text").lines() {
            let range: serde_json::Value = serde_json::from_str(line).expect("JSON");
            let number = |field: &str| range[field].as_i64().expect("a number");
            ranges.push((
                number("partition"),
                number("from"),
                number("until"),
                number("batch"),
            ));
        }
    }
    ranges.sort_unstable();
    for (partition, from, until, batch) in ranges {
        if batch > newest {
            continue;
        }
        if let Some(end) = next.insert(partition, until) {
            assert_eq!(end, from, "{}: a gap in partition {partition}", stream.name);
        }
    }
    let end = seeded.end_of(stream, newest);
    for (partition, until) in next {
        let partition = i32::try_from(partition).expect("a partition");
        let committed = end.get(stream.topics[0].name, partition);
        assert_eq!(
            committed,
            Some(until),
            "{}: partition {partition}",
            stream.name
        );
    }
}

async fn orders_is_corrupt(seeded: &Seeded) {
    let orders = named("orders");
    let newest = *seeded.batches(&orders, "offsets").last().expect("offsets");
    let key = format!("{}offsets/{newest}", orders.checkpoint_prefix());
    assert!(seeded.bytes(&key).is_empty());
    let run = seeded.world.job_run("orders").expect("a job run");
    assert_eq!(run.state, JobRunState::Failed);
    assert_eq!(run.attempts.len(), 5);
    let text = format!("Failed to read log file s3://bucket/{key}. Incomplete log file");
    assert!(run.state_details.contains(&text), "{}", run.state_details);
    let logged = seeded
        .world
        .logs
        .events(LOG_GROUP, &log_stream(&orders, &run.id, 5));
    let logged = logged.expect("a log stream");
    assert!(logged.iter().any(|event| {
        event.message.contains(&text)
            && event
                .message
                .contains("\n\tat org.apache.spark.sql.execution.streaming")
    }));
    assert!(matches!(
        seeded.prognosis(&orders).await,
        Prognosis::Fails { error_class, .. } if error_class == "java.lang.IllegalStateException"
    ));
}

fn refunds_is_idle(seeded: &Seeded) {
    let refunds = named("refunds");
    assert_eq!(seeded.lag(&refunds), 0);
    assert_eq!(
        seeded.world.job_run("refunds").expect("a run").state,
        JobRunState::Running
    );
}

fn clicks_is_behind(seeded: &Seeded) {
    let waiting = seeded.lag(&named("clicks"));
    assert!(waiting > 100_000, "{waiting} records wait");
}

fn shipments_is_stuck(seeded: &Seeded) {
    let run = seeded.world.job_run("shipments").expect("a run");
    assert_eq!(run.state, JobRunState::Running);
    let shipments = named("shipments");
    let (offsets, commits) = (
        seeded.batches(&shipments, "offsets"),
        seeded.batches(&shipments, "commits"),
    );
    assert_eq!(offsets.last(), commits.last());
    assert!(seeded.lag(&shipments) > 10_000);
}

fn inventory_is_down(seeded: &Seeded) {
    let run = seeded.world.job_run("inventory").expect("a run");
    assert_eq!(run.state, JobRunState::Cancelled);
    assert_eq!(run.mode.as_str(), "BATCH");
    assert!(
        run.state_details.contains("720 minutes"),
        "{}",
        run.state_details
    );
}

fn catalog_works_on_a_big_batch(seeded: &Seeded) {
    let catalog = named("catalog");
    let offsets = *seeded.batches(&catalog, "offsets").last().expect("offsets");
    let commits = *seeded.batches(&catalog, "commits").last().expect("commits");
    assert_eq!(offsets, commits + 1);
    let before = seeded.end_of(&catalog, commits);
    let read = before.records_between(&seeded.end_of(&catalog, offsets));
    assert!(read > 4_000_000, "{read} records");
}

fn sessions_is_blocked(seeded: &Seeded) {
    let sessions = named("sessions");
    let newest = *seeded
        .batches(&sessions, "commits")
        .last()
        .expect("commits");
    for (topic, partition, offset) in seeded.end_of(&sessions, newest).iter() {
        let stable = seeded.world.topics.last_stable_offset(topic, partition);
        assert_eq!(stable.expect("a log"), offset);
        assert!(
            seeded
                .world
                .topics
                .log_end(topic, partition)
                .expect("a log")
                > offset
        );
    }
}

fn telemetry_has_lost_data(seeded: &Seeded) {
    let telemetry = named("telemetry");
    let run = seeded.world.job_run("telemetry").expect("a run");
    assert_eq!(run.state, JobRunState::Failed);
    assert!(
        run.state_details.contains("Cannot fetch offset"),
        "{}",
        run.state_details
    );
    let newest = *seeded
        .batches(&telemetry, "commits")
        .last()
        .expect("commits");
    for (topic, partition, offset) in seeded.end_of(&telemetry, newest).iter() {
        assert!(
            seeded
                .world
                .topics
                .log_start(topic, partition)
                .expect("a log")
                > offset
        );
    }
}

fn loyalty_lies_under_one_root(seeded: &Seeded) {
    let keys = seeded.keys("_checkpoints/loyalty/");
    for name in ["loyalty_points", "loyalty_tiers"] {
        assert!(keys.contains(&format!("_checkpoints/loyalty/{name}/metadata")));
    }
    let points = seeded.world.job_run("loyalty_points").expect("a run");
    let tiers = seeded.world.job_run("loyalty_tiers").expect("a run");
    assert_eq!(points.id, tiers.id);
}

async fn baskets_keeps_its_state(seeded: &Seeded) {
    let prognosis = seeded.prognosis(&named("baskets")).await;
    assert!(
        matches!(prognosis, Prognosis::Starts { .. }),
        "{prognosis:?}"
    );
}

/// The way back: whatever was broken, the streams are as they were.
#[tokio::test(flavor = "multi_thread")]
async fn a_reset_takes_everything_back_to_the_start() {
    let seeded = seeded().await;
    let world = &seeded.world;
    for lever in [
        Lever::ThrottleS3 { percent: 50 },
        Lever::Cancel {
            stream: "payments".into(),
        },
        Lever::RecreateTopic {
            stream: "payments".into(),
        },
        Lever::TornWrite {
            stream: "refunds".into(),
        },
    ] {
        world.pull(lever).expect("the lever moves");
    }
    world.reset().await.expect("reset");
    assert!(world.faults.list().is_empty());
    assert_eq!(
        world.job_run("payments").expect("a run").state,
        JobRunState::Running
    );
    orders_is_corrupt(&seeded).await;
    refunds_is_idle(&seeded);
    world.stop().await;
}
