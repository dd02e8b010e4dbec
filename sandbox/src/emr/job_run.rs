//! A job run and its attempts.

use std::collections::BTreeMap;

use serde_json::Value;

use super::application::Application;
use super::request::StartJobRun;
use crate::wire::{ACCOUNT, REGION};

/// The nine states of a job run, by AWS's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobRunState {
    Submitted,
    Pending,
    Scheduled,
    Running,
    Success,
    Failed,
    Cancelling,
    Cancelled,
    Queued,
}

/// How a job run is treated when it fails or runs long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Ends with its time-out, 12 hours by default.
    Batch,
    /// Never times out and is retried.
    Streaming,
}

/// One attempt of a job run.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// From 1.
    pub number: u32,
    /// Its own state.
    pub state: JobRunState,
    /// Why it is in that state.
    pub state_details: String,
    /// Milliseconds since the epoch.
    pub created_at_ms: i64,
    /// Milliseconds since the epoch.
    pub updated_at_ms: i64,
}

/// One job run.
#[derive(Debug, Clone)]
pub struct JobRun {
    /// Where it runs.
    pub application_id: String,
    /// Its id.
    pub id: String,
    /// The name that was given, if any.
    pub name: Option<String>,
    /// ARN of who started it.
    pub created_by: String,
    /// ARN of the role that the job has.
    pub execution_role_arn: String,
    /// Release label of the application when it was started.
    pub release_label: String,
    /// BATCH or STREAMING.
    pub mode: Mode,
    /// As submitted.
    pub job_driver: Value,
    /// As submitted; null when absent.
    pub configuration_overrides: Value,
    /// As submitted; null when absent.
    pub retry_policy: Value,
    /// Zero means no time-out.
    pub execution_timeout_minutes: u32,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// The state of the whole run.
    pub state: JobRunState,
    /// Why it is in that state.
    pub state_details: String,
    /// Milliseconds since the epoch.
    pub created_at_ms: i64,
    /// Milliseconds since the epoch.
    pub updated_at_ms: i64,
    /// When it first ran.
    pub started_at_ms: Option<i64>,
    /// When it came to its end.
    pub ended_at_ms: Option<i64>,
    /// How long it was queued, in milliseconds.
    pub queued_ms: i64,
    /// The attempts, oldest first.
    pub attempts: Vec<Attempt>,
}

impl JobRunState {
    /// All states.
    pub const ALL: [Self; 9] = [
        Self::Submitted,
        Self::Pending,
        Self::Scheduled,
        Self::Running,
        Self::Success,
        Self::Failed,
        Self::Cancelling,
        Self::Cancelled,
        Self::Queued,
    ];

    /// As it stands on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Submitted => "SUBMITTED",
            Self::Pending => "PENDING",
            Self::Scheduled => "SCHEDULED",
            Self::Running => "RUNNING",
            Self::Success => "SUCCESS",
            Self::Failed => "FAILED",
            Self::Cancelling => "CANCELLING",
            Self::Cancelled => "CANCELLED",
            Self::Queued => "QUEUED",
        }
    }

    /// The state of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// Whether nothing can follow.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Success | Self::Failed | Self::Cancelled)
    }
}

impl Mode {
    /// As it stands on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Batch => "BATCH",
            Self::Streaming => "STREAMING",
        }
    }
}

impl JobRun {
    /// The run of a request, just submitted.
    pub(super) fn submitted(
        id: String,
        application: &Application,
        request: &StartJobRun,
        created_by: &str,
        now_ms: i64,
    ) -> Self {
        Self {
            application_id: application.id.clone(),
            id,
            name: request.name.clone(),
            created_by: created_by.to_owned(),
            execution_role_arn: request.execution_role_arn.clone(),
            release_label: application.release_label.clone(),
            mode: request.mode,
            job_driver: request.job_driver.clone(),
            configuration_overrides: request.configuration_overrides.clone(),
            retry_policy: request.retry_policy.clone(),
            execution_timeout_minutes: request.execution_timeout_minutes,
            tags: request.tags.clone(),
            state: JobRunState::Submitted,
            state_details: String::new(),
            created_at_ms: now_ms,
            updated_at_ms: now_ms,
            started_at_ms: None,
            ended_at_ms: None,
            queued_ms: 0,
            attempts: Vec::new(),
        }
    }

    /// The ARN.
    pub fn arn(&self) -> String {
        format!(
            "arn:aws:emr-serverless:{REGION}:{ACCOUNT}:/applications/{}/jobruns/{}",
            self.application_id, self.id
        )
    }

    /// The newest attempt's number; zero before the first.
    pub fn attempt(&self) -> u32 {
        self.attempts.last().map_or(0, |attempt| attempt.number)
    }

    /// A text of `sparkSubmit`, such as `entryPoint`.
    pub fn spark_submit(&self, field: &str) -> &str {
        self.job_driver["sparkSubmit"][field]
            .as_str()
            .unwrap_or_default()
    }

    /// The entry-point arguments.
    pub fn arguments(&self) -> Vec<String> {
        let arguments = self.job_driver["sparkSubmit"]["entryPointArguments"].as_array();
        arguments
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    }

    /// How many attempts may fail: in an hour for a streaming run, in all for a batch.
    pub fn failures_max(&self) -> u32 {
        let (field, default) = match self.mode {
            Mode::Streaming => ("maxFailedAttemptsPerHour", 5),
            Mode::Batch => ("maxAttempts", 1),
        };
        self.retry_policy[field]
            .as_u64()
            .and_then(|number| u32::try_from(number).ok())
            .unwrap_or(default)
    }
}

/// The filters of `ListJobRuns`.
#[derive(Debug, Clone, Default)]
pub struct RunFilter {
    /// Only runs created after this time, in milliseconds.
    pub created_after_ms: Option<i64>,
    /// Only runs created before this time, in milliseconds.
    pub created_before_ms: Option<i64>,
    /// Only runs in one of these states; empty means all.
    pub states: Vec<JobRunState>,
    /// Only runs of this mode.
    pub mode: Option<Mode>,
}

impl RunFilter {
    pub(super) fn lets(&self, run: &JobRun) -> bool {
        self.created_after_ms
            .is_none_or(|ms| run.created_at_ms > ms)
            && self
                .created_before_ms
                .is_none_or(|ms| run.created_at_ms < ms)
            && (self.states.is_empty() || self.states.contains(&run.state))
            && self.mode.is_none_or(|mode| run.mode == mode)
    }
}
