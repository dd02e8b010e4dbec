//! CloudWatch behind the front door.

use std::collections::BTreeMap;

use axum::body::Body;
use bytes::Bytes;
use http::{Response, request::Parts};
use serde_json::Value;

use super::{
    Metrics,
    operations::{self, ApiError},
    output::Output,
    protocol::{Protocol, inflate},
};
use crate::{
    clock::Clock,
    record::Effect,
    wire::{self, AwsService, Did, Principal},
};

/// The service `monitoring`.
pub struct CloudWatch {
    metrics: Metrics,
    clock: Clock,
}

impl CloudWatch {
    pub fn new(metrics: Metrics, clock: Clock) -> Self {
        Self { metrics, clock }
    }

    fn run(
        &self,
        protocol: Protocol,
        operation: &str,
        body: &[u8],
    ) -> (BTreeMap<String, String>, Result<Output, ApiError>) {
        match protocol.parameters(body) {
            Ok(parameters) => {
                let short = in_short(&parameters);
                let now_ms = self.clock.now_ms();
                (
                    short,
                    operations::run(&self.metrics, operation, parameters, now_ms),
                )
            }
            Err(error) => (BTreeMap::new(), Err(error.into())),
        }
    }
}

#[async_trait::async_trait]
impl AwsService for CloudWatch {
    fn name(&self) -> &'static str {
        "monitoring"
    }

    /// For clients that do not say that they speak CBOR.
    fn protocol(&self) -> wire::Protocol {
        wire::Protocol::Json
    }

    fn action(&self, parts: &Parts, body: &Bytes) -> Option<String> {
        let protocol = Protocol::of(parts);
        let body = match protocol {
            Protocol::Query => inflate(parts, body).ok()?,
            Protocol::Cbor | Protocol::Json => Bytes::new(),
        };
        protocol.operation(parts, &body)
    }

    async fn handle(&self, parts: Parts, body: Bytes, _by: Principal) -> Response<Body> {
        let protocol = Protocol::of(&parts);
        let body = match inflate(&parts, &body) {
            Ok(body) => body,
            Err(error) => return protocol.refuse(&error.into()),
        };
        let Some(operation) = protocol.operation(&parts, &body) else {
            return protocol
                .refuse(&ApiError::UnknownOperation("(none named)".to_owned()));
        };
        let (params, result) = self.run(protocol, &operation, &body);
        let mut response = match result {
            Ok(output) => protocol.answer(&operation, &output),
            Err(error) => protocol.refuse(&error),
        };
        let effect = if operation.starts_with("Put") {
            Effect::Change
        } else {
            Effect::Read
        };
        response.extensions_mut().insert(Did {
            action: operation,
            params,
            effect,
        });
        response
    }
}

/// The namespace and metric of a call, and of more than one metric how many.
fn in_short(parameters: &Value) -> BTreeMap<String, String> {
    let mut short = BTreeMap::new();
    for name in ["Namespace", "MetricName"] {
        if let Some(text) = parameters.get(name).and_then(Value::as_str) {
            short.insert(name.to_owned(), text.to_owned());
        }
    }
    for name in ["MetricData", "MetricDataQueries"] {
        if let Some(items) = parameters.get(name).and_then(Value::as_array) {
            short.insert(format!("{name}.count"), items.len().to_string());
        }
    }
    short
}
