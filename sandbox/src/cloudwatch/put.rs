//! PutMetricData.

use serde::Deserialize;

use super::{
    Datum, Metrics, StatisticSet, Unit,
    operations::{ApiError, Dimension, metric_id, milliseconds, required},
    output::Output,
};

const MAX_DATA: usize = 1000;
/// Values of one datum at most.
const MAX_VALUES: usize = 150;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Samples may be two weeks old and two hours ahead.
const MAX_AGE_MS: i64 = 14 * DAY_MS;
const MAX_AHEAD_MS: i64 = 2 * 60 * 60 * 1000;
/// CloudWatch refuses values outside of -2^360 to 2^360.
const MAX_VALUE_LOG2: i32 = 360;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(super) struct Request {
    namespace: Option<String>,
    metric_data: Option<Vec<MetricDatum>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct MetricDatum {
    metric_name: Option<String>,
    #[serde(default)]
    dimensions: Vec<Dimension>,
    timestamp: Option<f64>,
    value: Option<f64>,
    statistic_values: Option<Statistics>,
    values: Option<Vec<f64>>,
    counts: Option<Vec<f64>>,
    unit: Option<String>,
    storage_resolution: Option<i32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Statistics {
    sample_count: f64,
    sum: f64,
    minimum: f64,
    maximum: f64,
}

pub(super) fn run(
    metrics: &Metrics,
    request: Request,
    now_ms: i64,
) -> Result<Output, ApiError> {
    let namespace = required(&request.namespace, "Namespace")?;
    if namespace.starts_with("AWS/") {
        return Err(invalid(
            "The value AWS/ for parameter Namespace is reserved.",
        ));
    }
    let data = required(&request.metric_data, "MetricData")?;
    if data.is_empty() {
        return Err(ApiError::MissingParameter("MetricData"));
    }
    if data.len() > MAX_DATA {
        return Err(invalid(&format!(
            "The collection MetricData must not have a size greater than {MAX_DATA}."
        )));
    }
    let data: Vec<Datum> = data
        .iter()
        .map(|datum| datum.read(namespace, now_ms))
        .collect::<Result<_, _>>()?;
    metrics.put(&data, now_ms)?;
    Ok(Output::Structure(Vec::new()))
}

impl MetricDatum {
    fn read(&self, namespace: &str, now_ms: i64) -> Result<Datum, ApiError> {
        let name = required(&self.metric_name, "MetricData.member.N.MetricName")?;
        let metric = metric_id(namespace, name, &self.dimensions)?;
        let at_ms = self.timestamp.map_or(now_ms, milliseconds);
        if at_ms < now_ms - MAX_AGE_MS || at_ms > now_ms + MAX_AHEAD_MS {
            return Err(invalid(
                "The parameter MetricData.member.N.Timestamp must be within two weeks \
                 before and two hours after the current time.",
            ));
        }
        let unit = match &self.unit {
            None => Unit::NONE,
            Some(name) => Unit::named(name).ok_or_else(|| {
                invalid(&format!("The parameter Unit has the unknown value {name}."))
            })?,
        };
        let high_resolution = match self.storage_resolution {
            None | Some(60) => false,
            Some(1) => true,
            Some(_) => {
                return Err(invalid("The parameter StorageResolution is 1 or 60."));
            }
        };
        Ok(Datum {
            metric,
            at_ms,
            unit,
            samples: self.samples()?,
            high_resolution,
        })
    }

    fn samples(&self) -> Result<StatisticSet, ApiError> {
        match (self.value, &self.statistic_values, &self.values) {
            (Some(value), None, None) if self.counts.is_none() => {
                Ok(StatisticSet::of(in_range(value)?))
            }
            (None, Some(set), None) if self.counts.is_none() => set.read(),
            (None, None, Some(values)) => self.add_up(values),
            (None, None, None) => Err(ApiError::MissingParameter("MetricData.member.N.Value")),
            _ => Err(ApiError::InvalidParameterCombination(
                "The parameters Value, Values and StatisticValues are mutually exclusive, \
                 and Counts goes with Values."
                    .to_owned(),
            )),
        }
    }

    fn add_up(&self, values: &[f64]) -> Result<StatisticSet, ApiError> {
        if values.is_empty() || values.len() > MAX_VALUES {
            return Err(invalid(&format!(
                "Values must have 1 to {MAX_VALUES} items."
            )));
        }
        let counts = match &self.counts {
            None => vec![1.0; values.len()],
            Some(counts) if counts.len() == values.len() => counts.clone(),
            Some(_) => {
                return Err(invalid(
                    "Values and Counts must have the same number of items.",
                ));
            }
        };
        if counts.iter().any(|count| *count < 0.0) {
            return Err(invalid("Counts must not be negative."));
        }
        let mut sum: Option<StatisticSet> = None;
        for (value, count) in values.iter().zip(counts) {
            let one = StatisticSet::repeated(in_range(*value)?, in_range(count)?);
            match &mut sum {
                None => sum = Some(one),
                Some(sum) => sum.add(&one),
            }
        }
        sum.ok_or_else(|| invalid("Values must have items."))
    }
}

impl Statistics {
    fn read(&self) -> Result<StatisticSet, ApiError> {
        if self.sample_count <= 0.0 || self.minimum > self.maximum {
            return Err(invalid(
                "StatisticValues need a positive SampleCount and a Minimum that is not \
                 greater than the Maximum.",
            ));
        }
        Ok(StatisticSet {
            sample_count: in_range(self.sample_count)?,
            sum: in_range(self.sum)?,
            minimum: in_range(self.minimum)?,
            maximum: in_range(self.maximum)?,
        })
    }
}

fn in_range(value: f64) -> Result<f64, ApiError> {
    if value.is_finite() && value.abs() <= 2_f64.powi(MAX_VALUE_LOG2) {
        Ok(value)
    } else {
        Err(invalid(&format!("The value {value} is out of range.")))
    }
}

fn invalid(text: &str) -> ApiError {
    ApiError::InvalidParameterValue(text.to_owned())
}
