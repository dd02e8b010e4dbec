//! Applications and job runs as the API shows them. Times are epoch seconds with
//! fractions, as REST JSON has them here.

use serde_json::{Map, Value, json};

use super::application::Application;
use super::job_run::{Attempt, JobRun};

/// Milliseconds as epoch seconds.
pub(super) fn seconds(ms: i64) -> Value {
    json!(ms as f64 / 1000.0)
}

/// `GetApplication`.
pub(super) fn application(app: &Application) -> Value {
    let mut value = application_summary(app);
    let map = value.as_object_mut().expect("a summary is an object");
    map.remove("id");
    map.insert("applicationId".into(), json!(app.id));
    map.insert("tags".into(), json!(app.tags));
    map.insert(
        "autoStartConfiguration".into(),
        json!({ "enabled": app.auto_start }),
    );
    map.insert(
        "autoStopConfiguration".into(),
        json!({ "enabled": true, "idleTimeoutMinutes": 15 }),
    );
    if let Some(runs) = app.concurrent_runs_max {
        map.insert(
            "schedulerConfiguration".into(),
            json!({ "maxConcurrentRuns": runs, "queueTimeoutMinutes": 360 }),
        );
    }
    put(map, "monitoringConfiguration", &app.monitoring);
    value
}

/// One entry of `ListApplications`.
pub(super) fn application_summary(app: &Application) -> Value {
    json!({
        "id": app.id,
        "name": app.name,
        "arn": app.arn(),
        "releaseLabel": app.release_label,
        "type": "Spark",
        "state": app.state.as_str(),
        "stateDetails": app.state_details,
        "createdAt": seconds(app.created_at_ms),
        "updatedAt": seconds(app.updated_at_ms),
        "architecture": "X86_64",
    })
}

/// `GetJobRun`, for the newest attempt or for one that was asked for.
pub(super) fn job_run(run: &JobRun, attempt: Option<&Attempt>, now_ms: i64) -> Value {
    let newest = attempt.is_none();
    let shown = attempt.or(run.attempts.last());
    let (state, details) = match attempt {
        Some(attempt) => (attempt.state, &attempt.state_details),
        None => (run.state, &run.state_details),
    };
    let mut value = json!({
        "applicationId": run.application_id,
        "jobRunId": run.id,
        "arn": run.arn(),
        "createdBy": run.created_by,
        "createdAt": seconds(run.created_at_ms),
        "updatedAt": seconds(run.updated_at_ms),
        "executionRole": run.execution_role_arn,
        "state": state.as_str(),
        "stateDetails": details,
        "releaseLabel": run.release_label,
        "jobDriver": run.job_driver,
        "tags": run.tags,
        "executionTimeoutMinutes": run.execution_timeout_minutes,
        "mode": run.mode.as_str(),
        "totalExecutionDurationSeconds": run.started_at_ms.map_or(0, |from| {
            (run.ended_at_ms.unwrap_or(now_ms) - from).max(0) / 1000
        }),
    });
    let map = value.as_object_mut().expect("a job run is an object");
    if let Some(name) = &run.name {
        map.insert("name".into(), json!(name));
    }
    put(map, "configurationOverrides", &run.configuration_overrides);
    put(map, "retryPolicy", &run.retry_policy);
    if let Some(attempt) = shown {
        map.insert("attempt".into(), json!(attempt.number));
        map.insert("attemptCreatedAt".into(), seconds(attempt.created_at_ms));
        map.insert("attemptUpdatedAt".into(), seconds(attempt.updated_at_ms));
    }
    if newest {
        if let Some(ms) = run.started_at_ms {
            map.insert("startedAt".into(), seconds(ms));
            let hours =
                (run.ended_at_ms.unwrap_or(now_ms) - ms).max(0) as f64 / 3_600_000.0;
            map.insert("totalResourceUtilization".into(), utilization(hours));
            if run.ended_at_ms.is_some() {
                map.insert("billedResourceUtilization".into(), utilization(hours));
            }
        }
        if let Some(ms) = run.ended_at_ms {
            map.insert("endedAt".into(), seconds(ms));
        }
        if run.queued_ms > 0 {
            map.insert("queuedDurationMilliseconds".into(), json!(run.queued_ms));
        }
    }
    value
}

/// One entry of `ListJobRuns`.
pub(super) fn job_run_summary(run: &JobRun) -> Value {
    let mut value = json!({
        "applicationId": run.application_id,
        "id": run.id,
        "arn": run.arn(),
        "mode": run.mode.as_str(),
        "createdBy": run.created_by,
        "createdAt": seconds(run.created_at_ms),
        "updatedAt": seconds(run.updated_at_ms),
        "executionRole": run.execution_role_arn,
        "state": run.state.as_str(),
        "stateDetails": run.state_details,
        "releaseLabel": run.release_label,
        "type": "SPARK",
    });
    let map = value.as_object_mut().expect("a summary is an object");
    if let Some(name) = &run.name {
        map.insert("name".into(), json!(name));
    }
    if let Some(attempt) = run.attempts.last() {
        map.insert("attempt".into(), json!(attempt.number));
        map.insert("attemptCreatedAt".into(), seconds(attempt.created_at_ms));
        map.insert("attemptUpdatedAt".into(), seconds(attempt.updated_at_ms));
    }
    value
}

/// One entry of `ListJobRunAttempts`.
pub(super) fn attempt_summary(run: &JobRun, attempt: &Attempt) -> Value {
    let mut value = json!({
        "applicationId": run.application_id,
        "id": run.id,
        "arn": run.arn(),
        "mode": run.mode.as_str(),
        "createdBy": run.created_by,
        "jobCreatedAt": seconds(run.created_at_ms),
        "createdAt": seconds(attempt.created_at_ms),
        "updatedAt": seconds(attempt.updated_at_ms),
        "executionRole": run.execution_role_arn,
        "state": attempt.state.as_str(),
        "stateDetails": attempt.state_details,
        "releaseLabel": run.release_label,
        "type": "SPARK",
        "attempt": attempt.number,
    });
    if let (Some(name), Some(map)) = (&run.name, value.as_object_mut()) {
        map.insert("name".into(), json!(name));
    }
    value
}

/// A driver and two executors, four vCPU and 16 GB each.
fn utilization(hours: f64) -> Value {
    json!({
        "vCPUHour": 12.0 * hours,
        "memoryGBHour": 48.0 * hours,
        "storageGBHour": 60.0 * hours,
    })
}

fn put(map: &mut Map<String, Value>, key: &str, value: &Value) {
    if !value.is_null() {
        map.insert(key.to_owned(), value.clone());
    }
}
