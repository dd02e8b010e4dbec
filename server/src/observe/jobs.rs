//! The job runs of an application: which are whose, and which may write.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::Duration;

use domain::checkpoint::{SparkGuess, SparkLine};
use domain::estimate::Used;
use domain::ids::{Digest, JobRunId, StreamName};
use domain::snapshot::{JobsSeen, Starter, Tie};
use domain::time::Millis;
use futures::{StreamExt as _, TryStreamExt as _};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::recognise::{Rule, owners, ties};
use crate::aws::{ApplicationSeen, AwsError, Emr, JobRunSummary};
use crate::clock;

/// How far back ended job runs are looked for at the first look.
const HISTORY_MS: i64 = 30 * 24 * 3_600_000;
/// Later looks begin this long before the newest job run that is known.
const OVERLAP_MS: i64 = 3_600_000;
/// How many ended job runs of an application are told apart, the newest.
const ENDED_MAX: usize = 200;
/// How many of them a snapshot shows for a stream.
const SHOWN_MAX: usize = 20;
const READS_AT_ONCE: usize = 4;

/// One application in one role, shared by its streams.
pub(super) struct Application {
    id: String,
    rules: Arc<Vec<Rule>>,
    state: Mutex<State>,
    /// What the newest release label that was seen tells of the Spark line; the
    /// strictest before that.
    line: StdMutex<SparkGuess>,
}

#[derive(Default)]
struct State {
    seen_at: Option<Instant>,
    application: Option<ApplicationSeen>,
    known: BTreeMap<JobRunId, Known>,
}

struct Known {
    summary: JobRunSummary,
    /// What GetJobRun told. It is asked once more when the job run has ended, which
    /// is when EMR tells what it used.
    read: Option<Read>,
}

#[derive(Clone)]
struct Read {
    driver: Digest,
    role: Option<String>,
    started_at: Option<Millis>,
    used: Option<Used>,
    had_ended: bool,
    starter: Starter,
    sql_confs: BTreeMap<String, String>,
    owners: Vec<StreamName>,
    ties: Vec<(StreamName, Tie)>,
}

impl Application {
    pub(super) fn new(id: String, rules: Arc<Vec<Rule>>) -> Self {
        Self {
            id,
            rules,
            state: Mutex::default(),
            line: StdMutex::new(SparkGuess {
                line: SparkLine::STRICTEST,
                known: false,
            }),
        }
    }

    /// The Spark line of the application's release.
    pub(super) fn spark_line(&self) -> SparkGuess {
        *self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The stream's job runs. What was listed less than `age_max` ago is good
    /// enough; with zero it is listed now.
    pub(super) async fn seen(
        &self,
        emr: &Emr,
        stream: &StreamName,
        age_max: Duration,
    ) -> Result<JobsSeen, AwsError> {
        let asked_at = Instant::now();
        let mut state = self.state.lock().await;
        // Whoever waited for the lock may find that it was just listed.
        let fresh = state
            .seen_at
            .is_some_and(|at| at >= asked_at || at.elapsed() < age_max);
        if !fresh {
            let began = Instant::now();
            self.update(emr, &mut state).await?;
            state.seen_at = Some(began);
        }
        Ok(self.jobs_of(stream, &state))
    }

    /// The confs of Spark SQL of the stream's newest job run, over those of the
    /// application. Empty before the first look.
    pub(super) async fn sql_confs(
        &self,
        stream: &StreamName,
    ) -> BTreeMap<String, String> {
        let state = self.state.lock().await;
        let own = state.known.values().filter_map(|known| {
            let read = known.read.as_ref()?;
            read.owners
                .contains(stream)
                .then_some((known.summary.created_at, read))
        });
        let Some((_, newest)) = own.max_by_key(|(created_at, _)| *created_at) else {
            return BTreeMap::new();
        };
        let mut confs = match &state.application {
            Some(application) => application.sql_defaults.clone(),
            None => BTreeMap::new(),
        };
        confs.extend(newest.sql_confs.clone());
        confs
    }

    async fn update(&self, emr: &Emr, state: &mut State) -> Result<(), AwsError> {
        let newest = state.known.values().map(|k| k.summary.created_at).max();
        let since = match newest {
            Some(newest) => newest.plus(-OVERLAP_MS),
            None => clock::now().plus(-HISTORY_MS),
        };
        // Those that may write are listed whole, however old they are, and
        // last, so that none that starts meanwhile is missed.
        let application = emr.application(&self.id).await?;
        let recent = emr.job_runs(&self.id, Some(since)).await?;
        let alive = emr.alive_job_runs(&self.id).await?;
        let listed: BTreeMap<JobRunId, JobRunSummary> = recent
            .into_iter()
            .chain(alive)
            .map(|s| (s.id.clone(), s))
            .collect();
        self.settle_vanished(emr, state, &listed).await?;
        for (id, summary) in listed {
            match state.known.get_mut(&id) {
                Some(known) => known.summary = summary,
                None => {
                    state.known.insert(
                        id,
                        Known {
                            summary,
                            read: None,
                        },
                    );
                }
            }
        }
        prune(&mut state.known);
        self.read_unread(emr, state).await?;
        let guess = SparkLine::from_emr_release(&application.release);
        *self.line.lock().unwrap_or_else(PoisonError::into_inner) = guess;
        state.application = Some(application);
        Ok(())
    }

    /// A job run that could write and is in no listing any more has ended, or
    /// has a state that no filter names: EMR is asked for it by id.
    async fn settle_vanished(
        &self,
        emr: &Emr,
        state: &mut State,
        listed: &BTreeMap<JobRunId, JobRunSummary>,
    ) -> Result<(), AwsError> {
        let vanished: Vec<JobRunId> = state
            .known
            .iter()
            .filter(|(id, k)| k.summary.state.may_write() && !listed.contains_key(*id))
            .map(|(id, _)| id.clone())
            .collect();
        for id in vanished {
            match emr.job_run(&self.id, &id).await? {
                Some(run) => {
                    if let Some(known) = state.known.get_mut(&id) {
                        known.summary.state = run.seen.state;
                        known.summary.state_details = run.seen.state_details;
                        known.summary.attempt = run.seen.attempt;
                        known.summary.updated_at = run.seen.updated_at;
                    }
                }
                None => {
                    state.known.remove(&id);
                }
            }
        }
        Ok(())
    }

    async fn read_unread(&self, emr: &Emr, state: &mut State) -> Result<(), AwsError> {
        let unread: Vec<(JobRunId, Option<String>)> = state
            .known
            .iter()
            .filter(|(_, known)| {
                let has_ended = known.summary.state.is_terminal();
                let read = known.read.as_ref();
                read.is_none_or(|read| has_ended && !read.had_ended)
            })
            .filter(|(_, known)| {
                // A job run that cannot be a stream's by its name need not be
                // read, unless it may write.
                let name = known.summary.name.as_deref();
                known.summary.state.may_write()
                    || self.rules.iter().any(|rule| rule.may_be(&self.id, name))
            })
            .map(|(id, known)| (id.clone(), known.summary.name.clone()))
            .collect();
        let read: Vec<(JobRunId, Option<Read>)> = futures::stream::iter(unread)
            .map(|(id, name)| async move {
                let run = emr.job_run(&self.id, &id).await?;
                let read = run.map(|run| {
                    let name = name.as_deref();
                    let owners = owners(&self.rules, &self.id, name, &run);
                    Read {
                        ties: ties(&self.rules, &owners, name, &run.marks),
                        owners,
                        driver: run.seen.driver,
                        role: run.seen.role,
                        started_at: run.seen.started_at,
                        used: run.seen.used,
                        had_ended: run.seen.state.is_terminal(),
                        starter: run.starter,
                        sql_confs: run.sql_confs,
                    }
                });
                Ok::<_, AwsError>((id, read))
            })
            .buffer_unordered(READS_AT_ONCE)
            .try_collect()
            .await?;
        for (id, read) in read {
            match read {
                Some(read) => {
                    if let Some(known) = state.known.get_mut(&id) {
                        known.read = Some(read);
                    }
                }
                None => {
                    state.known.remove(&id);
                }
            }
        }
        Ok(())
    }

    fn jobs_of(&self, stream: &StreamName, state: &State) -> JobsSeen {
        let mut runs = Vec::new();
        let mut others = Vec::new();
        let mut newest_first: Vec<&Known> = state.known.values().collect();
        newest_first.sort_by_key(|k| std::cmp::Reverse(k.summary.created_at));
        let mut ended = 0;
        for known in newest_first {
            let Some(read) = &known.read else { continue };
            let alive = known.summary.state.may_write();
            if read.owners.contains(stream) {
                ended += usize::from(!alive);
                if alive || ended <= SHOWN_MAX {
                    let (driver, role) = (read.driver.clone(), read.role.clone());
                    let mut seen = known.summary.clone().seen(driver, role);
                    seen.started_at = read.started_at;
                    seen.used = read.used;
                    runs.push(seen);
                }
            } else if alive {
                let tied = read.ties.iter().find(|(tied, _)| tied == stream);
                let tie = tied.map(|(_, tie)| *tie);
                // Of the stream's own application each is looked at.
                let unknown = read.owners.is_empty().then_some(Tie::Application);
                if let Some(tie) = tie.or(unknown) {
                    let (role, starter) = (read.role.clone(), read.starter.clone());
                    others
                        .push(known.summary.clone().other(&self.id, tie, role, starter));
                }
            }
        }
        let application = state.application.clone();
        JobsSeen {
            application: self.id.clone(),
            application_state: application
                .as_ref()
                .map_or_else(|| "UNKNOWN".to_owned(), |a| a.state.clone()),
            release: application.map(|a| a.release).unwrap_or_default(),
            runs,
            others,
            elsewhere: None,
            executors: None,
        }
    }
}

/// Forgets the oldest of those that have ended.
fn prune(known: &mut BTreeMap<JobRunId, Known>) {
    let mut ended: Vec<(Millis, JobRunId)> = known
        .values()
        .filter(|k| k.summary.state.is_terminal())
        .map(|k| (k.summary.created_at, k.summary.id.clone()))
        .collect();
    if ended.len() <= ENDED_MAX {
        return;
    }
    ended.sort_unstable();
    let surplus = ended.len() - ENDED_MAX;
    for (_, id) in ended.into_iter().take(surplus) {
        known.remove(&id);
    }
}
