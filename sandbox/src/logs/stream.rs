//! One log stream.

use std::collections::VecDeque;

/// Message bytes kept for one stream. The oldest events go first.
const MAX_STREAM_BYTES: usize = 4 * 1024 * 1024;
/// What CloudWatch Logs adds to the length of a message when it counts bytes.
pub(super) const EVENT_OVERHEAD_BYTES: usize = 26;

/// One event. Times are epoch milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEvent {
    pub timestamp_ms: i64,
    pub ingestion_ms: i64,
    pub message: String,
    /// Numbers all events of the store in the order in which they came.
    pub id: u64,
}

/// A stream: its events in order of timestamp, and of arrival where those are
/// equal.
#[derive(Debug, Clone)]
pub struct Stream {
    pub name: String,
    pub created_ms: i64,
    events: VecDeque<LogEvent>,
    bytes: usize,
}

impl Stream {
    pub(super) fn new(name: &str, created_ms: i64) -> Self {
        Self {
            name: name.to_owned(),
            created_ms,
            events: VecDeque::new(),
            bytes: 0,
        }
    }

    /// The events that are kept, oldest first.
    pub fn events(&self) -> &VecDeque<LogEvent> {
        &self.events
    }

    /// Bytes kept, counted as CloudWatch Logs counts them.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    pub fn first_event_ms(&self) -> Option<i64> {
        self.events.front().map(|event| event.timestamp_ms)
    }

    pub fn last_event_ms(&self) -> Option<i64> {
        self.events.back().map(|event| event.timestamp_ms)
    }

    pub fn last_ingestion_ms(&self) -> Option<i64> {
        self.events.iter().map(|event| event.ingestion_ms).max()
    }

    pub(super) fn push(&mut self, event: LogEvent) {
        self.bytes += event.message.len() + EVENT_OVERHEAD_BYTES;
        let at = self
            .events
            .partition_point(|kept| kept.timestamp_ms <= event.timestamp_ms);
        self.events.insert(at, event);
        while self.bytes > MAX_STREAM_BYTES {
            let Some(oldest) = self.events.pop_front() else {
                break;
            };
            self.bytes -= oldest.message.len() + EVENT_OVERHEAD_BYTES;
        }
    }
}
