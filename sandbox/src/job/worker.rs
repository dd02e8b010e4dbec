//! One query's stream thread: trigger after trigger until something ends it.

use super::controls::Controls;
use super::driver_log::DriverLog;
use super::failure::Failure;
use super::order::StopSignal;
use super::progress::{self, Durations, Listener, WorkerMetrics};
use super::query::{Batch, MicroBatchQuery};
use super::sinks::{Sink, Written};
use super::storage::Storage;
use super::timeline::Timeline;
use crate::clock::Clock;
use std::time::Duration;

/// Everything that a running query touches.
pub(super) struct Worker {
    pub(super) query: MicroBatchQuery,
    pub(super) storage: Storage,
    pub(super) sink: Sink,
    pub(super) trigger: Duration,
    pub(super) timeline: Timeline,
    pub(super) clock: Clock,
    pub(super) controls: Controls,
    pub(super) job_run_id: String,
    pub(super) log: DriverLog,
    pub(super) listener: Option<Listener>,
    pub(super) workers: WorkerMetrics,
    /// Whether SIGTERM lets the current batch finish.
    pub(super) graceful: bool,
    pub(super) stop: StopSignal,
}

/// Between two lines about tasks while a batch is worked on.
const TASK_LINE_EVERY: Duration = Duration::from_secs(10);
/// Tasks of a batch, for those lines.
const TASKS: i64 = 200;

impl Worker {
    /// Runs until the query fails or is stopped.
    pub(super) async fn run(mut self) -> Result<(), Failure> {
        let mut last_trigger_ms = self.timeline.now_ms();
        loop {
            self.controls.pass_unless_hung(&self.job_run_id).await;
            if self.graceful && self.stop.is_terminated() {
                self.log
                    .spark("INFO MicroBatchExecution: Query was stopped");
                return Ok(());
            }
            let began_ms = self.timeline.now_ms();
            match self.query.next_batch().await? {
                None => self.idle(began_ms),
                Some(batch) => {
                    self.batch(batch, began_ms, began_ms - last_trigger_ms)
                        .await?
                }
            }
            last_trigger_ms = began_ms;
            self.wait_for_trigger().await;
        }
    }

    async fn batch(
        &mut self,
        mut batch: Batch,
        began_ms: i64,
        since_last_ms: i64,
    ) -> Result<(), Failure> {
        for warning in &batch.warnings {
            self.log
                .spark(&format!("WARN KafkaMicroBatchStream: {warning}"));
        }
        if !batch.replay {
            let id = batch.id;
            self.log.spark(&format!(
                "INFO MicroBatchExecution: Committed offsets for batch {id}. Metadata \
                 OffsetSeqMetadata(0,{began_ms},Map())"
            ));
        }
        let planned_ms = self.timeline.now_ms();
        let records = progress::records(&batch);
        self.work(&batch, records).await;
        let now_ms = self.timeline.now_ms();
        let written = self.sink.write(&self.storage, &batch, now_ms).await?;
        if let Written::Dropped { said, was_read } = written {
            self.log.spark(&format!("INFO {said}"));
            if !was_read {
                batch.ranges.clear();
            }
        }
        let written_ms = self.timeline.now_ms();
        self.query.commit(&batch).await?;
        let now_ms = self.timeline.now_ms();
        let took = Durations {
            latest_offset: 4,
            wal_commit: (planned_ms - began_ms).max(1),
            add_batch: written_ms - planned_ms,
            commit_offsets: (now_ms - written_ms).max(1),
            trigger_execution: now_ms - began_ms,
        };
        let past_ms = self.timeline.past_ms();
        let sink = self.sink.description();
        let query = &self.query;
        let event =
            progress::event(query, &batch, began_ms, since_last_ms, took, past_ms, &sink);
        self.log.spark(&format!(
            "INFO MicroBatchExecution: Streaming query made progress: {event}"
        ));
        self.publish(progress::records(&batch), now_ms);
        Ok(())
    }

    /// Executors at work. What they do is in the bronze object; here time passes.
    async fn work(&mut self, batch: &Batch, records: i64) {
        let ms = self.timeline.scaled_ms(progress::work_time(records));
        let tick_ms = self.timeline.scaled_ms(TASK_LINE_EVERY);
        let (log, workers) = (&self.log, &mut self.workers);
        let (timeline, clock) = (&self.timeline, &self.clock);
        let (id, began_ms) = (batch.id, self.timeline.now_ms());
        let mut last = -1;
        let tick = |done: f64| {
            let task = (done * TASKS as f64) as i64;
            let now_ms = timeline.now_ms();
            workers.publish(true, now_ms, clock.now_ms());
            if task == last {
                return;
            }
            last = task;
            let executor = 1 + task % 2;
            log.spark(&format!(
                "INFO TaskSetManager: Finished task {task}.0 in stage {id}.0 (TID {}) in \
                 {} ms on executor {executor} ({task}/{TASKS})",
                id * TASKS + task,
                (now_ms - began_ms).max(1),
            ));
        };
        self.controls
            .work(&self.job_run_id, timeline, ms, tick_ms, tick)
            .await;
    }

    /// A trigger that found nothing new.
    fn idle(&mut self, at_ms: i64) {
        self.log.spark(&format!(
            "INFO MicroBatchExecution: Streaming query has been idle and waiting for new \
             data more than {} ms.",
            self.trigger.as_millis()
        ));
        self.publish(0, at_ms);
    }

    fn publish(&mut self, records: i64, at_ms: i64) {
        let past_ms = self.timeline.past_ms();
        let now_ms = self.clock.now_ms();
        let lag = self.lag(past_ms);
        if let Some(listener) = &mut self.listener {
            listener.publish(records, lag, at_ms, now_ms);
        }
        self.workers.publish(false, at_ms, now_ms);
    }

    fn lag(&self, past_ms: Option<i64>) -> Option<i64> {
        let starts = self.query.next_starts();
        let mut sum = 0;
        for (source, start) in self.query.plan().sources.iter().zip(starts) {
            let waiting = source.waiting_after(start.as_deref()?, past_ms)?;
            sum += waiting.iter().sum::<i64>();
        }
        Some(sum)
    }

    /// Spark's processing-time executor: the next multiple of the interval, or at once
    /// where the batch took longer.
    async fn wait_for_trigger(&self) {
        let interval_ms = self.timeline.interval_ms(self.trigger);
        let now_ms = self.timeline.now_ms();
        let wait_ms = interval_ms - now_ms.rem_euclid(interval_ms);
        tokio::select! {
            biased;
            () = self.stop.terminated(), if self.graceful => {}
            () = self.timeline.pass_ms(wait_ms) => {}
        }
    }
}
