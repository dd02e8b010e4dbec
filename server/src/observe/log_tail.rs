//! The end of the driver's log, for people: traces whole, errors lifted out.

use app::view::{LogLine, LogTail};
use domain::failures::{Group, Level, Line, Record, group, records};
use domain::snapshot::JobsSeen;
use domain::time::Millis;
use domain::verdict::cause;

use super::progress::log_prefix;
use super::reason;
use crate::aws::{AwsError, LogEvent, Logs};
use crate::clock;
use crate::config;

/// So many events are read, and their errors lifted out.
const EVENTS_MAX: usize = 2_000;
/// Fewer than this, and the look goes further back.
const EVENTS_ENOUGH: usize = 500;
/// As many records are shown one by one.
const RECORDS_SHOWN: usize = 200;
/// As many different errors are handed to the page.
const ERRORS_MAX: usize = 30;
/// Longer texts are cut, so that one record cannot make a page of megabytes.
const TEXT_CHARS_MAX: usize = 8_000;
/// CloudWatch finds events oldest first, so the look begins close to now and
/// goes further back only where there is little.
const LOOKBACK_MS: [i64; 4] = [60_000, 15 * 60_000, 3 * 3_600_000, 7 * 24 * 3_600_000];

/// The newest records of the newest job run. `jobs` is `None` where they are
/// unknown; then the whole group is looked at.
pub(super) async fn tail(
    logs: &Logs,
    place: &config::Logs,
    jobs: Option<&JobsSeen>,
) -> LogTail {
    let prefix = match jobs.and_then(|jobs| Some((jobs, jobs.runs.first()?))) {
        Some((jobs, run)) => Some(log_prefix(place, &jobs.application, &run.id)),
        None => place.stream_prefix.clone(),
    };
    let now = clock::now();
    let source = match &prefix {
        Some(prefix) => format!("CloudWatch Logs: {} {prefix}", place.group),
        None => format!("CloudWatch Logs: {}", place.group),
    };
    match newest(logs, place, prefix.as_deref(), now).await {
        Ok(events) => shown(now, source, events),
        Err(error) => LogTail::unread(now, source, reason(&error)),
    }
}

async fn newest(
    logs: &Logs,
    place: &config::Logs,
    prefix: Option<&str>,
    now: Millis,
) -> Result<Vec<LogEvent>, AwsError> {
    let mut events: Vec<LogEvent> = Vec::new();
    for lookback in LOOKBACK_MS {
        let from = now.plus(-lookback);
        let found = logs
            .newest(&place.group, prefix, "", from, EVENTS_MAX)
            .await?;
        // A look back over too much ends before it has come to the newest.
        let newest = |events: &[LogEvent]| events.last().map(|event| event.at);
        if newest(&found) < newest(&events) {
            break;
        }
        events = found;
        if events.len() >= EVENTS_ENOUGH {
            break;
        }
    }
    Ok(events)
}

/// CloudWatch Logs finds by these what can be of an error, an exception's own
/// line among it.
const MAY_BE_ERRORS: &str = "?ERROR ?FATAL ?Exception ?Error ?Traceback";

/// The errors in a job run's log, newest first. The end of the log is looked
/// through whole. Where no error there tells a cause, since the job logged much
/// after it, the look goes back in steps to when the job run was submitted, seven
/// days at most, and ends with the first step that has one.
///
/// # Errors
/// When the log cannot be read.
pub(super) async fn errors(
    logs: &Logs,
    place: &config::Logs,
    jobs: &JobsSeen,
) -> Result<Vec<String>, AwsError> {
    let Some(run) = jobs.runs.first() else {
        return Ok(Vec::new());
    };
    let prefix = log_prefix(place, &jobs.application, &run.id);
    let now = clock::now();
    let end = newest(logs, place, Some(&prefix), now).await?;
    let mut to = match end.first() {
        // Of the same millisecond there may be more.
        Some(oldest) => oldest.at.plus(1),
        None => return Ok(Vec::new()),
    };
    let mut errors = error_texts(end);
    for lookback in LOOKBACK_MS {
        let from = now.plus(-lookback).max(run.created_at);
        if cause(errors.iter().map(String::as_str)).is_some() {
            break;
        }
        if from >= to {
            continue;
        }
        let within = (from, Some(to));
        let found = logs
            .newest_between(
                &place.group,
                Some(&prefix),
                MAY_BE_ERRORS,
                within,
                EVENTS_MAX,
            )
            .await?;
        errors.extend(error_texts(found));
        to = from;
    }
    Ok(errors)
}

fn error_texts(events: Vec<LogEvent>) -> Vec<String> {
    let records = records(events.into_iter().map(log_line).collect());
    let errors = records
        .into_iter()
        .rev()
        .filter(|record| record.level == Level::Error);
    errors.map(|record| cut(&record.text)).collect()
}

fn log_line(event: LogEvent) -> Line {
    Line {
        at: event.at,
        stream: event.stream,
        text: event.message,
    }
}

fn shown(now: Millis, source: String, events: Vec<LogEvent>) -> LogTail {
    let since = events.first().map(|event| event.at);
    let records = records(events.into_iter().map(log_line).collect());
    let errors = group(&records)
        .into_iter()
        .take(ERRORS_MAX)
        .map(|error| Group {
            text: cut(&error.text),
            headline: cut(&error.headline),
            ..error
        })
        .collect();
    let read = records.len();
    LogTail {
        now,
        source,
        read: read as u64,
        since,
        errors,
        lines: records
            .into_iter()
            .skip(read.saturating_sub(RECORDS_SHOWN))
            .map(line)
            .collect(),
        unknown: None,
    }
}

fn line(record: Record) -> LogLine {
    LogLine {
        at: record.at,
        is_error: record.level == Level::Error,
        text: cut(&record.text),
    }
}

fn cut(text: &str) -> String {
    text.trim_end().chars().take(TEXT_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(at: i64, message: &str) -> LogEvent {
        LogEvent {
            at: Millis(at),
            stream: "SPARK_DRIVER/stderr".to_owned(),
            message: message.to_owned(),
        }
    }

    #[test]
    fn errors_are_lifted_from_all_that_is_read_and_not_only_from_what_is_shown() {
        let mut events = vec![
            event(
                1,
                "25/01/15 00:00:00 ERROR MicroBatchExecution: Query terminated",
            ),
            event(1, "java.lang.IllegalStateException: batch 4 doesn't exist"),
            event(1, "\tat org.apache.spark.A.b(A.scala:1)"),
        ];
        for at in 2..=400 {
            events.push(event(at, "25/01/15 00:00:01 INFO A: all is well"));
        }
        let tail = shown(Millis(500), "here".to_owned(), events);
        assert_eq!((tail.read, tail.lines.len()), (400, RECORDS_SHOWN));
        assert_eq!(tail.since, Some(Millis(1)));
        assert!(tail.lines.iter().all(|line| !line.is_error));
        let [error] = &tail.errors[..] else {
            panic!("{:#?}", tail.errors)
        };
        let known = error.known.as_ref().map(|known| known.id.as_ref());
        assert_eq!(known, Some("offset-predecessor-missing"));
        assert!(error.text.ends_with("(A.scala:1)"), "{}", error.text);
    }
}
