//! The time that a job lives in: now, or a past that is played through until it has
//! caught up with now.
//!
//! A stream of the sandbox begins with hours of history. They are written by the same
//! job that runs on afterwards: its timeline starts in the past, waits take no time
//! there, and when it reaches the present it becomes the real clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use tokio::sync::watch;

use crate::clock::Clock;

/// Where a job's time comes from. Clones share it.
#[derive(Debug, Clone)]
pub struct Timeline {
    clock: Clock,
    past: Option<Arc<Past>>,
}

#[derive(Debug)]
struct Past {
    now_ms: watch::Sender<i64>,
    /// Whether the present was reached, after which there is no going back.
    present: watch::Sender<bool>,
    is_present: AtomicBool,
    /// Triggers are at least this far apart before `fine_from_ms`.
    stride_ms: i64,
    fine_from_ms: i64,
    /// Time stands still here until `release`.
    hold_at_ms: AtomicI64,
    held: watch::Sender<bool>,
}

impl Timeline {
    /// The real clock; waiting takes its scaled time.
    pub fn live(clock: Clock) -> Self {
        Self { clock, past: None }
    }

    /// A past that begins at `from_ms` and catches up with the clock. Until
    /// `fine_from_ms` it takes steps of at least `stride_ms`.
    pub fn past(clock: Clock, from_ms: i64, stride_ms: i64, fine_from_ms: i64) -> Self {
        let past = Past {
            now_ms: watch::Sender::new(from_ms),
            present: watch::Sender::new(false),
            is_present: AtomicBool::new(false),
            stride_ms,
            fine_from_ms,
            hold_at_ms: AtomicI64::new(i64::MAX),
            held: watch::Sender::new(false),
        };
        Self {
            clock,
            past: Some(Arc::new(past)),
        }
    }

    /// Milliseconds since the epoch.
    pub fn now_ms(&self) -> i64 {
        self.past_ms().unwrap_or_else(|| self.clock.now_ms())
    }

    /// The moment of a past that is being made up; `None` in the present.
    pub fn past_ms(&self) -> Option<i64> {
        let past = self.past.as_ref()?;
        if past.is_present.load(Ordering::Relaxed) {
            return None;
        }
        let now_ms = *past.now_ms.borrow();
        if now_ms < self.clock.now_ms() {
            return Some(now_ms);
        }
        past.is_present.store(true, Ordering::Relaxed);
        past.present.send_replace(true);
        None
    }

    /// The real length of a job's interval between triggers.
    pub fn interval_ms(&self, trigger: Duration) -> i64 {
        let scaled = self.scaled_ms(trigger).max(1);
        match (&self.past, self.past_ms()) {
            (Some(past), Some(now_ms)) if now_ms < past.fine_from_ms => {
                scaled.max(past.stride_ms)
            }
            _ => scaled,
        }
    }

    /// How many triggers one step of a past stands for; one in the present.
    pub fn triggers_at_once(&self, trigger: Duration) -> i64 {
        self.interval_ms(trigger) / self.scaled_ms(trigger).max(1)
    }

    /// How long a delay of the real system lasts here, in milliseconds.
    pub fn scaled_ms(&self, delay: Duration) -> i64 {
        i64::try_from(self.clock.scaled(delay).as_millis()).unwrap_or(i64::MAX)
    }

    /// Waits for the scaled delay, or lets the past move on by it.
    pub async fn pass(&self, delay: Duration) {
        self.pass_ms(self.scaled_ms(delay)).await;
    }

    /// Waits for a real time, or lets the past move on by it.
    pub async fn pass_ms(&self, ms: i64) {
        let (Some(past), Some(now_ms)) = (&self.past, self.past_ms()) else {
            let ms = u64::try_from(ms).unwrap_or(0);
            tokio::time::sleep(Duration::from_millis(ms)).await;
            return;
        };
        let target_ms = now_ms.saturating_add(ms.max(0));
        let hold_at_ms = past.hold_at_ms.load(Ordering::Relaxed);
        if target_ms > hold_at_ms {
            past.now_ms
                .send_modify(|now_ms| *now_ms = hold_at_ms.max(*now_ms));
            past.held.send_replace(true);
            let mut held = past.held.subscribe();
            // The sender lives in `past`, so that this cannot fail.
            let _ = held.wait_for(|held| !held).await;
        }
        // Queries of one job share a timeline, so that another may be further already.
        past.now_ms
            .send_modify(|now_ms| *now_ms = target_ms.max(*now_ms));
        // Whoever waits for a moment of this past must get its turn before it is over.
        tokio::task::yield_now().await;
    }

    /// Waits until the time has come, without making it pass.
    pub async fn reaches(&self, at_ms: i64) {
        if let Some(past) = &self.past {
            let mut now_ms = past.now_ms.subscribe();
            let mut present = past.present.subscribe();
            let reached = tokio::select! {
                _ = now_ms.wait_for(|now_ms| *now_ms >= at_ms) => true,
                _ = present.wait_for(|present| *present) => false,
            };
            if reached {
                return;
            }
        }
        let left = at_ms.saturating_sub(self.clock.now_ms());
        let left = u64::try_from(left).unwrap_or(0);
        tokio::time::sleep(Duration::from_millis(left)).await;
    }

    /// Waits until the past has caught up with the present.
    pub async fn is_now(&self) {
        if let Some(past) = &self.past {
            let _ = past.present.subscribe().wait_for(|present| *present).await;
        }
    }

    /// Lets the past stand still at a moment; see [`Self::held`].
    pub fn hold_at(&self, at_ms: i64) {
        if let Some(past) = &self.past {
            past.hold_at_ms.store(at_ms, Ordering::Relaxed);
        }
    }

    /// Waits until the past stands still.
    pub async fn held(&self) {
        if let Some(past) = &self.past {
            let _ = past.held.subscribe().wait_for(|held| *held).await;
        }
    }

    /// Lets the past move on.
    pub fn release(&self) {
        if let Some(past) = &self.past {
            past.hold_at_ms.store(i64::MAX, Ordering::Relaxed);
            past.held.send_replace(false);
        }
    }
}
