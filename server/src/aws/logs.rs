//! CloudWatch Logs, by polling.

use std::collections::VecDeque;

use aws_sdk_cloudwatchlogs::Client;
use domain::time::Millis;

use super::error::{AwsError, Effect};

const FILTER: &str = "FilterLogEvents";
/// Pages of one look. CloudWatch may give empty pages while it still searches.
const PAGES_MAX: usize = 10;
const PAGE: i32 = 1_000;

/// CloudWatch Logs in one region and one role.
#[derive(Clone)]
pub struct Logs {
    client: Client,
}

/// One event. A stack trace is one event of several lines, or several events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEvent {
    /// When it was logged.
    pub at: Millis,
    /// The log stream.
    pub stream: String,
    /// The text, as it came.
    pub message: String,
}

impl Logs {
    pub(super) fn new(client: Client) -> Self {
        Self { client }
    }

    /// The newest events since `from`, oldest first, at most `events_max`.
    /// `pattern` is a filter pattern of CloudWatch Logs; empty finds all.
    pub async fn newest(
        &self,
        group: &str,
        stream_prefix: Option<&str>,
        pattern: &str,
        from: Millis,
        events_max: usize,
    ) -> Result<Vec<LogEvent>, AwsError> {
        self.newest_between(group, stream_prefix, pattern, (from, None), events_max)
            .await
    }

    /// As [`Logs::newest`], of those before `to` where it is given.
    pub async fn newest_between(
        &self,
        group: &str,
        stream_prefix: Option<&str>,
        pattern: &str,
        (from, to): (Millis, Option<Millis>),
        events_max: usize,
    ) -> Result<Vec<LogEvent>, AwsError> {
        let mut events: VecDeque<LogEvent> = VecDeque::new();
        let mut token: Option<String> = None;
        let pattern = (!pattern.is_empty()).then(|| pattern.to_owned());
        for _ in 0..PAGES_MAX {
            let page = self
                .client
                .filter_log_events()
                .log_group_name(group)
                .set_log_stream_name_prefix(stream_prefix.map(str::to_owned))
                .set_filter_pattern(pattern.clone())
                .start_time(from.0.max(0))
                .set_end_time(to.map(|to| to.0))
                .limit(PAGE)
                .set_next_token(token.clone())
                .send()
                .await
                .map_err(|error| AwsError::of(FILTER, Effect::Reads, error))?;
            for event in page.events() {
                if events.len() == events_max {
                    events.pop_front();
                }
                events.push_back(LogEvent {
                    at: Millis(event.timestamp().unwrap_or_default()),
                    stream: event.log_stream_name().unwrap_or_default().to_owned(),
                    message: event.message().unwrap_or_default().to_owned(),
                });
            }
            let next = page.next_token().map(str::to_owned);
            if next.is_none() || next == token {
                break;
            }
            token = next;
        }
        let mut events = Vec::from(events);
        events.sort_by_key(|event| event.at);
        Ok(events)
    }
}
