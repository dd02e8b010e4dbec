//! What would help a stream to catch up in time, with numbers.

use super::{Measured, RtoClass, Work, capped_milli};
use crate::text::{counted, thousands};
use crate::time::human_duration;

/// What to do so that the backlog is read within the recovery time objective;
/// empty where it is anyhow, or where there is none.
pub(super) fn advise(
    work: &Work,
    measured: &Measured,
    class: RtoClass,
    catch_up_ms: Option<i64>,
) -> Vec<String> {
    let mut advice = Vec::new();
    if work.backlog == 0 || !work.starts {
        return advice;
    }
    if class == RtoClass::Full {
        advice.push(
            "To have the newest data first, begin 7 days back (option B), and read what is older in a reset of its own afterwards, into the same sink only if that takes records twice.".to_owned(),
        );
    }
    let rates = measured.rates;
    let (Some(drain), Some(arrival)) = (rates.drain_milli, rates.arrival_milli) else {
        return advice;
    };
    // Where the table has no end, half of its least is aimed at.
    let limit_ms = class.limit_ms().unwrap_or(8 * 3_600_000);
    let aim_ms = limit_ms.saturating_mul(8) / 10;
    if catch_up_ms.is_some_and(|ms| ms <= aim_ms) {
        return advice;
    }
    let wanted = i128::from(work.backlog) * 1_000_000 / i128::from(aim_ms.max(1));
    let Ok(wanted) = i64::try_from(wanted + i128::from(arrival)) else {
        return advice;
    };
    advice.push(format!(
        "To read the backlog in {}, it must do {} records a second; its newest batches did {}.",
        human_duration(aim_ms),
        thousands(per_second(wanted)),
        thousands(per_second(drain))
    ));
    advice.extend(cap(work, wanted));
    advice.extend(workers(work, measured, drain, wanted));
    advice
}

fn per_second(milli: i64) -> u64 {
    u64::try_from(milli / 1_000).unwrap_or(0)
}

/// A cap that lets too little through.
fn cap(work: &Work, wanted: i64) -> Option<String> {
    let now = work.batch_max?;
    capped_milli(work).filter(|cap| *cap < wanted)?;
    let batch = i128::from(wanted) * i128::from(work.trigger_ms) / 1_000_000;
    let batch = u64::try_from(batch).ok()?;
    Some(format!(
        "Set maxOffsetsPerTrigger to {}; it is {}. Until that is done, more workers change nothing.",
        thousands(round_up(batch)),
        thousands(now)
    ))
}

/// Two digits, so that nobody believes it to be exact.
fn round_up(number: u64) -> u64 {
    let mut unit = 1;
    while number / unit >= 100 {
        unit *= 10;
    }
    number.div_ceil(unit) * unit
}

fn up(number: i128, by: i128) -> i128 {
    (number + by - 1) / by
}

/// More workers, as far as the topic's partitions can keep them at work.
fn workers(work: &Work, measured: &Measured, drain: i64, wanted: i64) -> Option<String> {
    if wanted <= drain || drain <= 0 {
        return None;
    }
    let tenths = up(i128::from(wanted) * 10, i128::from(drain));
    let times = format!("{}.{}", tenths / 10, tenths % 10);
    let Some(used) = measured.used else {
        return Some(format!(
            "Give it {times} times the workers, with as much memory each. What it has now is unknown."
        ));
    };
    let scaled = |milli: i64| {
        let whole = up(i128::from(milli) * tenths, 10_000);
        u64::try_from(whole).unwrap_or(u64::MAX)
    };
    let (vcpus, memory) = (scaled(used.vcpu_milli), scaled(used.memory_gb_milli));
    let mut advice = format!(
        "Give it {times} times the workers: about {} vCPUs and {} GB in all, where its newest job run used {} and {}.",
        thousands(vcpus),
        thousands(memory),
        thousands(per_second(used.vcpu_milli + 999)),
        thousands(per_second(used.memory_gb_milli + 999)),
    );
    if vcpus > work.partitions {
        advice.push_str(&format!(
            " More than {} help only with the reader's option minPartitions: a partition of Kafka is read by one task.",
            counted(work.partitions, "vCPU", "vCPUs")
        ));
    }
    Some(advice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::{Rates, Used};

    fn advice(work: Work, class: RtoClass, used: Option<Used>) -> String {
        let measured = Measured {
            rates: Rates {
                drain_milli: Some(100_000),
                arrival_milli: Some(10_000),
            },
            used,
            ..Measured::default()
        };
        let catch_up_ms = i64::try_from(work.backlog).unwrap() * 1_000 / 90;
        advise(&work, &measured, class, Some(catch_up_ms)).join(" ")
    }

    fn work(backlog: u64) -> Work {
        Work {
            starts: true,
            backlog,
            trigger_ms: 10_000,
            partitions: 6,
            ..Work::default()
        }
    }

    #[test]
    fn what_is_caught_up_in_time_anyhow_needs_no_advice() {
        assert_eq!(advice(work(10_000), RtoClass::Day, None), "");
        assert_eq!(advice(work(0), RtoClass::Day, None), "");
    }

    #[test]
    fn the_rate_that_is_needed_is_said_and_what_it_takes() {
        // 720,000 records in 48 minutes are 250 a second, and 10 arrive.
        let used = Some(Used {
            vcpu_milli: 12_000,
            memory_gb_milli: 48_000,
        });
        let said = advice(work(720_000), RtoClass::Day, used);
        assert!(said.contains("must do 260 records a second"), "{said}");
        assert!(said.contains("newest batches did 100"), "{said}");
        assert!(said.contains("2.6 times the workers"), "{said}");
        assert!(said.contains("32 vCPUs and 125 GB"), "{said}");
        assert!(said.contains("More than 6 vCPUs"), "{said}");
    }

    #[test]
    fn a_cap_that_lets_too_little_through_comes_first() {
        let capped = Work {
            batch_max: Some(1_000),
            ..work(720_000)
        };
        let said = advice(capped, RtoClass::Day, None);
        assert!(said.contains("Set maxOffsetsPerTrigger to 2,600"), "{said}");
        assert!(said.contains("it is 1,000"), "{said}");
    }

    #[test]
    fn a_full_reprocess_is_offered_in_two_parts() {
        let said = advice(work(10_000), RtoClass::Full, None);
        assert!(said.contains("7 days back"), "{said}");
    }

    #[test]
    fn a_number_is_rounded_up_to_two_digits() {
        for (number, rounded) in
            [(0, 0), (99, 99), (101, 110), (2_600, 2_600), (2_601, 2_700)]
        {
            assert_eq!(round_up(number), rounded);
        }
    }
}
