//! The charts, on one axis of time.

use leptos::prelude::*;

use super::Page;
use crate::ui::*;
use crate::view::StreamPage;

/// The charts of this page share their cursor.
const GROUP: &str = "health";

/// The chart that the trigger interval is drawn into: batches that take longer
/// pile up.
const DURATION: &str = "Batch duration";

/// The charts, in the order in which they came.
pub(super) fn health(page: Page) -> AnyView {
    let names = page.part(|page| {
        let mut names: Vec<String> = Vec::new();
        for series in &page.charts {
            if !names.contains(&series.chart) {
                names.push(series.chart.clone());
            }
        }
        names
    });
    let none = Memo::new(move |_| names.with(Vec::is_empty));
    view! {
        {move || {
            none.get()
                .then(|| view! { <EmptyState title="No chart can be drawn before the first look." /> })
        }}
        <div class="grid">
            <For
                each=move || names.get().into_iter().enumerate()
                key=|(_, name)| name.clone()
                children=move |(at, name)| view! { <SeriesChart page at name /> }
            />
        </div>
    }
    .into_any()
}

#[component]
fn SeriesChart(page: Page, at: usize, name: String) -> AnyView {
    let unit = page.once(|page| {
        page.charts
            .iter()
            .find(|series| series.chart == name)
            .map_or_else(String::new, |series| series.unit.clone())
    });
    let title = name.clone();
    let source = {
        let name = name.clone();
        page.part(move |page| {
            let series = page.charts.iter().find(|series| series.chart == name);
            series.map(|series| series.source.clone())
        })
    };
    let data = page.part(move |page| chart_data(page, &name));
    let empty = Memo::new(move |_| {
        data.with(|data| {
            let mut points = data.series.iter().flat_map(|series| &series.points);
            points.all(|point| point.value.is_none())
        })
    });
    view! {
        <Card>
            <Chart id=format!("chart-{at}") title unit data group=GROUP />
            {move || {
                empty
                    .get()
                    .then(|| {
                        view! {
                            <Callout
                                tone=Tone::Unknown
                                icon=IconName::Question
                                title="Nothing was measured in this time."
                            />
                        }
                    })
            }}
            <p class="soft small">{source}</p>
        </Card>
    }
    .into_any()
}

fn chart_data(page: &StreamPage, name: &str) -> ChartData {
    let series = page
        .charts
        .iter()
        .filter(|series| series.chart == name)
        .map(|series| Series {
            name: series.name.clone(),
            points: series
                .points
                .iter()
                .map(|point| Point {
                    at_ms: point.at.0,
                    value: point.value,
                })
                .collect(),
        })
        .collect();
    let span_ms = span_of(page);
    let marks = page
        .marks
        .iter()
        // A mark beyond the axis would be drawn on its edge.
        .filter(|(at, _)| span_ms.is_some_and(|(from, to)| (from..=to).contains(&at.0)))
        .map(|(at, name)| Mark {
            at_ms: at.0,
            name: name.clone(),
        })
        .collect();
    ChartData {
        series,
        marks,
        limits: limits(page, name),
        span_ms,
    }
}

fn limits(page: &StreamPage, name: &str) -> Vec<Limit> {
    let trigger_ms = page.stream.trigger_ms;
    if name != DURATION || trigger_ms <= 0 {
        return Vec::new();
    }
    vec![Limit {
        value: trigger_ms as f64 / 1_000.0,
        name: "trigger interval".to_owned(),
    }]
}

/// From the first point of all charts to the last.
fn span_of(page: &StreamPage) -> Option<(i64, i64)> {
    let times = || {
        page.charts
            .iter()
            .flat_map(|series| &series.points)
            .map(|point| point.at.0)
    };
    Some((times().min()?, times().max()?))
}
