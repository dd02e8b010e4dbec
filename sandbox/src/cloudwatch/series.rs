//! The samples of one metric, aggregated as they arrive.

use std::collections::BTreeMap;

const MINUTE_MS: i64 = 60_000;
/// CloudWatch keeps samples of a resolution below a minute for three hours.
pub(super) const HIGH_RESOLUTION_KEPT_MS: i64 = 3 * 60 * MINUTE_MS;
/// CloudWatch keeps one-minute samples for 15 days and then goes on with
/// coarser ones. Here they end.
pub(super) const MINUTES_KEPT_MS: i64 = 15 * 24 * 60 * MINUTE_MS;

/// Number, sum and extremes of some samples: CloudWatch's `StatisticSet`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StatisticSet {
    pub sample_count: f64,
    pub sum: f64,
    pub minimum: f64,
    pub maximum: f64,
}

/// A unit by CloudWatch's name for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unit(&'static str);

/// The samples of one metric. A metric may have samples in more than one unit,
/// which are never added up.
#[derive(Debug, Default)]
pub(super) struct Series {
    minutes: Buckets,
    seconds: Buckets,
    newest_ms: i64,
}

type Buckets = BTreeMap<(i64, Unit), StatisticSet>;

const UNITS: [&str; 27] = [
    "Seconds",
    "Microseconds",
    "Milliseconds",
    "Bytes",
    "Kilobytes",
    "Megabytes",
    "Gigabytes",
    "Terabytes",
    "Bits",
    "Kilobits",
    "Megabits",
    "Gigabits",
    "Terabits",
    "Percent",
    "Count",
    "Bytes/Second",
    "Kilobytes/Second",
    "Megabytes/Second",
    "Gigabytes/Second",
    "Terabytes/Second",
    "Bits/Second",
    "Kilobits/Second",
    "Megabits/Second",
    "Gigabits/Second",
    "Terabits/Second",
    "Count/Second",
    "None",
];

impl Unit {
    pub const COUNT: Self = Self("Count");
    pub const NONE: Self = Self("None");
    pub const MILLISECONDS: Self = Self("Milliseconds");

    /// The unit of this name, or `None` where CloudWatch has no such unit.
    pub fn named(name: &str) -> Option<Self> {
        UNITS
            .iter()
            .find(|unit| **unit == name)
            .map(|unit| Self(unit))
    }

    pub fn as_str(self) -> &'static str {
        self.0
    }
}

impl StatisticSet {
    /// The set of one sample.
    pub fn of(value: f64) -> Self {
        Self {
            sample_count: 1.0,
            sum: value,
            minimum: value,
            maximum: value,
        }
    }

    /// The set of one value that was measured `count` times.
    pub fn repeated(value: f64, count: f64) -> Self {
        Self {
            sample_count: count,
            sum: value * count,
            minimum: value,
            maximum: value,
        }
    }

    /// Adds the samples of another set.
    pub fn add(&mut self, other: &Self) {
        self.sample_count += other.sample_count;
        self.sum += other.sum;
        self.minimum = self.minimum.min(other.minimum);
        self.maximum = self.maximum.max(other.maximum);
    }
}

impl Series {
    /// Adds samples taken at `at_ms`. Only those of high resolution can later
    /// be read by periods below a minute.
    pub(super) fn put(
        &mut self,
        at_ms: i64,
        unit: Unit,
        samples: &StatisticSet,
        high_resolution: bool,
    ) {
        add_to(
            &mut self.minutes,
            at_ms - at_ms.rem_euclid(MINUTE_MS),
            unit,
            samples,
        );
        if high_resolution {
            add_to(
                &mut self.seconds,
                at_ms - at_ms.rem_euclid(1000),
                unit,
                samples,
            );
        }
        self.newest_ms = self.newest_ms.max(at_ms);
    }

    /// Drops what CloudWatch would no longer have at `now_ms`.
    pub(super) fn expire(&mut self, now_ms: i64) {
        drop_before(&mut self.minutes, now_ms - MINUTES_KEPT_MS);
        drop_before(&mut self.seconds, now_ms - HIGH_RESOLUTION_KEPT_MS);
    }

    pub(super) fn newest_ms(&self) -> i64 {
        self.newest_ms
    }

    /// The samples from `from_ms` (inclusive) to `to_ms` (exclusive), in
    /// periods that start at `from_ms`. Periods without a sample are absent,
    /// as they are in CloudWatch.
    pub(super) fn aggregate(
        &self,
        from_ms: i64,
        to_ms: i64,
        period_ms: i64,
        wanted: Option<Unit>,
    ) -> BTreeMap<(i64, Unit), StatisticSet> {
        let buckets = if period_ms < MINUTE_MS {
            &self.seconds
        } else {
            &self.minutes
        };
        let mut periods = Buckets::new();
        if from_ms >= to_ms {
            return periods;
        }
        for (&(at_ms, unit), samples) in
            buckets.range((from_ms, FIRST_UNIT)..(to_ms, FIRST_UNIT))
        {
            if wanted.is_none_or(|wanted| wanted == unit) {
                let start_ms = at_ms - (at_ms - from_ms).rem_euclid(period_ms);
                add_to(&mut periods, start_ms, unit, samples);
            }
        }
        periods
    }
}

/// Sorts before every unit.
const FIRST_UNIT: Unit = Unit("");

fn add_to(buckets: &mut Buckets, start_ms: i64, unit: Unit, samples: &StatisticSet) {
    buckets
        .entry((start_ms, unit))
        .and_modify(|set| set.add(samples))
        .or_insert(*samples);
}

fn drop_before(buckets: &mut Buckets, oldest_ms: i64) {
    if buckets
        .first_key_value()
        .is_some_and(|((at_ms, _), _)| *at_ms < oldest_ms)
    {
        *buckets = buckets.split_off(&(oldest_ms, FIRST_UNIT));
    }
}
