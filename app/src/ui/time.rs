//! Points in time and spans, in words.

use super::browser;
use jiff::Timestamp;
use leptos::prelude::*;

/// A point in time: how long ago, with the absolute time on hover and in
/// print.
///
/// The clock is never read here. The server says what time it is, so that both
/// sides render the same words.
#[component]
pub fn Time(
    /// The point in time, in milliseconds since 1970 UTC.
    at_ms: i64,
    /// The present, likewise.
    #[prop(into)]
    now_ms: Signal<i64>,
) -> AnyView {
    view! {
        <time datetime=iso(at_ms) title=absolute(at_ms)>
            {move || relative(at_ms, now_ms.get())}
        </time>
    }
    .into_any()
}

/// A point in time on the clock of whoever reads it, once the page is alive; until
/// then, and without script, in words that say so.
#[component]
pub fn LocalTime(
    /// The point in time, in milliseconds since 1970 UTC.
    at_ms: i64,
) -> AnyView {
    let (shown, set_shown) = signal("known once the page is live".to_owned());
    Effect::new(move |_| {
        if let Some(local) = browser::local_time(at_ms) {
            set_shown.set(local);
        }
    });
    view! { <span>{move || shown.get()}</span> }.into_any()
}

/// `2026-01-15 03:12:44 UTC`.
pub fn absolute(at_ms: i64) -> String {
    format(at_ms, "%Y-%m-%d %H:%M:%S UTC")
}

fn iso(at_ms: i64) -> String {
    format(at_ms, "%Y-%m-%dT%H:%M:%SZ")
}

fn format(at_ms: i64, pattern: &str) -> String {
    match Timestamp::from_millisecond(at_ms) {
        Ok(at) => at.strftime(pattern).to_string(),
        Err(_) => "unknown".to_owned(),
    }
}

/// `1 h 12 m ago`, or `in 40 s`.
pub fn relative(at_ms: i64, now_ms: i64) -> String {
    match now_ms.saturating_sub(at_ms) {
        -999..=999 => "now".to_owned(),
        past @ 1_000.. => format!("{} ago", span(past)),
        future => format!("in {}", span(future.saturating_neg())),
    }
}

/// A span in its two largest units, cut and not rounded: `1 h 12 m`.
pub fn span(span_ms: i64) -> String {
    let seconds = span_ms.max(0) / 1_000;
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    let two = |large: i64, unit: &str, small: i64, small_unit: &str| {
        if small == 0 {
            format!("{large} {unit}")
        } else {
            format!("{large} {unit} {small} {small_unit}")
        }
    };
    if days > 0 {
        two(days, "d", hours % 24, "h")
    } else if hours > 0 {
        two(hours, "h", minutes % 60, "m")
    } else if minutes > 0 {
        two(minutes, "m", seconds % 60, "s")
    } else {
        format!("{seconds} s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_shows_its_two_largest_units() {
        let shown = [
            0, 999, 40_000, 60_000, 61_000, 4_320_000, 86_400_000, 97_200_000,
        ]
        .map(span);
        let expected = [
            "0 s", "0 s", "40 s", "1 m", "1 m 1 s", "1 h 12 m", "1 d", "1 d 3 h",
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn past_and_future_are_told_apart() {
        assert_eq!(relative(1_000, 41_000), "40 s ago");
        assert_eq!(relative(41_000, 1_000), "in 40 s");
        assert_eq!(relative(1_000, 1_400), "now");
    }

    #[test]
    fn an_absolute_time_names_its_zone() {
        assert_eq!(absolute(1_736_910_764_000), "2025-01-15 03:12:44 UTC");
        assert_eq!(absolute(i64::MAX), "unknown");
    }
}
