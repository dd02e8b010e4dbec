//! Where a query writes to: plain files, or a table whose log remembers batches.
//!
//! Each keeps its log as the real writer does, and drops a batch that it has by the
//! real writer's rule, so that a batch that is silently lost can be seen. The data is
//! always the same: lines that say which offsets an object holds. Nothing is kept in
//! memory across a batch.

mod bronze;
mod delta;
mod file_sink;
mod iceberg;

use uuid::Uuid;

use super::failure::Failure;
use super::query::Batch;
use super::script::SinkFormat;
use super::storage::{Location, Storage};

/// Where one query writes to.
pub(super) struct Sink {
    pub(super) format: SinkFormat,
    pub(super) at: Location,
    /// The query's id, by which two of the formats remember.
    pub(super) query_id: String,
}

/// What became of a batch.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// The sink has it now.
    Yes,
    /// The sink believed to have it.
    Dropped {
        /// What its writer says in the log.
        said: String,
        /// Whether its records were read all the same. A sink that is asked first
        /// has the query plan not run at all, so that not even state is kept.
        was_read: bool,
    },
}

impl Sink {
    /// Gives the batch to the sink.
    pub(super) async fn write(
        &self,
        storage: &Storage,
        batch: &Batch,
        now_ms: i64,
    ) -> Result<Written, Failure> {
        match self.format {
            SinkFormat::Bronze => {
                bronze::write(storage, &self.at, batch, now_ms).await?;
                Ok(Written::Yes)
            }
            SinkFormat::Json => file_sink::write(storage, &self.at, batch, now_ms).await,
            SinkFormat::Delta => delta::write(storage, self, batch, now_ms).await,
            SinkFormat::Iceberg => iceberg::write(storage, self, batch, now_ms).await,
        }
    }

    /// What progress events call it.
    pub(super) fn description(&self) -> String {
        match self.format {
            SinkFormat::Bronze => "ForeachBatchSink".to_owned(),
            SinkFormat::Json => format!("FileSink[{}]", self.at.uri()),
            SinkFormat::Delta => format!("DeltaSink[{}]", self.at.uri()),
            SinkFormat::Iceberg => {
                format!("IcebergWrite(table={}, format=PARQUET)", self.at.uri())
            }
        }
    }
}

/// An object with the batch's data.
struct DataFile {
    /// Below the sink's place.
    name: String,
    /// In bytes.
    size: usize,
    records: i64,
}

/// Writes the batch's data below a place; an empty batch has none.
async fn write_data(
    storage: &Storage,
    at: &Location,
    folder: &str,
    batch: &Batch,
) -> Result<Option<DataFile>, Failure> {
    if batch.ranges.is_empty() {
        return Ok(None);
    }
    let text = bronze::lines(batch);
    let name = format!("{folder}part-00000-{}-c000.json", Uuid::new_v4());
    storage.put(at, &name, text.as_bytes()).await?;
    Ok(Some(DataFile {
        name,
        size: text.len(),
        records: super::progress::records(batch),
    }))
}
