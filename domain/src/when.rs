//! Reads a time as a person types it. A time without a zone is refused: at
//! 03:00 nobody should have to guess which midnight was meant.

use jiff::SpanRelativeTo;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use thiserror::Error;

use crate::time::Millis;

/// Some 10,000 years.
const MS_MAX: f64 = 315_360_000_000_000.0;

/// Why a text is no time.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NoTime {
    /// It has no form that is known.
    #[error(
        "{0:?} is no time. Allowed: 2025-01-15 00:00:00 UTC, 2025-01-15T01:00:00+01:00, 2025-01-15 01:00 Europe/Berlin, epoch milliseconds such as 1736899200000, or relative such as \"2h ago\"."
    )]
    Form(String),
    /// It lacks its zone.
    #[error(
        "{0:?} has no time zone. Add UTC, an offset such as +01:00, or a zone such as Europe/Berlin."
    )]
    NoZone(String),
    /// Its zone is in no edition of the time zone database that Sluice knows.
    #[error(
        "{0:?} is no time zone. Allowed: UTC, an offset such as +01:00, or a name of the IANA time zone database, such as Europe/Berlin."
    )]
    UnknownZone(String),
    /// The clocks of its zone were put forward over it.
    #[error(
        "{text:?} did not exist: the clocks went from {before} to {after} then. Write the time with its offset."
    )]
    Skipped {
        /// As it was typed.
        text: String,
        /// The offset before the change.
        before: String,
        /// The offset after it.
        after: String,
    },
    /// The clocks of its zone were put back over it.
    #[error(
        "{text:?} happened twice, at {before} and an hour or so later at {after}. Write the time with the offset that is meant."
    )]
    Twice {
        /// As it was typed.
        text: String,
        /// The offset before the change.
        before: String,
        /// The offset after it.
        after: String,
    },
    /// Kafka's times count from 1970, and what is below zero asks it for
    /// something else: -1 for the end of a partition, -2 for its start.
    #[error("{0:?} is before 1970, when no record was written.")]
    BeforeTheEpoch(String),
    /// It is still to come.
    #[error("{0} is in the future.")]
    Future(String),
}

/// Reads RFC 3339 with a zone, a time as Sluice writes it, one with the name of
/// its zone, epoch milliseconds, or a length of time and "ago", as `1h 30m ago`.
///
/// # Errors
/// Says what is allowed. A time that its zone's clocks skipped or showed twice is
/// refused rather than guessed.
pub fn parse_time(text: &str, now: Millis) -> Result<Millis, NoTime> {
    let text = text.trim();
    let at = if let Some(ago_ms) = relative_ms(text) {
        now.plus(-ago_ms)
    } else if text.len() >= 12 && text.bytes().all(|b| b.is_ascii_digit()) {
        Millis(text.parse().map_err(|_| NoTime::Form(shown(text)))?)
    } else if let Some(at) = instant(text) {
        Millis(at.as_millisecond())
    } else if let Some((local, zone)) = zoned(text) {
        in_zone(text, local, zone)?
    } else if text.parse::<DateTime>().is_ok() {
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

/// `at` as a clock of the zone shows it in which `text` names it, where that is
/// neither UTC nor relative: `2025-01-15 01:00:00 +01:00 Europe/Berlin`.
#[must_use]
pub fn in_its_zone(text: &str, at: Millis) -> Option<String> {
    let text = text.trim();
    let instant_at = jiff::Timestamp::from_millisecond(at.0).ok()?;
    if let Some((_, zone)) = zoned(text).filter(|(_, zone)| *zone != "UTC") {
        let zone = TimeZone::get(zone).ok()?;
        let name = zone.iana_name()?.to_owned();
        let at = instant_at.to_zoned_datetime(zone);
        return Some(
            at.strftime(&format!("%Y-%m-%d %H:%M:%S %:z {name}"))
                .to_string(),
        );
    }
    let squeezed = squeezed(text);
    let pieces = jiff::fmt::temporal::Pieces::parse(&squeezed).ok()?;
    let offset = pieces.to_numeric_offset().filter(|o| !o.is_zero())?;
    let at = instant_at.to_zoned_datetime(offset.to_time_zone());
    Some(at.strftime("%Y-%m-%d %H:%M:%S %:z").to_string())
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
    squeezed(text).parse().ok()
}

/// The text with its zone right behind the time.
fn squeezed(text: &str) -> String {
    let (rest, zone) = match text.strip_suffix("UTC") {
        Some(rest) => (rest.trim_end(), "Z"),
        None => (text, ""),
    };
    match rest.rsplit_once(' ') {
        Some((rest, offset)) if offset.starts_with(['+', '-']) => {
            format!("{rest}{offset}{zone}")
        }
        _ => format!("{rest}{zone}"),
    }
}

/// A date and time, and the name after it: `2025-01-15 01:00 Europe/Berlin`, or
/// the name in brackets, as RFC 9557 has it.
fn zoned(text: &str) -> Option<(DateTime, &str)> {
    let (local, zone) = match text.strip_suffix(']') {
        Some(rest) => rest.split_once('[')?,
        None => text.rsplit_once(' ')?,
    };
    let is_name = zone.starts_with(|c: char| c.is_ascii_alphabetic());
    let has_time = local.contains(':');
    let local = local.trim_end().parse().ok()?;
    (is_name && has_time).then_some((local, zone))
}

fn in_zone(text: &str, local: DateTime, zone: &str) -> Result<Millis, NoTime> {
    let found = TimeZone::get(zone).map_err(|_| NoTime::UnknownZone(shown(zone)))?;
    let at = found.to_ambiguous_zoned_datetime(local);
    match at.offset() {
        AmbiguousOffset::Gap { before, after } => Err(NoTime::Skipped {
            text: shown(text),
            before: before.to_string(),
            after: after.to_string(),
        }),
        AmbiguousOffset::Fold { before, after } => Err(NoTime::Twice {
            text: shown(text),
            before: before.to_string(),
            after: after.to_string(),
        }),
        AmbiguousOffset::Unambiguous { .. } => {
            let at = at.unambiguous().map_err(|_| NoTime::Form(shown(text)))?;
            Ok(Millis(at.timestamp().as_millisecond()))
        }
    }
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
            ("2025-01-15 01:00 Europe/Berlin", 1_736_899_200_000),
            ("2025-01-15T01:00:00[europe/berlin]", 1_736_899_200_000),
            ("2025-01-14 19:00:00 America/New_York", 1_736_899_200_000),
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
    fn a_time_is_told_again_in_the_zone_in_which_it_was_typed() {
        for (text, told) in [
            (
                "2025-01-15 01:00 europe/berlin",
                Some("2025-01-15 01:00:00 +01:00 Europe/Berlin"),
            ),
            (
                "2025-01-14 19:00 -05:00",
                Some("2025-01-14 19:00:00 -05:00"),
            ),
            (
                "2025-01-15T01:00:00+01:00",
                Some("2025-01-15 01:00:00 +01:00"),
            ),
            ("2025-01-15 00:00:00 UTC", None),
            ("1736899200000", None),
            ("2h ago", None),
        ] {
            let at = parse_time(text, NOW).unwrap();
            assert_eq!(in_its_zone(text, at).as_deref(), told, "{text}");
        }
    }

    #[test]
    fn a_time_that_the_clocks_skipped_or_showed_twice_is_refused_with_both_offsets() {
        let skipped = parse_time("2025-03-30 02:30 Europe/Berlin", NOW).unwrap_err();
        let twice = parse_time("2025-10-26 02:30 Europe/Berlin", NOW).unwrap_err();
        assert!(matches!(skipped, NoTime::Skipped { .. }), "{skipped}");
        assert!(matches!(twice, NoTime::Twice { .. }), "{twice}");
        for said in [skipped.to_string(), twice.to_string()] {
            assert!(said.contains("+01") && said.contains("+02"), "{said}");
        }
        let unknown = parse_time("2025-10-26 02:30 Europe/Atlantis", NOW);
        let name = "Europe/Atlantis".to_owned();
        assert_eq!(unknown, Err(NoTime::UnknownZone(name)));
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
