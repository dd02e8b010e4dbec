//! Drives one Run: claim, intend, act, tell, until there is nothing to do.

use std::sync::Arc;
use std::time::Duration;

use domain::ids::{RunId, StepId};
use domain::plan::{Plan, PlanKind};
use domain::run::{Event, Next, next};
use domain::time::Millis;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::World;
use super::effects::{self, Effect};
use super::problem::{Problem, Stopped};
use crate::clock;
use crate::runs::{Loaded, RunError};
use crate::store::{Lease, LeaseRefused};

/// For how long a step that fails is tried again before a person is asked, in
/// milliseconds.
const PATIENCE_MS: i64 = 15 * 60_000;
const FIRST_DELAY_MS: i64 = 1_000;
const DELAY_MS_MAX: i64 = 60_000;

/// A Run that this process holds.
pub(super) struct Held<'a> {
    pub(super) world: &'a World,
    pub(super) loaded: Mutex<Loaded>,
    pub(super) lease: Lease,
    /// When progress was last journalled.
    pub(super) told_at: Mutex<Option<Instant>>,
    /// Cancelled when the process is to stop or the lease is lost.
    pub(super) leave: CancellationToken,
}

/// Drives `run` until nothing is left to do, the process stops, or the lease is
/// lost.
pub(super) async fn drive(world: Arc<World>, run: RunId, stop: CancellationToken) {
    let resource = format!("run/{run}");
    let ttl_ms = world.lease.ttl_ms();
    let claimed = world
        .runs
        .store()
        .acquire_lease(&resource, &world.owner, clock::now(), ttl_ms)
        .await;
    let lease = match claimed {
        Ok(lease) => lease,
        Err(LeaseRefused::Held { owner, until, .. }) => {
            tracing::debug!(%run, owner, %until, "executor.held_elsewhere");
            tokio::time::sleep(Duration::from_millis(500)).await;
            return;
        }
        Err(error) => {
            tracing::error!(%run, error = &error as &dyn std::error::Error, "executor.claim");
            return;
        }
    };
    let leave = stop.child_token();
    let renewing = tokio::spawn(renew(world.clone(), lease.clone(), leave.clone()));
    if let Ok(Some(loaded)) = world.runs.load(&run).await {
        let held = Held {
            world: &world,
            loaded: Mutex::new(loaded),
            lease: lease.clone(),
            told_at: Mutex::new(None),
            leave: leave.clone(),
        };
        match held.work().await {
            Ok(()) | Err(RunError::LeaseLost | RunError::Conflict) => {}
            Err(error) => {
                tracing::error!(%run, error = &error as &dyn std::error::Error, "executor.drive");
                // The store may be full or away; do not spin on it.
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
    renewing.abort();
    if let Err(error) = world.runs.store().release_lease(&lease).await {
        tracing::debug!(%run, error = &error as &dyn std::error::Error, "executor.release");
    }
}

/// Keeps the lease while the Run is driven. When it cannot be renewed, the
/// Run is left well before the lease ends for others.
async fn renew(world: Arc<World>, lease: Lease, leave: CancellationToken) {
    let ttl_ms = world.lease.ttl_ms();
    let mut lease = lease;
    loop {
        tokio::time::sleep(world.lease.renew_every()).await;
        match world
            .runs
            .store()
            .renew_lease(&lease, clock::now(), ttl_ms)
            .await
        {
            Ok(renewed) => lease = renewed,
            Err(LeaseRefused::Store(error))
                if clock::now().plus(ttl_ms / 3) < lease.expires =>
            {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "executor.renew"
                );
            }
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "executor.lease_lost"
                );
                leave.cancel();
                return;
            }
        }
    }
}

impl Held<'_> {
    async fn work(&self) -> Result<(), RunError> {
        loop {
            if self.leave.is_cancelled() {
                return Ok(());
            }
            self.reload().await?;
            let coming = next(&self.loaded.lock().await.state, clock::now());
            match coming {
                Next::Person | Next::Over => return Ok(()),
                Next::Later(at) => self.wait_until(at).await,
                Next::End { ending, reason } => {
                    self.append(Event::Ended { ending, reason }).await?;
                }
                Next::Act {
                    kind,
                    step,
                    attempt,
                    unsettled,
                } => {
                    self.act(kind, &step, attempt, unsettled).await?;
                }
            }
        }
    }

    /// Reads the Run again: a person may have acted meanwhile.
    async fn reload(&self) -> Result<(), RunError> {
        let mut loaded = self.loaded.lock().await;
        if let Some(fresh) = self.world.runs.load(&loaded.run).await? {
            *loaded = fresh;
        }
        Ok(())
    }

    /// Waits for the next attempt, or for a person's word.
    async fn wait_until(&self, at: Millis) {
        let mut head = self.world.runs.store().follow();
        let wait_ms = u64::try_from(at.since(clock::now())).unwrap_or(0);
        tokio::select! {
            () = self.leave.cancelled() => {}
            () = tokio::time::sleep(Duration::from_millis(wait_ms)) => {}
            _ = head.changed() => {}
        }
    }

    /// Appends an event of the executor. A person's event that came between is
    /// read first; an event that no longer fits is then refused by the fold.
    pub(super) async fn append(&self, event: Event) -> Result<(), RunError> {
        for _ in 0..5 {
            let mut loaded = self.loaded.lock().await;
            let result = self
                .world
                .runs
                .append(&mut loaded, None, Some(&self.lease), event.clone())
                .await;
            drop(loaded);
            match result {
                Err(RunError::Conflict) => self.reload().await?,
                other => return other,
            }
        }
        Err(RunError::Conflict)
    }

    async fn act(
        &self,
        kind: PlanKind,
        step_id: &StepId,
        attempt: u32,
        unsettled: bool,
    ) -> Result<(), RunError> {
        let (run, plan_id) = {
            let loaded = self.loaded.lock().await;
            let plan = loaded.state.plan(kind).map(|p| p.id.clone());
            (loaded.run.clone(), plan)
        };
        let Some(plan_id) = plan_id else {
            return Ok(());
        };
        let plan = self.world.runs.plan(&plan_id).await?;
        tracing::info!(%run, step = %step_id, attempt, unsettled, "executor.step");
        self.append(Event::StepIntended {
            step: step_id.clone(),
            attempt,
        })
        .await?;
        let done = self.perform(&plan, step_id).await;
        match done {
            Ok(effect) => self.tell(step_id, effect).await,
            Err(Stopped::Leave) => {
                self.leave.cancel();
                Ok(())
            }
            Err(Stopped::Retry(problem)) => {
                self.failed(step_id, attempt, problem, true).await
            }
            Err(Stopped::Person(problem)) => {
                self.failed(step_id, attempt, problem, false).await
            }
        }
    }

    async fn perform(&self, plan: &Plan, step_id: &StepId) -> Result<Effect, Stopped> {
        let Some(stream) = self.world.observer.stream(&plan.body.stream) else {
            return Err(Stopped::person(
                format!("The stream {} is no longer configured.", plan.body.stream),
                "Put it back into the configuration, or close this Run.",
            ));
        };
        let faults = domain::plan::check(plan, &stream);
        if let Some(fault) = faults.first() {
            return Err(Stopped::person(
                format!("The plan breaks a rule: {fault}"),
                "It is not carried out. Make the plan anew.",
            ));
        }
        let step = plan.step(step_id).ok_or_else(|| {
            Stopped::person(
                format!("The plan has no step {step_id}."),
                "Make the plan anew.",
            )
        })?;
        let work = effects::Work {
            held: self,
            stream: &stream,
            plan,
            step,
            aws: self
                .world
                .aws
                .changing(&stream.name, &format!("sluice-{}", plan.body.run)),
        };
        tokio::select! {
            done = work.perform() => done,
            () = self.leave.cancelled() => Err(Stopped::Leave),
        }
    }

    async fn tell(&self, step: &StepId, effect: Effect) -> Result<(), RunError> {
        for event in effect.before {
            self.append(event).await?;
        }
        let step = step.clone();
        let event = match effect.warning {
            None => Event::StepDone {
                step,
                facts: effect.facts,
            },
            Some(warning) => Event::StepWarned {
                step,
                facts: effect.facts,
                warning,
            },
        };
        self.append(event).await
    }

    async fn failed(
        &self,
        step: &StepId,
        attempt: u32,
        problem: Problem,
        may_retry: bool,
    ) -> Result<(), RunError> {
        let (run, began_at, stream) = {
            let loaded = self.loaded.lock().await;
            let began = [&loaded.state.secure, &loaded.state.reset]
                .into_iter()
                .flatten()
                .flat_map(|p| p.steps.iter().chain(&p.undo))
                .find(|s| s.id == *step)
                .and_then(|s| s.began_at);
            (loaded.run.clone(), began, loaded.state.stream.clone())
        };
        let now = clock::now();
        let tried_ms = now.since(began_at.unwrap_or(now));
        let again = may_retry && tried_ms < PATIENCE_MS;
        let reference = format!("{run}/{step}/{attempt}");
        tracing::warn!(
            %run, %stream, %step, attempt, reference, again,
            message = problem.message,
            error = problem.source.as_deref().map(|e| e as &dyn std::error::Error),
            "executor.step_failed"
        );
        let next_attempt_at = again.then(|| now.plus(delay_ms(attempt)));
        let journalled = problem.journalled(reference);
        self.append(Event::StepFailed {
            step: step.clone(),
            attempt,
            problem: journalled.clone(),
            next_attempt_at,
        })
        .await?;
        let aborting = self.loaded.lock().await.state.abort.is_some();
        if again || aborting {
            return Ok(());
        }
        self.append(Event::Parked {
            reason: journalled.message,
            next_step: journalled.hint,
        })
        .await
    }
}

/// Twice as long after each attempt, up to a minute.
fn delay_ms(attempt: u32) -> i64 {
    let doublings = attempt.saturating_sub(1).min(16);
    (FIRST_DELAY_MS << doublings).min(DELAY_MS_MAX)
}
