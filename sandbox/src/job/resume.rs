//! Where a query goes on, by what its checkpoint holds.

use std::collections::BTreeMap;

use domain::checkpoint::{
    CheckpointView, OffsetSeq, Prognosis, QueryShape, SparkLine, StreamMetadata, predict,
};
use uuid::Uuid;

use super::failure::Failure;
use super::query::QueryPlan;
use super::storage::{Put, Storage};

/// The batch that is to run next.
#[derive(Debug, Clone)]
pub(super) struct NextBatch {
    pub(super) id: i64,
    pub(super) starts: Vec<Option<String>>,
    /// Set where the batch's offsets are in the log already.
    pub(super) ends: Option<Vec<Option<String>>>,
    /// A query without any committed batch runs its first one even if it is empty.
    pub(super) is_first: bool,
}

/// What a start decides.
pub(super) struct Resumed {
    /// The first batch.
    pub(super) next: NextBatch,
    /// A failure that is foreseen for the moment when state is loaded.
    pub(super) state_failure: Option<Failure>,
}

/// Follows the prognosis, or fails as it foretells.
pub(super) fn resumed(
    prognosis: Prognosis,
    view: &CheckpointView,
    plan: &QueryPlan,
) -> Result<Resumed, Failure> {
    let mut state_failure = None;
    let next = match prognosis {
        Prognosis::Starts {
            batch_id,
            start_offsets,
            end_offsets,
            ..
        } => NextBatch {
            id: batch_id,
            is_first: start_offsets.iter().any(Option::is_none),
            starts: start_offsets,
            ends: end_offsets,
        },
        Prognosis::StartsFresh { start, .. } => NextBatch {
            id: 0,
            starts: start.unwrap_or_else(|| vec![None; plan.sources.len()]),
            ends: None,
            is_first: true,
        },
        Prognosis::Fails {
            error_class,
            error_condition,
            text,
            path,
            first_batch,
            ..
        } => {
            let condition = error_condition.as_deref();
            let failure = Failure::foreseen(&error_class, condition, &text);
            let in_state = path.is_some_and(|path| path.starts_with("state/"));
            match first_batch {
                // A conflict in the logs comes about by itself when it is reached.
                Some(first) => NextBatch {
                    id: first.batch_id,
                    is_first: true,
                    starts: first.start_offsets,
                    ends: first.end_offsets,
                },
                None if in_state => {
                    state_failure = Some(failure.clone());
                    before_state(view, plan).ok_or(failure)?
                }
                None => return Err(failure),
            }
        }
        Prognosis::Unknown { unread } => {
            let path = unread
                .first()
                .map_or_else(String::new, |key| view.path(key));
            return Err(Failure::storage(&path, "the file was listed and is gone"));
        }
    };
    Ok(Resumed {
        next,
        state_failure,
    })
}

/// The batch that a query runs whose state cannot be loaded: Spark writes its offsets
/// before it looks at the state.
fn before_state(view: &CheckpointView, plan: &QueryPlan) -> Option<NextBatch> {
    let shape = QueryShape {
        stateful: false,
        ..plan.shape.clone()
    };
    match predict(view, plan.line, &shape) {
        Prognosis::Starts {
            batch_id,
            start_offsets,
            end_offsets,
            ..
        } => Some(NextBatch {
            id: batch_id,
            // Were nothing new, Spark would not come to its state either.
            is_first: true,
            starts: start_offsets,
            ends: end_offsets,
        }),
        _ => None,
    }
}

/// The id in `metadata`, or a new one that is written there.
pub(super) async fn query_id(
    view: &CheckpointView,
    plan: &QueryPlan,
    storage: &Storage,
) -> Result<String, Failure> {
    if let Some(bytes) = view.bytes.get("metadata")
        && let Some(metadata) = StreamMetadata::parse(bytes).value
    {
        return Ok(metadata.id.to_string());
    }
    let metadata = StreamMetadata { id: Uuid::new_v4() };
    let bytes = metadata.render();
    let put = storage
        .put_if_absent(&plan.checkpoint, "metadata", bytes.as_bytes())
        .await?;
    match put {
        Put::Written => Ok(metadata.id.to_string()),
        Put::Exists => {
            let path = view.path("metadata");
            Err(Failure::concurrent_write(plan.line, &path).at_start())
        }
    }
}

/// The confs and the watermark of the newest readable offsets, or those of a new query.
pub(super) fn pinned(
    view: &CheckpointView,
    plan: &QueryPlan,
) -> (BTreeMap<String, String>, i64) {
    let newest = view.offset_batches().last().copied();
    let read = newest
        .and_then(|batch| view.bytes.get(&format!("offsets/{batch}")))
        .and_then(|bytes| OffsetSeq::parse(bytes).value)
        .and_then(|sequence| sequence.metadata);
    match read {
        Some(metadata) if !metadata.conf.is_empty() => {
            (metadata.conf, metadata.batch_watermark_ms)
        }
        _ => (fresh_confs(plan), 0),
    }
}

/// What Spark writes into the first offsets of a new query, by its version.
fn fresh_confs(plan: &QueryPlan) -> BTreeMap<String, String> {
    const SQL: &str = "spark.sql.streaming.";
    const HDFS: &str =
        "org.apache.spark.sql.execution.streaming.state.HDFSBackedStateStoreProvider";
    let mut confs: BTreeMap<String, String> = [
        ("stateStore.providerClass", HDFS),
        ("stateStore.compression.codec", "lz4"),
        ("stateStore.rocksdb.formatVersion", "5"),
        ("statefulOperator.useStrictDistribution", "true"),
        ("flatMapGroupsWithState.stateFormatVersion", "2"),
        ("multipleWatermarkPolicy", "min"),
        ("aggregation.stateFormatVersion", "2"),
        ("join.stateFormatVersion", "2"),
    ]
    .into_iter()
    .map(|(key, value)| (format!("{SQL}{key}"), value.to_owned()))
    .collect();
    confs.insert(
        "spark.sql.shuffle.partitions".into(),
        plan.shuffle_partitions.to_string(),
    );
    if plan.line >= SparkLine::V3_5 {
        confs.insert(
            "spark.sql.optimizer.pruneFiltersCanPruneStreamingSubplan".into(),
            "false".into(),
        );
    }
    if plan.line >= SparkLine::V4_0 {
        confs.insert(
            format!("{SQL}stateStore.encodingFormat"),
            "unsaferow".into(),
        );
    }
    confs
}
