//! Reads a time as a person types it. A time without a zone is refused: at
//! 03:00 nobody should have to guess which midnight was meant.

use jiff::SpanRelativeTo;
use thiserror::Error;

use crate::time::Millis;

/// Some 10,000 years.
const MS_MAX: f64 = 315_360_000_000_000.0;

/// Why a text is no time.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NoTime {
    /// It has no form that is known.
    #[error(
        "{0:?} is no time. Allowed: 2025-01-15 00:00:00 UTC, 2025-01-15T01:00:00+01:00, epoch milliseconds such as 1736899200000, or relative such as \"2h ago\"."
    )]
    Form(String),
    /// It lacks its zone.
    #[error("{0:?} has no time zone. Add UTC, or an offset such as +01:00.")]
    NoZone(String),
    /// Kafka's times count from 1970, and what is below zero asks it for
    /// something else: -1 for the end of a partition, -2 for its start.
    #[error("{0:?} is before 1970, when no record was written.")]
    BeforeTheEpoch(String),
    /// It is still to come.
    #[error("{0} is in the future.")]
    Future(String),
}

/// Reads RFC 3339 with a zone, a time as Sluice writes it, epoch milliseconds, or
/// a length of time and "ago", as `1h 30m ago`.
///
/// # Errors
/// Says what is allowed.
pub fn parse_time(text: &str, now: Millis) -> Result<Millis, NoTime> {
    let text = text.trim();
    let at = if let Some(ago_ms) = relative_ms(text) {
        now.plus(-ago_ms)
    } else if text.len() >= 12 && text.bytes().all(|b| b.is_ascii_digit()) {
        Millis(text.parse().map_err(|_| NoTime::Form(shown(text)))?)
    } else if let Some(at) = instant(text) {
        Millis(at.as_millisecond())
    } else if text.parse::<jiff::civil::DateTime>().is_ok() {
        return Err(NoTime::NoZone(shown(text)));
    } else {
        return Err(NoTime::Form(shown(text)));
    };
    if at > now {
        Err(NoTime::Future(at.utc()))
    } else if at.0 < 0 {
        Err(NoTime::BeforeTheEpoch(shown(text)))
    } else {
        Ok(at)
    }
}

fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}

/// How long ago in milliseconds, by the units that jiff reads: `1h 30m ago`. Days
/// have 24 hours; months and years have no length.
fn relative_ms(text: &str) -> Option<i64> {
    if !text.ends_with("ago") {
        return None;
    }
    let span: jiff::Span = text.parse().ok()?;
    let ms = span
        .total((jiff::Unit::Millisecond, SpanRelativeTo::days_are_24_hours()))
        .ok()?;
    // As far back as a time can be written; beyond, a float is no exact number.
    (-MS_MAX..=0.0).contains(&ms).then_some(-ms as i64)
}

/// An instant as Sluice writes it, `2025-01-15 00:00:00 UTC`, or as RFC 3339 has
/// it, with a space or a `T` in the middle and before the zone.
fn instant(text: &str) -> Option<jiff::Timestamp> {
    let (rest, zone) = match text.strip_suffix("UTC") {
        Some(rest) => (rest.trim_end(), "Z"),
        None => (text, ""),
    };
    let squeezed = match rest.rsplit_once(' ') {
        Some((rest, offset)) if offset.starts_with(['+', '-']) => {
            format!("{rest}{offset}")
        }
        _ => rest.to_owned(),
    };
    format!("{squeezed}{zone}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis(1_764_000_000_000);

    #[test]
    fn each_form_of_a_time_is_read() {
        for (text, expected) in [
            ("2025-01-15T00:00:00Z", 1_736_899_200_000),
            ("2025-01-15T01:00:00+01:00", 1_736_899_200_000),
            (" 1736899200000 ", 1_736_899_200_000),
            ("2025-01-15 00:00:00 UTC", 1_736_899_200_000),
            ("2025-01-15 00:00:00Z", 1_736_899_200_000),
            ("2025-01-15 01:00 +01:00", 1_736_899_200_000),
            ("2h ago", NOW.0 - 7_200_000),
            ("1h 30m ago", NOW.0 - 5_400_000),
            ("90 seconds ago", NOW.0 - 90_000),
            ("7 days ago", NOW.0 - 604_800_000),
        ] {
            assert_eq!(parse_time(text, NOW), Ok(Millis(expected)), "{text}");
        }
    }

    #[test]
    fn the_runbooks_time_is_refused_for_its_missing_zone() {
        let error = parse_time("2025-01-15 00:00:00", NOW).unwrap_err();
        assert!(matches!(error, NoTime::NoZone(_)), "{error}");
    }

    #[test]
    fn a_time_that_would_ask_kafka_for_something_else_is_refused() {
        for text in [
            "1969-12-31T23:59:59.999Z",
            "1969-12-31T23:59:59.998Z",
            "80 weeks ago",
        ] {
            let at = parse_time(text, Millis(1_000));
            assert_eq!(at, Err(NoTime::BeforeTheEpoch(text.to_owned())));
        }
    }

    #[test]
    fn a_future_or_senseless_time_is_refused() {
        assert!(matches!(
            parse_time("2030-01-01T00:00:00Z", NOW),
            Err(NoTime::Future(_))
        ));
        for text in [
            "",
            "yesterday",
            "12",
            "h ago",
            "99999999999999999999h ago",
            "-2h ago",
            "2h",
            "1 month ago",
            "2025-01-15 UTC",
        ] {
            assert!(
                matches!(parse_time(text, NOW), Err(NoTime::Form(_))),
                "{text}"
            );
        }
    }
}
