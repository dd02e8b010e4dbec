//! Errors lifted out of a log: each once, with how often and when.

use serde::{Deserialize, Serialize};

use super::catalogue::Entry;
use super::records::{Level, Record};
use super::{Known, entry_of};
use crate::time::Millis;

/// One error, however often it was logged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The line that says what went wrong, of the newest record.
    pub headline: String,
    /// What the catalogue says of it.
    pub known: Option<Known>,
    /// How many records tell of it.
    pub times: u64,
    /// When it was first logged, as far as the log was read.
    pub first: Millis,
    /// When it was last logged.
    pub last: Millis,
    /// The newest record, whole.
    pub text: String,
}

/// What makes two records one error: the failure of the catalogue that both
/// tell of, or else their shape.
#[derive(PartialEq, Eq)]
enum Key {
    Known(&'static str),
    Shape(Vec<String>),
}

/// The errors of a log, known ones first, and the newest first among them. Some
/// known failures hide in warnings or in what Spark takes for news; those are
/// lifted too.
#[must_use]
pub fn group(records: &[Record]) -> Vec<Group> {
    let mut groups: Vec<(Key, Group)> = Vec::new();
    for record in records.iter().rev() {
        let known = match record.level {
            Level::Error => entry_of(&record.text),
            _ => entry_of(&record.text).filter(|entry| entry.hides),
        };
        if known.is_none() && record.level != Level::Error {
            continue;
        }
        let headline = headline(&record.text);
        let key = match known {
            Some(entry) => Key::Known(entry.id),
            None => Key::Shape(shape(headline)),
        };
        match groups.iter_mut().find(|(before, _)| *before == key) {
            Some((_, group)) => {
                group.times += 1;
                group.first = group.first.min(record.at);
            }
            None => groups.push((
                key,
                Group {
                    headline: headline.to_owned(),
                    known: known.map(Entry::known),
                    times: 1,
                    first: record.at,
                    last: record.at,
                    text: record.text.clone(),
                },
            )),
        }
    }
    let mut groups: Vec<Group> = groups.into_iter().map(|(_, group)| group).collect();
    groups.sort_by_key(|group| group.known.is_none());
    groups
}

/// The words of a text, with a `0` for those that hold a digit: times, numbers
/// and ids. Two errors of one shape differ in nothing else.
fn shape(text: &str) -> Vec<String> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '-'))
        .map(|word| match word.contains(|c: char| c.is_ascii_digit()) {
            true => "0".to_owned(),
            false => word.to_owned(),
        })
        .collect()
}

/// The line that says what went wrong: the innermost cause of a Java trace, the
/// last line of Python's, else the first.
fn headline(text: &str) -> &str {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.clone().next().unwrap_or_default();
    if first.starts_with("Traceback ") {
        return text
            .lines()
            .rfind(|line| !line.trim().is_empty() && !line.starts_with([' ', '\t']))
            .map_or(first, str::trim);
    }
    let cause = lines
        .clone()
        .rev()
        .find_map(|l| l.strip_prefix("Caused by: "));
    let thrown = || lines.nth(1).filter(|line| is_thrown(line));
    cause.or_else(thrown).unwrap_or(first)
}

/// The line below log4j's own, where it is a throwable's.
fn is_thrown(line: &str) -> bool {
    let class = line.split(':').next().unwrap_or_default();
    class.contains('.')
        && !class.contains(' ')
        && (class.ends_with("Exception") || class.ends_with("Error"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(at: i64, text: &str, level: Level) -> Record {
        Record {
            at: Millis(at),
            text: text.to_owned(),
            level,
        }
    }

    #[test]
    fn an_error_is_lifted_once_however_often_it_was_logged() {
        let error = |at, text| record(at, text, Level::Error);
        let records = [
            error(1, "ERROR one"),
            record(2, "all is well", Level::Other),
            error(3, "ERROR two"),
            error(4, "ERROR one"),
            error(5, "ERROR three of 5ee9cad4-461f"),
            error(6, "ERROR three of 4c36c953-776a"),
            error(7, "ERROR bad feed"),
            error(8, "ERROR bad face"),
        ];
        let shown: Vec<(String, i64, i64, u64)> = group(&records)
            .into_iter()
            .map(|g| (g.headline, g.first.0, g.last.0, g.times))
            .collect();
        assert_eq!(
            shown,
            [
                ("ERROR bad face".to_owned(), 8, 8, 1),
                ("ERROR bad feed".to_owned(), 7, 7, 1),
                ("ERROR three of 4c36c953-776a".to_owned(), 5, 6, 2),
                ("ERROR one".to_owned(), 1, 4, 2),
                ("ERROR two".to_owned(), 3, 3, 1)
            ]
        );
    }

    #[test]
    fn known_failures_come_first_and_are_one_in_java_and_in_python() {
        let records = [
            record(
                1,
                "ERROR Query ended\njava.lang.IllegalStateException: batch 4 doesn't exist\n\tat org.apache.spark.sql.execution.streaming.MicroBatchExecution.populateStartOffsets(M.scala:1)",
                Level::Error,
            ),
            record(
                2,
                "Traceback (most recent call last):\n  File\npyspark.errors.exceptions.captured.StreamingQueryException: [STREAM_FAILED] Query [id = 1, runId = 2] terminated with exception: batch 4 doesn't exist",
                Level::Error,
            ),
            record(3, "ERROR something new", Level::Error),
            record(
                4,
                "25/01/15 00:00:00 WARN MicroBatchExecution: Batch completion log latest batch id is 3, which is not trailing batchid 6 by one",
                Level::Warning,
            ),
            record(
                5,
                "25/01/15 00:00:00 WARN TaskSetManager: Lost task 0.0",
                Level::Warning,
            ),
        ];
        let shown: Vec<(Option<String>, u64)> = group(&records)
            .into_iter()
            .map(|g| (g.known.map(|known| known.id.into_owned()), g.times))
            .collect();
        assert_eq!(
            shown,
            [
                (Some("batches-skipped".to_owned()), 1),
                (Some("offset-predecessor-missing".to_owned()), 2),
                (None, 1)
            ]
        );
    }

    #[test]
    fn the_headline_is_the_line_that_says_what_went_wrong() {
        for (text, expected) in [
            (
                "java.lang.Error: no\n\tat a.B.c(B.java:1)",
                "java.lang.Error: no",
            ),
            (
                "25/01/15 00:00:00 ERROR A: ended\njava.lang.Error: no\n\tat a.B(B.java:1)",
                "java.lang.Error: no",
            ),
            (
                "ERROR A: ended\njava.lang.Error: out\n\tat a\nCaused by: b.InError: in\n\t... 2 more",
                "b.InError: in",
            ),
            (
                "Traceback (most recent call last):\n  File\nValueError: no\n",
                "ValueError: no",
            ),
            (
                "Traceback (most recent call last):",
                "Traceback (most recent call last):",
            ),
        ] {
            assert_eq!(headline(text), expected);
        }
    }
}
