//! How long a reset takes: a range with its assumptions written out, and the
//! class of the runbook's RTO table that it falls in.

mod advice;
mod past;
mod rates;
mod spend;

use advice::advise;
pub use past::{Copied, PastReset, Span, start_up};
pub use rates::Rates;
use spend::spend;
pub use spend::{Prices, Spend, Used};

use serde::{Deserialize, Serialize};

use crate::intent::WayOut;
use crate::text::{counted, thousands};
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
    /// What would help to catch up in time, as sentences with numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub advice: Vec<String>,
    /// What it takes of workers and of S3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spend: Option<Spend>,
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

/// What the estimate of one stream rests on, as far as it was measured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Measured {
    /// How fast it works and fills.
    pub rates: Rates,
    /// The resets of this stream so far, newest first.
    pub past: Vec<PastReset>,
    /// From submission to RUNNING, of the application's newest job runs.
    pub start_up: Option<Span>,
    /// What its newest job run that was read used on average.
    pub used: Option<Used>,
    /// What that costs, where it is configured.
    pub prices: Option<Prices>,
}

/// How much there is to do.
#[derive(Clone, Copy, Debug, Default)]
pub struct Work {
    /// Objects to copy.
    pub objects: i64,
    /// The quiet period in milliseconds.
    pub quiet_ms: i64,
    /// Whether a job run has to be stopped first, and the grace that it gets, in
    /// milliseconds.
    pub stop_grace_ms: Option<i64>,
    /// Whether a job run is started at the end.
    pub starts: bool,
    /// Offsets to read before the stream is at the end.
    pub backlog: u64,
    /// The most offsets that a batch reads, where that is capped.
    pub batch_max: Option<u64>,
    /// The trigger interval in milliseconds; zero where each batch follows the
    /// last at once.
    pub trigger_ms: i64,
    /// Partitions over all topics, more than which no batch has tasks by itself.
    pub partitions: u64,
}

/// Estimates stopping, backing up, starting and catching up.
#[must_use]
pub fn estimate(
    way_out: &WayOut,
    reads_back_to: Option<Millis>,
    now: Millis,
    work: &Work,
    measured: &Measured,
) -> Estimate {
    let class = RtoClass::of(way_out, reads_back_to, now);
    let mut assumptions = Vec::new();
    let mut parts = Vec::new();
    parts.extend(stop(work, &measured.past, &mut assumptions));
    parts.extend(copy(work, &measured.past, &mut assumptions));
    parts.extend(start(work, measured.start_up, &mut assumptions));
    let fixed = parts.into_iter().fold(Span::NONE, Span::plus);
    let catch_up_ms = catch_up(work, measured.rates, &mut assumptions);
    Estimate {
        least_ms: fixed.least_ms.saturating_add(catch_up_ms.unwrap_or(0)),
        most_ms: catch_up_ms.map(|ms| fixed.most_ms.saturating_add(ms.saturating_mul(2))),
        assumptions,
        class,
        advice: advise(work, measured, class, catch_up_ms),
        spend: spend(work, measured, catch_up_ms),
    }
}

/// A cancelled job run may take longer than its grace to be at its end.
const AFTER_GRACE_MS: i64 = 60_000;

fn stop(work: &Work, past: &[PastReset], said: &mut Vec<String>) -> Option<Span> {
    // A reset begins on a job that was stopped by the secure plan.
    if work.quiet_ms == 0 {
        return None;
    }
    let quiet = Span::of(work.quiet_ms);
    let Some(grace_ms) = work.stop_grace_ms else {
        said.push(format!(
            "Quiet period: {}; the job has ended already.",
            human_duration(work.quiet_ms)
        ));
        return Some(quiet);
    };
    if let Some(span) = Span::over(past.iter().filter_map(|reset| reset.stop_ms)) {
        said.push(format!(
            "Stop and quiet period: {}, as in past resets of this stream.",
            span.words()
        ));
        return Some(span);
    }
    said.push(format!(
        "Stop: up to {} of grace and a minute, by assumption, since no past reset of this stream tells. Then {} of quiet.",
        human_duration(grace_ms),
        human_duration(work.quiet_ms)
    ));
    Some(quiet.plus(Span {
        least_ms: 0,
        most_ms: grace_ms.saturating_add(AFTER_GRACE_MS),
    }))
}

/// How many CopyObject calls a second are assumed at the least.
const COPIES_PER_S: i64 = 50;

fn copy(work: &Work, past: &[PastReset], said: &mut Vec<String>) -> Option<Span> {
    // Nor is it backed up again.
    if work.objects == 0 {
        return None;
    }
    let objects = counted(
        u64::try_from(work.objects).unwrap_or(0),
        "object",
        "objects",
    );
    let scaled = past.iter().filter_map(|reset| {
        let copied = reset
            .copied
            .filter(|copied| copied.objects >= OBJECTS_MIN)?;
        let ms = i128::from(copied.took_ms) * i128::from(work.objects);
        i64::try_from(ms / i128::from(copied.objects)).ok()
    });
    if let Some(span) = Span::over(scaled) {
        said.push(format!(
            "Backup of {objects}: {}, at the speed of past resets of this stream.",
            span.words()
        ));
        return Some(span);
    }
    said.push(format!(
        "Backup of {objects} at {COPIES_PER_S} a second or faster, by assumption."
    ));
    let most_ms = work.objects.saturating_mul(1_000) / COPIES_PER_S;
    Some(Span {
        least_ms: most_ms / 10,
        most_ms,
    })
}

/// Of fewer objects, what was measured is the round trip and not the speed.
const OBJECTS_MIN: u64 = 100;

fn start(work: &Work, start_up: Option<Span>, said: &mut Vec<String>) -> Option<Span> {
    if !work.starts {
        return None;
    }
    if let Some(span) = start_up {
        said.push(format!(
            "Start of the job: {}, as in this stream's past job runs, and a trigger interval to its first batch.",
            span.words()
        ));
        let first = Span {
            least_ms: 0,
            most_ms: work.trigger_ms,
        };
        return Some(span.plus(first));
    }
    said.push(
        "Start of the job: between 30 seconds and 5 minutes, by assumption.".to_owned(),
    );
    Some(Span {
        least_ms: 30_000,
        most_ms: 5 * 60_000,
    })
}

/// The most records a second that the cap of a batch lets through, times 1,000.
fn capped_milli(work: &Work) -> Option<i64> {
    let cap = work.batch_max.filter(|_| work.trigger_ms > 0)?;
    i64::try_from(i128::from(cap) * 1_000_000 / i128::from(work.trigger_ms)).ok()
}

fn catch_up(work: &Work, rates: Rates, assumptions: &mut Vec<String>) -> Option<i64> {
    let backlog = work.backlog;
    if backlog == 0 {
        if work.starts {
            assumptions.push("No backlog to catch up.".to_owned());
        }
        return Some(0);
    }
    let (Some(drain), Some(arrival)) = (rates.drain_milli, rates.arrival_milli) else {
        assumptions.push(format!(
            "A backlog of {} records; how fast this stream works is unknown, so no end is given.",
            thousands(backlog)
        ));
        return None;
    };
    let capped = capped_milli(work).filter(|cap| *cap < drain);
    if let (Some(cap), Some(most)) = (capped, work.batch_max) {
        assumptions.push(format!(
            "maxOffsetsPerTrigger lets {} records a batch through, which is {} a second.",
            thousands(most),
            thousands(cap / 1_000)
        ));
    }
    let net = capped.unwrap_or(drain).saturating_sub(arrival);
    if net <= 0 {
        assumptions.push(format!(
            "A backlog of {} records, and records arrive at least as fast as they are processed: it does not shrink.",
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

    fn measured(rates: Rates) -> Measured {
        Measured {
            rates,
            ..Measured::default()
        }
    }

    fn of(work: &Work, measured: &Measured) -> Estimate {
        estimate(&WayOut::Latest, None, NOW, work, measured)
    }

    #[test]
    fn an_unmeasured_or_outrun_rate_gives_no_end() {
        let work = Work {
            starts: true,
            backlog: 500,
            ..Work::default()
        };
        let rates = |drain, arrival| {
            measured(Rates {
                drain_milli: drain,
                arrival_milli: arrival,
            })
        };
        assert_eq!(of(&work, &rates(None, None)).most_ms, None);
        assert_eq!(of(&work, &rates(Some(10_000), Some(10_000))).most_ms, None);
        let known = of(&work, &rates(Some(20_000), Some(10_000)));
        assert_eq!(known.least_ms, 30_000 + 50_000);
        assert_eq!(known.most_ms, Some(300_000 + 2 * 50_000));
    }

    #[test]
    fn a_cap_on_the_batch_slows_the_catching_up() {
        let rates = Rates {
            drain_milli: Some(1_000_000),
            arrival_milli: Some(0),
        };
        let work = |batch_max| Work {
            backlog: 10_000,
            batch_max,
            trigger_ms: 10_000,
            ..Work::default()
        };
        assert_eq!(of(&work(None), &measured(rates)).least_ms, 10_000);
        let capped = of(&work(Some(1_000)), &measured(rates));
        assert_eq!(capped.least_ms, 100_000);
        let said = capped.assumptions.join(" ");
        assert!(said.contains("1,000 records a batch"), "{said}");
        // A cap above what it can do anyhow slows nothing.
        assert_eq!(of(&work(Some(100_000)), &measured(rates)).least_ms, 10_000);
    }

    #[test]
    fn what_past_resets_took_is_taken_before_what_is_assumed() {
        let reset = |stop_ms, objects, took_ms| PastReset {
            stop_ms: Some(stop_ms),
            copied: Some(Copied { objects, took_ms }),
            ..past::tests::reset()
        };
        let work = Work {
            objects: 1_000,
            quiet_ms: 30_000,
            stop_grace_ms: Some(120_000),
            ..Work::default()
        };
        let assumed = of(&work, &Measured::default());
        assert_eq!(assumed.least_ms, 30_000 + 2_000);
        assert_eq!(assumed.most_ms, Some(30_000 + 180_000 + 20_000));
        let known = Measured {
            past: vec![reset(40_000, 500, 2_000), reset(50_000, 100, 1_000)],
            ..Measured::default()
        };
        let known = of(&work, &known);
        assert_eq!(known.least_ms, 40_000 + 4_000);
        assert_eq!(known.most_ms, Some(50_000 + 10_000));
        let said = known.assumptions.join(" ");
        assert!(said.contains("past resets of this stream"), "{said}");
        assert!(!said.contains("by assumption"), "{said}");
    }

    #[test]
    fn a_quiet_period_is_assumed_only_where_there_is_one() {
        for (quiet_ms, is_said) in [(30_000, true), (0, false)] {
            let work = Work {
                objects: 100,
                quiet_ms,
                ..Work::default()
            };
            let estimate = of(&work, &Measured::default());
            let said = estimate.assumptions.iter().any(|a| a.contains("uiet"));
            assert_eq!(said, is_said, "{:?}", estimate.assumptions);
        }
    }
}
