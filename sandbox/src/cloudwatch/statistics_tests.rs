use super::*;
use crate::cloudwatch::{Datum, MetricId};

const NOW_MS: i64 = 1_700_000_000_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

fn window(start_ms: i64, end_ms: i64, period_s: i32) -> Result<Window, ApiError> {
    Window::new(
        start_ms as f64 / 1000.0,
        end_ms as f64 / 1000.0,
        period_s,
        NOW_MS,
    )
}

#[test]
fn the_start_is_rounded_down_the_more_the_longer_it_is_ago() {
    let from = |ago_ms, period_s| {
        let start_ms = NOW_MS - ago_ms;
        start_ms - window(start_ms, NOW_MS, period_s).unwrap().from_ms
    };
    // NOW_MS is 20 seconds past a whole minute and 800 past a whole hour.
    assert_eq!(from(HOUR_MS, 60), 20_000);
    assert_eq!(from(HOUR_MS, 10), 0);
    assert_eq!(from(HOUR_MS, 30), 20_000);
    assert_eq!(from(20 * DAY_MS, 300), 200_000);
    assert_eq!(from(70 * DAY_MS, 3600), 800_000);
}

#[test]
fn a_period_finer_than_what_is_kept_is_refused() {
    let refused = |ago_ms, period_s| {
        let refused = window(NOW_MS - ago_ms, NOW_MS, period_s);
        matches!(refused, Err(ApiError::InvalidParameterValue(_)))
    };
    assert!(!refused(HOUR_MS, 1));
    assert!(refused(HOUR_MS, 7));
    assert!(refused(HOUR_MS, 90));
    assert!(refused(HOUR_MS, 0));
    assert!(refused(4 * HOUR_MS, 30));
    assert!(!refused(4 * HOUR_MS, 60));
    assert!(refused(16 * DAY_MS, 60));
    assert!(refused(64 * DAY_MS, 300));
    assert!(matches!(
        window(NOW_MS, NOW_MS, 60),
        Err(ApiError::InvalidParameterValue(_))
    ));
}

#[test]
fn samples_fall_into_periods_counted_from_the_start() {
    let metrics = Metrics::new();
    let id = MetricId::new("N", "m", &[]);
    let base_ms = NOW_MS - NOW_MS.rem_euclid(HOUR_MS) - 2 * HOUR_MS;
    for minute in 0..10 {
        let at_ms = base_ms + minute * MINUTE_MS + 5_000;
        let datum = Datum::new(id.clone(), at_ms, minute as f64, Unit::COUNT);
        metrics.put(&[datum], NOW_MS).unwrap();
    }
    let start_ms = base_ms + 2 * MINUTE_MS;
    let window = window(start_ms, base_ms + 9 * MINUTE_MS, 300).unwrap();
    let points = datapoints(&metrics, &id, &window, None);
    let sums: Vec<(i64, f64)> = points
        .iter()
        .map(|point| ((point.start_ms - start_ms) / MINUTE_MS, point.samples.sum))
        .collect();
    // 2 to 6 and then 7 and 8: minute 9 lies at the end, which is exclusive.
    assert_eq!(sums, [(0, 20.0), (5, 15.0)]);
    let first = &points[0].samples;
    assert_eq!(Statistic::Average.of(first), 4.0);
    assert_eq!(Statistic::Minimum.of(first), 2.0);
    assert_eq!(Statistic::Maximum.of(first), 6.0);
    assert_eq!(Statistic::SampleCount.of(first), 5.0);
}

#[test]
fn other_units_are_not_added_up_and_standard_samples_have_no_seconds() {
    let metrics = Metrics::new();
    let id = MetricId::new("N", "m", &[]);
    let at_ms = NOW_MS - MINUTE_MS;
    let count = Datum::new(id.clone(), at_ms, 1.0, Unit::COUNT);
    let mut precise = Datum::new(id.clone(), at_ms, 2.0, Unit::MILLISECONDS);
    precise.high_resolution = true;
    metrics.put(&[count, precise], NOW_MS).unwrap();
    let minutes = window(at_ms - MINUTE_MS, NOW_MS, 60).unwrap();
    assert_eq!(datapoints(&metrics, &id, &minutes, None).len(), 2);
    assert_eq!(
        datapoints(&metrics, &id, &minutes, Some(Unit::COUNT)).len(),
        1
    );
    let seconds = window(at_ms - MINUTE_MS, NOW_MS, 1).unwrap();
    let points = datapoints(&metrics, &id, &seconds, None);
    assert_eq!(points.len(), 1);
    assert_eq!(
        (points[0].unit, points[0].start_ms),
        (Unit::MILLISECONDS, at_ms)
    );
}

#[test]
fn samples_end_when_they_are_too_old() {
    let metrics = Metrics::new();
    let id = MetricId::new("N", "m", &[]);
    let old = Datum::new(id.clone(), NOW_MS - 16 * DAY_MS, 1.0, Unit::COUNT);
    metrics.put(&[old], NOW_MS - 16 * DAY_MS).unwrap();
    let all = || metrics.aggregate(&id, 0, NOW_MS + 1, MINUTE_MS, None).len();
    assert_eq!(all(), 1);
    metrics
        .put(&[Datum::new(id.clone(), NOW_MS, 1.0, Unit::COUNT)], NOW_MS)
        .unwrap();
    assert_eq!(all(), 1);
}

#[test]
fn thousands_are_set_apart() {
    assert_eq!(grouped(999), "999");
    assert_eq!(grouped(2_880), "2,880");
    assert_eq!(grouped(1_234_567), "1,234,567");
}
