//! Whether the columns of the stores are those that the query will ask for.
//!
//! A conf that is missing from the newest file of `offsets/` gets its oldest
//! value, and with it the oldest format of the state. The stored schema tells
//! which format it was written in, so a dropped conf can be foreseen.

use super::state_load::Conf;
use super::{Start, Step};
use crate::checkpoint::layout::CheckpointFile;
use crate::checkpoint::reading::{SparkError, check_schema_version};
use crate::checkpoint::spark_line::SparkLine;
use crate::checkpoint::state::{OperatorMetadata, StateFault, StateField, StateSchema};

const AGGREGATION: &str = "spark.sql.streaming.aggregation.stateFormatVersion";
const GROUPS: &str = "spark.sql.streaming.flatMapGroupsWithState.stateFormatVersion";
const JOIN: &str = "spark.sql.streaming.join.stateFormatVersion";

/// Whether every schema can be read at all.
pub(super) fn readable(start: &Start<'_>) -> Step<()> {
    for key in start.view.listing.keys() {
        if let CheckpointFile::StateSchema { .. } = CheckpointFile::of_key(key) {
            schema_at(start, key)?;
        }
    }
    Ok(())
}

fn schema_at(start: &Start<'_>, key: &str) -> Step<Option<StateSchema>> {
    let Some(bytes) = start.bytes(key)? else {
        return Ok(None);
    };
    match StateSchema::parse(bytes) {
        Ok(schema) => Ok(Some(schema)),
        Err(fault) => Err(Start::fail_early(key, unreadable(start, &fault))),
    }
}

pub(super) fn check(start: &Start<'_>, conf: &Conf) -> Step<()> {
    for key in start.view.listing.keys() {
        let CheckpointFile::StateSchema { op, store, .. } = CheckpointFile::of_key(key)
        else {
            continue;
        };
        let Some(schema) = schema_at(start, key)? else {
            continue;
        };
        if let Some(asked) = asked_value(start, op, &store, &schema, conf) {
            return Err(Start::fail_early(key, incompatible(start, &schema, &asked)));
        }
    }
    Ok(())
}

/// The schema of an operator's first store that has one.
pub(super) fn of_operator(start: &Start<'_>, op: i64) -> Step<Option<StateSchema>> {
    for key in start.view.listing.keys() {
        match CheckpointFile::of_key(key) {
            CheckpointFile::StateSchema { op: of, .. } if of == op => {
                if let Some(bytes) = start.bytes(key)? {
                    return Ok(StateSchema::parse(bytes).ok());
                }
            }
            _ => {}
        }
    }
    Ok(None)
}

fn unreadable(start: &Start<'_>, fault: &StateFault) -> SparkError {
    match fault {
        StateFault::BadVersion(text) => match check_schema_version(text, start.line) {
            Err(error) => error,
            Ok(_) => SparkError::illegal_state(format!("unexpected version {text}")),
        },
        // What is no JSON is tried as a type's name.
        StateFault::BadJson => {
            let (condition, prefix) = if start.line >= SparkLine::V3_4 {
                (
                    Some("UNSUPPORTED_DATATYPE".to_owned()),
                    "[UNSUPPORTED_DATATYPE] ",
                )
            } else {
                (None, "")
            };
            SparkError {
                class: "org.apache.spark.SparkIllegalArgumentException".to_owned(),
                condition,
                text: format!("{prefix}Unsupported data type in the state schema"),
            }
        }
        _ => SparkError::new("java.io.EOFException", ""),
    }
}

/// The columns of the values that the query asks for where they differ from
/// those stored; `None` where they agree or it cannot be told.
fn asked_value(
    start: &Start<'_>,
    op: i64,
    store: &str,
    schema: &StateSchema,
    conf: &Conf,
) -> Option<Vec<StateField>> {
    let oldest = |name: &str| conf.get(name).is_none_or(|version| version == "1");
    let stored = &schema.value;
    let last = stored.last()?;
    if schema.version > 2 {
        return None;
    }
    if store.ends_with("-keyWithIndexToValue") {
        // Format 2 of a join adds whether the row was matched.
        let matched = last.name == "matched" && last.data_type == "\"boolean\"";
        return (oldest(JOIN) && matched).then(|| stored[..stored.len() - 1].to_vec());
    }
    if stored.iter().any(|field| field.name == "groupState") {
        return oldest(GROUPS).then(|| ungrouped(stored));
    }
    let is_aggregation = operator_name(start, op).is_none_or(|n| n == "stateStoreSave");
    let is_value = !stored.iter().any(|field| field.name == "__dummy__");
    if !is_aggregation || !is_value || !oldest(AGGREGATION) || schema.key.is_empty() {
        return None;
    }
    // Format 1 of an aggregation stores the keys in the values as well.
    let has_keys = stored.len() >= schema.key.len()
        && stored
            .iter()
            .zip(&schema.key)
            .all(|(value, key)| value.data_type == key.data_type);
    (!has_keys).then(|| [schema.key.as_slice(), stored.as_slice()].concat())
}

/// Format 1 of mapGroupsWithState has the fields of the state side by side.
fn ungrouped(stored: &[StateField]) -> Vec<StateField> {
    stored
        .iter()
        .filter(|field| field.name != "groupState")
        .cloned()
        .collect()
}

fn operator_name(start: &Start<'_>, op: i64) -> Option<String> {
    let bytes = start
        .view
        .bytes
        .get(&format!("state/{op}/_metadata/metadata"))?;
    OperatorMetadata::parse(bytes)
        .value
        .map(|operator| operator.operator_name)
}

fn incompatible(
    start: &Start<'_>,
    schema: &StateSchema,
    asked: &[StateField],
) -> SparkError {
    let stored = StateSchema::show(&schema.value);
    let asked = StateSchema::show(asked);
    const PACKAGE: &str = "org.apache.spark.sql.execution.streaming.state";
    if start.line >= SparkLine::V4_0 {
        return SparkError::condition(
            start.line,
            &format!("{PACKAGE}.StateStoreValueSchemaNotCompatible"),
            "STATE_STORE_VALUE_SCHEMA_NOT_COMPATIBLE",
            &format!(
                "Provided value schema does not match existing state value schema.\n\
                 Please check number and type of fields.\nExisting value_schema={stored} \
                 and new value_schema={asked}.\nIf you want to force running the query \
                 without schema validation, please set \
                 spark.sql.streaming.stateStore.stateSchemaCheck to false.\nHowever, \
                 please note that running the query with incompatible schema could \
                 cause non-deterministic behavior."
            ),
            "XXKST",
        );
    }
    let key = StateSchema::show(&schema.key);
    SparkError::new(
        &format!("{PACKAGE}.StateSchemaNotCompatible"),
        format!(
            "Provided schema doesn't match to the schema for existing state! Please note \
             that Spark allow difference of field name: check count of fields and data \
             type of each field.\n- Provided key schema: {key}\n- Existing key schema: \
             {key}\n- Provided value schema: {asked}\n- Existing value schema: {stored}\n\
             If you want to force running query without schema validation, please set \
             spark.sql.streaming.stateStore.stateSchemaCheck to false.\nPlease note \
             running query with incompatible schema could cause indeterministic \
             behavior."
        ),
    )
}
