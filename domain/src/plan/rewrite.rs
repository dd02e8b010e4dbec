//! Edits that write files of the log: moving where the next batch begins, in
//! place or under the next number. Only for queries without state, whose state
//! would otherwise hold some records twice and miss others.

use std::collections::BTreeSet;

use super::edit::{Edit, FileWrite, rollback};
use crate::checkpoint::{
    CheckpointFile, CheckpointView, CommitMetadata, IssueCode, OffsetSeq, Standing,
};
use crate::ids::Digest;
use crate::keyset::KeyEntry;
use crate::offsets::PartitionOffsets;

/// Moves where the next batch begins by rewriting the end of the newest committed
/// one. A batch that was planned after it is forgotten, since its file says where
/// it began.
pub(super) fn moved(
    view: &CheckpointView,
    offsets: &PartitionOffsets,
) -> Result<Edit, String> {
    refuse_state(view)?;
    let standing = Standing::of(view);
    let (Some(batch), true) = (standing.commit, standing.is_sound()) else {
        return Err("The two logs do not end together, so which batch was the last is not sure. Roll back to a batch first, or begin anew.".to_owned());
    };
    let mut edit = rollback(view, batch);
    let mut log = read(view, batch)?;
    put_at(&mut log, offsets)?;
    edit.writes = vec![write(view, format!("offsets/{batch}"), log.render())];
    Ok(edit)
}

/// Replaces the log by one committed batch that ends at `offsets`, under the
/// newest number that was ever used: what comes is numbered after everything
/// that a sink can remember.
pub(super) fn risen(
    view: &CheckpointView,
    offsets: &PartitionOffsets,
) -> Result<Edit, String> {
    refuse_state(view)?;
    let standing = Standing::of(view);
    let newest = standing.offsets.max(standing.commit);
    let newest = newest.ok_or("The log is empty, so no number was used.")?;
    // The confs that a query was begun with are pinned by the log: they are taken
    // over from its newest whole file, and never made up.
    let whole = view.offset_batches().into_iter().rev();
    let mut log = whole
        .filter_map(|batch| read(view, batch).ok())
        .next()
        .ok_or("No file of offsets could be read, whose settings would be taken over.")?;
    put_at(&mut log, offsets)?;
    let text = log.render();
    let mut writes = Vec::new();
    // Spark reads the newest file and the one before it.
    if let Some(before) = newest.checked_sub(1).filter(|before| *before >= 0) {
        writes.push(write(view, format!("offsets/{before}"), text.clone()));
    }
    writes.push(write(view, format!("offsets/{newest}"), text));
    let commit = CommitMetadata::v1(0).render();
    writes.push(write(view, format!("commits/{newest}"), commit));
    let kept: BTreeSet<&str> = writes.iter().map(|w| w.key.as_str()).collect();
    let deletes = view
        .listing
        .iter()
        .filter(|(key, _)| {
            let is_log = matches!(
                CheckpointFile::of_key(key),
                CheckpointFile::Offsets(_) | CheckpointFile::Commits(_)
            );
            is_log && !kept.contains(key.as_str())
        })
        .map(|(key, object)| KeyEntry {
            key: key.clone(),
            etag: object.etag.clone(),
            size: object.size,
        })
        .collect();
    Ok(Edit { deletes, writes })
}

fn refuse_state(view: &CheckpointView) -> Result<(), String> {
    let has_state = view.listing.keys().any(|key| {
        matches!(
            CheckpointFile::of_key(key),
            CheckpointFile::State(_)
                | CheckpointFile::StateSst { .. }
                | CheckpointFile::StateLog { .. }
        )
    });
    match has_state {
        true => Err("The query keeps state, in which the records so far are counted: at other offsets it would count some twice or miss them. Roll back to a batch, or begin anew.".to_owned()),
        false => Ok(()),
    }
}

/// A whole file of the offset log.
fn read(view: &CheckpointView, batch: i64) -> Result<OffsetSeq, String> {
    let name = format!("offsets/{batch}");
    let bytes = view
        .bytes
        .get(&name)
        .ok_or_else(|| format!("{name} could not be read."))?;
    let parsed = OffsetSeq::parse(bytes);
    let fault = parsed.issues.iter().find(|i| i.code != IssueCode::Unusual);
    match (parsed.value, fault) {
        (Some(log), None) if log.version == 1 => Ok(log),
        (_, Some(fault)) => Err(format!("{name} is not whole: {}", fault.message)),
        _ => Err(format!("{name} is not of a version that is written here.")),
    }
}

/// Puts these partitions where they are wanted, in the line of every source that
/// reads their topic. Lines in which nothing changes stay as Spark wrote them.
fn put_at(log: &mut OffsetSeq, offsets: &PartitionOffsets) -> Result<(), String> {
    let mut placed = BTreeSet::new();
    for source in log.sources.iter_mut().flatten() {
        let before = PartitionOffsets::parse(source)
            .value
            .ok_or("A source of the query is not Kafka's.")?;
        let mut after = before.clone();
        for (topic, partition, offset) in offsets.iter() {
            if before.topics().any(|t| t == topic) {
                after.set(topic, partition, offset);
                placed.insert((topic, partition));
            }
        }
        if after != before {
            *source = after.to_spark_json();
        }
    }
    let stray = offsets
        .iter()
        .find(|(topic, partition, _)| !placed.contains(&(*topic, *partition)));
    match stray {
        Some((topic, partition, _)) => {
            Err(format!("{topic}-{partition} is in no line of the log."))
        }
        None => Ok(()),
    }
}

fn write(view: &CheckpointView, key: String, body: String) -> FileWrite {
    FileWrite {
        replaces: view.listing.get(&key).map(|object| object.etag.clone()),
        sha256: Digest::of(body.as_bytes()),
        key,
        body,
    }
}
