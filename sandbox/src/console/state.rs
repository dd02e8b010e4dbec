//! What the console shows: one row for each stream, and what is switched on.

use serde::Serialize;

use super::Shared;
use crate::emr::JobRun;
use crate::faults::ActiveFault;
use crate::streams::StreamDefinition;
use crate::world::{CheckpointFileChoice, World};

/// The whole state.
#[derive(Debug, Serialize)]
pub(super) struct State {
    /// Milliseconds since the epoch.
    pub(super) now_ms: i64,
    pub(super) time_factor: u32,
    pub(super) streams: Vec<StreamState>,
    pub(super) faults: Vec<ActiveFault>,
    /// Mail and messages that were sent. The sandbox has no mail service yet, and
    /// says so by an empty list.
    pub(super) messages: Vec<String>,
    /// The number of the newest entry in the record.
    pub(super) record_seq: u64,
}

/// One stream.
#[derive(Debug, Serialize)]
pub(super) struct StreamState {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) topic: &'static str,
    pub(super) checkpoint: String,
    pub(super) job_run_id: Option<String>,
    pub(super) job_state: Option<&'static str>,
    pub(super) attempt: u32,
    /// Names of the newest files, relative to the bucket.
    pub(super) newest_offsets: Option<String>,
    pub(super) newest_commit: Option<String>,
    pub(super) log_start: i64,
    pub(super) log_end: i64,
    pub(super) open_transaction: bool,
    pub(super) producer_on: bool,
    /// In percent of its usual pace.
    pub(super) pace: i64,
    pub(super) hangs: bool,
    pub(super) will_not_die: bool,
    pub(super) comes_back: bool,
}

impl State {
    pub(super) fn of(shared: &Shared) -> Self {
        let world = &shared.world;
        Self {
            now_ms: world.clock.now_ms(),
            time_factor: world.clock.factor(),
            streams: world
                .streams()
                .iter()
                .map(|stream| one(world, stream))
                .collect(),
            faults: world.faults.list(),
            messages: Vec::new(),
            record_seq: world.record.last_seq(),
        }
    }
}

fn one(world: &World, stream: &StreamDefinition) -> StreamState {
    let topic = stream.topics[0].name;
    let run: Option<JobRun> = world.job_run(stream.name).ok();
    let id = run.as_ref().map(|run| run.id.clone());
    let levers = world.emr.levers();
    let logs = world
        .topics
        .topic(topic)
        .map(|topic| topic.partitions)
        .unwrap_or_default();
    let producer = world
        .producers
        .list()
        .into_iter()
        .find(|p| p.topic == topic);
    let file = |chosen| world.checkpoint_file(stream.name, chosen).ok();
    StreamState {
        name: stream.name,
        title: stream.title,
        topic,
        checkpoint: stream.checkpoint_prefix(),
        job_state: run.as_ref().map(|run| run.state.as_str()),
        attempt: run.as_ref().map_or(0, JobRun::attempt),
        newest_offsets: file(CheckpointFileChoice::NewestOffsets),
        newest_commit: file(CheckpointFileChoice::NewestCommit),
        log_start: logs.iter().map(crate::kafka::PartitionLog::start).sum(),
        log_end: logs.iter().map(crate::kafka::PartitionLog::end).sum(),
        open_transaction: logs
            .iter()
            .any(crate::kafka::PartitionLog::has_open_transaction),
        producer_on: producer.as_ref().is_some_and(|producer| producer.is_on),
        pace: producer.map_or(0, |producer| (producer.pace * 100.0) as i64),
        hangs: id.as_deref().is_some_and(|id| world.controls.is_hung(id)),
        will_not_die: id
            .as_ref()
            .is_some_and(|id| levers.will_not_die.contains(id)),
        comes_back: levers.comes_back.contains(&stream.job_name()),
        job_run_id: id,
    }
}
