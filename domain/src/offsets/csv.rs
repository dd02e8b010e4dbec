//! Offsets as lines of `topic,partition,offset`, the form that
//! `kafka-consumer-groups --reset-offsets --from-file` takes and exports.

use super::PartitionOffsets;
use crate::checkpoint::{Issue, IssueCode, Parsed};

/// What separates the three values; a spreadsheet pastes tabs.
const SEPARATORS: [char; 3] = [',', ';', '\t'];

/// More issues than anybody reads; a file of another kind is one at every line.
const ISSUES_MAX: usize = 20;

impl PartitionOffsets {
    /// Reads lines of `topic,partition,offset`. A first line of names and blank
    /// lines are passed over. Strict: a partition twice, a fraction or a negative
    /// number is an issue with its line, and what could be read besides stays in
    /// the value.
    #[must_use]
    pub fn parse_csv(text: &str) -> Parsed<Self> {
        let mut offsets = Self::new();
        let mut issues = Vec::new();
        for (number, line) in (1_u32..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || number == 1 && is_heading(line) {
                continue;
            }
            let problem = match entry(line) {
                Ok((topic, partition, offset)) => {
                    offsets.set(topic.as_str(), partition, offset).map(|_| {
                        let message = format!(
                            "The partition {topic}-{partition} stands there twice."
                        );
                        (IssueCode::Duplicate, message)
                    })
                }
                Err(problem) => Some(problem),
            };
            if let Some((code, message)) = problem {
                issues.push(Issue::at(number, code, message));
            }
            if issues.len() == ISSUES_MAX {
                break;
            }
        }
        if offsets.is_empty() && issues.is_empty() {
            let message = "No line of topic,partition,offset is there.";
            issues.push(Issue::whole(IssueCode::Empty, message));
        }
        Parsed {
            value: (!offsets.is_empty()).then_some(offsets),
            issues,
        }
    }

    /// A line of `topic,partition,offset` for each partition, without a line of
    /// names, as Kafka's tool wants it.
    #[must_use]
    pub fn to_csv(&self) -> String {
        self.iter()
            .map(|(topic, partition, offset)| format!("{topic},{partition},{offset}\n"))
            .collect()
    }
}

fn is_heading(line: &str) -> bool {
    let names = line.split(SEPARATORS).map(unquoted);
    let names: Vec<String> = names.map(str::to_ascii_lowercase).collect();
    names == ["topic", "partition", "offset"]
}

fn unquoted(value: &str) -> &str {
    let value = value.trim();
    let inner = value.strip_prefix('"').and_then(|v| v.strip_suffix('"'));
    inner.unwrap_or(value)
}

fn entry(line: &str) -> Result<(String, i32, i64), (IssueCode, String)> {
    let shown: String = line.chars().take(80).collect();
    let no_entry = || {
        (
            IssueCode::BadShape,
            format!("{shown:?} is not topic,partition,offset."),
        )
    };
    let values: Vec<&str> = line.split(SEPARATORS).map(unquoted).collect();
    let [topic, partition, offset] = values[..] else {
        return Err(no_entry());
    };
    if topic.is_empty() {
        return Err(no_entry());
    }
    let Some(number) = partition.parse::<i32>().ok().filter(|number| *number >= 0) else {
        let message = format!("{partition:?} of topic {topic:?} is no partition.");
        return Err((IssueCode::BadShape, message));
    };
    let Ok(offset) = offset.parse::<i64>() else {
        let message =
            format!("The offset {offset:?} of {topic}-{number} is no whole number.");
        return Err((IssueCode::BadShape, message));
    };
    if offset < 0 {
        let message =
            format!("The offset of {topic}-{number} is {offset}, which is below zero.");
        return Err((IssueCode::NegativeOffset, message));
    }
    Ok((topic.to_owned(), number, offset))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_of_kafkas_tool_and_of_a_spreadsheet_are_read() {
        for text in [
            "orders,0,12\norders,1,7\n",
            "\"topic\",\"partition\",\"offset\"\r\n\"orders\",\"0\",\"12\"\r\n\"orders\",1,7",
            "Topic;Partition;Offset\norders; 0; 12\n\norders;1;7",
            "orders\t0\t12\norders\t1\t7",
        ] {
            let parsed = PartitionOffsets::parse_csv(text);
            assert_eq!(parsed.issues, [], "{text}");
            let offsets = parsed.value.unwrap();
            assert_eq!(offsets.to_csv(), "orders,0,12\norders,1,7\n");
        }
    }

    #[test]
    fn a_wrong_line_is_named_with_its_number() {
        for (text, line, said) in [
            ("t,0,1\nt,0,2", Some(2), "t-0 stands there twice"),
            ("t,0,1.5", Some(1), "\"1.5\" of t-0 is no whole number"),
            ("t,0,-2", Some(1), "-2, which is below zero"),
            ("t,-1,2", Some(1), "\"-1\" of topic \"t\" is no partition"),
            ("t,0", Some(1), "is not topic,partition,offset"),
            (",0,1", Some(1), "is not topic,partition,offset"),
            ("t,0,9223372036854775808", Some(1), "is no whole number"),
            ("\n\n", None, "No line of"),
        ] {
            let parsed = PartitionOffsets::parse_csv(text);
            let issue = &parsed.issues[0];
            assert_eq!(issue.line, line, "{text}");
            assert!(issue.message.contains(said), "{text}: {}", issue.message);
        }
    }

    proptest! {
        #[test]
        fn offsets_survive_their_lines(
            items in proptest::collection::btree_map(
                ("[a-zA-Z0-9._-]{1,20}", 0..1_000_i32), 0..i64::MAX, 1..30)
        ) {
            let offsets: PartitionOffsets = items
                .into_iter()
                .map(|((topic, partition), offset)| (topic, partition, offset))
                .collect();
            let parsed = PartitionOffsets::parse_csv(&offsets.to_csv());
            prop_assert_eq!(parsed.flawless(), Some(offsets));
        }

        #[test]
        fn no_text_is_too_odd(text in "\\PC{0,200}") {
            let _any = PartitionOffsets::parse_csv(&text);
        }
    }
}
