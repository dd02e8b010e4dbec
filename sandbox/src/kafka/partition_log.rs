//! One partition: where it starts and ends, and when each record was written.

use std::collections::{BTreeSet, VecDeque};

/// Lines kept for one partition. Past this the two oldest neighbours become
/// one line, which moves the timestamps between their ends and nothing else.
const MAX_LINES: usize = 4096;

/// Records written at an even rate: record `i` of the line has the timestamp
/// `from_ms + i * span_ms / count`, rounded down.
///
/// The end of the span is exclusive, so that two ticks of one producer at one
/// rate are exactly one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Line {
    first_offset: i64,
    count: i64,
    from_ms: i64,
    span_ms: i64,
}

/// An offset with the timestamp of its record, in epoch milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordAt {
    pub offset: i64,
    pub timestamp_ms: i64,
}

/// The log of one partition. Offsets at or above `start` and below `end` exist.
#[derive(Debug, Clone, Default)]
pub struct PartitionLog {
    start: i64,
    end: i64,
    lines: VecDeque<Line>,
    /// First offsets of transactions that are neither committed nor aborted.
    open_transactions: BTreeSet<i64>,
}

impl PartitionLog {
    /// The first offset that can be read.
    pub fn start(&self) -> i64 {
        self.start
    }

    /// The offset that the next record will get (Kafka's high watermark: there
    /// is one broker, so the log end and the high watermark are one).
    pub fn end(&self) -> i64 {
        self.end
    }

    /// Where a `read_committed` reader stops: the first offset of the oldest
    /// open transaction, or the end.
    pub fn last_stable_offset(&self) -> i64 {
        self.open_transactions
            .first()
            .copied()
            .unwrap_or(self.end)
            .max(self.start)
    }

    /// Whether a transaction is open that holds the last stable offset back.
    pub fn has_open_transaction(&self) -> bool {
        !self.open_transactions.is_empty()
    }

    /// Appends `count` records spread evenly over `from_ms` (inclusive) to
    /// `to_ms` (exclusive). A `to_ms` at or before `from_ms` puts all of them
    /// at `from_ms`.
    pub(super) fn append(&mut self, count: u64, from_ms: i64, to_ms: i64) {
        let count = i64::try_from(count).unwrap_or(i64::MAX - self.end);
        if count == 0 {
            return;
        }
        let line = Line {
            first_offset: self.end,
            count,
            from_ms,
            span_ms: to_ms.saturating_sub(from_ms).max(0),
        };
        self.end = self.end.saturating_add(count);
        match self.lines.back_mut() {
            Some(last) if last.continues_as(&line) => last.join(&line),
            _ => self.lines.push_back(line),
        }
        if self.lines.len() > MAX_LINES {
            self.join_the_oldest_pair();
        }
    }

    /// Moves the log start forward, as retention or DeleteRecords does. It
    /// never moves back and never passes the end.
    pub(super) fn advance_start(&mut self, to: i64) {
        self.start = to.clamp(self.start, self.end.max(self.start));
        while self
            .lines
            .front()
            .is_some_and(|line| line.next_offset() <= self.start)
        {
            self.lines.pop_front();
        }
    }

    /// Sets the first offset of an empty log, for a partition whose earlier
    /// records are long gone. Does nothing once there were records.
    pub(super) fn begin_at(&mut self, offset: i64) {
        if self.end == 0 {
            self.start = offset.max(0);
            self.end = self.start;
        }
    }

    pub(super) fn open_transaction(&mut self, first_offset: i64) -> i64 {
        let first_offset = first_offset.clamp(self.start, self.end);
        self.open_transactions.insert(first_offset);
        first_offset
    }

    /// Ends every open transaction. Each leaves its marker, which takes an
    /// offset as in Kafka.
    pub(super) fn end_transactions(&mut self, now_ms: i64) -> usize {
        let ended = self.open_transactions.len();
        self.open_transactions.clear();
        self.append(ended as u64, now_ms, now_ms);
        ended
    }

    /// The timestamp of the record at `offset`, or `None` where there is none.
    pub fn timestamp_of(&self, offset: i64) -> Option<i64> {
        if offset < self.start || offset >= self.end {
            return None;
        }
        let index = self
            .lines
            .partition_point(|line| line.next_offset() <= offset);
        let line = self.lines.get(index)?;
        Some(line.timestamp_at(offset - line.first_offset))
    }

    /// The first record, in offset order, whose timestamp is at or after
    /// `timestamp_ms`: Kafka's rule, which also holds where timestamps fall
    /// back.
    pub fn offset_for_timestamp(&self, timestamp_ms: i64) -> Option<RecordAt> {
        self.lines.iter().find_map(|line| {
            let skipped = (self.start - line.first_offset).max(0);
            let index = line.first_index_at_or_after(timestamp_ms)?.max(skipped);
            Some(RecordAt {
                offset: line.first_offset + index,
                timestamp_ms: line.timestamp_at(index),
            })
        })
    }

    /// The first record that carries the greatest timestamp.
    pub fn max_timestamp(&self) -> Option<RecordAt> {
        let greatest = self
            .lines
            .iter()
            .map(|line| line.timestamp_at(line.count - 1))
            .max()?;
        self.offset_for_timestamp(greatest)
    }

    fn join_the_oldest_pair(&mut self) {
        if let (Some(first), Some(second)) =
            (self.lines.pop_front(), self.lines.pop_front())
        {
            let mut joined = first;
            joined.join(&second);
            self.lines.push_front(joined);
        }
    }
}

impl Line {
    fn next_offset(&self) -> i64 {
        self.first_offset + self.count
    }

    fn timestamp_at(&self, index: i64) -> i64 {
        let passed =
            i128::from(index) * i128::from(self.span_ms) / i128::from(self.count);
        self.from_ms + i64::try_from(passed).unwrap_or(self.span_ms)
    }

    fn first_index_at_or_after(&self, timestamp_ms: i64) -> Option<i64> {
        if timestamp_ms <= self.from_ms {
            return Some(0);
        }
        if timestamp_ms > self.timestamp_at(self.count - 1) {
            return None;
        }
        // The least i with floor(i * span / count) >= wanted is the ceiling of
        // wanted * count / span; span is positive here.
        let wanted = i128::from(timestamp_ms - self.from_ms);
        let span = i128::from(self.span_ms);
        let index = (wanted * i128::from(self.count) + span - 1) / span;
        i64::try_from(index).ok()
    }

    /// Whether `next` lies on this line's continuation to the millisecond.
    fn continues_as(&self, next: &Line) -> bool {
        self.from_ms + self.span_ms == next.from_ms
            && i128::from(self.count) * i128::from(next.span_ms)
                == i128::from(next.count) * i128::from(self.span_ms)
    }

    fn join(&mut self, next: &Line) {
        self.span_ms = (next.from_ms + next.span_ms - self.from_ms).max(self.span_ms);
        self.count += next.count;
    }
}

#[cfg(test)]
#[path = "partition_log_tests.rs"]
mod tests;
