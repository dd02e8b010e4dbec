//! The ceiling of writes a second: other people's streams share the bucket.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

/// Hands out turns at no more than so many a second; fewer after each time
/// that S3 asked for less, and slowly more again.
#[derive(Debug)]
pub(crate) struct Pace {
    per_second_max: u32,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    per_second: u32,
    next: Option<Instant>,
    turns_since_slower: u32,
}

impl Pace {
    /// At most `per_second_max` turns a second.
    pub(crate) fn new(per_second_max: u32) -> Self {
        let per_second_max = per_second_max.max(1);
        Self {
            per_second_max,
            state: Mutex::new(State {
                per_second: per_second_max,
                next: None,
                turns_since_slower: 0,
            }),
        }
    }

    /// Waits for a turn of `writes` writes.
    pub(crate) async fn turn(&self, writes: u32) {
        let at = {
            let mut state = self.lock();
            let now = Instant::now();
            let at = state.next.filter(|next| *next > now).unwrap_or(now);
            let step = Duration::from_secs(1) * writes / state.per_second;
            state.next = Some(at + step);
            state.turns_since_slower = state.turns_since_slower.saturating_add(1);
            // A second's worth of turns without a complaint earns a tenth more.
            if state.turns_since_slower > state.per_second {
                state.turns_since_slower = 0;
                let more = state.per_second + state.per_second.div_ceil(10);
                state.per_second = more.min(self.per_second_max);
            }
            at
        };
        tokio::time::sleep_until(at).await;
    }

    /// Halves the rate: S3 answered SlowDown.
    pub(crate) fn slower(&self) {
        let mut state = self.lock();
        state.per_second = (state.per_second / 2).max(1);
        state.turns_since_slower = 0;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn turns_keep_to_the_ceiling_and_halve_when_asked() {
        let pace = Pace::new(100);
        let begin = Instant::now();
        for _ in 0..50 {
            pace.turn(1).await;
        }
        assert_eq!(begin.elapsed().as_millis(), 490);
        pace.slower();
        let begin = Instant::now();
        for _ in 0..11 {
            pace.turn(1).await;
        }
        assert!(begin.elapsed().as_millis() >= 200);
    }
}
