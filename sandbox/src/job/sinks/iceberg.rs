//! An Iceberg table at a path: `metadata/v<N>.metadata.json` and `version-hint.text`.
//! Each batch is a snapshot that names query and epoch, and an epoch that is not above
//! that of the nearest ancestor of the same query is dropped
//! (`SparkWrite.BaseStreamingWrite.commit`). Manifests, which are Avro, are named and not
//! written; old snapshots are expired, as a table's owner would do it.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Sink, Written, write_data};
use crate::job::failure::Failure;
use crate::job::query::Batch;
use crate::job::storage::{Location, Put, Storage};

const QUERY_ID: &str = "spark.sql.streaming.queryId";
const EPOCH_ID: &str = "spark.sql.streaming.epochId";
/// So many snapshots are kept.
const SNAPSHOTS_MAX: usize = 50;
/// `write.metadata.previous-versions-max`; here older ones are deleted after a commit.
const VERSIONS_MAX: u64 = 20;

pub(super) async fn write(
    storage: &Storage,
    sink: &Sink,
    batch: &Batch,
    now_ms: i64,
) -> Result<Written, Failure> {
    let place = sink.at.below("metadata");
    let version = version(storage, &place).await?;
    let mut table = match version {
        None => new_table(&sink.at.uri(), now_ms),
        Some(version) => read(storage, &place, version).await?,
    };
    if last_epoch(&table, &sink.query_id).is_some_and(|last| batch.id <= last) {
        return Ok(Written::Dropped {
            said: format!(
                "SparkWrite: Skipping epoch {} for query {} as it was already committed",
                batch.id, sink.query_id
            ),
            was_read: true,
        });
    }
    let data = write_data(storage, &sink.at, "data/", batch).await?;
    let records = data.map_or(0, |data| data.records);
    append(&mut table, sink, batch.id, records, now_ms);
    let next = version.map_or(1, |version| version + 1);
    let text = table.to_string();
    let name = file(next);
    let put = storage.put_if_absent(&place, &name, text.as_bytes());
    if put.await? == Put::Exists {
        return Err(Failure::new(
            "org.apache.iceberg.exceptions.CommitFailedException",
            format!("Version {next} already exists"),
        ));
    }
    let hint = next.to_string();
    storage
        .put(&place, "version-hint.text", hint.as_bytes())
        .await?;
    if let Some(old) = next.checked_sub(VERSIONS_MAX).filter(|old| *old > 0) {
        storage.delete(&place, &file(old)).await?;
    }
    Ok(Written::Yes)
}

fn file(version: u64) -> String {
    format!("v{version}.metadata.json")
}

/// The version of the hint, and on from it as long as there is a next.
async fn version(storage: &Storage, place: &Location) -> Result<Option<u64>, Failure> {
    let Some(bytes) = storage.get(place, "version-hint.text").await? else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(&bytes);
    let Ok(mut version) = text.trim().parse::<u64>() else {
        return Err(unreadable(place, "version-hint.text"));
    };
    while storage.exists(place, &file(version + 1)).await? {
        version += 1;
    }
    Ok(Some(version))
}

async fn read(
    storage: &Storage,
    place: &Location,
    version: u64,
) -> Result<Value, Failure> {
    let name = file(version);
    let bytes = storage.get(place, &name).await?.unwrap_or_default();
    serde_json::from_slice(&bytes).map_err(|_| unreadable(place, &name))
}

fn unreadable(place: &Location, name: &str) -> Failure {
    Failure::new(
        "org.apache.iceberg.exceptions.RuntimeIOException",
        format!("Failed to read file: {}/{name}", place.uri()),
    )
}

fn new_table(location: &str, now_ms: i64) -> Value {
    json!({
        "format-version": 2,
        "table-uuid": Uuid::new_v4().to_string(),
        "location": location,
        "last-sequence-number": 0,
        "last-updated-ms": now_ms,
        "last-column-id": 0,
        "current-schema-id": 0,
        "schemas": [{ "type": "struct", "schema-id": 0, "fields": [] }],
        "default-spec-id": 0,
        "partition-specs": [{ "spec-id": 0, "fields": [] }],
        "last-partition-id": 999,
        "default-sort-order-id": 0,
        "sort-orders": [{ "order-id": 0, "fields": [] }],
        "properties": {},
        "current-snapshot-id": -1,
        "refs": {},
        "snapshots": [],
        "snapshot-log": [],
        "metadata-log": [],
    })
}

/// The epoch of the nearest ancestor that this query wrote.
fn last_epoch(table: &Value, query: &str) -> Option<i64> {
    let snapshots = table["snapshots"].as_array()?;
    let mut at = table["current-snapshot-id"].as_i64();
    for _ in snapshots {
        let snapshot = snapshots
            .iter()
            .find(|snapshot| snapshot["snapshot-id"].as_i64() == at)?;
        let summary = &snapshot["summary"];
        if summary[QUERY_ID].as_str() == Some(query) {
            return summary[EPOCH_ID].as_str()?.parse().ok();
        }
        at = Some(snapshot["parent-snapshot-id"].as_i64()?);
    }
    None
}

fn append(table: &mut Value, sink: &Sink, epoch: i64, records: i64, now_ms: i64) {
    let sequence = table["last-sequence-number"].as_i64().unwrap_or(0) + 1;
    let parent = table["current-snapshot-id"].as_i64().filter(|id| *id >= 0);
    // Iceberg's ids are random positive numbers.
    let id = i64::try_from(Uuid::new_v4().as_u128() >> 66).unwrap_or(sequence);
    let mut snapshot = json!({
        "sequence-number": sequence,
        "snapshot-id": id,
        "timestamp-ms": now_ms,
        "summary": {
            "operation": "append",
            "added-records": records.to_string(),
        },
        "manifest-list":
            format!("{}/metadata/snap-{id}-1-{}.avro", sink.at.uri(), Uuid::new_v4()),
        "schema-id": 0,
    });
    snapshot["summary"][QUERY_ID] = json!(sink.query_id);
    snapshot["summary"][EPOCH_ID] = json!(epoch.to_string());
    if let Some(parent) = parent {
        snapshot["parent-snapshot-id"] = json!(parent);
    }
    table["last-sequence-number"] = json!(sequence);
    table["last-updated-ms"] = json!(now_ms);
    table["current-snapshot-id"] = json!(id);
    table["refs"] = json!({ "main": { "snapshot-id": id, "type": "branch" } });
    for list in ["snapshots", "snapshot-log"] {
        let entry = match list {
            "snapshots" => snapshot.clone(),
            _ => json!({ "timestamp-ms": now_ms, "snapshot-id": id }),
        };
        if let Some(entries) = table[list].as_array_mut() {
            entries.push(entry);
            let old = entries.len().saturating_sub(SNAPSHOTS_MAX);
            entries.drain(..old);
        }
    }
}
