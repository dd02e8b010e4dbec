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
        let at = self
            .lock()
            .take(Instant::now(), writes, self.per_second_max);
        tokio::time::sleep_until(at).await;
    }

    /// Halves the rate: S3 answered SlowDown.
    pub(crate) fn slower(&self) {
        self.lock().slower();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl State {
    /// When a turn of `writes` writes that is asked for at `now` may begin.
    fn take(&mut self, now: Instant, writes: u32, per_second_max: u32) -> Instant {
        let at = self.next.filter(|next| *next > now).unwrap_or(now);
        self.next = Some(at + Duration::from_secs(1) * writes / self.per_second);
        self.turns_since_slower = self.turns_since_slower.saturating_add(1);
        // A second's worth of turns without a complaint earns a tenth more.
        if self.turns_since_slower > self.per_second {
            self.turns_since_slower = 0;
            let more = self.per_second + self.per_second.div_ceil(10);
            self.per_second = more.min(per_second_max);
        }
        at
    }

    fn slower(&mut self) {
        self.per_second = (self.per_second / 2).max(1);
        self.turns_since_slower = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(per_second: u32) -> State {
        State {
            per_second,
            next: None,
            turns_since_slower: 0,
        }
    }

    /// How long so many turns take that are asked for at once.
    fn spread(state: &mut State, turns: u32) -> Duration {
        let now = Instant::now();
        let last = (0..turns).map(|_| state.take(now, 1, 100)).last();
        last.unwrap_or(now) - now
    }

    #[test]
    fn turns_keep_to_the_ceiling() {
        assert_eq!(spread(&mut state(100), 51).as_millis(), 500);
    }

    #[test]
    fn a_slow_down_halves_the_rate_and_it_comes_back_slowly() {
        let mut state = state(100);
        state.slower();
        assert_eq!(state.per_second, 50);
        spread(&mut state, 51);
        assert_eq!(state.per_second, 55);
        for _ in 0..20 {
            state.slower();
        }
        assert_eq!(state.per_second, 1, "it never stops altogether");
        spread(&mut state, 5_000);
        assert_eq!(state.per_second, 100, "it never passes the ceiling");
    }
}
