//! The first doctor: what is wrong with a checkpoint, in words.

use super::finding::Finding;
use super::spark_line::{QueryShape, SparkLine};
use super::view::CheckpointView;

/// Everything that the checks have to say, worst first.
pub fn examine(
    view: &CheckpointView,
    line: SparkLine,
    shape: &QueryShape,
) -> Vec<Finding> {
    let _ = (view, line, shape);
    Vec::new()
}
