//! From when to when the records are that a plan skips or reads again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::PartitionEffect;
use crate::text::counted;
use crate::time::Millis;

/// The times of records by topic, partition and offset, as Kafka dates them. What
/// it could not tell is not there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordTimes(BTreeMap<(String, i32, i64), Millis>);

impl RecordTimes {
    /// The record at `offset` is of this time.
    pub fn set(
        &mut self,
        topic: impl Into<String>,
        partition: i32,
        offset: i64,
        at: Millis,
    ) {
        self.0.insert((topic.into(), partition, offset), at);
    }

    fn get(&self, topic: &str, partition: i32, offset: i64) -> Option<Millis> {
        self.0.get(&(topic.to_owned(), partition, offset)).copied()
    }
}

/// The times of the records that a plan skips and of those that it reads again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ranges {
    /// Of those that are never read; `None` where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<TimeRange>,
    /// Of those that are read a second time; `None` where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeated: Option<TimeRange>,
}

/// A range of times over all partitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeRange {
    /// The oldest record; `None` where no partition's could be dated.
    pub from: Option<Millis>,
    /// The first record after them; `None` where they go on to the newest one.
    pub until: Option<Millis>,
    /// Partitions whose records could not be dated and are left out.
    pub undated: u32,
}

impl TimeRange {
    /// `2025-01-15 02:10:00 UTC to 2025-01-15 03:40:00 UTC`.
    #[must_use]
    pub fn words(&self) -> String {
        let Some(from) = self.from else {
            return "Kafka could not date these records".to_owned();
        };
        let until = self
            .until
            .map_or_else(|| "the newest record".to_owned(), Millis::utc);
        match self.undated {
            0 => format!("{} to {until}", from.utc()),
            undated => format!(
                "{} to {until}, without {} whose records Kafka could not date",
                from.utc(),
                counted(u64::from(undated), "partition", "partitions")
            ),
        }
    }
}

impl Ranges {
    /// Whether nothing is skipped and nothing read again.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The ranges of `effects`, by the times of the records at
    /// [`wanted_times`].
    #[must_use]
    pub fn of(effects: &[PartitionEffect], times: &RecordTimes) -> Self {
        let of = |span: fn(&PartitionEffect) -> Option<(i64, i64)>| {
            let mut range = None;
            for effect in effects {
                if let Some(span) = span(effect) {
                    widen(&mut range, effect, span, times);
                }
            }
            range.map(|Widened { range, .. }| range)
        };
        Self {
            skipped: of(skipped),
            repeated: of(repeated),
        }
    }
}

/// The records whose times tell the ranges of `effects`: topic, partition and
/// offset.
#[must_use]
pub fn wanted_times(effects: &[PartitionEffect]) -> Vec<(String, i32, i64)> {
    let mut wanted = Vec::new();
    for effect in effects {
        for (from, until) in [skipped(effect), repeated(effect)].into_iter().flatten() {
            let ends = [from, until].into_iter();
            let there = ends.filter(|offset| *offset < effect.log_end.0);
            wanted.extend(
                there.map(|offset| (effect.topic.clone(), effect.partition, offset)),
            );
        }
    }
    wanted.sort();
    wanted.dedup();
    wanted
}

/// The first offset that is skipped, and the first after them.
fn skipped(effect: &PartitionEffect) -> Option<(i64, i64)> {
    let count = i64::try_from(effect.skipped)
        .ok()
        .filter(|count| *count > 0)?;
    Some((effect.after.0.saturating_sub(count), effect.after.0))
}

/// The first offset that is read again, and the first after them.
fn repeated(effect: &PartitionEffect) -> Option<(i64, i64)> {
    let count = i64::try_from(effect.repeated)
        .ok()
        .filter(|count| *count > 0)?;
    Some((effect.after.0, effect.after.0.saturating_add(count)))
}

/// A range, and whether a partition of it goes on to its newest record.
#[derive(Clone, Copy)]
struct Widened {
    range: TimeRange,
    to_the_end: bool,
}

fn widen(
    range: &mut Option<Widened>,
    effect: &PartitionEffect,
    (first, end): (i64, i64),
    times: &RecordTimes,
) {
    let none = TimeRange {
        from: None,
        until: None,
        undated: 0,
    };
    let Widened { range, to_the_end } = range.get_or_insert(Widened {
        range: none,
        to_the_end: false,
    });
    let at = |offset| times.get(&effect.topic, effect.partition, offset);
    let Some(from) = at(first) else {
        range.undated += 1;
        return;
    };
    range.from = Some(range.from.map_or(from, |oldest| oldest.min(from)));
    *to_the_end |= end >= effect.log_end.0 || at(end).is_none();
    range.until = match *to_the_end {
        true => None,
        false => range.until.max(at(end)),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::PartitionSeen;

    fn effect(partition: i32, before: i64, after: i64) -> PartitionEffect {
        let seen = PartitionSeen {
            earliest: 0,
            latest: 100,
            ..PartitionSeen::default()
        };
        PartitionEffect::new("t", partition, Some(before), after, seen)
    }

    /// The record at offset n of partition p is of second 1,000 p + n.
    fn times(effects: &[PartitionEffect]) -> RecordTimes {
        let mut times = RecordTimes::default();
        for (topic, partition, offset) in wanted_times(effects) {
            let second = i64::from(partition) * 1_000 + offset;
            times.set(topic, partition, offset, Millis(second * 1_000));
        }
        times
    }

    fn range(from_s: i64, until_s: Option<i64>) -> Option<TimeRange> {
        Some(TimeRange {
            from: Some(Millis(from_s * 1_000)),
            until: until_s.map(|s| Millis(s * 1_000)),
            undated: 0,
        })
    }

    #[test]
    fn the_range_reaches_from_the_oldest_record_to_the_first_that_is_not_in_it() {
        let effects = [effect(0, 10, 30), effect(1, 20, 25), effect(2, 50, 40)];
        let ranges = Ranges::of(&effects, &times(&effects));
        assert_eq!(ranges.skipped, range(10, Some(1_025)));
        assert_eq!(ranges.repeated, range(2_040, Some(2_050)));
    }

    #[test]
    fn what_goes_on_to_the_end_of_one_partition_has_no_last_time() {
        let effects = [effect(0, 10, 100), effect(1, 20, 25)];
        let ranges = Ranges::of(&effects, &times(&effects));
        assert_eq!(ranges.skipped, range(10, None));
        assert_eq!(ranges.repeated, None);
    }

    #[test]
    fn a_partition_without_a_dated_record_is_counted_and_not_guessed() {
        let effects = [effect(0, 10, 30), effect(1, 20, 25)];
        let ranges = Ranges::of(&effects[..1], &RecordTimes::default());
        let said = ranges.skipped.map(|range| range.words());
        assert_eq!(said.as_deref(), Some("Kafka could not date these records"));
        let known = times(&effects[..1]);
        let skipped = Ranges::of(&effects, &known).skipped.unwrap();
        assert_eq!(skipped.undated, 1);
        assert_eq!(
            skipped.words(),
            "1970-01-01 00:00:10 UTC to 1970-01-01 00:00:30 UTC, without 1 partition whose records Kafka could not date"
        );
    }

    #[test]
    fn what_goes_on_where_it_was_has_no_range() {
        let effects = [effect(0, 10, 10)];
        assert!(wanted_times(&effects).is_empty());
        assert!(Ranges::of(&effects, &RecordTimes::default()).is_empty());
    }
}
