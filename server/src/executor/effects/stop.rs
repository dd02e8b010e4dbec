//! Cancels the job runs that may write.

use domain::plan::StopStep;
use domain::run::Facts;

use super::{Effect, Work};
use crate::aws::AwsErrorKind;
use crate::executor::problem::Stopped;

impl Work<'_> {
    pub(super) async fn stop(&self, step: &StopStep) -> Result<Effect, Stopped> {
        let emr = self.aws.emr();
        let mut cancelled = Vec::new();
        for id in &step.job_runs {
            // Whatever a cancel answers, GetJobRun tells what is so; a job run
            // that has ended needs none.
            let Some(seen) = emr.job_run(&step.application, id).await? else {
                continue;
            };
            if seen.seen.state.is_terminal() {
                continue;
            }
            match emr.cancel(&step.application, id, step.grace_s).await {
                Ok(()) => {}
                Err(error) if error.kind == AwsErrorKind::Invalid => {
                    // EMR refuses to cancel what is being cancelled or has
                    // just ended.
                    let now = emr.job_run(&step.application, id).await?;
                    let settled = now.is_none_or(|n| {
                        n.seen.state.is_terminal()
                            || n.seen.state == domain::snapshot::JobRunState::Cancelling
                    });
                    if !settled {
                        return Err(error.into());
                    }
                }
                Err(error) => return Err(error.into()),
            }
            cancelled.push(id.clone());
        }
        Ok(Effect::done(Facts::CancelAsked {
            job_runs: cancelled,
        }))
    }
}
