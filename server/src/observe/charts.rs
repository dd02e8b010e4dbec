//! The charts of a stream: records processed a minute, and lag, from CloudWatch
//! where a metric is configured and can be read, else from what the poller
//! itself has seen; and what Spark's progress events tell. Each says which.

use std::sync::Mutex as StdMutex;
use std::sync::PoisonError;
use std::time::Duration;

use app::view::{Point, Series};
use domain::ids::StreamName;
use domain::time::Millis;
use domain::verdict::Sample;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::progress_charts::{self, Span};
use super::samples::{lag_by_minute, processed_by_minute};
use super::{Configured, Observer, Watched, reason};
use crate::aws::{AwsError, MetricPoint, MetricQuery, Metrics, Statistic};
use crate::clock;
use crate::config::{Metric, MetricKind};

/// How long a chart goes back.
const WINDOW_MS: i64 = 3 * 3_600_000;
/// A counter's last value before the window is looked for this long before it.
const BEFORE_MS: i64 = 15 * 60_000;
/// CloudWatch costs by the call, and has a value a minute.
const AGE_MAX: Duration = Duration::from_secs(30);

/// The charts as last read.
#[derive(Default)]
pub(super) struct Cached {
    /// Held while they are read, so that one reads for all.
    reading: Mutex<()>,
    newest: StdMutex<Option<(Instant, Vec<Series>)>>,
}

impl Cached {
    fn get(&self) -> Option<(Instant, Vec<Series>)> {
        self.newest
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn fresh(&self) -> Option<Vec<Series>> {
        self.get()
            .filter(|(at, _)| at.elapsed() < AGE_MAX)
            .map(|(_, series)| series)
    }
}

impl Observer {
    /// The charts of the last three hours, read at most every half minute.
    pub(super) async fn charts(
        &self,
        name: &StreamName,
        samples: &[Sample],
    ) -> Vec<Series> {
        let Some(watched) = self.0.streams.get(name) else {
            return Vec::new();
        };
        let cached = &watched.charts;
        if let Some(series) = cached.fresh() {
            return series;
        }
        let _reading = cached.reading.lock().await;
        if let Some(series) = cached.fresh() {
            return series;
        }
        let aws = self.0.aws.reading(name);
        let mut series = read(&aws.metrics(), &watched.configured, samples).await;
        series.extend(of_progress(watched));
        *cached.newest.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((Instant::now(), series.clone()));
        series
    }

    /// Records processed a minute over the last hour, as last read.
    pub(super) fn sparkline(&self, name: &StreamName, samples: &[Sample]) -> Vec<Point> {
        let to = clock::now();
        let from = to.plus(-3_600_000);
        let charts = self.0.streams.get(name).and_then(|w| w.charts.get());
        match charts.and_then(|(_, series)| series.into_iter().next()) {
            Some(processed) => processed
                .points
                .into_iter()
                .filter(|p| p.at >= from)
                .collect(),
            None => processed_by_minute(samples, from, to),
        }
    }
}

/// The charts of what the job's log has told.
fn of_progress(watched: &Watched) -> Vec<Series> {
    let Configured { stream, logs, .. } = &watched.configured;
    let to = clock::now();
    let span = Span {
        from: to.plus(-WINDOW_MS),
        to,
        period_ms: i64::from(minutes_a_batch(stream.trigger_ms)) * 60_000,
    };
    let source = format!("Progress events in the driver's log, {}", logs.group);
    progress_charts::series(&watched.progress.rates(), span, &source)
}

async fn read(metrics: &Metrics, stream: &Configured, samples: &[Sample]) -> Vec<Series> {
    let to = clock::now();
    let from = to.plus(-WINDOW_MS);
    let namespace = &stream.metrics.namespace;
    let window = Window {
        from,
        to,
        minutes: minutes_a_batch(stream.stream.trigger_ms),
    };
    let (processed, lag) = tokio::join!(
        points(
            metrics,
            namespace,
            &stream.metrics.records_processed,
            window
        ),
        async {
            match &stream.metrics.lag {
                Some(metric) => Some(points(metrics, namespace, metric, window).await),
                None => None,
            }
        }
    );
    let processed = or_own(
        Some(processed),
        |from, to| processed_by_minute(samples, from, to),
        (from, to),
        &source(namespace, &stream.metrics.records_processed),
    );
    let lag_source = stream
        .metrics
        .lag
        .as_ref()
        .map(|m| source(namespace, m))
        .unwrap_or_default();
    let lag = or_own(
        lag,
        |from, to| lag_by_minute(samples, from, to),
        (from, to),
        &lag_source,
    );
    vec![
        Series {
            chart: "Records processed".to_owned(),
            name: "Records processed".to_owned(),
            unit: "records a minute".to_owned(),
            source: processed.1,
            points: processed.0,
        },
        Series {
            chart: "Lag".to_owned(),
            name: "Lag".to_owned(),
            unit: "records".to_owned(),
            source: lag.1,
            points: lag.0,
        },
    ]
}

/// What CloudWatch has, or what was seen by us, with a word on where it is from.
fn or_own(
    found: Option<Result<Vec<Point>, AwsError>>,
    own: impl Fn(Millis, Millis) -> Vec<Point>,
    (from, to): (Millis, Millis),
    source: &str,
) -> (Vec<Point>, String) {
    let here = "Sluice's own looks at the checkpoint and at Kafka";
    match found {
        Some(Ok(points)) if points.iter().any(|p| p.value.is_some()) => {
            (points, source.to_owned())
        }
        Some(Ok(_)) => (own(from, to), format!("{here}; {source} has no values")),
        Some(Err(error)) => (own(from, to), format!("{here}. {}", reason(&error))),
        None => (own(from, to), here.to_owned()),
    }
}

fn source(namespace: &str, metric: &Metric) -> String {
    let dimensions: Vec<String> = metric
        .dimensions
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    if dimensions.is_empty() {
        format!("CloudWatch: {namespace} {}", metric.name)
    } else {
        format!(
            "CloudWatch: {namespace} {} ({})",
            metric.name,
            dimensions.join(", ")
        )
    }
}

/// What of a metric is asked for.
#[derive(Clone, Copy)]
struct Window {
    from: Millis,
    to: Millis,
    /// The length of a period.
    minutes: i32,
}

impl Window {
    fn period_ms(self) -> i64 {
        i64::from(self.minutes) * 60_000
    }
}

impl Window {
    /// As wide as values usually lie apart: a job whose batches take longer than
    /// its trigger interval tells its metrics more seldom, and misses nothing.
    fn spread_as(self, found: &[MetricPoint]) -> Self {
        let mut apart: Vec<i64> = found
            .windows(2)
            .map(|pair| pair[1].at.since(pair[0].at))
            .collect();
        apart.sort_unstable();
        let usual = apart.get(apart.len() / 2).copied().unwrap_or_default();
        let periods = i32::try_from(usual / self.period_ms()).unwrap_or(1).max(1);
        Self {
            minutes: self.minutes.saturating_mul(periods).min(60),
            ..self
        }
    }
}

/// The job tells its metrics once a batch, so a period that is shorter than the
/// trigger interval would have no value more often than not.
fn minutes_a_batch(trigger_ms: i64) -> i32 {
    let minutes = trigger_ms.max(1).div_euclid(60_000);
    let whole = trigger_ms.max(1).rem_euclid(60_000) == 0;
    i32::try_from(minutes + i64::from(!whole))
        .unwrap_or(i32::MAX)
        .clamp(1, 60)
}

async fn points(
    metrics: &Metrics,
    namespace: &str,
    metric: &Metric,
    window: Window,
) -> Result<Vec<Point>, AwsError> {
    let period = window.period_ms();
    let query = MetricQuery {
        namespace: namespace.to_owned(),
        name: metric.name.clone(),
        dimensions: metric.dimensions.clone(),
        statistic: match metric.kind {
            MetricKind::Delta => Statistic::Sum,
            MetricKind::Counter | MetricKind::Gauge => Statistic::Maximum,
        },
        period_s: window.minutes * 60,
        from: Millis(
            window
                .from
                .plus(-BEFORE_MS.max(2 * period))
                .0
                .div_euclid(period)
                * period,
        ),
        to: window.to,
    };
    let found = metrics.points(&query).await?;
    let spread = window.spread_as(&found);
    let values = match metric.kind {
        MetricKind::Gauge => found,
        MetricKind::Delta => a_minute(&found, spread),
        MetricKind::Counter => growth(&found, window.minutes),
    };
    Ok(on_grid(&values, spread))
}

/// What was added in each period, as a rate a minute.
fn a_minute(sums: &[MetricPoint], window: Window) -> Vec<MetricPoint> {
    let period = |point: &MetricPoint| point.at.0.div_euclid(window.period_ms());
    sums.chunk_by(|a, b| period(a) == period(b))
        .map(|chunk| MetricPoint {
            at: chunk[0].at,
            value: chunk.iter().map(|point| point.value).sum::<f64>()
                / f64::from(window.minutes),
        })
        .collect()
}

/// A counter's growth a minute. After a restart of whatever counts it begins
/// at zero again, so a smaller value is all growth. What grew over several
/// minutes without a value is spread over them.
fn growth(totals: &[MetricPoint], period: i32) -> Vec<MetricPoint> {
    totals
        .windows(2)
        .map(|pair| {
            let (before, after) = (pair[0], pair[1]);
            let grown = if after.value >= before.value {
                after.value - before.value
            } else {
                after.value
            };
            let minutes =
                (after.at.since(before.at) as f64 / 60_000.0).max(f64::from(period));
            MetricPoint {
                at: after.at,
                value: grown / minutes,
            }
        })
        .collect()
}

/// A point for each period that is over; one without a value is a gap. The one
/// under way would look like a fall.
fn on_grid(values: &[MetricPoint], window: Window) -> Vec<Point> {
    let period = window.period_ms();
    let first = window.from.0.div_euclid(period) * period;
    (0..)
        .map(|n| Millis(first + n * period))
        .take_while(|at| at.plus(period) <= window.to)
        .map(|at| {
            let end = values.partition_point(|v| v.at < at.plus(period));
            let newest = values[..end].last().filter(|v| v.at >= at);
            Point {
                at,
                value: newest.map(|v| v.value),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn totals(values: &[(i64, f64)]) -> Vec<MetricPoint> {
        values
            .iter()
            .map(|(minute, value)| MetricPoint {
                at: Millis(minute * 60_000),
                value: *value,
            })
            .collect()
    }

    #[test]
    fn a_counter_shows_its_growth_and_survives_a_restart() {
        let grown = growth(&totals(&[(0, 100.0), (1, 160.0), (3, 200.0), (4, 30.0)]), 1);
        assert_eq!(grown, totals(&[(1, 60.0), (3, 20.0), (4, 30.0)]));
    }

    #[test]
    fn a_minute_without_a_value_is_a_gap() {
        let window = Window {
            from: Millis(0),
            to: Millis(150_000),
            minutes: 1,
        };
        let points = on_grid(&totals(&[(1, 5.0)]), window);
        let values: Vec<Option<f64>> = points.iter().map(|p| p.value).collect();
        assert_eq!(values, [None, Some(5.0)], "the third minute is not over");
    }

    #[test]
    fn a_job_with_a_batch_every_two_minutes_shows_a_line_without_gaps() {
        assert_eq!(minutes_a_batch(120_000), 2);
        let window = Window {
            from: Millis(60_000),
            to: Millis(480_000),
            minutes: 2,
        };
        let sums = totals(&[(0, 80.0), (2, 100.0), (4, 120.0), (6, 140.0)]);
        let points = on_grid(&a_minute(&sums, window), window);
        let values: Vec<Option<f64>> = points.iter().map(|p| p.value).collect();
        assert_eq!(values, [Some(40.0), Some(50.0), Some(60.0), Some(70.0)]);
    }

    #[test]
    fn a_job_that_is_slower_than_its_trigger_shows_a_line_and_its_gaps() {
        let window = Window {
            from: Millis(0),
            to: Millis(12 * 60_000),
            minutes: 1,
        };
        let sums = totals(&[(0, 30.0), (3, 60.0), (9, 45.0), (11, 45.0)]);
        let spread = window.spread_as(&sums);
        assert_eq!(spread.minutes, 3);
        let points = on_grid(&a_minute(&sums, spread), spread);
        let values: Vec<Option<f64>> = points.iter().map(|p| p.value).collect();
        assert_eq!(values, [Some(10.0), Some(20.0), None, Some(30.0)]);
        assert_eq!(window.spread_as(&[]).minutes, 1, "nothing says otherwise");
    }

    #[test]
    fn a_period_is_whole_minutes_and_no_shorter_than_the_trigger() {
        for (trigger_ms, minutes) in [(0, 1), (6_000, 1), (60_000, 1), (61_000, 2)] {
            assert_eq!(minutes_a_batch(trigger_ms), minutes, "{trigger_ms}");
        }
    }
}
