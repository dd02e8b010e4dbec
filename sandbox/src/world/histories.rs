//! How each stream came into its state: hours of past, played through by the job's own
//! code, and broken by the same levers that the console has.

use futures::future::try_join_all;

use super::lever::{CheckpointFileChoice, Lever};
use super::{SeedError, World};
use crate::emr::{JobRun, JobRunState, StartJobRun};
use crate::job::Timeline;
use crate::streams::{Story, StreamDefinition, TRIGGER_SECONDS};
use std::sync::Arc;
use std::time::Duration;

const MINUTE_MS: i64 = 60_000;
/// How far the past goes back.
const HISTORY_MS: i64 = 3 * 60 * MINUTE_MS;
/// The past takes steps of this length, but for its last batches.
const STRIDE_MS: i64 = 2 * MINUTE_MS;
/// How many of the last batches are as close together as later ones.
const FINE_BATCHES: i64 = 25;
/// A big batch lasts as long after the start.
const BIG_BATCH_MS: i64 = 6 * 60 * MINUTE_MS;
/// The time-out of a batch run, in minutes, before scaling.
const BATCH_TIMEOUT_MINUTES: u64 = 720;

/// Makes the topics and plays every story; the job runs go on by themselves.
pub(super) async fn play(
    world: &Arc<World>,
    streams: &[StreamDefinition],
    now_ms: i64,
) -> Result<(), SeedError> {
    for stream in streams {
        for topic in &stream.topics {
            let kept_ms = topic.retention_minutes * MINUTE_MS;
            let since_ms =
                now_ms - kept_ms.max(began_before_ms(world, stream) + STRIDE_MS);
            world
                .producers
                .create(&world.topics, topic, since_ms, now_ms)?;
        }
    }
    // One job may run more than one stream; it has one story.
    let mut played: Vec<&str> = Vec::new();
    let mut stories = Vec::new();
    for stream in streams {
        if !played.contains(&stream.script_name) {
            played.push(stream.script_name);
            stories.push(Player::new(world, stream, now_ms).play());
        }
    }
    try_join_all(stories).await?;
    Ok(())
}

/// How long before now the first job run of a stream was started.
fn began_before_ms(world: &World, stream: &StreamDefinition) -> i64 {
    match stream.story {
        Story::BatchMode => HISTORY_MS.max(batch_timeout_ms(world) + 30 * MINUTE_MS),
        _ => HISTORY_MS,
    }
}

fn batch_timeout_ms(world: &World) -> i64 {
    let timeout = world
        .clock
        .scaled(Duration::from_secs(60 * BATCH_TIMEOUT_MINUTES));
    i64::try_from(timeout.as_millis()).unwrap_or(i64::MAX)
}

struct Player<'a> {
    world: &'a Arc<World>,
    stream: &'a StreamDefinition,
    now_ms: i64,
}

impl<'a> Player<'a> {
    fn new(world: &'a Arc<World>, stream: &'a StreamDefinition, now_ms: i64) -> Self {
        Self {
            world,
            stream,
            now_ms,
        }
    }

    async fn play(self) -> Result<(), SeedError> {
        match self.stream.story {
            Story::Runs => self.runs().await,
            Story::Corrupt => self.corrupt().await,
            Story::Stuck => self.stuck().await,
            Story::BatchMode => self.batch_mode().await,
            Story::BigBatch => self.big_batch().await,
            Story::Blocked => self.blocked().await,
            Story::DataLost => self.data_lost().await,
        }
    }

    async fn runs(&self) -> Result<(), SeedError> {
        let (timeline, run) = self.start(HISTORY_MS, "first")?;
        self.catches_up(&timeline, &run).await;
        self.expect(&run, JobRunState::Running)
    }

    /// The driver died while it wrote the offsets of a batch, and every attempt after
    /// it failed on the empty file.
    async fn corrupt(&self) -> Result<(), SeedError> {
        let (timeline, run) = self.start(HISTORY_MS, "first")?;
        self.stand_still(&timeline, 40 * MINUTE_MS).await;
        self.pull(Lever::TornWrite {
            stream: self.stream.name.to_owned(),
        })?;
        self.date_newest_offsets(40 * MINUTE_MS);
        self.world.emr.crash(&run);
        timeline.release();
        self.ends(&run).await;
        self.expect(&run, JobRunState::Failed)
    }

    async fn stuck(&self) -> Result<(), SeedError> {
        let (timeline, run) = self.start(HISTORY_MS, "first")?;
        self.stand_still(&timeline, 20 * MINUTE_MS).await;
        self.world.controls.hang(&run, true);
        timeline.release();
        self.expect(&run, JobRunState::Running)
    }

    /// A batch run ends with its time-out. Somebody started it anew every time, until
    /// nobody did.
    async fn batch_mode(&self) -> Result<(), SeedError> {
        let lasts_ms = batch_timeout_ms(self.world);
        let mut before_ms = began_before_ms(self.world, self.stream);
        for number in 1.. {
            let (_, run) = self.start(before_ms, &format!("run-{number}"))?;
            self.ends(&run).await;
            self.expect(&run, JobRunState::Cancelled)?;
            let found = self.world.emr.job_run(self.stream.application, &run).ok();
            let ended_ms = found.and_then(|run| run.ended_at_ms).unwrap_or(self.now_ms);
            before_ms = self.now_ms - ended_ms - MINUTE_MS;
            if before_ms < lasts_ms + 20 * MINUTE_MS {
                break;
            }
        }
        Ok(())
    }

    /// Time stands still when the import comes in, so that the batch that takes it is the
    /// first that the executors are held at.
    async fn big_batch(&self) -> Result<(), SeedError> {
        let (timeline, run) = self.start(HISTORY_MS, "first")?;
        let import = self.stream.topics[0].import;
        let minutes = import.map_or(0, |(minutes, _)| minutes);
        self.stand_still(&timeline, minutes * MINUTE_MS).await;
        let until_ms = self.now_ms + BIG_BATCH_MS;
        self.world.controls.slow_until(&run, Some(until_ms));
        timeline.release();
        self.catches_up(&timeline, &run).await;
        self.expect(&run, JobRunState::Running)
    }

    async fn blocked(&self) -> Result<(), SeedError> {
        let (timeline, run) = self.start(HISTORY_MS, "first")?;
        let since_ms = self.now_ms - 25 * MINUTE_MS;
        let topic = &self.stream.topics[0];
        for partition in 0..i32::try_from(topic.partitions).unwrap_or(0) {
            let first = self
                .world
                .topics
                .offset_for_timestamp(topic.name, partition, since_ms)?;
            let first = first.map(|record| record.offset);
            self.world
                .topics
                .open_transaction(topic.name, partition, first)?;
        }
        self.catches_up(&timeline, &run).await;
        self.expect(&run, JobRunState::Running)
    }

    /// Stopped by a person, forgotten, and started when its records were gone, with
    /// another script and other settings.
    async fn data_lost(&self) -> Result<(), SeedError> {
        let (timeline, run) = self.start(HISTORY_MS, "first")?;
        self.stand_still(&timeline, 130 * MINUTE_MS).await;
        self.pull(Lever::Cancel {
            stream: self.stream.name.to_owned(),
        })?;
        timeline.release();
        self.ends(&run).await;
        self.expect(&run, JobRunState::Cancelled)?;
        self.world.topics.enforce_retention(self.now_ms);
        let script = format!("jobs/{}", self.stream.script_name);
        self.world.date(&script, self.now_ms - 30 * MINUTE_MS);
        let (_, run) = self.start_with(20 * MINUTE_MS, "second", |body| {
            body["jobDriver"]["sparkSubmit"]["sparkSubmitParameters"] =
                "--conf spark.executor.memory=16g --conf spark.executor.cores=4".into();
        })?;
        self.ends(&run).await;
        self.expect(&run, JobRunState::Failed)
    }

    /// Starts the stream's job so long before now.
    fn start(
        &self,
        before_ms: i64,
        token: &str,
    ) -> Result<(Timeline, String), SeedError> {
        self.start_with(before_ms, token, |_| {})
    }

    /// As [`Player::start`], submitted otherwise than the stream's definition has it.
    fn start_with(
        &self,
        before_ms: i64,
        token: &str,
        otherwise: impl Fn(&mut serde_json::Value),
    ) -> Result<(Timeline, String), SeedError> {
        let clock = self.world.clock.clone();
        let trigger = clock.scaled(Duration::from_secs(u64::from(TRIGGER_SECONDS)));
        let trigger_ms = i64::try_from(trigger.as_millis())
            .unwrap_or(i64::MAX)
            .max(1);
        let fine_from_ms = self.now_ms - FINE_BATCHES * trigger_ms;
        let timeline =
            Timeline::past(clock, self.now_ms - before_ms, STRIDE_MS, fine_from_ms);
        let token = format!("{}-{token}", self.stream.name.replace('_', "-"));
        let start = || {
            let emr = &self.world.emr;
            let application = emr.application(self.stream.application)?;
            let mut body = self.stream.submission(&token);
            otherwise(&mut body);
            let request = StartJobRun::parse(&body, &application)?;
            let by = format!("arn:aws:iam::{}:user/airflow", crate::wire::ACCOUNT);
            emr.start_on(&application.id, request, &by, timeline.clone())
        };
        match start() {
            Ok(started) => Ok((timeline, started.job_run_id)),
            Err(source) => Err(SeedError::Start {
                stream: self.stream.name.to_owned(),
                source,
            }),
        }
    }

    async fn stand_still(&self, timeline: &Timeline, before_ms: i64) {
        timeline.hold_at(self.now_ms - before_ms);
        timeline.held().await;
    }

    /// Waits until the job's time is now, or until it ended before.
    async fn catches_up(&self, timeline: &Timeline, run: &str) {
        tokio::select! {
            () = timeline.is_now() => {}
            () = self.ends(run) => {}
        }
    }

    async fn ends(&self, run: &str) {
        self.world
            .emr
            .wait_until(run, |run| run.state.is_terminal())
            .await;
    }

    fn pull(&self, lever: Lever) -> Result<(), SeedError> {
        self.world
            .pull(lever)
            .map(drop)
            .map_err(|error| SeedError::Story {
                stream: self.stream.name.to_owned(),
                reason: error.to_string(),
            })
    }

    /// The torn write belongs to the past.
    fn date_newest_offsets(&self, before_ms: i64) {
        let chosen = CheckpointFileChoice::NewestOffsets;
        if let Ok(key) = self.world.checkpoint_file(self.stream.name, chosen) {
            self.world.date(&key, self.now_ms - before_ms);
        }
    }

    fn expect(&self, run: &str, state: JobRunState) -> Result<(), SeedError> {
        let found: Result<JobRun, _> =
            self.world.emr.job_run(self.stream.application, run);
        match found {
            Ok(run) if run.state == state => Ok(()),
            Ok(run) => Err(SeedError::Story {
                stream: self.stream.name.to_owned(),
                reason: format!(
                    "its job run is {} and not {}: {}",
                    run.state.as_str(),
                    state.as_str(),
                    run.state_details
                ),
            }),
            Err(error) => Err(SeedError::Story {
                stream: self.stream.name.to_owned(),
                reason: error.to_string(),
            }),
        }
    }
}
