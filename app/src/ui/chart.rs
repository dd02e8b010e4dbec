//! Series over time: drawn in the browser, and as a table for everybody.

use super::{Table, Td, Th, ThRow, absolute, browser::Canvas, grouped};
use leptos::prelude::*;

/// The table beside a chart holds this many rows, the newest.
const TABLE_ROWS_MAX: usize = 60;

/// One value at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// In milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// `None` where nothing was measured: a gap, not a zero.
    pub value: Option<f64>,
}

/// A named line. Lines of one chart are measured at the same times.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    pub name: String,
    pub points: Vec<Point>,
}

impl Series {
    /// Whether a point stands between gaps, so that no line leads through it.
    #[cfg_attr(
        not(any(feature = "hydrate", test)),
        expect(
            dead_code,
            reason = "asked by the drawing code, which only browsers have"
        )
    )]
    pub(super) fn has_lone_point(&self) -> bool {
        let known = |at: usize| {
            self.points
                .get(at)
                .is_some_and(|point| point.value.is_some())
        };
        (0..self.points.len())
            .any(|at| known(at) && !known(at + 1) && (at == 0 || !known(at - 1)))
    }
}

/// Something that happened: a marked line from top to bottom.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    pub at_ms: i64,
    pub name: String,
}

/// A threshold: a line from left to right, with its name.
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    pub value: f64,
    pub name: String,
}

/// What a chart shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChartData {
    pub series: Vec<Series>,
    pub marks: Vec<Mark>,
    pub limits: Vec<Limit>,
    /// The span of the time axis; the points' own where it is not given.
    /// Charts beside one another are given the same.
    pub span_ms: Option<(i64, i64)>,
}

/// What the drawing code is handed.
#[cfg_attr(
    not(feature = "hydrate"),
    expect(
        dead_code,
        reason = "read by the drawing code, which only browsers have"
    )
)]
pub(super) struct Drawing<'a> {
    pub(super) data: &'a ChartData,
    /// Charts of one group share their cursor.
    pub(super) group: Option<&'a str>,
}

/// A chart with its title, its unit, and the same numbers as a table.
#[component]
pub fn Chart(
    /// Of the element that is drawn into; unique on the page.
    #[prop(into)]
    id: String,
    /// What is measured.
    #[prop(into)]
    title: String,
    /// In what: "records a minute".
    #[prop(into)]
    unit: String,
    /// The numbers. Nothing moves when they change; the chart is drawn anew.
    #[prop(into)]
    data: Signal<ChartData>,
    /// Charts of one group share their cursor.
    #[prop(optional, into)]
    group: Option<String>,
) -> AnyView {
    let target = id.clone();
    // Only browsers run effects. On the server a page is dropped by another
    // thread than the one that made it, so nothing of one thread may be in it.
    Effect::new(move |_| {
        let canvas = RwSignal::<Option<Canvas>, LocalStorage>::new_local(None);
        Canvas::open(&target, move |opened| {
            // The page may be gone by the time the drawing code has arrived.
            let _gone = canvas.try_set(Some(opened));
        });
        let group = group.clone();
        Effect::new(move |_| {
            if let Some(canvas) = canvas.get() {
                data.with(|data| {
                    canvas.draw(&Drawing {
                        data,
                        group: group.as_deref(),
                    })
                });
            }
        });
        on_cleanup(move || {
            if let Some(canvas) = canvas.try_get_untracked().flatten() {
                canvas.close();
            }
        });
    });

    let label = format!("Chart of {title}; the table below holds the numbers");
    view! {
        <figure class="chart">
            <figcaption class="chart__title">
                {title.clone()} <span class="chart__unit">{unit.clone()}</span>
            </figcaption>
            <div class="chart__canvas" id=id role="img" aria-label=label></div>
            <span class="chart__palette" aria-hidden="true">
                {INKS.map(|(_, class)| view! { <span class=class></span> }).collect_view()}
            </span>
            <details class="chart__table">
                <summary>"Show as table"</summary>
                <Table caption=format!("{title}, {unit}") caption_hidden=true keep_columns=true>
                    {move || table(data.get())}
                </Table>
            </details>
        </figure>
    }
    .into_any()
}

/// The colours that a canvas needs, each with the class that carries it: a
/// canvas knows no custom properties.
pub(super) const INKS: [(Ink, &str); 9] = [
    (Ink::Text, "chart__ink"),
    (Ink::Soft, "chart__ink--soft"),
    (Ink::Line, "chart__ink--line"),
    (Ink::Surface, "chart__ink--surface"),
    (Ink::Limit, "chart__ink--limit"),
    (Ink::Series(0), "chart__ink--1"),
    (Ink::Series(1), "chart__ink--2"),
    (Ink::Series(2), "chart__ink--3"),
    (Ink::Series(3), "chart__ink--4"),
];

/// What a colour is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    Text,
    Soft,
    Line,
    Surface,
    Limit,
    Series(u8),
}

/// The rows of the table in words, the newest first: a time, and a value for
/// each series.
fn rows(data: &ChartData) -> Vec<(String, Vec<String>)> {
    let Some(first) = data.series.first() else {
        return Vec::new();
    };
    let row = |(index, point): (usize, &Point)| {
        let value = |line: &Series| line.points.get(index).and_then(|at| at.value);
        let values = data
            .series
            .iter()
            .map(|line| in_words(value(line)))
            .collect();
        (absolute(point.at_ms), values)
    };
    first
        .points
        .iter()
        .enumerate()
        .rev()
        .take(TABLE_ROWS_MAX)
        .map(row)
        .collect()
}

/// Head and body of the table.
fn table(data: ChartData) -> impl IntoView {
    let rows = rows(&data);
    let names: Vec<String> = data.series.into_iter().map(|line| line.name).collect();
    let head = names
        .clone()
        .into_iter()
        .map(|name| view! { <Th numeric=true>{name}</Th> })
        .collect_view();
    let body = rows
        .into_iter()
        .map(|(time, values)| {
            let cells = names
                .clone()
                .into_iter()
                .zip(values)
                .map(|(label, value)| {
                    view! {
                        <Td label numeric=true>
                            {value}
                        </Td>
                    }
                })
                .collect_view();
            view! {
                <tr>
                    <ThRow>{time}</ThRow>
                    {cells}
                </tr>
            }
        })
        .collect_view();
    view! {
        <thead>
            <tr>
                <Th>"Time"</Th>
                {head}
            </tr>
        </thead>
        <tbody>{body}</tbody>
    }
}

/// Whole numbers as they are, others with two places.
fn in_words(value: Option<f64>) -> String {
    match value {
        None => "unknown".to_owned(),
        Some(value) if value.fract() == 0.0 && value.abs() < 9e15 => {
            grouped(value as i64)
        }
        Some(value) => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_measured_is_unknown_and_not_zero() {
        let shown = [None, Some(0.0), Some(1_204.0), Some(0.5)].map(in_words);
        assert_eq!(shown, ["unknown", "0", "1,204", "0.50"]);
    }

    #[test]
    fn a_point_between_gaps_is_told_from_a_line() {
        let lone = |values: &[Option<f64>]| {
            let point = |value: &Option<f64>| Point {
                at_ms: 0,
                value: *value,
            };
            let points = values.iter().map(point).collect();
            Series {
                name: String::new(),
                points,
            }
            .has_lone_point()
        };
        assert!(lone(&[Some(1.0)]));
        assert!(lone(&[Some(1.0), Some(2.0), None, Some(3.0)]));
        assert!(lone(&[None, Some(1.0), None, Some(2.0), Some(3.0)]));
        assert!(!lone(&[Some(1.0), Some(2.0), None, None]));
        assert!(!lone(&[]));
    }
}
