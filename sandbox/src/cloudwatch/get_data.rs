//! GetMetricData for single metrics. Expressions are refused.

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{
    Metrics,
    operations::{ApiError, Dimension, metric_id, required},
    output::Output,
    statistics::{Statistic, Window, datapoints, unit},
};

const MAX_QUERIES: usize = 500;
/// Datapoints of one page at most, and when nothing else is asked for.
const MAX_DATAPOINTS: usize = 100_800;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(super) struct Request {
    metric_data_queries: Option<Vec<Query>>,
    start_time: Option<f64>,
    end_time: Option<f64>,
    next_token: Option<String>,
    scan_by: Option<String>,
    max_datapoints: Option<i32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Query {
    id: String,
    metric_stat: Option<MetricStat>,
    expression: Option<String>,
    label: Option<String>,
    return_data: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct MetricStat {
    metric: Metric,
    period: i32,
    stat: String,
    unit: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Metric {
    namespace: Option<String>,
    metric_name: Option<String>,
    #[serde(default)]
    dimensions: Vec<Dimension>,
}

/// One query's values, complete and in order.
struct Answered<'a> {
    id: &'a str,
    label: &'a str,
    points: Vec<(i64, f64)>,
}

pub(super) fn run(
    metrics: &Metrics,
    request: &Request,
    now_ms: i64,
) -> Result<Output, ApiError> {
    let start = *required(&request.start_time, "StartTime")?;
    let end = *required(&request.end_time, "EndTime")?;
    let descending = match request.scan_by.as_deref() {
        None | Some("TimestampDescending") => true,
        Some("TimestampAscending") => false,
        Some(other) => return Err(invalid(format!("{other} is no value of ScanBy."))),
    };
    let page = match request.max_datapoints {
        None => MAX_DATAPOINTS,
        Some(asked) => usize::try_from(asked)
            .ok()
            .filter(|asked| (1..=MAX_DATAPOINTS).contains(asked))
            .ok_or_else(|| invalid(format!("MaxDatapoints is 1 to {MAX_DATAPOINTS}.")))?,
    };
    let queries = checked(required(&request.metric_data_queries, "MetricDataQueries")?)?;
    let mut answered = Vec::new();
    for query in queries {
        let mut one = query.answer(metrics, start, end, now_ms)?;
        if descending {
            one.points.reverse();
        }
        answered.push(one);
    }
    let digest = request.digest(descending);
    let skip = match &request.next_token {
        None => 0,
        Some(token) => position(token, &digest).ok_or(ApiError::InvalidNextToken)?,
    };
    Ok(write_page(&answered, skip, page, &digest))
}

fn checked(queries: &[Query]) -> Result<Vec<&Query>, ApiError> {
    if queries.is_empty() || queries.len() > MAX_QUERIES {
        return Err(invalid(format!(
            "MetricDataQueries must have 1 to {MAX_QUERIES} items."
        )));
    }
    let mut ids = BTreeSet::new();
    for Query { id, .. } in queries {
        let legal = id.starts_with(|c: char| c.is_ascii_lowercase())
            && id.len() <= 255
            && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !legal || !ids.insert(id) {
            return Err(invalid(format!(
                "The Id {id:?} is given twice or does not begin with a lower-case letter \
                 and go on with letters, digits and underscores."
            )));
        }
    }
    let returned: Vec<&Query> = queries
        .iter()
        .filter(|query| query.return_data != Some(false))
        .collect();
    if returned.is_empty() {
        return Err(invalid(
            "At least one query must have ReturnData true.".to_owned(),
        ));
    }
    Ok(returned)
}

impl Query {
    fn answer<'a>(
        &'a self,
        metrics: &Metrics,
        start: f64,
        end: f64,
        now_ms: i64,
    ) -> Result<Answered<'a>, ApiError> {
        if self.expression.is_some() {
            return Err(invalid(format!(
                "The query {} has an Expression, which the sandbox does not evaluate.",
                self.id
            )));
        }
        let stat = required(&self.metric_stat, "MetricDataQueries.member.N.MetricStat")?;
        let namespace = required(&stat.metric.namespace, "Metric.Namespace")?;
        let name = required(&stat.metric.metric_name, "Metric.MetricName")?;
        let metric = metric_id(namespace, name, &stat.metric.dimensions)?;
        let statistic = Statistic::named(&stat.stat)?;
        let window = Window::new(start, end, stat.period, now_ms)?;
        let points = datapoints(metrics, &metric, &window, unit(&stat.unit)?)
            .iter()
            .map(|point| (point.start_ms, statistic.of(&point.samples)))
            .collect();
        let label = self.label.as_deref().unwrap_or(name);
        Ok(Answered {
            id: &self.id,
            label,
            points,
        })
    }
}

impl Request {
    /// A token goes on with the request that it came from and with no other.
    fn digest(&self, descending: bool) -> String {
        let what = format!(
            "{:?} {:?} {:?} {descending}",
            self.metric_data_queries, self.start_time, self.end_time
        );
        URL_SAFE_NO_PAD.encode(Sha256::digest(what))
    }
}

/// A page runs over the values of all queries, one after the other.
fn write_page(
    answered: &[Answered<'_>],
    skip: usize,
    page: usize,
    digest: &str,
) -> Output {
    let total: usize = answered.iter().map(|one| one.points.len()).sum();
    let end = skip.saturating_add(page);
    let last_page = total <= end;
    let mut before = 0;
    let mut results = Vec::new();
    for one in answered {
        let from = skip.saturating_sub(before).min(one.points.len());
        let to = end.saturating_sub(before).min(one.points.len());
        // A query without values stands on the one page that its place is on.
        let empty_here =
            one.points.is_empty() && before >= skip && (before < end || last_page);
        before += one.points.len();
        let part = &one.points[from..to];
        let whole = to == one.points.len();
        if part.is_empty() && !empty_here {
            continue;
        }
        let times = part
            .iter()
            .map(|(at_ms, _)| Output::Timestamp(*at_ms))
            .collect();
        let values = part
            .iter()
            .map(|(_, value)| Output::Number(*value))
            .collect();
        results.push(Output::Structure(vec![
            ("Id", Output::text(one.id)),
            ("Label", Output::text(one.label)),
            ("Timestamps", Output::List(times)),
            ("Values", Output::List(values)),
            (
                "StatusCode",
                Output::text(if whole { "Complete" } else { "PartialData" }),
            ),
        ]));
    }
    let mut fields = vec![
        ("MetricDataResults", Output::List(results)),
        ("Messages", Output::List(Vec::new())),
    ];
    if !last_page {
        fields.push(("NextToken", Output::Text(format!("{end}.{digest}"))));
    }
    Output::Structure(fields)
}

fn position(token: &str, digest: &str) -> Option<usize> {
    let (position, of) = token.split_once('.')?;
    if of == digest {
        position.parse().ok()
    } else {
        None
    }
}

fn invalid(text: String) -> ApiError {
    ApiError::Validation(text)
}
