//! Hudi: `.hoodie/hoodie.properties` and the timeline beside it.
//!
//! Source: `HoodieStreamingSink.canSkipBatch`. The newest completed commit whose
//! extra metadata has `_hudi_streaming_sink_checkpoint` tells the last batch, and
//! a batch that is not above it is dropped, whatever the query's id. Its value
//! is a map as JSON: up to 0.12 from the batch to `<application>-<query id>`,
//! from 0.13 on from the writer's identifier, by default
//! `default_single_writer`, to the batch (`CommitUtils.readCheckpointValue`).
//! From 1.0 on the timeline lies in `.hoodie/timeline/` and its commits are Avro
//! (HUDI-8550, HUDI-6776), which is not read here.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::view::{LogFolder, SinkView};
use super::{Log, Remembered, Whose};
use crate::stream::SinkKind;

const FOLDER: LogFolder = LogFolder::Hoodie;
const CHECKPOINT: &str = "_hudi_streaming_sink_checkpoint";
/// So many of the newest commits are read; compactions in between have none.
const COMMITS_MAX: usize = 10;
const ACTIONS: [&str; 3] = [".commit", ".deltacommit", ".replacecommit"];

pub(super) fn log(view: &SinkView) -> Option<Log> {
    let first = view.names(FOLDER).next()?;
    let properties = view
        .names(FOLDER)
        .find(|name| *name == "hoodie.properties")
        .unwrap_or(first);
    let (remembered, unread) = memory(view);
    Some(Log {
        kind: SinkKind::Hudi,
        by: format!("{}{properties}", FOLDER.name()),
        remembered,
        unread,
    })
}

pub(super) fn wanted(view: &SinkView) -> Vec<String> {
    newest(view)
        .into_iter()
        .take(COMMITS_MAX)
        .map(|name| format!("{}{name}", FOLDER.name()))
        .collect()
}

/// The completed commits, newest first: a name begins with the instant at which
/// the commit was asked for.
fn newest(view: &SinkView) -> Vec<&str> {
    let mut commits: Vec<&str> = view
        .names(FOLDER)
        .filter(|name| {
            let name = name.strip_prefix("timeline/").unwrap_or(name);
            name.starts_with(|c: char| c.is_ascii_digit())
                && ACTIONS.iter().any(|action| name.ends_with(action))
        })
        .collect();
    commits.sort_by_key(|name| name.rsplit('/').next());
    commits.reverse();
    commits
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Commit {
    #[serde(default)]
    extra_metadata: BTreeMap<String, Option<String>>,
}

fn memory(view: &SinkView) -> (Vec<Remembered>, Option<String>) {
    let commits = newest(view);
    for name in commits.iter().take(COMMITS_MAX) {
        let Some(bytes) = view.read(FOLDER, name) else {
            let unread = format!("The commit .hoodie/{name} was not read.");
            return (Vec::new(), Some(unread));
        };
        let Ok(commit) = serde_json::from_slice::<Commit>(bytes) else {
            let unread = format!(
                "The commit .hoodie/{name} is no JSON: from release 1.0 on Hudi writes \
                 Avro, which is not read."
            );
            return (Vec::new(), Some(unread));
        };
        let checkpoint = commit.extra_metadata.get(CHECKPOINT).cloned().flatten();
        if let Some(remembered) = checkpoint.and_then(|text| batch(&text, name)) {
            return (vec![remembered], None);
        }
    }
    let unread = (commits.len() > COMMITS_MAX || view.is_cut(FOLDER)).then(|| {
        format!(
            "None of the newest {} commits names a batch, and older ones were not read.",
            commits.len().min(COMMITS_MAX)
        )
    });
    (Vec::new(), unread)
}

fn batch(text: &str, file: &str) -> Option<Remembered> {
    let map: BTreeMap<String, String> = serde_json::from_str(text).ok()?;
    let (key, value) = map.into_iter().next()?;
    let (name, batch) = match key.parse::<i64>() {
        Ok(batch) => (None, batch),
        Err(_) => (Some(key), value.parse().ok()?),
    };
    Some(Remembered {
        name,
        batch,
        file: format!("{}{file}", FOLDER.name()),
        whose: Whose::AnyQuery,
    })
}
