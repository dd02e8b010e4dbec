//! Looking at job runs, and cancelling them.

use aws_sdk_emrserverless::primitives::DateTime;
use aws_sdk_emrserverless::types::JobRunState as State;
use domain::ids::{JobRunId, RunId};
use domain::time::Millis;

use super::job_run::{JobRunFull, JobRunSummary};
use super::{Emr, driver};
use crate::aws::error::{AwsError, AwsErrorKind, Effect};

const LIST: &str = "ListJobRuns";
const GET: &str = "GetJobRun";
const CANCEL: &str = "CancelJobRun";

/// What one page holds at most.
const PAGE: i32 = 50;
/// A listing that does not end is a fault somewhere.
const PAGES_MAX: usize = 2_000;
/// Our clock may be ahead of EMR's, by which job runs are dated.
const CLOCK_SLACK_MS: i64 = 10 * 60_000;

/// The tag by which a Run finds the job run that it has started.
pub(super) const RUN_TAG: &str = "sluice-run";

impl Emr {
    /// The application's job runs, those created after `since` or all.
    ///
    /// # Errors
    /// Also when the pages do not end: a listing is whole or an error.
    pub async fn job_runs(
        &self,
        application: &str,
        since: Option<Millis>,
    ) -> Result<Vec<JobRunSummary>, AwsError> {
        self.listed(application, since, &[]).await
    }

    /// The application's job runs that are in a state from which they may
    /// write, however old they are.
    ///
    /// # Errors
    /// As [`Emr::job_runs`].
    pub async fn alive_job_runs(
        &self,
        application: &str,
    ) -> Result<Vec<JobRunSummary>, AwsError> {
        const ALIVE: [State; 6] = [
            State::Submitted,
            State::Pending,
            State::Scheduled,
            State::Running,
            State::Cancelling,
            State::Queued,
        ];
        self.listed(application, None, &ALIVE).await
    }

    async fn listed(
        &self,
        application: &str,
        since: Option<Millis>,
        states: &[State],
    ) -> Result<Vec<JobRunSummary>, AwsError> {
        let mut runs = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let states = (!states.is_empty()).then(|| states.to_vec());
            let page = self
                .client
                .list_job_runs()
                .application_id(application)
                .max_results(PAGE)
                .set_created_at_after(since.map(|at| DateTime::from_millis(at.0)))
                .set_states(states)
                .set_next_token(token.clone())
                .send()
                .await
                .map_err(|error| AwsError::of(LIST, Effect::Reads, error))?;
            for summary in page.job_runs() {
                runs.push(JobRunSummary::read(summary)?);
            }
            let next = page
                .next_token()
                .filter(|t| !t.is_empty())
                .map(str::to_owned);
            match next {
                None => return Ok(runs),
                Some(_) if next == token => break,
                Some(_) => token = next,
            }
        }
        Err(AwsError::odd_answer(
            LIST,
            Effect::Reads,
            "the pages do not end",
        ))
    }

    /// One job run; `None` where EMR does not know it.
    pub async fn job_run(
        &self,
        application: &str,
        id: &JobRunId,
    ) -> Result<Option<JobRunFull>, AwsError> {
        match self.raw(application, id).await {
            Ok(run) => JobRunFull::read(&run).map(Some),
            Err(error) if error.kind == AwsErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn raw(
        &self,
        application: &str,
        id: &JobRunId,
    ) -> Result<aws_sdk_emrserverless::types::JobRun, AwsError> {
        let answer = self
            .client
            .get_job_run()
            .application_id(application)
            .job_run_id(id.as_str())
            .send()
            .await
            .map_err(|error| AwsError::of(GET, Effect::Reads, error))?;
        answer.job_run.ok_or_else(|| {
            AwsError::odd_answer(GET, Effect::Reads, "there is no job run")
        })
    }

    /// Asks for the end of a job run, with a grace period in seconds where the
    /// release has it. What comes of it, GetJobRun tells.
    ///
    /// # Errors
    /// `Invalid` for a job run that is in no state to be cancelled.
    pub async fn cancel(
        &self,
        application: &str,
        id: &JobRunId,
        grace_s: Option<u32>,
    ) -> Result<(), AwsError> {
        let grace = grace_s.map(|s| i32::try_from(s).unwrap_or(i32::MAX));
        self.client
            .cancel_job_run()
            .application_id(application)
            .job_run_id(id.as_str())
            .set_shutdown_grace_period_in_seconds(grace)
            .send()
            .await
            .map_err(|error| AwsError::of(CANCEL, Effect::Changes, error))?;
        Ok(())
    }

    /// The job run that carries the Run's tag, of those created since.
    ///
    /// # Errors
    /// When the job runs cannot be listed, or one of them cannot be read: an
    /// unread one may be the one.
    pub async fn find_tagged(
        &self,
        application: &str,
        run: &RunId,
        since: Millis,
    ) -> Result<Option<JobRunId>, AwsError> {
        let since = since.plus(-CLOCK_SLACK_MS);
        for summary in self.job_runs(application, Some(since)).await? {
            let tagged = match self.raw(application, &summary.id).await {
                Ok(job_run) => driver::tag(&job_run, RUN_TAG) == Some(run.as_str()),
                Err(error) if error.kind == AwsErrorKind::NotFound => false,
                Err(error) => return Err(error),
            };
            if tagged {
                return Ok(Some(summary.id));
            }
        }
        Ok(None)
    }
}
