//! GetMetricStatistics, and the rules of time that it shares with
//! GetMetricData.

use serde::Deserialize;

use super::{
    Metrics, StatisticSet, Unit,
    operations::{ApiError, Dimension, metric_id, milliseconds, required},
    output::Output,
    series::HIGH_RESOLUTION_KEPT_MS,
};

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
/// Datapoints of one answer at most.
const MAX_DATAPOINTS: i64 = 1440;

/// What can be asked of the samples of a period. Percentiles need the single
/// samples, which are not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistic {
    SampleCount,
    Average,
    Sum,
    Minimum,
    Maximum,
}

/// The samples of one period, which starts at `start_ms`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Datapoint {
    pub start_ms: i64,
    pub unit: Unit,
    pub samples: StatisticSet,
}

/// From when to when, and in what steps, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) from_ms: i64,
    pub(super) to_ms: i64,
    pub(super) period_ms: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(super) struct Request {
    namespace: Option<String>,
    metric_name: Option<String>,
    #[serde(default)]
    dimensions: Vec<Dimension>,
    start_time: Option<f64>,
    end_time: Option<f64>,
    period: Option<i32>,
    statistics: Option<Vec<String>>,
    unit: Option<String>,
}

impl Statistic {
    /// The statistic of this name, or a refusal.
    pub(super) fn named(name: &str) -> Result<Self, ApiError> {
        match name {
            "SampleCount" => Ok(Self::SampleCount),
            "Average" => Ok(Self::Average),
            "Sum" => Ok(Self::Sum),
            "Minimum" => Ok(Self::Minimum),
            "Maximum" => Ok(Self::Maximum),
            other => Err(ApiError::InvalidParameterValue(format!(
                "{other} is none of the statistics that the sandbox keeps: SampleCount, \
                 Average, Sum, Minimum, Maximum."
            ))),
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::SampleCount => "SampleCount",
            Self::Average => "Average",
            Self::Sum => "Sum",
            Self::Minimum => "Minimum",
            Self::Maximum => "Maximum",
        }
    }

    pub fn of(self, samples: &StatisticSet) -> f64 {
        match self {
            Self::SampleCount => samples.sample_count,
            Self::Average => samples.sum / samples.sample_count,
            Self::Sum => samples.sum,
            Self::Minimum => samples.minimum,
            Self::Maximum => samples.maximum,
        }
    }
}

pub(super) fn unit(name: &Option<String>) -> Result<Option<Unit>, ApiError> {
    let Some(name) = name else { return Ok(None) };
    Unit::named(name).map(Some).ok_or_else(|| {
        ApiError::InvalidParameterValue(format!(
            "The parameter Unit has the unknown value {name}."
        ))
    })
}

impl Window {
    /// Start and end as CloudWatch takes them: the start is rounded down, the
    /// more so the longer ago it is, and the period must not be finer than
    /// what is kept for that time.
    pub(super) fn new(
        start: f64,
        end: f64,
        period_s: i32,
        now_ms: i64,
    ) -> Result<Self, ApiError> {
        let (start_ms, to_ms) = (milliseconds(start), milliseconds(end));
        if start_ms >= to_ms {
            return Err(ApiError::InvalidParameterValue(
                "The parameter StartTime must be less than the parameter EndTime."
                    .to_owned(),
            ));
        }
        let age_ms = now_ms.saturating_sub(start_ms);
        let (finest_s, rounding_ms) = match age_ms {
            age if age >= 63 * DAY_MS => (3600, 60 * MINUTE_MS),
            age if age >= 15 * DAY_MS => (300, 5 * MINUTE_MS),
            age if age >= HIGH_RESOLUTION_KEPT_MS => (60, MINUTE_MS),
            _ if matches!(period_s, 1 | 5 | 10 | 20 | 30) => {
                (period_s, i64::from(period_s) * 1000)
            }
            _ => (60, MINUTE_MS),
        };
        if period_s < 1 || period_s % finest_s != 0 {
            return Err(ApiError::InvalidParameterValue(format!(
                "The parameter Period must be a multiple of {finest_s} for this StartTime."
            )));
        }
        let from_ms = start_ms - start_ms.rem_euclid(rounding_ms);
        Ok(Self {
            from_ms,
            to_ms,
            period_ms: i64::from(period_s) * 1000,
        })
    }

    /// How many periods begin within it.
    pub(super) fn periods(&self) -> i64 {
        let span_ms = self.to_ms.saturating_sub(self.from_ms);
        span_ms / self.period_ms + i64::from(span_ms % self.period_ms != 0)
    }
}

pub(super) fn datapoints(
    metrics: &Metrics,
    metric: &super::MetricId,
    window: &Window,
    unit: Option<Unit>,
) -> Vec<Datapoint> {
    metrics
        .aggregate(metric, window.from_ms, window.to_ms, window.period_ms, unit)
        .into_iter()
        .map(|((start_ms, unit), samples)| Datapoint {
            start_ms,
            unit,
            samples,
        })
        .collect()
}

pub(super) fn run(
    metrics: &Metrics,
    request: &Request,
    now_ms: i64,
) -> Result<Output, ApiError> {
    let namespace = required(&request.namespace, "Namespace")?;
    let name = required(&request.metric_name, "MetricName")?;
    let metric = metric_id(namespace, name, &request.dimensions)?;
    let start = *required(&request.start_time, "StartTime")?;
    let end = *required(&request.end_time, "EndTime")?;
    let period = *required(&request.period, "Period")?;
    let statistics: Vec<Statistic> = required(&request.statistics, "Statistics")?
        .iter()
        .map(|name| Statistic::named(name))
        .collect::<Result<_, _>>()?;
    if statistics.is_empty() {
        return Err(ApiError::MissingParameter("Statistics"));
    }
    let window = Window::new(start, end, period, now_ms)?;
    if window.periods() > MAX_DATAPOINTS {
        return Err(ApiError::InvalidParameterCombination(format!(
            "You have requested up to {} datapoints, which exceeds the limit of 1,440. You \
             may reduce the datapoints requested by increasing Period, or decreasing the \
             time range.",
            grouped(window.periods())
        )));
    }
    let mut found = datapoints(metrics, &metric, &window, unit(&request.unit)?);
    // CloudWatch gives the datapoints in no order. A client that counts on one
    // is to be found out here.
    found.sort_by_key(|point| {
        point
            .start_ms
            .wrapping_mul(0x9E37_79B9_7F4A_7C15_u64 as i64)
    });
    let found = found
        .iter()
        .map(|point| point.output(&statistics))
        .collect();
    Ok(Output::Structure(vec![
        ("Label", Output::text(name)),
        ("Datapoints", Output::List(found)),
    ]))
}

impl Datapoint {
    fn output(&self, statistics: &[Statistic]) -> Output {
        let mut fields = vec![("Timestamp", Output::Timestamp(self.start_ms))];
        for statistic in statistics {
            let value = Output::Number(statistic.of(&self.samples));
            fields.push((statistic.as_str(), value));
        }
        fields.push(("Unit", Output::text(self.unit.as_str())));
        Output::Structure(fields)
    }
}

/// `2880` as `2,880`.
fn grouped(number: i64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
#[path = "statistics_tests.rs"]
mod tests;
