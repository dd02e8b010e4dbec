//! ListMetrics.

use serde::Deserialize;

use super::{MetricId, Metrics, operations::ApiError, output::Output};

const PAGE: usize = 500;
const THREE_HOURS_MS: i64 = 3 * 60 * 60 * 1000;
/// A metric without a sample for two weeks is listed no more.
const LISTED_MS: i64 = 14 * 24 * 60 * 60 * 1000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(super) struct Request {
    namespace: Option<String>,
    metric_name: Option<String>,
    #[serde(default)]
    dimensions: Vec<Filter>,
    next_token: Option<String>,
    recently_active: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Filter {
    name: String,
    value: Option<String>,
}

pub(super) fn run(
    metrics: &Metrics,
    request: &Request,
    now_ms: i64,
) -> Result<Output, ApiError> {
    let listed_ms = match request.recently_active.as_deref() {
        None => LISTED_MS,
        Some("PT3H") => THREE_HOURS_MS,
        Some(other) => {
            return Err(ApiError::InvalidParameterValue(format!(
                "{other} is no value of RecentlyActive."
            )));
        }
    };
    let skip: usize = match &request.next_token {
        None => 0,
        Some(token) => token.parse().map_err(|_| ApiError::InvalidNextToken)?,
    };
    let found: Vec<MetricId> = metrics
        .ids()
        .into_iter()
        .filter(|(id, newest_ms)| *newest_ms >= now_ms - listed_ms && request.wants(id))
        .map(|(id, _)| id)
        .collect();
    let page = found.iter().skip(skip).take(PAGE).map(describe).collect();
    let mut fields = vec![("Metrics", Output::List(page))];
    if found.len() > skip.saturating_add(PAGE) {
        fields.push(("NextToken", Output::Text((skip + PAGE).to_string())));
    }
    Ok(Output::Structure(fields))
}

impl Request {
    fn wants(&self, id: &MetricId) -> bool {
        self.namespace
            .as_ref()
            .is_none_or(|wanted| *wanted == id.namespace)
            && self
                .metric_name
                .as_ref()
                .is_none_or(|wanted| *wanted == id.name)
            && self.dimensions.iter().all(|filter| {
                id.dimensions.get(&filter.name).is_some_and(|value| {
                    filter.value.as_ref().is_none_or(|wanted| wanted == value)
                })
            })
    }
}

fn describe(id: &MetricId) -> Output {
    let dimensions = id
        .dimensions
        .iter()
        .map(|(name, value)| {
            Output::Structure(vec![
                ("Name", Output::text(name)),
                ("Value", Output::text(value)),
            ])
        })
        .collect();
    Output::Structure(vec![
        ("Namespace", Output::text(&id.namespace)),
        ("MetricName", Output::text(&id.name)),
        ("Dimensions", Output::List(dimensions)),
    ])
}
