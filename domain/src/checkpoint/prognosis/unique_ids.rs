//! Loading a version of a RocksDB store whose files have unique names.
//!
//! With `checkpointFormatVersion=2` the newest commit names a version of each
//! store. Its archive is loaded, or else its changelog, which names what it
//! builds on. Source: `RocksDB.loadWithCheckpointId`.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use super::rocksdb_load::{changelog_file, changelog_missing, zip};
use super::state_load::{Store, fails};
use super::{Start, Step};
use crate::checkpoint::commit_log::{CommitMetadata, StateUniqueIds};
use crate::checkpoint::layout::{
    CheckpointFile, LogDirectory, StateFile, StateFileKind, store_directory,
};
use crate::checkpoint::reading::SparkError;
use crate::checkpoint::state::{LineageItem, check_changelog};

/// Whether every store can load `version`. `stores` are those that the query
/// opens, for a commit that names none.
pub(super) fn check(
    start: &Start<'_>,
    version: i64,
    lz4: bool,
    stores: impl FnOnce() -> Step<Vec<Store>>,
) -> Step<()> {
    let there = There::of(start);
    let Some((commit, named)) = named(start)? else {
        return unnamed(start, version, &there, &stores()?);
    };
    for (op, partitions) in &named {
        for (partition, ids) in partitions.iter().enumerate() {
            let Ok(partition) = i32::try_from(partition) else {
                continue;
            };
            for (index, id) in ids.iter().enumerate() {
                let place = Place {
                    op: *op,
                    partition,
                    store: there.store(*op, partition, index, version, id),
                };
                place.load(start, &there, version, id, lz4)?;
            }
            if ids.is_empty() {
                let place = format!("state/{op}/{partition}");
                return Err(no_id(start, &commit, &place, version, &there));
            }
        }
    }
    Ok(())
}

/// The newest commit and what it names. Source:
/// `MicroBatchExecution.populateStartOffsets`, which takes the ids of the newest
/// commit whatever batch is run next.
fn named(start: &Start<'_>) -> Step<Option<(String, StateUniqueIds)>> {
    let commits = start.batches(LogDirectory::Commits);
    let Some(newest) = commits.last() else {
        return Ok(None);
    };
    let key = format!("commits/{newest}");
    let named = match start.bytes(&key)? {
        Some(bytes) => CommitMetadata::parse(bytes)
            .value
            .and_then(|commit| commit.state_unique_ids),
        None => None,
    };
    Ok(named
        .filter(|ids: &StateUniqueIds| !ids.is_empty())
        .map(|ids| (key, ids)))
}

/// Without an id Spark looks for names without one.
fn unnamed(start: &Start<'_>, version: i64, there: &There, stores: &[Store]) -> Step<()> {
    let newest = start.batches(LogDirectory::Commits).last().copied();
    let commit = newest.map_or("commits/".to_owned(), |n| format!("commits/{n}"));
    let Some(first) = stores.first() else {
        return Ok(());
    };
    Err(no_id(start, &commit, &first.directory(), version, there))
}

/// The names of archives are read as numbers; without any archive a changelog is
/// looked for that is not there.
fn no_id(
    start: &Start<'_>,
    commit: &str,
    directory: &str,
    version: i64,
    there: &There,
) -> Box<super::Prognosis> {
    let archive = there.0.iter().find(|file| {
        file.kind == StateFileKind::Zip && file.directory().starts_with(directory)
    });
    match archive {
        Some(file) => {
            let id = file.unique_id.as_deref().unwrap_or_default();
            let text = format!("For input string: \"{}_{id}\"", file.version);
            let error = SparkError::new("java.lang.NumberFormatException", text);
            Start::fail_early(commit, error)
        }
        None => {
            let key = format!("{directory}/{version}.changelog");
            Start::fail_early(&key, changelog_missing(start, &key))
        }
    }
}

/// The files with unique names, in order.
struct There(BTreeSet<StateFile>);

impl There {
    fn of(start: &Start<'_>) -> Self {
        let files = start.view.listing.keys();
        Self(
            files
                .filter_map(|key| match CheckpointFile::of_key(key) {
                    CheckpointFile::State(file) if file.unique_id.is_some() => Some(file),
                    _ => None,
                })
                .collect(),
        )
    }

    fn of_partition(&self, op: i64, partition: i32) -> impl Iterator<Item = &StateFile> {
        let at = |partition: i32| StateFile {
            op,
            partition,
            store: String::new(),
            version: i64::MIN,
            unique_id: None,
            kind: StateFileKind::Delta,
        };
        let upto = match partition.checked_add(1) {
            Some(next) => Bound::Excluded(at(next)),
            None => Bound::Unbounded,
        };
        self.0.range((Bound::Included(at(partition)), upto))
    }

    /// The store whose file has this id, else the one in that place.
    fn store(
        &self,
        op: i64,
        partition: i32,
        index: usize,
        version: i64,
        id: &str,
    ) -> String {
        let own = self.of_partition(op, partition).find(|file| {
            file.version == version && file.unique_id.as_deref() == Some(id)
        });
        if let Some(file) = own {
            return file.store.clone();
        }
        let names: BTreeSet<&str> = self
            .of_partition(op, partition)
            .map(|file| file.store.as_str())
            .collect();
        let name = names.into_iter().nth(index);
        name.unwrap_or(crate::checkpoint::layout::DEFAULT_STORE)
            .to_owned()
    }
}

/// One store of one partition.
struct Place {
    op: i64,
    partition: i32,
    store: String,
}

impl Place {
    fn file(&self, version: i64, id: &str, kind: StateFileKind) -> StateFile {
        StateFile {
            op: self.op,
            partition: self.partition,
            store: self.store.clone(),
            version,
            unique_id: Some(id.to_owned()),
            kind,
        }
    }

    /// The archive of the version itself; else by its changelog the newest
    /// archive of the lineage, and changelog by changelog from there.
    fn load(
        &self,
        start: &Start<'_>,
        there: &There,
        version: i64,
        id: &str,
        lz4: bool,
    ) -> Step<()> {
        let directory = store_directory(self.op, self.partition, &self.store);
        let own = self.file(version, id, StateFileKind::Zip);
        if there.0.contains(&own) {
            return zip(start, &directory, &own.key());
        }
        let Some(lineage) = self.lineage(start, there, version, id, lz4)? else {
            return Ok(());
        };
        let base = lineage.iter().rev().find(|(version, id)| {
            there
                .0
                .contains(&self.file(**version, id, StateFileKind::Zip))
        });
        let mut loaded = 0;
        if let Some((version, id)) = base {
            zip(
                start,
                &directory,
                &self.file(*version, id, StateFileKind::Zip).key(),
            )?;
            loaded = *version;
        } else if lineage.keys().next() != Some(&1) {
            let key = self.file(version, id, StateFileKind::Changelog).key();
            return Err(Start::fail_early(&key, no_base(start, &lineage)));
        }
        for (version, id) in lineage.range((Bound::Excluded(loaded), Bound::Unbounded)) {
            let file = self.file(*version, id, StateFileKind::Changelog);
            let key = file.key();
            if !there.0.contains(&file) {
                return Err(Start::fail_early(&key, changelog_missing(start, &key)));
            }
            changelog_file(start, &key, lz4).map_err(|bad| fails(start, &key, bad))?;
        }
        Ok(())
    }

    /// What the changelog of a version builds on, and itself, by version. `None`
    /// where the changelog was not looked into.
    fn lineage(
        &self,
        start: &Start<'_>,
        there: &There,
        version: i64,
        id: &str,
        lz4: bool,
    ) -> Step<Option<BTreeMap<i64, String>>> {
        let file = self.file(version, id, StateFileKind::Changelog);
        let key = file.key();
        if !there.0.contains(&file) {
            return Err(Start::fail_early(&key, changelog_missing(start, &key)));
        }
        changelog_file(start, &key, lz4).map_err(|bad| fails(start, &key, bad))?;
        let read = start.view.bytes.get(&key).filter(|_| lz4);
        // What is wrong with it was said already.
        let Some(found) = read.and_then(|bytes| check_changelog(bytes).ok()) else {
            return Ok(None);
        };
        let items = found.lineage.into_iter();
        let mut lineage: BTreeMap<i64, String> = items
            .map(
                |LineageItem {
                     version,
                     checkpoint_unique_id,
                 }| (version, checkpoint_unique_id),
            )
            .filter(|(before, _)| *before < version)
            .collect();
        lineage.insert(version, id.to_owned());
        Ok(Some(lineage))
    }
}

fn no_base(start: &Start<'_>, lineage: &BTreeMap<i64, String>) -> SparkError {
    let items: Vec<String> = lineage
        .iter()
        .map(|(version, id)| format!("{version}:{id}"))
        .collect();
    SparkError::condition(
        start.line,
        "org.apache.spark.SparkException",
        "CANNOT_LOAD_STATE_STORE.CANNOT_FIND_BASE_SNAPSHOT_CHECKPOINT",
        &format!(
            "An error occurred during loading state. Cannot find a base snapshot \
             checkpoint with lineage: {}.",
            items.join(" ")
        ),
        "58030",
    )
}
