//! `sources/<i>/0`: where a Kafka source began, resolved once before the first
//! batch. A checkpoint that holds only this file starts exactly there. Source
//! of the format: Spark's `KafkaSourceInitialOffsetWriter.scala`.

use serde::{Deserialize, Serialize};

use super::parsed::{Issue, IssueCode, Parsed};
use super::text_lines::version_line;
use crate::offsets::PartitionOffsets;

/// `\0v1\n{"topic":{"0":23}}`. The first byte is skipped by Spark whatever it
/// is; without it the `v` is eaten and the file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InitialOffset {
    pub offsets: PartitionOffsets,
}

impl InitialOffset {
    /// Spark's exact bytes.
    pub fn render(&self) -> Vec<u8> {
        let mut bytes = b"\0v1\n".to_vec();
        bytes.extend_from_slice(self.offsets.to_spark_json().as_bytes());
        bytes
    }

    pub fn parse(bytes: &[u8]) -> Parsed<Self> {
        let Some((first, rest)) = bytes.split_first() else {
            return Parsed::nothing(Issue::whole(IssueCode::Empty, "The file is empty."));
        };
        let Ok(text) = std::str::from_utf8(rest) else {
            return Parsed::nothing(Issue::whole(
                IssueCode::NotUtf8,
                "The file is not UTF-8.",
            ));
        };
        let mut issues = Vec::new();
        if *first != 0 {
            issues.push(Issue::whole(
                IssueCode::Unusual,
                format!("The first byte is {first:#04x} and not 00; Spark skips it."),
            ));
        }
        let json = if text.starts_with('v') {
            let Some((line, json)) = text.split_once('\n') else {
                return Parsed::nothing(Issue::at(
                    1,
                    IssueCode::BadHeader,
                    "The version line has no end.",
                ));
            };
            if let Err(issue) = version_line(line, 1) {
                return Parsed::nothing(issue);
            }
            json
        } else if text.is_empty() {
            return Parsed::nothing(Issue::whole(
                IssueCode::MissingLine,
                "Nothing follows the first byte.",
            ));
        } else {
            issues.push(Issue::at(
                1,
                IssueCode::Unusual,
                "There is no version line, as in files of Spark 2.1.",
            ));
            text
        };
        let parsed = PartitionOffsets::parse(json);
        issues.extend(parsed.issues);
        Parsed {
            value: parsed.value.map(|offsets| Self { offsets }),
            issues,
        }
    }
}
