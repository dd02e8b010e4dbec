//! A Delta table: `_delta_log/<20 digits>.json`. Each batch is a commit with a `txn` of
//! the query's id, and a batch whose id is not above the newest `txn` of that id is
//! dropped (`DeltaSink.addBatch`). There are no checkpoints of the log: they would be
//! Parquet, as would be the data.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Sink, Written, write_data};
use crate::job::failure::Failure;
use crate::job::query::Batch;
use crate::job::storage::{Location, Put, Storage};

pub(super) async fn write(
    storage: &Storage,
    sink: &Sink,
    batch: &Batch,
    now_ms: i64,
) -> Result<Written, Failure> {
    let log = sink.at.below("_delta_log");
    let versions = versions(storage, &log).await?;
    let newest = transaction(storage, &log, &versions, &sink.query_id).await?;
    if newest.is_some_and(|newest| newest >= batch.id) {
        return Ok(Written::Dropped {
            said: format!(
                "DeltaSink: Skipping already complete epoch {}, in query {}",
                batch.id, sink.query_id
            ),
            was_read: false,
        });
    }
    let mut actions = vec![json!({ "commitInfo": {
        "timestamp": now_ms,
        "operation": "STREAMING UPDATE",
        "operationParameters": {
            "outputMode": "Append",
            "queryId": sink.query_id,
            "epochId": batch.id.to_string(),
        },
        "isBlindAppend": true,
    } })];
    if versions.is_empty() {
        actions.extend(first_actions(now_ms));
    }
    actions.push(json!({ "txn": {
        "appId": sink.query_id,
        "version": batch.id,
        "lastUpdated": now_ms,
    } }));
    if let Some(data) = write_data(storage, &sink.at, "", batch).await? {
        actions.push(json!({ "add": {
            "path": data.name,
            "partitionValues": {},
            "size": data.size,
            "modificationTime": now_ms,
            "dataChange": true,
            "stats": json!({ "numRecords": data.records }).to_string(),
        } }));
    }
    let version = versions.last().map_or(0, |version| version + 1);
    let lines: Vec<String> = actions.iter().map(Value::to_string).collect();
    let text = format!("{}\n", lines.join("\n"));
    let name = file(version);
    match storage.put_if_absent(&log, &name, text.as_bytes()).await? {
        Put::Written => Ok(Written::Yes),
        Put::Exists => Err(Failure::new(
            "io.delta.exceptions.ConcurrentTransactionException",
            "This error occurs when multiple streaming queries are using the same \
             checkpoint to write into this table.",
        )),
    }
}

/// What the first commit of a table says of it.
fn first_actions(now_ms: i64) -> [Value; 2] {
    [
        json!({ "protocol": { "minReaderVersion": 1, "minWriterVersion": 2 } }),
        json!({ "metaData": {
            "id": Uuid::new_v4().to_string(),
            "format": { "provider": "parquet", "options": {} },
            "schemaString": "{\"type\":\"struct\",\"fields\":[]}",
            "partitionColumns": [],
            "configuration": { "delta.checkpointInterval": "1000000" },
            "createdTime": now_ms,
        } }),
    ]
}

fn file(version: u64) -> String {
    format!("{version:020}.json")
}

/// Rising.
async fn versions(storage: &Storage, log: &Location) -> Result<Vec<u64>, Failure> {
    let names = storage.names(log).await?;
    let versions = names
        .iter()
        .filter_map(|name| name.strip_suffix(".json")?.parse().ok());
    Ok(versions.collect())
}

/// The newest transaction of a name. The whole log is read back to it, as Delta does
/// where there is no checkpoint.
async fn transaction(
    storage: &Storage,
    log: &Location,
    versions: &[u64],
    name: &str,
) -> Result<Option<i64>, Failure> {
    for version in versions.iter().rev() {
        let bytes = storage.get(log, &file(*version)).await?.unwrap_or_default();
        let txn = bytes
            .split(|byte| *byte == b'\n')
            .filter_map(|line| serde_json::from_slice::<Value>(line).ok())
            .find_map(|action| {
                let txn = action.get("txn")?;
                let is_its = txn.get("appId")?.as_str()? == name;
                is_its.then(|| txn.get("version")?.as_i64()).flatten()
            });
        if txn.is_some() {
            return Ok(txn);
        }
    }
    Ok(None)
}
