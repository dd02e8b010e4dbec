//! The sink: one object a batch that says exactly which offsets it holds.
//!
//! It stands for a plain `foreachBatch` writer, which knows nothing of batches that it
//! wrote before: a batch that is run again is there twice, and that can be seen.

use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::failure::Failure;
use super::query::Batch;
use super::storage::{Location, Storage};

/// Writes the batch; an empty one leaves no object.
pub(super) async fn write(
    storage: &Storage,
    at: &Location,
    batch: &Batch,
    now_ms: i64,
) -> Result<(), Failure> {
    if batch.ranges.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = batch
        .ranges
        .iter()
        .map(|range| {
            json!({
                "batch": batch.id,
                "topic": range.at.topic,
                "partition": range.at.partition,
                "from": range.from,
                "until": range.until,
                "records": range.until - range.from,
            })
            .to_string()
        })
        .collect();
    let name = format!(
        "dt={}/part-{}-{}.json",
        day(now_ms),
        batch.id,
        Uuid::new_v4()
    );
    let mut text = lines.join("\n");
    text.push('\n');
    storage.put(at, &name, text.as_bytes()).await
}

fn day(ms: i64) -> String {
    let at = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH);
    at.strftime("%Y-%m-%d").to_string()
}
