//! Builds the plan that stops a stream and backs it up, and what both plans share.

use super::notes::{secure_notes, writers_notes};
use super::refusal::{Refusal, seen_checkpoint, seen_jobs};
use super::{
    CopyStep, FORMAT, HoldStep, LeftOut, Plan, PlanBody, PlanKind, Ranges, RestartStep,
    SealStep, Step, StepKind, StopStep, WaitStep, backup_prefix,
};
use crate::estimate::{Measured, Work, estimate};
use crate::ids::{Digest, JobRunId, RunId, StepId};
use crate::intent::{Intent, WayOut};
use crate::manifest::manifest_location;
use crate::policy::Policy;
use crate::preflight::supports_grace;
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
    /// What was measured of the stream.
    pub measured: &'a Measured,
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
        stop_grace_ms: (!alive.is_empty()).then(|| {
            let grace_s = if supports_grace(&jobs.release) {
                policy.cancel_grace_s
            } else {
                0
            };
            i64::from(grace_s) * 1_000
        }),
        trigger_ms: stream.trigger_ms,
        ..Work::default()
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
        ranges: Ranges::default(),
        notes: [
            secure_notes(stream, checkpoint, &alive),
            writers_notes(jobs, input.explained),
        ]
        .concat(),
        explained: input.explained.to_vec(),
        estimate: estimate(&WayOut::Latest, None, input.now, &work, input.measured),
        agreement: policy.agreement_to_secure(),
    })
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
