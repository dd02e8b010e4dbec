//! Spark's own file sink: data files beside `_spark_metadata/<batch>`, every tenth of
//! which is a `.compact` that holds all before it. A batch whose id is not above the
//! newest in the log is dropped, whatever the query's id (`FileStreamSink.addBatch`).

use domain::checkpoint::{SinkFile, SinkLog, SinkLogName};

use super::{Written, write_data};
use crate::job::failure::Failure;
use crate::job::query::Batch;
use crate::job::storage::{Location, Put, Storage};

/// `spark.sql.streaming.fileSink.log.compactInterval`, as it is by default.
const COMPACT_INTERVAL: i64 = 10;

pub(super) async fn write(
    storage: &Storage,
    at: &Location,
    batch: &Batch,
    now_ms: i64,
) -> Result<Written, Failure> {
    let log = Log {
        storage,
        at: at.below("_spark_metadata"),
    };
    let newest = log.newest().await?;
    if newest.is_some_and(|newest| batch.id <= newest) {
        let id = batch.id;
        return Ok(Written::Dropped {
            said: format!("FileStreamSink: Skipping already committed batch {id}"),
            was_read: false,
        });
    }
    let data = write_data(storage, at, "", batch).await?;
    let files = data.into_iter().map(|data| SinkFile {
        path: format!("{}/{}", at.uri(), data.name),
        size: i64::try_from(data.size).unwrap_or(i64::MAX),
        is_dir: false,
        modification_time: now_ms,
        block_replication: 1,
        block_size: 33_554_432,
        action: "add".to_owned(),
    });
    log.add(batch.id, files.collect()).await?;
    Ok(Written::Yes)
}

struct Log<'a> {
    storage: &'a Storage,
    at: Location,
}

impl Log<'_> {
    async fn newest(&self) -> Result<Option<i64>, Failure> {
        let names = self.storage.names(&self.at).await?;
        let batches = names.iter().filter_map(|name| SinkLogName::of(name));
        Ok(batches.map(SinkLogName::batch).max())
    }

    async fn add(&self, batch: i64, mut files: Vec<SinkFile>) -> Result<(), Failure> {
        let name = match is_compaction(batch) {
            false => batch.to_string(),
            true => {
                let mut all = self.all_before(batch).await?;
                all.append(&mut files);
                files = all;
                format!("{batch}.compact")
            }
        };
        let text = SinkLog { version: 1, files }.render();
        let put = self.storage.put_if_absent(&self.at, &name, text.as_bytes());
        if put.await? == Put::Exists {
            let text = format!("Race while writing batch {batch}");
            return Err(Failure::new("java.lang.IllegalStateException", text));
        }
        if is_compaction(batch) {
            self.delete_expired(batch).await?;
        }
        Ok(())
    }

    /// The files of the newest compaction and of all batches after it.
    async fn all_before(&self, batch: i64) -> Result<Vec<SinkFile>, Failure> {
        let mut all = Vec::new();
        for id in (batch - COMPACT_INTERVAL).max(0)..batch {
            let name = match is_compaction(id) {
                true => format!("{id}.compact"),
                false => id.to_string(),
            };
            let Some(bytes) = self.storage.get(&self.at, &name).await? else {
                let text = format!(
                    "{}/{name} doesn't exist (latestId: {}, compactInterval: \
                     {COMPACT_INTERVAL})",
                    self.at.uri(),
                    batch - 1
                );
                return Err(Failure::new("java.lang.IllegalStateException", text));
            };
            let log = SinkLog::parse(&bytes).value;
            all.extend(log.map(|log| log.files).unwrap_or_default());
        }
        Ok(all)
    }

    /// What two compactions hold is kept by none. Spark waits ten minutes first; the
    /// compaction before stands here for that.
    async fn delete_expired(&self, compacted: i64) -> Result<(), Failure> {
        for name in self.storage.names(&self.at).await? {
            let batch = SinkLogName::of(&name).map(SinkLogName::batch);
            if batch.is_some_and(|batch| batch < compacted - COMPACT_INTERVAL) {
                self.storage.delete(&self.at, &name).await?;
            }
        }
        Ok(())
    }
}

fn is_compaction(batch: i64) -> bool {
    (batch + 1) % COMPACT_INTERVAL == 0
}
