//! The one clock of the sandbox.
//!
//! Timestamps are the real wall clock, since the clients' signatures, metrics and
//! log queries all carry real times. Only *delays* are scaled: a job that takes a
//! minute to start on AWS takes a second here under a factor of 60.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Reads the wall clock and scales delays. Clones share one factor.
#[derive(Debug, Clone)]
pub struct Clock {
    factor: Arc<AtomicU32>,
}

impl Clock {
    /// A clock whose delays are divided by `factor`; zero counts as one.
    pub fn new(factor: u32) -> Self {
        Self {
            factor: Arc::new(AtomicU32::new(factor.max(1))),
        }
    }

    /// Milliseconds since 1970-01-01T00:00:00Z, never scaled.
    pub fn now_ms(&self) -> i64 {
        let elapsed = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)
    }

    /// By how much delays are divided.
    pub fn factor(&self) -> u32 {
        self.factor.load(Ordering::Relaxed)
    }

    /// Changes the factor for every clone; zero counts as one. Delays that are
    /// already being waited for keep the old one.
    pub fn set_factor(&self, factor: u32) {
        self.factor.store(factor.max(1), Ordering::Relaxed);
    }

    /// How long a delay of the real system lasts here.
    pub fn scaled(&self, delay: Duration) -> Duration {
        delay / self.factor()
    }

    /// Waits for the scaled delay.
    pub async fn sleep(&self, delay: Duration) {
        tokio::time::sleep(self.scaled(delay)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_are_divided_and_timestamps_are_not() {
        let clock = Clock::new(60);
        assert_eq!(
            clock.scaled(Duration::from_secs(60)),
            Duration::from_secs(1)
        );
        let before = Clock::new(1).now_ms();
        let now = clock.now_ms();
        assert!((0..60_000).contains(&(now - before)), "{before} {now}");
    }

    #[test]
    fn a_factor_of_zero_counts_as_one() {
        let clock = Clock::new(0);
        assert_eq!(clock.scaled(Duration::from_secs(3)), Duration::from_secs(3));
    }

    #[test]
    fn clones_share_the_factor() {
        let clock = Clock::new(1);
        clock.clone().set_factor(10);
        assert_eq!(clock.factor(), 10);
    }
}
