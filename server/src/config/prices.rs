//! `[prices]`: what workers and requests cost, for the figure beside a plan.

use domain::estimate::Prices;
use serde::Deserialize;

use super::document::Document;
use super::error::Problem;

/// As the file has them, in units of the currency.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPrices {
    /// Stands behind an amount.
    currency: String,
    /// Of a vCPU for an hour.
    vcpu_hour: f64,
    /// Of a GB of memory for an hour.
    memory_gb_hour: f64,
    /// Of 1,000 PUT, COPY, POST or LIST requests to S3.
    s3_writes_1000: f64,
    /// Of 1,000 GET and other requests to S3.
    s3_reads_1000: f64,
}

/// More than any of these costs anywhere, and far from what a sum overflows at.
const PRICE_MAX: f64 = 1_000_000.0;
/// As the currencies of ISO 4217 are written.
const CURRENCY_CHARS_MAX: usize = 8;

pub(super) fn judge(
    raw: Option<RawPrices>,
    document: &Document<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Prices> {
    let raw = raw?;
    let mut micro = |name: &str, price: f64| {
        if !(0.0..=PRICE_MAX).contains(&price) {
            let path = format!("prices.{name}");
            problems.push(document.problem(&path, "a number from 0 to 1,000,000"));
        }
        (price * 1e6).round() as i64
    };
    let prices = Prices {
        vcpu_hour_micro: micro("vcpu_hour", raw.vcpu_hour),
        memory_gb_hour_micro: micro("memory_gb_hour", raw.memory_gb_hour),
        s3_writes_1000_micro: micro("s3_writes_1000", raw.s3_writes_1000),
        s3_reads_1000_micro: micro("s3_reads_1000", raw.s3_reads_1000),
        currency: raw.currency,
    };
    let currency = &prices.currency;
    let is_word = currency.chars().all(|c| c.is_alphanumeric());
    if currency.is_empty() || !is_word || currency.chars().count() > CURRENCY_CHARS_MAX {
        problems.push(document.problem("prices.currency", "a word such as USD"));
    }
    Some(prices)
}
