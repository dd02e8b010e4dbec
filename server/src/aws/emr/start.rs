//! Starting a job run from an earlier one, at most once for a client token.

use aws_sdk_emrserverless::types as sdk;
use domain::ids::JobRunId;
use domain::plan::RestartStep;

use super::carry::carry;
use super::jobs::RUN_TAG;
use super::{Emr, driver_digest};
use crate::aws::error::{AwsError, AwsErrorKind, Effect};

const START: &str = "StartJobRun";

impl Emr {
    /// Starts the job again, with everything of the base job run but its name
    /// and client token, and what the step sets in its driver. Called twice with one step, EMR starts one job run.
    ///
    /// # Errors
    /// `Invalid` where the base job run is no longer what the plan saw.
    pub async fn start(&self, step: &RestartStep) -> Result<JobRunId, AwsError> {
        let base = self.prepared(step).await?;
        // Tags in AWS's own namespace cannot be set by others.
        let mut tags = base.tags.unwrap_or_default();
        tags.retain(|key, _| !key.to_ascii_lowercase().starts_with("aws:"));
        tags.insert(RUN_TAG.to_owned(), step.tag.as_str().to_owned());
        let answer = self
            .client
            .start_job_run()
            .application_id(&step.application)
            .client_token(&step.client_token)
            .execution_role_arn(base.execution_role)
            .set_execution_iam_policy(base.execution_iam_policy)
            .set_job_driver(base.job_driver)
            .set_configuration_overrides(base.configuration_overrides)
            .set_execution_timeout_minutes(base.execution_timeout_minutes)
            .set_mode(base.mode)
            .set_retry_policy(base.retry_policy)
            .set_name(step.name.clone())
            .set_tags(Some(tags))
            .send()
            .await
            .map_err(|error| AwsError::of(START, Effect::Changes, error))?;
        answer.job_run_id.parse().map_err(|_| {
            AwsError::odd_answer(START, Effect::Changes, "the answer names no job run")
        })
    }
    /// Proves that [`Emr::start`] would know what to start, and starts nothing.
    ///
    /// # Errors
    /// As [`Emr::start`].
    pub async fn rehearse(&self, step: &RestartStep) -> Result<(), AwsError> {
        self.prepared(step).await.map(drop)
    }

    /// The base job run, with what the step sets in its driver.
    async fn prepared(&self, step: &RestartStep) -> Result<sdk::JobRun, AwsError> {
        let refuse =
            |message: String| AwsError::own(START, AwsErrorKind::Invalid, message);
        let mut base = self.raw(&step.application, &step.base).await?;
        if driver_digest(&base) != step.driver {
            return Err(refuse(format!(
                "job run {} is not started with what the plan saw of it",
                step.base
            )));
        }
        if let Some(setting) = &step.setting {
            carry(setting, &mut base).map_err(|error| {
                refuse(format!(
                    "job run {} cannot be started with other starting offsets: {error}",
                    step.base
                ))
            })?;
        }
        Ok(base)
    }
}
