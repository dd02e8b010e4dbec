//! Confirms where the job went on: by the log that it wrote, and by what it says
//! of its first batch.

use domain::offsets::PartitionOffsets;
use domain::plan::ConfirmStep;
use domain::run::Facts;
use domain::snapshot::Progress;

use super::verify::{ends, is_running, job_words, nothing_waits};
use super::{Effect, Work};
use crate::clock;
use crate::executor::problem::Stopped;

/// The first batch of a started job, as the plan says it.
#[derive(Clone, Copy)]
pub(super) struct Begun<'a> {
    pub(super) batch: i64,
    pub(super) sources: &'a [PartitionOffsets],
    /// How long its commit may take, in milliseconds.
    pub(super) deadline_ms: i64,
}

impl Work<'_> {
    /// The batch's offsets can have been there before the job, its commit cannot:
    /// so that is what is waited for.
    pub(super) async fn confirm(&self, step: &ConfirmStep) -> Result<Effect, Stopped> {
        let began = clock::now();
        let mut told = String::new();
        loop {
            let commit = format!("commits/{}", step.batch);
            if self.read(&step.prefix, &commit).await?.is_some() {
                return self.went_on(step).await;
            }
            let snapshot = self.look().await;
            self.refuse_dead_job(&snapshot)?;
            if is_running(&snapshot) && nothing_waits(&snapshot, &step.sources) {
                return Ok(Effect {
                    before: Vec::new(),
                    facts: Facts::WentOn {
                        batch: step.batch,
                        sources: step.sources.clone(),
                        first_ends: Vec::new(),
                    },
                    warning: Some(format!(
                        "The job is running and has no record to read yet, so batch {} is still to come.",
                        step.batch
                    )),
                });
            }
            let awaited = format!("The commit of batch {}", step.batch);
            self.within(began, step.deadline_ms, &awaited)?;
            let what = job_words(&snapshot);
            if told != what {
                self.progress(0, 0, what.clone()).await;
                told = what;
            }
            self.pause().await?;
        }
    }

    async fn went_on(&self, step: &ConfirmStep) -> Result<Effect, Stopped> {
        let name = format!("offsets/{}", step.batch);
        let Some(bytes) = self.read(&step.prefix, &name).await? else {
            return Err(Stopped::person(
                format!("Batch {} is committed, and {name} is gone.", step.batch),
                "Somebody has deleted it. Stop the job and look.",
            ));
        };
        let ends = ends(&bytes);
        refuse_earlier_end(&step.sources, &ends)?;
        let begun = Begun {
            batch: step.batch,
            sources: &step.sources,
            deadline_ms: step.deadline_ms,
        };
        let warning = self.confirmed_by_progress(begun, &ends).await?;
        Ok(Effect {
            before: Vec::new(),
            facts: Facts::WentOn {
                batch: step.batch,
                sources: step.sources.clone(),
                first_ends: ends,
            },
            warning,
        })
    }

    /// Compares the first progress event with the plan. Its start offsets are null
    /// in batch 0 (seen on Spark 3.3 to 4.1), so what confirms a start there is its
    /// end together with the number of records that were read up to it.
    pub(super) async fn confirmed_by_progress(
        &self,
        begun: Begun<'_>,
        ends: &[PartitionOffsets],
    ) -> Result<Option<String>, Stopped> {
        let Some(event) = self.first_progress(begun).await? else {
            return Ok(Some(
                "No progress event of the first batch was found in the log; the checkpoint alone says where it began.".to_owned(),
            ));
        };
        let planned: u64 = begun
            .sources
            .iter()
            .zip(ends)
            .map(|(from, to)| from.records_between(to) + new_partitions(from, to))
            .sum();
        let same_start =
            event.start.is_none() || event.start.as_ref() == begun.sources.first();
        let same_end = event.end.is_none() || event.end.as_ref() == ends.first();
        if !same_start || !same_end || event.input_rows > planned {
            return Err(Stopped::person(
                format!(
                    "The first batch read {} records, and from the planned offsets to its end there are {planned}.",
                    event.input_rows
                ),
                "The job did not begin where the plan says. Stop it and look at its log.",
            ));
        }
        if event.input_rows < planned {
            // Compaction and transactions leave offsets without a record.
            return Ok(Some(format!(
                "The first batch read {} records over {planned} offsets. That is right only where the topic is compacted or written in transactions.",
                event.input_rows
            )));
        }
        Ok(None)
    }

    /// The first batch's progress event. It is written after the batch, so it is
    /// waited for until a while after the batch's commit.
    async fn first_progress(
        &self,
        begun: Begun<'_>,
    ) -> Result<Option<Progress>, Stopped> {
        const LOOKS_AFTER_COMMIT: u32 = 10;
        let began = clock::now();
        let mut looks_left = LOOKS_AFTER_COMMIT;
        while looks_left > 0 {
            let snapshot = self.look().await;
            let found = snapshot.progress.seen().and_then(|events| {
                events
                    .iter()
                    .find(|e| e.at >= self.plan.body.built_at && e.batch == begun.batch)
                    .cloned()
            });
            if found.is_some() {
                return Ok(found);
            }
            self.refuse_dead_job(&snapshot)?;
            let committed = snapshot
                .checkpoint
                .seen()
                .is_some_and(|c| c.newest_commit.is_some_and(|c| c >= begun.batch));
            if committed {
                looks_left -= 1;
            } else {
                self.within(began, begun.deadline_ms, "The commit of the first batch")?;
            }
            self.pause().await?;
        }
        Ok(None)
    }
}

/// Records of partitions that the log does not know yet: those begin at 0.
fn new_partitions(from: &PartitionOffsets, to: &PartitionOffsets) -> u64 {
    let of = |(topic, partition, end): (&str, i32, i64)| {
        from.get(topic, partition)
            .is_none()
            .then(|| u64::try_from(end).unwrap_or(0))
    };
    to.iter().filter_map(of).sum()
}

/// Refuses a first batch that ends before where it was to begin.
pub(super) fn refuse_earlier_end(
    sources: &[PartitionOffsets],
    ends: &[PartitionOffsets],
) -> Result<(), Stopped> {
    for (planned, end) in sources.iter().zip(ends) {
        for (topic, partition, from) in planned.iter() {
            let reached = end.get(topic, partition);
            if reached.is_none_or(|end| end < from) {
                return Err(Stopped::person(
                    format!(
                        "The first batch ends at {} in {topic}-{partition}, before the planned start {from}.",
                        reached.map_or("nothing".to_owned(), |o| o.to_string())
                    ),
                    "The job did not begin where the plan says. Stop it and look at its log.",
                ));
            }
        }
    }
    Ok(())
}
