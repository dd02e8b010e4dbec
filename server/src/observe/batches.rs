//! The newest batches whose offsets could be read, from the bytes of the log.

use domain::checkpoint::layout::is_canonical;
use domain::checkpoint::{CheckpointView, CommitMetadata, IssueCode, OffsetSeq, Parsed};
use domain::offsets::PartitionOffsets;
use domain::snapshot::BatchSeen;
use domain::time::Millis;

/// How many batches a snapshot holds.
const BATCHES: usize = 25;

/// The log files that the newest batches are read from: names below the
/// checkpoint. Only names as Spark writes them.
pub(super) fn files(view: &CheckpointView) -> Vec<String> {
    newest(view)
        .flat_map(|batch| [format!("offsets/{batch}"), format!("commits/{batch}")])
        .filter(|name| view.listing.get(name).is_some_and(|o| o.size > 0))
        .collect()
}

/// The newest batches, newest first. One whose offsets cannot be read in full,
/// or whose files were not read, is left out.
pub(super) fn read(view: &CheckpointView) -> Vec<BatchSeen> {
    newest(view)
        .filter_map(|batch| batch_seen(view, batch))
        .collect()
}

fn newest(view: &CheckpointView) -> impl Iterator<Item = i64> {
    let mut batches = view.offset_batches();
    batches.retain(|batch| {
        let name = batch.to_string();
        is_canonical(&name, *batch)
            && view.listing.contains_key(&format!("offsets/{name}"))
    });
    batches.into_iter().rev().take(BATCHES)
}

fn batch_seen(view: &CheckpointView, batch: i64) -> Option<BatchSeen> {
    let parsed = OffsetSeq::parse(view.bytes.get(&format!("offsets/{batch}"))?);
    let sequence = harmless(parsed, &[IssueCode::VoidOffset, IssueCode::Unusual])?;
    let metadata = sequence.metadata?;
    let mut ends = Vec::with_capacity(sequence.sources.len());
    for line in &sequence.sources {
        ends.push(match line {
            None => None,
            Some(line) => Some(harmless(
                PartitionOffsets::parse(line),
                &[IssueCode::Unusual],
            )?),
        });
    }
    // A commit that cannot be read proves nothing.
    let committed = view
        .bytes
        .get(&format!("commits/{batch}"))
        .is_some_and(|bytes| CommitMetadata::parse(bytes).value.is_some());
    Some(BatchSeen {
        batch,
        committed,
        planned_at: Millis(metadata.batch_timestamp_ms),
        ends,
    })
}

fn harmless<T>(parsed: Parsed<T>, allowed: &[IssueCode]) -> Option<T> {
    let odd = parsed
        .issues
        .iter()
        .any(|issue| !allowed.contains(&issue.code));
    parsed.value.filter(|_| !odd)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFSETS: &str = "v1\n{\"batchWatermarkMs\":0,\"batchTimestampMs\":1764000000000,\"conf\":{}}\n{\"t\":{\"0\":7}}";

    fn view(files: &[(&str, &str)]) -> CheckpointView {
        let mut view = CheckpointView::new("s3://bucket/ck");
        for (name, text) in files {
            view.read(*name, text.as_bytes().to_vec());
        }
        view
    }

    #[test]
    fn unreadable_batches_are_left_out_and_uncommitted_ones_say_so() {
        let torn = &OFFSETS[..OFFSETS.len() - 4];
        let view = view(&[
            ("offsets/1", OFFSETS),
            ("commits/1", "v1\n{\"nextBatchWatermarkMs\":0}"),
            ("offsets/2", OFFSETS),
            ("commits/2", ""),
            ("offsets/3", torn),
            ("offsets/4", ""),
            ("offsets/005", OFFSETS),
        ]);
        let seen: Vec<(i64, bool)> =
            read(&view).iter().map(|b| (b.batch, b.committed)).collect();
        assert_eq!(seen, [(2, false), (1, true)]);
        assert_eq!(read(&view)[0].planned_at, Millis(1_764_000_000_000));
    }

    #[test]
    fn only_the_newest_are_read() {
        let mut view = CheckpointView::new("s3://bucket/ck");
        for batch in 0..100 {
            view.read(format!("offsets/{batch}"), b"x".to_vec());
        }
        let files = files(&view);
        assert_eq!(files.len(), BATCHES);
        assert_eq!(files[0], "offsets/99");
    }
}
