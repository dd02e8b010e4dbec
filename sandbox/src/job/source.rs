//! What a micro-batch query asks of a source.

use super::failure::Failure;
use super::planner::OffsetRange;

/// A stream of records with offsets, as Spark's engine sees it. Offsets are lines of
/// text, as they stand in `offsets/<batch>`.
pub trait Source: Send + Sync {
    /// As progress events name it: `KafkaV2[Subscribe[orders_events]]`.
    fn description(&self) -> String;

    /// Where a query without a checkpoint begins, by the source's own options.
    fn initial(&self, now_ms: Option<i64>) -> Result<String, Failure>;

    /// The file of `sources/<i>/0` for an initial offset; `None` where the source keeps
    /// none.
    fn initial_file(&self, line: &str) -> Option<Vec<u8>>;

    /// The initial offset that stands in the bytes of `sources/<i>/0`.
    fn initial_from(&self, bytes: &[u8]) -> Result<String, Failure>;

    /// The end of the next batch that starts at `start`, within the source's limit for so
    /// many triggers. The same line means that there is nothing new.
    fn next_end(
        &self,
        start: &str,
        now_ms: Option<i64>,
        triggers: i64,
    ) -> Result<String, Failure>;

    /// The ranges between two lines, and warnings for the log.
    fn plan(
        &self,
        start: &str,
        end: &str,
    ) -> Result<(Vec<OffsetRange>, Vec<String>), Failure>;

    /// What can really be read of the ranges, and warnings for the log.
    fn read(
        &self,
        ranges: &[OffsetRange],
    ) -> Result<(Vec<OffsetRange>, Vec<String>), Failure>;

    /// The newest offset that exists, for progress events; `None` where unknown.
    fn latest(&self, now_ms: Option<i64>) -> Option<String>;

    /// The isolation and log facts that metrics need: records that wait after `end`.
    fn waiting_after(&self, end: &str, now_ms: Option<i64>) -> Option<Vec<i64>>;
}
