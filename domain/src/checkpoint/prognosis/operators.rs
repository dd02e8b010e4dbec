//! Whether the query still has the operators that keep state here.

use std::collections::BTreeMap;

use super::{Start, Step};
use crate::checkpoint::layout::CheckpointFile;
use crate::checkpoint::reading::SparkError;
use crate::checkpoint::spark_line::SparkLine;
use crate::checkpoint::state::OperatorMetadata;

/// From 4.0 on the first batch after a start, but for batch 0, is held against
/// what describes the operators; where one description cannot be read, none is
/// looked at. Here only a query without any such operator is told apart: which
/// operators a query has does not follow from its checkpoint. Source:
/// `IncrementalExecution.checkOperatorValidWithMetadata`.
pub(super) fn gone(start: &Start<'_>, batch: i64) -> Step<()> {
    if start.line < SparkLine::V4_0 || batch == 0 {
        return Ok(());
    }
    let mut described: BTreeMap<i64, (Option<i64>, &str, OperatorMetadata)> =
        BTreeMap::new();
    for key in start.view.listing.keys() {
        let CheckpointFile::OperatorMetadata { op, batch } = CheckpointFile::of_key(key)
        else {
            continue;
        };
        let Some(bytes) = start.bytes(key)? else {
            continue;
        };
        let Some(read) = OperatorMetadata::parse(bytes).value else {
            return Ok(());
        };
        let newer = described.get(&op).is_none_or(|known| known.0 < batch);
        if newer {
            described.insert(op, (batch, key, read));
        }
    }
    let Some((_, key, _)) = described.values().next() else {
        return Ok(());
    };
    let names: Vec<String> = described
        .values()
        .map(|(_, _, read)| {
            format!(
                "(OperatorId: {} -> OperatorName: {})",
                read.operator_id, read.operator_name
            )
        })
        .collect();
    let error = SparkError::condition(
        start.line,
        "org.apache.spark.SparkRuntimeException",
        "STREAMING_STATEFUL_OPERATOR_NOT_MATCH_IN_STATE_METADATA",
        &format!(
            "Streaming stateful operator name does not match with the operator in state \
             metadata. This likely to happen when user adds/removes/changes stateful \
             operator of existing streaming query.\nStateful operators in the metadata: \
             [{}]; Stateful operators in current batch: [].",
            names.join(", ")
        ),
        "42K03",
    );
    Err(Start::fail_early(key, error))
}
