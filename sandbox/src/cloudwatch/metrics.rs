//! All metrics of the sandbox's account and region.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::series::{Series, StatisticSet, Unit};

/// Metrics held at most; past it new ones are refused.
const MAX_METRICS: usize = 10_000;
/// Dimensions of a metric at most (CloudWatch's own limit).
pub(super) const MAX_DIMENSIONS: usize = 30;

/// What identifies a metric: with other dimensions, or without them, it is
/// another metric.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MetricId {
    pub namespace: String,
    pub name: String,
    pub dimensions: BTreeMap<String, String>,
}

/// Samples of one metric, taken at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct Datum {
    pub metric: MetricId,
    /// Epoch milliseconds.
    pub at_ms: i64,
    pub unit: Unit,
    pub samples: StatisticSet,
    /// Whether the samples can be read by periods below a minute.
    pub high_resolution: bool,
}

/// The metrics. Clones share one state.
#[derive(Clone, Default)]
pub struct Metrics {
    series: Arc<Mutex<BTreeMap<MetricId, Series>>>,
}

/// Why samples were not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetricsError {
    #[error("the sandbox holds {MAX_METRICS} metrics and takes no further ones")]
    TooManyMetrics,
}

impl MetricId {
    /// A metric with these dimensions, which may be none.
    pub fn new(namespace: &str, name: &str, dimensions: &[(&str, &str)]) -> Self {
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            dimensions: dimensions
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        }
    }
}

impl Datum {
    /// One sample of standard resolution.
    pub fn new(metric: MetricId, at_ms: i64, value: f64, unit: Unit) -> Self {
        let samples = StatisticSet::of(value);
        Self {
            metric,
            at_ms,
            unit,
            samples,
            high_resolution: false,
        }
    }
}

impl Metrics {
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes samples in, all or none, and drops those that are too old at
    /// `now_ms` from the metrics that are touched.
    pub fn put(&self, data: &[Datum], now_ms: i64) -> Result<(), MetricsError> {
        let mut series = self.lock();
        let new = data
            .iter()
            .filter(|datum| !series.contains_key(&datum.metric))
            .count();
        if series.len() + new > MAX_METRICS {
            return Err(MetricsError::TooManyMetrics);
        }
        for datum in data {
            let one = series.entry(datum.metric.clone()).or_default();
            one.put(
                datum.at_ms,
                datum.unit,
                &datum.samples,
                datum.high_resolution,
            );
            one.expire(now_ms);
        }
        Ok(())
    }

    /// Forgets every metric, to begin anew.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// The ids of all metrics with the time of their newest sample, in order.
    pub fn ids(&self) -> Vec<(MetricId, i64)> {
        let series = self.lock();
        series
            .iter()
            .map(|(id, one)| (id.clone(), one.newest_ms()))
            .collect()
    }

    /// The samples of one metric in periods of `period_ms` that start at
    /// `from_ms`. An unknown metric has none, as in CloudWatch.
    pub fn aggregate(
        &self,
        metric: &MetricId,
        from_ms: i64,
        to_ms: i64,
        period_ms: i64,
        unit: Option<Unit>,
    ) -> BTreeMap<(i64, Unit), StatisticSet> {
        self.lock()
            .get(metric)
            .map(|one| one.aggregate(from_ms, to_ms, period_ms.max(1000), unit))
            .unwrap_or_default()
    }

    /// A panic while the lock was held leaves whole samples, so a poisoned
    /// lock is taken all the same.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<MetricId, Series>> {
        self.series.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
