//! The whole state of the sandbox, and the ways to begin, to break and to begin anew.
//!
//! S3 lies on disk. The rest is memory, so that a sandbox that is started on an existing
//! directory is *seeded anew*: what was there is wiped first. A half of a world would be
//! a contradiction (a checkpoint whose topics are gone).

mod histories;
mod job_levers;
mod kafka_levers;
mod lever;
mod levers;
mod producers;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::cloudwatch::Metrics;
use crate::emr::Emr;
use crate::faults::Faults;
use crate::job::{Controls, JobEnvironment, Outside};
use crate::kafka::{TopicError, Topics};
use crate::logs::Logs;
use crate::record::Record;
use crate::s3::{Store, StoreError};
use crate::streams::{self, StreamDefinition};
use crate::wire::Principal;

pub use lever::{CheckpointFileChoice, Damage, Lever, LeverError};
pub use producers::{ProducerView, Producers};

/// Everything that the sandbox holds.
pub struct World {
    /// The one clock.
    pub clock: Clock,
    /// What was done to the sandbox.
    pub record: Arc<Record>,
    /// What is switched on to go wrong.
    pub faults: Arc<Faults>,
    /// S3.
    pub store: Arc<Store>,
    /// Kafka.
    pub topics: Topics,
    /// CloudWatch Logs.
    pub logs: Logs,
    /// CloudWatch.
    pub metrics: Metrics,
    /// EMR Serverless.
    pub emr: Emr,
    /// Switches on running drivers.
    pub controls: Controls,
    /// Drivers that somebody else runs.
    pub outside: Outside,
    /// Whoever writes into the topics.
    pub producers: Arc<Producers>,
    /// The streams that it was seeded with.
    streams: RwLock<Vec<StreamDefinition>>,
    /// Seeding and resetting exclude each other.
    seeding: Mutex<()>,
    stop: CancellationToken,
}

/// Why the starting state could not be written.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// S3 could not be written.
    #[error("the bucket could not be filled")]
    Store(#[from] StoreError),
    /// A topic could not be made.
    #[error("a topic could not be made")]
    Topic(#[from] TopicError),
    /// A job could not be started.
    #[error("the job of {stream} could not be started")]
    Start {
        /// The stream.
        stream: String,
        /// Why not.
        #[source]
        source: crate::emr::EmrError,
    },
    /// A stream did not come into the state that it should have.
    #[error("{stream} did not come into its state: {reason}")]
    Story {
        /// The stream.
        stream: String,
        /// What was missing.
        reason: String,
    },
}

/// How long before the start the scripts of the jobs were put into the bucket.
const SCRIPTS_AGE_MS: i64 = 30 * 24 * 3_600_000;
/// How often producers write.
const TICK: Duration = Duration::from_millis(500);
/// How often retention is applied, in ticks.
const RETENTION_EVERY: u32 = 20;

impl World {
    /// An empty world over its parts.
    pub fn new(
        clock: Clock,
        record: Arc<Record>,
        faults: Arc<Faults>,
        store: Arc<Store>,
        topics: Topics,
        logs: Logs,
        metrics: Metrics,
    ) -> Arc<Self> {
        let controls = Controls::default();
        let outside = Outside::default();
        let jobs = JobEnvironment {
            clock: clock.clone(),
            store: store.clone(),
            faults: faults.clone(),
            topics: topics.clone(),
            logs: logs.clone(),
            metrics: metrics.clone(),
            controls: controls.clone(),
            outside: outside.clone(),
        };
        Arc::new(Self {
            emr: Emr::new(clock.clone(), jobs),
            producers: Arc::new(Producers::new(clock.clone())),
            clock,
            record,
            faults,
            store,
            topics,
            logs,
            metrics,
            controls,
            outside,
            streams: RwLock::default(),
            seeding: Mutex::new(()),
            stop: CancellationToken::new(),
        })
    }

    /// Wipes whatever is there and writes the starting state. Takes seconds: hours of
    /// history are played through.
    pub async fn seed(self: &Arc<Self>) -> Result<(), SeedError> {
        self.seed_with(streams::streams()).await
    }

    /// As [`World::seed`], with these streams instead of the catalogue's.
    pub async fn seed_with(
        self: &Arc<Self>,
        streams: Vec<StreamDefinition>,
    ) -> Result<(), SeedError> {
        let _alone = self.seeding.lock().await;
        *self.streams.write().unwrap_or_else(PoisonError::into_inner) = streams;
        self.empty().await?;
        self.fill().await
    }

    /// The streams that it was seeded with.
    pub fn streams(&self) -> Vec<StreamDefinition> {
        let streams = self.streams.read().unwrap_or_else(PoisonError::into_inner);
        streams.clone()
    }

    /// Takes everything back to the start.
    pub async fn reset(self: &Arc<Self>) -> Result<(), SeedError> {
        self.seed_with(self.streams()).await
    }

    /// Lets producers write and retention work, until the world is stopped.
    pub fn run(self: &Arc<Self>) {
        let world = self.clone();
        tokio::spawn(async move {
            let mut ticks = 0_u32;
            let mut interval = tokio::time::interval(TICK);
            interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    () = world.stop.cancelled() => return,
                    _ = interval.tick() => {}
                }
                world.producers.tick(&world.topics);
                ticks = ticks.wrapping_add(1);
                // A history that is being played through reads what is too old now.
                if ticks.is_multiple_of(RETENTION_EVERY)
                    && let Ok(_alone) = world.seeding.try_lock()
                {
                    world.topics.enforce_retention(world.clock.now_ms());
                }
            }
        });
    }

    /// Ends every driver and the producers.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.emr.clear().await;
    }

    /// The principal of the console.
    pub fn console() -> Principal {
        Principal::user("sandbox-console")
    }

    async fn empty(&self) -> Result<(), SeedError> {
        self.emr.clear().await;
        self.producers.clear();
        self.controls.clear();
        self.faults.clear_all();
        self.topics.clear();
        self.logs.clear();
        self.metrics.clear();
        self.store.wipe()?;
        Ok(())
    }

    async fn fill(self: &Arc<Self>) -> Result<(), SeedError> {
        let deploy = Principal::user("deploy");
        self.store.create_bucket(&deploy, streams::BUCKET)?;
        let streams = self.streams();
        for stream in &streams {
            self.store.put(
                &deploy,
                streams::BUCKET,
                &format!("jobs/{}", stream.script_name),
                stream.script.as_bytes(),
                crate::s3::Meta::default(),
                &crate::s3::Condition::default(),
            )?;
        }
        let now_ms = self.clock.now_ms();
        for stream in &streams {
            let key = format!("jobs/{}", stream.script_name);
            self.date(&key, now_ms - SCRIPTS_AGE_MS);
        }
        for application in streams::applications(now_ms) {
            self.emr.put_application(application);
        }
        if let Err(error) = self.logs.create_group(streams::LOG_GROUP, now_ms) {
            tracing::debug!(%error, "world.log_group");
        }
        histories::play(self, &streams, now_ms).await?;
        // The record is of what is done to the sandbox, not of how it began.
        self.record.clear();
        Ok(())
    }

    /// Lets an object be from another time.
    fn date(&self, key: &str, at_ms: i64) {
        let path = self.store.bucket_directory(streams::BUCKET).join(key);
        let ms = u64::try_from(at_ms).unwrap_or(0);
        let then = std::time::UNIX_EPOCH + std::time::Duration::from_millis(ms);
        let file = std::fs::File::options().write(true).open(path);
        if let Err(error) = file.and_then(|file| file.set_modified(then)) {
            tracing::debug!(%error, key, "world.object_not_dated");
        }
    }
}
