//! `metadata`, `offsets/`, `commits/` and `sources/`.

use super::{Decoded, Sheet, described};
use crate::checkpoint::{
    CommitMetadata, InitialOffset, Issue, OffsetSeq, Parsed, StreamMetadata,
};
use crate::offsets::PartitionOffsets;
use crate::plan::gate_owner;
use crate::text::thousands;
use crate::time::Millis;

pub(super) fn metadata(bytes: &[u8]) -> Decoded {
    let mut file = described(
        "Query id",
        "Written once by the query's first start. Sinks such as Delta remember batches by this id.",
    );
    if let Some(run) = gate_owner(bytes) {
        file.title = "Query id, behind a closed gate".to_owned();
        file.fact("Gate closed by Run", run);
        return file;
    }
    let parsed = StreamMetadata::parse(bytes);
    if let Some(metadata) = parsed.value {
        file.fact("Query id", metadata.id.to_string());
    }
    file.issues = parsed.issues;
    file
}

pub(super) fn offsets(batch: i64, bytes: &[u8]) -> Decoded {
    let mut file = described(
        &format!("Offset log, batch {batch}"),
        "Written before the batch runs: where it ends in each partition, and the confs that stay as they were. The next batch begins there.",
    );
    file.beside = beside("offsets", "commits", "Its commit", batch);
    let parsed = OffsetSeq::parse(bytes);
    file.issues = parsed.issues;
    let Some(seq) = parsed.value else {
        return file;
    };
    file.fact("Version", seq.version.to_string());
    if let Some(metadata) = &seq.metadata {
        file.fact("Planned", Millis(metadata.batch_timestamp_ms).utc());
        file.fact("Watermark", watermark(metadata.batch_watermark_ms));
    }
    let count = seq.sources.len();
    file.fact("Sources", thousands(count as u64));
    for (index, line) in seq.sources.iter().enumerate() {
        let id = seq.source_ids.get(index);
        let title = match id {
            Some(id) => format!("Offsets of source {id}"),
            None if count == 1 => "Offsets".to_owned(),
            None => format!("Offsets, source {} of {count}", index + 1),
        };
        let Some(line) = line else {
            continue;
        };
        let number = match id {
            Some(id) => line_of(bytes, id),
            None => u32::try_from(index + 3).ok(),
        };
        let Parsed { value, issues } = PartitionOffsets::parse(line);
        file.issues.extend(issues.into_iter().map(|issue| Issue {
            line: number,
            ..issue
        }));
        file.sheets.extend(value.map(|value| sheet(title, &value)));
    }
    let conf = seq
        .metadata
        .map(|metadata| metadata.conf)
        .unwrap_or_default();
    if !conf.is_empty() {
        file.sheets.push(Sheet {
            title: "Confs that the checkpoint pins".to_owned(),
            head: vec!["Conf".to_owned(), "Value".to_owned()],
            rows: conf
                .into_iter()
                .map(|(name, value)| vec![name, value])
                .collect(),
            numbers_from: 2,
        });
    }
    file
}

/// The line of a source in version 2, where lines may stand in any order.
fn line_of(bytes: &[u8], id: &str) -> Option<u32> {
    let text = std::str::from_utf8(bytes).ok()?;
    let of_source = |line: &str| {
        line.strip_prefix(id)
            .is_some_and(|rest| rest.starts_with(':'))
    };
    let index = text.lines().skip(2).position(of_source)?;
    u32::try_from(index + 3).ok()
}

pub(super) fn commit(batch: i64, bytes: &[u8]) -> Decoded {
    let mut file = described(
        &format!("Commit log, batch {batch}"),
        "Written once the sink has finished the batch. It has no offsets of its own: they stand in the offset log of the same batch.",
    );
    file.beside = beside("commits", "offsets", "Its offsets", batch);
    let parsed = CommitMetadata::parse(bytes);
    file.issues = parsed.issues;
    let Some(commit) = parsed.value else {
        return file;
    };
    file.fact("Version", commit.version.to_string());
    file.fact("Next watermark", watermark(commit.next_batch_watermark_ms));
    let mut rows = Vec::new();
    for (operator, partitions) in commit.state_unique_ids.iter().flatten() {
        for (partition, stores) in partitions.iter().enumerate() {
            let ids = stores.join(", ");
            rows.push(vec![operator.to_string(), partition.to_string(), ids]);
        }
    }
    if !rows.is_empty() {
        file.sheets.push(Sheet {
            title: "State files of this batch".to_owned(),
            head: ["Operator", "Partition", "Unique ids"]
                .map(str::to_owned)
                .to_vec(),
            rows,
            numbers_from: 3,
        });
    }
    file
}

pub(super) fn seed(source: u32, bytes: &[u8]) -> Decoded {
    let mut file = described(
        &format!("Starting offsets of source {source}"),
        "Where the source began, resolved once before the first batch. A checkpoint that holds no batch starts exactly here, whatever the job's options say.",
    );
    if let Some(first) = bytes.first() {
        let what = match first {
            0 => "00, which Spark skips".to_owned(),
            other => format!("{other:02x} (not 00), which Spark skips whatever it is"),
        };
        file.fact("First byte", what);
    }
    let parsed = InitialOffset::parse(bytes);
    file.issues = parsed
        .issues
        .into_iter()
        .map(|issue| Issue {
            // The offsets stand below the version.
            line: match issue.line {
                Some(1) | None
                    if issue.code == crate::checkpoint::IssueCode::NegativeOffset =>
                {
                    Some(2)
                }
                line => line,
            },
            ..issue
        })
        .collect();
    if let Some(seed) = parsed.value {
        file.sheets.push(sheet("Offsets".to_owned(), &seed.offsets));
    }
    file
}

/// A page holds no more rows than this; what is more stands in the text.
const ROWS_MAX: usize = 10_000;

fn sheet(title: String, offsets: &PartitionOffsets) -> Sheet {
    let title = match offsets.iter().count() {
        count if count > ROWS_MAX => format!("{title}, the first 10,000 of {count}"),
        _ => title,
    };
    Sheet {
        title,
        head: ["Topic", "Partition", "Next offset to read"]
            .map(str::to_owned)
            .to_vec(),
        rows: offsets
            .iter()
            .take(ROWS_MAX)
            .map(|(topic, partition, offset)| {
                vec![topic.to_owned(), partition.to_string(), thousands(offset)]
            })
            .collect(),
        numbers_from: 1,
    }
}

fn watermark(ms: i64) -> String {
    match ms {
        0 => "none".to_owned(),
        ms => Millis(ms).utc(),
    }
}

/// The other log's file of this batch, and the batches before and after.
fn beside(own: &str, other: &str, word: &str, batch: i64) -> Vec<(String, String)> {
    let mut files = vec![(word.to_owned(), format!("{other}/{batch}"))];
    if batch > 0 {
        let before = format!("{own}/{}", batch - 1);
        files.push(("The batch before".to_owned(), before));
    }
    if let Some(after) = batch.checked_add(1) {
        files.push(("The batch after".to_owned(), format!("{own}/{after}")));
    }
    files
}
