//! C37 and C38: what describes the state, which 4.0 and later write.

use std::collections::{BTreeMap, BTreeSet};

use super::{Action, Exam, Finding, Remedy, Severity};
use crate::checkpoint::layout::{CheckpointFile, DEFAULT_STORE};
use crate::checkpoint::state::OperatorMetadata;

/// What describes the operators, which 4.0 and later write.
pub(super) fn check(exam: &mut Exam<'_>) {
    if !exam.shape.stateful {
        return;
    }
    // By operator, what the newest description says.
    let mut described: BTreeMap<i64, (Option<i64>, String, OperatorMetadata)> =
        BTreeMap::new();
    let mut names: BTreeMap<i64, BTreeSet<String>> = BTreeMap::new();
    let mut broken = Vec::new();
    for key in exam.view.listing.keys() {
        match CheckpointFile::of_key(key) {
            CheckpointFile::State(file) => {
                names.entry(file.op).or_default().insert(file.store);
            }
            CheckpointFile::OperatorMetadata { op, batch } => {
                let Some(bytes) = exam.bytes(key) else {
                    continue;
                };
                match OperatorMetadata::parse(bytes).value {
                    None => broken.push((key.clone(), bytes)),
                    Some(read) => {
                        let newer = described
                            .get(&op)
                            .is_none_or(|(known, _, _)| *known < batch);
                        if newer {
                            described.insert(op, (batch, key.clone(), read));
                        }
                    }
                }
            }
            _ => {}
        }
    }
    for (key, bytes) in broken {
        let finding = Finding::new(
            "C37",
            Severity::Warning,
            format!(
                "{key} cannot be read. The query starts all the same, but whether its \
                 operators are still those that wrote the state cannot be told."
            ),
        )
        .at(&key, None)
        .showing(String::from_utf8_lossy(bytes));
        exam.add(finding);
    }
    for (op, (_, key, read)) in described {
        let seen = names.remove(&op).unwrap_or_default();
        place(exam, op, &key, &read);
        stores(exam, &key, &read, &seen);
        copied(exam, &key, &read);
    }
}

/// Stores that only an operator of this name has. A join of state format 3 keeps
/// all in one. Source: the `shortName` of the operators and
/// `SymmetricHashJoinStateManager.allStateStoreNames`.
const JOIN: &str = "symmetricHashJoin";
const JOIN_STORES: [&str; 4] = [
    "left-keyToNumValues",
    "left-keyWithIndexToValue",
    "right-keyToNumValues",
    "right-keyWithIndexToValue",
];
/// The operators that keep state, by the names under which Spark 4.0 to 4.2
/// writes them.
const OPERATORS: [&str; 11] = [
    "stateStoreSave",
    "sessionWindowStateStoreSaveExec",
    JOIN,
    "dedupe",
    "dedupeWithinWatermark",
    "flatMapGroupsWithState",
    "applyInPandasWithState",
    "globalLimit",
    "transformWithStateExec",
    "transformWithStateInPandasExec",
    "transformWithStateInPySparkExec",
];

/// Whether the description can be of the operator in whose directory it lies.
fn place(exam: &mut Exam<'_>, op: i64, key: &str, read: &OperatorMetadata) {
    if read.operator_id != op {
        let finding = Finding::new(
            "C37",
            Severity::Warning,
            format!(
                "{key} describes operator {}, and lies in the directory of operator {op}: \
                 Spark compares the query with what the file says.",
                read.operator_id
            ),
        )
        .at(key, Some(2))
        .showing(read.operator_id.to_string());
        exam.add(finding);
    }
    let name = read.operator_name.as_str();
    if !OPERATORS.contains(&name) {
        let finding = Finding::new(
            "C37",
            Severity::Warning,
            format!(
                "{key} names the operator {name}, which no release that is known here \
                 writes: the file was edited, or a newer Spark wrote the state."
            ),
        )
        .at(key, Some(2))
        .showing(name);
        exam.add(finding);
        return;
    }
    let named: BTreeSet<&str> = read
        .stores
        .iter()
        .map(|store| store.store_name.as_str())
        .collect();
    let one = named.iter().eq([&DEFAULT_STORE]);
    let join = name == JOIN && named.iter().eq(JOIN_STORES.iter());
    if one || join || named.is_empty() {
        return;
    }
    let named: Vec<String> = named.into_iter().map(str::to_owned).collect();
    let finding = Finding::new(
        "C37",
        Severity::Warning,
        format!(
            "{key} names the stores {} for {name}, which keeps no such stores.",
            super::history::listed(&named)
        ),
    )
    .at(key, Some(2))
    .showing(named.join(", "));
    exam.add(finding);
}

fn stores(
    exam: &mut Exam<'_>,
    key: &str,
    read: &OperatorMetadata,
    seen: &BTreeSet<String>,
) {
    let named: BTreeSet<String> = read
        .stores
        .iter()
        .map(|store| store.store_name.clone())
        .collect();
    if seen.is_empty() || *seen == named {
        return;
    }
    let list =
        |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(", ");
    let finding = Finding::new(
        "C37",
        Severity::Warning,
        format!(
            "{key} names the stores {} for {}, and there are files of {}.",
            list(&named),
            read.operator_name,
            list(seen)
        ),
    )
    .at(key, Some(2));
    exam.add(finding);
}

/// The paths of the schemas are absolute, so a copy reads the original's.
fn copied(exam: &mut Exam<'_>, key: &str, read: &OperatorMetadata) {
    let here = bare(&exam.view.uri);
    let outside = read
        .stores
        .iter()
        .flat_map(|store| &store.state_schema_file_paths)
        .find(|path| {
            bare(path)
                .strip_prefix(here.as_str())
                .is_none_or(|rest| !rest.starts_with('/'))
        });
    let Some(outside) = outside else { return };
    let finding = Finding::new(
        "C38",
        Severity::Error,
        format!(
            "{key} names the schema {outside}, which lies outside this checkpoint: it was \
             copied from there. Spark reads that file, and ends where it is gone."
        ),
    )
    .at(key, Some(2))
    .showing(outside)
    .mended_by(
        [Remedy::new(
            Action::RestoreBackup,
            "Every restart reads the same path. The checkpoint works only under the \
             prefix that it was made for: restore it there.",
        )]
        .into_iter()
        .chain(exam.without_a_backup()),
    );
    exam.add(finding);
}

/// A place without what differs between connectors: `s3`, `s3a` and `s3n` are
/// the same, and so are `file:/x` and `file:///x`.
fn bare(uri: &str) -> String {
    let uri = uri.trim_end_matches('/');
    match uri.split_once(":/") {
        Some(("s3" | "s3a" | "s3n", rest)) => {
            format!("s3:/{}", rest.trim_start_matches('/'))
        }
        Some(("file", rest)) => format!("/{}", rest.trim_start_matches('/')),
        _ => uri.to_owned(),
    }
}
