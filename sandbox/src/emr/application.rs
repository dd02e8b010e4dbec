//! An application: where job runs are placed, with a release label of its own.

use std::collections::BTreeMap;

use domain::checkpoint::SparkLine;
use serde_json::Value;

use crate::wire::{ACCOUNT, REGION};

/// The states of an application, by AWS's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApplicationState {
    Creating,
    Created,
    Starting,
    Started,
    Stopping,
    Stopped,
    Terminated,
}

/// One application.
#[derive(Debug, Clone)]
pub struct Application {
    /// The id in ARNs and paths.
    pub id: String,
    /// The name a person gave it.
    pub name: String,
    /// Such as `emr-7.9.0`.
    pub release_label: String,
    /// Where it is in its life.
    pub state: ApplicationState,
    /// Why it is in that state, in AWS's words.
    pub state_details: String,
    /// Milliseconds since the epoch.
    pub created_at_ms: i64,
    /// Milliseconds since the epoch.
    pub updated_at_ms: i64,
    /// Whether a submitted job starts it.
    pub auto_start: bool,
    /// Job runs that may be under way at once; more are queued.
    pub concurrent_runs_max: Option<u32>,
    /// Where logs go when a job run does not say.
    pub monitoring: Value,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

impl ApplicationState {
    /// As it stands on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Creating => "CREATING",
            Self::Created => "CREATED",
            Self::Starting => "STARTING",
            Self::Started => "STARTED",
            Self::Stopping => "STOPPING",
            Self::Stopped => "STOPPED",
            Self::Terminated => "TERMINATED",
        }
    }
}

impl Application {
    /// The ARN.
    pub fn arn(&self) -> String {
        format!(
            "arn:aws:emr-serverless:{REGION}:{ACCOUNT}:/applications/{}",
            self.id
        )
    }

    /// The Spark that this release runs.
    pub fn spark_line(&self) -> SparkLine {
        SparkLine::from_emr_release(&self.release_label).line
    }

    /// Whether the release is at least `major.minor` of EMR's 7 and later line.
    pub fn release_is_at_least(&self, major: u32, minor: u32) -> bool {
        if self.release_label.starts_with("emr-spark-") {
            return true;
        }
        let mut parts = self
            .release_label
            .trim_start_matches("emr-")
            .split('.')
            .map(|part| part.parse::<u32>().unwrap_or(0));
        let release = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
        release >= (major, minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_release(label: &str) -> Application {
        Application {
            id: "00f".into(),
            name: "a".into(),
            release_label: label.into(),
            state: ApplicationState::Started,
            state_details: String::new(),
            created_at_ms: 0,
            updated_at_ms: 0,
            auto_start: true,
            concurrent_runs_max: None,
            monitoring: Value::Null,
            tags: BTreeMap::new(),
        }
    }

    #[test]
    fn releases_are_compared_by_number() {
        assert!(of_release("emr-7.10.0").release_is_at_least(7, 9));
        assert!(!of_release("emr-7.8.0").release_is_at_least(7, 9));
        assert!(!of_release("emr-6.15.0").release_is_at_least(7, 1));
        assert!(of_release("emr-spark-8.0.0").release_is_at_least(7, 9));
    }
}
