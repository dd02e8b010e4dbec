//! What the executors of a job run are doing, by EMR's own metrics. They tell a
//! slow batch from one that hangs.

use std::collections::BTreeMap;

use domain::ids::JobRunId;
use domain::snapshot::{CheckpointSeen, ExecutorsSeen};
use domain::stream::Stream;
use domain::time::Millis;

use super::reason;
use crate::aws::{AwsError, MetricPoint, MetricQuery, Metrics, Statistic};

const NAMESPACE: &str = "AWS/EMRServerless";
const USED: &str = "WorkerCpuUsed";
const ALLOCATED: &str = "WorkerCpuAllocated";
/// How far back is looked. Values come by the minute and a little late.
const WINDOW_MS: i64 = 30 * 60_000;
/// What is older tells nothing of now.
const OLD_MS: i64 = 5 * 60_000;
/// Executors that wait use a little, for heartbeats: all of them together less
/// than this many vCPUs, or than one in a hundred of theirs. One task at work
/// uses about one, however many executors wait for it.
const IDLE_VCPUS: f64 = 0.5;

/// Whether a batch is under way for so long that it matters.
pub(super) fn are_asked_for(
    checkpoint: &CheckpointSeen,
    stream: &Stream,
    now: Millis,
) -> bool {
    checkpoint.batches.first().is_some_and(|newest| {
        !newest.committed && now.since(newest.planned_at) > 2 * stream.trigger_ms
    })
}

/// What is known of the executors; `None` where CloudWatch has nothing, or may
/// not be asked.
pub(super) async fn seen(
    metrics: &Metrics,
    run: &JobRunId,
    now: Millis,
) -> Option<ExecutorsSeen> {
    let read = async {
        let used = summed(metrics, USED, run, now).await?;
        let allocated = summed(metrics, ALLOCATED, run, now).await?;
        Ok::<_, AwsError>(judged(&used, &allocated, now))
    };
    read.await.unwrap_or_else(|error| {
        tracing::debug!(%run, error = reason(&error), "executors.unknown");
        None
    })
}

/// The metric of a job run's executors, all kinds of capacity together. Which
/// dimensions EMR gives it besides these two differs by its age, so they are
/// asked for first: a metric without its dimensions is another one.
async fn summed(
    metrics: &Metrics,
    name: &str,
    run: &JobRunId,
    now: Millis,
) -> Result<BTreeMap<Millis, f64>, AwsError> {
    let of = [("JobId", run.as_str()), ("WorkerType", "Spark_Executor")];
    let mut sum: BTreeMap<Millis, f64> = BTreeMap::new();
    for dimensions in metrics.dimensions(NAMESPACE, name, &of).await? {
        let query = MetricQuery {
            namespace: NAMESPACE.to_owned(),
            name: name.to_owned(),
            dimensions,
            statistic: Statistic::Maximum,
            period_s: 60,
            from: Millis(now.plus(-WINDOW_MS).0.div_euclid(60_000) * 60_000),
            to: now,
        };
        for MetricPoint { at, value } in metrics.points(&query).await? {
            *sum.entry(at).or_default() += value;
        }
    }
    Ok(sum)
}

fn judged(
    used: &BTreeMap<Millis, f64>,
    allocated: &BTreeMap<Millis, f64>,
    now: Millis,
) -> Option<ExecutorsSeen> {
    let measured: Vec<(Millis, f64, f64)> = used
        .iter()
        .filter_map(|(at, used)| {
            let of = allocated.get(at).filter(|of| **of > 0.0)?;
            Some((*at, *used, *of))
        })
        .collect();
    let (at, newest, of) = *measured.last()?;
    if now.since(at) > OLD_MS {
        return None;
    }
    let idle_since = measured
        .iter()
        .rev()
        .take_while(|(_, used, of)| *used < IDLE_VCPUS.max(of / 100.0))
        .last()
        .map(|(at, _, _)| *at);
    Some(ExecutorsSeen {
        at,
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it lies between 0 and 100"
        )]
        busy_percent: (newest / of * 100.0).clamp(0.0, 100.0).round() as u8,
        idle_since,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes(values: &[f64]) -> BTreeMap<Millis, f64> {
        (0..)
            .map(|n| Millis(n * 60_000))
            .zip(values.iter().copied())
            .collect()
    }

    #[test]
    fn idleness_begins_with_the_first_minute_of_the_newest_ones() {
        let used = minutes(&[0.2, 7.4, 0.3, 0.2, 0.3]);
        let of = minutes(&[8.0; 5]);
        let seen = judged(&used, &of, Millis(300_000)).unwrap();
        assert_eq!(seen.busy_percent, 4);
        assert_eq!(seen.idle_since, Some(Millis(120_000)));
        let busy = judged(&minutes(&[0.2, 7.4]), &of, Millis(120_000)).unwrap();
        assert_eq!((busy.busy_percent, busy.idle_since), (93, None));
    }

    #[test]
    fn one_task_at_work_among_many_waiting_executors_is_work() {
        let used = minutes(&[0.9, 1.1, 1.0]);
        let of = minutes(&[40.0; 3]);
        let seen = judged(&used, &of, Millis(180_000)).unwrap();
        assert_eq!((seen.busy_percent, seen.idle_since), (3, None));
    }

    #[test]
    fn what_is_old_or_has_no_measure_is_unknown() {
        let used = minutes(&[7.4]);
        assert_eq!(judged(&used, &minutes(&[8.0]), Millis(600_000)), None);
        assert_eq!(judged(&used, &minutes(&[]), Millis(60_000)), None);
        assert_eq!(judged(&minutes(&[]), &minutes(&[]), Millis(0)), None);
    }
}
