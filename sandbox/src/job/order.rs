//! What a driver is told: its order at the start, and the signal to stop.

use std::collections::BTreeMap;

use domain::checkpoint::SparkLine;
use tokio_util::sync::CancellationToken;

use super::script::submitted_confs;
use crate::emr::{Application, JobRun};

/// What EMR hands to a driver.
#[derive(Debug, Clone)]
pub struct AttemptOrder {
    pub(super) application_id: String,
    pub(super) job_run_id: String,
    pub(super) number: u32,
    pub(super) line: SparkLine,
    pub(super) entry_point: String,
    pub(super) arguments: Vec<String>,
    pub(super) confs: BTreeMap<String, String>,
    pub(super) role: String,
    pub(super) log_group: String,
    pub(super) log_stream: String,
}

/// SIGTERM for a driver.
#[derive(Debug, Clone, Default)]
pub struct StopSignal {
    token: CancellationToken,
}

impl StopSignal {
    /// Sends the signal.
    pub fn terminate(&self) {
        self.token.cancel();
    }

    /// Whether it was sent.
    pub fn is_terminated(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Waits for it.
    pub async fn terminated(&self) {
        self.token.cancelled().await;
    }
}

impl AttemptOrder {
    /// The order for one attempt of a run.
    pub fn new(run: &JobRun, application: &Application, number: u32) -> Self {
        let logging = [
            &run.configuration_overrides["monitoringConfiguration"],
            &application.monitoring,
        ]
        .into_iter()
        .map(|monitoring| &monitoring["cloudWatchLoggingConfiguration"])
        .find(|logging| logging["enabled"] == true);
        let text =
            |field: &str| logging.and_then(|l| l[field].as_str()).unwrap_or_default();
        let group = match text("logGroupName") {
            "" => "/aws/emr-serverless",
            group => group,
        };
        let prefix = match text("logStreamNamePrefix").trim_matches('/') {
            "" => String::new(),
            prefix => format!("{prefix}/"),
        };
        let mut confs = BTreeMap::new();
        let overrides = &run.configuration_overrides["applicationConfiguration"];
        for one in overrides.as_array().into_iter().flatten() {
            if one["classification"] != "spark-defaults" {
                continue;
            }
            for (key, value) in one["properties"].as_object().into_iter().flatten() {
                confs.insert(key.clone(), value.as_str().unwrap_or_default().to_owned());
            }
        }
        confs.extend(submitted_confs(run.spark_submit("sparkSubmitParameters")));
        Self {
            application_id: run.application_id.clone(),
            job_run_id: run.id.clone(),
            number,
            line: application.spark_line(),
            entry_point: run.spark_submit("entryPoint").to_owned(),
            arguments: run.arguments(),
            confs,
            role: run
                .execution_role_arn
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .to_owned(),
            log_group: group.to_owned(),
            log_stream: format!(
                "{prefix}applications/{}/jobs/{}/attempts/{number}/SPARK_DRIVER/stderr",
                run.application_id, run.id
            ),
        }
    }
}
