//! The pre-flight of a plan: what is asked before it is started, all of it only
//! reading. What the answers mean for the start, `domain::preflight` says.

mod bucket;
mod encryption;
mod job;
mod rights;

use domain::plan::{Plan, StepKind};
use domain::preflight::{OnFailure, PlanNeeds, PreflightProbe, plan_needs};
use domain::probe::{Answer, Probe};
use domain::snapshot::Snapshot;
use domain::stream::Stream;

use super::question::failed;
use crate::aws::{AwsError, StreamAws};

/// What is asked about, and who asks.
pub(super) struct Asking<'a> {
    /// In the role that only looks.
    pub(super) aws: StreamAws,
    /// The role that changes things, where one is configured.
    pub(super) change_role: Option<&'a str>,
    /// The account that owns the buckets and the application.
    pub(super) account: &'a str,
    pub(super) stream: &'a Stream,
    pub(super) plan: &'a Plan,
    pub(super) snapshot: &'a Snapshot,
}

/// Asks all at the same time.
pub(super) async fn probes(asking: &Asking<'_>) -> Vec<PreflightProbe> {
    let (mut job, rights, place, checkpoint, keys) = tokio::join!(
        job::probes(asking),
        rights::probes(asking),
        bucket::of_the_backup(asking),
        bucket::of_the_checkpoint(asking),
        encryption::probes(asking),
    );
    job.extend(rights);
    job.extend(place);
    job.extend(checkpoint);
    job.extend(keys);
    job
}

impl Asking<'_> {
    fn needs(&self) -> PlanNeeds {
        plan_needs(
            self.plan,
            self.stream,
            self.account,
            self.job_role().as_deref(),
        )
    }

    /// The role that a started job gets: that of the job run which it is started
    /// from, or else of the newest.
    fn job_role(&self) -> Option<String> {
        let runs = &self.snapshot.jobs.seen()?.runs;
        let steps = self.plan.body.steps.iter().chain(&self.plan.body.undo);
        let base = steps.into_iter().find_map(|step| match &step.kind {
            StepKind::Restart(restart) => Some(&restart.base),
            _ => None,
        });
        let of_base = runs.iter().find(|run| Some(&run.id) == base);
        of_base.or(runs.first()).and_then(|run| run.role.clone())
    }

    /// Whether the plan copies the checkpoint.
    fn copies(&self) -> bool {
        let mut steps = self.plan.body.steps.iter();
        steps.any(|step| matches!(step.kind, StepKind::Copy(_)))
    }

    /// Whether the plan, or the reset that it is made for, changes the checkpoint.
    fn touches(&self) -> bool {
        let mut steps = self.plan.body.steps.iter();
        steps.any(|step| {
            matches!(
                step.kind,
                StepKind::Copy(_) | StepKind::CloseGate(_) | StepKind::Clear(_)
            )
        })
    }
}

fn weighed(probe: Probe, on_failure: OnFailure) -> PreflightProbe {
    PreflightProbe { probe, on_failure }
}

/// As [`failed`], for a call that some endpoints do not have.
fn not_answered(error: &AwsError, missing: (&str, &str)) -> Answer {
    let has_none = error.message.starts_with("NotImplemented")
        || error.message.starts_with("MethodNotAllowed");
    if has_none {
        return Answer::not_configured(
            format!("The endpoint has no {}.", error.operation),
            "",
        );
    }
    failed(error, missing)
}
