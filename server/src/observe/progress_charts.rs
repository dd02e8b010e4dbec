//! Charts from the progress events in a driver's log: input against processing
//! rate, how long batches take, and lag by partition.

use std::collections::BTreeMap;

use app::view::{Point, Series};
use domain::offsets::PartitionOffsets;
use domain::time::Millis;

/// A chart has no more colours than this.
const PARTITIONS_MAX: usize = 4;

/// What one progress event tells of speed.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Rates {
    /// When the trigger fired.
    pub(super) at: Millis,
    /// Records a second that came in since the trigger before.
    pub(super) input: Option<f64>,
    /// Records a second while the batch was worked on.
    pub(super) processed: Option<f64>,
    /// How long the batch took, in milliseconds.
    pub(super) duration_ms: Option<i64>,
    /// What was left in Kafka after the batch, by topic and partition.
    pub(super) lag: BTreeMap<(String, i32), i64>,
}

impl Rates {
    /// Adds what a source has left between its end and Kafka's newest.
    pub(super) fn add_lag(&mut self, end: &PartitionOffsets, latest: &PartitionOffsets) {
        for (topic, partition, newest) in latest.iter() {
            if let Some(end) = end.get(topic, partition) {
                let left = newest.saturating_sub(end).max(0);
                self.lag.insert((topic.to_owned(), partition), left);
            }
        }
    }
}

/// The span of a chart, and how long a period in it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) from: Millis,
    pub(super) to: Millis,
    pub(super) period_ms: i64,
}

/// The three charts. Events are put into periods, so that they share their axis
/// with the other charts of the page; a period without an event is a gap.
/// `source` says where the log is.
pub(super) fn series(events: &[Rates], span: Span, source: &str) -> Vec<Series> {
    let periods = periods(events, span);
    let source = if events.is_empty() {
        format!("{source}; it holds no progress event of this time")
    } else {
        source.to_owned()
    };
    let line = |chart: &str,
                name: &str,
                unit: &str,
                value: &dyn Fn(&[&Rates]) -> Option<f64>| {
        Series {
            chart: chart.to_owned(),
            name: name.to_owned(),
            unit: unit.to_owned(),
            source: source.clone(),
            points: periods
                .iter()
                .map(|(at, events)| Point {
                    at: *at,
                    value: value(events),
                })
                .collect(),
        }
    };
    let rates = "Input and processing";
    let second = "records a second";
    let mut all = vec![
        line(rates, "Input", second, &|events| {
            mean(events.iter().filter_map(|event| event.input))
        }),
        line(rates, "Processing", second, &|events| {
            mean(events.iter().filter_map(|event| event.processed))
        }),
        line(
            "Batch duration",
            "Batch duration",
            "seconds, the longest of a period",
            &|events| {
                let longest = events.iter().filter_map(|event| event.duration_ms).max();
                longest.map(|ms| ms as f64 / 1_000.0)
            },
        ),
    ];
    let lag = "Lag by partition";
    let (shown, count) = furthest_behind(events);
    if shown.is_empty() {
        all.push(line(lag, lag, "records", &|_| None));
    }
    for (topic, partition) in &shown {
        let key = (topic.clone(), *partition);
        let mut one = line(lag, &format!("{topic}-{partition}"), "records", &|events| {
            let newest = events.iter().rev().find_map(|event| event.lag.get(&key));
            newest.map(|left| *left as f64)
        });
        if count > shown.len() {
            let few = shown.len();
            one.source = format!(
                "The {few} of {count} partitions that are furthest behind. {source}"
            );
        }
        all.push(one);
    }
    all
}

/// The events of each period, oldest first.
fn periods(events: &[Rates], span: Span) -> Vec<(Millis, Vec<&Rates>)> {
    let index = |at: Millis| at.0.div_euclid(span.period_ms);
    let first = index(span.from);
    let mut periods: Vec<(Millis, Vec<&Rates>)> = (first..)
        .map(|n| Millis(n * span.period_ms))
        .take_while(|at| *at < span.to)
        .map(|at| (at, Vec::new()))
        .collect();
    for event in events {
        let at = usize::try_from(index(event.at) - first).ok();
        if let Some((_, events)) = at.and_then(|at| periods.get_mut(at)) {
            events.push(event);
        }
    }
    periods
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) =
        values.fold((0.0, 0_u32), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

/// The partitions with the most left in the newest event that knows any, by
/// topic and partition, and how many there are.
fn furthest_behind(events: &[Rates]) -> (Vec<(String, i32)>, usize) {
    let newest = events.iter().rev().find(|event| !event.lag.is_empty());
    let Some(newest) = newest else {
        return (Vec::new(), 0);
    };
    let mut all: Vec<(&(String, i32), &i64)> = newest.lag.iter().collect();
    let count = all.len();
    all.sort_by_key(|(key, left)| (std::cmp::Reverse(**left), (*key).clone()));
    let mut shown: Vec<(String, i32)> = all
        .into_iter()
        .take(PARTITIONS_MAX)
        .map(|(key, _)| key.clone())
        .collect();
    shown.sort();
    (shown, count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(at: i64, input: f64, took_ms: i64, lag: &[i64]) -> Rates {
        Rates {
            at: Millis(at),
            input: Some(input),
            processed: None,
            duration_ms: Some(took_ms),
            lag: (0..)
                .zip(lag)
                .map(|(partition, left)| (("orders".to_owned(), partition), *left))
                .collect(),
        }
    }

    const SPAN: Span = Span {
        from: Millis(60_000),
        to: Millis(240_000),
        period_ms: 60_000,
    };

    fn values(series: &Series) -> Vec<Option<f64>> {
        series.points.iter().map(|point| point.value).collect()
    }

    #[test]
    fn events_are_put_into_periods_and_a_period_without_one_is_a_gap() {
        let events = [
            event(10_000, 9.0, 9, &[9]),
            event(61_000, 10.0, 1_500, &[4]),
            event(90_000, 30.0, 500, &[2]),
            event(200_000, 5.0, 700, &[0]),
        ];
        let charts = series(&events, SPAN, "the log");
        let names: Vec<&str> = charts.iter().map(|s| s.name.as_str()).collect();
        assert_eq!(names, ["Input", "Processing", "Batch duration", "orders-0"]);
        assert_eq!(values(&charts[0]), [Some(20.0), None, Some(5.0)]);
        assert_eq!(values(&charts[1]), [None, None, None]);
        assert_eq!(values(&charts[2]), [Some(1.5), None, Some(0.7)]);
        assert_eq!(values(&charts[3]), [Some(2.0), None, Some(0.0)]);
        assert!(charts.iter().all(|chart| chart.source == "the log"));
    }

    #[test]
    fn of_many_partitions_those_furthest_behind_are_drawn_and_that_is_said() {
        let events = [event(61_000, 1.0, 1, &[5, 0, 9, 7, 1, 6])];
        let charts = series(&events, SPAN, "The log");
        let drawn: Vec<&str> = charts[3..].iter().map(|s| s.name.as_str()).collect();
        assert_eq!(drawn, ["orders-0", "orders-2", "orders-3", "orders-5"]);
        assert!(charts[3].source.starts_with("The 4 of 6 partitions"));
    }

    #[test]
    fn without_events_each_chart_is_there_and_empty() {
        let charts = series(&[], SPAN, "The log");
        assert_eq!(charts.len(), 4);
        for chart in &charts {
            assert!(values(chart).iter().all(Option::is_none));
            assert!(
                chart.source.contains("no progress event"),
                "{}",
                chart.source
            );
        }
    }
}
