//! C18 and C31 to C38: the state that the next batch loads, and what describes
//! it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Action, Exam, Finding, Remedy, Severity};
use crate::checkpoint::layout::CheckpointFile;
use crate::checkpoint::prognosis::{Prognosis, pinned_partitions};
use crate::checkpoint::state::OperatorMetadata;

pub(super) fn check(exam: &mut Exam<'_>) {
    foreseen(exam);
    if !exam.shape.stateful {
        return;
    }
    beyond_the_partitions(exam);
    stale(exam);
    operators(exam);
}

/// What the prognosis came upon.
fn foreseen(exam: &mut Exam<'_>) {
    let Prognosis::Fails {
        error_class,
        error_condition,
        text,
        path: Some(path),
        ..
    } = exam.prognosis
    else {
        return;
    };
    if error_class == "java.lang.NumberFormatException" && path.starts_with("commits/") {
        let finding = Finding::new(
            "C18",
            Severity::Error,
            format!("{path} does not name the state files of its batch."),
        )
        .at(path, Some(2))
        .mended_by(exam.of_lost_state());
        exam.add(finding);
        return;
    }
    let file = CheckpointFile::of_key(path);
    let schema = matches!(file, CheckpointFile::StateSchema { .. });
    if !path.starts_with("state/") || (exam.offsets.is_empty() && !schema) {
        return;
    }
    let condition = error_condition.as_deref().unwrap_or_default();
    let id = match &file {
        CheckpointFile::StateSchema { .. } => "C37",
        CheckpointFile::StateSst { .. } => "C35",
        _ if condition == "CHECKPOINT_FILE_CHECKSUM_VERIFICATION_FAILED" => "C36",
        CheckpointFile::State(file) if !exam.listed(path) => {
            if file.unique_id.is_some() {
                "C18"
            } else if lost_partition(exam, file.op, file.partition) {
                "C32"
            } else {
                "C31"
            }
        }
        _ if path.ends_with(".zip") => "C35",
        _ => "C34",
    };
    let said = text.lines().next().filter(|line| !line.is_empty());
    let mut finding = Finding::new(
        id,
        Severity::Error,
        format!(
            "The state that the next batch needs cannot be loaded: {} ({path}).",
            said.unwrap_or(error_class)
        ),
    )
    .at(path, None);
    let ladder = exam.of_lost_state();
    finding = if id == "C37" {
        let old_code = Remedy::new(
            Action::RestartOnly,
            "Where the code or its confs were changed: started as it was, the query can \
             read its state; waiting changes nothing.",
        );
        finding.mended_by([old_code].into_iter().chain(ladder))
    } else {
        finding.mended_by(ladder)
    };
    exam.add(finding);
}

/// Whether nothing at all is there of one partition, while others are.
fn lost_partition(exam: &Exam<'_>, op: i64, partition: i32) -> bool {
    let seen = partitions(exam);
    seen.get(&op)
        .is_some_and(|seen| !seen.is_empty() && !seen.contains(&partition))
}

/// By operator, the partitions that have any file of a version.
fn partitions(exam: &Exam<'_>) -> BTreeMap<i64, BTreeSet<i32>> {
    let mut seen: BTreeMap<i64, BTreeSet<i32>> = BTreeMap::new();
    for key in exam.view.listing.keys() {
        if let CheckpointFile::State(file) = CheckpointFile::of_key(key) {
            seen.entry(file.op).or_default().insert(file.partition);
        }
    }
    seen
}

/// Directories that no task of the pinned number of partitions opens.
fn beyond_the_partitions(exam: &mut Exam<'_>) {
    let Some(conf) = exam.pinned() else { return };
    let (Some(count), Some(newest)) = (pinned_partitions(&conf), exam.newest_offsets())
    else {
        return;
    };
    for (op, seen) in partitions(exam) {
        let beyond: Vec<String> = seen
            .range(count..)
            .map(|partition| format!("state/{op}/{partition}/"))
            .collect();
        let Some(first) = beyond.first() else {
            continue;
        };
        let finding = Finding::new(
            "C32",
            Severity::Error,
            format!(
                "offsets/{newest} pins {count} partitions, and operator {op} has state in \
                 {} beyond them ({}): what they hold is left out without an error.",
                beyond.len(),
                super::history::listed(&beyond)
            ),
        )
        .at(first, None)
        .showing(count.to_string())
        .mended_by(exam.of_a_broken_start())
        .by_hand(format!(
            "With the job stopped, write into the second line of offsets/{newest} the \
             spark.sql.shuffle.partitions that older batches have."
        ));
        exam.add(finding);
    }
}

/// Versions that the next batch can only have from another, abandoned run. A
/// later start takes the newest snapshot that is not too new, and with it
/// theirs. Files that a commit names cannot be mistaken so.
fn stale(exam: &mut Exam<'_>) {
    let newest = exam.newest_offsets().unwrap_or(-1);
    let newest = exam
        .known
        .newest_batch_after
        .map_or(newest, |after| after.max(newest));
    // Batch B loads version B and writes version B + 1.
    let limit = newest.saturating_add(1);
    let mut count = 0_usize;
    let mut newest_version = limit;
    let mut first: Option<&String> = None;
    for key in exam.view.listing.keys() {
        if let CheckpointFile::State(file) = CheckpointFile::of_key(key)
            && file.unique_id.is_none()
            && file.version > limit
        {
            count += 1;
            newest_version = newest_version.max(file.version);
            first = first.or(Some(key));
        }
    }
    let Some(first) = first else { return };
    let finding = Finding::new(
        "C33",
        Severity::Error,
        format!(
            "{count} state files have versions from {} up to {newest_version}, and the \
             newest batch can have written version {limit} at most. They are of a run \
             that was abandoned, and a later start may load them as this query's state \
             without an error.",
            limit.saturating_add(1)
        ),
    )
    .at(first, None)
    .showing(newest_version.to_string())
    .mended_by(exam.ladder(
        "A restart leaves them lying there; going back to the end of a batch takes away \
         all state that is newer.",
    ))
    .by_hand(format!(
        "With the job stopped, delete the files .delta, .snapshot, .zip and .changelog, \
         and their .crc, with versions above {limit}; leave SSTs/ alone."
    ));
    exam.add(finding);
}

/// What describes the operators, which 4.0 and later write.
fn operators(exam: &mut Exam<'_>) {
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
        stores(exam, &key, &read, &seen);
        copied(exam, &key, &read);
    }
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
