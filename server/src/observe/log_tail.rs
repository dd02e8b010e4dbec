//! The end of the driver's log, for people.

use app::view::{LogLine, LogTail};
use domain::snapshot::JobsSeen;
use domain::time::Millis;

use super::progress::log_prefix;
use super::reason;
use crate::aws::{AwsError, LogEvent, Logs};
use crate::clock;
use crate::config;

const LINES_MAX: usize = 200;
/// Longer texts are cut, so that one event cannot make a page of megabytes.
const TEXT_CHARS_MAX: usize = 8_000;
/// CloudWatch finds events oldest first, so the look begins close to now and
/// goes further back only where there is little.
const LOOKBACK_MS: [i64; 4] = [60_000, 15 * 60_000, 3 * 3_600_000, 7 * 24 * 3_600_000];

/// The newest lines of the newest job run. `jobs` is `None` where they are
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
        Ok(events) => LogTail {
            now,
            source,
            lines: events.into_iter().map(line).collect(),
            unknown: None,
        },
        Err(error) => LogTail {
            now,
            source,
            lines: Vec::new(),
            unknown: Some(reason(&error)),
        },
    }
}

async fn newest(
    logs: &Logs,
    place: &config::Logs,
    prefix: Option<&str>,
    now: Millis,
) -> Result<Vec<LogEvent>, AwsError> {
    let mut events = Vec::new();
    for lookback in LOOKBACK_MS {
        let from = now.plus(-lookback);
        events = logs
            .newest(&place.group, prefix, "", from, LINES_MAX)
            .await?;
        if events.len() >= LINES_MAX / 2 {
            break;
        }
    }
    Ok(events)
}

fn line(event: LogEvent) -> LogLine {
    let text: String = event
        .message
        .trim_end()
        .chars()
        .take(TEXT_CHARS_MAX)
        .collect();
    LogLine {
        at: event.at,
        is_error: reads_like_error(&text),
        text,
    }
}

/// log4j's level, Python's traceback, or a Java exception at the line's start.
fn reads_like_error(text: &str) -> bool {
    text.lines().next().is_some_and(|first| {
        let words: Vec<&str> = first.split_whitespace().take(4).collect();
        words.contains(&"ERROR")
            || words.contains(&"FATAL")
            || first.starts_with("Traceback (most recent call last)")
            || words.first().is_some_and(|w| {
                let w = w.trim_end_matches(':');
                w.ends_with("Exception") || w.ends_with("Error")
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_told_by_their_first_line() {
        for (text, expected) in [
            (
                "25/01/15 00:00:00 ERROR MicroBatchExecution: Query [id = 1] terminated",
                true,
            ),
            (
                "25/01/15 00:00:00 INFO MicroBatchExecution: no ERROR here, 0 errors",
                false,
            ),
            ("Traceback (most recent call last):\n  File", true),
            (
                "java.lang.IllegalStateException: batch 6 doesn't exist\n\tat x",
                true,
            ),
            ("", false),
        ] {
            assert_eq!(reads_like_error(text), expected, "{text:?}");
        }
    }
}
