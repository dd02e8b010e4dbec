//! Builds plans out of what was seen, what is wanted and what is allowed.

use uuid::Uuid;

use super::edit::Foreseen;
use super::notes::{reset_left_out, reset_notes, secure_notes, writers_notes};
use super::refusal::{
    Refusal, refuse_other_query, seen_checkpoint, seen_jobs, seen_kafka,
};
use super::setting::setting;
use super::targets::{TimestampOffsets, effects, reads_back_to, refuse_sink, targets};
use super::{
    ClearStep, CopyStep, FORMAT, GateStep, HoldStep, LeftOut, OpenGateStep, Plan,
    PlanBody, PlanKind, ReadBackStep, RestartStep, SealStep, SeedStep, Step, StepKind,
    StopStep, WaitStep, WatchStep, backup_prefix, gate_text,
};
use crate::checkpoint::InitialOffset;
use crate::estimate::{Rates, Work, estimate};
use crate::ids::{Digest, JobRunId, RunId, StepId};
use crate::intent::{Intent, Touch, WayOut};
use crate::keyset::{KeyEntry, KeySet};
use crate::manifest::{Sealed, manifest_location};
use crate::offsets::PartitionOffsets;
use crate::policy::Policy;
use crate::snapshot::{JobRunSeen, JobsSeen, Snapshot};
use crate::stream::Stream;
use crate::time::Millis;

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
    /// Job runs that write elsewhere, by a person's word.
    pub explained: &'a [JobRunId],
    /// The time of building.
    pub now: Millis,
}

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
    /// What was measured of the stream.
    pub rates: Rates,
    /// What the checkpoint will be and what Spark then does, for a way out that
    /// goes on from its log.
    pub foreseen: Option<&'a Foreseen>,
    /// The query id that the query gets, where it gets another.
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
    let BuildSecure {
        run,
        stream,
        snapshot,
        policy,
        ..
    } = *input;
    let checkpoint = seen_checkpoint(snapshot)?;
    let jobs = seen_jobs(snapshot, input.explained)?;
    if checkpoint.objects == 0 {
        return Err(Refusal::Empty(checkpoint.location.clone()));
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
        why:
            "No Airflow is configured for this stream; EMR Serverless is asked directly."
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
        notes: [
            secure_notes(stream, checkpoint, &alive),
            writers_notes(jobs, input.explained),
        ]
        .concat(),
        explained: input.explained.to_vec(),
        estimate: estimate(&WayOut::Latest, None, input.now, work, Rates::default()),
        agreement: policy.agreement_to_secure(),
    })
}

/// Builds the plan that starts the stream again, on a sealed backup.
///
/// # Errors
/// A [`Refusal`] that says what is in the way.
pub fn build_reset(input: &BuildReset<'_>) -> Result<Plan, Refusal> {
    match input.intent.way_out.touch() {
        Touch::All => begin_anew(input),
        Touch::Nothing | Touch::Log => super::onward::build(input),
    }
}

fn begin_anew(input: &BuildReset<'_>) -> Result<Plan, Refusal> {
    let BuildReset {
        run,
        stream,
        snapshot,
        policy,
        intent,
        sealed,
        ..
    } = *input;
    let checkpoint = seen_checkpoint(snapshot)?;
    let jobs = seen_jobs(snapshot, input.explained)?;
    if let Some(alive) = jobs.alive().next() {
        return Err(Refusal::Alive(alive.id.to_string()));
    }
    let base = jobs.runs.first().ok_or(Refusal::NoBase)?;
    refuse_other_query(snapshot, checkpoint)?;
    let kafka = seen_kafka(snapshot)?;
    refuse_sink(stream, snapshot, &intent.way_out)?;
    let targets = targets(stream, kafka, &intent.way_out, input.times)?;
    let setting = setting(stream, &targets)?;
    let effects = effects(checkpoint, kafka, &targets);
    let restart = RestartStep {
        setting,
        ..restart(run, jobs, base, "reset")
    };
    let kinds = reset_steps(input, targets, restart);
    let backlog = effects.iter().map(|e| e.backlog).sum();
    let work = Work {
        objects: 0,
        quiet_ms: 0,
        backlog,
    };
    let reads_back_to = reads_back_to(&intent.way_out, checkpoint);
    let notes = reset_notes(input, checkpoint, &effects);
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
        left_out: reset_left_out(stream),
        effects,
        notes: [notes, writers_notes(jobs, input.explained)].concat(),
        explained: input.explained.to_vec(),
        estimate: estimate(&intent.way_out, reads_back_to, input.now, work, input.rates),
        agreement: policy.agreement_for(&intent.way_out),
    })
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

pub(super) fn seal(body: PlanBody) -> Result<Plan, Refusal> {
    Plan::new(body).map_err(|_| Refusal::NotCanonical)
}

pub(super) fn basis(
    stream: &Stream,
    snapshot: &Snapshot,
    policy: &Policy,
) -> Result<crate::basis::Basis, Refusal> {
    let configuration = stream.digest().map_err(|_| Refusal::NotCanonical)?;
    let policy = policy.digest().map_err(|_| Refusal::NotCanonical)?;
    Ok(snapshot.basis(&configuration, &policy))
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

pub(super) fn restart(
    run: &RunId,
    jobs: &JobsSeen,
    base: &JobRunSeen,
    purpose: &str,
) -> RestartStep {
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
        setting: None,
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

pub(super) fn numbered(prefix: &str, kinds: Vec<StepKind>) -> Vec<Step> {
    (1..)
        .zip(kinds)
        .map(|(number, kind)| Step {
            id: StepId::numbered(prefix, number),
            kind,
        })
        .collect()
}
