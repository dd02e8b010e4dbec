//! What a job run runs: its digest, by which a plan knows it again, and the
//! marks by which a stream's job runs are recognised.

use std::collections::HashMap;

use aws_sdk_emrserverless::types as sdk;
use domain::canonical;
use domain::ids::Digest;
use serde_json::{Map, Value, json};

use super::job_run::JobMarks;

/// The SHA-256 of the canonical JSON of everything that a job run is started
/// with, but for its name, its tags and its client token.
#[must_use]
pub fn driver_digest(run: &sdk::JobRun) -> Digest {
    let mut all = Map::new();
    put(&mut all, "executionRole", Some(json!(run.execution_role())));
    put(
        &mut all,
        "executionIamPolicy",
        run.execution_iam_policy().map(iam_policy),
    );
    put(
        &mut all,
        "mode",
        run.mode().map(|mode| json!(mode.as_str())),
    );
    put(&mut all, "jobDriver", run.job_driver().map(job_driver));
    put(
        &mut all,
        "configurationOverrides",
        run.configuration_overrides().map(overrides),
    );
    put(
        &mut all,
        "retryPolicy",
        run.retry_policy().map(retry_policy),
    );
    put(
        &mut all,
        "executionTimeoutMinutes",
        run.execution_timeout_minutes().map(text),
    );
    canonical::digest(&Value::Object(all))
        .expect("texts, booleans, lists and maps of texts have a canonical form")
}

pub(super) fn marks(run: &sdk::JobRun) -> JobMarks {
    let spark = run.job_driver().and_then(|d| d.as_spark_submit().ok());
    let mut properties = Vec::new();
    if let Some(overrides) = run.configuration_overrides() {
        collect_properties(overrides.application_configuration(), &mut properties);
    }
    JobMarks {
        entry_point: spark.map(|s| s.entry_point().to_owned()),
        arguments: spark
            .map(|s| s.entry_point_arguments().to_vec())
            .unwrap_or_default(),
        parameters: spark
            .and_then(|s| s.spark_submit_parameters())
            .unwrap_or_default()
            .to_owned(),
        properties,
    }
}

pub(super) fn tag<'a>(run: &'a sdk::JobRun, name: &str) -> Option<&'a str> {
    run.tags()?.get(name).map(String::as_str)
}

fn collect_properties(configurations: &[sdk::Configuration], into: &mut Vec<String>) {
    for configuration in configurations {
        into.extend(
            configuration
                .properties()
                .into_iter()
                .flat_map(HashMap::values)
                .cloned(),
        );
        collect_properties(configuration.configurations(), into);
    }
}

fn put(map: &mut Map<String, Value>, key: &str, value: Option<Value>) {
    if let Some(value) = value {
        map.insert(key.to_owned(), value);
    }
}

/// Numbers as texts, since canonical JSON has no whole numbers past 2^53.
fn text<T: ToString>(number: T) -> Value {
    Value::String(number.to_string())
}

fn texts(map: &HashMap<String, String>) -> Value {
    map.iter()
        .map(|(key, value)| (key.clone(), json!(value)))
        .collect::<Map<_, _>>()
        .into()
}

fn iam_policy(policy: &sdk::JobRunExecutionIamPolicy) -> Value {
    let mut map = Map::new();
    put(&mut map, "policy", policy.policy().map(|p| json!(p)));
    put(
        &mut map,
        "policyArns",
        policy.policy_arns.as_ref().map(|arns| json!(arns)),
    );
    map.into()
}

fn job_driver(driver: &sdk::JobDriver) -> Value {
    let mut map = Map::new();
    match driver {
        sdk::JobDriver::SparkSubmit(spark) => {
            put(&mut map, "entryPoint", Some(json!(spark.entry_point())));
            put(
                &mut map,
                "entryPointArguments",
                Some(json!(spark.entry_point_arguments())),
            );
            put(
                &mut map,
                "sparkSubmitParameters",
                spark.spark_submit_parameters().map(|p| json!(p)),
            );
            json!({ "sparkSubmit": map })
        }
        sdk::JobDriver::Hive(hive) => {
            put(&mut map, "query", Some(json!(hive.query())));
            put(
                &mut map,
                "initQueryFile",
                hive.init_query_file().map(|f| json!(f)),
            );
            put(&mut map, "parameters", hive.parameters().map(|p| json!(p)));
            json!({ "hive": map })
        }
        _ => json!("unknown"),
    }
}

fn overrides(overrides: &sdk::ConfigurationOverrides) -> Value {
    let mut map = Map::new();
    put(
        &mut map,
        "applicationConfiguration",
        overrides
            .application_configuration
            .as_deref()
            .map(configurations),
    );
    put(
        &mut map,
        "monitoringConfiguration",
        overrides.monitoring_configuration().map(monitoring),
    );
    let encryption = overrides.disk_encryption_configuration().map(|disk| {
        let mut map = Map::new();
        put(
            &mut map,
            "encryptionContext",
            disk.encryption_context().map(texts),
        );
        put(
            &mut map,
            "encryptionKeyArn",
            disk.encryption_key_arn().map(|k| json!(k)),
        );
        map.into()
    });
    put(&mut map, "diskEncryptionConfiguration", encryption);
    map.into()
}

fn configurations(list: &[sdk::Configuration]) -> Value {
    list.iter()
        .map(|configuration| {
            let mut map = Map::new();
            put(
                &mut map,
                "classification",
                Some(json!(configuration.classification())),
            );
            put(
                &mut map,
                "properties",
                configuration.properties().map(texts),
            );
            put(
                &mut map,
                "configurations",
                configuration.configurations.as_deref().map(configurations),
            );
            Value::from(map)
        })
        .collect()
}

fn monitoring(monitoring: &sdk::MonitoringConfiguration) -> Value {
    let mut map = Map::new();
    let s3 = monitoring.s3_monitoring_configuration().map(|s3| {
        let mut map = Map::new();
        put(&mut map, "logUri", s3.log_uri().map(|uri| json!(uri)));
        put(
            &mut map,
            "encryptionKeyArn",
            s3.encryption_key_arn().map(|k| json!(k)),
        );
        map.into()
    });
    put(&mut map, "s3MonitoringConfiguration", s3);
    let managed = monitoring
        .managed_persistence_monitoring_configuration()
        .map(|m| {
            let mut map = Map::new();
            put(&mut map, "enabled", m.enabled().map(|on| json!(on)));
            put(
                &mut map,
                "encryptionKeyArn",
                m.encryption_key_arn().map(|k| json!(k)),
            );
            map.into()
        });
    put(
        &mut map,
        "managedPersistenceMonitoringConfiguration",
        managed,
    );
    let logs = monitoring.cloud_watch_logging_configuration().map(|logs| {
        let mut map = Map::new();
        put(&mut map, "enabled", Some(json!(logs.enabled())));
        put(
            &mut map,
            "logGroupName",
            logs.log_group_name().map(|n| json!(n)),
        );
        let prefix = logs.log_stream_name_prefix().map(|p| json!(p));
        put(&mut map, "logStreamNamePrefix", prefix);
        put(
            &mut map,
            "encryptionKeyArn",
            logs.encryption_key_arn().map(|k| json!(k)),
        );
        put(
            &mut map,
            "logTypes",
            logs.log_types().map(|types| json!(types)),
        );
        map.into()
    });
    put(&mut map, "cloudWatchLoggingConfiguration", logs);
    let prometheus = monitoring.prometheus_monitoring_configuration().map(|p| {
        let mut map = Map::new();
        put(
            &mut map,
            "remoteWriteUrl",
            p.remote_write_url().map(|url| json!(url)),
        );
        map.into()
    });
    put(&mut map, "prometheusMonitoringConfiguration", prometheus);
    map.into()
}

fn retry_policy(policy: &sdk::RetryPolicy) -> Value {
    let mut map = Map::new();
    put(&mut map, "maxAttempts", policy.max_attempts().map(text));
    put(
        &mut map,
        "maxFailedAttemptsPerHour",
        policy.max_failed_attempts_per_hour().map(text),
    );
    map.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_emrserverless::primitives::DateTime;

    fn job_run(arguments: &[&str], properties: &[(&str, &str)]) -> sdk::JobRun {
        let spark = sdk::SparkSubmit::builder()
            .entry_point("s3://bucket/jobs/a.py")
            .set_entry_point_arguments(Some(
                arguments.iter().map(ToString::to_string).collect(),
            ))
            .build()
            .unwrap();
        let properties: HashMap<String, String> = properties
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        let configuration = sdk::Configuration::builder()
            .classification("spark-defaults")
            .set_properties(Some(properties))
            .build()
            .unwrap();
        sdk::JobRun::builder()
            .application_id("app")
            .job_run_id("run")
            .arn("arn")
            .created_by("me")
            .created_at(DateTime::from_secs(1))
            .updated_at(DateTime::from_secs(1))
            .execution_role("role")
            .state(sdk::JobRunState::Running)
            .state_details("")
            .release_label("emr-7.5.0")
            .job_driver(sdk::JobDriver::SparkSubmit(spark))
            .configuration_overrides(
                sdk::ConfigurationOverrides::builder()
                    .application_configuration(configuration)
                    .build(),
            )
            .build()
            .unwrap()
    }

    #[test]
    fn the_digest_is_that_of_what_runs_and_of_nothing_else() {
        let base = job_run(&["a", "b"], &[("k", "1"), ("l", "2")]);
        let digest = driver_digest(&base);
        let again = job_run(&["a", "b"], &[("l", "2"), ("k", "1")]);
        assert_eq!(driver_digest(&again), digest);
        let mut later = again.clone();
        later.state = sdk::JobRunState::Failed;
        later.name = Some("other".to_owned());
        assert_eq!(driver_digest(&later), digest);
        for other in [
            job_run(&["b", "a"], &[("k", "1"), ("l", "2")]),
            job_run(&["a", "b"], &[("k", "1"), ("l", "3")]),
            job_run(&["a b"], &[("k", "1"), ("l", "2")]),
        ] {
            assert_ne!(driver_digest(&other), digest);
        }
        later.mode = Some(sdk::JobRunMode::Streaming);
        assert_ne!(driver_digest(&later), digest);
    }

    #[test]
    fn marks_hold_arguments_and_property_values() {
        let marks = marks(&job_run(&["--checkpoint", "s3://b/c/"], &[("k", "v")]));
        assert_eq!(marks.entry_point.as_deref(), Some("s3://bucket/jobs/a.py"));
        assert_eq!(marks.arguments, ["--checkpoint", "s3://b/c/"]);
        assert_eq!(marks.properties, ["v"]);
    }
}
