//! Who started a job run, as far as EMR Serverless tells.
//!
//! EMR knows the caller of StartJobRun and what the submission carries. Which
//! task of which DAG that was, it knows only where the submission says so; all
//! other tasks are known to Airflow alone.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::JobRunSeen;

/// The name that Airflow's `EmrServerlessStartJobOperator` gives a job run where
/// its DAG gives none; a UUID follows.
const OPERATOR_NAME: &str = "emr_serverless_job_airflow";
/// The session in which tasks on Amazon MWAA call AWS.
const MWAA_SESSION: &str = "AmazonMWAA-airflow";
/// Set by the operator's `openlineage_inject_parent_job_info`: `<dag>.<task>`.
const PARENT_JOB: &str = "spark.openlineage.parentJobName";
/// Tags, in lower case and with underscores, as people name them.
const DAG_TAGS: [&str; 3] = ["dag_id", "airflow_dag_id", "airflow_dag"];
const TASK_TAGS: [&str; 3] = ["task_id", "airflow_task_id", "airflow_task"];

/// Who started a job run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Starter {
    /// The caller of StartJobRun, an ARN.
    pub by: String,
    /// What shows that it was a task of Airflow; `None` where nothing does, which
    /// does not show that it was none.
    pub airflow: Option<Airflow>,
}

/// A task of Airflow, by the marks that it left at EMR.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Airflow {
    /// The mark.
    pub sign: AirflowSign,
    /// The DAG, where the submission names it.
    pub dag: Option<String>,
    /// The task in it, where the submission names it.
    pub task: Option<String>,
}

/// By which mark a task of Airflow is known, the one that tells most first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AirflowSign {
    /// Its tags name a DAG or a task.
    Tags,
    /// The parent job that Airflow's operator hands on to OpenLineage.
    Parent,
    /// The name that Airflow's operator gives.
    Name,
    /// The caller is a task on Amazon MWAA.
    Caller,
}

impl Starter {
    /// By what EMR tells of a job run; `confs` may be a part of its Spark confs.
    #[must_use]
    pub fn of(
        by: &str,
        name: Option<&str>,
        tags: &BTreeMap<String, String>,
        confs: &BTreeMap<String, String>,
    ) -> Self {
        let tagged = |wanted: &[&str]| {
            let is = |key: &str| {
                let key = key.to_ascii_lowercase().replace(['-', '.', ':'], "_");
                wanted.contains(&key.as_str())
            };
            let found = tags
                .iter()
                .find(|(key, value)| is(key) && !value.is_empty());
            found.map(|(_, value)| value.clone())
        };
        let (dag, task) = (tagged(&DAG_TAGS), tagged(&TASK_TAGS));
        let known = |sign, dag, task| Some(Airflow { sign, dag, task });
        let parent = confs.get(PARENT_JOB).and_then(|job| job.split_once('.'));
        let airflow = if dag.is_some() || task.is_some() {
            known(AirflowSign::Tags, dag, task)
        } else if let Some((dag, task)) = parent {
            let (dag, task) = (dag.to_owned(), task.to_owned());
            known(AirflowSign::Parent, Some(dag), Some(task))
        } else if name.is_some_and(|name| name.starts_with(OPERATOR_NAME)) {
            known(AirflowSign::Name, None, None)
        } else if by.rsplit('/').next() == Some(MWAA_SESSION) {
            known(AirflowSign::Caller, None, None)
        } else {
            None
        };
        Self {
            by: by.to_owned(),
            airflow,
        }
    }

    /// The name by which people know each other: of a role that was assumed the
    /// role's, else the last part of the ARN.
    #[must_use]
    pub fn short(&self) -> &str {
        let mut parts = self.by.rsplit('/');
        let last = parts.next().unwrap_or_default();
        match parts.next() {
            Some(role) if self.by.contains(":assumed-role/") && last == MWAA_SESSION => {
                role
            }
            _ => last,
        }
    }

    /// Whose task it was, where anything tells, without a full stop.
    #[must_use]
    pub fn airflow_words(&self) -> Option<String> {
        let airflow = self.airflow.as_ref()?;
        let what = match (&airflow.dag, &airflow.task) {
            (Some(dag), Some(task)) => format!("Airflow's task {task} of the DAG {dag}"),
            (Some(dag), None) => format!("a task of Airflow's DAG {dag}"),
            (None, Some(task)) => format!("Airflow's task {task}"),
            (None, None) => "a task of Airflow".to_owned(),
        };
        let sign = match airflow.sign {
            AirflowSign::Tags => "by its tags",
            AirflowSign::Parent => "by its OpenLineage parent job",
            AirflowSign::Name => "by the name that Airflow's operator gives",
            AirflowSign::Caller => "by its caller, which is Amazon MWAA",
        };
        Some(format!("{what}, {sign}"))
    }
}

impl JobRunSeen {
    /// Who started it, by its name and its caller.
    #[must_use]
    pub fn starter(&self) -> Starter {
        let none = BTreeMap::new();
        Starter::of(&self.created_by, self.name.as_deref(), &none, &none)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: &str = "arn:aws:iam::123456789012:user/ann";
    const MWAA: &str =
        "arn:aws:sts::123456789012:assumed-role/AmazonMWAA-prod-kwZ/AmazonMWAA-airflow";

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let owned = |text: &&str| (*text).to_owned();
        pairs.iter().map(|(k, v)| (owned(k), owned(v))).collect()
    }

    fn words(
        by: &str,
        name: &str,
        tags: &[(&str, &str)],
        confs: &[(&str, &str)],
    ) -> String {
        let starter = Starter::of(by, Some(name), &map(tags), &map(confs));
        let airflow = starter.airflow_words().unwrap_or_default();
        format!("{}: {airflow}", starter.short())
    }

    #[test]
    fn a_task_of_airflow_is_known_by_what_it_left_and_nothing_else_is_one() {
        let parent = [("spark.openlineage.parentJobName", "orders_hourly.start.job")];
        for (starter, expected) in [
            (words(USER, "orders-7", &[("team", "a")], &[]), "ann: "),
            (words(USER, "my_airflow_job", &[], &[]), "ann: "),
            (
                words(
                    USER,
                    "x",
                    &[("airflow-dag-id", "orders"), ("Task_ID", "go")],
                    &[],
                ),
                "ann: Airflow's task go of the DAG orders, by its tags",
            ),
            (
                words(USER, "x", &[("dag_id", "orders")], &parent),
                "ann: a task of Airflow's DAG orders, by its tags",
            ),
            (
                words(USER, "x", &[], &parent),
                "ann: Airflow's task start.job of the DAG orders_hourly, by its \
                 OpenLineage parent job",
            ),
            (
                words(USER, "emr_serverless_job_airflow_4e77", &[], &[]),
                "ann: a task of Airflow, by the name that Airflow's operator gives",
            ),
            (
                words(MWAA, "orders-7", &[], &[]),
                "AmazonMWAA-prod-kwZ: a task of Airflow, by its caller, which is Amazon \
                 MWAA",
            ),
        ] {
            assert_eq!(starter, expected);
        }
    }
}
