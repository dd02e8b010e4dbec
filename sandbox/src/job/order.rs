//! What a driver is told: its order at the start, and the signal to stop.

use std::collections::BTreeMap;

use domain::checkpoint::SparkLine;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::submitted::submitted_confs;
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
    /// `--conf` over `spark-defaults`; what the code sets goes over both.
    pub(super) confs: BTreeMap<String, String>,
    /// Keys that spark-submit does not hand on, since they are not Spark's.
    pub(super) ignored_confs: Vec<String>,
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
        let overrides = &run.configuration_overrides["applicationConfiguration"];
        let (confs, ignored) = handed_on(
            overrides,
            submitted_confs(run.spark_submit("sparkSubmitParameters")),
        );
        Self {
            application_id: run.application_id.clone(),
            job_run_id: run.id.clone(),
            number,
            line: application.spark_line(),
            entry_point: run.spark_submit("entryPoint").to_owned(),
            arguments: run.arguments(),
            confs,
            ignored_confs: ignored.into_keys().collect(),
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

type Confs = BTreeMap<String, String>;

/// What spark-submit hands on to the driver, and what it ignores: keys that do not
/// begin with `spark.` (`SparkSubmitArguments.ignoreNonSparkProperties`).
fn handed_on(overrides: &Value, submitted: Confs) -> (Confs, Confs) {
    let defaults = overrides
        .as_array()
        .into_iter()
        .flatten()
        .filter(|one| one["classification"] == "spark-defaults")
        .flat_map(|one| one["properties"].as_object().into_iter().flatten())
        .map(|(key, value)| {
            let value = value.as_str().unwrap_or_default();
            (key.clone(), value.to_owned())
        });
    let mut all: Confs = defaults.collect();
    all.extend(submitted);
    all.into_iter()
        .partition(|(key, _)| key.starts_with("spark."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_submitted_conf_wins_over_a_default_and_foreign_keys_are_ignored() {
        let overrides = serde_json::json!([
            { "classification": "spark-env", "properties": { "spark.a": "env" } },
            { "classification": "spark-defaults", "properties": {
                "spark.a": "default",
                "spark.b": "default",
                "orders.from": "earliest",
            } },
        ]);
        let submitted = submitted_confs("--conf spark.b=submitted --conf kafka.x=1");
        let (confs, ignored) = handed_on(&overrides, submitted);
        assert_eq!(confs["spark.a"], "default");
        assert_eq!(confs["spark.b"], "submitted");
        assert_eq!(confs.len(), 2);
        assert_eq!(
            ignored.into_keys().collect::<Vec<_>>(),
            ["kafka.x", "orders.from"]
        );
    }
}
