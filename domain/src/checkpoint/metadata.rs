//! `metadata`: the query's id, written once by its first start. Source of the
//! format: Spark's `StreamMetadata.scala`.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::parsed::{Issue, IssueCode, Parsed};

/// `{"id":"5b0c4824-5d6d-4f9e-b1a4-0a53ef144619"}`, without a version line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamMetadata {
    pub id: Uuid,
}

impl StreamMetadata {
    /// Spark's exact bytes.
    pub fn render(&self) -> String {
        format!("{{\"id\":\"{}\"}}", self.id)
    }

    pub fn parse(bytes: &[u8]) -> Parsed<Self> {
        if bytes.is_empty() {
            return Parsed::nothing(Issue::whole(IssueCode::Empty, "The file is empty."));
        }
        let Ok(text) = std::str::from_utf8(bytes) else {
            return Parsed::nothing(Issue::whole(
                IssueCode::NotUtf8,
                "The file is not UTF-8.",
            ));
        };
        let json: serde_json::Value = match serde_json::from_str(text) {
            Ok(json) => json,
            Err(error) => {
                return Parsed::nothing(Issue::at(
                    1,
                    IssueCode::BadJson,
                    format!("The file is not JSON: {error}."),
                ));
            }
        };
        let Some(id) = json.get("id").and_then(|id| id.as_str()) else {
            return Parsed::nothing(Issue::at(
                1,
                IssueCode::BadShape,
                "The file has no text field \"id\".",
            ));
        };
        let Ok(uuid) = Uuid::parse_str(id) else {
            return Parsed::nothing(Issue::at(
                1,
                IssueCode::BadShape,
                format!("The id {id:?} is not a UUID."),
            ));
        };
        let value = Self { id: uuid };
        let mut issues = Vec::new();
        if text != value.render() {
            issues.push(Issue::at(
                1,
                IssueCode::Unusual,
                "The file is not byte for byte as Spark writes it.",
            ));
        }
        Parsed {
            value: Some(value),
            issues,
        }
    }
}
