//! Builds the plan that starts a stream again: here where the checkpoint is
//! cleared, in [`onward`](super::onward) where the query goes on from its log.

use uuid::Uuid;

use super::build::{basis, numbered, restart, seal};
use super::edit::Foreseen;
use super::notes::{reset_left_out, reset_notes, writers_notes};
use super::refusal::{
    Refusal, refuse_other_query, seen_checkpoint, seen_jobs, seen_kafka,
};
use super::setting::setting;
use super::targets::{TimestampOffsets, effects, reads_back_to, refuse_sink, targets};
use super::{
    ClearStep, FORMAT, GateStep, LeftOut, OpenGateStep, PartitionEffect, Plan, PlanBody,
    PlanKind, Ranges, ReadBackStep, RecordTimes, RestartStep, SeedStep, StepKind,
    WatchStep, gate_text,
};
use crate::backup::BackupSeen;
use crate::checkpoint::InitialOffset;
use crate::estimate::{Measured, Work, estimate};
use crate::ids::{Digest, JobRunId, RunId};
use crate::intent::{Intent, Touch};
use crate::keyset::{KeyEntry, KeySet};
use crate::manifest::Sealed;
use crate::offsets::PartitionOffsets;
use crate::policy::Policy;
use crate::snapshot::{CheckpointSeen, JobRunSeen, JobsSeen, KafkaSeen, Snapshot};
use crate::stream::Stream;
use crate::time::Millis;

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
    /// Job runs that write elsewhere, by a person's word.
    pub explained: &'a [JobRunId],
    /// The sealed backup.
    pub sealed: &'a Sealed,
    /// The manifest's keys with the source's ETags.
    pub keys: &'a [KeyEntry],
    /// What the time resolved to, for [`WayOut::Timestamp`].
    pub times: Option<&'a TimestampOffsets>,
    /// The times of the records between which it skips or reads again.
    pub record_times: &'a RecordTimes,
    /// What was measured of the stream.
    pub measured: &'a Measured,
    /// What the checkpoint will be and what Spark then does, for a way out that
    /// goes on from its log.
    pub foreseen: Option<&'a Foreseen>,
    /// The backup that is put back, for a way out that does.
    pub backup: Option<&'a BackupSeen>,
    /// The query id that the query gets, where it gets another.
    pub query_id: Uuid,
    /// The address of the Run's page, for the gate's text.
    pub run_page: &'a str,
    /// The time of building.
    pub now: Millis,
}

/// Builds the plan that starts the stream again, on a sealed backup.
///
/// # Errors
/// A [`Refusal`] that says what is in the way.
pub fn build_reset(input: &BuildReset<'_>) -> Result<Plan, Refusal> {
    match input.intent.way_out.touch() {
        Touch::All => begin_anew(input),
        Touch::Nothing | Touch::Log => super::onward::build(input),
        Touch::Backup => super::restore::build(input),
    }
}

/// What every plan that starts a job stands on, seen and not in its way.
pub(super) struct Ground<'a> {
    pub(super) checkpoint: &'a CheckpointSeen,
    pub(super) kafka: &'a KafkaSeen,
    pub(super) jobs: &'a JobsSeen,
    /// The job run that is started again.
    pub(super) base: &'a JobRunSeen,
}

/// What one way out makes of that.
pub(super) struct Made {
    pub(super) steps: Vec<StepKind>,
    pub(super) left_out: Vec<LeftOut>,
    pub(super) effects: Vec<PartitionEffect>,
    pub(super) notes: Vec<String>,
    /// Objects that are copied back.
    pub(super) objects: u64,
    /// How far back it reads, where that is known.
    pub(super) back_to: Option<Millis>,
}

pub(super) fn ground<'a>(input: &BuildReset<'a>) -> Result<Ground<'a>, Refusal> {
    let snapshot = input.snapshot;
    let checkpoint = seen_checkpoint(snapshot)?;
    let jobs = seen_jobs(snapshot, input.explained)?;
    if let Some(alive) = jobs.alive().next() {
        return Err(Refusal::Alive(alive.id.to_string()));
    }
    let base = jobs.runs.first().ok_or(Refusal::NoBase)?;
    refuse_other_query(snapshot, checkpoint)?;
    let kafka = seen_kafka(snapshot)?;
    Ok(Ground {
        checkpoint,
        kafka,
        jobs,
        base,
    })
}

pub(super) fn seal_reset(
    input: &BuildReset<'_>,
    ground: &Ground<'_>,
    made: Made,
) -> Result<Plan, Refusal> {
    let BuildReset {
        stream,
        snapshot,
        policy,
        intent,
        ..
    } = *input;
    let way_out = &intent.way_out;
    let work = Work {
        starts: true,
        objects: i64::try_from(made.objects).unwrap_or(i64::MAX),
        backlog: made.effects.iter().map(|e| e.backlog).sum(),
        batch_max: stream.shape.max_offsets_per_trigger,
        trigger_ms: stream.trigger_ms,
        partitions: made.effects.len() as u64,
        ..Work::default()
    };
    let writers = writers_notes(ground.jobs, input.explained);
    seal(PlanBody {
        format: FORMAT,
        kind: PlanKind::Reset,
        run: input.run.clone(),
        stream: stream.name.clone(),
        intent: Some(intent.clone()),
        built_at: input.now,
        snapshot_at: snapshot.taken_at,
        basis: basis(stream, snapshot, policy)?,
        sealed: Some(input.sealed.clone()),
        policy: policy.clone(),
        steps: numbered("reset", made.steps),
        undo: Vec::new(),
        left_out: made.left_out,
        ranges: Ranges::of(&made.effects, input.record_times),
        effects: made.effects,
        notes: [made.notes, writers].concat(),
        explained: input.explained.to_vec(),
        estimate: estimate(way_out, made.back_to, input.now, &work, input.measured),
        agreement: policy.agreement_for(way_out),
    })
}

fn begin_anew(input: &BuildReset<'_>) -> Result<Plan, Refusal> {
    let BuildReset {
        run,
        stream,
        snapshot,
        intent,
        ..
    } = *input;
    let ground = ground(input)?;
    let Ground {
        checkpoint,
        kafka,
        jobs,
        base,
    } = ground;
    refuse_sink(stream, snapshot, &intent.way_out)?;
    let targets = targets(stream, kafka, &intent.way_out, input.times)?;
    let setting = setting(stream, &targets)?;
    let effects = effects(checkpoint, kafka, &targets);
    let restart = RestartStep {
        setting,
        ..restart(run, jobs, base, "reset")
    };
    let made = Made {
        steps: reset_steps(input, targets, restart),
        left_out: reset_left_out(stream),
        notes: reset_notes(input, checkpoint, &effects),
        effects,
        objects: 0,
        back_to: reads_back_to(&intent.way_out, checkpoint),
    };
    seal_reset(input, &ground, made)
}

/// The steps of a reset that begins at `targets`.
fn reset_steps(
    input: &BuildReset<'_>,
    targets: Vec<PartitionOffsets>,
    restart: RestartStep,
) -> Vec<StepKind> {
    let BuildReset {
        run,
        stream,
        policy,
        ..
    } = *input;
    let cleared: Vec<KeyEntry> = input
        .keys
        .iter()
        .filter(|k| k.key != "metadata")
        .cloned()
        .collect();
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
    // Whatever lies in sources/<i>/0 wins over the driver, so it is one or the
    // other.
    let seeded = targets.iter().filter(|_| restart.setting.is_none());
    for (source, offsets) in (0_u32..).zip(seeded) {
        kinds.push(StepKind::Seed(SeedStep {
            prefix: stream.checkpoint.clone(),
            source,
            offsets: offsets.clone(),
            sha256: Digest::of(
                &InitialOffset {
                    offsets: offsets.clone(),
                }
                .render(),
            ),
        }));
    }
    kinds.push(StepKind::OpenGate(OpenGateStep {
        prefix: stream.checkpoint.clone(),
        replaces: gate,
        query_id: input.query_id,
        text: None,
    }));
    kinds.push(StepKind::Restart(restart));
    kinds.push(StepKind::ReadBack(ReadBackStep {
        prefix: stream.checkpoint.clone(),
        sources: targets,
        deadline_ms: policy.first_batch_deadline_ms,
    }));
    kinds.push(StepKind::Watch(WatchStep {
        prefix: stream.checkpoint.clone(),
        batches: policy.watch_batches,
        from_batch: 0,
        deadline_ms: policy.watch_deadline_ms,
    }));
    kinds
}
