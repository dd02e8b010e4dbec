//! `StartJobRun` as it was sent: every field is known, or the request is refused.

use std::collections::BTreeMap;

use serde_json::Value;

use super::application::Application;
use super::error::EmrError;
use super::job_run::Mode;
use crate::wire::unknown_fields;

/// A `StartJobRun` that has been found valid.
#[derive(Debug, Clone, PartialEq)]
pub struct StartJobRun {
    /// Idempotence: the same token is the same run.
    pub client_token: String,
    /// The role that the job gets.
    pub execution_role_arn: String,
    /// `{"sparkSubmit": {...}}`.
    pub job_driver: Value,
    /// As sent; null when absent.
    pub configuration_overrides: Value,
    /// As sent; null when absent.
    pub retry_policy: Value,
    /// Minutes; zero means no time-out.
    pub execution_timeout_minutes: u32,
    /// BATCH when absent.
    pub mode: Mode,
    /// The name, if any.
    pub name: Option<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

/// AWS cancels a batch run after 12 hours unless it says otherwise.
const BATCH_TIMEOUT_MINUTES: u32 = 720;

impl StartJobRun {
    /// Reads and checks the body of a request.
    pub fn parse(body: &Value, application: &Application) -> Result<Self, EmrError> {
        known("", body, FIELDS)?;
        let driver = &body["jobDriver"];
        check_driver(driver)?;
        check_overrides(&body["configurationOverrides"])?;
        let mode = match body["mode"].as_str() {
            None | Some("BATCH") => Mode::Batch,
            Some("STREAMING") => Mode::Streaming,
            Some(other) => {
                return Err(invalid(format!("Invalid value for mode: {other}")));
            }
        };
        if mode == Mode::Streaming && !application.release_is_at_least(7, 1) {
            return Err(invalid(format!(
                "Job run mode STREAMING is supported on release emr-7.1.0 and later, and the \
                 application's is {}",
                application.release_label
            )));
        }
        check_retries(&body["retryPolicy"], mode)?;
        let timeout = match &body["executionTimeoutMinutes"] {
            Value::Null if mode == Mode::Batch => BATCH_TIMEOUT_MINUTES,
            Value::Null => 0,
            value => value
                .as_u64()
                .filter(|minutes| *minutes <= 1_000_000)
                .and_then(|minutes| u32::try_from(minutes).ok())
                .ok_or_else(|| invalid("executionTimeoutMinutes must be 0 to 1000000"))?,
        };
        if mode == Mode::Streaming && timeout != 0 {
            return Err(invalid(
                "executionTimeoutMinutes is not supported for job runs in STREAMING mode",
            ));
        }
        Ok(Self {
            client_token: token(&body["clientToken"])?,
            execution_role_arn: role(&body["executionRoleArn"])?,
            job_driver: driver.clone(),
            configuration_overrides: body["configurationOverrides"].clone(),
            retry_policy: body["retryPolicy"].clone(),
            execution_timeout_minutes: timeout,
            mode,
            name: name(&body["name"])?,
            tags: tags(&body["tags"])?,
        })
    }
}

/// A map of texts, as tags are.
pub(super) fn tags(value: &Value) -> Result<BTreeMap<String, String>, EmrError> {
    match value {
        Value::Null => Ok(BTreeMap::new()),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| {
                let text = value
                    .as_str()
                    .ok_or_else(|| invalid("a tag's value is a text"))?;
                Ok((key.clone(), text.to_owned()))
            })
            .collect(),
        _ => Err(invalid("tags must be a map")),
    }
}

/// A client token as the API model has it.
pub(super) fn token(value: &Value) -> Result<String, EmrError> {
    let token = value.as_str().unwrap_or_default();
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if token.is_empty() || token.len() > 64 || !token.chars().all(fits) {
        return Err(invalid(
            "clientToken must have 1 to 64 characters of [A-Za-z0-9._-]",
        ));
    }
    Ok(token.to_owned())
}

/// Refuses fields that the sandbox does not know, by name.
pub(super) fn known(at: &str, value: &Value, fields: &[&str]) -> Result<(), EmrError> {
    if !value.is_object() && !value.is_null() {
        return Err(invalid(format!("{at} must be a structure")));
    }
    let unknown = unknown_fields(value, fields);
    match unknown.is_empty() {
        true => Ok(()),
        false => Err(invalid(format!(
            "unknown parameter in {}: {}",
            if at.is_empty() { "input" } else { at },
            unknown.join(", ")
        ))),
    }
}

pub(super) fn invalid(text: impl Into<String>) -> EmrError {
    EmrError::Validation(text.into())
}

fn role(value: &Value) -> Result<String, EmrError> {
    let arn = value.as_str().unwrap_or_default();
    if !(arn.starts_with("arn:aws:iam::") && arn.contains(":role/")) {
        return Err(invalid(format!("Invalid executionRoleArn: {arn}")));
    }
    Ok(arn.to_owned())
}

fn name(value: &Value) -> Result<Option<String>, EmrError> {
    match value {
        Value::Null => Ok(None),
        Value::String(name) if (1..=256).contains(&name.len()) => Ok(Some(name.clone())),
        _ => Err(invalid("name must have 1 to 256 characters")),
    }
}

fn check_driver(driver: &Value) -> Result<(), EmrError> {
    known("jobDriver", driver, &["sparkSubmit"])?;
    let submit = &driver["sparkSubmit"];
    known("jobDriver.sparkSubmit", submit, SPARK_SUBMIT)?;
    match submit["entryPoint"].as_str() {
        Some(entry) if !entry.is_empty() => Ok(()),
        _ => Err(invalid("jobDriver.sparkSubmit.entryPoint must not be null")),
    }
}

fn check_overrides(overrides: &Value) -> Result<(), EmrError> {
    let at = "configurationOverrides";
    known(
        at,
        overrides,
        &["applicationConfiguration", "monitoringConfiguration"],
    )?;
    for one in overrides["applicationConfiguration"]
        .as_array()
        .into_iter()
        .flatten()
    {
        let fields = &["classification", "properties", "configurations"];
        known(
            "configurationOverrides.applicationConfiguration",
            one,
            fields,
        )?;
        check_properties(&one["properties"])?;
    }
    check_monitoring("configurationOverrides.monitoringConfiguration", overrides)
}

/// The limits of `SensitivePropertiesMap` in EMR's service model.
fn check_properties(properties: &Value) -> Result<(), EmrError> {
    let properties: Vec<_> = properties.as_object().into_iter().flatten().collect();
    if properties.len() > 100 {
        return Err(invalid("properties must have at most 100 entries"));
    }
    let length = |value: &Value| value.as_str().map_or(0, |v| v.chars().count());
    match properties.iter().find(|(_, value)| length(value) > 1_024) {
        Some((key, _)) => Err(invalid(format!(
            "the value of {key} must have length less than or equal to 1024"
        ))),
        None => Ok(()),
    }
}

fn check_monitoring(at: &str, overrides: &Value) -> Result<(), EmrError> {
    let monitoring = &overrides["monitoringConfiguration"];
    known(at, monitoring, MONITORING)?;
    let logging = &monitoring["cloudWatchLoggingConfiguration"];
    known(
        &format!("{at}.cloudWatchLoggingConfiguration"),
        logging,
        CLOUD_WATCH,
    )
}

fn check_retries(policy: &Value, mode: Mode) -> Result<(), EmrError> {
    known(
        "retryPolicy",
        policy,
        &["maxAttempts", "maxFailedAttemptsPerHour"],
    )?;
    let (mine, other) = match mode {
        Mode::Batch => ("maxAttempts", "maxFailedAttemptsPerHour"),
        Mode::Streaming => ("maxFailedAttemptsPerHour", "maxAttempts"),
    };
    if !policy[other].is_null() {
        let mode = mode.as_str();
        return Err(invalid(format!("{other} is not supported for {mode} mode")));
    }
    match &policy[mine] {
        Value::Null => Ok(()),
        value if value.as_u64().is_some_and(|n| (1..=10).contains(&n)) => Ok(()),
        _ => Err(invalid(format!("{mine} must be 1 to 10"))),
    }
}

const FIELDS: &[&str] = &[
    "clientToken",
    "executionRoleArn",
    "jobDriver",
    "configurationOverrides",
    "tags",
    "executionTimeoutMinutes",
    "name",
    "mode",
    "retryPolicy",
];

const SPARK_SUBMIT: &[&str] =
    &["entryPoint", "entryPointArguments", "sparkSubmitParameters"];

const MONITORING: &[&str] = &[
    "s3MonitoringConfiguration",
    "managedPersistenceMonitoringConfiguration",
    "cloudWatchLoggingConfiguration",
    "prometheusMonitoringConfiguration",
];

const CLOUD_WATCH: &[&str] = &[
    "enabled",
    "logGroupName",
    "logStreamNamePrefix",
    "encryptionKeyArn",
    "logTypes",
];
