//! Iceberg: `metadata/v<N>.metadata.json` of Hadoop tables, and
//! `metadata/<N>-<uuid>.metadata.json` of those that a catalog keeps.
//!
//! Source: the table spec ("Table Metadata Fields", "Snapshots") and
//! `SparkWrite.BaseStreamingWrite`: a commit stamps its snapshot with
//! `spark.sql.streaming.queryId` and `spark.sql.streaming.epochId`; before it,
//! `findLastCommittedEpochId` walks from the current snapshot to the first
//! ancestor with the same query id and drops the epoch when it is not above.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::view::{LogFolder, SinkView};
use super::{Log, Remembered, Whose};
use crate::stream::SinkKind;

const FOLDER: LogFolder = LogFolder::Metadata;
const QUERY_ID: &str = "spark.sql.streaming.queryId";
const EPOCH_ID: &str = "spark.sql.streaming.epochId";
/// So many names are kept apart.
const NAMES_MAX: usize = 1_000;

pub(super) fn log(view: &SinkView) -> Option<Log> {
    let name = newest(view)?;
    let by = format!("{}{name}", FOLDER.name());
    let (remembered, unread) = match view.read(FOLDER, name).map(memory) {
        Some(Some(remembered)) => (remembered, None),
        Some(None) => (
            Vec::new(),
            Some(format!("{by} is not the metadata of a table as JSON.")),
        ),
        None => (Vec::new(), Some(format!("{by} was not read."))),
    };
    let unread = unread.or_else(|| {
        view.is_cut(FOLDER).then(|| {
            "There are more files in metadata/ than are listed, so that a newer state of \
             the table may be among them."
                .to_owned()
        })
    });
    Some(Log {
        kind: SinkKind::Iceberg,
        by,
        remembered,
        unread,
    })
}

pub(super) fn wanted(view: &SinkView) -> Vec<String> {
    newest(view)
        .filter(|name| !name.contains(".gz"))
        .map(|name| format!("{}{name}", FOLDER.name()))
        .into_iter()
        .collect()
}

/// The state of the table with the highest number. `version-hint.text` may lag
/// behind it, and readers go on from the hint as long as there is a next
/// (`HadoopTableOperations.refresh`). A catalog may point elsewhere.
fn newest(view: &SinkView) -> Option<&str> {
    view.names(FOLDER)
        .filter_map(|name| Some((number(name)?, name)))
        .max()
        .map(|(_, name)| name)
}

fn number(name: &str) -> Option<u64> {
    let stem = ["metadata.json", "metadata.json.gz"]
        .iter()
        .find_map(|end| name.strip_suffix(end))?
        .strip_suffix('.')?;
    let stem = stem.strip_suffix(".gz").unwrap_or(stem);
    let digits = match stem.strip_prefix('v') {
        Some(digits) => digits,
        None => stem.split_once('-')?.0,
    };
    let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| digits.parse().ok()).flatten()
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Table {
    /// -1 or absent for a table without a snapshot.
    current_snapshot_id: Option<i64>,
    #[serde(default)]
    snapshots: Vec<Snapshot>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Snapshot {
    snapshot_id: i64,
    parent_snapshot_id: Option<i64>,
    #[serde(default)]
    summary: BTreeMap<String, String>,
}

/// The newest epoch of each query among the ancestors of the current snapshot;
/// `None` where it is no table's metadata.
fn memory(bytes: &[u8]) -> Option<Vec<Remembered>> {
    let table: Table = serde_json::from_slice(bytes).ok()?;
    let by_id: BTreeMap<i64, &Snapshot> = table
        .snapshots
        .iter()
        .map(|snapshot| (snapshot.snapshot_id, snapshot))
        .collect();
    let mut remembered: Vec<Remembered> = Vec::new();
    let mut at = table.current_snapshot_id;
    // A file may name ancestors in a circle.
    for _ in 0..by_id.len() {
        let Some(snapshot) = at.and_then(|id| by_id.get(&id)) else {
            break;
        };
        at = snapshot.parent_snapshot_id;
        let (Some(query), Some(epoch)) = (
            snapshot.summary.get(QUERY_ID),
            snapshot.summary.get(EPOCH_ID),
        ) else {
            continue;
        };
        let Ok(batch) = epoch.parse() else { continue };
        let known = remembered.iter().any(|r| r.name.as_ref() == Some(query));
        if !known && remembered.len() < NAMES_MAX {
            remembered.push(Remembered {
                name: Some(query.clone()),
                batch,
                file: format!("snapshot {}", snapshot.snapshot_id),
                whose: Whose::Another,
            });
        }
    }
    Some(remembered)
}
