//! The operations of EMR Serverless, told apart by method and path.

use http::Method;
use http::request::Parts;

use crate::record::Effect;
use crate::wire::{ACCOUNT, REGION, percent_decode};

/// An operation with what its path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Operation {
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
    pub(super) fn of(parts: &Parts) -> Option<Self> {
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

    pub(super) fn name(&self) -> &'static str {
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
    pub(super) fn resource(&self) -> String {
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
    pub(super) fn query(&self) -> &'static [&'static str] {
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

    pub(super) fn effect(&self) -> Effect {
        match self.name().starts_with("Get") || self.name().starts_with("List") {
            true => Effect::Read,
            false => Effect::Change,
        }
    }
}
