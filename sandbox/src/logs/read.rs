//! FilterLogEvents and GetLogEvents.

use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{
    FilterPattern, LogEvent, Logs, LogsError,
    operations::{ApiError, check_stream_name, group_name},
    stream::EVENT_OVERHEAD_BYTES,
};

const MAX_EVENTS: i32 = 10_000;
/// Bytes of events in one answer at most.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;
/// Events looked at for one answer. A page can therefore be empty and yet name
/// the next one, as happens in CloudWatch Logs over much data.
const MAX_SEARCHED: usize = 20_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Filter {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_names: Option<Vec<String>>,
    log_stream_name_prefix: Option<String>,
    start_time: Option<i64>,
    end_time: Option<i64>,
    filter_pattern: Option<String>,
    next_token: Option<String>,
    limit: Option<i32>,
    /// Without effect since 2019: events always come interleaved.
    #[serde(rename = "interleaved")]
    _interleaved: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Get {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_name: String,
    start_time: Option<i64>,
    end_time: Option<i64>,
    next_token: Option<String>,
    limit: Option<i32>,
    #[serde(default)]
    start_from_head: bool,
}

/// Where an event stands among all: by time, then by arrival.
type Position = (i64, u64);

pub(super) fn filter(logs: &Logs, request: &Filter) -> Result<Value, ApiError> {
    let group = group_name(
        request.log_group_name.as_deref(),
        request.log_group_identifier.as_deref(),
    )?;
    if request.log_stream_names.is_some() && request.log_stream_name_prefix.is_some() {
        return Err(ApiError::invalid(
            "logStreamNames and logStreamNamePrefix are mutually exclusive parameters.",
        ));
    }
    let pattern = FilterPattern::parse(request.filter_pattern.as_deref().unwrap_or(""))?;
    let limit = limit(request.limit)?;
    let digest = request.digest(group);
    let after = match &request.next_token {
        None => None,
        Some(token) => Some(read_token(token, &digest)?),
    };
    logs.read_group(group, |group| {
        request.check_streams(group)?;
        let mut candidates: Vec<(&str, &LogEvent)> = group
            .streams
            .values()
            .filter(|stream| request.wants_stream(&stream.name))
            .flat_map(|stream| {
                stream
                    .events()
                    .iter()
                    .map(|event| (stream.name.as_str(), event))
            })
            .filter(|(_, event)| request.wants_time(event.timestamp_ms))
            .filter(|(_, event)| after.is_none_or(|after| position(event) > after))
            .collect();
        candidates.sort_by_key(|(_, event)| position(event));
        Ok(filtered_page(&candidates, &pattern, limit, &digest))
    })?
}

fn filtered_page(
    candidates: &[(&str, &LogEvent)],
    pattern: &FilterPattern,
    limit: usize,
    digest: &str,
) -> Value {
    let mut events = Vec::new();
    let mut bytes = 0;
    let mut searched = 0;
    for (stream, event) in candidates.iter().take(MAX_SEARCHED) {
        if pattern.matches(&event.message) {
            bytes += event.message.len() + EVENT_OVERHEAD_BYTES;
            if events.len() == limit || (bytes > MAX_ANSWER_BYTES && !events.is_empty()) {
                break;
            }
            events.push(json!({
                "logStreamName": stream,
                "timestamp": event.timestamp_ms,
                "message": event.message,
                "ingestionTime": event.ingestion_ms,
                "eventId": event_id(event),
            }));
        }
        searched += 1;
    }
    let mut answer = json!({ "events": events, "searchedLogStreams": [] });
    if searched < candidates.len() && searched > 0 {
        let (at_ms, id) = position(candidates[searched - 1].1);
        answer["nextToken"] = Value::from(format!("{at_ms}.{id}.{digest}"));
    }
    answer
}

impl Filter {
    fn wants_stream(&self, name: &str) -> bool {
        match (&self.log_stream_names, &self.log_stream_name_prefix) {
            (Some(names), _) => names.iter().any(|wanted| wanted == name),
            (None, Some(prefix)) => name.starts_with(prefix),
            (None, None) => true,
        }
    }

    /// Both ends are inclusive.
    fn wants_time(&self, at_ms: i64) -> bool {
        self.start_time.is_none_or(|start| at_ms >= start)
            && self.end_time.is_none_or(|end| at_ms <= end)
    }

    fn check_streams(&self, group: &super::Group) -> Result<(), ApiError> {
        for name in self.log_stream_names.iter().flatten() {
            check_stream_name(name)?;
            if !group.streams.contains_key(name) {
                return Err(LogsError::NoStream.into());
            }
        }
        Ok(())
    }

    /// A token goes on with the request that it came from and with no other.
    fn digest(&self, group: &str) -> String {
        let what = format!(
            "{group:?} {:?} {:?} {:?} {:?} {:?}",
            self.log_stream_names,
            self.log_stream_name_prefix,
            self.start_time,
            self.end_time,
            self.filter_pattern
        );
        hex::encode(&Sha256::digest(what)[..16])
    }
}

/// Goes back from the end of a stream, or forward from its head. The token of
/// the direction in which there is nothing left is the one that was given.
pub(super) fn get(logs: &Logs, request: &Get) -> Result<Value, ApiError> {
    let group = group_name(
        request.log_group_name.as_deref(),
        request.log_group_identifier.as_deref(),
    )?;
    check_stream_name(&request.log_stream_name)?;
    let limit = limit(request.limit)?;
    let from = request
        .next_token
        .as_deref()
        .map(Cursor::read)
        .transpose()?;
    logs.read_group(group, |group| {
        let stream = group
            .streams
            .get(&request.log_stream_name)
            .ok_or(LogsError::NoStream)?;
        let events: Vec<&LogEvent> = stream
            .events()
            .iter()
            .filter(|event| request.wants_time(event.timestamp_ms))
            .collect();
        let forward = match &from {
            Some(cursor) => cursor.forward,
            None => request.start_from_head,
        };
        let (first, last) = match (&from, forward) {
            (None, true) => (0, limit.min(events.len())),
            (None, false) => (events.len().saturating_sub(limit), events.len()),
            (Some(cursor), true) => {
                let first = events.partition_point(|event| position(event) <= cursor.at);
                (first, first.saturating_add(limit).min(events.len()))
            }
            (Some(cursor), false) => {
                let last = events.partition_point(|event| position(event) < cursor.at);
                (last.saturating_sub(limit), last)
            }
        };
        let (first, last) = within_bytes(&events, first, last, forward);
        Ok(got_page(&events[first..last], from.as_ref()))
    })?
}

fn got_page(page: &[&LogEvent], from: Option<&Cursor>) -> Value {
    // Without an event there is nothing to point at but what was asked for.
    let stay = from.map_or((0, 0), |cursor| cursor.at);
    let backward = page.first().map_or(stay, |event| position(event));
    let forward = page.last().map_or(stay, |event| position(event));
    let events: Vec<Value> = page
        .iter()
        .map(|event| {
            json!({
                "timestamp": event.timestamp_ms,
                "message": event.message,
                "ingestionTime": event.ingestion_ms,
            })
        })
        .collect();
    json!({
        "events": events,
        "nextForwardToken": Cursor { forward: true, at: forward }.write(),
        "nextBackwardToken": Cursor { forward: false, at: backward }.write(),
    })
}

impl Get {
    /// The end is exclusive here, other than in FilterLogEvents.
    fn wants_time(&self, at_ms: i64) -> bool {
        self.start_time.is_none_or(|start| at_ms >= start)
            && self.end_time.is_none_or(|end| at_ms < end)
    }
}

/// A token of GetLogEvents: the direction, and the event next to which to go
/// on.
struct Cursor {
    forward: bool,
    at: Position,
}

impl Cursor {
    fn write(&self) -> String {
        let direction = if self.forward { 'f' } else { 'b' };
        format!("{direction}/{:020}.{}", self.at.0, self.at.1)
    }

    fn read(token: &str) -> Result<Self, ApiError> {
        let read = || {
            let (direction, at) = token.split_once('/')?;
            let forward = match direction {
                "f" => true,
                "b" => false,
                _ => return None,
            };
            let (at_ms, id) = at.split_once('.')?;
            Some(Self {
                forward,
                at: (at_ms.parse().ok()?, id.parse().ok()?),
            })
        };
        read().ok_or_else(bad_token)
    }
}

fn within_bytes(
    events: &[&LogEvent],
    first: usize,
    last: usize,
    forward: bool,
) -> (usize, usize) {
    let mut bytes = 0;
    let mut fits = |event: &&LogEvent| {
        bytes += event.message.len() + EVENT_OVERHEAD_BYTES;
        bytes <= MAX_ANSWER_BYTES
    };
    let taken = if forward {
        events[first..last]
            .iter()
            .take_while(|event| fits(event))
            .count()
    } else {
        events[first..last]
            .iter()
            .rev()
            .take_while(|event| fits(event))
            .count()
    };
    if forward {
        (first, first + taken)
    } else {
        (last - taken, last)
    }
}

fn position(event: &LogEvent) -> Position {
    (event.timestamp_ms, event.id)
}

/// CloudWatch Logs gives long decimal ids; only their being unique counts.
fn event_id(event: &LogEvent) -> String {
    format!("{:040}{:016}", event.timestamp_ms, event.id)
}

fn limit(asked: Option<i32>) -> Result<usize, ApiError> {
    let asked = asked.unwrap_or(MAX_EVENTS);
    usize::try_from(asked)
        .ok()
        .filter(|_| (1..=MAX_EVENTS).contains(&asked))
        .ok_or_else(|| ApiError::InvalidParameter(format!("limit is 1 to {MAX_EVENTS}.")))
}

fn read_token(token: &str, digest: &str) -> Result<Position, ApiError> {
    let read = || {
        let (at_ms, rest) = token.split_once('.')?;
        let (id, of) = rest.split_once('.')?;
        (of == digest).then_some((at_ms.parse().ok()?, id.parse().ok()?))
    };
    read().ok_or_else(bad_token)
}

fn bad_token() -> ApiError {
    ApiError::invalid("The specified nextToken is invalid.")
}
