//! The REST JSON protocol of EMR Serverless.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::request::Parts;
use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::answers;
use super::application::{Application, ApplicationState};
use super::call::Call;
use super::error::EmrError;
use super::job_run::JobRun;
use super::operation::Operation;
use super::request::{StartJobRun, invalid, known, tags, token};
use super::store::{Emr, new_id};
use crate::wire::{
    AwsService, Did, Principal, Protocol, REGION, rest_json_error, rest_json_ok,
};

/// EMR Serverless behind the front door.
pub struct EmrService {
    emr: Emr,
}

impl EmrService {
    /// The service over a store.
    pub fn new(emr: Emr) -> Self {
        Self { emr }
    }
}

#[async_trait::async_trait]
impl AwsService for EmrService {
    fn name(&self) -> &'static str {
        "emr-serverless"
    }

    fn protocol(&self) -> Protocol {
        Protocol::RestJson
    }

    fn action(&self, parts: &Parts, _body: &Bytes) -> Option<String> {
        Operation::of(parts).map(|operation| operation.name().to_owned())
    }

    fn resource(&self, parts: &Parts, _body: &Bytes) -> String {
        Operation::of(parts).map_or_else(|| "*".into(), |operation| operation.resource())
    }

    async fn handle(&self, parts: Parts, body: Bytes, by: Principal) -> Response<Body> {
        let Some(operation) = Operation::of(&parts) else {
            let text = format!(
                "no operation of EMR Serverless: {} {}",
                parts.method, parts.uri
            );
            return rest_json_error(
                StatusCode::BAD_REQUEST,
                "UnknownOperationException",
                &text,
            );
        };
        let (answer, params) = match Call::read(&operation, &parts, &body) {
            Ok(call) => (self.answer(&operation, &call, &by), call.in_short()),
            Err(error) => (Err(error), BTreeMap::new()),
        };
        let mut response = match answer {
            Ok(value) => rest_json_ok(&value),
            Err(error) => refusal(&error),
        };
        response.extensions_mut().insert(Did {
            action: operation.name().to_owned(),
            params: with_path(&operation, params),
            effect: operation.effect(),
        });
        response
    }
}

impl EmrService {
    fn answer(
        &self,
        op: &Operation,
        call: &Call,
        by: &Principal,
    ) -> Result<Value, EmrError> {
        let emr = &self.emr;
        match op {
            Operation::CreateApplication => self.create_application(&call.body),
            Operation::ListApplications => {
                let states = call.all("states");
                let apps = emr.applications().into_iter().filter(|app| {
                    states.is_empty() || states.contains(&app.state.as_str())
                });
                let shown = apps.map(|app| answers::application_summary(&app)).collect();
                call.page("applications", shown)
            }
            Operation::GetApplication(id) => {
                Ok(json!({ "application": answers::application(&emr.application(id)?) }))
            }
            Operation::UpdateApplication(id) => self.update_application(id, &call.body),
            Operation::StartApplication(id) => {
                emr.start_application(id).map(|()| json!({}))
            }
            Operation::StopApplication(id) => {
                emr.stop_application(id).map(|()| json!({}))
            }
            Operation::ListTagsForResource(arn) => Ok(json!({ "tags": self.tags(arn)? })),
            Operation::TagResource(arn) => {
                known("", &call.body, &["tags"])?;
                let new = tags(&call.body["tags"])?;
                self.change_tags(arn, |tags| tags.extend(new))
            }
            Operation::UntagResource(arn) => {
                let keys = call.all("tagKeys");
                self.change_tags(arn, |tags| {
                    tags.retain(|key, _| !keys.contains(&key.as_str()))
                })
            }
            job_run => self.job_run_answer(job_run, call, by),
        }
    }

    fn job_run_answer(
        &self,
        op: &Operation,
        call: &Call,
        by: &Principal,
    ) -> Result<Value, EmrError> {
        let emr = &self.emr;
        match op {
            Operation::StartJobRun(id) => {
                let request = StartJobRun::parse(&call.body, &emr.application(id)?)?;
                let started = emr.start_job_run(id, request, &by.arn)?;
                Ok(json!({
                    "applicationId": started.application_id,
                    "jobRunId": started.job_run_id,
                    "arn": started.arn,
                }))
            }
            Operation::ListJobRuns(id) => {
                emr.application(id)?;
                let runs = emr.job_runs(id, &call.filter()?);
                let shown = runs.iter().map(answers::job_run_summary).collect();
                call.page("jobRuns", shown)
            }
            Operation::GetJobRun(id, run) => {
                self.get_job_run(&emr.job_run(id, run)?, call)
            }
            Operation::CancelJobRun(id, run) => {
                let grace = call.number("shutdownGracePeriodInSeconds")?;
                emr.cancel(id, run, grace.map(Duration::from_secs))?;
                Ok(json!({ "applicationId": id, "jobRunId": run }))
            }
            Operation::ListJobRunAttempts(id, run) => {
                let run = emr.job_run(id, run)?;
                let attempts = run.attempts.iter();
                let shown = attempts
                    .map(|a| answers::attempt_summary(&run, a))
                    .collect();
                call.page("jobRunAttempts", shown)
            }
            Operation::GetDashboardForJobRun(id, run) => {
                let run = emr.job_run(id, run)?;
                Ok(json!({ "url": format!(
                    "https://j-{}.emrappui-prod.{REGION}.amazonaws.com/shs/history/{}/jobs/",
                    run.id, run.id
                ) }))
            }
            other => Err(invalid(format!("{} is about no job run", other.name()))),
        }
    }

    fn get_job_run(&self, run: &JobRun, call: &Call) -> Result<Value, EmrError> {
        let now_ms = self.emr.inner.clock.now_ms();
        let attempt = match call.number("attempt")? {
            None => None,
            Some(number) => {
                let found = run.attempts.iter().find(|a| u64::from(a.number) == number);
                Some(found.ok_or_else(|| {
                    EmrError::NotFound(format!("Attempt {number} of JobRun {}", run.id))
                })?)
            }
        };
        Ok(json!({ "jobRun": answers::job_run(run, attempt, now_ms) }))
    }

    fn create_application(&self, body: &Value) -> Result<Value, EmrError> {
        known("", body, APPLICATION_FIELDS)?;
        token(&body["clientToken"])?;
        if !body["type"]
            .as_str()
            .is_some_and(|kind| kind.eq_ignore_ascii_case("spark"))
        {
            return Err(invalid("the sandbox has applications of type SPARK only"));
        }
        let label = body["releaseLabel"].as_str().unwrap_or_default();
        if !label.starts_with("emr-") {
            return Err(invalid(format!("Invalid releaseLabel: {label}")));
        }
        let now_ms = self.emr.inner.clock.now_ms();
        let application = Application {
            id: new_id(),
            name: body["name"].as_str().unwrap_or_default().to_owned(),
            release_label: label.to_owned(),
            state: ApplicationState::Created,
            state_details: String::new(),
            created_at_ms: now_ms,
            updated_at_ms: now_ms,
            auto_start: body["autoStartConfiguration"]["enabled"]
                .as_bool()
                .unwrap_or(true),
            concurrent_runs_max: concurrent_runs(body),
            monitoring: body["monitoringConfiguration"].clone(),
            tags: tags(&body["tags"])?,
        };
        self.emr.put_application(application.clone());
        Ok(json!({
            "applicationId": application.id,
            "name": application.name,
            "arn": application.arn(),
        }))
    }

    fn update_application(&self, id: &str, body: &Value) -> Result<Value, EmrError> {
        known("", body, APPLICATION_FIELDS)?;
        token(&body["clientToken"])?;
        let mut application = self.emr.application(id)?;
        if !matches!(
            application.state,
            ApplicationState::Created | ApplicationState::Stopped
        ) {
            return Err(invalid(format!(
                "Application {id} must be in CREATED or STOPPED state to be updated"
            )));
        }
        if let Some(label) = body["releaseLabel"].as_str() {
            application.release_label = label.to_owned();
        }
        if let Some(enabled) = body["autoStartConfiguration"]["enabled"].as_bool() {
            application.auto_start = enabled;
        }
        if !body["monitoringConfiguration"].is_null() {
            application.monitoring = body["monitoringConfiguration"].clone();
        }
        application.concurrent_runs_max =
            concurrent_runs(body).or(application.concurrent_runs_max);
        application.updated_at_ms = self.emr.inner.clock.now_ms();
        self.emr.put_application(application.clone());
        Ok(json!({ "application": answers::application(&application) }))
    }

    fn tags(&self, arn: &str) -> Result<BTreeMap<String, String>, EmrError> {
        let state = self.emr.inner.lock();
        let application = state.applications.values().find(|app| app.arn() == arn);
        let run = state.runs.values().find(|run| run.arn() == arn);
        application
            .map(|app| app.tags.clone())
            .or_else(|| run.map(|run| run.tags.clone()))
            .ok_or_else(|| EmrError::NotFound(format!("Resource {arn}")))
    }

    fn change_tags(
        &self,
        arn: &str,
        change: impl FnOnce(&mut BTreeMap<String, String>),
    ) -> Result<Value, EmrError> {
        let mut tags = self.tags(arn)?;
        change(&mut tags);
        self.emr.inner.change(|state| {
            if let Some(app) = state.applications.values_mut().find(|a| a.arn() == arn) {
                app.tags = tags;
            } else if let Some(run) = state.runs.values_mut().find(|r| r.arn() == arn) {
                run.tags = tags;
            }
        });
        Ok(json!({}))
    }
}

fn with_path(
    op: &Operation,
    mut params: BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let resource = op.resource();
    let mut path = resource
        .split('/')
        .skip_while(|part| *part != "applications");
    if let Some(id) = path.nth(1) {
        params.insert("applicationId".into(), id.to_owned());
    }
    if let Some(run) = path.nth(1) {
        params.insert("jobRunId".into(), run.to_owned());
    }
    params
}

fn refusal(error: &EmrError) -> Response<Body> {
    let (status, code) = match error {
        EmrError::Validation(_) => (StatusCode::BAD_REQUEST, "ValidationException"),
        EmrError::NotFound(_) => (StatusCode::NOT_FOUND, "ResourceNotFoundException"),
        EmrError::Conflict(_) => (StatusCode::CONFLICT, "ConflictException"),
    };
    rest_json_error(status, code, &error.to_string())
}

fn concurrent_runs(body: &Value) -> Option<u32> {
    body["schedulerConfiguration"]["maxConcurrentRuns"]
        .as_u64()
        .and_then(|runs| u32::try_from(runs).ok())
}

const APPLICATION_FIELDS: &[&str] = &[
    "name",
    "releaseLabel",
    "type",
    "clientToken",
    "tags",
    "autoStartConfiguration",
    "autoStopConfiguration",
    "schedulerConfiguration",
    "monitoringConfiguration",
];
