//! C08, C19 to C22 and C42: what the retained batches tell when they are
//! laid side by side. As many are compared as were read.

use std::collections::BTreeMap;

use super::{Exam, Finding, Severity, kafka_ends};
use crate::checkpoint::reading::SparkOffsets;

/// Clocks differ; a watermark so far ahead is still taken for now.
pub(super) const CLOCK_SLACK_MS: i64 = 300_000;
/// So many partitions are named, the rest is counted.
const NAMED_MAX: usize = 5;

pub(super) fn check(exam: &mut Exam<'_>) {
    gaps(exam);
    too_many(exam);
    let read: BTreeMap<i64, SparkOffsets> = exam
        .offsets
        .iter()
        .filter_map(|batch| Some((*batch, exam.batch(*batch)?)))
        .collect();
    let pairs: Vec<(i64, i64)> = read
        .keys()
        .zip(read.keys().skip(1))
        .map(|(before, after)| (*before, *after))
        .filter(|(before, after)| {
            exam.shape.async_progress || before.checked_add(1) == Some(*after)
        })
        .collect();
    for (before, after) in pairs {
        let pair = Pair {
            newest: exam.newest_offsets() == Some(after),
            before: (before, &read[&before]),
            after: (after, &read[&after]),
        };
        lines(exam, &pair);
        ends(exam, &pair);
        watermarks(exam, &pair);
    }
    if let Some((batch, newest)) = read.last_key_value() {
        future(exam, *batch, newest);
    }
}

/// Two batches that follow each other.
struct Pair<'a> {
    before: (i64, &'a SparkOffsets),
    after: (i64, &'a SparkOffsets),
    /// The later one is the newest, so that it decides the next start.
    newest: bool,
}

impl Pair<'_> {
    fn names(&self) -> (String, String) {
        (
            format!("offsets/{}", self.before.0),
            format!("offsets/{}", self.after.0),
        )
    }
}

fn has_gap(batches: &[i64]) -> bool {
    batches
        .windows(2)
        .any(|two| two[0].checked_add(1) != Some(two[1]))
}

fn gaps(exam: &mut Exam<'_>) {
    // What lies between the two newest decides the start and is said elsewhere.
    let older = exam.offsets.len().saturating_sub(1);
    if !has_gap(&exam.offsets[..older]) && !has_gap(&exam.commits) {
        return;
    }
    let committed: Vec<i64> = match exam.offsets.split_last() {
        Some((newest, rest)) if exam.newest_commit() < Some(*newest) => rest.to_vec(),
        _ => exam.offsets.clone(),
    };
    let message = if committed == exam.commits {
        "Batches are left out, the same ones in offsets/ and commits/, as asynchronous \
         progress tracking leaves them."
    } else {
        "Older batches are left out in offsets/ or commits/. The next start does not \
         look at them."
    };
    exam.add(Finding::new("C19", Severity::Info, message).at("offsets/", None));
}

/// After each batch Spark deletes what is older than the conf says.
fn too_many(exam: &mut Exam<'_>) {
    let (Some(first), Some(last)) = (exam.offsets.first(), exam.offsets.last()) else {
        return;
    };
    let keep = i64::from(exam.shape.min_batches_to_retain);
    let span = last.saturating_sub(*first);
    if span <= keep.saturating_add(keep / 2) {
        return;
    }
    let finding = Finding::new(
        "C20",
        Severity::Warning,
        format!(
            "Batches {first} to {last} are kept, and Spark keeps {keep} \
             (spark.sql.streaming.minBatchesToRetain). Its purge does not work, or the \
             job keeps more."
        ),
    )
    .at("offsets/", None)
    .by_hand("Look whether the job's role may delete objects under the checkpoint.");
    exam.add(finding);
}

fn lines(exam: &mut Exam<'_>, pair: &Pair<'_>) {
    let (before, after) = (pair.before.1.sources.len(), pair.after.1.sources.len());
    if before == after {
        return;
    }
    let (before_key, key) = pair.names();
    let finding = Finding::new(
        "C08",
        Severity::Warning,
        format!(
            "{key} has {after} source lines and {before_key} has {before}: the query's \
             shape changed between them, or a file was edited."
        ),
    )
    .at(&key, None);
    exam.add(finding);
}

fn ends(exam: &mut Exam<'_>, pair: &Pair<'_>) {
    let befores = kafka_ends(pair.before.1);
    let afters = kafka_ends(pair.after.1);
    let (before_key, key) = pair.names();
    for (index, (before, after)) in befores.iter().zip(&afters).enumerate() {
        let (Some(before), Some(after)) = (before, after) else {
            continue;
        };
        let line = Some(u32::try_from(index + 3).unwrap_or(u32::MAX));
        let back: Vec<String> = after
            .iter()
            .filter_map(|(topic, partition, end)| {
                let was = before.get(topic, partition)?;
                (end < was).then(|| format!("{topic}-{partition} from {was} to {end}"))
            })
            .collect();
        if !back.is_empty() {
            backwards(exam, pair, line, &back);
        }
        let gone: Vec<String> = before
            .extra_over(after)
            .iter()
            .map(ToString::to_string)
            .collect();
        if !gone.is_empty() {
            let finding = Finding::new(
                "C22",
                Severity::Warning,
                format!(
                    "{} in {before_key} and no longer in {key}: deleted, or no longer \
                     subscribed to.",
                    are(&gone)
                ),
            )
            .at(&key, line)
            .showing(after.to_spark_json());
            exam.add(finding);
        }
    }
}

fn backwards(exam: &mut Exam<'_>, pair: &Pair<'_>, line: Option<u32>, back: &[String]) {
    let (before_key, key) = pair.names();
    let committed = exam.newest_commit() == Some(pair.after.0);
    let follows = match (pair.newest, committed) {
        (false, _) => "It was so at that batch and is behind the query now.",
        (true, true) => "The next batch reads again what was read already.",
        (true, false) => {
            "Spark ends with it, or goes on from the lower offset where \
             failOnDataLoss is false."
        }
    };
    let (severity, ladder) = if pair.newest {
        let ladder = exam.begun_anew(
            "A restart takes the lower offset. Where the topic was made anew, \
             nothing older fits it, neither in the checkpoint nor in a backup. Where the \
             offsets were set back on purpose, nothing needs to be done.",
        );
        (Severity::Error, ladder)
    } else {
        (Severity::Warning, Vec::new())
    };
    let finding = Finding::new(
        "C21",
        severity,
        format!(
            "Between {before_key} and {key} the end went back: {}. {follows}",
            listed(back)
        ),
    )
    .at(&key, line)
    .mended_by(ladder);
    exam.add(finding);
}

fn watermarks(exam: &mut Exam<'_>, pair: &Pair<'_>) {
    let (Some(before), Some(after)) = (&pair.before.1.metadata, &pair.after.1.metadata)
    else {
        return;
    };
    let (before_key, key) = pair.names();
    if after.batch_watermark_ms < before.batch_watermark_ms {
        let finding = Finding::new(
            "C42",
            Severity::Warning,
            format!(
                "The watermark of {key} ({} ms) is below that of {before_key} ({} ms), \
                 and Spark's only rises: a file was edited.",
                after.batch_watermark_ms, before.batch_watermark_ms
            ),
        )
        .at(&key, Some(2))
        .showing(after.batch_watermark_ms.to_string());
        exam.add(finding);
    }
}

fn future(exam: &mut Exam<'_>, batch: i64, newest: &SparkOffsets) {
    let (Some(now), Some(line)) = (exam.known.now_ms, &newest.metadata) else {
        return;
    };
    if line.batch_watermark_ms <= now.saturating_add(CLOCK_SLACK_MS) {
        return;
    }
    let finding = Finding::new(
        "C42",
        Severity::Warning,
        format!(
            "The watermark ({} ms) lies in the future: every record of today counts as \
             late and is dropped from the state.",
            line.batch_watermark_ms
        ),
    )
    .at(format!("offsets/{batch}"), Some(2))
    .showing(line.batch_watermark_ms.to_string());
    exam.add(finding);
}

/// The first few, and how many more.
pub(super) fn listed(names: &[String]) -> String {
    let shown = names[..names.len().min(NAMED_MAX)].join(", ");
    match names.len().saturating_sub(NAMED_MAX) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn are(names: &[String]) -> String {
    let verb = if names.len() == 1 { "was" } else { "were" };
    format!("{} {verb}", listed(names))
}
