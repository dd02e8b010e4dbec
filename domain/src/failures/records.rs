//! The lines of a driver's log, put together to what was logged at once. Some
//! shippers send a stack trace as one event, others each of its lines as one.

use serde::{Deserialize, Serialize};

use crate::time::Millis;

/// Lines that follow within this time belong to the record before them.
const APART_MS_MAX: i64 = 5_000;
/// A trace that other threads' lines have cut into is looked for so far back.
const OPEN_RECORDS_MAX: usize = 20;
/// Longer records are cut; a trace of a thousand frames tells nothing more.
const RECORD_BYTES_MAX: usize = 64 * 1024;

/// One event of a log, as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When.
    pub at: Millis,
    /// Of which log stream; lines of two drivers never make one record.
    pub stream: String,
    /// The text, of one line or of many.
    pub text: String,
}

/// What was logged at once: a line, or a stack trace with all its causes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// When its first line was logged.
    pub at: Millis,
    /// The text; its lines are joined by `\n`.
    pub text: String,
    /// How bad it is.
    pub level: Level,
}

/// How bad a record is, by log4j's word or by its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Everything else.
    Other,
    /// `WARN`.
    Warning,
    /// `ERROR`, `FATAL`, a Java exception, Python's traceback.
    Error,
}

/// A record that may still go on.
struct Open {
    record: Record,
    stream: usize,
    last: Millis,
    last_line: String,
    /// Whether a trace has begun: an exception's line or a frame was seen.
    trace: bool,
    /// Whether Python's traceback is open, which ends with an unindented line.
    python: bool,
}

/// The records of a log in the order in which they began.
#[must_use]
pub fn records(lines: Vec<Line>) -> Vec<Record> {
    let mut streams: Vec<String> = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    for line in lines {
        let known = streams.iter().position(|stream| *stream == line.stream);
        let stream = known.unwrap_or_else(|| {
            streams.push(line.stream.clone());
            streams.len() - 1
        });
        match owner(&open, stream, &line) {
            Some(at) => open[at].add(&line),
            None => open.push(Open::begin(stream, line)),
        }
    }
    open.into_iter().map(|open| open.record).collect()
}

/// The record that a line goes on with; `None` where it begins a new one.
fn owner(open: &[Open], stream: usize, line: &Line) -> Option<usize> {
    let first = line.text.lines().next().unwrap_or_default();
    if begins(first) {
        return None;
    }
    let near = |open: &&(usize, &Open)| {
        line.at.since(open.1.last).abs() <= APART_MS_MAX
            && open.1.record.text.len() < RECORD_BYTES_MAX
    };
    let mut mine = open
        .iter()
        .enumerate()
        .rev()
        .filter(|(_, open)| open.stream == stream)
        .take(OPEN_RECORDS_MAX);
    if is_of_a_trace(first) {
        // Of several open traces, the one that was heard of at this time.
        let traces: Vec<(usize, &Open)> = mine
            .clone()
            .filter(|(_, open)| open.trace || open.record.level == Level::Error)
            .filter(|open| near(&open))
            .collect();
        let closest = traces
            .iter()
            .min_by_key(|(_, open)| line.at.since(open.last).abs());
        if let Some((at, _)) = closest {
            return Some(*at);
        }
        return mine.next().filter(|open| near(&open)).map(|(at, _)| at);
    }
    let last = mine.next().filter(|open| near(&open))?;
    last.1.goes_on_with(first).then_some(last.0)
}

impl Open {
    fn begin(stream: usize, line: Line) -> Self {
        let first = line.text.lines().next().unwrap_or_default();
        let mut open = Self {
            stream,
            last: line.at,
            last_line: String::new(),
            trace: is_exception(first),
            python: is_traceback(first),
            record: Record {
                at: line.at,
                level: level(first),
                text: String::new(),
            },
        };
        open.add(&line);
        open
    }

    fn add(&mut self, line: &Line) {
        if !self.record.text.is_empty() {
            self.record.text.push('\n');
            self.trace |= line
                .text
                .lines()
                .any(|l| is_of_a_trace(l) || is_exception(l));
        }
        for text in line.text.lines() {
            self.python = is_traceback(text)
                || (self.python && (text.trim().is_empty() || is_indented(text)));
        }
        self.record.text.push_str(line.text.trim_end());
        self.last = line.at;
        let last = line.text.lines().next_back().unwrap_or_default();
        last.clone_into(&mut self.last_line);
    }

    /// Whether a line that has neither a stamp nor the form of a trace belongs
    /// here all the same.
    fn goes_on_with(&self, line: &str) -> bool {
        let joint = line.starts_with("During handling of the above exception")
            || line.starts_with("The above exception was the direct cause");
        if self.python {
            return true;
        }
        match self.record.level {
            // log4j writes the throwable, of however many lines, below.
            Level::Error | Level::Warning => {
                !is_traceback(line) || is_joint(&self.last_line)
            }
            Level::Other => {
                is_indented(line)
                    || line.trim().is_empty()
                    || joint
                    || self.json_is_open()
            }
        }
    }

    /// Spark's progress is logged as JSON of many lines.
    fn json_is_open(&self) -> bool {
        let count = |c: char| self.record.text.matches(c).count();
        self.record.text.contains("made progress: {") && count('{') > count('}')
    }
}

/// The words by which Python leads from one traceback to the next.
fn is_joint(line: &str) -> bool {
    line.starts_with("During handling of the above exception")
        || line.starts_with("The above exception was the direct cause")
}

/// A line that always begins a record: one with log4j's stamp and level.
fn begins(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().take(5).collect();
    let stamped = words.first().is_some_and(|word| {
        word.starts_with(|c: char| c.is_ascii_digit() || c == '[')
            && word.contains(['/', '-', ':'])
    });
    stamped && words.iter().any(|word| level_word(word).is_some())
}

fn level_word(word: &str) -> Option<Level> {
    let word = word.trim_matches(|c: char| !c.is_ascii_alphabetic());
    match word {
        "ERROR" | "FATAL" => Some(Level::Error),
        "WARN" | "WARNING" => Some(Level::Warning),
        "INFO" | "DEBUG" | "TRACE" => Some(Level::Other),
        _ => None,
    }
}

/// log4j's level, Python's traceback, or a Java exception at the line's start.
fn level(first: &str) -> Level {
    let word = first.split_whitespace().take(4).find_map(level_word);
    match word {
        Some(level) => level,
        None if is_traceback(first) || is_exception(first) => Level::Error,
        None => Level::Other,
    }
}

fn is_indented(line: &str) -> bool {
    line.starts_with([' ', '\t'])
}

fn is_traceback(line: &str) -> bool {
    line.starts_with("Traceback (most recent call last)")
}

/// A frame, a cause, or the end of one: what stands in no other place.
fn is_of_a_trace(line: &str) -> bool {
    let inner = line.trim_start();
    let frame = is_indented(line) && inner.starts_with("at ") && inner.contains('(');
    let more = inner
        .strip_prefix("... ")
        .and_then(|rest| rest.split_once(' '))
        .is_some_and(|(n, word)| n.parse::<u32>().is_ok() && word.contains("more"));
    frame
        || more
        || inner.starts_with("Caused by: ")
        || (is_indented(line) && inner.starts_with("Suppressed: "))
}

/// `java.lang.IllegalStateException: …`, `ValueError: …`.
fn is_exception(line: &str) -> bool {
    line.split_whitespace().next().is_some_and(|word| {
        let word = word.trim_end_matches(':');
        !is_indented(line)
            && (word.ends_with("Exception") || word.ends_with("Error"))
            && word
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '.' | '$' | '_'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(lines: &[(i64, &str)]) -> Vec<(i64, String, Level)> {
        let lines = lines.iter().map(|(at, text)| Line {
            at: Millis(*at),
            stream: "driver".to_owned(),
            text: (*text).to_owned(),
        });
        records(lines.collect())
            .into_iter()
            .map(|record| (record.at.0, record.text, record.level))
            .collect()
    }

    const JAVA: &str = "25/01/15 00:00:00 ERROR MicroBatchExecution: Query terminated
java.lang.IllegalStateException: Failed to read log file s3://b/c/offsets/6. Incomplete
of two lines
\tat org.apache.spark.A.b(A.scala:1)
\tat org.apache.spark.C.d(C.scala:2)
Caused by: java.lang.IllegalStateException: Incomplete log file
\tat org.apache.spark.E.f(E.scala:3)
\t... 12 more";

    const PYTHON: &str = "Traceback (most recent call last):
  File \"/tmp/spark/job.py\", line 71, in <module>
    query.awaitTermination()
pyspark.errors.exceptions.captured.StreamingQueryException: [STREAM_FAILED] Query";

    #[test]
    fn a_trace_is_one_record_however_it_was_shipped() {
        for trace in [JAVA, PYTHON] {
            let by_line: Vec<(i64, &str)> = trace.lines().map(|line| (7, line)).collect();
            let whole = [(7, trace)];
            let mut later = by_line.clone();
            later.push((8, "25/01/15 00:00:01 INFO SparkContext: stopped"));
            let expected = (7, trace.to_owned(), Level::Error);
            assert_eq!(joined(&by_line), std::slice::from_ref(&expected));
            assert_eq!(joined(&whole), std::slice::from_ref(&expected));
            assert_eq!(joined(&later)[0], expected);
            assert_eq!(joined(&later).len(), 2);
        }
    }

    #[test]
    fn what_another_thread_logs_does_not_cut_a_trace_in_two() {
        let found = joined(&[
            (1, "25/01/15 00:00:00 ERROR A: boom"),
            (1, "java.lang.Error: boom"),
            (1, "25/01/15 00:00:00 INFO B: meanwhile"),
            (1, "\tat a.B.c(B.java:1)"),
            (2, "25/01/15 00:00:00 ERROR C: bang"),
            (2, "java.lang.Error: bang"),
            (2, "25/01/15 00:00:00 INFO B: meanwhile"),
            (1, "Caused by: java.lang.Error: of boom"),
            (2, "\tat c.D.e(D.java:1)"),
        ]);
        let texts: Vec<&str> = found.iter().map(|record| record.1.as_str()).collect();
        assert_eq!(
            texts,
            [
                "25/01/15 00:00:00 ERROR A: boom\njava.lang.Error: boom\n\
                 \tat a.B.c(B.java:1)\nCaused by: java.lang.Error: of boom",
                "25/01/15 00:00:00 INFO B: meanwhile",
                "25/01/15 00:00:00 ERROR C: bang\njava.lang.Error: bang\n\
                 \tat c.D.e(D.java:1)",
                "25/01/15 00:00:00 INFO B: meanwhile",
            ]
        );
    }

    #[test]
    fn tracebacks_that_python_leads_to_stay_together_and_others_do_not() {
        let found = joined(&[
            (1, PYTHON),
            (
                1,
                "During handling of the above exception, another exception occurred:",
            ),
            (1, "Traceback (most recent call last):"),
            (1, "  File \"job.py\", line 2"),
            (1, "ValueError: no"),
            (2, "Traceback (most recent call last):"),
            (2, "KeyError: 'x'"),
        ]);
        assert_eq!(found.len(), 2, "{found:#?}");
        assert!(found[0].1.ends_with("ValueError: no"));
        assert_eq!(
            found[1].1,
            "Traceback (most recent call last):\nKeyError: 'x'"
        );
    }

    #[test]
    fn ordinary_lines_and_those_of_other_streams_and_times_stay_apart() {
        let lines = [
            "25/01/15 00:00:00 INFO A: one",
            "a line that a script has printed",
            "25/01/15 00:00:00 INFO A: Streaming query made progress: {",
            "  \"id\" : \"x\"",
            "}",
            "printed once more",
        ];
        let found = joined(&lines.map(|line| (1, line)));
        assert_eq!(found.len(), 4, "{found:#?}");
        assert!(found[2].1.ends_with("\n}"));

        let late = joined(&[(0, "java.lang.Error: x"), (60_000, "\tat a.B.c(B.java:1)")]);
        assert_eq!(late.len(), 2);

        let other = ["driver-1", "driver-2"].map(|stream| Line {
            at: Millis(1),
            stream: stream.to_owned(),
            text: match stream {
                "driver-1" => "java.lang.Error: x".to_owned(),
                _ => "\tat a.B.c(B.java:1)".to_owned(),
            },
        });
        assert_eq!(records(other.to_vec()).len(), 2);
    }

    #[test]
    fn errors_are_told_by_their_first_line() {
        for (text, expected) in [
            ("25/01/15 00:00:00 ERROR Query: ended", Level::Error),
            ("2025-01-15T00:00:00.000Z WARN Query: odd", Level::Warning),
            (
                "25/01/15 00:00:00 INFO Q: no ERROR here, 0 errors",
                Level::Other,
            ),
            ("Traceback (most recent call last):\n  File", Level::Error),
            ("java.lang.IllegalStateException: no\n\tat x", Level::Error),
            ("An Error of mine", Level::Other),
            ("", Level::Other),
        ] {
            assert_eq!(joined(&[(1, text)])[0].2, expected, "{text:?}");
        }
    }
}
