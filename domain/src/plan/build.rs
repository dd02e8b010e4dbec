//! Builds plans out of what was seen, what is wanted and what is allowed.

use std::collections::BTreeMap;

use thiserror::Error;
use uuid::Uuid;

use super::{
    ClearStep, CopyStep, FORMAT, GateStep, HoldStep, LeftOut, OpenGateStep,
    PartitionEffect, Plan, PlanBody, PlanKind, ReadBackStep, RestartStep, SealStep,
    SeedStep, Step, StepKind, StopStep, WaitStep, WatchStep, backup_prefix, gate_text,
};
use crate::agreement::AgreementNeeded;
use crate::checkpoint::InitialOffset;
use crate::estimate::{Rates, Work, estimate};
use crate::ids::{Digest, RunId, StepId};
use crate::intent::{Intent, WayOut};
use crate::keyset::{KeyEntry, KeySet};
use crate::manifest::{Sealed, manifest_location};
use crate::offsets::PartitionOffsets;
use crate::policy::Policy;
use crate::snapshot::{CheckpointSeen, JobRunSeen, JobsSeen, KafkaSeen, Snapshot};
use crate::stream::{SinkKind, Stream};
use crate::time::Millis;

/// Why no plan can be made, each with what to do.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// Something that the plan needs could not be read.
    #[error("{what} could not be read: {reason}. A plan needs it; look again once it can be read.")]
    Unknown {
        /// What.
        what: &'static str,
        /// Why not.
        reason: String,
    },
    /// There is nothing under the prefix.
    #[error("No object lies under {0}, so there is nothing to back up or to reset. Check the stream's checkpoint location.")]
    Empty(String),
    /// Somebody else's gate is closed.
    #[error("The gate of {0} is already closed there. Finish or close that Run first.")]
    GateClosed(String),
    /// A job run is alive that belongs to no known stream.
    #[error("Job runs {0} on the application belong to no configured stream and may write here. Name their stream in the configuration, or stop them.")]
    Unexplained(String),
    /// The job is alive although it was secured.
    #[error("Job run {0} may still write here. Secure the stream again.")]
    Alive(String),
    /// There is no job run to start again.
    #[error("No earlier job run of this stream was found, so there is nothing to start it from. Start it once outside of Sluice.")]
    NoBase,
    /// A topic of the stream is not at the broker.
    #[error("Topic {0} is not on the Kafka cluster. Check the stream's topics.")]
    NoTopic(String),
    /// The wanted offsets do not fit.
    #[error("The offsets do not fit: {}", .0.join("; "))]
    Offsets(Vec<String>),
    /// The sink would skip what is written.
    #[error("{0}")]
    Sink(String),
    /// Times were not looked up.
    #[error("The time {0} was not resolved to offsets at Kafka.")]
    Unresolved(String),
    /// A value that cannot be hashed; a defect.
    #[error("The plan could not be written as canonical JSON.")]
    NotCanonical,
}

/// What a secure plan is built from.
#[derive(Clone, Copy, Debug)]
pub struct BuildSecure<'a> {
    /// The Run.
    pub run: &'a RunId,
    /// The stream.
    pub stream: &'a Stream,
    /// What was seen.
    pub snapshot: &'a Snapshot,
    /// What is allowed.
    pub policy: &'a Policy,
    /// The way out, if it was chosen already.
    pub intent: Option<&'a Intent>,
    /// The time of building.
    pub now: Millis,
}

/// Offsets that a time resolved to; `None` where a partition has no record at
/// or after it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TimestampOffsets(pub BTreeMap<String, BTreeMap<i32, Option<i64>>>);

/// What a reset plan is built from.
#[derive(Clone, Copy, Debug)]
pub struct BuildReset<'a> {
    /// The Run.
    pub run: &'a RunId,
    /// The stream.
    pub stream: &'a Stream,
    /// What was seen after the backup was sealed.
    pub snapshot: &'a Snapshot,
    /// What is allowed.
    pub policy: &'a Policy,
    /// The way out.
    pub intent: &'a Intent,
    /// The sealed backup.
    pub sealed: &'a Sealed,
    /// The manifest's keys with the source's ETags.
    pub keys: &'a [KeyEntry],
    /// What the time resolved to, for [`WayOut::Timestamp`].
    pub times: Option<&'a TimestampOffsets>,
    /// What was measured of the stream.
    pub rates: Rates,
    /// The query id that the query will have.
    pub query_id: Uuid,
    /// The address of the Run's page, for the gate's text.
    pub run_page: &'a str,
    /// The time of building.
    pub now: Millis,
}

/// Builds the plan that stops the stream and makes a sealed backup.
///
/// # Errors
/// A [`Refusal`] that says what is in the way.
pub fn build_secure(input: &BuildSecure<'_>) -> Result<Plan, Refusal> {
    let BuildSecure { run, stream, snapshot, policy, .. } = *input;
    let checkpoint = seen_checkpoint(snapshot)?;
    let jobs = seen_jobs(snapshot)?;
    if checkpoint.objects == 0 {
        return Err(Refusal::Empty(checkpoint.location.clone()));
    }
    if let Some(gate) = checkpoint.gate_of.as_ref().filter(|g| *g != run.as_str()) {
        return Err(Refusal::GateClosed(gate.clone()));
    }
    let to = backup_prefix(stream, input.now);
    let alive: Vec<&JobRunSeen> = jobs.alive().collect();
    let mut left_out = Vec::new();
    let mut kinds = vec![StepKind::Hold(HoldStep {
        leases: vec![
            format!("stream/{}", stream.name),
            format!("prefix/{}", stream.checkpoint.uri()),
        ],
    })];
    if alive.is_empty() {
        left_out.push(LeftOut {
            what: "Stop the job".to_owned(),
            why: jobs.runs.first().map_or_else(
                || "No job run of this stream was found.".to_owned(),
                |r| format!("Job run {} has already ended as {}.", r.id, r.state.word()),
            ),
        });
    } else {
        kinds.push(StepKind::Stop(StopStep {
            application: jobs.application.clone(),
            job_runs: alive.iter().map(|r| r.id.clone()).collect(),
            grace_s: supports_grace(&jobs.release).then_some(policy.cancel_grace_s),
        }));
    }
    let newest = jobs.runs.first();
    let quiet_ms = policy.quiet_ms_min.max(2 * stream.trigger_ms);
    kinds.push(StepKind::Wait(WaitStep {
        application: jobs.application.clone(),
        job_runs: alive
            .iter()
            .map(|r| r.id.clone())
            .chain(newest.filter(|_| alive.is_empty()).map(|r| r.id.clone()))
            .collect(),
        prefix: stream.checkpoint.clone(),
        quiet_ms,
        deadline_ms: policy.stop_deadline_ms,
    }));
    kinds.push(StepKind::Copy(CopyStep {
        from: stream.checkpoint.clone(),
        to: to.clone(),
    }));
    kinds.push(StepKind::Seal(SealStep {
        from: stream.checkpoint.clone(),
        manifest: manifest_location(&to),
        to,
    }));
    let undo = undo(run, stream, policy, jobs, quiet_ms);
    left_out.push(LeftOut {
        what: "Pause an Airflow DAG".to_owned(),
        why: "No Airflow is configured for this stream; EMR Serverless is asked directly."
            .to_owned(),
    });
    let work = Work {
        objects: i64::try_from(checkpoint.objects).unwrap_or(i64::MAX),
        quiet_ms,
        backlog: 0,
    };
    seal(PlanBody {
        format: FORMAT,
        kind: PlanKind::Secure,
        run: run.clone(),
        stream: stream.name.clone(),
        intent: input.intent.cloned(),
        built_at: input.now,
        snapshot_at: snapshot.taken_at,
        basis: basis(stream, snapshot, policy)?,
        sealed: None,
        policy: policy.clone(),
        steps: numbered("secure", kinds),
        undo: numbered("undo", undo),
        left_out,
        effects: Vec::new(),
        notes: secure_notes(&alive),
        estimate: estimate(&WayOut::Latest, None, input.now, work, Rates::default()),
        agreement: AgreementNeeded {
            roles: Vec::new(),
            expires_after_ms: policy.request_expires_ms,
            because: "Securing loses nothing and is undone by a restart.".to_owned(),
        },
    })
}

/// Builds the plan that starts the stream anew, on a sealed backup.
///
/// # Errors
/// A [`Refusal`] that says what is in the way.
pub fn build_reset(input: &BuildReset<'_>) -> Result<Plan, Refusal> {
    let BuildReset { run, stream, snapshot, policy, intent, sealed, .. } = *input;
    let checkpoint = seen_checkpoint(snapshot)?;
    let jobs = seen_jobs(snapshot)?;
    if let Some(alive) = jobs.alive().next() {
        return Err(Refusal::Alive(alive.id.to_string()));
    }
    let base = jobs.runs.first().ok_or(Refusal::NoBase)?;
    let kafka = seen_kafka(snapshot)?;
    refuse_sink(stream)?;
    let targets = targets(stream, kafka, &intent.way_out, input.times)?;
    let effects = effects(checkpoint, kafka, &targets);
    let cleared: Vec<KeyEntry> =
        input.keys.iter().filter(|k| k.key != "metadata").cloned().collect();
    let metadata = input.keys.iter().find(|k| k.key == "metadata");
    let gate = gate_text(run, input.run_page);
    let mut kinds = vec![
        StepKind::CloseGate(GateStep {
            prefix: stream.checkpoint.clone(),
            replaces: metadata.map(|m| m.etag.clone()),
            body: gate.clone(),
        }),
        StepKind::Clear(ClearStep {
            prefix: stream.checkpoint.clone(),
            keys: KeySet::of(&cleared),
        }),
    ];
    for (source, offsets) in (0_u32..).zip(&targets) {
        kinds.push(StepKind::Seed(SeedStep {
            prefix: stream.checkpoint.clone(),
            source,
            offsets: offsets.clone(),
            sha256: Digest::of(&InitialOffset { offsets: offsets.clone() }.render()),
        }));
    }
    kinds.push(StepKind::OpenGate(OpenGateStep {
        prefix: stream.checkpoint.clone(),
        replaces: gate,
        query_id: input.query_id,
    }));
    kinds.push(StepKind::Restart(restart(run, jobs, base, "reset")));
    kinds.push(StepKind::ReadBack(ReadBackStep {
        prefix: stream.checkpoint.clone(),
        sources: targets,
        deadline_ms: policy.first_batch_deadline_ms,
    }));
    kinds.push(StepKind::Watch(WatchStep {
        prefix: stream.checkpoint.clone(),
        batches: policy.watch_batches,
        deadline_ms: policy.watch_deadline_ms,
    }));
    let backlog = effects.iter().map(|e| e.backlog).sum();
    let work = Work {
        objects: i64::try_from(sealed.keys.count).unwrap_or(i64::MAX),
        quiet_ms: 0,
        backlog,
    };
    let reads_back_to = reads_back_to(&intent.way_out, checkpoint);
    seal(PlanBody {
        format: FORMAT,
        kind: PlanKind::Reset,
        run: run.clone(),
        stream: stream.name.clone(),
        intent: Some(intent.clone()),
        built_at: input.now,
        snapshot_at: snapshot.taken_at,
        basis: basis(stream, snapshot, policy)?,
        sealed: Some(sealed.clone()),
        policy: policy.clone(),
        steps: numbered("reset", kinds),
        undo: Vec::new(),
        left_out: reset_left_out(),
        effects,
        notes: reset_notes(stream, checkpoint, input.times),
        estimate: estimate(&intent.way_out, reads_back_to, input.now, work, input.rates),
        agreement: policy.agreement_for(&intent.way_out),
    })
}

/// What a way out would do to each partition by what was seen now: a bound, as
/// long as the job may still write.
///
/// # Errors
/// A [`Refusal`] that says what is in the way.
pub fn preview(
    stream: &Stream,
    snapshot: &Snapshot,
    way_out: &WayOut,
    times: Option<&TimestampOffsets>,
) -> Result<Vec<PartitionEffect>, Refusal> {
    let checkpoint = seen_checkpoint(snapshot)?;
    let kafka = seen_kafka(snapshot)?;
    refuse_sink(stream)?;
    let targets = targets(stream, kafka, way_out, times)?;
    Ok(effects(checkpoint, kafka, &targets))
}

fn seal(body: PlanBody) -> Result<Plan, Refusal> {
    Plan::new(body).map_err(|_| Refusal::NotCanonical)
}

fn basis(
    stream: &Stream,
    snapshot: &Snapshot,
    policy: &Policy,
) -> Result<crate::snapshot::Basis, Refusal> {
    let configuration = stream.digest().map_err(|_| Refusal::NotCanonical)?;
    let policy = policy.digest().map_err(|_| Refusal::NotCanonical)?;
    Ok(snapshot.basis(&configuration, &policy))
}

fn seen_checkpoint(snapshot: &Snapshot) -> Result<&CheckpointSeen, Refusal> {
    snapshot.checkpoint.seen().ok_or_else(|| Refusal::Unknown {
        what: "The checkpoint",
        reason: unknown(snapshot.checkpoint.unknown_reason()),
    })
}

fn seen_jobs(snapshot: &Snapshot) -> Result<&JobsSeen, Refusal> {
    let jobs = snapshot.jobs.seen().ok_or_else(|| Refusal::Unknown {
        what: "The application's job runs",
        reason: unknown(snapshot.jobs.unknown_reason()),
    })?;
    if jobs.unexplained.is_empty() {
        Ok(jobs)
    } else {
        let ids: Vec<&str> = jobs.unexplained.iter().map(|id| id.as_str()).collect();
        Err(Refusal::Unexplained(ids.join(", ")))
    }
}

fn seen_kafka(snapshot: &Snapshot) -> Result<&KafkaSeen, Refusal> {
    snapshot.kafka.seen().ok_or_else(|| Refusal::Unknown {
        what: "Kafka",
        reason: unknown(snapshot.kafka.unknown_reason()),
    })
}

fn unknown(reason: Option<&str>) -> String {
    reason.unwrap_or("no reason was given").trim_end_matches('.').to_owned()
}

/// A cancel takes a grace period from EMR 7.9.0 on.
fn supports_grace(release: &str) -> bool {
    let mut parts = release.trim_start_matches("emr-").split('.');
    let number = |part: Option<&str>| part.and_then(|p| p.parse::<u32>().ok());
    match (number(parts.next()), number(parts.next())) {
        (Some(major), Some(minor)) => (major, minor) >= (7, 9),
        _ => false,
    }
}

fn restart(run: &RunId, jobs: &JobsSeen, base: &JobRunSeen, purpose: &str) -> RestartStep {
    // EMR takes up to 64 characters; the digest keeps two plans' tokens apart
    // however long the Run's id is.
    let token = Digest::of(format!("{run}/{purpose}").as_bytes());
    RestartStep {
        application: jobs.application.clone(),
        base: base.id.clone(),
        driver: base.driver.clone(),
        name: base.name.clone(),
        client_token: token.as_str()[..40].to_owned(),
        tag: run.clone(),
    }
}

/// What undoes a stop: the cancelled job run has to be at its end before the
/// same is started again.
fn undo(
    run: &RunId,
    stream: &Stream,
    policy: &Policy,
    jobs: &JobsSeen,
    quiet_ms: i64,
) -> Vec<StepKind> {
    let alive: Vec<&JobRunSeen> = jobs.alive().collect();
    let Some(base) = alive.first() else {
        return Vec::new();
    };
    vec![
        StepKind::Wait(WaitStep {
            application: jobs.application.clone(),
            job_runs: alive.iter().map(|r| r.id.clone()).collect(),
            prefix: stream.checkpoint.clone(),
            quiet_ms,
            deadline_ms: policy.stop_deadline_ms,
        }),
        StepKind::Restart(restart(run, jobs, base, "undo")),
    ]
}

fn numbered(prefix: &str, kinds: Vec<StepKind>) -> Vec<Step> {
    (1..)
        .zip(kinds)
        .map(|(number, kind)| Step { id: StepId::numbered(prefix, number), kind })
        .collect()
}

fn refuse_sink(stream: &Stream) -> Result<(), Refusal> {
    match stream.sink.kind {
        SinkKind::FileSink => Err(Refusal::Sink(format!(
            "The sink {} is Spark's file sink: its _spark_metadata remembers batch ids and would skip every batch up to the newest in silence. A reset to batch 0 is not offered for it.",
            stream.sink.location
        ))),
        _ => Ok(()),
    }
}

fn targets(
    stream: &Stream,
    kafka: &KafkaSeen,
    way_out: &WayOut,
    times: Option<&TimestampOffsets>,
) -> Result<Vec<PartitionOffsets>, Refusal> {
    if let WayOut::Offsets { offsets } = way_out {
        let wrong = misfits(stream, kafka, offsets);
        if !wrong.is_empty() {
            return Err(Refusal::Offsets(wrong));
        }
    }
    stream
        .sources
        .iter()
        .map(|topics| {
            let mut offsets = PartitionOffsets::default();
            for topic in topics {
                let seen = kafka
                    .topics
                    .get(topic)
                    .ok_or_else(|| Refusal::NoTopic(topic.clone()))?;
                for (partition, at) in &seen.partitions {
                    let target = match way_out {
                        WayOut::Latest => at.latest,
                        WayOut::Earliest => at.earliest,
                        WayOut::Offsets { offsets } => {
                            offsets.get(topic, *partition).unwrap_or(at.latest)
                        }
                        WayOut::Timestamp { at: time } => times
                            .and_then(|t| t.0.get(topic)?.get(partition).copied())
                            .ok_or_else(|| Refusal::Unresolved(time.utc()))?
                            .unwrap_or(at.latest),
                    };
                    offsets.set(topic.clone(), *partition, target);
                }
            }
            Ok(offsets)
        })
        .collect()
}

/// In which ways given offsets do not fit the broker, by partition. Nothing is
/// clamped in silence.
fn misfits(stream: &Stream, kafka: &KafkaSeen, offsets: &PartitionOffsets) -> Vec<String> {
    let mut wrong = Vec::new();
    let wanted: Vec<&String> = stream.sources.iter().flatten().collect();
    for (topic, partition, offset) in offsets.iter() {
        let at = kafka
            .topics
            .get(topic)
            .filter(|_| wanted.iter().any(|w| *w == topic))
            .and_then(|t| t.partitions.get(&partition));
        match at {
            None => wrong.push(format!("{topic}-{partition} is no partition of this stream")),
            Some(at) if offset < at.earliest => wrong.push(format!(
                "{topic}-{partition}: {offset} is before the log start {}",
                at.earliest
            )),
            Some(at) if offset > at.latest => wrong.push(format!(
                "{topic}-{partition}: {offset} is beyond the end {}",
                at.latest
            )),
            Some(_) => {}
        }
    }
    for topic in wanted {
        let partitions = kafka.topics.get(topic).map(|t| &t.partitions);
        for partition in partitions.into_iter().flat_map(BTreeMap::keys) {
            if offsets.get(topic, *partition).is_none() {
                wrong.push(format!("{topic}-{partition} is missing"));
            }
        }
    }
    wrong
}

fn effects(
    checkpoint: &CheckpointSeen,
    kafka: &KafkaSeen,
    targets: &[PartitionOffsets],
) -> Vec<PartitionEffect> {
    let before = checkpoint.next_offsets().unwrap_or_default();
    targets
        .iter()
        .flat_map(|offsets| offsets.iter())
        .filter_map(|(topic, partition, after)| {
            let seen = kafka.topics.get(topic)?.partitions.get(&partition)?;
            let reached = before.get(topic, partition);
            Some(PartitionEffect::new(topic, partition, reached, after, *seen))
        })
        .collect()
}

fn reads_back_to(way_out: &WayOut, checkpoint: &CheckpointSeen) -> Option<Millis> {
    match way_out {
        WayOut::Timestamp { at } => Some(*at),
        WayOut::Latest | WayOut::Earliest => None,
        WayOut::Offsets { .. } => checkpoint.last_committed().map(|b| b.planned_at),
    }
}

fn secure_notes(alive: &[&JobRunSeen]) -> Vec<String> {
    alive
        .iter()
        .map(|run| {
            format!(
                "Job run {} is {}. What it has read and not committed will be read again.",
                run.id,
                run.state.word()
            )
        })
        .collect()
}

fn reset_notes(
    stream: &Stream,
    checkpoint: &CheckpointSeen,
    times: Option<&TimestampOffsets>,
) -> Vec<String> {
    let mut notes = vec![match checkpoint.last_committed() {
        Some(batch) => format!(
            "\"Before\" is the end of batch {}, the newest readable committed batch.",
            batch.batch
        ),
        None => "No committed batch can be read, so \"before\" is unknown and nothing can be said about what is repeated.".to_owned(),
    }];
    let committed = checkpoint.last_committed().map(|b| b.batch);
    if let Some(newest) = checkpoint.newest_offsets.filter(|n| Some(*n) != committed) {
        notes.push(format!(
            "Batch {newest} was planned after it. What it may have written already is written again if its records are read again."
        ));
    }
    let silent: usize = times
        .map(|t| t.0.values().flat_map(BTreeMap::values).filter(|o| o.is_none()).count())
        .unwrap_or(0);
    if silent > 0 {
        notes.push(format!(
            "{silent} partitions have no record at or after that time and begin at their end."
        ));
    }
    notes.push(match stream.sink.kind {
        SinkKind::PlainFiles => "The sink writes plain files: records that are read again are written a second time.".to_owned(),
        SinkKind::Delta | SinkKind::Iceberg => format!(
            "The sink is {}: the query gets a new id, so no batch is skipped, and records that are read again are written a second time.",
            stream.sink.kind.title()
        ),
        SinkKind::Hudi => "The sink is Hudi: what it does with a record that comes twice depends on its key and is unknown here.".to_owned(),
        SinkKind::FileSink => String::new(),
    });
    if stream.shape.stateful {
        notes.push("The query keeps state. Its state is cleared too: aggregates, windows and deduplication begin empty.".to_owned());
    }
    notes.retain(|n| !n.is_empty());
    notes
}

fn reset_left_out() -> Vec<LeftOut> {
    let left = |what: &str, why: &str| LeftOut { what: what.to_owned(), why: why.to_owned() };
    vec![
        left(
            "Change the job's startingOffsets",
            "sources/<i>/0 carries the starting position; Spark reads the job's own options only where that file is missing.",
        ),
        left(
            "Delete what the sink holds",
            "Sluice changes checkpoints only. Rows that are written twice are for the owner of the table.",
        ),
        left(
            "Delete the backup",
            "Backups are never deleted by a Run.",
        ),
    ]
}
