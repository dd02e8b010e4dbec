//! From where to where the sources read in the first batch.

use super::{FirstBatch, Start, Step};
use crate::checkpoint::layout::CheckpointFile;
use crate::checkpoint::reading::{
    SourceKind, SparkError, SparkOffsets, read_initial_offset, read_source_line,
};
use crate::checkpoint::spark_line::SparkLine;
use crate::offsets::PartitionOffsets;

/// The two files of `offsets/` that decide.
pub(super) struct Lines<'a> {
    pub newest: i64,
    pub last: &'a SparkOffsets,
    /// `None` at batch 0.
    pub before: Option<&'a SparkOffsets>,
}

impl Lines<'_> {
    fn end(&self, source: usize) -> Option<&str> {
        self.last.sources.get(source)?.as_deref()
    }

    fn begin(&self, source: usize) -> Option<&str> {
        self.before?.sources.get(source)?.as_deref()
    }

    /// What kind of source wrote the line, by whichever of its lines is whole,
    /// else by its neighbours'. Kafka where nothing tells.
    fn kind(&self, source: usize) -> SourceKind {
        let own = [self.begin(source), self.end(source)];
        let all = self.before.into_iter().chain([self.last]);
        let others = all.flat_map(|file| file.sources.iter().map(Option::as_deref));
        own.into_iter()
            .chain(others)
            .flatten()
            .find_map(SourceKind::of_line)
            .unwrap_or(SourceKind::Kafka)
    }
}

/// The newest batch is committed: the next one starts at its end. A source that
/// has no offset there falls back to the end of the batch before.
pub(super) fn next_batch(start: &Start<'_>, lines: &Lines<'_>) -> Step<FirstBatch> {
    let key = format!("offsets/{}", lines.newest);
    let mut start_offsets = Vec::new();
    for source in 0..lines.last.sources.len() {
        let from = lines.end(source).or(lines.begin(source));
        start_offsets.push(begin_at(start, lines, source, from, &key)?);
    }
    Ok(FirstBatch {
        batch_id: lines.newest.wrapping_add(1),
        start_offsets,
        end_offsets: None,
        replay: false,
    })
}

/// The newest batch is not committed: it is run again, exactly.
pub(super) fn replayed_batch(start: &Start<'_>, lines: &Lines<'_>) -> Step<FirstBatch> {
    let key = format!("offsets/{}", lines.newest);
    let before = format!("offsets/{}", lines.newest.wrapping_sub(1));
    let mut start_offsets = Vec::new();
    for source in 0..lines.last.sources.len() {
        let from = lines.begin(source);
        start_offsets.push(begin_at(start, lines, source, from, &before)?);
        if let Some(end) = lines.end(source) {
            read_source_line(end, lines.kind(source), start.line)
                .map_err(|error| Start::fail_early(&key, error))?;
        }
    }
    Ok(FirstBatch {
        batch_id: lines.newest,
        start_offsets,
        end_offsets: Some(lines.last.sources.clone()),
        replay: true,
    })
}

fn begin_at(
    start: &Start<'_>,
    lines: &Lines<'_>,
    source: usize,
    from: Option<&str>,
    key: &str,
) -> Step<Option<String>> {
    match from {
        Some(text) => {
            read_source_line(text, lines.kind(source), start.line)
                .map_err(|error| Start::fail_early(key, error))?;
            Ok(Some(text.to_owned()))
        }
        // The source is asked for its initial offset.
        None => seed(start, source, lines.end(source)),
    }
}

/// What `sources/<i>/0` says for each source.
pub(super) fn seeds(start: &Start<'_>) -> Step<Vec<Option<String>>> {
    (0..start.shape.sources as usize)
        .map(|source| seed(start, source, None))
        .collect()
}

/// The initial offset of a source. A stream that stands in the plan twice has
/// one file for both its lines, told by the topics that it reads.
fn seed(start: &Start<'_>, source: usize, end: Option<&str>) -> Step<Option<String>> {
    let own = format!("sources/{source}/0");
    if let Some(line) = seed_file(start, &own)? {
        return Ok(Some(line));
    }
    let files = start
        .view
        .listing
        .keys()
        .filter(|key| {
            matches!(CheckpointFile::of_key(key), CheckpointFile::SourceOffset(_))
        })
        .count();
    let Some(end) = end else { return Ok(None) };
    if files != 1 || source == 0 {
        return Ok(None);
    }
    let shared = seed_file(start, "sources/0/0")?;
    Ok(shared.filter(|line| same_topics(line, end)))
}

fn seed_file(start: &Start<'_>, key: &str) -> Step<Option<String>> {
    let Some(bytes) = start.bytes(key)? else {
        return Ok(None);
    };
    read_initial_offset(bytes, start.line)
        .map(Some)
        .map_err(|error| Start::fail_early(key, error.in_log_file(&start.view.path(key))))
}

fn same_topics(one: &str, other: &str) -> bool {
    let topics = |line: &str| {
        PartitionOffsets::parse(line)
            .value
            .map(|offsets| offsets.topics().map(str::to_owned).collect::<Vec<_>>())
    };
    topics(one).is_some_and(|one| Some(one) == topics(other))
}

/// Up to 3.5 a source without an offset in the newest file is asked for its
/// next end as if it had never run, while the read begins where the batch
/// before ended. A source that limits its batches then answers with an end
/// that lies before the beginning. 4.0 asks from the same place.
pub(super) fn backwards(start: &Start<'_>, lines: &Lines<'_>) -> Option<SparkError> {
    if start.line >= SparkLine::V4_0 {
        return None;
    }
    (0..lines.last.sources.len()).find_map(|source| {
        let from = lines.begin(source)?;
        match (lines.end(source), lines.kind(source)) {
            (None, SourceKind::RateMicroBatch) => {
                rate_backwards(from, lines.newest, start.line)
            }
            (None, SourceKind::Kafka) => kafka_backwards(start, source, from),
            _ => None,
        }
    })
}

/// The source gives the same number of rows to every batch, so its first end
/// is a batch's share of where it stands now.
fn rate_backwards(from: &str, batches: i64, spark: SparkLine) -> Option<SparkError> {
    let line: serde_json::Value = serde_json::from_str(from).ok()?;
    let at = line.get("offset")?.as_i64()?;
    let rows = at.checked_div(batches)?;
    (at > rows).then(|| SparkError {
        // It is thrown while the batch is planned, which wraps it so from 3.4 on.
        condition: (spark >= SparkLine::V3_4).then(|| "INTERNAL_ERROR".to_owned()),
        ..SparkError::new(
            "java.lang.AssertionError",
            format!("assertion failed: startOffset({at}) > endOffset({rows})"),
        )
    })
}

/// With `maxOffsetsPerTrigger` the ends lie at most that many records after the
/// initial offsets, all partitions together. When more were read already, some
/// partition's end lies before its beginning.
fn kafka_backwards(start: &Start<'_>, source: usize, from: &str) -> Option<SparkError> {
    let limit = start.shape.max_offsets_per_trigger?;
    let seed = seed(start, source, Some(from)).ok().flatten()?;
    let initial = PartitionOffsets::parse(&seed).value?;
    let begin = PartitionOffsets::parse(from).value?;
    if initial.records_between(&begin) <= limit {
        return None;
    }
    let (topic, partition, at) = begin.iter().max_by_key(|(topic, partition, _)| {
        initial.difference(&begin, topic, *partition)
    })?;
    let end = initial.get(topic, partition)?;
    Some(SparkError::illegal_state(format!(
        "Partition {topic}-{partition}'s offset was changed from {at} to {end}, some \
         data may have been missed. \nSome data may have been lost because they are not \
         available in Kafka any more; either the\n data was aged out by Kafka or the \
         topic may have been deleted before all the data in the\n topic was processed. \
         If you don't want your streaming query to fail on such cases, set the\n source \
         option \"failOnDataLoss\" to \"false\"."
    )))
}
