//! A world with applications, scripts and one filled topic, and AWS's own client.

use aws_sdk_emrserverless::Client;
use aws_sdk_emrserverless::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_emrserverless::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_emrserverless::types::{
    JobDriver, JobRunMode, JobRunState, RetryPolicy, SparkSubmit,
};
use domain::checkpoint::OffsetSeq;
use domain::offsets::PartitionOffsets;
use sandbox::clock::Clock;
use sandbox::cloudwatch::Metrics;
use sandbox::emr::EmrService;
use sandbox::faults::Faults;
use sandbox::iam;
use sandbox::iam::Policies;
use sandbox::kafka::{TopicSettings, Topics};
use sandbox::logs::Logs;
use sandbox::record::Record;
use sandbox::s3::{Condition, Meta, Store};
use sandbox::streams::{BUCKET, StreamDefinition, applications, streams};
use sandbox::wire::{AccessKeys, FrontDoor, FrontDoorBuilder, Shared};
use sandbox::world::World;
use std::sync::Arc;
use std::time::Duration;

pub(super) const APPLICATION: &str = "00fstreaming0709";

pub(super) const LEGACY: &str = "00fstreaming0615";

pub(super) const ROLE: &str =
    "arn:aws:iam::123456789012:role/EmrServerlessJobExecutionRole";

/// Under this factor a minute between triggers lasts 0.2 seconds.
pub(super) const FACTOR: u32 = 300;

/// Nothing here takes longer, even on a busy machine.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

pub(super) struct Bench {
    pub(super) world: Arc<World>,
    pub(super) emr: Client,
    _door: FrontDoor,
    _directory: tempfile::TempDir,
}

/// A world with applications, scripts and one filled topic, and no job yet.
pub(super) async fn bench() -> Bench {
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
    pub(super) fn fill(&self) {
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
    pub(super) fn arrive(&self, each: u64) {
        let now_ms = self.world.clock.now_ms();
        for partition in 0..6 {
            self.world
                .topics
                .append("orders_events", partition, each, now_ms - 1000, now_ms)
                .expect("records");
        }
    }

    pub(super) fn put(&self, key: &str, bytes: &[u8]) {
        let (meta, condition) = (Meta::default(), Condition::default());
        self.world
            .store
            .put(&World::console(), BUCKET, key, bytes, meta, &condition)
            .expect("written");
    }

    /// Puts the script of `orders` there with something changed.
    pub(super) fn edit_script(&self, from: &str, to: &str) {
        let script = orders().script;
        assert!(script.contains(from), "{from:?} is not in the script");
        self.put(
            "jobs/kafka_orders_stream.py",
            script.replace(from, to).as_bytes(),
        );
    }

    pub(super) fn keys(&self, prefix: &str) -> Vec<String> {
        let objects = self.world.store.list_all(&World::console(), BUCKET, prefix);
        objects
            .expect("a listing")
            .into_iter()
            .map(|object| object.key)
            .collect()
    }

    pub(super) fn bytes(&self, key: &str) -> Vec<u8> {
        self.world
            .store
            .get(&World::console(), BUCKET, key)
            .expect("an object")
            .1
    }

    pub(super) fn checkpoint(&self, name: &str) -> String {
        format!("{}{name}", orders().checkpoint_prefix())
    }

    pub(super) fn commits(&self) -> Vec<i64> {
        let prefix = self.checkpoint("commits/");
        let keys = self.keys(&prefix);
        let mut found: Vec<i64> = keys
            .iter()
            .filter_map(|key| key[prefix.len()..].parse().ok())
            .collect();
        found.sort_unstable();
        found
    }

    pub(super) fn end_of(&self, batch: i64) -> PartitionOffsets {
        let bytes = self.bytes(&self.checkpoint(&format!("offsets/{batch}")));
        let sequence = OffsetSeq::parse(&bytes).value.expect("offsets");
        sequence
            .kafka_offsets(0)
            .expect("a line")
            .value
            .expect("Kafka offsets")
    }

    /// The ranges in bronze: batch, partition, from, until; in order.
    pub(super) fn bronze(&self) -> Vec<(i64, i64, i64, i64)> {
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

    pub(super) async fn start(&self, mode: JobRunMode, token: &str) -> String {
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

    pub(super) async fn state(&self, id: &str) -> (JobRunState, String) {
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

    pub(super) async fn until_state(&self, id: &str, wanted: &JobRunState) -> String {
        self.until(&format!("{wanted:?}"), async || {
            let (state, details) = self.state(id).await;
            (state == *wanted).then_some(details)
        })
        .await
    }

    pub(super) async fn until_commit(&self, batch: i64) {
        self.until(&format!("commit {batch}"), async || {
            self.commits()
                .last()
                .is_some_and(|newest| *newest >= batch)
                .then_some(())
        })
        .await;
    }

    pub(super) async fn until<T>(
        &self,
        what: &str,
        look: impl AsyncFn() -> Option<T>,
    ) -> T {
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

    pub(super) async fn cancel(&self, id: &str) {
        let request = self.emr.cancel_job_run().application_id(APPLICATION);
        request.job_run_id(id).send().await.expect("cancelled");
        self.until_state(id, &JobRunState::Cancelled).await;
    }
}

pub(super) fn orders() -> StreamDefinition {
    streams()
        .into_iter()
        .find(|stream| stream.name == "orders")
        .expect("orders")
}

pub(super) fn driver() -> JobDriver {
    let submit = SparkSubmit::builder()
        .entry_point("s3://bucket/jobs/kafka_orders_stream.py")
        .build()
        .expect("complete");
    JobDriver::SparkSubmit(submit)
}

pub(super) fn code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Option<&str> {
    error
        .as_service_error()
        .and_then(ProvideErrorMetadata::code)
}
