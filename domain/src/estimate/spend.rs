//! What a reset takes of workers and of S3, and what that costs where prices are
//! configured.

use serde::{Deserialize, Serialize};

use super::{Measured, Work};
use crate::canonical::decimal;

/// What a job run used on average, from EMR's `totalResourceUtilization` over its
/// execution time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// vCPUs, times 1,000.
    pub vcpu_milli: i64,
    /// Memory in GB, times 1,000.
    pub memory_gb_milli: i64,
}

/// Prices in millionths of a currency's unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prices {
    /// The currency, as it stands behind an amount: `USD`.
    pub currency: String,
    /// Of a vCPU for an hour.
    pub vcpu_hour_micro: i64,
    /// Of a GB of memory for an hour.
    pub memory_gb_hour_micro: i64,
    /// Of 1,000 PUT, COPY, POST or LIST requests.
    pub s3_writes_1000_micro: i64,
    /// Of 1,000 GET and all other requests.
    pub s3_reads_1000_micro: i64,
}

/// What a plan takes of workers and of S3.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spend {
    /// PUT, COPY, POST and LIST requests to S3, of Sluice alone.
    #[serde(with = "decimal")]
    pub s3_writes: u64,
    /// GET and HEAD requests, likewise.
    #[serde(with = "decimal")]
    pub s3_reads: u64,
    /// vCPU-hours until the backlog is read, times 1,000; `None` where the time or
    /// the workers are unknown.
    pub vcpu_hours_milli: Option<i64>,
    /// GB-hours of memory, likewise.
    pub memory_gb_hours_milli: Option<i64>,
    /// What that costs at the configured prices, in millionths of the currency's
    /// unit; `None` without prices, or where the workers are unknown.
    pub cost_micro: Option<i64>,
    /// The currency.
    pub currency: Option<String>,
}

/// Keys in a page of a listing.
const PAGE: i64 = 1_000;

pub(super) fn spend(
    work: &Work,
    measured: &Measured,
    catch_up_ms: Option<i64>,
) -> Option<Spend> {
    let pages = work.objects / PAGE + 1;
    // A backup copies each object once and lists both sides, the source again.
    let (writes, reads) = match work.objects {
        0 => (0, 0),
        objects => (objects + 3 * pages, 0),
    };
    let hours = |milli: i64, ms: i64| {
        let hours = i128::from(milli) * i128::from(ms) / 3_600_000;
        i64::try_from(hours).ok()
    };
    // Only what is read before the stream is where it was is the reset's own.
    let busy = (work.backlog > 0).then_some(()).and(catch_up_ms);
    let used = measured.used;
    let vcpu_hours_milli = busy.and_then(|ms| hours(used?.vcpu_milli, ms));
    let memory_gb_hours_milli = busy.and_then(|ms| hours(used?.memory_gb_milli, ms));
    if writes == 0 && vcpu_hours_milli.is_none() {
        return None;
    }
    let spend = Spend {
        s3_writes: u64::try_from(writes).unwrap_or(0),
        s3_reads: u64::try_from(reads).unwrap_or(0),
        vcpu_hours_milli,
        memory_gb_hours_milli,
        cost_micro: None,
        currency: measured.prices.as_ref().map(|p| p.currency.clone()),
    };
    let cost_micro = measured.prices.as_ref().and_then(|prices| {
        // A part that is unknown makes the sum unknown.
        if work.backlog > 0 && vcpu_hours_milli.is_none() {
            return None;
        }
        cost(&spend, prices)
    });
    Some(Spend {
        cost_micro,
        ..spend
    })
}

fn cost(spend: &Spend, prices: &Prices) -> Option<i64> {
    let of = |amount: i64, price: i64| i128::from(amount) * i128::from(price) / 1_000;
    let hours = of(spend.vcpu_hours_milli.unwrap_or(0), prices.vcpu_hour_micro)
        + of(
            spend.memory_gb_hours_milli.unwrap_or(0),
            prices.memory_gb_hour_micro,
        );
    let requests =
        |count: u64, price: i64| of(i64::try_from(count).unwrap_or(i64::MAX), price);
    let s3 = requests(spend.s3_writes, prices.s3_writes_1000_micro)
        + requests(spend.s3_reads, prices.s3_reads_1000_micro);
    i64::try_from(hours + s3).ok()
}

impl Spend {
    /// What it takes, as sentences.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        if let (Some(vcpu), Some(memory)) =
            (self.vcpu_hours_milli, self.memory_gb_hours_milli)
        {
            words.push(format!(
                "About {} vCPU-hours and {} GB-hours until the backlog is read, by what its newest job run used.",
                thousandths(vcpu),
                thousandths(memory)
            ));
        }
        if self.s3_writes + self.s3_reads > 0 {
            words.push(format!(
                "{} requests to S3 for the backup.",
                crate::text::thousands(self.s3_writes + self.s3_reads)
            ));
        }
        match (self.cost_micro, &self.currency) {
            (Some(micro), Some(currency)) => words.push(format!(
                "Together {} {currency} at the configured prices.",
                cents(micro)
            )),
            (None, Some(_)) => words.push(
                "What that costs is unknown: the time or the workers are.".to_owned(),
            ),
            (_, None) => words
                .push("What that costs is unknown: no prices are configured.".to_owned()),
        }
        words
    }
}

/// `1.5` of 1,500 thousandths, to one place.
fn thousandths(milli: i64) -> String {
    let tenths = (milli + 50) / 100;
    format!(
        "{}.{}",
        crate::text::thousands(u64::try_from(tenths / 10).unwrap_or(0)),
        tenths % 10
    )
}

/// `0.42` of 420,000 millionths; less than a cent is said to be so.
fn cents(micro: i64) -> String {
    let cents = (micro + 5_000) / 10_000;
    if cents == 0 {
        return "less than 0.01".to_owned();
    }
    format!(
        "{}.{:02}",
        crate::text::thousands(u64::try_from(cents / 100).unwrap_or(0)),
        cents % 100
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(prices: bool, used: bool) -> Measured {
        Measured {
            used: used.then_some(Used {
                vcpu_milli: 12_000,
                memory_gb_milli: 48_000,
            }),
            prices: prices.then(|| Prices {
                currency: "USD".to_owned(),
                vcpu_hour_micro: 52_624,
                memory_gb_hour_micro: 5_779,
                s3_writes_1000_micro: 5_000,
                s3_reads_1000_micro: 400,
            }),
            ..Measured::default()
        }
    }

    const CATCHING_UP: Work = Work {
        objects: 0,
        quiet_ms: 0,
        stop_grace_ms: None,
        starts: true,
        backlog: 1_000,
        batch_max: None,
        trigger_ms: 0,
        partitions: 3,
    };

    #[test]
    fn workers_are_counted_until_the_backlog_is_read() {
        let spend = spend(&CATCHING_UP, &measured(true, true), Some(1_800_000)).unwrap();
        assert_eq!(spend.vcpu_hours_milli, Some(6_000));
        assert_eq!(spend.memory_gb_hours_milli, Some(24_000));
        assert_eq!(spend.cost_micro, Some(6 * 52_624 + 24 * 5_779));
        let said = spend.words().join(" ");
        assert!(said.contains("6.0 vCPU-hours and 24.0 GB-hours"), "{said}");
        assert!(said.contains("0.45 USD"), "{said}");
    }

    #[test]
    fn a_backup_is_a_request_an_object_and_three_listings() {
        let work = Work {
            objects: 2_500,
            backlog: 0,
            ..CATCHING_UP
        };
        let spend = spend(&work, &measured(true, false), Some(0)).unwrap();
        assert_eq!(spend.s3_writes, 2_500 + 9);
        assert_eq!(spend.cost_micro, Some(12_545));
    }

    #[test]
    fn what_is_unknown_is_no_zero() {
        let known = |prices, used, ms| spend(&CATCHING_UP, &measured(prices, used), ms);
        assert_eq!(known(true, false, Some(1_000)), None);
        assert_eq!(known(true, true, None), None);
        let unpriced = known(false, true, Some(1_800_000)).unwrap();
        assert_eq!(unpriced.cost_micro, None);
        let said = unpriced.words().join(" ");
        assert!(said.contains("no prices are configured"), "{said}");
    }
}
