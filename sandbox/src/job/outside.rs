//! Drivers that run outside of the sandbox, such as a real Spark.
//!
//! A script whose first line says so is not simulated. EMR's side of its job run is the
//! sandbox's as ever: states, delays, attempts and cancellation. What the driver does is
//! done by whoever asks the console for it, on the files of the bucket, and told there:
//! each line of its log, and how it ended.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::sync::oneshot;

use super::driver::AttemptEnd;
use super::driver_log::DriverLog;
use super::failure::state_details;
use super::order::{AttemptOrder, StopSignal};

/// The first line of a script that runs outside.
pub const MARK: &str = "# Runs outside of the sandbox.";

/// The drivers that run outside. Clones share them.
#[derive(Clone, Default)]
pub struct Outside {
    drivers: Arc<Mutex<BTreeMap<Key, Driver>>>,
}

/// The job run and the number of its attempt.
type Key = (String, u32);

struct Driver {
    order: AttemptOrder,
    log: DriverLog,
    stop: StopSignal,
    end: Option<oneshot::Sender<AttemptEnd>>,
}

/// A driver that is to run, as whoever runs it must know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OutsideDriver {
    /// The job run.
    pub job_run_id: String,
    /// The attempt, from 1.
    pub attempt: u32,
    /// The script.
    pub entry_point: String,
    /// The entry point's arguments.
    pub arguments: Vec<String>,
    /// Spark's confs, as they were submitted.
    pub confs: BTreeMap<String, String>,
    /// SIGTERM was sent: it is to end.
    pub terminated: bool,
}

/// There is no such attempt, or it is over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no attempt {attempt} of job run {job_run_id} runs outside")]
pub struct NotOutside {
    /// The job run.
    pub job_run_id: String,
    /// The attempt.
    pub attempt: u32,
}

impl Outside {
    /// Whether a script says of itself that it runs outside.
    pub(super) fn is_marked(script: &str) -> bool {
        script
            .lines()
            .next()
            .is_some_and(|line| line.trim_end() == MARK)
    }

    /// Lets an attempt run outside and waits for its end. Dropping the future ends it
    /// there too: it is no longer listed.
    pub(super) async fn run(
        &self,
        order: AttemptOrder,
        log: DriverLog,
        stop: StopSignal,
    ) -> AttemptEnd {
        let key = (order.job_run_id.clone(), order.number);
        let (end, ended) = oneshot::channel();
        let driver = Driver {
            order,
            log,
            stop,
            end: Some(end),
        };
        self.lock().insert(key.clone(), driver);
        let _listed = Listed { outside: self, key };
        ended.await.unwrap_or(AttemptEnd::Finished)
    }

    /// Whether an attempt runs outside and has not ended.
    pub(crate) fn runs(&self, job_run_id: &str, attempt: u32) -> bool {
        self.lock().contains_key(&(job_run_id.to_owned(), attempt))
    }

    /// All that are to run now.
    pub fn list(&self) -> Vec<OutsideDriver> {
        self.lock().values().map(Driver::told).collect()
    }

    /// Adds lines to a driver's log, as they come.
    pub fn log(
        &self,
        job_run_id: &str,
        attempt: u32,
        lines: &[String],
    ) -> Result<(), NotOutside> {
        let drivers = self.lock();
        let driver = drivers
            .get(&(job_run_id.to_owned(), attempt))
            .ok_or_else(|| not_outside(job_run_id, attempt))?;
        for line in lines {
            driver.log.raw(line);
        }
        Ok(())
    }

    /// The driver has ended: by exceptions, the innermost first, or without one as a
    /// script does that runs to its end.
    pub fn end(
        &self,
        job_run_id: &str,
        attempt: u32,
        exceptions: &[String],
    ) -> Result<(), NotOutside> {
        let end = match exceptions {
            [] => AttemptEnd::Finished,
            all => AttemptEnd::Failed(state_details(all)),
        };
        self.lock()
            .get_mut(&(job_run_id.to_owned(), attempt))
            .and_then(|driver| driver.end.take())
            .and_then(|waits| waits.send(end).ok())
            .ok_or_else(|| not_outside(job_run_id, attempt))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, Driver>> {
        self.drivers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Driver {
    fn told(&self) -> OutsideDriver {
        OutsideDriver {
            job_run_id: self.order.job_run_id.clone(),
            attempt: self.order.number,
            entry_point: self.order.entry_point.clone(),
            arguments: self.order.arguments.clone(),
            confs: self.order.confs.clone(),
            terminated: self.stop.is_terminated(),
        }
    }
}

fn not_outside(job_run_id: &str, attempt: u32) -> NotOutside {
    NotOutside {
        job_run_id: job_run_id.to_owned(),
        attempt,
    }
}

/// Takes a driver off the list when it is over or killed.
struct Listed<'a> {
    outside: &'a Outside,
    key: Key,
}

impl Drop for Listed<'_> {
    fn drop(&mut self) {
        self.outside.lock().remove(&self.key);
    }
}
