//! Job runs on other applications that may write a stream's checkpoint: the
//! same script started on another application by hand, or a copy of the job
//! that nobody remembers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::ids::{JobRunId, StreamName};
use domain::snapshot::{OtherRun, Starter, Tie};
use futures::{StreamExt as _, TryStreamExt as _};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::recognise::{Rule, owners, ties};
use crate::aws::{AwsError, Emr, JobRunSummary};

/// An account has many applications and each is a call: what was seen so long
/// ago is good enough for a look of every day,
const AGE_MAX: Duration = Duration::from_secs(300);
/// and this for who is about to change something.
const FRESH_AGE_MAX: Duration = Duration::from_secs(30);
const CALLS_AT_ONCE: usize = 4;

/// All applications of an account and region in one role, shared by its streams.
pub(super) struct Elsewhere {
    rules: Arc<Vec<Rule>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    seen_at: Option<Instant>,
    /// By application and id, those that may write.
    alive: BTreeMap<(String, JobRunId), Known>,
}

#[derive(Clone)]
struct Known {
    summary: JobRunSummary,
    told: Told,
}

/// What its parameters tell, which never change.
#[derive(Clone)]
struct Told {
    ties: Vec<(StreamName, Tie)>,
    role: Option<String>,
    starter: Starter,
}

impl Elsewhere {
    pub(super) fn new(rules: Arc<Vec<Rule>>) -> Self {
        Self {
            rules,
            state: Mutex::default(),
        }
    }

    /// Those that are tied to the stream and run on another application than
    /// its own. `age_max` is how old the rest of the look may be; with zero they
    /// are listed anew, unless they just were.
    pub(super) async fn seen(
        &self,
        emr: &Emr,
        stream: &StreamName,
        own: &str,
        age_max: Duration,
    ) -> Result<Vec<OtherRun>, AwsError> {
        let mut state = self.state.lock().await;
        let age_max = if age_max.is_zero() {
            FRESH_AGE_MAX
        } else {
            AGE_MAX
        };
        if state.seen_at.is_none_or(|at| at.elapsed() >= age_max) {
            let began = Instant::now();
            let known = std::mem::take(&mut state.alive);
            state.seen_at = None;
            state.alive = self.alive(emr, known).await?;
            state.seen_at = Some(began);
        }
        let elsewhere = state.alive.iter().filter(|((app, _), _)| app != own);
        let tied = elsewhere.filter_map(|((app, _), known)| {
            let Told {
                ties,
                role,
                starter,
            } = known.told.clone();
            let (_, tie) = ties.into_iter().find(|(tied, _)| tied == stream)?;
            Some(known.summary.clone().other(app, tie, role, starter))
        });
        Ok(tied.collect())
    }

    async fn alive(
        &self,
        emr: &Emr,
        known: BTreeMap<(String, JobRunId), Known>,
    ) -> Result<BTreeMap<(String, JobRunId), Known>, AwsError> {
        let listed: Vec<(String, Vec<JobRunSummary>)> =
            futures::stream::iter(emr.applications().await?)
                .map(|app| async move {
                    let runs = emr.alive_job_runs(&app).await?;
                    Ok::<_, AwsError>((app, runs))
                })
                .buffer_unordered(CALLS_AT_ONCE)
                .try_collect()
                .await?;
        let runs = listed
            .into_iter()
            .flat_map(|(app, runs)| runs.into_iter().map(move |run| (app.clone(), run)));
        let known = &known;
        let read: Vec<_> = futures::stream::iter(runs)
            .map(|(app, summary)| async move {
                let key = (app, summary.id.clone());
                let told = match known.get(&key) {
                    Some(known) => Some(known.told.clone()),
                    None => self.told(emr, &key.0, &summary).await?,
                };
                let known = told.map(|told| Known { summary, told });
                Ok::<_, AwsError>(known.map(|known| (key, known)))
            })
            .buffer_unordered(CALLS_AT_ONCE)
            .try_collect()
            .await?;
        Ok(read.into_iter().flatten().collect())
    }

    /// `None` for a job run that is gone meanwhile.
    async fn told(
        &self,
        emr: &Emr,
        application: &str,
        summary: &JobRunSummary,
    ) -> Result<Option<Told>, AwsError> {
        let run = emr.job_run(application, &summary.id).await?;
        Ok(run.map(|run| {
            let name = summary.name.as_deref();
            let owners = owners(&self.rules, application, name, &run);
            Told {
                ties: ties(&self.rules, &owners, name, &run.marks),
                role: run.seen.role,
                starter: run.starter,
            }
        }))
    }
}
