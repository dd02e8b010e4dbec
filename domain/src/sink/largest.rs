//! The largest offsets found in what a sink holds: where a stream got to, told by
//! its data and not by its checkpoint.

use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;

use crate::offsets::PartitionOffsets;

/// The columns in which a record's place in Kafka stands. Spark's Kafka source
/// calls them so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OffsetColumns {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: String,
    /// The record's own offset.
    pub offset: String,
}

impl Default for OffsetColumns {
    fn default() -> Self {
        Self {
            topic: "topic".to_owned(),
            partition: "partition".to_owned(),
            offset: "offset".to_owned(),
        }
    }
}

/// The largest offsets of the rows that were seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Largest {
    next: PartitionOffsets,
    rows: u64,
}

impl Largest {
    /// Counts a row in.
    pub fn see(&mut self, topic: &str, partition: i32, offset: i64) {
        self.rows += 1;
        let next = offset.saturating_add(1);
        let so_far = self.next.get(topic, partition).unwrap_or(next);
        self.next.set(topic, partition, next.max(so_far));
    }

    /// The offsets to be read next: each one more than the largest that was found.
    #[must_use]
    pub fn next(&self) -> &PartitionOffsets {
        &self.next
    }

    /// How many rows were seen.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Counts the rows of an object in, one JSON object a line. `topic` stands for
    /// rows that name none.
    ///
    /// # Errors
    /// The first line that is no row with these columns, as a sentence. What came
    /// before it is counted.
    pub fn see_json_lines(
        &mut self,
        bytes: &[u8],
        columns: &OffsetColumns,
        topic: Option<&str>,
    ) -> Result<(), String> {
        let text = std::str::from_utf8(bytes)
            .map_err(|_| "It is no UTF-8 text, so no JSON lines.".to_owned())?;
        for (number, line) in (1_u32..).zip(text.lines()) {
            if line.trim().is_empty() {
                continue;
            }
            let row: BTreeMap<String, Value> = serde_json::from_str(line)
                .map_err(|error| format!("Line {number} is no JSON object: {error}."))?;
            let whole = |column: &str| match row.get(column) {
                Some(Value::Whole(number)) => Some(*number),
                _ => None,
            };
            let named = match row.get(columns.topic.as_str()) {
                Some(Value::Text(topic)) => Some(topic.as_str()),
                _ => topic,
            };
            let partition = whole(&columns.partition)
                .and_then(|number| i32::try_from(number).ok())
                .filter(|number| *number >= 0);
            let offset = whole(&columns.offset).filter(|offset| *offset >= 0);
            let (Some(topic), Some(partition), Some(offset)) = (named, partition, offset)
            else {
                return Err(format!(
                    "Line {number} does not have the columns {}, {} and {} with a topic, a partition and an offset.",
                    columns.topic, columns.partition, columns.offset
                ));
            };
            self.see(topic, partition, offset);
        }
        Ok(())
    }
}

/// What matters of a value; all else is passed over unread.
#[derive(Deserialize)]
#[serde(untagged)]
enum Value {
    Whole(i64),
    Text(String),
    Other(IgnoredAny),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str, topic: Option<&str>) -> (Largest, Result<(), String>) {
        let mut largest = Largest::default();
        let columns = OffsetColumns::default();
        let result = largest.see_json_lines(text.as_bytes(), &columns, topic);
        (largest, result)
    }

    #[test]
    fn the_next_offset_is_one_more_than_the_largest_of_its_partition() {
        let lines = r#"{"topic":"a","partition":0,"offset":7,"value":{"x":[1.5]}}
            {"topic":"a","partition":0,"offset":3}

            {"topic":"a","partition":1,"offset":0}
            {"topic":"b","partition":0,"offset":9}"#;
        let (largest, result) = seen(lines, None);
        assert_eq!(result, Ok(()));
        assert_eq!(largest.rows(), 4);
        assert_eq!(
            largest.next().to_spark_json(),
            r#"{"a":{"0":8,"1":1},"b":{"0":10}}"#
        );
    }

    #[test]
    fn rows_without_a_topic_are_of_the_only_one_there_is() {
        let (largest, result) = seen(r#"{"partition":2,"offset":4}"#, Some("orders"));
        assert_eq!(result, Ok(()));
        assert_eq!(largest.next().get("orders", 2), Some(5));
    }

    #[test]
    fn a_row_that_tells_no_place_is_named_and_not_guessed() {
        for text in [
            r#"{"partition":0,"offset":4}"#,
            r#"{"topic":"a","partition":"0","offset":4}"#,
            r#"{"topic":"a","partition":0,"offset":4.5}"#,
            r#"{"topic":"a","partition":-1,"offset":4}"#,
            r#"{"topic":"a","partition":0}"#,
            "[1]",
            "PAR1",
        ] {
            let (largest, result) = seen(text, None);
            let why = result.unwrap_err();
            assert!(why.starts_with("Line 1 "), "{text}: {why}");
            assert_eq!(largest.rows(), 0);
        }
        assert!(
            Largest::default()
                .see_json_lines(&[0xff], &OffsetColumns::default(), None)
                .is_err()
        );
    }
}
