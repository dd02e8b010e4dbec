//! C41: when the batches were planned, and how long ago the newest was.

use super::history::CLOCK_SLACK_MS;
use super::kafka::records_wait;
use super::{Exam, Finding, Severity};
use crate::time::human_duration;

/// A batch is long ago after so many intervals,
const INTERVALS: i64 = 10;
/// and after this in any case: a restart takes some minutes.
const LONG_AGO_MS_MIN: i64 = 600_000;
/// So many steps between batches tell how often one is planned.
const STEPS_MIN: usize = 3;

pub(super) fn check(exam: &mut Exam<'_>) {
    let planned = planned(exam);
    backwards(exam, &planned);
    if let (Some(now), Some((batch, at))) = (exam.known.now_ms, planned.last().copied()) {
        // Only the newest batch tells how long ago the last one was.
        if exam.newest_offsets() == Some(batch) && at > 0 {
            age(exam, &planned, now.saturating_sub(at));
        }
    }
}

/// The batches that were read, rising, with their times in milliseconds.
fn planned(exam: &Exam<'_>) -> Vec<(i64, i64)> {
    let times = exam.offsets.iter().filter_map(|batch| {
        let line = exam.batch(*batch)?.metadata?;
        Some((*batch, line.batch_timestamp_ms))
    });
    times.collect()
}

fn backwards(exam: &mut Exam<'_>, planned: &[(i64, i64)]) {
    for two in planned.windows(2) {
        let ((before, was), (batch, at)) = (two[0], two[1]);
        let follows = exam.shape.async_progress || before.checked_add(1) == Some(batch);
        if !follows || at > was {
            continue;
        }
        // A mend by hand copies a file, and Sluice's own may do so too.
        let (severity, message) = if at == was {
            let message = format!(
                "offsets/{batch} has the same time as offsets/{before} ({at} ms), and \
                 Spark plans no two batches at once: one was copied or edited."
            );
            (Severity::Info, message)
        } else {
            let message = format!(
                "The time of offsets/{batch} ({at} ms) is before that of \
                 offsets/{before} ({was} ms): a clock went back, or a file was edited."
            );
            (Severity::Warning, message)
        };
        let finding = Finding::new("C41", severity, message)
            .at(format!("offsets/{batch}"), Some(2))
            .showing(at.to_string());
        exam.add(finding);
    }
}

/// How long ago the newest batch was, against how often one is planned. A query
/// that has nothing to read plans none.
fn age(exam: &mut Exam<'_>, planned: &[(i64, i64)], age_ms: i64) {
    let Some((batch, at)) = planned.last().copied() else {
        return;
    };
    let key = format!("offsets/{batch}");
    if age_ms < -CLOCK_SLACK_MS {
        let finding = Finding::new(
            "C41",
            Severity::Warning,
            format!(
                "The time of {key} lies {} ahead of the clock here: one of the two clocks \
                 is wrong, or the file was edited.",
                human_duration(-age_ms)
            ),
        );
        exam.add(finding.at(key, Some(2)).showing(at.to_string()));
        return;
    }
    let Some(interval) = exam.known.trigger_ms.or_else(|| interval_ms(planned)) else {
        return;
    };
    if age_ms <= interval.saturating_mul(INTERVALS).max(LONG_AGO_MS_MIN) {
        return;
    }
    let alive = exam.known.job_is_alive;
    let (severity, follows) = match (records_wait(exam), alive) {
        (Some(false), _) => return,
        (_, Some(false)) => (Severity::Info, "No job is at work on it."),
        (Some(true), Some(true)) if exam.newest_commit() == Some(batch) => (
            Severity::Warning,
            "Records wait and a job is at work: it stands still.",
        ),
        (_, Some(true)) if exam.newest_commit() != Some(batch) => {
            (Severity::Info, "A job is at work on that batch still.")
        }
        (Some(true), _) => (
            Severity::Warning,
            "Records wait: no job runs, or it stands still.",
        ),
        (None, _) => (
            Severity::Info,
            "The query has ended, stands still, or had nothing to read.",
        ),
    };
    let from = match exam.known.trigger_ms {
        Some(_) => "is to be planned",
        None => "was planned",
    };
    let finding = Finding::new(
        "C41",
        severity,
        format!(
            "{key} was planned {} ago, and a batch {from} each {}. {follows}",
            human_duration(age_ms),
            human_duration(interval)
        ),
    );
    exam.add(finding.at(key, Some(2)).showing(at.to_string()));
}

/// The middle one of the steps between batches that follow each other.
fn interval_ms(planned: &[(i64, i64)]) -> Option<i64> {
    let mut steps: Vec<i64> = planned
        .windows(2)
        .filter(|two| two[0].0.checked_add(1) == Some(two[1].0))
        .map(|two| two[1].1.saturating_sub(two[0].1))
        .filter(|step| *step > 0)
        .collect();
    steps.sort_unstable();
    (steps.len() >= STEPS_MIN).then(|| steps[steps.len() / 2])
}
