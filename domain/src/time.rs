//! Points in time and lengths of time, as milliseconds. The domain never
//! reads a clock: every "now" comes in as an argument.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A point in time: milliseconds since 1970-01-01T00:00:00Z, as in Spark's
/// `batchTimestampMs` and Kafka's record timestamps.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
)]
#[serde(transparent)]
pub struct Millis(pub i64);

impl Millis {
    /// The time `millis` later; saturating, since a time from outside may be
    /// anything.
    #[must_use]
    pub fn plus(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Milliseconds from `earlier` to this; negative when `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// `2025-01-15T00:00:00Z`, to the second.
    #[must_use]
    pub fn rfc3339(self) -> String {
        self.timestamp().map_or_else(
            || format!("{} ms", self.0),
            |t| t.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        )
    }

    /// `2025-01-15 00:00:00 UTC`, for people.
    #[must_use]
    pub fn utc(self) -> String {
        self.timestamp().map_or_else(
            || format!("{} ms", self.0),
            |t| t.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        )
    }

    /// `20250115_000000`, the form of the runbook's backup names.
    #[must_use]
    pub fn compact(self) -> String {
        self.timestamp().map_or_else(
            || self.0.to_string(),
            |t| t.strftime("%Y%m%d_%H%M%S").to_string(),
        )
    }

    fn timestamp(self) -> Option<jiff::Timestamp> {
        jiff::Timestamp::from_millisecond(self.0).ok()
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

/// A length of time for people: the two largest units that matter, such as
/// `1 h 12 m`, `40 s` or `350 ms`.
#[must_use]
pub fn human_duration(millis: i64) -> String {
    let total = millis.max(0);
    if total < 1_000 {
        return format!("{total} ms");
    }
    let seconds = total / 1_000;
    let (days, hours) = (seconds / 86_400, seconds / 3_600 % 24);
    let (minutes, rest) = (seconds / 60 % 60, seconds % 60);
    match (days, hours, minutes, rest) {
        (0, 0, 0, s) => format!("{s} s"),
        (0, 0, m, 0) => format!("{m} m"),
        (0, 0, m, s) => format!("{m} m {s} s"),
        (0, h, 0, _) => format!("{h} h"),
        (0, h, m, _) => format!("{h} h {m} m"),
        (d, 0, _, _) => format!("{d} d"),
        (d, h, _, _) => format!("{d} d {h} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_show_their_two_largest_units() {
        for (millis, expected) in [
            (-5, "0 ms"),
            (350, "350 ms"),
            (40_000, "40 s"),
            (61_000, "1 m 1 s"),
            (120_000, "2 m"),
            (4_320_000, "1 h 12 m"),
            (90_000_000, "1 d 1 h"),
        ] {
            assert_eq!(human_duration(millis), expected);
        }
    }

    #[test]
    fn times_out_of_range_are_shown_as_numbers() {
        assert_eq!(Millis(i64::MAX).rfc3339(), format!("{} ms", i64::MAX));
        assert_eq!(Millis(1_736_899_200_000).rfc3339(), "2025-01-15T00:00:00Z");
    }
}
