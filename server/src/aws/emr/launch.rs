//! What a job run was started with, so that two can be compared. What leaves
//! this module is the comparison, in which nothing that may be a secret stands,
//! and the addresses of the files that a job is made of.

use std::collections::BTreeMap;

use aws_sdk_emrserverless::types as sdk;
use domain::changed::{Launch, Setting, compare, may_be_secret};
use domain::ids::JobRunId;

use super::Emr;
use super::carry::words;
use crate::aws::error::AwsError;

const DEFAULTS: &str = "spark-defaults";
const SQL: &str = "spark.sql.";
/// Keys under which Spark takes files along, with what they are to the job.
const FILES: [(&str, &str); 6] = [
    ("--jars", "jar"),
    ("spark.jars", "jar"),
    ("--py-files", "module"),
    ("spark.submit.pyFiles", "module"),
    ("--archives", "archive"),
    ("spark.archives", "archive"),
];

/// How the newer of two job runs was started.
pub struct Differences {
    /// Otherwise than the older.
    pub settings: Vec<Setting>,
    /// Of these files: what each is, and its address.
    pub files: Vec<(&'static str, String)>,
}

impl Emr {
    /// Compares what two job runs were started with.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub async fn differences(
        &self,
        application: &str,
        before: &JobRunId,
        after: &JobRunId,
    ) -> Result<Differences, AwsError> {
        let (before, after) = tokio::try_join!(
            self.raw(application, before),
            self.raw(application, after)
        )?;
        let after = launch(&after);
        Ok(Differences {
            settings: compare(&launch(&before), &after),
            files: files(&after),
        })
    }
}

pub(super) fn launch(run: &sdk::JobRun) -> Launch {
    let spark = run.job_driver().and_then(|d| d.as_spark_submit().ok());
    let mut plain = vec![
        ("release", run.release_label().to_owned()),
        ("role", run.execution_role().to_owned()),
    ];
    let mode = run.mode().map(|mode| mode.as_str().to_owned());
    plain.push(("mode", mode.unwrap_or_else(|| "BATCH".to_owned())));
    plain.extend(spark.map(|spark| ("script", spark.entry_point().to_owned())));
    let minutes = run.execution_timeout_minutes();
    plain.extend(minutes.map(|m| ("execution timeout in minutes", m.to_string())));
    let mut configured = BTreeMap::new();
    if let Some(overrides) = run.configuration_overrides() {
        collect(overrides.application_configuration(), &mut configured);
    }
    // A --conf wins over spark-defaults.
    let parameters = spark.and_then(|spark| spark.spark_submit_parameters());
    configured.extend(submitted(parameters.unwrap_or_default()));
    Launch {
        plain,
        arguments: spark
            .map(|spark| spark.entry_point_arguments().to_vec())
            .unwrap_or_default(),
        configured,
    }
}

/// Of all confs those that a checkpoint may pin, which are Spark SQL's; what may
/// be a secret is left out.
pub(super) fn sql_confs(
    configured: BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    configured
        .into_iter()
        .filter(|(key, value)| key.starts_with(SQL) && !may_be_secret(key, value))
        .collect()
}

/// What an application sets for all its job runs, as [`sql_confs`] does.
pub(super) fn sql_defaults(list: &[sdk::Configuration]) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    collect(list, &mut all);
    sql_confs(all)
}

fn collect(list: &[sdk::Configuration], into: &mut BTreeMap<String, String>) {
    for one in list {
        for (key, value) in one.properties().into_iter().flatten() {
            let key = match one.classification() {
                DEFAULTS => key.clone(),
                other => format!("{other}: {key}"),
            };
            into.insert(key, value.clone());
        }
        collect(one.configurations(), into);
    }
}

/// The parameters of spark-submit by their names, and each `--conf` by its key.
/// Where their quoting is not understood they are one value.
fn submitted(parameters: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let Some(words) = words(parameters) else {
        found.insert("sparkSubmitParameters".to_owned(), parameters.to_owned());
        return found;
    };
    let mut words = words.into_iter().map(|word| word.text).peekable();
    while let Some(word) = words.next() {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) if word.starts_with("--") => {
                (name.to_owned(), value.to_owned())
            }
            _ => {
                let value = words.next_if(|next| !next.starts_with("--"));
                (word, value.unwrap_or_default())
            }
        };
        match value.split_once('=') {
            Some((key, value)) if name == "--conf" || name == "-c" => {
                found.insert(key.to_owned(), value.to_owned());
            }
            _ => {
                found.insert(name, value);
            }
        }
    }
    found
}

fn files(launch: &Launch) -> Vec<(&'static str, String)> {
    let script = launch.plain.iter().find(|(key, _)| *key == "script");
    let mut files: Vec<(&'static str, String)> = script
        .map(|(_, uri)| ("script", uri.clone()))
        .into_iter()
        .collect();
    for (key, what) in FILES {
        let listed = launch.configured.get(key).map(String::as_str);
        let uris = listed.unwrap_or_default().split(',').map(str::trim);
        // An archive's name inside the job stands behind a hash.
        let uris = uris.map(|uri| uri.split('#').next().unwrap_or(uri));
        files.extend(uris.filter(|u| !u.is_empty()).map(|u| (what, u.to_owned())));
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_by_name_and_confs_by_key() {
        let text = "--class a.B --conf spark.x=1 --conf \"spark.y=a b\" \
                    --jars=s3://b/1.jar,s3://b/2.jar --verbose --conf=spark.z=a=b";
        let found = submitted(text);
        let expected = [
            ("--class", "a.B"),
            ("--jars", "s3://b/1.jar,s3://b/2.jar"),
            ("--verbose", ""),
            ("spark.x", "1"),
            ("spark.y", "a b"),
            ("spark.z", "a=b"),
        ];
        let expected: BTreeMap<String, String> = expected
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        assert_eq!(found, expected);
        let odd = submitted("--conf spark.x=\"open");
        assert_eq!(odd.len(), 1);
        assert!(odd.contains_key("sparkSubmitParameters"));
    }

    #[test]
    fn of_the_confs_only_those_of_spark_sql_leave_and_no_secret() {
        let text = "--conf spark.sql.shuffle.partitions=400 --conf spark.executor.memory=8g \
                    --conf spark.sql.catalog.x.token=hush";
        let kept = sql_confs(submitted(text));
        let expected = ("spark.sql.shuffle.partitions".to_owned(), "400".to_owned());
        assert_eq!(kept.into_iter().collect::<Vec<_>>(), [expected]);
    }

    #[test]
    fn script_jars_and_archives_are_the_files_of_a_job() {
        let mut launch = Launch {
            plain: vec![("script", "s3://b/a.py".to_owned())],
            ..Launch::default()
        };
        for (key, value) in [
            ("--jars", "s3://b/1.jar, s3://b/2.jar"),
            ("spark.archives", "s3://b/env.tar.gz#env"),
        ] {
            launch.configured.insert(key.to_owned(), value.to_owned());
        }
        let uris: Vec<String> = files(&launch)
            .into_iter()
            .map(|(what, uri)| format!("{what} {uri}"))
            .collect();
        assert_eq!(
            uris,
            [
                "script s3://b/a.py",
                "jar s3://b/1.jar",
                "jar s3://b/2.jar",
                "archive s3://b/env.tar.gz",
            ]
        );
    }
}
