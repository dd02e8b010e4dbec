//! Delta: `_delta_log/<20 digits>.json`, one action a line.
//!
//! Source: the Delta protocol (`PROTOCOL.md`, "Delta Log Entries" and
//! "Transaction Identifiers"): the newest `txn` of an `appId` counts.
//! `DeltaSink.addBatch` takes the query's id for `appId` and drops a batch when
//! `txnVersion(queryId) >= batchId`; with the writer option `txnAppId` of
//! `foreachBatch` the name is the job's own (`DeltaCommand.hasBeenExecuted`).

use std::collections::BTreeMap;

use serde::Deserialize;

use super::view::{LogFolder, SinkView};
use super::{Log, Remembered, Whose};
use crate::stream::SinkKind;

const FOLDER: LogFolder = LogFolder::DeltaLog;
/// So many of the newest commits are read.
const COMMITS_MAX: usize = 10;
/// So many names are kept apart; a table with more is none that streams write.
const NAMES_MAX: usize = 1_000;
/// Commits before the last checkpoint that are listed too: Delta keeps them for
/// thirty days, and they can be read where the checkpoint cannot.
const BEFORE_CHECKPOINT: u64 = 20;

/// The key in `_delta_log/` after which the newest commits are listed, by the
/// bytes of `_last_checkpoint`; `None` where it tells nothing.
#[must_use]
pub fn list_after(last_checkpoint: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Last {
        version: u64,
    }
    let Last { version } = serde_json::from_slice(last_checkpoint).ok()?;
    let from = version.checked_sub(BEFORE_CHECKPOINT)?;
    Some(format!("{}{from:020}", FOLDER.name()))
}

pub(super) fn log(view: &SinkView) -> Option<Log> {
    let first = view.names(FOLDER).next()?;
    let commits = newest(view);
    let by = commits.first().map_or(first, |(_, name)| name);
    let (remembered, unread) = memory(view, &commits);
    Some(Log {
        kind: SinkKind::Delta,
        by: format!("{}{by}", FOLDER.name()),
        remembered,
        unread,
    })
}

pub(super) fn wanted(view: &SinkView) -> Vec<String> {
    newest(view)
        .into_iter()
        .take(COMMITS_MAX)
        .map(|(_, name)| format!("{}{name}", FOLDER.name()))
        .collect()
}

/// The commits, newest first.
fn newest(view: &SinkView) -> Vec<(u64, &str)> {
    let mut commits: Vec<(u64, &str)> = view
        .names(FOLDER)
        .filter_map(|name| Some((version(name)?, name)))
        .collect();
    commits.reverse();
    commits
}

fn version(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".json")?;
    let is_commit = digits.len() == 20 && digits.bytes().all(|b| b.is_ascii_digit());
    is_commit.then(|| digits.parse().ok()).flatten()
}

#[derive(Deserialize)]
struct Line {
    txn: Option<Txn>,
}

#[derive(Deserialize)]
struct Txn {
    #[serde(rename = "appId")]
    app_id: String,
    version: i64,
}

/// The newest transaction of each name, and why there may be more.
fn memory(view: &SinkView, commits: &[(u64, &str)]) -> (Vec<Remembered>, Option<String>) {
    let mut found: BTreeMap<String, Remembered> = BTreeMap::new();
    let mut newest_first = Vec::new();
    let mut whole_down_to = None;
    for (version, name) in commits.iter().take(COMMITS_MAX) {
        let Some(bytes) = view.read(FOLDER, name) else {
            break;
        };
        whole_down_to = Some(*version);
        // A later line of one commit is no newer than an earlier one: a commit
        // has one transaction a name.
        for txn in bytes.split(|byte| *byte == b'\n').filter_map(txn) {
            if found.len() < NAMES_MAX && !found.contains_key(&txn.app_id) {
                newest_first.push(txn.app_id.clone());
                let remembered = Remembered {
                    name: Some(txn.app_id.clone()),
                    batch: txn.version,
                    file: format!("{}{name}", FOLDER.name()),
                    whose: Whose::Another,
                };
                found.insert(txn.app_id, remembered);
            }
        }
    }
    let remembered = newest_first
        .iter()
        .filter_map(|name| found.remove(name))
        .collect();
    let unread = match whole_down_to {
        Some(0) => None,
        Some(version) => Some(format!(
            "Commits before version {version} of _delta_log were not read, nor its \
             checkpoints, which are Parquet: a query that has not written since may be \
             remembered there."
        )),
        None => Some("No commit of _delta_log was read.".to_owned()),
    };
    (remembered, unread)
}

fn txn(line: &[u8]) -> Option<Txn> {
    let begins = line.windows(5).take(64).any(|five| five == b"\"txn\"");
    begins
        .then(|| serde_json::from_slice::<Line>(line).ok()?.txn)
        .flatten()
}
