//! Carries out plans. It decides nothing: what comes next is
//! [`domain::run::next`], what a step does stands in the plan, and this module
//! claims a Run, appends the intent, acts and appends the outcome.
//!
//! Every effect looks at the world before it acts, so that a step whose
//! outcome was lost in a crash is found done, and not done twice.

mod drive;
mod effects;
mod pace;
mod problem;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::ids::RunId;
use domain::run::Next;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::aws::Aws;
use crate::clock;
use crate::observe::Observer;
use crate::runs::Runs;

/// How long a lease on a Run holds, and how often it is renewed in that time.
#[derive(Clone, Copy, Debug)]
pub struct LeaseTime {
    /// How long.
    pub ttl: Duration,
}

impl LeaseTime {
    pub(crate) fn ttl_ms(self) -> i64 {
        i64::try_from(self.ttl.as_millis()).unwrap_or(i64::MAX)
    }

    pub(crate) fn renew_every(self) -> Duration {
        self.ttl / 3
    }
}

/// What the executor needs.
pub(crate) struct World {
    pub(crate) runs: Runs,
    pub(crate) aws: Aws,
    pub(crate) observer: Observer,
    pub(crate) lease: LeaseTime,
    /// Names this process in leases.
    pub(crate) owner: String,
    pub(crate) pace: pace::Pace,
}

/// The executor of this process.
#[derive(Clone)]
pub struct Executor {
    world: Arc<World>,
    /// Runs that this process is driving, so that it does not drive one twice.
    driven: Arc<Mutex<HashMap<RunId, ()>>>,
}

/// How often open Runs are looked through even if nothing was appended: a
/// lease that another process lost shows only in time.
const SWEEP: Duration = Duration::from_secs(2);

impl Executor {
    /// An executor on this world.
    #[must_use]
    pub fn new(
        runs: Runs,
        aws: Aws,
        observer: Observer,
        lease: LeaseTime,
        owner: String,
        writes_per_second_max: u32,
    ) -> Self {
        Self {
            world: Arc::new(World {
                runs,
                aws,
                observer,
                lease,
                owner,
                pace: pace::Pace::new(writes_per_second_max),
            }),
            driven: Arc::default(),
        }
    }

    /// Drives every Run that has something to do, until `stop`. Then the step
    /// under way is left at its next safe point; it is taken up again by
    /// whoever holds the Run next.
    pub async fn work(self, stop: CancellationToken) {
        let mut head: watch::Receiver<i64> = self.world.runs.store().follow();
        let mut driving = JoinSet::new();
        loop {
            self.sweep(&mut driving, &stop).await;
            tokio::select! {
                () = stop.cancelled() => break,
                changed = head.changed() => {
                    if changed.is_err() { break }
                }
                () = tokio::time::sleep(SWEEP) => {}
                Some(_) = driving.join_next() => {}
            }
        }
        while driving.join_next().await.is_some() {}
    }

    async fn sweep(&self, driving: &mut JoinSet<()>, stop: &CancellationToken) {
        let open = match self.world.runs.open_runs().await {
            Ok(open) => open,
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "executor.sweep"
                );
                return;
            }
        };
        for run in open {
            if self.driven.lock().await.contains_key(&run) || !self.has_work(&run).await {
                continue;
            }
            self.driven.lock().await.insert(run.clone(), ());
            let (world, driven, stop) =
                (self.world.clone(), self.driven.clone(), stop.clone());
            driving.spawn(async move {
                drive::drive(world, run.clone(), stop).await;
                driven.lock().await.remove(&run);
            });
        }
    }

    async fn has_work(&self, run: &RunId) -> bool {
        match self.world.runs.load(run).await {
            Ok(Some(loaded)) => !matches!(
                domain::run::next(&loaded.state, clock::now()),
                Next::Person | Next::Over
            ),
            Ok(None) => false,
            Err(error) => {
                tracing::error!(%run, error = &error as &dyn std::error::Error, "executor.load");
                false
            }
        }
    }
}
