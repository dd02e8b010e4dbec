//! The effects, one file each. Each looks at the world first and may be
//! carried out again without harm.

mod backup;
mod clear;
mod confirm;
mod edit;
mod gate;
mod restart;
mod restore;
mod seed;
mod stop;
mod verify;
mod wait;

use std::time::Duration;

use domain::ids::RunId;
use domain::plan::{Plan, Step, StepKind};
use domain::run::{Event, Facts};
use domain::snapshot::{JobRunSeen, Snapshot};
use domain::stream::{Prefix, Stream};
use futures::future::BoxFuture;
use tokio::time::Instant;

use super::drive::Held;
use super::problem::Stopped;
use crate::aws::{Object, StreamAws};
use crate::clock;

/// What an effect came to.
pub(super) struct Effect {
    /// Events that stand before the step's outcome.
    pub(super) before: Vec<Event>,
    pub(super) facts: Facts,
    pub(super) warning: Option<String>,
}

impl Effect {
    fn done(facts: Facts) -> Self {
        Self {
            before: Vec::new(),
            facts,
            warning: None,
        }
    }
}

/// One step to be carried out.
pub(super) struct Work<'a> {
    pub(super) held: &'a Held<'a>,
    pub(super) stream: &'a Stream,
    pub(super) plan: &'a Plan,
    pub(super) step: &'a Step,
    /// With the role that may change this stream, for this Run.
    pub(super) aws: StreamAws,
}

/// How often progress is journalled, at the most.
const TELL_EVERY: Duration = Duration::from_secs(2);
/// How often the world is looked at while it is waited for.
const LOOK_EVERY: Duration = Duration::from_secs(1);

impl Work<'_> {
    /// Carries the step out.
    pub(super) fn perform(&self) -> BoxFuture<'_, Result<Effect, Stopped>> {
        match &self.step.kind {
            StepKind::Hold(_) => Box::pin(self.hold()),
            StepKind::Stop(step) => Box::pin(self.stop(step)),
            StepKind::Wait(step) => Box::pin(self.wait(step)),
            StepKind::Copy(step) => Box::pin(self.copy(step)),
            StepKind::Seal(step) => Box::pin(self.seal(step)),
            StepKind::CloseGate(step) => Box::pin(self.close_gate(step)),
            StepKind::Clear(step) => Box::pin(self.clear(step)),
            StepKind::Seed(step) => Box::pin(self.seed(step)),
            StepKind::Edit(step) => Box::pin(self.edit(step)),
            StepKind::Restore(step) => Box::pin(self.restore(step)),
            StepKind::OpenGate(step) => Box::pin(self.open_gate(step)),
            StepKind::Restart(step) => Box::pin(self.restart(step)),
            StepKind::ReadBack(step) => Box::pin(self.read_back(step)),
            StepKind::Confirm(step) => Box::pin(self.confirm(step)),
            StepKind::Watch(step) => Box::pin(self.watch(step)),
        }
    }

    /// A Run holds its stream from its opening to its end, in the list of open
    /// Runs; here it is proved that the plan still fits the world.
    async fn hold(&self) -> Result<Effect, Stopped> {
        self.refuse_stale().await?;
        Ok(Effect::done(Facts::Held {
            epoch: self.held.lease.epoch,
        }))
    }

    fn run(&self) -> &RunId {
        &self.plan.body.run
    }

    async fn look(&self) -> Snapshot {
        self.held.world.observer.look(&self.stream.name).await
    }

    /// Refuses a plan from under which the world has moved.
    async fn refuse_stale(&self) -> Result<Snapshot, Stopped> {
        let snapshot = self.look().await;
        let policy = self.held.world.observer.policy(&self.stream.name);
        let basis = self
            .stream
            .digest()
            .and_then(|configuration| {
                Ok(snapshot.basis(&configuration, &policy.digest()?))
            })
            .map_err(|_| Stopped::person("The configuration has no digest.", ""))?;
        let drift = self.plan.drift(&basis);
        if drift.is_empty() {
            Ok(snapshot)
        } else {
            Err(Stopped::person(
                format!("The plan is stale. {}", drift.join(" ")),
                "Nothing was changed by it. Make the plan anew.",
            ))
        }
    }

    /// The job runs that may write now, by EMR's own word, with ours left out.
    async fn writers(&self, ours: Option<&RunId>) -> Result<Vec<JobRunSeen>, Stopped> {
        let snapshot = self.look().await;
        let Some(jobs) = snapshot.jobs.seen() else {
            return Err(Stopped::retry(
                format!(
                    "EMR could not be asked who may write: {}",
                    snapshot
                        .jobs
                        .unknown_reason()
                        .unwrap_or("no reason was given")
                ),
                "It is asked again.",
            ));
        };
        if let Some(other) = jobs.in_the_way(&self.plan.body.explained).next() {
            return Err(Stopped::person(
                format!("{} It may write here.", other.sentence()),
                "Stop it, or name its stream in the configuration; then resume.",
            ));
        }
        let mut writers: Vec<JobRunSeen> = jobs.alive().cloned().collect();
        if let Some(run) = ours {
            let since = self.plan.body.built_at;
            let application = &self.stream.application;
            let found = self.aws.emr().find_tagged(application, run, since).await?;
            writers.retain(|w| Some(&w.id) != found.as_ref());
        }
        Ok(writers)
    }

    /// Refuses to touch the checkpoint while anything may write it.
    async fn refuse_writers(&self) -> Result<(), Stopped> {
        match self.writers(None).await?.first() {
            None => Ok(()),
            Some(writer) => Err(Stopped::person(
                format!(
                    "Job run {} is {} and may write this checkpoint.",
                    writer.id,
                    writer.state.word()
                ),
                "Somebody else started it. Stop it, see that the checkpoint is as it was, then resume.",
            )),
        }
    }

    /// Every object under the prefix, with keys relative to it.
    async fn list(&self, prefix: &Prefix) -> Result<Vec<Object>, Stopped> {
        let mut objects = self.aws.s3().list(prefix.bucket(), prefix.key()).await?;
        for object in &mut objects {
            let below = object.key.strip_prefix(prefix.key()).ok_or_else(|| {
                Stopped::person(
                    format!("S3 listed {} under {}.", object.key, prefix.uri()),
                    "The listing cannot be trusted.",
                )
            })?;
            object.key = below.to_owned();
        }
        Ok(objects)
    }

    /// Tells how far the step is, at most every other second and at its end;
    /// dropped where it cannot be told.
    async fn progress(&self, done: u64, total: u64, what: impl Into<String>) {
        let mut told_at = self.held.told_at.lock().await;
        let recent = told_at.is_some_and(|at| at.elapsed() < TELL_EVERY);
        if recent && (total == 0 || done < total) {
            return;
        }
        *told_at = Some(Instant::now());
        drop(told_at);
        let event = Event::StepProgressed {
            step: self.step.id.clone(),
            done,
            total,
            what: what.into(),
        };
        if let Err(error) = self.held.append(event).await {
            tracing::debug!(
                error = &error as &dyn std::error::Error,
                "executor.progress"
            );
        }
    }

    /// Sleeps until the world is worth another look. An abort ends the wait.
    async fn pause(&self) -> Result<(), Stopped> {
        tokio::time::sleep(LOOK_EVERY).await;
        let run = self.run().clone();
        let fresh = self.held.world.runs.load(&run).await?;
        let aborted = fresh.as_ref().is_some_and(|l| l.state.abort.is_some());
        let is_undo = self.plan.body.undo.iter().any(|s| s.id == self.step.id);
        if aborted && !is_undo {
            return Err(Stopped::person(
                "An abort was asked for while this was waited for.",
                "What was done is undone.",
            ));
        }
        Ok(())
    }

    /// The time until `deadline_ms` after `began`, or that it has passed.
    fn within(
        &self,
        began: domain::time::Millis,
        deadline_ms: i64,
        what: &str,
    ) -> Result<(), Stopped> {
        if clock::now().since(began) <= deadline_ms {
            return Ok(());
        }
        Err(Stopped::person(
            format!(
                "{what} has not happened within {}.",
                domain::time::human_duration(deadline_ms)
            ),
            "Look at the job and its log. Resume to wait as long again.",
        ))
    }
}
