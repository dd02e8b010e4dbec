//! Plain files: one object a batch that says exactly which offsets it holds.
//!
//! It stands for a plain `foreachBatch` writer, which knows nothing of batches that it
//! wrote before: a batch that is run again is there twice, and that can be seen.

use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use crate::job::failure::Failure;
use crate::job::query::Batch;
use crate::job::storage::{Location, Storage};

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
    let name = format!(
        "dt={}/part-{}-{}.json",
        day(now_ms),
        batch.id,
        Uuid::new_v4()
    );
    storage.put(at, &name, lines(batch).as_bytes()).await
}

/// A line for each range of offsets.
pub(super) fn lines(batch: &Batch) -> String {
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
                // The newest record's own, as a job that keeps Kafka's columns has it.
                "offset": range.until - 1,
                "records": range.until - range.from,
            })
            .to_string()
        })
        .collect();
    let mut text = lines.join("\n");
    text.push('\n');
    text
}

fn day(ms: i64) -> String {
    let at = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH);
    at.strftime("%Y-%m-%d").to_string()
}
