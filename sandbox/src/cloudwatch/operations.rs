//! The operations by name, and what they can refuse.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    MetricId, Metrics, get_data, list,
    metrics::{MAX_DIMENSIONS, MetricsError},
    output::Output,
    protocol::ReadError,
    put, statistics,
};

/// Why a call was refused. Each has CloudWatch's name for it.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    #[error("{0}")]
    InvalidParameterValue(String),
    #[error("{0}")]
    InvalidParameterCombination(String),
    #[error("The parameter {0} is required.")]
    MissingParameter(&'static str),
    #[error("{0}")]
    Validation(String),
    #[error("The token in the request is not valid.")]
    InvalidNextToken,
    #[error(transparent)]
    Limit(#[from] MetricsError),
    #[error("the sandbox does not take these parameters: {0}")]
    Parameters(String),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("CloudWatch in the sandbox has no operation {0}")]
    UnknownOperation(String),
}

impl ApiError {
    /// The name of the error's shape.
    pub(super) fn shape(&self) -> &'static str {
        match self {
            Self::InvalidParameterValue(_) => "InvalidParameterValueException",
            Self::InvalidParameterCombination(_) => {
                "InvalidParameterCombinationException"
            }
            Self::MissingParameter(_) => "MissingRequiredParameterException",
            Self::Validation(_) | Self::Parameters(_) => "ValidationException",
            Self::InvalidNextToken => "InvalidNextToken",
            Self::Limit(_) => "LimitExceededFault",
            Self::Read(_) => "SerializationException",
            Self::UnknownOperation(_) => "UnknownOperationException",
        }
    }

    /// The code of the Query protocol.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::InvalidParameterValue(_) => "InvalidParameterValue",
            Self::InvalidParameterCombination(_) => "InvalidParameterCombination",
            Self::MissingParameter(_) => "MissingParameter",
            Self::Validation(_) | Self::Parameters(_) => "ValidationError",
            Self::InvalidNextToken => "InvalidNextToken",
            Self::Limit(_) => "LimitExceeded",
            Self::Read(_) => "MalformedInput",
            Self::UnknownOperation(_) => "InvalidAction",
        }
    }
}

/// A dimension of a metric that is written or read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(super) struct Dimension {
    name: String,
    value: String,
}

/// Carries out an operation. `Ok(None)` is an answer without a body.
pub(super) fn run(
    metrics: &Metrics,
    operation: &str,
    parameters: Value,
    now_ms: i64,
) -> Result<Output, ApiError> {
    match operation {
        "PutMetricData" => put::run(metrics, read(parameters)?, now_ms),
        "GetMetricStatistics" => statistics::run(metrics, &read(parameters)?, now_ms),
        "GetMetricData" => get_data::run(metrics, &read(parameters)?, now_ms),
        "ListMetrics" => list::run(metrics, &read(parameters)?, now_ms),
        other => Err(ApiError::UnknownOperation(other.to_owned())),
    }
}

/// AWS ignores members that it does not know. Here they are refused, since a
/// client that sends one expects something of it.
fn read<T: DeserializeOwned>(parameters: Value) -> Result<T, ApiError> {
    serde_json::from_value(parameters)
        .map_err(|error| ApiError::Parameters(error.to_string()))
}

pub(super) fn required<'a, T>(
    value: &'a Option<T>,
    name: &'static str,
) -> Result<&'a T, ApiError> {
    value.as_ref().ok_or(ApiError::MissingParameter(name))
}

/// Epoch milliseconds of a time that came as epoch seconds.
pub(super) fn milliseconds(seconds: f64) -> i64 {
    // The conversion saturates, which is right for times out of range.
    (seconds * 1000.0).round() as i64
}

pub(super) fn metric_id(
    namespace: &str,
    name: &str,
    dimensions: &[Dimension],
) -> Result<MetricId, ApiError> {
    check_length("Namespace", namespace, 255)?;
    check_length("MetricName", name, 255)?;
    if dimensions.len() > MAX_DIMENSIONS {
        return Err(ApiError::InvalidParameterValue(format!(
            "The collection Dimensions must not have a size greater than {MAX_DIMENSIONS}."
        )));
    }
    let mut id = MetricId::new(namespace, name, &[]);
    for dimension in dimensions {
        check_length("Dimension name", &dimension.name, 255)?;
        check_length("Dimension value", &dimension.value, 1024)?;
        let (name, value) = (dimension.name.clone(), dimension.value.clone());
        if id.dimensions.insert(name, value).is_some() {
            return Err(ApiError::InvalidParameterValue(format!(
                "The dimension {} is given twice.",
                dimension.name
            )));
        }
    }
    Ok(id)
}

fn check_length(what: &str, text: &str, at_most: usize) -> Result<(), ApiError> {
    if text.is_empty() || text.chars().count() > at_most {
        return Err(ApiError::InvalidParameterValue(format!(
            "The parameter {what} must have 1 to {at_most} characters."
        )));
    }
    Ok(())
}
