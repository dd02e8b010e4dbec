use serde::{Deserialize, Serialize};

use crate::checkpoint::parsed::{Issue, IssueCode, Parsed};
use crate::checkpoint::text_lines::versioned;

/// `state/<op>/_metadata/metadata`, from Spark 4.0 on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorMetadata {
    pub operator_id: i64,
    /// Such as `stateStoreSave`, `symmetricHashJoin`.
    pub operator_name: String,
    pub stores: Vec<StateStoreInfo>,
    /// In version 2 alone: a JSON text of the operator's own.
    pub properties: Option<String>,
}

/// One store of an operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StateStoreInfo {
    pub store_name: String,
    pub num_partitions: i32,
    /// For transformWithState: absolute paths, so that a copied checkpoint
    /// still points at the one it was copied from.
    #[serde(default)]
    pub state_schema_file_paths: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OnDisk {
    operator_info: OperatorInfo,
    state_store_info: Vec<StateStoreInfo>,
    #[serde(default)]
    operator_properties_json: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OperatorInfo {
    operator_id: i64,
    operator_name: String,
}

impl OperatorMetadata {
    pub fn parse(bytes: &[u8]) -> Parsed<Self> {
        let lines = match versioned(bytes, 2) {
            Ok(read) => read.lines,
            Err(issue) => return Parsed::nothing(issue),
        };
        let Some(json) = lines.get(1) else {
            return Parsed::nothing(Issue::at(
                2,
                IssueCode::MissingLine,
                "There is no second line.",
            ));
        };
        match serde_json::from_str::<OnDisk>(json) {
            Ok(read) => Parsed {
                value: Some(Self {
                    operator_id: read.operator_info.operator_id,
                    operator_name: read.operator_info.operator_name,
                    stores: read.state_store_info,
                    properties: read.operator_properties_json,
                }),
                issues: Vec::new(),
            },
            Err(error) => Parsed::nothing(Issue::at(
                2,
                IssueCode::BadShape,
                format!("The second line does not describe an operator: {error}."),
            )),
        }
    }
}
