//! How applications and job runs move from state to state.

use std::time::Duration;

use tokio::sync::watch;

use super::application::ApplicationState;
use super::job_run::{Attempt, JobRun, JobRunState, Mode};
use super::store::{Cancel, Control, Emr};
use crate::job::{AttemptEnd, AttemptOrder, StopSignal, Timeline, run_attempt};

/// How long an application takes to start, and to stop.
const APPLICATION_START: Duration = Duration::from_secs(60);
const APPLICATION_STOP: Duration = Duration::from_secs(30);
/// From SUBMITTED to PENDING.
const ACCEPTING: Duration = Duration::from_secs(2);
/// From PENDING to SCHEDULED, where the application runs already.
const PLACING: Duration = Duration::from_secs(5);
/// From SCHEDULED to RUNNING: workers come up and Spark starts.
const STARTING: Duration = Duration::from_secs(25);
/// The driver gets this long without a grace period.
const KILL_AFTER: Duration = Duration::from_secs(5);
/// From the driver's end to CANCELLED.
const CLEANING_UP: Duration = Duration::from_secs(6);
/// Before the second attempt; doubled each time, up to the limit.
const BACK_OFF: Duration = Duration::from_secs(10);
const BACK_OFF_MAX: Duration = Duration::from_secs(300);
/// Within which failed attempts of a streaming run are counted.
const FAILURE_WINDOW: Duration = Duration::from_secs(3600);
/// After which a scheduler starts an ended job anew, where that is switched on.
const COMES_BACK_AFTER: Duration = Duration::from_secs(40);

pub(super) async fn application_starts(emr: Emr, id: String) {
    emr.inner.clock.sleep(APPLICATION_START).await;
    emr.set_application(&id, ApplicationState::Started);
}

pub(super) async fn application_stops(emr: Emr, id: String) {
    emr.inner.clock.sleep(APPLICATION_STOP).await;
    emr.set_application(&id, ApplicationState::Stopped);
}

/// A job run from SUBMITTED to its end.
pub(super) async fn job_run_lives(
    emr: Emr,
    id: String,
    timeline: Timeline,
    control: Control,
) {
    let life = Life {
        emr: emr.clone(),
        id: id.clone(),
        timeline: timeline.clone(),
        control,
    };
    let (state, details) = life.run().await;
    life.end(state, details);
    life.come_back().await;
}

struct Life {
    emr: Emr,
    id: String,
    timeline: Timeline,
    control: Control,
}

/// Why waiting for a job run stopped.
enum Halt {
    Cancel(Cancel),
    TimedOut,
    Crashed,
}

type Ending = (JobRunState, String);

impl Life {
    async fn run(&self) -> Ending {
        if let Err(ending) = self.unless_cancelled(self.timeline.pass(ACCEPTING)).await {
            return ending;
        }
        if let Err(ending) = self.unless_cancelled(self.placed()).await {
            return ending;
        }
        let mut failed_at_ms = Vec::new();
        for number in 1.. {
            match self.attempt(number).await {
                Ok(ending) => return ending,
                Err(details) => {
                    failed_at_ms.push(self.timeline.now_ms());
                    if let Some(ending) = self.gives_up(&failed_at_ms, &details) {
                        return ending;
                    }
                }
            }
            let waits = back_off(failed_at_ms.len());
            self.set(
                JobRunState::Pending,
                "The job run attempt failed and is retried.",
            );
            if let Err(ending) = self.unless_cancelled(self.timeline.pass(waits)).await {
                return ending;
            }
        }
        unreachable!("attempts are counted without end")
    }

    /// Waits for room and for the application.
    async fn placed(&self) {
        let application_id = self.job_run().application_id;
        let since_ms = self.timeline.now_ms();
        let mut changes = self.emr.inner.changes.subscribe();
        loop {
            changes.mark_unchanged();
            let limit = self
                .emr
                .application(&application_id)
                .ok()
                .and_then(|application| application.concurrent_runs_max);
            let busy = self.emr.under_way(&application_id);
            if limit.is_none_or(|limit| busy < limit as usize) {
                break;
            }
            if self.job_run().state != JobRunState::Queued {
                self.set(JobRunState::Queued, "The job run waits for capacity.");
            }
            if changes.changed().await.is_err() {
                break;
            }
        }
        let now_ms = self.timeline.now_ms();
        let queued = self.job_run().state == JobRunState::Queued;
        self.set(JobRunState::Pending, "");
        self.edit(|run| run.queued_ms = if queued { now_ms - since_ms } else { 0 });
        // A refusal means that it cannot be started now; the state says so.
        let _ = self.emr.start_application(&application_id);
        let mut changes = self.emr.inner.changes.subscribe();
        while self
            .emr
            .application(&application_id)
            .is_ok_and(|application| application.state != ApplicationState::Started)
        {
            if changes.changed().await.is_err() {
                break;
            }
        }
        self.timeline.pass(PLACING).await;
    }

    /// One attempt: how the run ends with it, or why the attempt failed.
    async fn attempt(&self, number: u32) -> Result<Ending, String> {
        let now_ms = self.timeline.now_ms();
        self.edit(|run| {
            run.attempts.push(Attempt {
                number,
                state: JobRunState::Scheduled,
                state_details: String::new(),
                created_at_ms: now_ms,
                updated_at_ms: now_ms,
            });
        });
        self.set(JobRunState::Scheduled, "");
        if let Err(ending) = self.unless_cancelled(self.timeline.pass(STARTING)).await {
            self.set_attempt(ending.0, &ending.1);
            return Ok(ending);
        }
        self.set(JobRunState::Running, "");
        self.set_attempt(JobRunState::Running, "");
        self.edit(|run| {
            run.started_at_ms.get_or_insert(self.timeline.now_ms());
        });
        let ended = self.driver(number).await;
        match &ended {
            Ok((state, details)) => self.set_attempt(*state, details),
            Err(details) => self.set_attempt(JobRunState::Failed, details),
        }
        ended
    }

    /// The driver's life within an attempt.
    async fn driver(&self, number: u32) -> Result<Ending, String> {
        let run = self.job_run();
        let application = self
            .emr
            .application(&run.application_id)
            .map_err(|error| error.to_string())?;
        let order = AttemptOrder::new(&run, &application, number);
        let stop = StopSignal::default();
        let jobs = self.emr.inner.jobs.clone();
        let outside = jobs.outside.clone();
        let driver = run_attempt(jobs, order, self.timeline.clone(), stop.clone());
        tokio::pin!(driver);
        let halt = tokio::select! {
            biased;
            halt = self.halted(&run) => halt,
            end = &mut driver => return ended_by_itself(end),
        };
        let (grace, details) = match halt {
            Halt::Crashed => {
                return Err(
                    "Job failed, please check complete logs in configured logging \
                     destination. ExitCode: 137. Last few exceptions: Driver lost."
                        .to_owned(),
                );
            }
            Halt::Cancel(cancel) => (cancel.grace, String::new()),
            Halt::TimedOut => (
                None,
                format!(
                    "Job run was cancelled because it exceeded its execution timeout of {} \
                     minutes.",
                    run.execution_timeout_minutes
                ),
            ),
        };
        self.set(JobRunState::Cancelling, &details);
        self.set_attempt(JobRunState::Cancelling, &details);
        tokio::select! {
            biased;
            () = self.allowed_to_die() => {}
            // A driver that will not die may still end by its own fault.
            _ = &mut driver => {
                self.timeline.pass(CLEANING_UP).await;
                return Ok((JobRunState::Cancelled, details));
            }
        }
        stop.terminate();
        let wait = async {
            self.timeline.pass(grace.unwrap_or(KILL_AFTER)).await;
            // What runs outside cannot be killed from here: who runs it says when it
            // is dead.
            if outside.runs(&self.id, number) {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            biased;
            _ = &mut driver => {}
            () = wait => {}
        }
        // Dropping the driver is the kill: it stops at whatever call it is in.
        self.timeline.pass(CLEANING_UP).await;
        Ok((JobRunState::Cancelled, details))
    }

    /// Waits until something ends the run from outside.
    async fn halted(&self, run: &JobRun) -> Halt {
        let mut crash = self.control.crash.subscribe();
        let timeout = Duration::from_secs(60 * u64::from(run.execution_timeout_minutes));
        let since_ms = run.started_at_ms.unwrap_or(run.created_at_ms);
        let deadline_ms = since_ms.saturating_add(self.timeline.scaled_ms(timeout));
        let times_out = run.mode == Mode::Batch && !timeout.is_zero();
        tokio::select! {
            biased;
            cancel = self.cancelled() => Halt::Cancel(cancel),
            _ = crash.changed() => Halt::Crashed,
            () = self.timeline.reaches(deadline_ms), if times_out => Halt::TimedOut,
        }
    }

    async fn cancelled(&self) -> Cancel {
        let mut cancel: watch::Receiver<Option<Cancel>> = self.control.cancel.subscribe();
        let seen = cancel
            .wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|seen| *seen);
        match seen {
            Some(cancel) => cancel,
            None => std::future::pending().await,
        }
    }

    /// Does something that a cancellation breaks off.
    async fn unless_cancelled(
        &self,
        what: impl Future<Output = ()>,
    ) -> Result<(), Ending> {
        tokio::select! {
            biased;
            _ = self.cancelled() => {}
            () = what => return Ok(()),
        }
        self.set(JobRunState::Cancelling, "");
        self.allowed_to_die().await;
        self.timeline.pass(CLEANING_UP).await;
        Err((JobRunState::Cancelled, String::new()))
    }

    /// Waits while the console keeps this run alive.
    async fn allowed_to_die(&self) {
        let mut changes = self.emr.inner.changes.subscribe();
        while self.emr.levers().will_not_die.contains(&self.id) {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    /// Whether the failures so far are too many.
    fn gives_up(&self, failed_at_ms: &[i64], details: &str) -> Option<Ending> {
        let run = self.job_run();
        let window_ms = match run.mode {
            Mode::Streaming => self.timeline.scaled_ms(FAILURE_WINDOW),
            Mode::Batch => i64::MAX,
        };
        let now_ms = self.timeline.now_ms();
        let counted = failed_at_ms
            .iter()
            .filter(|at| now_ms - **at <= window_ms)
            .count();
        (counted >= run.failures_max() as usize)
            .then(|| (JobRunState::Failed, details.to_owned()))
    }

    fn end(&self, state: JobRunState, details: String) {
        let now_ms = self.timeline.now_ms();
        // In one change: whoever sees the state sees the time too.
        self.edit(|run| {
            run.state = state;
            run.state_details = details;
            run.updated_at_ms = now_ms;
            run.ended_at_ms = Some(now_ms);
        });
    }

    /// A scheduler that knows nothing of anyone's plans starts the job anew.
    async fn come_back(&self) {
        let run = self.job_run();
        let name = run.name.clone().unwrap_or_default();
        let is_set = || self.emr.levers().comes_back.contains(&name);
        if !is_set() {
            return;
        }
        self.emr.inner.clock.sleep(COMES_BACK_AFTER).await;
        if !is_set() {
            return;
        }
        let request = super::request::StartJobRun {
            client_token: uuid::Uuid::new_v4().to_string(),
            execution_role_arn: run.execution_role_arn,
            job_driver: run.job_driver,
            configuration_overrides: run.configuration_overrides,
            retry_policy: run.retry_policy,
            execution_timeout_minutes: run.execution_timeout_minutes,
            mode: run.mode,
            name: run.name,
            tags: run.tags,
        };
        let scheduler = format!("arn:aws:iam::{}:user/scheduler", crate::wire::ACCOUNT);
        if let Err(error) =
            self.emr
                .start_job_run(&run.application_id, request, &scheduler)
        {
            tracing::warn!(%error, "emr.could_not_come_back");
        }
    }

    fn job_run(&self) -> JobRun {
        self.emr.inner.lock().runs[&self.id].clone()
    }

    fn edit(&self, edit: impl FnOnce(&mut JobRun)) {
        self.emr.inner.change(|state| {
            if let Some(run) = state.runs.get_mut(&self.id) {
                edit(run);
            }
        });
    }

    fn set(&self, to: JobRunState, details: &str) {
        let now_ms = self.timeline.now_ms();
        self.edit(|run| {
            run.state = to;
            run.state_details = details.to_owned();
            run.updated_at_ms = now_ms;
        });
    }

    fn set_attempt(&self, to: JobRunState, details: &str) {
        let now_ms = self.timeline.now_ms();
        self.edit(|run| {
            if let Some(attempt) = run.attempts.last_mut() {
                attempt.state = to;
                attempt.state_details = details.to_owned();
                attempt.updated_at_ms = now_ms;
            }
        });
    }
}

fn ended_by_itself(end: AttemptEnd) -> Result<Ending, String> {
    match end {
        AttemptEnd::Finished => Ok((JobRunState::Success, String::new())),
        AttemptEnd::Failed(details) => Err(details),
    }
}

/// 10, 20, 40 seconds and so on, up to five minutes.
fn back_off(failures: usize) -> Duration {
    let doublings = u32::try_from(failures.saturating_sub(1)).unwrap_or(u32::MAX);
    BACK_OFF
        .saturating_mul(2_u32.saturating_pow(doublings))
        .min(BACK_OFF_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_back_off_doubles_up_to_its_limit() {
        assert_eq!(back_off(1), Duration::from_secs(10));
        assert_eq!(back_off(3), Duration::from_secs(40));
        assert_eq!(back_off(40), BACK_OFF_MAX);
    }
}
