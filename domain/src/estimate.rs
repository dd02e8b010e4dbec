//! How long a reset takes: a range with its assumptions written out, and the
//! class of the runbook's RTO table that it falls in.

use serde::{Deserialize, Serialize};

use crate::intent::WayOut;
use crate::text::thousands;
use crate::time::{Millis, human_duration};

/// A range of time, in milliseconds, and what it rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Estimate {
    /// The least.
    pub least_ms: i64,
    /// The most; `None` where a rate that it needs was never measured.
    pub most_ms: Option<i64>,
    /// What it rests on, as sentences.
    pub assumptions: Vec<String>,
    /// The class of the RTO table.
    pub class: RtoClass,
}

/// The rows of the runbook's table of recovery times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RtoClass {
    /// Simple checkpoint reset: 5 to 10 minutes.
    Simple,
    /// Reset and reprocess up to 24 hours: 30 to 60 minutes.
    Day,
    /// Reset and reprocess up to 7 days: 2 to 4 hours.
    Week,
    /// Full reprocess: 8 hours and more.
    Full,
}

impl RtoClass {
    /// The row's name.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            RtoClass::Simple => "Simple checkpoint reset",
            RtoClass::Day => "Reset and reprocess 24 h",
            RtoClass::Week => "Reset and reprocess 7 d",
            RtoClass::Full => "Full reprocess",
        }
    }

    /// The expected recovery time, in words.
    #[must_use]
    pub fn expected(self) -> &'static str {
        match self {
            RtoClass::Simple => "5 to 10 minutes",
            RtoClass::Day => "30 to 60 minutes",
            RtoClass::Week => "2 to 4 hours",
            RtoClass::Full => "8 hours and more",
        }
    }

    /// The end of the expected time in milliseconds; `None` where the table
    /// has no end.
    #[must_use]
    pub fn limit_ms(self) -> Option<i64> {
        match self {
            RtoClass::Simple => Some(10 * 60_000),
            RtoClass::Day => Some(60 * 60_000),
            RtoClass::Week => Some(4 * 3_600_000),
            RtoClass::Full => None,
        }
    }

    /// The class of a way out: by how far back it reads.
    #[must_use]
    pub fn of(way_out: &WayOut, reads_back_to: Option<Millis>, now: Millis) -> Self {
        const DAY_MS: i64 = 86_400_000;
        match (way_out, reads_back_to) {
            (WayOut::Latest | WayOut::Restart, _) => Self::Simple,
            (WayOut::Earliest, _) | (_, None) => Self::Full,
            (_, Some(from)) => match now.since(from) {
                age if age <= DAY_MS => Self::Day,
                age if age <= 7 * DAY_MS => Self::Week,
                _ => Self::Full,
            },
        }
    }
}

/// What was measured of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rates {
    /// Records processed a second while it worked, times 1,000.
    pub drain_milli: Option<i64>,
    /// Records that arrive a second, times 1,000.
    pub arrival_milli: Option<i64>,
}

impl Rates {
    /// Measures them: processing by how long the newest batches took for what
    /// they read, which is what the job can do; arrival by what was seen of
    /// Kafka's ends over time.
    #[must_use]
    pub fn measured(
        snapshot: &crate::snapshot::Snapshot,
        samples: &[crate::verdict::Sample],
    ) -> Self {
        Self {
            drain_milli: snapshot.progress.seen().and_then(|p| drain_milli(p)),
            arrival_milli: arrival_milli(samples),
        }
    }
}

/// Records a second while a batch is at work, times 1,000. Idle time between
/// batches says nothing of what the job can do.
fn drain_milli(progress: &[crate::snapshot::Progress]) -> Option<i64> {
    let worked = progress
        .iter()
        .filter(|p| p.input_rows > 0 && p.duration_ms > 0);
    let (records, millis) = worked.fold((0_i64, 0_i64), |(records, millis), p| {
        let rows = i64::try_from(p.input_rows).unwrap_or(i64::MAX);
        (
            records.saturating_add(rows),
            millis.saturating_add(p.duration_ms),
        )
    });
    per_second_milli(records, millis)
}

fn arrival_milli(samples: &[crate::verdict::Sample]) -> Option<i64> {
    let known: Vec<_> = samples.iter().filter(|s| s.end.is_some()).collect();
    let (oldest, newest) = (known.first()?, known.last()?);
    let records = newest.end?.checked_sub(oldest.end?)?;
    per_second_milli(records, newest.at.since(oldest.at))
}

fn per_second_milli(records: i64, between_ms: i64) -> Option<i64> {
    if between_ms <= 0 || records < 0 {
        return None;
    }
    i64::try_from(i128::from(records) * 1_000_000 / i128::from(between_ms)).ok()
}

/// How many CopyObject calls a second are assumed at the least.
const COPIES_PER_S: i64 = 50;

/// Estimates stopping, backing up, starting and catching up.
#[must_use]
pub fn estimate(
    way_out: &WayOut,
    reads_back_to: Option<Millis>,
    now: Millis,
    work: Work,
    rates: Rates,
) -> Estimate {
    let copy_ms = work.objects.saturating_mul(1_000) / COPIES_PER_S;
    let fixed_ms = work.quiet_ms + copy_ms;
    let mut assumptions = Vec::new();
    // A reset begins on a job that was stopped by the secure plan.
    if work.quiet_ms > 0 {
        assumptions.push(format!(
            "Stop and quiet period: {} after the job has ended.",
            human_duration(work.quiet_ms)
        ));
    }
    // Nor is it backed up again.
    if work.objects > 0 {
        assumptions.push(format!(
            "Backup of {} objects at {COPIES_PER_S} a second or faster.",
            work.objects
        ));
    }
    assumptions.push("Start of the job: between 30 seconds and 5 minutes.".to_owned());
    let catch_up_ms = catch_up(work.backlog, rates, &mut assumptions);
    Estimate {
        least_ms: fixed_ms + 30_000 + catch_up_ms.unwrap_or(0),
        most_ms: catch_up_ms.map(|ms| 2 * fixed_ms + 5 * 60_000 + 2 * ms),
        assumptions,
        class: RtoClass::of(way_out, reads_back_to, now),
    }
}

/// How much there is to do.
#[derive(Clone, Copy, Debug)]
pub struct Work {
    /// Objects to copy.
    pub objects: i64,
    /// The quiet period in milliseconds.
    pub quiet_ms: i64,
    /// Offsets to read before the stream is at the end.
    pub backlog: u64,
}

fn catch_up(backlog: u64, rates: Rates, assumptions: &mut Vec<String>) -> Option<i64> {
    if backlog == 0 {
        assumptions.push("No backlog to catch up.".to_owned());
        return Some(0);
    }
    let (Some(drain), Some(arrival)) = (rates.drain_milli, rates.arrival_milli) else {
        assumptions.push(format!(
            "A backlog of {} records; how fast this stream works is unknown, so no end is given.",
            thousands(backlog)
        ));
        return None;
    };
    let net = drain.saturating_sub(arrival);
    if net <= 0 {
        assumptions.push(format!(
            "A backlog of {} records, and records arrive at least as fast as they were last processed: it does not shrink.",
            thousands(backlog)
        ));
        return None;
    }
    assumptions.push(format!(
        "A backlog of {} records, at {} a second while its newest batches were at work, and {} a second arriving.",
        thousands(backlog),
        thousands(drain / 1_000),
        thousands(arrival / 1_000)
    ));
    let millis = i128::from(backlog) * 1_000_000 / i128::from(net);
    Some(i64::try_from(millis).unwrap_or(i64::MAX / 8))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis(1_764_000_000_000);

    #[test]
    fn the_class_follows_how_far_back_is_read() {
        let at = |hours: i64| WayOut::Timestamp {
            at: NOW.plus(-hours * 3_600_000),
        };
        for (way_out, back_h, class) in [
            (WayOut::Latest, None, RtoClass::Simple),
            (at(24), Some(24), RtoClass::Day),
            (at(25), Some(25), RtoClass::Week),
            (at(169), Some(169), RtoClass::Full),
            (WayOut::Earliest, Some(1), RtoClass::Full),
        ] {
            let back = back_h.map(|h: i64| NOW.plus(-h * 3_600_000));
            assert_eq!(RtoClass::of(&way_out, back, NOW), class, "{way_out:?}");
        }
    }

    #[test]
    fn an_unmeasured_or_outrun_rate_gives_no_end() {
        let work = Work {
            objects: 100,
            quiet_ms: 30_000,
            backlog: 500,
        };
        let unknown = estimate(&WayOut::Earliest, None, NOW, work, Rates::default());
        assert_eq!(unknown.most_ms, None);
        let rates = Rates {
            drain_milli: Some(10_000),
            arrival_milli: Some(10_000),
        };
        assert_eq!(
            estimate(&WayOut::Latest, None, NOW, work, rates).most_ms,
            None
        );
        let faster = Rates {
            drain_milli: Some(20_000),
            arrival_milli: Some(10_000),
        };
        let known = estimate(&WayOut::Latest, None, NOW, work, faster);
        assert_eq!(known.least_ms, 30_000 + 2_000 + 30_000 + 50_000);
    }

    #[test]
    fn a_quiet_period_is_assumed_only_where_there_is_one() {
        for (quiet_ms, is_said) in [(30_000, true), (0, false)] {
            let work = Work {
                objects: 100,
                quiet_ms,
                backlog: 0,
            };
            let estimate = estimate(&WayOut::Latest, None, NOW, work, Rates::default());
            let said = estimate.assumptions.iter().any(|a| a.contains("quiet"));
            assert_eq!(said, is_said, "{:?}", estimate.assumptions);
        }
    }
}
