//! The driver's standard error, as EMR ships it to CloudWatch Logs.

use jiff::Timestamp;

use super::timeline::Timeline;
use crate::clock::Clock;
use crate::logs::Logs;

/// One log stream.
#[derive(Clone)]
pub(super) struct DriverLog {
    logs: Logs,
    group: String,
    stream: String,
    timeline: Timeline,
    clock: Clock,
}

impl DriverLog {
    /// Opens the stream, and makes it where it is not there.
    pub(super) fn open(
        logs: Logs,
        group: &str,
        stream: &str,
        timeline: Timeline,
        clock: Clock,
    ) -> Self {
        if let Err(error) = logs.ensure_stream(group, stream, timeline.now_ms()) {
            tracing::warn!(%error, group, stream, "job.no_log_stream");
        }
        Self {
            logs,
            group: group.to_owned(),
            stream: stream.to_owned(),
            timeline,
            clock,
        }
    }

    /// A line of Spark's own, such as `INFO MicroBatchExecution: ..`.
    pub(super) fn spark(&self, line: &str) {
        let at = self.timeline.now_ms();
        let stamp = Timestamp::from_millisecond(at)
            .unwrap_or(Timestamp::UNIX_EPOCH)
            .strftime("%y/%m/%d %H:%M:%S")
            .to_string();
        self.put(at, format!("{stamp} {line}"));
    }

    /// Text without Spark's stamp, such as Python's traceback.
    pub(super) fn raw(&self, text: &str) {
        self.put(self.timeline.now_ms(), text.to_owned());
    }

    fn put(&self, at_ms: i64, message: String) {
        let now_ms = self.clock.now_ms();
        let events = [(at_ms, message)];
        if let Err(error) = self.logs.put(&self.group, &self.stream, events, now_ms) {
            tracing::warn!(%error, "job.log_not_written");
        }
    }
}
