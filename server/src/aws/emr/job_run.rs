//! A job run as Sluice sees it.

use std::collections::BTreeMap;

use aws_sdk_emrserverless::types as sdk;
use domain::estimate::Used;
use domain::ids::JobRunId;
use domain::snapshot::{JobRunSeen, JobRunState, OtherRun, Starter, Tie};
use domain::time::Millis;

use super::driver::{self, driver_digest};
use super::launch::{launch, sql_confs};
use super::millis;
use crate::aws::error::{AwsError, Effect};

/// One entry of a listing. It has no driver and no tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRunSummary {
    /// The id.
    pub id: JobRunId,
    /// The name, where it has one.
    pub name: Option<String>,
    /// The state.
    pub state: JobRunState,
    /// What EMR says about the state.
    pub state_details: String,
    /// `STREAMING` or `BATCH`.
    pub mode: String,
    /// The attempt, from 1.
    pub attempt: i32,
    /// When it was submitted.
    pub created_at: Millis,
    /// When it last changed.
    pub updated_at: Millis,
    /// Who started it, an ARN.
    pub created_by: String,
}

/// All that Sluice needs of one job run.
pub struct JobRunFull {
    /// What may be shown.
    pub seen: JobRunSeen,
    /// What may not, by which a stream's job runs are recognised.
    pub marks: JobMarks,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// What it sets of the confs that a checkpoint may pin, see
    /// [`super::launch::sql_confs`].
    pub sql_confs: BTreeMap<String, String>,
    /// Who started it.
    pub starter: Starter,
}

/// What EMR marks as sensitive. It has neither `Debug` nor `Serialize`, so
/// that it cannot be printed by accident.
#[derive(Clone)]
pub struct JobMarks {
    /// The script or jar.
    pub entry_point: Option<String>,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// The parameters of spark-submit, in one text.
    pub parameters: String,
    /// The values of all configured properties.
    pub properties: Vec<String>,
}

impl JobRunSummary {
    pub(super) fn read(summary: &sdk::JobRunSummary) -> Result<Self, AwsError> {
        Ok(Self {
            id: id(summary.id())?,
            name: summary.name().map(str::to_owned),
            state: JobRunState::from(summary.state().as_str().to_owned()),
            state_details: summary.state_details().to_owned(),
            mode: mode(summary.mode()),
            attempt: summary.attempt().unwrap_or(1).max(1),
            created_at: millis(summary.created_at()),
            updated_at: millis(summary.updated_at()),
            created_by: summary.created_by().to_owned(),
        })
    }

    /// As one that is not the stream's.
    #[must_use]
    pub fn other(
        self,
        application: &str,
        tie: Tie,
        role: Option<String>,
        starter: Starter,
    ) -> OtherRun {
        OtherRun {
            id: self.id,
            application: application.to_owned(),
            name: self.name,
            state: self.state,
            tie,
            role,
            same_role: None,
            starter: Some(starter),
        }
    }

    /// With what a listing lacks.
    #[must_use]
    pub fn seen(self, driver: domain::ids::Digest, role: Option<String>) -> JobRunSeen {
        JobRunSeen {
            id: self.id,
            name: self.name,
            state: self.state,
            state_details: self.state_details,
            mode: self.mode,
            attempt: self.attempt,
            created_at: self.created_at,
            updated_at: self.updated_at,
            created_by: self.created_by,
            driver,
            role,
            started_at: None,
            used: None,
        }
    }
}

impl JobRunFull {
    pub(super) fn read(run: &sdk::JobRun) -> Result<Self, AwsError> {
        let tags = run.tags().into_iter().flatten();
        let tags: BTreeMap<String, String> = tags
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let confs = launch(run).configured;
        Ok(Self {
            starter: Starter::of(run.created_by(), run.name(), &tags, &confs),
            sql_confs: sql_confs(confs),
            seen: JobRunSeen {
                id: id(run.job_run_id())?,
                name: run.name().map(str::to_owned),
                state: JobRunState::from(run.state().as_str().to_owned()),
                state_details: run.state_details().to_owned(),
                mode: mode(run.mode()),
                attempt: run.attempt().unwrap_or(1).max(1),
                created_at: millis(run.created_at()),
                updated_at: millis(run.updated_at()),
                created_by: run.created_by().to_owned(),
                driver: driver_digest(run),
                role: Some(run.execution_role().to_owned()).filter(|r| !r.is_empty()),
                started_at: run.started_at().map(millis),
                used: used(run),
            },
            marks: driver::marks(run),
            tags,
        })
    }
}

/// A job run that worked for less tells nothing of what it needs.
const USED_S_MIN: i32 = 60;

/// What it used on average. EMR tells that once a job run has ended.
fn used(run: &sdk::JobRun) -> Option<Used> {
    let total = run.total_resource_utilization()?;
    let seconds = run.total_execution_duration_seconds()?;
    if seconds < USED_S_MIN {
        return None;
    }
    let average = |hours: Option<f64>| {
        let milli = hours? * 3_600_000.0 / f64::from(seconds);
        (milli.is_finite() && milli > 0.0).then_some(milli.round() as i64)
    };
    Some(Used {
        vcpu_milli: average(total.v_cpu_hour())?,
        memory_gb_milli: average(total.memory_gb_hour())?,
    })
}

/// EMR leaves the mode out for what was started before there were two.
fn mode(mode: Option<&sdk::JobRunMode>) -> String {
    mode.map_or("BATCH", sdk::JobRunMode::as_str).to_owned()
}

fn id(text: &str) -> Result<JobRunId, AwsError> {
    text.parse().map_err(|_| {
        AwsError::odd_answer(
            "ListJobRuns",
            Effect::Reads,
            format!("{text:?} is no id of a job run"),
        )
    })
}
