//! C18 and C31 to C37: the state that the next batch loads.

use std::collections::{BTreeMap, BTreeSet};

use super::{Action, Exam, Finding, Remedy, Severity};
use crate::checkpoint::layout::CheckpointFile;
use crate::checkpoint::prognosis::{Prognosis, pinned_partitions};
use crate::checkpoint::state::check_zip;

pub(super) fn check(exam: &mut Exam<'_>) {
    foreseen(exam);
    if !exam.shape.stateful {
        return;
    }
    beyond_the_partitions(exam);
    stale(exam);
    empty_stores(exam);
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
    let names_none = error_class == "java.lang.NumberFormatException";
    if names_none && path.starts_with("commits/") {
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
    if let CheckpointFile::OperatorMetadata { .. } = file {
        operators_gone(exam, path);
        return;
    }
    let condition = error_condition.as_deref().unwrap_or_default();
    let id = match &file {
        CheckpointFile::StateSchema { .. } => "C37",
        CheckpointFile::StateSst { .. } | CheckpointFile::StateLog { .. } => "C35",
        _ if condition == "CHECKPOINT_FILE_CHECKSUM_VERIFICATION_FAILED" => "C36",
        // A version is named, and what it is built on is not there.
        _ if condition.ends_with("CANNOT_FIND_BASE_SNAPSHOT_CHECKPOINT") => "C18",
        CheckpointFile::State(file) if !exam.listed(path) => {
            if file.unique_id.is_some() || commits_name_files(exam) {
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
        finding.mended_by([old_code()].into_iter().chain(ladder))
    } else {
        finding.mended_by(ladder)
    };
    exam.add(finding);
}

/// From 4.0 on the operators of the query are held against those that are
/// described, before its first batch.
fn operators_gone(exam: &mut Exam<'_>, path: &str) {
    let finding = Finding::new(
        "C37",
        Severity::Error,
        format!(
            "{path} describes an operator that keeps state, and the query is said to have \
             none. Spark {} refuses to go on without it.",
            exam.line
        ),
    )
    .at(path, Some(2))
    .mended_by([old_code()].into_iter().chain(exam.of_a_broken_start()));
    exam.add(finding);
}

fn old_code() -> Remedy {
    Remedy::new(
        Action::RestartOnly,
        "Where the code or its confs were changed: started as it was, the query can \
         read its state; waiting changes nothing.",
    )
}

/// Whether the query is one whose commits are to name its state files.
fn commits_name_files(exam: &Exam<'_>) -> bool {
    exam.shape.state_checkpoint_format >= 2
}

/// Archives without `CURRENT`: RocksDB opens what it takes for a new store, and
/// nothing is said. Source: `DBImpl::Recover` under `create_if_missing`, which
/// Spark sets.
fn empty_stores(exam: &mut Exam<'_>) {
    let without: Vec<String> = exam
        .view
        .bytes
        .iter()
        .filter(|(key, _)| key.ends_with(".zip"))
        .filter(|(_, bytes)| check_zip(bytes).is_ok_and(|found| found.manifest.is_none()))
        .map(|(key, _)| key.clone())
        .collect();
    let Some(first) = without.first() else { return };
    let finding = Finding::new(
        "C35",
        Severity::Error,
        format!(
            "{} no CURRENT ({}): RocksDB takes it for a new store, and the query goes on \
             with empty state without an error.",
            match without.len() {
                1 => "An archive of the state has".to_owned(),
                many => format!("{many} archives of the state have"),
            },
            super::history::listed(&without)
        ),
    )
    .at(first, None)
    .mended_by(exam.of_lost_state());
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
