//! What the console can make a running driver do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::sync::watch;

use super::timeline::Timeline;

/// Switches on running drivers, by job run. A new job run is never under one.
#[derive(Debug, Clone, Default)]
pub struct Controls {
    state: Arc<watch::Sender<State>>,
}

#[derive(Debug, Default)]
struct State {
    hung: BTreeSet<String>,
    slow_until_ms: BTreeMap<String, i64>,
}

impl Controls {
    /// Lets the driver of a job run hang before its next batch, or go on.
    pub fn hang(&self, job_run_id: &str, hangs: bool) {
        self.state.send_modify(|state| {
            match hangs {
                true => state.hung.insert(job_run_id.to_owned()),
                false => state.hung.remove(job_run_id),
            };
        });
    }

    /// Whether a driver hangs.
    pub fn is_hung(&self, job_run_id: &str) -> bool {
        self.state.borrow().hung.contains(job_run_id)
    }

    /// Keeps the executors of a job run at its current batch until a time; `None` lets
    /// them go at their own pace again.
    pub fn slow_until(&self, job_run_id: &str, until_ms: Option<i64>) {
        self.state.send_modify(|state| {
            match until_ms {
                Some(ms) => state.slow_until_ms.insert(job_run_id.to_owned(), ms),
                None => state.slow_until_ms.remove(job_run_id),
            };
        });
    }

    /// Until when the executors of a job run are kept at their batch.
    pub fn slow_until_ms(&self, job_run_id: &str) -> Option<i64> {
        self.state.borrow().slow_until_ms.get(job_run_id).copied()
    }

    /// Forgets every switch.
    pub fn clear(&self) {
        self.state.send_replace(State::default());
    }

    /// Returns at once unless the driver hangs.
    pub(super) async fn pass_unless_hung(&self, job_run_id: &str) {
        let mut state = self.state.subscribe();
        // The sender lives in `self`.
        let _ = state
            .wait_for(|state| !state.hung.contains(job_run_id))
            .await;
    }

    /// Waits for a piece of work of `ms`, and as much longer as is switched on. `tick`
    /// is called while it lasts, with the share that is done.
    pub(super) async fn work(
        &self,
        job_run_id: &str,
        timeline: &Timeline,
        ms: i64,
        tick_ms: i64,
        mut tick: impl FnMut(f64),
    ) {
        let began_ms = timeline.now_ms();
        loop {
            let now_ms = timeline.now_ms();
            let end_ms = (began_ms + ms).max(self.slow_until_ms(job_run_id).unwrap_or(0));
            let left_ms = end_ms - now_ms;
            if left_ms <= 0 {
                return;
            }
            let mut state = self.state.subscribe();
            state.mark_unchanged();
            tokio::select! {
                _ = state.changed() => {}
                () = timeline.pass_ms(left_ms.min(tick_ms.max(1))) => {}
            }
            let whole_ms = (end_ms - began_ms).max(1);
            let done = (timeline.now_ms() - began_ms) as f64 / whole_ms as f64;
            if done < 1.0 {
                tick(done);
            }
        }
    }
}
