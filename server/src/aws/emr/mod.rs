//! EMR Serverless: applications and job runs.
//!
//! Entry point, arguments, parameters and properties are marked as sensitive
//! by EMR. They stay inside this module and [`JobMarks`], which cannot be
//! printed; what leaves is a digest, and a comparison without what may be a secret.

mod carry;
mod driver;
mod job_run;
mod jobs;
mod launch;
mod start;

use std::collections::BTreeMap;

use aws_sdk_emrserverless::Client;
use domain::time::Millis;

use crate::aws::error::{AwsError, Effect};

pub use driver::driver_digest;
pub use job_run::{JobMarks, JobRunFull, JobRunSummary};
pub use launch::Differences;

/// EMR Serverless in one region and one role.
#[derive(Clone)]
pub struct Emr {
    client: Client,
}

/// An application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationSeen {
    /// In EMR's words, such as `STARTED`.
    pub state: String,
    /// The release label, such as `emr-7.5.0`.
    pub release: String,
    /// What EMR says about the state; may be empty.
    pub state_details: String,
    /// Whether a job run starts it; `None` where EMR does not say.
    pub starts_by_itself: Option<bool>,
    /// The most that all its job runs have together, where that is limited.
    pub capacity_max: Option<String>,
    /// How many job runs it has at once; `None` where EMR does not say.
    pub runs_max: Option<i32>,
    /// The confs of Spark SQL that it sets for all its job runs.
    pub sql_defaults: BTreeMap<String, String>,
}

impl Emr {
    pub(super) fn new(client: Client) -> Self {
        Self { client }
    }

    /// The ids of all applications of the account in the region.
    ///
    /// # Errors
    /// Also when the pages do not end: a listing is whole or an error.
    pub async fn applications(&self) -> Result<Vec<String>, AwsError> {
        const LIST: &str = "ListApplications";
        const PAGES_MAX: usize = 200;
        let mut ids = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let page = self
                .client
                .list_applications()
                .set_next_token(token.clone())
                .send()
                .await
                .map_err(|error| AwsError::of(LIST, Effect::Reads, error))?;
            ids.extend(page.applications().iter().map(|a| a.id().to_owned()));
            match page.next_token.filter(|t| !t.is_empty()) {
                None => return Ok(ids),
                next if next == token => break,
                next => token = next,
            }
        }
        Err(AwsError::odd_answer(
            LIST,
            Effect::Reads,
            "the pages do not end",
        ))
    }

    /// The application.
    pub async fn application(&self, id: &str) -> Result<ApplicationSeen, AwsError> {
        const GET: &str = "GetApplication";
        let answer = self
            .client
            .get_application()
            .application_id(id)
            .send()
            .await
            .map_err(|error| AwsError::of(GET, Effect::Reads, error))?;
        let application = answer.application.ok_or_else(|| {
            AwsError::odd_answer(GET, Effect::Reads, "there is no application")
        })?;
        Ok(ApplicationSeen {
            state: application.state.as_str().to_owned(),
            state_details: application.state_details.unwrap_or_default(),
            starts_by_itself: application
                .auto_start_configuration
                .and_then(|start| start.enabled),
            capacity_max: application.maximum_capacity.map(|max| {
                let disk = max.disk.map(|disk| format!(", {disk} of disk"));
                let (cpu, memory) = (max.cpu, max.memory);
                format!("{cpu}, {memory} of memory{}", disk.unwrap_or_default())
            }),
            runs_max: application
                .scheduler_configuration
                .and_then(|scheduler| scheduler.max_concurrent_runs),
            release: application.release_label,
            sql_defaults: launch::sql_defaults(
                application
                    .runtime_configuration
                    .as_deref()
                    .unwrap_or_default(),
            ),
        })
    }
}

fn millis(at: &aws_sdk_emrserverless::primitives::DateTime) -> Millis {
    Millis(at.to_millis().unwrap_or_default())
}
