//! CloudWatch Logs behind the front door.

use std::collections::BTreeMap;

use axum::body::Body;
use bytes::Bytes;
use http::{Response, StatusCode, request::Parts};
use serde_json::Value;

use super::{Logs, operations};
use crate::{
    clock::Clock,
    record::Effect,
    wire::{self, AwsService, Did, Principal},
};

/// What stands in front of an operation in `X-Amz-Target`.
const TARGET: &str = "Logs_20140328.";

/// The service `logs`, which is spoken in AWS JSON 1.1.
pub struct CloudWatchLogs {
    logs: Logs,
    clock: Clock,
}

impl CloudWatchLogs {
    pub fn new(logs: Logs, clock: Clock) -> Self {
        Self { logs, clock }
    }
}

#[async_trait::async_trait]
impl AwsService for CloudWatchLogs {
    fn name(&self) -> &'static str {
        "logs"
    }

    fn protocol(&self) -> wire::Protocol {
        wire::Protocol::Json
    }

    fn action(&self, parts: &Parts, _body: &Bytes) -> Option<String> {
        let target = parts.headers.get("x-amz-target")?.to_str().ok()?;
        target.strip_prefix(TARGET).map(str::to_owned)
    }

    async fn handle(&self, parts: Parts, body: Bytes, _by: Principal) -> Response<Body> {
        let operation = self
            .action(&parts, &body)
            .unwrap_or_else(|| "(none named)".to_owned());
        let parameters = serde_json::from_slice::<Value>(&body);
        let short = parameters.as_ref().map(in_short).unwrap_or_default();
        let result = match parameters {
            Ok(parameters) => {
                operations::run(&self.logs, &operation, parameters, self.clock.now_ms())
            }
            Err(error) => Err(operations::ApiError::Json(error)),
        };
        let mut response = match result {
            Ok(answer) => wire::json_ok(&answer),
            Err(error) => wire::json_error(
                StatusCode::BAD_REQUEST,
                error.shape(),
                &error.to_string(),
            ),
        };
        let changes = ["Create", "Put", "Delete"];
        let effect = if changes.iter().any(|verb| operation.starts_with(verb)) {
            Effect::Change
        } else {
            Effect::Read
        };
        response.extensions_mut().insert(Did {
            action: operation,
            params: short,
            effect,
        });
        response
    }
}

/// Group and stream of a call. Messages stay out of the record.
fn in_short(parameters: &Value) -> BTreeMap<String, String> {
    ["logGroupName", "logStreamName", "logStreamNamePrefix"]
        .into_iter()
        .filter_map(|name| {
            let text = parameters.get(name)?.as_str()?;
            Some((name.to_owned(), text.to_owned()))
        })
        .collect()
}
