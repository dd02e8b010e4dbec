//! `commits/<batch>`: written after the sink has finished the batch. Source of
//! the format: Spark's `CommitLog.scala`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::parsed::{Issue, IssueCode, Parsed};
use super::text_lines::{Versioned, versioned};

/// Unique ids of state files by operator, then partition, then store.
pub type StateUniqueIds = BTreeMap<i64, Vec<Vec<String>>>;

/// `v1\n{"nextBatchWatermarkMs":0}`; version 2 (4.0 and later, opt-in) also
/// names the state files that belong to the batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitMetadata {
    pub version: u32,
    /// Milliseconds since the epoch.
    pub next_batch_watermark_ms: i64,
    /// In version 2 alone.
    pub state_unique_ids: Option<StateUniqueIds>,
}

impl CommitMetadata {
    /// A commit of version 1.
    pub fn v1(next_batch_watermark_ms: i64) -> Self {
        Self {
            version: 1,
            next_batch_watermark_ms,
            state_unique_ids: None,
        }
    }

    /// Spark's exact bytes: no newline at the end.
    pub fn render(&self) -> String {
        let mut text = format!(
            "v{}\n{{\"nextBatchWatermarkMs\":{}",
            self.version, self.next_batch_watermark_ms
        );
        if let Some(ids) = &self.state_unique_ids {
            let json = serde_json::to_string(ids).expect("a map of texts is JSON");
            text.push_str(",\"stateUniqueIds\":");
            text.push_str(&json);
        }
        text.push('}');
        text
    }

    pub fn parse(bytes: &[u8]) -> Parsed<Self> {
        let Versioned {
            version,
            text,
            lines,
        } = match versioned(bytes, 3) {
            Ok(read) => read,
            Err(issue) => return Parsed::nothing(issue),
        };
        let mut issues = Vec::new();
        let json = match lines.get(1) {
            None => {
                issues.push(Issue::at(
                    2,
                    IssueCode::MissingLine,
                    "There is no second line; Spark takes a watermark of 0.",
                ));
                Value::Object(serde_json::Map::new())
            }
            Some(line) => match serde_json::from_str(line) {
                Ok(json) => json,
                Err(error) => {
                    issues.push(Issue::at(
                        2,
                        IssueCode::BadJson,
                        format!("The second line is not JSON: {error}."),
                    ));
                    return Parsed {
                        value: None,
                        issues,
                    };
                }
            },
        };
        let value = from_json(version, &json, &mut issues);
        if let Some(value) = &value
            && issues.is_empty()
            && value.render() != text
        {
            issues.push(Issue::whole(
                IssueCode::Unusual,
                "The file is not byte for byte as Spark writes it.",
            ));
        }
        Parsed { value, issues }
    }
}

fn from_json(
    version: u32,
    json: &Value,
    issues: &mut Vec<Issue>,
) -> Option<CommitMetadata> {
    let bad = |message: &str| Issue::at(2, IssueCode::BadShape, message);
    let Some(fields) = json.as_object() else {
        issues.push(bad("The second line is no JSON object."));
        return None;
    };
    let watermark = match fields.get("nextBatchWatermarkMs") {
        None => {
            issues.push(Issue::at(
                2,
                IssueCode::Unusual,
                "There is no \"nextBatchWatermarkMs\"; Spark takes 0.",
            ));
            0
        }
        Some(value) => match value.as_i64() {
            Some(value) => value,
            None => {
                issues.push(bad("\"nextBatchWatermarkMs\" is no whole number."));
                return None;
            }
        },
    };
    let ids = match fields.get("stateUniqueIds") {
        None | Some(Value::Null) => None,
        Some(value) => match serde_json::from_value(value.clone()) {
            Ok(ids) => Some(ids),
            Err(error) => {
                issues.push(bad(&format!("\"stateUniqueIds\" is malformed: {error}.")));
                None
            }
        },
    };
    Some(CommitMetadata {
        version,
        next_batch_watermark_ms: watermark,
        state_unique_ids: ids,
    })
}
