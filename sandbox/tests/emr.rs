//! EMR Serverless, driven over the wire by AWS's own Rust client; the jobs are looked at
//! in S3 and in bronze, never in their memory.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_emrserverless::Client;
use aws_sdk_emrserverless::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_emrserverless::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_emrserverless::types::{
    JobDriver, JobRunMode, JobRunState, RetryPolicy, SparkSubmit,
};
use domain::checkpoint::{InitialOffset, OffsetSeq, StreamMetadata};
use domain::offsets::PartitionOffsets;
use sandbox::clock::Clock;
use sandbox::cloudwatch::Metrics;
use sandbox::emr::EmrService;
use sandbox::faults::Faults;
use sandbox::iam::{self, Policies};
use sandbox::kafka::{TopicSettings, Topics};
use sandbox::logs::Logs;
use sandbox::record::{Query, Record};
use sandbox::s3::{Condition, Meta, Store};
use sandbox::streams::{BUCKET, StreamDefinition, applications, streams};
use sandbox::wire::{ACCOUNT, AccessKeys, FrontDoor, FrontDoorBuilder, Shared};
use sandbox::world::World;

const APPLICATION: &str = "00fstreaming0709";
const LEGACY: &str = "00fstreaming0615";
const ROLE: &str = "arn:aws:iam::123456789012:role/EmrServerlessJobExecutionRole";
/// Under this factor a minute between triggers lasts 0.2 seconds.
const FACTOR: u32 = 300;
/// Nothing here takes longer, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

struct Bench {
    world: Arc<World>,
    emr: Client,
    _door: FrontDoor,
    _directory: tempfile::TempDir,
}

/// A world with applications, scripts and one filled topic, and no job yet.
async fn bench() -> Bench {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let clock = Clock::new(FACTOR);
    let record = Arc::new(Record::new(clock.clone()));
    let store =
        Store::open(directory.path(), clock.clone(), record.clone()).expect("a store");
    let faults = Arc::new(Faults::new(1));
    let world = World::new(
        clock.clone(),
        record.clone(),
        faults.clone(),
        Arc::new(store),
        Topics::new("c2x1dWljZS1zYW5kYm94AA"),
        Logs::new(),
        Metrics::new(),
    );
    let keys = Arc::new(AccessKeys::default());
    let policies = Arc::new(Policies::default());
    iam::settle(&policies, &keys, clock.now_ms()).expect("roles");
    let shared = Shared {
        clock: clock.clone(),
        record,
        faults,
        keys,
        policies,
    };
    let door = FrontDoorBuilder::new(shared)
        .service(Arc::new(EmrService::new(world.emr.clone())))
        .open("127.0.0.1:0".parse().expect("an address"))
        .await
        .expect("a door");
    let config = aws_sdk_emrserverless::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new(
            iam::ONCALL.id,
            iam::ONCALL.secret,
            None,
            None,
            "test",
        ))
        .endpoint_url(door.endpoint_url())
        .build();
    let bench = Bench {
        world,
        emr: Client::from_conf(config),
        _door: door,
        _directory: directory,
    };
    bench.fill();
    bench
}

impl Bench {
    fn fill(&self) {
        let (world, by) = (&self.world, World::console());
        world.store.create_bucket(&by, BUCKET).expect("a bucket");
        for stream in streams() {
            self.put(
                &format!("jobs/{}", stream.script_name),
                stream.script.as_bytes(),
            );
        }
        let now_ms = world.clock.now_ms();
        for application in applications(now_ms) {
            world.emr.put_application(application);
        }
        let settings = TopicSettings::default();
        world
            .topics
            .create("orders_events", 6, settings)
            .expect("a topic");
        self.arrive(1000);
    }

    /// So many records on each partition of `orders_events`.
    fn arrive(&self, each: u64) {
        let now_ms = self.world.clock.now_ms();
        for partition in 0..6 {
            self.world
                .topics
                .append("orders_events", partition, each, now_ms - 1000, now_ms)
                .expect("records");
        }
    }

    fn put(&self, key: &str, bytes: &[u8]) {
        let (meta, condition) = (Meta::default(), Condition::default());
        self.world
            .store
            .put(&World::console(), BUCKET, key, bytes, meta, &condition)
            .expect("written");
    }

    /// Puts the script of `orders` there with something changed.
    fn edit_script(&self, from: &str, to: &str) {
        let script = orders().script;
        assert!(script.contains(from), "{from:?} is not in the script");
        self.put(
            "jobs/kafka_orders_stream.py",
            script.replace(from, to).as_bytes(),
        );
    }

    fn keys(&self, prefix: &str) -> Vec<String> {
        let objects = self.world.store.list_all(&World::console(), BUCKET, prefix);
        objects
            .expect("a listing")
            .into_iter()
            .map(|object| object.key)
            .collect()
    }

    fn bytes(&self, key: &str) -> Vec<u8> {
        self.world
            .store
            .get(&World::console(), BUCKET, key)
            .expect("an object")
            .1
    }

    fn checkpoint(&self, name: &str) -> String {
        format!("{}{name}", orders().checkpoint_prefix())
    }

    fn commits(&self) -> Vec<i64> {
        let prefix = self.checkpoint("commits/");
        let keys = self.keys(&prefix);
        let mut found: Vec<i64> = keys
            .iter()
            .filter_map(|key| key[prefix.len()..].parse().ok())
            .collect();
        found.sort_unstable();
        found
    }

    fn end_of(&self, batch: i64) -> PartitionOffsets {
        let bytes = self.bytes(&self.checkpoint(&format!("offsets/{batch}")));
        let sequence = OffsetSeq::parse(&bytes).value.expect("offsets");
        sequence
            .kafka_offsets(0)
            .expect("a line")
            .value
            .expect("Kafka offsets")
    }

    /// The ranges in bronze: batch, partition, from, until; in order.
    fn bronze(&self) -> Vec<(i64, i64, i64, i64)> {
        let mut ranges = Vec::new();
        for key in self.keys("bronze/kafka/orders/") {
            for line in String::from_utf8(self.bytes(&key)).expect("text").lines() {
                let range: serde_json::Value = serde_json::from_str(line).expect("JSON");
                let number = |field: &str| range[field].as_i64().expect("a number");
                ranges.push((
                    number("batch"),
                    number("partition"),
                    number("from"),
                    number("until"),
                ));
            }
        }
        ranges.sort_unstable();
        ranges
    }

    async fn start(&self, mode: JobRunMode, token: &str) -> String {
        let request = self
            .emr
            .start_job_run()
            .application_id(APPLICATION)
            .client_token(token)
            .execution_role_arn(ROLE)
            .name("orders-stream")
            .mode(mode.clone())
            .job_driver(driver());
        let request = match mode {
            JobRunMode::Streaming => request.retry_policy(
                RetryPolicy::builder()
                    .max_failed_attempts_per_hour(2)
                    .build(),
            ),
            _ => request,
        };
        request.send().await.expect("started").job_run_id
    }

    async fn state(&self, id: &str) -> (JobRunState, String) {
        let answer = self
            .emr
            .get_job_run()
            .application_id(APPLICATION)
            .job_run_id(id)
            .send()
            .await
            .expect("a job run");
        let run = answer.job_run.expect("a job run");
        (run.state, run.state_details)
    }

    async fn until_state(&self, id: &str, wanted: &JobRunState) -> String {
        self.until(&format!("{wanted:?}"), async || {
            let (state, details) = self.state(id).await;
            (state == *wanted).then_some(details)
        })
        .await
    }

    async fn until_commit(&self, batch: i64) {
        self.until(&format!("commit {batch}"), async || {
            self.commits()
                .last()
                .is_some_and(|newest| *newest >= batch)
                .then_some(())
        })
        .await;
    }

    async fn until<T>(&self, what: &str, look: impl AsyncFn() -> Option<T>) -> T {
        let looked = tokio::time::timeout(PATIENCE, async {
            loop {
                if let Some(seen) = look().await {
                    return seen;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        looked
            .await
            .unwrap_or_else(|_| panic!("{what} did not come"))
    }

    async fn cancel(&self, id: &str) {
        let request = self.emr.cancel_job_run().application_id(APPLICATION);
        request.job_run_id(id).send().await.expect("cancelled");
        self.until_state(id, &JobRunState::Cancelled).await;
    }
}

fn orders() -> StreamDefinition {
    streams()
        .into_iter()
        .find(|stream| stream.name == "orders")
        .expect("orders")
}

fn driver() -> JobDriver {
    let submit = SparkSubmit::builder()
        .entry_point("s3://bucket/jobs/kafka_orders_stream.py")
        .build()
        .expect("complete");
    JobDriver::SparkSubmit(submit)
}

fn code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Option<&str> {
    error
        .as_service_error()
        .and_then(ProvideErrorMetadata::code)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_writes_its_checkpoint_and_bronze_as_spark_does() {
    let bench = bench().await;
    let id = bench.start(JobRunMode::Streaming, "one").await;
    let (first, _) = bench.state(&id).await;
    assert!(
        matches!(first, JobRunState::Submitted | JobRunState::Pending),
        "{first:?}"
    );
    bench.until_state(&id, &JobRunState::Running).await;
    bench.until_commit(0).await;
    bench.arrive(500);
    bench.until_commit(1).await;
    let metadata = bench.bytes(&bench.checkpoint("metadata"));
    StreamMetadata::parse(&metadata)
        .flawless()
        .expect("as Spark writes it");
    let initial = InitialOffset::parse(&bench.bytes(&bench.checkpoint("sources/0/0")));
    let initial = initial.flawless().expect("as Spark writes it").offsets;
    assert_eq!(
        initial.get("orders_events", 3),
        Some(1000),
        "latest, as the script says"
    );
    let commit = bench.bytes(&bench.checkpoint("commits/0"));
    assert_eq!(commit, b"v1\n{\"nextBatchWatermarkMs\":0}");
    let bronze: Vec<_> = bench.bronze();
    let expected: Vec<_> = (0..6).map(|p| (1, p, 1000, 1500)).collect();
    assert_eq!(bronze, expected);
    let by_job = bench.world.record.query(&Query {
        principal: Some(format!("assumed-role/EmrServerlessJobExecutionRole/{id}")),
        action: Some("PutObject".into()),
        key_prefix: Some(bench.checkpoint("offsets/")),
        ..Query::default()
    });
    assert!(by_job.iter().all(|entry| {
        entry
            .call
            .s3
            .as_ref()
            .is_some_and(|s3| s3.condition.is_some())
    }));
    assert!(by_job.len() >= 2, "the role's writes are in the record");
    bench.cancel(&id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_goes_on_where_the_checkpoint_ends() {
    let bench = bench().await;
    let id = bench.start(JobRunMode::Streaming, "one").await;
    bench.until_commit(0).await;
    bench.arrive(100);
    bench.until_commit(1).await;
    bench.cancel(&id).await;
    bench.arrive(50);
    let id = bench.start(JobRunMode::Streaming, "two").await;
    bench.until_commit(2).await;
    bench.cancel(&id).await;
    let ranges: Vec<_> = bench
        .bronze()
        .into_iter()
        .filter(|range| range.0 == 2)
        .collect();
    assert_eq!(
        ranges,
        (0..6).map(|p| (2, p, 1100, 1150)).collect::<Vec<_>>()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seeded_checkpoint_decides_the_start_and_the_options_do_not() {
    let bench = bench().await;
    let offsets: PartitionOffsets = (0..6)
        .map(|p| ("orders_events".to_owned(), p, 200 + i64::from(p)))
        .collect();
    bench.put(
        &bench.checkpoint("sources/0/0"),
        &InitialOffset { offsets }.render(),
    );
    let id = bench.start(JobRunMode::Streaming, "one").await;
    bench.until_commit(0).await;
    bench.cancel(&id).await;
    let expected: Vec<_> = (0..6).map(|p| (0, p, 200 + p, 1000)).collect();
    assert_eq!(bench.bronze(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_of_the_script_is_seen_at_the_next_start() {
    let bench = bench().await;
    bench.edit_script(
        "\"startingOffsets\", \"latest\"",
        "\"startingOffsets\", \"earliest\"",
    );
    let id = bench.start(JobRunMode::Streaming, "one").await;
    bench.until_commit(0).await;
    bench.cancel(&id).await;
    assert_eq!(
        bench.bronze(),
        (0..6).map(|p| (0, p, 0, 1000)).collect::<Vec<_>>()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limit_of_a_trigger_is_kept_over_batches() {
    let bench = bench().await;
    bench.edit_script(
        "\"startingOffsets\", \"latest\"",
        "\"startingOffsets\", \"earliest\"",
    );
    let script =
        String::from_utf8(bench.bytes("jobs/kafka_orders_stream.py")).expect("text");
    bench.put(
        "jobs/kafka_orders_stream.py",
        script.replace("600_000", "2400").as_bytes(),
    );
    let id = bench.start(JobRunMode::Streaming, "one").await;
    bench.until_commit(2).await;
    bench.cancel(&id).await;
    assert_eq!(bench.end_of(0).get("orders_events", 0), Some(400));
    assert_eq!(bench.end_of(2).get("orders_events", 0), Some(1000));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_gate_lets_no_attempt_write() {
    let bench = bench().await;
    let gate = b"SLUICE GATE CLOSED run 42: do not start this job; see the run page";
    bench.put(&bench.checkpoint("metadata"), gate);
    let id = bench.start(JobRunMode::Streaming, "one").await;
    let details = bench.until_state(&id, &JobRunState::Failed).await;
    assert!(details.contains("Unrecognized token 'SLUICE'"), "{details}");
    assert_eq!(
        bench.keys(&bench.checkpoint("")),
        [bench.checkpoint("metadata")]
    );
    let attempts = bench
        .emr
        .list_job_run_attempts()
        .application_id(APPLICATION)
        .job_run_id(&id)
        .send()
        .await
        .expect("attempts");
    assert_eq!(
        attempts.job_run_attempts.len(),
        2,
        "the retry policy allows two"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_runs_on_one_checkpoint_conflict() {
    let bench = bench().await;
    bench.edit_script(
        "\"startingOffsets\", \"latest\"",
        "\"startingOffsets\", \"earliest\"",
    );
    let first = bench.start(JobRunMode::Batch, "one").await;
    let second = bench.start(JobRunMode::Batch, "two").await;
    let world = bench.world.clone();
    let filling = tokio::spawn(async move {
        loop {
            let now_ms = world.clock.now_ms();
            let _ = world
                .topics
                .append("orders_events", 0, 10, now_ms - 10, now_ms);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    let details = bench
        .until("a conflict", async || {
            for id in [&first, &second] {
                let (state, details) = bench.state(id).await;
                if state == JobRunState::Failed {
                    return Some(details);
                }
            }
            None
        })
        .await;
    filling.abort();
    assert!(
        details.contains("CONCURRENT_STREAM_LOG_UPDATE")
            || details.contains("Multiple streaming queries are concurrently using"),
        "{details}"
    );
    bench.world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recreated_topic_fails_the_job_with_kafkas_loss() {
    let bench = bench().await;
    let id = bench.start(JobRunMode::Streaming, "one").await;
    bench.until_commit(0).await;
    bench
        .world
        .topics
        .recreate("orders_events")
        .expect("made anew");
    bench.arrive(7);
    let details = bench.until_state(&id, &JobRunState::Failed).await;
    let text = "offset was changed from 1000 to 7, some data may have been missed";
    assert!(details.contains(text), "{details}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_client_token_is_one_job_run() {
    let bench = bench().await;
    let first = bench.start(JobRunMode::Streaming, "same").await;
    let again = bench.start(JobRunMode::Streaming, "same").await;
    assert_eq!(first, again);
    let other = bench
        .emr
        .start_job_run()
        .application_id(APPLICATION)
        .client_token("same")
        .execution_role_arn(ROLE)
        .job_driver(driver())
        .send()
        .await
        .expect_err("another body under the same token");
    assert_eq!(code(&other), Some("ConflictException"));
    let runs = bench
        .emr
        .list_job_runs()
        .application_id(APPLICATION)
        .send()
        .await;
    assert_eq!(runs.expect("runs").job_runs.len(), 1);
    bench.world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn job_runs_are_listed_by_filters_and_pages() {
    let bench = bench().await;
    for n in 0..5 {
        bench.start(JobRunMode::Batch, &format!("token-{n}")).await;
    }
    let page = bench
        .emr
        .list_job_runs()
        .application_id(APPLICATION)
        .mode(JobRunMode::Batch)
        .max_results(2)
        .into_paginator()
        .items()
        .send()
        .collect::<Result<Vec<_>, _>>()
        .await
        .expect("pages");
    assert_eq!(page.len(), 5);
    let later = aws_sdk_emrserverless::primitives::DateTime::from_secs(4_000_000_000);
    let none = bench
        .emr
        .list_job_runs()
        .application_id(APPLICATION)
        .created_at_after(later)
        .send()
        .await
        .expect("runs");
    assert!(none.job_runs.is_empty());
    bench.world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_run_is_cancelling_first_and_can_be_kept_alive() {
    let bench = bench().await;
    let id = bench.start(JobRunMode::Streaming, "one").await;
    bench.until_commit(0).await;
    bench.world.emr.set_levers(|levers| {
        levers.will_not_die.insert(id.clone());
    });
    let request = bench
        .emr
        .cancel_job_run()
        .application_id(APPLICATION)
        .job_run_id(&id);
    request
        .shutdown_grace_period_in_seconds(60)
        .send()
        .await
        .expect("accepted");
    bench.until_state(&id, &JobRunState::Cancelling).await;
    let before = *bench.commits().last().expect("a commit");
    bench.arrive(10);
    bench.until_commit(before + 1).await;
    assert_eq!(bench.state(&id).await.0, JobRunState::Cancelling);
    bench
        .world
        .emr
        .set_levers(|levers| levers.will_not_die.clear());
    bench.until_state(&id, &JobRunState::Cancelled).await;
    let ended = bench.commits();
    bench.arrive(10);
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(bench.commits(), ended, "a cancelled job writes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_run_ends_with_its_time_out() {
    let bench = bench().await;
    let started = bench
        .emr
        .start_job_run()
        .application_id(APPLICATION)
        .client_token("short")
        .execution_role_arn(ROLE)
        .execution_timeout_minutes(5)
        .job_driver(driver())
        .send()
        .await
        .expect("started");
    let details = bench
        .until_state(&started.job_run_id, &JobRunState::Cancelled)
        .await;
    assert!(
        details.contains("execution timeout of 5 minutes"),
        "{details}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_aws_would_refuse_is_refused() {
    let bench = bench().await;
    let start = || {
        bench
            .emr
            .start_job_run()
            .execution_role_arn(ROLE)
            .job_driver(driver())
    };
    let error = start()
        .application_id(LEGACY)
        .mode(JobRunMode::Streaming)
        .send()
        .await;
    assert_eq!(
        code(&error.expect_err("too old")),
        Some("ValidationException")
    );
    let retry = RetryPolicy::builder().max_attempts(3).build();
    let error = start()
        .application_id(APPLICATION)
        .mode(JobRunMode::Streaming)
        .retry_policy(retry)
        .send()
        .await;
    assert_eq!(
        code(&error.expect_err("of the other mode")),
        Some("ValidationException")
    );
    let error = start().application_id("00fnosuch").send().await;
    assert_eq!(
        code(&error.expect_err("unknown")),
        Some("ResourceNotFoundException")
    );
    let id = bench.start(JobRunMode::Streaming, "one").await;
    for seconds in [14, 1801] {
        let error = bench
            .emr
            .cancel_job_run()
            .application_id(APPLICATION)
            .job_run_id(&id)
            .shutdown_grace_period_in_seconds(seconds)
            .send()
            .await;
        assert_eq!(
            code(&error.expect_err("out of range")),
            Some("ValidationException")
        );
    }
    bench.world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_and_attempts_and_the_dashboard_are_there() {
    let bench = bench().await;
    let started = bench
        .emr
        .start_job_run()
        .application_id(APPLICATION)
        .client_token("tagged")
        .execution_role_arn(ROLE)
        .job_driver(driver())
        .tags("sluice-run", "42")
        .send()
        .await
        .expect("started");
    assert!(
        started
            .arn
            .contains(&format!(":{ACCOUNT}:/applications/{APPLICATION}/jobruns/"))
    );
    let arn = &started.arn;
    bench
        .emr
        .tag_resource()
        .resource_arn(arn)
        .tags("a", "b c/d")
        .send()
        .await
        .expect("tagged");
    let tags = bench
        .emr
        .list_tags_for_resource()
        .resource_arn(arn)
        .send()
        .await;
    let tags = tags.expect("tags").tags.expect("tags");
    assert_eq!(tags["sluice-run"], "42");
    assert_eq!(tags["a"], "b c/d");
    let dashboard = bench
        .emr
        .get_dashboard_for_job_run()
        .application_id(APPLICATION)
        .job_run_id(&started.job_run_id)
        .send()
        .await;
    assert!(dashboard.expect("a dashboard").url.is_some());
    bench.world.stop().await;
}
