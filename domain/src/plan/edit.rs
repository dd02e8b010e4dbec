//! A change of a checkpoint as a value: which of its objects go, each by the
//! ETag that the sealed backup holds, and which are written, with their bytes.
//!
//! The same value makes the plan and, applied to what was seen of the
//! checkpoint, what the doctor foretells of the start after it. So the preview
//! is the doctor's and not the plan's own.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::rewrite::{moved, risen};
use crate::checkpoint::layout::is_canonical;
use crate::checkpoint::{
    CheckpointFile, CheckpointView, Prognosis, QueryShape, SparkLine, StreamMetadata,
    predict,
};
use crate::ids::Digest;
use crate::intent::WayOut;
use crate::keyset::KeyEntry;
use crate::offsets::PartitionOffsets;
use crate::snapshot::RollbackSeen;

/// What changes in a checkpoint. `metadata` is never part of it: that is the
/// gate's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// What is deleted, sorted by key. In which order, says [`in_order`].
    pub deletes: Vec<KeyEntry>,
    /// What is written after that, in this order.
    pub writes: Vec<FileWrite>,
}

/// One small file of a log that is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileWrite {
    /// The key below the checkpoint.
    pub key: String,
    /// The exact text.
    pub body: String,
    /// The SHA-256 of its bytes.
    pub sha256: Digest,
    /// The ETag of what it replaces; `None` where nothing may lie there.
    pub replaces: Option<String>,
}

/// A change of a checkpoint and what the doctor foretells of the start after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreseen {
    /// What changes.
    pub edit: Edit,
    /// What Spark will do.
    pub prognosis: Prognosis,
}

impl Edit {
    /// What `way_out` changes in the checkpoint that was seen. Nothing, for a
    /// way out that leaves it as it is or clears it.
    ///
    /// # Errors
    /// Why it cannot be changed so, as a sentence.
    pub fn of(way_out: &WayOut, view: &CheckpointView) -> Result<Self, String> {
        match way_out {
            WayOut::RollBack { batch } => Ok(rollback(view, *batch)),
            WayOut::Move { offsets } => moved(view, offsets),
            WayOut::Rise { offsets } => risen(view, offsets),
            WayOut::Restart
            | WayOut::Restore { .. }
            | WayOut::Latest
            | WayOut::Timestamp { .. }
            | WayOut::Offsets { .. }
            | WayOut::Earliest => Ok(Self::default()),
        }
    }

    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.deletes.is_empty() && self.writes.is_empty()
    }

    /// The checkpoint as it will be. Opening the gate writes a `metadata` that
    /// can be read, so one that cannot be is replaced here too.
    #[must_use]
    pub fn applied_to(&self, view: &CheckpointView) -> CheckpointView {
        let mut after = view.clone();
        self.apply(&mut after);
        after
    }

    fn apply(&self, view: &mut CheckpointView) {
        for entry in &self.deletes {
            view.listing.remove(&entry.key);
            view.bytes.remove(&entry.key);
        }
        for write in &self.writes {
            view.listing.remove(&write.key);
            view.read(write.key.as_str(), write.body.clone().into_bytes());
        }
        let readable = view
            .bytes
            .get("metadata")
            .is_some_and(|bytes| StreamMetadata::parse(bytes).value.is_some());
        if !self.is_empty() && !readable {
            let metadata = StreamMetadata { id: Uuid::nil() };
            view.listing.remove("metadata");
            view.read("metadata", metadata.render().into_bytes());
        }
    }
}

/// What a rollback to the end of `batch` deletes: the log above it, and state
/// that only a later batch can have written. Such state, left behind, is picked
/// up later as if it were of the new timeline (seen on Spark 3.5 and 4.1). State
/// files that are named with a unique id are told apart by the commit log, so
/// they stay.
pub(super) fn rollback(view: &CheckpointView, batch: i64) -> Edit {
    let newest_state = batch.saturating_add(1);
    let goes = |key: &str| match CheckpointFile::of_key(key) {
        CheckpointFile::Offsets(of) | CheckpointFile::Commits(of) => of > batch,
        CheckpointFile::State(file) | CheckpointFile::StateChecksum(file) => {
            file.unique_id.is_none() && file.version > newest_state
        }
        _ => false,
    };
    let deletes = view
        .listing
        .iter()
        .filter(|(key, _)| goes(key))
        .map(|(key, object)| KeyEntry {
            key: key.clone(),
            etag: object.etag.clone(),
            size: object.size,
        })
        .collect();
    Edit {
        deletes,
        writes: Vec::new(),
    }
}

/// The batches that can be rolled back to, newest first, each with where the
/// query would go on: those after which the doctor foretells that the next one
/// runs. What was not read is not offered.
#[must_use]
pub fn rollbacks(
    view: &CheckpointView,
    line: SparkLine,
    shape: &QueryShape,
) -> Vec<RollbackSeen> {
    /// As many as are read of the newest batches.
    const TRIED_MAX: usize = 25;
    let committed = view.commit_batches();
    let mut batches = view.offset_batches();
    batches.retain(|batch| {
        let name = batch.to_string();
        is_canonical(&name, *batch)
            && view.bytes.contains_key(&format!("offsets/{name}"))
            && committed.binary_search(batch).is_ok()
    });
    let mut after = view.clone();
    let mut changes = false;
    let mut found = Vec::new();
    for batch in batches.into_iter().rev().take(TRIED_MAX) {
        // What a rollback further back deletes holds what this one deletes.
        let edit = rollback(&after, batch);
        changes |= !edit.is_empty();
        edit.apply(&mut after);
        if !changes || schema_is_newer(view, batch) {
            continue;
        }
        if let Prognosis::Starts {
            batch_id,
            start_offsets,
            replay: false,
            ..
        } = predict(&after, line, shape)
            && batch.checked_add(1) == Some(batch_id)
            && let Some(next) = offsets_of(&start_offsets)
        {
            found.push(RollbackSeen { batch, next });
        }
    }
    found
}

/// Whether an operator was described anew after `batch`, so that its older
/// state would be read by a newer schema.
pub(super) fn schema_is_newer(view: &CheckpointView, batch: i64) -> bool {
    view.listing.keys().any(|key| {
        matches!(
            CheckpointFile::of_key(key),
            CheckpointFile::OperatorMetadata { batch: Some(since), .. } if since > batch
        )
    })
}

/// A prognosis' positions as offsets, one a source; `None` where a source has
/// none or one that is not Kafka's.
pub(super) fn offsets_of(lines: &[Option<String>]) -> Option<Vec<PartitionOffsets>> {
    lines
        .iter()
        .map(|line| {
            let parsed = PartitionOffsets::parse(line.as_deref()?);
            parsed.value.filter(|_| parsed.issues.is_empty())
        })
        .collect()
}

/// The deletes of an edit in the order in which they are carried out, as groups
/// of which each is done before the next.
///
/// The gate is closed all the while. Should somebody open it by hand in the
/// middle, what is there must still be refused or be right: so state goes first,
/// without which Spark fails and says so, while a log without its state would
/// begin in silence; and of the log the newest batch first, its commit before
/// its offsets, which leaves a log as a crash leaves it.
#[must_use]
pub fn in_order(deletes: &[KeyEntry]) -> Vec<Vec<KeyEntry>> {
    let mut rest = Vec::new();
    let mut log: Vec<(i64, bool, &KeyEntry)> = Vec::new();
    for entry in deletes {
        match CheckpointFile::of_key(&entry.key) {
            CheckpointFile::Commits(batch) => log.push((batch, true, entry)),
            CheckpointFile::Offsets(batch) => log.push((batch, false, entry)),
            _ => rest.push(entry.clone()),
        }
    }
    log.sort_by_key(|(batch, is_commit, _)| std::cmp::Reverse((*batch, *is_commit)));
    let mut groups = Vec::new();
    if !rest.is_empty() {
        groups.push(rest);
    }
    groups.extend(log.into_iter().map(|(_, _, entry)| vec![entry.clone()]));
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::ListedObject;

    const OFFSETS: &str = "v1\n{\"batchWatermarkMs\":0,\"batchTimestampMs\":1,\"conf\":{}}\n{\"t\":{\"0\":AT}}";

    /// A checkpoint whose batch `b` ends at `10 * b`; `offsets` up to the one,
    /// `commits` up to the other.
    fn view(offsets: i64, commits: i64) -> CheckpointView {
        let mut view = CheckpointView::new("s3://bucket/ck");
        view.read(
            "metadata",
            br#"{"id":"00000000-0000-0000-0000-000000000001"}"#.to_vec(),
        );
        for batch in 0..=offsets {
            let text = OFFSETS.replace("AT", &(10 * batch).to_string());
            view.read(format!("offsets/{batch}"), text.into_bytes());
        }
        for batch in 0..=commits {
            view.read(
                format!("commits/{batch}"),
                b"v1\n{\"nextBatchWatermarkMs\":0}".to_vec(),
            );
        }
        view
    }

    fn found(view: &CheckpointView) -> Vec<(i64, Option<i64>)> {
        rollbacks(view, SparkLine::V3_5, &QueryShape::stateless(1))
            .into_iter()
            .map(|r| (r.batch, r.next[0].get("t", 0)))
            .collect()
    }

    #[test]
    fn every_batch_that_the_log_still_proves_can_be_rolled_back_to() {
        let whole = found(&view(3, 3));
        assert_eq!(whole, [(2, Some(20)), (1, Some(10)), (0, Some(0))]);
        // The newest batch was planned and not committed: dropping it is one too.
        assert_eq!(found(&view(4, 3))[0], (3, Some(30)));
    }

    #[test]
    fn a_torn_file_is_no_place_to_go_back_to_and_hides_no_older_one() {
        let mut torn = view(5, 5);
        torn.read("offsets/3", b"v1\n{".to_vec());
        // Batch 3 has no readable end, and batch 4 no readable predecessor.
        let batches: Vec<i64> = found(&torn).into_iter().map(|(b, _)| b).collect();
        assert_eq!(batches, [2, 1, 0]);
    }

    #[test]
    fn an_unreadable_metadata_is_no_obstacle_since_the_gate_is_opened_with_another() {
        let mut broken = view(3, 3);
        broken.read("metadata", b"SLUICE_GATE".to_vec());
        assert_eq!(found(&broken).len(), 3);
    }

    #[test]
    fn newer_state_goes_and_older_state_sst_files_and_unique_names_stay() {
        let mut view = view(9, 9);
        for key in [
            "state/0/0/7.delta",
            "state/0/0/8.delta",
            "state/0/0/9.delta",
            "state/0/0/9.delta.crc",
            "state/0/0/10.snapshot",
            "state/0/1/10.zip",
            "state/0/1/SSTs/000012-aaaa.sst",
            "state/0/0/_metadata/schema",
            "state/0/2/10_60aff46d-9c1f-4bb0-8d7b-2f4a3e8d5a10.zip",
        ] {
            view.list(key, ListedObject::default());
        }
        let gone: Vec<String> = Edit::of(&WayOut::RollBack { batch: 7 }, &view)
            .unwrap()
            .deletes
            .into_iter()
            .map(|entry| entry.key)
            .collect();
        assert_eq!(
            gone,
            [
                "commits/8",
                "commits/9",
                "offsets/8",
                "offsets/9",
                "state/0/0/10.snapshot",
                "state/0/0/9.delta",
                "state/0/0/9.delta.crc",
                "state/0/1/10.zip",
            ]
        );
    }

    #[test]
    fn state_goes_first_and_the_log_from_the_top_commit_before_offsets() {
        let mut view = view(11, 11);
        view.list("state/0/0/12.delta", ListedObject::default());
        let edit = Edit::of(&WayOut::RollBack { batch: 8 }, &view).unwrap();
        let order: Vec<String> = in_order(&edit.deletes)
            .into_iter()
            .flatten()
            .map(|entry| entry.key)
            .collect();
        assert_eq!(
            order,
            [
                "state/0/0/12.delta",
                "commits/11",
                "offsets/11",
                "commits/10",
                "offsets/10",
                "commits/9",
                "offsets/9"
            ]
        );
        // Whatever was reached of the log when it stopped, Spark takes as the end
        // of a batch or as a batch to be run again, and never as lost ones.
        let mut between = view;
        for key in &order[1..] {
            between.listing.remove(key);
            between.bytes.remove(key);
            let standing = crate::checkpoint::Standing::of(&between);
            assert!(standing.is_sound(), "after {key}: {standing:?}");
        }
    }
}
