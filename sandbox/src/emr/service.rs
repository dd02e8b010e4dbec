//! The REST JSON protocol of EMR Serverless.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::request::Parts;
use http::{Method, Response, StatusCode};
use serde_json::{Value, json};

use super::answers;
use super::application::{Application, ApplicationState};
use super::job_run::{JobRun, JobRunState, Mode};
use super::request::{StartJobRun, invalid, known, tags, token};
use super::store::{Emr, EmrError, RunFilter, new_id};
use crate::record::Effect;
use crate::wire::{
    ACCOUNT, AwsService, Did, Principal, Protocol, REGION, percent_decode,
    rest_json_error, rest_json_ok,
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

/// An operation with what its path names.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Operation {
    CreateApplication,
    ListApplications,
    GetApplication(String),
    UpdateApplication(String),
    StartApplication(String),
    StopApplication(String),
    StartJobRun(String),
    ListJobRuns(String),
    GetJobRun(String, String),
    CancelJobRun(String, String),
    ListJobRunAttempts(String, String),
    GetDashboardForJobRun(String, String),
    ListTagsForResource(String),
    TagResource(String),
    UntagResource(String),
}

impl Operation {
    /// The operation that method and path name.
    fn of(parts: &Parts) -> Option<Self> {
        let path: Vec<String> = parts
            .uri
            .path()
            .trim_start_matches('/')
            .split('/')
            .map(percent_decode)
            .collect();
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let (get, post) = (parts.method == Method::GET, parts.method == Method::POST);
        let delete = parts.method == Method::DELETE;
        match path.as_slice() {
            ["applications"] if post => Some(Self::CreateApplication),
            ["applications"] if get => Some(Self::ListApplications),
            ["applications", id] if get => Some(Self::GetApplication((*id).into())),
            ["applications", id] if parts.method == Method::PATCH => {
                Some(Self::UpdateApplication((*id).into()))
            }
            ["applications", id, "start"] if post => {
                Some(Self::StartApplication((*id).into()))
            }
            ["applications", id, "stop"] if post => {
                Some(Self::StopApplication((*id).into()))
            }
            ["applications", id, "jobruns"] if post => {
                Some(Self::StartJobRun((*id).into()))
            }
            ["applications", id, "jobruns"] if get => {
                Some(Self::ListJobRuns((*id).into()))
            }
            ["applications", id, "jobruns", run] if get => {
                Some(Self::GetJobRun((*id).into(), (*run).into()))
            }
            ["applications", id, "jobruns", run] if delete => {
                Some(Self::CancelJobRun((*id).into(), (*run).into()))
            }
            ["applications", id, "jobruns", run, "attempts"] if get => {
                Some(Self::ListJobRunAttempts((*id).into(), (*run).into()))
            }
            ["applications", id, "jobruns", run, "dashboard"] if get => {
                Some(Self::GetDashboardForJobRun((*id).into(), (*run).into()))
            }
            // The ARN may come with its slashes as they are.
            ["tags", arn @ ..] if get => Some(Self::ListTagsForResource(arn.join("/"))),
            ["tags", arn @ ..] if post => Some(Self::TagResource(arn.join("/"))),
            ["tags", arn @ ..] if delete => Some(Self::UntagResource(arn.join("/"))),
            _ => None,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::CreateApplication => "CreateApplication",
            Self::ListApplications => "ListApplications",
            Self::GetApplication(_) => "GetApplication",
            Self::UpdateApplication(_) => "UpdateApplication",
            Self::StartApplication(_) => "StartApplication",
            Self::StopApplication(_) => "StopApplication",
            Self::StartJobRun(_) => "StartJobRun",
            Self::ListJobRuns(_) => "ListJobRuns",
            Self::GetJobRun(..) => "GetJobRun",
            Self::CancelJobRun(..) => "CancelJobRun",
            Self::ListJobRunAttempts(..) => "ListJobRunAttempts",
            Self::GetDashboardForJobRun(..) => "GetDashboardForJobRun",
            Self::ListTagsForResource(_) => "ListTagsForResource",
            Self::TagResource(_) => "TagResource",
            Self::UntagResource(_) => "UntagResource",
        }
    }

    /// The ARN that the operation touches.
    fn resource(&self) -> String {
        let application = |id: &str| {
            format!("arn:aws:emr-serverless:{REGION}:{ACCOUNT}:/applications/{id}")
        };
        match self {
            Self::CreateApplication | Self::ListApplications => "*".into(),
            Self::GetApplication(id)
            | Self::UpdateApplication(id)
            | Self::StartApplication(id)
            | Self::StopApplication(id)
            | Self::StartJobRun(id)
            | Self::ListJobRuns(id) => application(id),
            Self::GetJobRun(id, run)
            | Self::CancelJobRun(id, run)
            | Self::ListJobRunAttempts(id, run)
            | Self::GetDashboardForJobRun(id, run) => {
                format!("{}/jobruns/{run}", application(id))
            }
            Self::ListTagsForResource(arn)
            | Self::TagResource(arn)
            | Self::UntagResource(arn) => arn.clone(),
        }
    }

    /// The query parameters that it takes.
    fn query(&self) -> &'static [&'static str] {
        match self {
            Self::ListApplications => &["nextToken", "maxResults", "states"],
            Self::ListJobRuns(_) => &[
                "nextToken",
                "maxResults",
                "createdAtAfter",
                "createdAtBefore",
                "states",
                "mode",
            ],
            Self::GetJobRun(..) => &["attempt"],
            Self::CancelJobRun(..) => &["shutdownGracePeriodInSeconds"],
            Self::ListJobRunAttempts(..) => &["nextToken", "maxResults"],
            Self::GetDashboardForJobRun(..) => &["attempt", "accessSystemProfileLogs"],
            Self::UntagResource(_) => &["tagKeys"],
            _ => &[],
        }
    }

    fn effect(&self) -> Effect {
        match self.name().starts_with("Get") || self.name().starts_with("List") {
            true => Effect::Read,
            false => Effect::Change,
        }
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

/// A request with its query and body taken apart.
struct Call {
    query: Vec<(String, String)>,
    body: Value,
}

impl Call {
    fn read(op: &Operation, parts: &Parts, body: &Bytes) -> Result<Self, EmrError> {
        let query = pairs(parts.uri.query().unwrap_or_default());
        if let Some((name, _)) = query
            .iter()
            .find(|(n, _)| !op.query().contains(&n.as_str()))
        {
            return Err(invalid(format!("unknown parameter: {name}")));
        }
        let body = match body.is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(body)
                .map_err(|error| invalid(format!("the body is not JSON: {error}")))?,
        };
        Ok(Self { query, body })
    }

    fn one(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    fn all(&self, name: &str) -> Vec<&str> {
        let found = self.query.iter().filter(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).collect()
    }

    fn number(&self, name: &str) -> Result<Option<u64>, EmrError> {
        self.one(name)
            .map(|text| {
                text.parse().map_err(|_| {
                    invalid(format!("{name} must be a whole number: {text}"))
                })
            })
            .transpose()
    }

    fn time_ms(&self, name: &str) -> Result<Option<i64>, EmrError> {
        self.one(name)
            .map(|text| {
                text.parse::<jiff::Timestamp>()
                    .map(jiff::Timestamp::as_millisecond)
                    .map_err(|_| invalid(format!("{name} must be a date-time: {text}")))
            })
            .transpose()
    }

    fn filter(&self) -> Result<RunFilter, EmrError> {
        let states = self
            .all("states")
            .into_iter()
            .map(|name| {
                JobRunState::named(name)
                    .ok_or_else(|| invalid(format!("Invalid value for states: {name}")))
            })
            .collect::<Result<_, _>>()?;
        let mode = match self.one("mode") {
            None => None,
            Some("BATCH") => Some(Mode::Batch),
            Some("STREAMING") => Some(Mode::Streaming),
            Some(other) => {
                return Err(invalid(format!("Invalid value for mode: {other}")));
            }
        };
        Ok(RunFilter {
            created_after_ms: self.time_ms("createdAtAfter")?,
            created_before_ms: self.time_ms("createdAtBefore")?,
            states,
            mode,
        })
    }

    /// One page of a list. The token is where the next one begins.
    fn page(&self, field: &str, all: Vec<Value>) -> Result<Value, EmrError> {
        let size = self.number("maxResults")?.unwrap_or(50);
        if !(1..=50).contains(&size) {
            return Err(invalid("maxResults must be 1 to 50"));
        }
        let from = match self.one("nextToken") {
            None => 0,
            Some(token) => token
                .strip_prefix("page-")
                .and_then(|from| from.parse().ok())
                .filter(|from| *from <= all.len())
                .ok_or_else(|| invalid("Invalid nextToken"))?,
        };
        let size = usize::try_from(size).unwrap_or(50);
        let until = all.len().min(from + size);
        let mut answer = json!({ field: all[from..until] });
        if until < all.len() {
            answer["nextToken"] = json!(format!("page-{until}"));
        }
        Ok(answer)
    }

    /// The parameters for the record; what EMR marks as sensitive stays out.
    fn in_short(&self) -> BTreeMap<String, String> {
        let mut params: BTreeMap<String, String> = self.query.iter().cloned().collect();
        for field in ["name", "clientToken", "mode", "releaseLabel"] {
            if let Some(text) = self.body[field].as_str() {
                params.insert(field.to_owned(), text.to_owned());
            }
        }
        if let Some(entry) = self.body["jobDriver"]["sparkSubmit"]["entryPoint"].as_str()
        {
            params.insert("entryPoint".into(), entry.to_owned());
        }
        if let Some(tags) = self.body["tags"].as_object() {
            params.insert("tags".into(), Value::from(tags.clone()).to_string());
        }
        params
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

/// The pairs of a query string.
fn pairs(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (
                percent_decode(name),
                percent_decode(&value.replace('+', " ")),
            )
        })
        .collect()
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
