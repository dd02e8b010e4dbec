//! CloudWatch metrics.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{
    Dimension, DimensionFilter, Metric, MetricDataQuery, MetricStat, ScanBy,
};
use domain::time::Millis;

use super::error::{AwsError, Effect};

const GET: &str = "GetMetricData";
const LIST: &str = "ListMetrics";
const PAGES_MAX: usize = 20;

/// CloudWatch in one region and one role.
#[derive(Clone)]
pub struct Metrics {
    client: Client,
}

/// One metric over some time. A metric without its dimensions is another
/// metric.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricQuery {
    /// The namespace.
    pub namespace: String,
    /// The name.
    pub name: String,
    /// All its dimensions.
    pub dimensions: BTreeMap<String, String>,
    /// What is taken of each period.
    pub statistic: Statistic,
    /// The period in seconds, a multiple of 60.
    pub period_s: i32,
    /// From when on.
    pub from: Millis,
    /// Until when.
    pub to: Millis,
}

/// What is taken of a period's samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistic {
    /// All samples added up.
    Sum,
    /// The largest sample.
    Maximum,
}

/// The value of one period. A period without samples has none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MetricPoint {
    /// When the period began.
    pub at: Millis,
    /// The value.
    pub value: f64,
}

impl Statistic {
    fn word(self) -> &'static str {
        match self {
            Statistic::Sum => "Sum",
            Statistic::Maximum => "Maximum",
        }
    }
}

impl Metrics {
    pub(super) fn new(client: Client) -> Self {
        Self { client }
    }

    /// The full sets of dimensions under which a metric of this name is kept
    /// that has at least these.
    pub async fn dimensions(
        &self,
        namespace: &str,
        name: &str,
        having: &[(&str, &str)],
    ) -> Result<Vec<BTreeMap<String, String>>, AwsError> {
        let filters = having
            .iter()
            .map(|(name, value)| {
                DimensionFilter::builder().name(*name).value(*value).build()
            })
            .collect();
        let page = self
            .client
            .list_metrics()
            .namespace(namespace)
            .metric_name(name)
            .set_dimensions(Some(filters))
            .send()
            .await
            .map_err(|error| AwsError::of(LIST, Effect::Reads, error))?;
        // A job run has a handful; a first page holds 500.
        Ok(page
            .metrics()
            .iter()
            .map(|metric| {
                metric
                    .dimensions()
                    .iter()
                    .filter_map(|d| Some((d.name()?.to_owned(), d.value()?.to_owned())))
                    .collect()
            })
            .collect())
    }

    /// The metric's values by period, oldest first.
    pub async fn points(
        &self,
        query: &MetricQuery,
    ) -> Result<Vec<MetricPoint>, AwsError> {
        let odd = |what: &str| AwsError::odd_answer(GET, Effect::Reads, what);
        let mut points = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let page = self
                .client
                .get_metric_data()
                .metric_data_queries(data_query(query))
                .start_time(DateTime::from_millis(query.from.0))
                .end_time(DateTime::from_millis(query.to.0))
                .scan_by(ScanBy::TimestampAscending)
                .set_next_token(token.clone())
                .send()
                .await
                .map_err(|error| AwsError::of(GET, Effect::Reads, error))?;
            for result in page.metric_data_results() {
                if result.timestamps().len() != result.values().len() {
                    return Err(odd("there are other numbers of times and of values"));
                }
                points.extend(result.timestamps().iter().zip(result.values()).map(
                    |(at, value)| MetricPoint {
                        at: Millis(at.to_millis().unwrap_or_default()),
                        value: *value,
                    },
                ));
            }
            let next = page.next_token().map(str::to_owned);
            if next.is_none() {
                points.sort_by_key(|point| point.at);
                return Ok(points);
            }
            if next == token {
                break;
            }
            token = next;
        }
        Err(odd("the pages do not end"))
    }
}

fn data_query(query: &MetricQuery) -> MetricDataQuery {
    let dimensions = query
        .dimensions
        .iter()
        .map(|(name, value)| Dimension::builder().name(name).value(value).build())
        .collect();
    let metric = Metric::builder()
        .namespace(&query.namespace)
        .metric_name(&query.name)
        .set_dimensions(Some(dimensions))
        .build();
    let stat = MetricStat::builder()
        .metric(metric)
        .period(query.period_s)
        .stat(query.statistic.word())
        .build();
    MetricDataQuery::builder()
        .id("m")
        .metric_stat(stat)
        .return_data(true)
        .build()
}
