//! The operations by name: those that write, those that list, and what all of
//! them can refuse.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    Group, Logs, LogsError, PatternError, Stream, read,
    store::{is_group_name, is_stream_name},
    stream::EVENT_OVERHEAD_BYTES,
};
use crate::wire::{ACCOUNT, REGION};

const MAX_PUT_EVENTS: usize = 10_000;
const MAX_PUT_BYTES: usize = 1_048_576;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Events may be two weeks old and two hours ahead.
const MAX_AGE_MS: i64 = 14 * DAY_MS;
const MAX_AHEAD_MS: i64 = 2 * 60 * 60 * 1000;
/// Groups or streams of one page at most.
const MAX_DESCRIBED: i32 = 50;

/// Why a call was refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    #[error(transparent)]
    Store(#[from] LogsError),
    #[error(transparent)]
    Pattern(#[from] PatternError),
    #[error("{0}")]
    InvalidParameter(String),
    #[error("the sandbox does not take these parameters: {0}")]
    Parameters(serde_json::Error),
    #[error("the body is not JSON: {0}")]
    Json(serde_json::Error),
    #[error("CloudWatch Logs in the sandbox has no operation {0}")]
    UnknownOperation(String),
}

impl ApiError {
    pub(super) fn invalid(text: &str) -> Self {
        Self::InvalidParameter(text.to_owned())
    }

    /// The name of the error's shape.
    pub(super) fn shape(&self) -> &'static str {
        match self {
            Self::Store(LogsError::GroupExists | LogsError::StreamExists) => {
                "ResourceAlreadyExistsException"
            }
            Self::Store(LogsError::NoGroup | LogsError::NoStream) => {
                "ResourceNotFoundException"
            }
            Self::Store(LogsError::TooManyGroups) => "LimitExceededException",
            Self::Store(
                LogsError::InvalidGroupName(_) | LogsError::InvalidStreamName(_),
            )
            | Self::Pattern(_)
            | Self::InvalidParameter(_)
            | Self::Parameters(_) => "InvalidParameterException",
            Self::Json(_) => "SerializationException",
            Self::UnknownOperation(_) => "UnknownOperationException",
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct GroupName {
    log_group_name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct StreamName {
    log_group_name: String,
    log_stream_name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct PutLogEvents {
    log_group_name: String,
    log_stream_name: String,
    log_events: Vec<InputLogEvent>,
    /// No longer looked at by CloudWatch Logs, and still sent by some.
    #[serde(rename = "sequenceToken")]
    _sequence_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InputLogEvent {
    timestamp: i64,
    message: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct DescribeLogGroups {
    log_group_name_prefix: Option<String>,
    log_group_name_pattern: Option<String>,
    next_token: Option<String>,
    limit: Option<i32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct DescribeLogStreams {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_name_prefix: Option<String>,
    order_by: Option<String>,
    #[serde(default)]
    descending: bool,
    next_token: Option<String>,
    limit: Option<i32>,
}

pub(super) fn run(
    logs: &Logs,
    operation: &str,
    parameters: Value,
    now_ms: i64,
) -> Result<Value, ApiError> {
    match operation {
        "CreateLogGroup" => {
            let GroupName { log_group_name } = parse(parameters)?;
            logs.create_group(&log_group_name, now_ms)?;
            Ok(json!({}))
        }
        "DeleteLogGroup" => {
            let GroupName { log_group_name } = parse(parameters)?;
            logs.delete_group(&log_group_name)?;
            Ok(json!({}))
        }
        "CreateLogStream" => {
            let StreamName {
                log_group_name,
                log_stream_name,
            } = parse(parameters)?;
            logs.create_stream(&log_group_name, &log_stream_name, now_ms)?;
            Ok(json!({}))
        }
        "PutLogEvents" => put(logs, parse(parameters)?, now_ms),
        "DescribeLogGroups" => describe_groups(logs, &parse(parameters)?),
        "DescribeLogStreams" => describe_streams(logs, &parse(parameters)?),
        "FilterLogEvents" => read::filter(logs, &parse(parameters)?),
        "GetLogEvents" => read::get(logs, &parse(parameters)?),
        other => Err(ApiError::UnknownOperation(other.to_owned())),
    }
}

/// AWS ignores members that it does not know. Here they are refused, since a
/// client that sends one expects something of it.
fn parse<T: DeserializeOwned>(parameters: Value) -> Result<T, ApiError> {
    serde_json::from_value(parameters).map_err(ApiError::Parameters)
}

fn put(logs: &Logs, request: PutLogEvents, now_ms: i64) -> Result<Value, ApiError> {
    let events = request.log_events;
    if events.is_empty() || events.len() > MAX_PUT_EVENTS {
        return Err(ApiError::InvalidParameter(format!(
            "logEvents must have 1 to {MAX_PUT_EVENTS} items."
        )));
    }
    if events.iter().any(|event| event.message.is_empty()) {
        return Err(ApiError::invalid("Log event message must not be empty."));
    }
    let bytes: usize = events
        .iter()
        .map(|event| event.message.len() + EVENT_OVERHEAD_BYTES)
        .sum();
    if bytes > MAX_PUT_BYTES {
        return Err(ApiError::InvalidParameter(format!(
            "Upload too large: {bytes} bytes exceeds limit of {MAX_PUT_BYTES}"
        )));
    }
    if events
        .windows(2)
        .any(|pair| pair[0].timestamp > pair[1].timestamp)
    {
        return Err(ApiError::invalid(
            "Log events in a single PutLogEvents request must be in chronological order.",
        ));
    }
    if events[events.len() - 1].timestamp - events[0].timestamp > DAY_MS {
        return Err(ApiError::invalid(
            "The batch of log events in a single PutLogEvents request cannot span more \
             than 24 hours.",
        ));
    }
    let too_old = events.partition_point(|event| event.timestamp < now_ms - MAX_AGE_MS);
    let too_new =
        events.partition_point(|event| event.timestamp <= now_ms + MAX_AHEAD_MS);
    let mut rejected = serde_json::Map::new();
    if too_old > 0 {
        rejected.insert("tooOldLogEventEndIndex".to_owned(), Value::from(too_old));
    }
    if too_new < events.len() {
        rejected.insert("tooNewLogEventStartIndex".to_owned(), Value::from(too_new));
    }
    let taken = events
        .into_iter()
        .take(too_new)
        .skip(too_old)
        .map(|event| (event.timestamp, event.message));
    logs.put(
        &request.log_group_name,
        &request.log_stream_name,
        taken,
        now_ms,
    )?;
    let mut answer = json!({ "nextSequenceToken": now_ms.to_string() });
    if !rejected.is_empty() {
        answer["rejectedLogEventsInfo"] = Value::Object(rejected);
    }
    Ok(answer)
}

fn describe_groups(logs: &Logs, request: &DescribeLogGroups) -> Result<Value, ApiError> {
    if request.log_group_name_prefix.is_some() && request.log_group_name_pattern.is_some()
    {
        return Err(ApiError::invalid(
            "LogGroup name prefix and LogGroup name pattern are mutually exclusive \
             parameters.",
        ));
    }
    let wanted = |name: &str| {
        request
            .log_group_name_prefix
            .as_ref()
            .is_none_or(|prefix| name.starts_with(prefix))
            && request
                .log_group_name_pattern
                .as_ref()
                .is_none_or(|part| name.to_lowercase().contains(&part.to_lowercase()))
    };
    let groups: Vec<Value> = logs.read(|groups| {
        groups
            .values()
            .filter(|group| wanted(&group.name))
            .map(describe_group)
            .collect()
    });
    page(
        "logGroups",
        &groups,
        request.next_token.as_deref(),
        request.limit,
    )
}

fn describe_streams(
    logs: &Logs,
    request: &DescribeLogStreams,
) -> Result<Value, ApiError> {
    let group = group_name(
        request.log_group_name.as_deref(),
        request.log_group_identifier.as_deref(),
    )?;
    let by_time = match request.order_by.as_deref() {
        None | Some("LogStreamName") => false,
        Some("LastEventTime") if request.log_stream_name_prefix.is_some() => {
            return Err(ApiError::invalid(
                "Cannot order by LastEventTime with a logStreamNamePrefix.",
            ));
        }
        Some("LastEventTime") => true,
        Some(other) => {
            return Err(ApiError::InvalidParameter(format!(
                "{other} is no orderBy."
            )));
        }
    };
    let prefix = request.log_stream_name_prefix.as_deref().unwrap_or("");
    let streams: Vec<Value> = logs.read_group(group, |group| {
        let mut streams: Vec<&Stream> = group
            .streams
            .values()
            .filter(|stream| stream.name.starts_with(prefix))
            .collect();
        if by_time {
            streams.sort_by_key(|stream| stream.last_event_ms());
        }
        if request.descending {
            streams.reverse();
        }
        streams
            .iter()
            .map(|stream| describe_stream(&group.name, stream))
            .collect()
    })?;
    page(
        "logStreams",
        &streams,
        request.next_token.as_deref(),
        request.limit,
    )
}

/// The group of a call that names it, or its ARN, in one of two parameters.
pub(super) fn group_name<'a>(
    name: Option<&'a str>,
    identifier: Option<&'a str>,
) -> Result<&'a str, ApiError> {
    let name = match (name, identifier) {
        (Some(name), None) => name,
        (None, Some(identifier)) => identifier
            .strip_prefix(&format!("arn:aws:logs:{REGION}:{ACCOUNT}:log-group:"))
            .unwrap_or(identifier),
        _ => {
            return Err(ApiError::invalid(
                "Exactly one of logGroupName and logGroupIdentifier must be given.",
            ));
        }
    };
    if is_group_name(name) {
        Ok(name)
    } else {
        Err(LogsError::InvalidGroupName(name.to_owned()).into())
    }
}

pub(super) fn check_stream_name(name: &str) -> Result<(), ApiError> {
    if is_stream_name(name) {
        Ok(())
    } else {
        Err(LogsError::InvalidStreamName(name.to_owned()).into())
    }
}

fn describe_group(group: &Group) -> Value {
    let bytes: usize = group.streams.values().map(Stream::bytes).sum();
    let arn = format!("arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{}", group.name);
    json!({
        "logGroupName": group.name,
        "creationTime": group.created_ms,
        "metricFilterCount": 0,
        "arn": format!("{arn}:*"),
        "logGroupArn": arn,
        "storedBytes": bytes,
        "logGroupClass": "STANDARD",
    })
}

/// `storedBytes` of a stream is always zero since 2019.
fn describe_stream(group: &str, stream: &Stream) -> Value {
    let mut described = json!({
        "logStreamName": stream.name,
        "creationTime": stream.created_ms,
        "arn": format!(
            "arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:log-stream:{}",
            stream.name
        ),
        "storedBytes": 0,
    });
    let times = [
        ("firstEventTimestamp", stream.first_event_ms()),
        ("lastEventTimestamp", stream.last_event_ms()),
        ("lastIngestionTime", stream.last_ingestion_ms()),
    ];
    for (name, time) in times {
        if let Some(time) = time {
            described[name] = Value::from(time);
        }
    }
    described
}

/// One page of a list, whose token is the number of items before the next.
fn page(
    name: &str,
    items: &[Value],
    token: Option<&str>,
    limit: Option<i32>,
) -> Result<Value, ApiError> {
    let limit = limit.unwrap_or(MAX_DESCRIBED);
    if !(1..=MAX_DESCRIBED).contains(&limit) {
        return Err(ApiError::InvalidParameter(format!(
            "limit is 1 to {MAX_DESCRIBED}."
        )));
    }
    let limit = usize::try_from(limit).unwrap_or(1);
    let skip: usize = match token {
        None => 0,
        Some(token) => token
            .parse()
            .map_err(|_| ApiError::invalid("The specified nextToken is invalid."))?,
    };
    let shown: Vec<Value> = items.iter().skip(skip).take(limit).cloned().collect();
    let mut answer = json!({ name: shown });
    if items.len() > skip.saturating_add(limit) {
        answer["nextToken"] = Value::from((skip + limit).to_string());
    }
    Ok(answer)
}
