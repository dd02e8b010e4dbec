//! A stream's page.

use domain::checkpoint::tree::Folder;
use domain::failures::Group;
use domain::snapshot::Snapshot;
use domain::stream::Stream;
use domain::time::Millis;
use domain::verdict::Loss;
use serde::{Deserialize, Serialize};

use super::{Permission, RunRow, StreamRow};

/// A stream's page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StreamPage {
    /// The server's time.
    pub now: Millis,
    /// The stream as configured.
    pub stream: Stream,
    /// The row of the list, with the verdict.
    pub row: StreamRow,
    /// What was seen; `None` before the first look.
    pub snapshot: Option<Snapshot>,
    /// The checkpoint's files; `None` before they were listed.
    pub tree: Option<Folder>,
    /// Where the stream is in each partition.
    pub partitions: Vec<PartitionRow>,
    /// Charts on one axis of time.
    pub charts: Vec<Series>,
    /// Times that are marked in every chart, with a word each.
    pub marks: Vec<(Millis, String)>,
    /// The Runs so far, newest first.
    pub runs: Vec<RunRow>,
    /// Whether the person may open a Run.
    pub may_open: Permission,
}

/// One partition: where the checkpoint is, and what Kafka has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionRow {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The next offset by the newest readable committed batch.
    pub committed: Option<i64>,
    /// The log start; `None` where Kafka does not have the partition.
    pub log_start: Option<i64>,
    /// The end; likewise.
    pub log_end: Option<i64>,
    /// Offsets waiting; `None` where the committed offset is unknown.
    pub lag: Option<i64>,
    /// How old the oldest unread record is, in milliseconds; `None` where
    /// nothing is unread, or Kafka did not tell.
    pub unread_ms: Option<i64>,
    /// When the oldest unread record is deleted, by time or by size.
    pub loss: Option<Loss>,
    /// The topic has a limit of size, and how full it is could not be told.
    pub size_unknown: bool,
    /// What is odd about it, as a sentence.
    pub note: Option<String>,
}

/// One line of a chart. Lines of one chart have one unit, one source, and
/// points at the same times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// The chart that it is drawn in, such as "Lag".
    pub chart: String,
    /// Its name, such as "orders_events-3"; the chart's own where it is alone.
    pub name: String,
    /// The unit, such as "records a minute".
    pub unit: String,
    /// Where it was read, or why it could not be.
    pub source: String,
    /// The points, oldest first.
    pub points: Vec<Point>,
}

/// A value at a time; `None` is a gap.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// When.
    pub at: Millis,
    /// What.
    pub value: Option<f64>,
}

/// The end of the driver's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogTail {
    /// The server's time.
    pub now: Millis,
    /// Where it was read.
    pub source: String,
    /// How many records were read.
    pub read: u64,
    /// When the oldest of them was logged.
    pub since: Option<Millis>,
    /// The errors among all that were read, each once, known ones first.
    pub errors: Vec<Group>,
    /// The newest records, oldest first.
    pub lines: Vec<LogLine>,
    /// Why it could not be read.
    pub unknown: Option<String>,
}

impl LogTail {
    /// One that could not be read, with the reason.
    #[must_use]
    pub fn unread(now: Millis, source: String, reason: String) -> Self {
        Self {
            now,
            source,
            read: 0,
            since: None,
            errors: Vec::new(),
            lines: Vec::new(),
            unknown: Some(reason),
        }
    }
}

/// One record of the log: a line, or a stack trace with all its causes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// When.
    pub at: Millis,
    /// The text, as it came.
    pub text: String,
    /// Whether it reads like an error.
    pub is_error: bool,
}
