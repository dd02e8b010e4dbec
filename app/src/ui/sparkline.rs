//! A line among words: the shape of a series, without axes.

use leptos::prelude::*;

const WIDTH: f64 = 96.0;
const HEIGHT: f64 = 24.0;
/// Keeps the stroke inside the drawing.
const MARGIN: f64 = 2.0;

/// A small line, drawn on the server. A value that is missing is a gap.
#[component]
pub fn Sparkline(
    /// What the line shows and how it went, in words.
    #[prop(into)]
    label: String,
    /// The values, at equal distances in time.
    #[prop(into)]
    values: Signal<Vec<Option<f64>>>,
) -> AnyView {
    view! {
        <svg
            class="sparkline"
            viewBox=format!("0 0 {WIDTH} {HEIGHT}")
            role="img"
            aria-label=label
            preserveAspectRatio="none"
        >
            <path d=move || line(&values.get())></path>
        </svg>
    }
    .into_any()
}

/// The path of a line from the left edge to the right, with zero at the
/// bottom. A single value between two gaps is a dot.
fn line(values: &[Option<f64>]) -> String {
    let top = values.iter().flatten().copied().fold(0.0_f64, f64::max);
    let step = (WIDTH - 2.0 * MARGIN) / (values.len().max(2) - 1) as f64;
    let mut path = String::new();
    let mut down = false;
    for (index, value) in values.iter().enumerate() {
        let Some(value) = value else {
            down = false;
            continue;
        };
        let x = MARGIN + step * index as f64;
        let share = if top > 0.0 {
            (value / top).clamp(0.0, 1.0)
        } else {
            0.0
        };
        let y = HEIGHT - MARGIN - share * (HEIGHT - 2.0 * MARGIN);
        if down {
            path.push_str(&format!("L{x:.1} {y:.1}"));
        } else {
            path.push_str(&format!("M{x:.1} {y:.1}h0"));
        }
        down = true;
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_in_the_data_is_a_gap_in_the_line() {
        let path = line(&[Some(0.0), Some(4.0), None, Some(2.0)]);
        assert_eq!(path, "M2.0 22.0h0L32.7 2.0M94.0 12.0h0");
    }

    #[test]
    fn a_line_of_zeros_lies_at_the_bottom() {
        assert_eq!(line(&[Some(0.0), Some(0.0)]), "M2.0 22.0h0L94.0 22.0");
        assert_eq!(line(&[]), "");
    }
}
