//! `offsets/<batch>`: the end of the batch, written before it runs. Source of
//! the format: Spark's `OffsetSeqLog.scala` and `OffsetSeq.scala`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::parsed::{Issue, IssueCode, Parsed};
use super::text_lines::{Versioned, java_trim, versioned};
use crate::offsets::PartitionOffsets;

/// A file has a line for each source of the query. No query has as many.
const SOURCES_MAX: usize = 1_000;

/// How a source without an offset is written.
pub const VOID: &str = "-";

/// One file of `offsets/`: a version line, a line of metadata, and one line
/// for each source occurrence in the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OffsetSeq {
    pub version: u32,
    /// `None` when the second line is blank, which makes Spark fail.
    pub metadata: Option<OffsetSeqMetadata>,
    /// As they stand in the file; `None` for `-`. In version 2 without the id
    /// that stands before them, and in the order of the ids.
    pub sources: Vec<Option<String>>,
    /// In version 2 alone (4.2 and later, opt-in): the ids of the sources, in
    /// the same order.
    pub source_ids: Vec<String>,
}

/// The second line.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct OffsetSeqMetadata {
    pub batch_watermark_ms: i64,
    /// Milliseconds since the epoch, by the driver's clock.
    pub batch_timestamp_ms: i64,
    /// Confs that stay as they were when the query first started.
    pub conf: BTreeMap<String, String>,
    /// The line as it was read. It is rendered verbatim, because a dropped or
    /// reordered conf can change the format of the state.
    pub raw: String,
}

impl OffsetSeqMetadata {
    /// A line made anew, in the order in which Spark writes its fields.
    pub fn new(
        batch_watermark_ms: i64,
        batch_timestamp_ms: i64,
        conf: BTreeMap<String, String>,
    ) -> Self {
        let json = serde_json::to_string(&conf).expect("a map of texts is JSON");
        let raw = format!(
            "{{\"batchWatermarkMs\":{batch_watermark_ms},\
             \"batchTimestampMs\":{batch_timestamp_ms},\"conf\":{json}}}"
        );
        Self {
            batch_watermark_ms,
            batch_timestamp_ms,
            conf,
            raw,
        }
    }

    /// The same confs for a later batch.
    pub fn at(&self, batch_watermark_ms: i64, batch_timestamp_ms: i64) -> Self {
        Self::new(batch_watermark_ms, batch_timestamp_ms, self.conf.clone())
    }
}

impl OffsetSeq {
    /// A file of version 1 with one Kafka line for each source.
    pub fn kafka(metadata: OffsetSeqMetadata, sources: &[PartitionOffsets]) -> Self {
        Self {
            version: 1,
            metadata: Some(metadata),
            sources: sources.iter().map(|s| Some(s.to_spark_json())).collect(),
            source_ids: Vec::new(),
        }
    }

    /// Spark's exact bytes: no newline at the end.
    pub fn render(&self) -> String {
        let mut text = format!("v{}\n", self.version);
        if let Some(metadata) = &self.metadata {
            text.push_str(&metadata.raw);
        }
        for (index, source) in self.sources.iter().enumerate() {
            text.push('\n');
            if let Some(id) = self.source_ids.get(index) {
                text.push_str(id);
                text.push(':');
            }
            text.push_str(source.as_deref().unwrap_or(VOID));
        }
        text
    }

    /// The line of one source as Kafka offsets, with its issues.
    pub fn kafka_offsets(&self, source: usize) -> Option<Parsed<PartitionOffsets>> {
        let line = self.sources.get(source)?.as_deref()?;
        Some(PartitionOffsets::parse(line))
    }

    pub fn parse(bytes: &[u8]) -> Parsed<Self> {
        let Versioned {
            version,
            text,
            lines,
        } = match versioned(bytes, 2) {
            Ok(read) => read,
            Err(issue) => return Parsed::nothing(issue),
        };
        let mut issues = Vec::new();
        let metadata = match lines.get(1).map(|line| java_trim(line)) {
            None => {
                issues.push(Issue::at(
                    2,
                    IssueCode::MissingLine,
                    "There is no second line.",
                ));
                None
            }
            Some("") => {
                issues.push(Issue::at(
                    2,
                    IssueCode::MissingLine,
                    "The second line is blank; Spark fails on it.",
                ));
                None
            }
            Some(line) => metadata_line(line, &mut issues),
        };
        let mut read = Vec::new();
        if lines.len() > 2 + SOURCES_MAX {
            issues.push(Issue::whole(
                IssueCode::BadShape,
                "There are more than 1,000 lines of sources; what follows is not read.",
            ));
        }
        for (index, line) in lines.iter().enumerate().skip(2).take(SOURCES_MAX) {
            let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
            let (id, line) = match source_id(version, line) {
                Some((id, line)) => (Some(id), line),
                None => (None, *line),
            };
            if version == 2 && id.is_none() {
                issues.push(Issue::at(
                    number,
                    IssueCode::BadShape,
                    "The line does not say which source it is of.",
                ));
            }
            read.push((id.unwrap_or_default(), source(line, number, &mut issues)));
        }
        let mut value = Self {
            version,
            metadata,
            sources: Vec::new(),
            source_ids: Vec::new(),
        };
        if version == 2 {
            in_order(&mut read);
            value.source_ids = read.iter().map(|(id, _)| (*id).to_owned()).collect();
        }
        value.sources = read.into_iter().map(|(_, source)| source).collect();
        if issues.is_empty() && value.render() != text {
            issues.push(Issue::whole(
                IssueCode::Unusual,
                "The line ends are not as Spark writes them.",
            ));
        }
        Parsed {
            value: Some(value),
            issues,
        }
    }
}

/// In version 2 each line names its source: `0:{"t":{"0":5}}`.
pub(super) fn source_id(version: u32, line: &str) -> Option<(&str, &str)> {
    let (id, offset) = line.split_once(':')?;
    // A line of version 1 is JSON, in which a colon follows a bracket.
    (version == 2 && !id.is_empty() && !id.starts_with(['{', '[']))
        .then_some((id, offset))
}

/// By their numbers; sources that were given names stay as they stand.
pub(super) fn in_order<T>(read: &mut [(&str, T)]) {
    let number = |id: &str| id.parse::<u32>().ok();
    if read.iter().all(|(id, _)| number(id).is_some()) {
        read.sort_by_key(|(id, _)| number(id));
    }
}

fn source(line: &str, number: u32, issues: &mut Vec<Issue>) -> Option<String> {
    if line == VOID {
        issues.push(Issue::at(
            number,
            IssueCode::VoidOffset,
            "The source has no offset.",
        ));
        return None;
    }
    if line.is_empty() {
        issues.push(Issue::at(
            number,
            IssueCode::BadShape,
            "The line is blank; Spark counts it as a source.",
        ));
    }
    Some(line.to_owned())
}

fn metadata_line(line: &str, issues: &mut Vec<Issue>) -> Option<OffsetSeqMetadata> {
    let json: Value = match serde_json::from_str(line) {
        Ok(json) => json,
        Err(error) => {
            issues.push(Issue::at(
                2,
                IssueCode::BadJson,
                format!("The second line is not JSON: {error}."),
            ));
            return None;
        }
    };
    let Some(fields) = json.as_object() else {
        issues.push(Issue::at(
            2,
            IssueCode::BadShape,
            "The second line is no JSON object.",
        ));
        return None;
    };
    let mut number = |name: &str| match fields.get(name) {
        None => 0,
        Some(value) => value.as_i64().unwrap_or_else(|| {
            issues.push(Issue::at(
                2,
                IssueCode::BadShape,
                format!("{name:?} is no whole number."),
            ));
            0
        }),
    };
    let batch_watermark_ms = number("batchWatermarkMs");
    let batch_timestamp_ms = number("batchTimestampMs");
    let mut conf = BTreeMap::new();
    if let Some(map) = fields.get("conf").and_then(Value::as_object) {
        for (key, value) in map {
            let text = match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            conf.insert(key.clone(), text);
        }
    }
    Some(OffsetSeqMetadata {
        batch_watermark_ms,
        batch_timestamp_ms,
        conf,
        raw: line.to_owned(),
    })
}
