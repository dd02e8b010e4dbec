//! What each look at a stream adds to its history of a day. The database has a
//! sample a minute of it, for after a restart.

use std::collections::VecDeque;

use app::view::Point;
use domain::time::Millis;
use domain::verdict::Sample;

pub(super) const DAY_MS: i64 = 24 * 3_600_000;
/// So far apart the samples are that are kept in the database.
const KEPT_SPACING_MS: i64 = 60_000;
/// Looks that follow each other more closely replace one another, so that a
/// day is at most so many samples.
const SPACING_MS: i64 = 5_000;

/// The samples of one day, oldest first.
#[derive(Default)]
pub(super) struct Samples {
    day: VecDeque<Sample>,
    /// When the newest was taken that is in the database.
    kept: Option<Millis>,
}

impl Samples {
    /// The history of before a restart, oldest first.
    pub(super) fn recalled(samples: Vec<Sample>) -> Self {
        Self {
            kept: samples.last().map(|newest| newest.at),
            day: samples.into(),
        }
    }

    /// The newest sample, when it is time to keep one; it is told once.
    pub(super) fn due(&mut self) -> Option<Sample> {
        let newest = *self.day.back()?;
        let is_due = |kept: Millis| newest.at.since(kept) >= KEPT_SPACING_MS;
        if !self.kept.is_none_or(is_due) {
            return None;
        }
        self.kept = Some(newest.at);
        Some(newest)
    }

    pub(super) fn add(&mut self, sample: Sample) {
        if self.day.len() >= 2 {
            let before = self.day[self.day.len() - 2].at;
            if self
                .day
                .back()
                .is_some_and(|last| last.at.since(before) < SPACING_MS)
            {
                self.day.pop_back();
            }
        }
        self.day.push_back(sample);
        while self
            .day
            .front()
            .is_some_and(|first| sample.at.since(first.at) > DAY_MS)
        {
            self.day.pop_front();
        }
    }

    pub(super) fn all(&self) -> Vec<Sample> {
        self.day.iter().copied().collect()
    }
}

/// Records committed a minute, by the growth of the committed offsets. A
/// minute in which they were unknown, or went back, is a gap.
pub(super) fn processed_by_minute(
    samples: &[Sample],
    from: Millis,
    to: Millis,
) -> Vec<Point> {
    minutes(from, to)
        .map(|at| {
            let before = nearest(samples, at, |s| s.committed);
            let after = nearest(samples, at.plus(60_000), |s| s.committed);
            let grown = match (before, after) {
                (Some((from, before)), Some((to, after)))
                    if to > from && after >= before =>
                {
                    let per_ms = (after - before) as f64 / to.since(from) as f64;
                    Some(per_ms * 60_000.0)
                }
                _ => None,
            };
            Point { at, value: grown }
        })
        .collect()
}

/// The lag at each minute.
pub(super) fn lag_by_minute(samples: &[Sample], from: Millis, to: Millis) -> Vec<Point> {
    minutes(from, to)
        .map(|at| {
            let seen = nearest(samples, at.plus(60_000), |s| s.lag);
            Point {
                at,
                value: seen.map(|(_, lag)| lag as f64),
            }
        })
        .collect()
}

/// The whole minutes that begin in `from..to`.
pub(super) fn minutes(from: Millis, to: Millis) -> impl Iterator<Item = Millis> {
    let first = from.0.div_euclid(60_000) * 60_000;
    (0..)
        .map(move |n| Millis(first + n * 60_000))
        .take_while(move |at| *at < to)
}

/// The newest known value at or before `at` that is no older than a minute and
/// a half, with its time.
fn nearest(
    samples: &[Sample],
    at: Millis,
    value: impl Fn(&Sample) -> Option<i64>,
) -> Option<(Millis, i64)> {
    let end = samples.partition_point(|s| s.at <= at);
    samples[..end]
        .iter()
        .rev()
        .take_while(|s| at.since(s.at) <= 90_000)
        .find_map(|s| Some((s.at, value(s)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(seconds: i64, committed: Option<i64>) -> Sample {
        Sample {
            at: Millis(seconds * 1_000),
            lag: committed.map(|c| 1_000 - c),
            committed,
            ..Sample::default()
        }
    }

    #[test]
    fn a_day_is_kept_and_close_looks_replace_one_another() {
        let mut samples = Samples::default();
        for tenth in 0..100 {
            samples.add(Sample {
                at: Millis(tenth * 100),
                ..sample(0, None)
            });
        }
        assert!(samples.all().len() <= 4, "{}", samples.all().len());
        assert_eq!(samples.all().last().unwrap().at, Millis(9_900));
        samples.add(sample(25 * 3_600, None));
        assert_eq!(samples.all().len(), 1);
    }

    #[test]
    fn a_sample_a_minute_is_kept_and_the_day_goes_on_after_a_restart() {
        let mut samples = Samples::default();
        let mut kept = Vec::new();
        for seconds in (0..=300).step_by(10) {
            samples.add(sample(seconds, Some(seconds)));
            kept.extend(samples.due());
        }
        let at: Vec<i64> = kept.iter().map(|s| s.at.0 / 1_000).collect();
        assert_eq!(at, [0, 60, 120, 180, 240, 300]);
        let mut again = Samples::recalled(kept);
        again.add(sample(310, Some(310)));
        assert_eq!(again.due(), None);
        let points = processed_by_minute(&again.all(), Millis(0), Millis(300_000));
        assert_eq!(points[3].value, Some(60.0));
    }

    #[test]
    fn growth_is_by_minute_and_unknown_is_a_gap() {
        let mut samples: Vec<Sample> =
            (0..=12).map(|n| sample(n * 10, Some(n * 5))).collect();
        samples.extend((13..=30).map(|n| sample(n * 10, None)));
        let points = processed_by_minute(&samples, Millis(0), Millis(300_000));
        let values: Vec<Option<f64>> = points.iter().map(|p| p.value).collect();
        assert_eq!(values[0], Some(30.0));
        assert_eq!(values[1], Some(30.0));
        assert_eq!(values[4], None);
        let lag = lag_by_minute(&samples, Millis(0), Millis(60_000));
        assert_eq!(lag[0].value, Some(970.0));
    }

    #[test]
    fn offsets_that_went_back_are_no_negative_growth() {
        let samples = [sample(0, Some(500)), sample(60, Some(20))];
        let points = processed_by_minute(&samples, Millis(0), Millis(60_000));
        assert_eq!(points[0].value, None);
    }
}
