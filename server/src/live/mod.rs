//! Tells browsers that something has changed, by server-sent events. An event
//! carries nothing but its number: the page then asks anew for what it shows,
//! under its own rights.

mod follow;
mod routes;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use domain::ids::{RunId, StreamName};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::clock;

pub use follow::follow;
pub use routes::{run, streams};

/// More open event streams than that are turned away.
const SEATS: usize = 2_000;

/// What changes, and who follows it. Cheap to clone.
///
/// Each thing is a number that only grows. A slow follower finds the newest
/// number and nothing in between, so that memory is bounded.
#[derive(Clone)]
pub struct Live(Arc<Inner>);

struct Inner {
    /// The newest number of all. It begins with the time, so that numbers grow
    /// across a restart too.
    newest: AtomicU64,
    streams: watch::Sender<u64>,
    /// Only Runs that somebody follows.
    runs: Mutex<HashMap<RunId, watch::Sender<u64>>>,
    seats: Arc<Semaphore>,
}

impl Default for Live {
    fn default() -> Self {
        Self::new()
    }
}

impl Live {
    /// Nothing has changed yet and nobody follows.
    #[must_use]
    pub fn new() -> Self {
        let first = u64::try_from(clock::now().0).unwrap_or_default();
        Self(Arc::new(Inner {
            newest: AtomicU64::new(first),
            streams: watch::Sender::new(first),
            runs: Mutex::default(),
            seats: Arc::new(Semaphore::new(SEATS)),
        }))
    }

    /// A stream's latest snapshot or verdict is another one. Its Runs show it
    /// too: what it costs now, and whether the plan still holds.
    pub fn stream_changed(&self, stream: &StreamName) {
        let number = self.next();
        {
            let runs = self.0.runs.lock().unwrap_or_else(PoisonError::into_inner);
            for (run, followers) in runs.iter() {
                if run.reads_as_of(stream) {
                    followers.send_modify(|newest| *newest = number.max(*newest));
                }
            }
        }
        self.streams_changed();
    }

    /// The list of streams is another one.
    fn streams_changed(&self) {
        let number = self.next();
        self.0
            .streams
            .send_modify(|newest| *newest = number.max(*newest));
    }

    /// Something was appended to a Run's journal. The list of streams shows
    /// open Runs, so it changes with it.
    pub fn run_changed(&self, run: &RunId) {
        let number = self.next();
        {
            let mut runs = self.0.runs.lock().unwrap_or_else(PoisonError::into_inner);
            runs.retain(|_, followers| followers.receiver_count() > 0);
            if let Some(followers) = runs.get(run) {
                followers.send_modify(|newest| *newest = number.max(*newest));
            }
        }
        self.streams_changed();
    }

    /// Follows the list of streams.
    #[must_use]
    pub fn follow_streams(&self) -> watch::Receiver<u64> {
        self.0.streams.subscribe()
    }

    /// Follows one Run, whether or not it exists.
    #[must_use]
    pub fn follow_run(&self, run: &RunId) -> watch::Receiver<u64> {
        let newest = self.0.newest.load(Ordering::Relaxed);
        let mut runs = self.0.runs.lock().unwrap_or_else(PoisonError::into_inner);
        runs.retain(|_, followers| followers.receiver_count() > 0);
        runs.entry(run.clone())
            .or_insert_with(|| watch::Sender::new(newest))
            .subscribe()
    }

    /// A place among those who follow; `None` when all are taken.
    fn seat(&self) -> Option<OwnedSemaphorePermit> {
        self.0.seats.clone().try_acquire_owned().ok()
    }

    #[cfg(test)]
    fn free_seats(&self) -> usize {
        self.0.seats.available_permits()
    }

    fn next(&self) -> u64 {
        self.0.newest.fetch_add(1, Ordering::Relaxed) + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(text: &str) -> RunId {
        text.parse().unwrap()
    }

    #[test]
    fn a_slow_follower_finds_only_the_newest() {
        let live = Live::new();
        let mut follower = live.follow_streams();
        let before = *follower.borrow_and_update();
        for _ in 0..100 {
            live.streams_changed();
        }
        assert!(follower.has_changed().unwrap());
        assert_eq!(*follower.borrow_and_update(), before + 100);
        assert!(!follower.has_changed().unwrap());
    }

    #[test]
    fn a_run_tells_its_followers_and_the_list() {
        let live = Live::new();
        let list = live.follow_streams();
        let (one, other) = (live.follow_run(&run("a")), live.follow_run(&run("b")));
        live.run_changed(&run("a"));
        assert!(one.has_changed().unwrap());
        assert!(!other.has_changed().unwrap());
        assert!(list.has_changed().unwrap());
    }

    #[test]
    fn a_new_look_at_a_stream_tells_its_runs_and_no_others() {
        let live = Live::new();
        let own = live.follow_run(&run("orders-20251124-160000-00af"));
        let other = live.follow_run(&run("payments-20251124-160000-00af"));
        live.stream_changed(&"orders".parse().unwrap());
        assert!(own.has_changed().unwrap());
        assert!(!other.has_changed().unwrap());
    }

    #[test]
    fn runs_that_nobody_follows_are_forgotten() {
        let live = Live::new();
        drop(live.follow_run(&run("a")));
        live.run_changed(&run("a"));
        assert!(live.0.runs.lock().unwrap().is_empty());
    }
}
