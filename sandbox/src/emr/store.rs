//! What EMR Serverless remembers, and what can be asked of it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::Rng;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::application::{Application, ApplicationState};
use super::error::EmrError;
use super::job_run::{JobRun, JobRunState, RunFilter};
use super::lifecycle;
use super::request::{StartJobRun, invalid};
use crate::clock::Clock;
use crate::job::{JobEnvironment, Timeline};

/// EMR Serverless. Clones share one state.
#[derive(Clone)]
pub struct Emr {
    pub(super) inner: Arc<Inner>,
}

/// The answer to `StartJobRun`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// Where it runs.
    pub application_id: String,
    /// The run.
    pub job_run_id: String,
    /// Its ARN.
    pub arn: String,
}

/// What the console can make EMR do against its habit.
#[derive(Debug, Clone, Default)]
pub struct Levers {
    /// Job runs that stay in CANCELLING, their driver alive, until taken out again.
    pub will_not_die: BTreeSet<String>,
    /// Names of job runs that a scheduler starts anew when they have ended.
    pub comes_back: BTreeSet<String>,
}

pub(super) struct Inner {
    pub(super) clock: Clock,
    pub(super) jobs: JobEnvironment,
    pub(super) state: Mutex<State>,
    /// Raised with every change, for those who wait for one.
    pub(super) changes: watch::Sender<u64>,
    tasks: TaskTracker,
    /// Replaced when everything is taken back to the start.
    end: Mutex<CancellationToken>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) applications: BTreeMap<String, Application>,
    pub(super) runs: BTreeMap<String, JobRun>,
    pub(super) controls: HashMap<String, Control>,
    pub(super) levers: Levers,
    tokens: HashMap<(String, String), (StartJobRun, String)>,
}

/// How a job run is told to end.
#[derive(Debug, Clone)]
pub(super) struct Control {
    /// Set once by CancelJobRun.
    pub(super) cancel: watch::Sender<Option<Cancel>>,
    /// Raised to lose the driver of the current attempt.
    pub(super) crash: watch::Sender<u64>,
}

/// A cancellation as it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cancel {
    /// How long the driver may take to finish; absent on `CancelJobRun` without it.
    pub(super) grace: Option<Duration>,
}

impl Emr {
    /// An account without applications.
    pub fn new(clock: Clock, jobs: JobEnvironment) -> Self {
        Self {
            inner: Arc::new(Inner {
                clock,
                jobs,
                state: Mutex::default(),
                changes: watch::Sender::new(0),
                tasks: TaskTracker::new(),
                end: Mutex::default(),
            }),
        }
    }

    /// Adds an application, or replaces the one of that id.
    pub fn put_application(&self, application: Application) {
        self.inner.change(|state| {
            state
                .applications
                .insert(application.id.clone(), application);
        });
    }

    /// One application.
    pub fn application(&self, id: &str) -> Result<Application, EmrError> {
        let state = self.inner.lock();
        let found = state.applications.get(id).cloned();
        found.ok_or_else(|| EmrError::NotFound(format!("Application {id}")))
    }

    /// All applications, by id.
    pub fn applications(&self) -> Vec<Application> {
        self.inner.lock().applications.values().cloned().collect()
    }

    /// `StartApplication`: returns at once, the start takes its time.
    pub fn start_application(&self, id: &str) -> Result<(), EmrError> {
        match self.application(id)?.state {
            ApplicationState::Created | ApplicationState::Stopped => {
                self.set_application(id, ApplicationState::Starting);
                self.spawn(lifecycle::application_starts(self.clone(), id.to_owned()));
                Ok(())
            }
            ApplicationState::Starting | ApplicationState::Started => Ok(()),
            state => Err(invalid(format!(
                "Application {id} cannot be started in state {}",
                state.as_str()
            ))),
        }
    }

    /// `StopApplication`: refused while job runs are under way.
    pub fn stop_application(&self, id: &str) -> Result<(), EmrError> {
        let application = self.application(id)?;
        if self.under_way(id) > 0 {
            return Err(invalid(format!(
                "Application {id} cannot be stopped while it has active job runs"
            )));
        }
        if application.state == ApplicationState::Started {
            self.set_application(id, ApplicationState::Stopping);
            self.spawn(lifecycle::application_stops(self.clone(), id.to_owned()));
        }
        Ok(())
    }

    /// `StartJobRun`.
    pub fn start_job_run(
        &self,
        application_id: &str,
        request: StartJobRun,
        created_by: &str,
    ) -> Result<Started, EmrError> {
        let timeline = Timeline::live(self.inner.clock.clone());
        self.start_on(application_id, request, created_by, timeline)
    }

    /// Starts a job run whose time begins in the past and catches up.
    pub fn start_on(
        &self,
        application_id: &str,
        request: StartJobRun,
        created_by: &str,
        timeline: Timeline,
    ) -> Result<Started, EmrError> {
        let application = self.application(application_id)?;
        if application.state == ApplicationState::Terminated {
            return Err(invalid(format!(
                "Application {application_id} is terminated"
            )));
        }
        if application.state != ApplicationState::Started && !application.auto_start {
            return Err(invalid(format!(
                "Application {application_id} is not started and autoStart is disabled"
            )));
        }
        let key = (application_id.to_owned(), request.client_token.clone());
        let mut state = self.inner.lock();
        if let Some((earlier, id)) = state.tokens.get(&key) {
            if *earlier != request {
                return Err(EmrError::Conflict(format!(
                    "The client token {} was used with different parameters",
                    request.client_token
                )));
            }
            return Ok(started(&state.runs[id]));
        }
        let run = JobRun::submitted(
            new_id(),
            &application,
            &request,
            created_by,
            timeline.now_ms(),
        );
        let answer = started(&run);
        let control = Control {
            cancel: watch::Sender::new(None),
            crash: watch::Sender::new(0),
        };
        state.tokens.insert(key, (request, run.id.clone()));
        state.controls.insert(run.id.clone(), control.clone());
        state.runs.insert(run.id.clone(), run);
        drop(state);
        self.inner.changes.send_modify(|n| *n += 1);
        let id = answer.job_run_id.clone();
        self.spawn(lifecycle::job_run_lives(
            self.clone(),
            id,
            timeline,
            control,
        ));
        Ok(answer)
    }

    /// One job run.
    pub fn job_run(&self, application_id: &str, id: &str) -> Result<JobRun, EmrError> {
        self.application(application_id)?;
        self.inner
            .lock()
            .runs
            .get(id)
            .filter(|run| run.application_id == application_id)
            .cloned()
            .ok_or_else(|| EmrError::NotFound(format!("JobRun {id}")))
    }

    /// Job runs of an application, the newest first.
    pub fn job_runs(&self, application_id: &str, filter: &RunFilter) -> Vec<JobRun> {
        let state = self.inner.lock();
        let mut runs: Vec<JobRun> = state
            .runs
            .values()
            .filter(|run| run.application_id == application_id && filter.lets(run))
            .cloned()
            .collect();
        runs.sort_by(|a, b| (b.created_at_ms, &b.id).cmp(&(a.created_at_ms, &a.id)));
        runs
    }

    /// The newest job run of this name, on any application.
    pub fn newest_named(&self, name: &str) -> Option<JobRun> {
        let state = self.inner.lock();
        let named = state
            .runs
            .values()
            .filter(|r| r.name.as_deref() == Some(name));
        named.max_by_key(|run| run.created_at_ms).cloned()
    }

    /// `CancelJobRun`. The state is CANCELLING at once and CANCELLED after a while.
    pub fn cancel(
        &self,
        application_id: &str,
        id: &str,
        grace: Option<Duration>,
    ) -> Result<(), EmrError> {
        let application = self.application(application_id)?;
        if let Some(grace) = grace {
            if !application.release_is_at_least(7, 9) {
                return Err(invalid(format!(
                    "shutdownGracePeriodInSeconds is supported on release emr-7.9.0 and \
                     later, and the application's is {}",
                    application.release_label
                )));
            }
            if !(15..=1800).contains(&grace.as_secs()) {
                return Err(invalid("shutdownGracePeriodInSeconds must be 15 to 1800"));
            }
        }
        let run = self.job_run(application_id, id)?;
        if run.state.is_terminal() {
            return Err(invalid(format!(
                "Job run {id} is in state {} and cannot be cancelled",
                run.state.as_str()
            )));
        }
        let control = self.inner.lock().controls.get(id).cloned();
        if let Some(control) = control {
            control.cancel.send_if_modified(|cancel| {
                let first = cancel.is_none();
                if first {
                    *cancel = Some(Cancel { grace });
                }
                first
            });
        }
        Ok(())
    }

    /// Loses the driver of a run's current attempt, as a machine that dies does.
    pub fn crash(&self, id: &str) {
        if let Some(control) = self.inner.lock().controls.get(id) {
            control.crash.send_modify(|n| *n += 1);
        }
    }

    /// What the console has switched on.
    pub fn levers(&self) -> Levers {
        self.inner.lock().levers.clone()
    }

    /// Changes what the console has switched on.
    pub fn set_levers(&self, change: impl FnOnce(&mut Levers)) {
        self.inner.change(|state| change(&mut state.levers));
    }

    /// Waits until `done` holds of a run.
    pub async fn wait_until(&self, id: &str, done: impl Fn(&JobRun) -> bool) {
        let mut changes = self.inner.changes.subscribe();
        loop {
            changes.mark_unchanged();
            if self.inner.lock().runs.get(id).is_none_or(&done) {
                return;
            }
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    /// Ends every driver at once and forgets everything.
    pub async fn clear(&self) {
        let end = std::mem::take(&mut *lock(&self.inner.end));
        end.cancel();
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
        self.inner.tasks.reopen();
        self.inner.change(|state| *state = State::default());
    }

    pub(super) fn under_way(&self, application_id: &str) -> usize {
        let state = self.inner.lock();
        let busy = |run: &&JobRun| {
            run.application_id == application_id
                && !run.state.is_terminal()
                && !matches!(run.state, JobRunState::Queued | JobRunState::Submitted)
        };
        state.runs.values().filter(busy).count()
    }

    pub(super) fn set_application(&self, id: &str, to: ApplicationState) {
        let now_ms = self.inner.clock.now_ms();
        self.inner.change(|state| {
            if let Some(application) = state.applications.get_mut(id) {
                application.state = to;
                application.updated_at_ms = now_ms;
            }
        });
    }

    /// Runs a task that ends when everything is cleared.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let end = lock(&self.inner.end).clone();
        self.inner.tasks.spawn(async move {
            tokio::select! {
                biased;
                () = end.cancelled() => {}
                () = task => {}
            }
        });
    }
}

impl Inner {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changes.send_modify(|n| *n += 1);
    }
}

fn started(run: &JobRun) -> Started {
    Started {
        application_id: run.application_id.clone(),
        job_run_id: run.id.clone(),
        arn: run.arn(),
    }
}

/// An id in the form that EMR gives: sixteen of 0-9 and a-z.
pub(super) fn new_id() -> String {
    const DIGITS: &[u8] = b"0123456789abcdefghijklmnopqrstuv";
    let mut random = rand::rng();
    let mut id = String::from("00f");
    for _ in 0..13 {
        id.push(char::from(DIGITS[random.random_range(0..DIGITS.len())]));
    }
    id
}

/// Nothing panics while a lock is held that could leave it half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
