//! Reads back where the job began, and watches it advance. Unknown is never
//! healthy.

use domain::checkpoint::{InitialOffset, OffsetSeq};
use domain::offsets::PartitionOffsets;
use domain::plan::{ReadBackStep, Setting, WatchStep};
use domain::run::Facts;
use domain::snapshot::{JobRunState, Progress, Snapshot};
use domain::stream::Prefix;
use domain::text::counted;

use super::{Effect, Work};
use crate::aws::AwsErrorKind;
use crate::clock;
use crate::executor::problem::Stopped;

const LOG_FILE_BYTES_MAX: u64 = 8 * 1024 * 1024;

impl Work<'_> {
    pub(super) async fn read_back(&self, step: &ReadBackStep) -> Result<Effect, Stopped> {
        let began = clock::now();
        let mut told = String::new();
        loop {
            let starts_told = self.starts_are_told(step).await?;
            let first = self.read(&step.prefix, "offsets/0").await?;
            if let Some(bytes) = first.filter(|_| starts_told) {
                return self.began(step, &bytes).await;
            }
            let snapshot = self.look().await;
            self.refuse_dead_job(&snapshot)?;
            let nothing_waits = nothing_waits(&snapshot, &step.sources);
            if starts_told && is_running(&snapshot) && nothing_waits {
                return Ok(Effect {
                    before: Vec::new(),
                    facts: Facts::BeganAt {
                        sources: step.sources.clone(),
                        first_ends: Vec::new(),
                    },
                    warning: Some(
                        "The job is running and has no record to read yet, so its first batch is still to come.".to_owned(),
                    ),
                });
            }
            let awaited = match starts_told {
                true => "The first batch",
                false => "The query's start, which Spark writes to sources/0/0,",
            };
            self.within(began, step.deadline_ms, awaited)?;
            let what = job_words(&snapshot);
            if told != what {
                self.progress(0, 0, what.clone()).await;
                told = what;
            }
            self.pause().await?;
        }
    }

    async fn began(&self, step: &ReadBackStep, bytes: &[u8]) -> Result<Effect, Stopped> {
        let ends = ends(bytes);
        for (planned, end) in step.sources.iter().zip(&ends) {
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
        let warning = self.confirmed_by_progress(step, &ends).await?;
        Ok(Effect {
            before: Vec::new(),
            facts: Facts::BeganAt {
                sources: step.sources.clone(),
                first_ends: ends,
            },
            warning,
        })
    }

    /// Compares the first progress event with the plan. Its start offsets are
    /// null in batch 0 (seen on Spark 3.3 to 4.1), so what confirms the start
    /// is its end together with the number of records that were read up to it.
    async fn confirmed_by_progress(
        &self,
        step: &ReadBackStep,
        ends: &[PartitionOffsets],
    ) -> Result<Option<String>, Stopped> {
        let Some(event) = self.first_progress(step).await? else {
            return Ok(Some(
                "No progress event of the first batch was found in the log; the checkpoint alone says where it began.".to_owned(),
            ));
        };
        let planned: u64 = step
            .sources
            .iter()
            .zip(ends)
            .map(|(from, to)| from.records_between(to))
            .sum();
        let same_end = event.end.is_none() || event.end.as_ref() == ends.first();
        if !same_end || event.input_rows > planned {
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

    /// Batch 0's progress event. It is written after the batch, so it is waited
    /// for until a while after the batch's commit.
    async fn first_progress(
        &self,
        step: &ReadBackStep,
    ) -> Result<Option<Progress>, Stopped> {
        const LOOKS_AFTER_COMMIT: u32 = 10;
        let began = clock::now();
        let mut looks_left = LOOKS_AFTER_COMMIT;
        while looks_left > 0 {
            let snapshot = self.look().await;
            let found = snapshot.progress.seen().and_then(|events| {
                events
                    .iter()
                    .find(|e| e.at >= self.plan.body.built_at && e.batch == 0)
                    .cloned()
            });
            if found.is_some() {
                return Ok(found);
            }
            self.refuse_dead_job(&snapshot)?;
            let committed = snapshot
                .checkpoint
                .seen()
                .is_some_and(|c| c.newest_commit.is_some());
            if committed {
                looks_left -= 1;
            } else {
                self.within(began, step.deadline_ms, "The commit of the first batch")?;
            }
            self.pause().await?;
        }
        Ok(None)
    }

    /// Whether the checkpoint says of every source where it began, which must
    /// be where the plan says. A seed was there before the job; what the driver
    /// carries is there once Spark has taken it and written it down.
    async fn starts_are_told(&self, step: &ReadBackStep) -> Result<bool, Stopped> {
        let carried = self.plan.setting();
        for (source, planned) in step.sources.iter().enumerate() {
            let name = format!("sources/{source}/0");
            let there = self.read(&step.prefix, &name).await?;
            match (carried, there) {
                (Some(_), None) => return Ok(false),
                (Some(setting), Some(bytes)) => {
                    refuse_other_start(setting, &name, &bytes, planned)?;
                }
                (None, there) => refuse_other_seed(&name, there.as_deref(), planned)?,
            }
        }
        Ok(true)
    }

    pub(super) async fn watch(&self, step: &WatchStep) -> Result<Effect, Stopped> {
        let began = clock::now();
        let mut told = String::new();
        loop {
            let snapshot = self.look().await;
            self.refuse_dead_job(&snapshot)?;
            let commit = snapshot.checkpoint.seen().and_then(|c| c.newest_commit);
            let lag = domain::verdict::lag(&snapshot).map(|l| l.records);
            let committed = commit.map_or(0, |c| u64::try_from(c + 1).unwrap_or(0));
            if committed >= u64::from(step.batches)
                && let (Some(batch), Some(lag)) = (commit, lag)
            {
                return Ok(Effect::done(Facts::Advanced { batch, lag }));
            }
            if is_running(&snapshot) && self.idle_since_start(&snapshot) {
                let batch = commit.unwrap_or(-1);
                return Ok(Effect {
                    before: Vec::new(),
                    facts: Facts::Advanced { batch, lag: lag.unwrap_or(0) },
                    warning: Some(
                        "The job is running and nothing is waiting, so fewer batches than planned were seen.".to_owned(),
                    ),
                });
            }
            let waiting = lag
                .map_or("an unknown number of records waiting".to_owned(), |l| {
                    format!("{} waiting", counted(l, "record", "records"))
                });
            let what = format!("batches committed; {waiting}");
            if told != format!("{committed} {what}") {
                self.progress(committed, u64::from(step.batches), what.clone())
                    .await;
                told = format!("{committed} {what}");
            }
            self.within(began, step.deadline_ms, "The last of the batches to watch")?;
            self.pause().await?;
        }
    }

    /// Whether nothing has come in since the job began, so that no batch can be
    /// expected.
    fn idle_since_start(&self, snapshot: &Snapshot) -> bool {
        nothing_waits(snapshot, self.plan.starting_offsets())
    }

    fn refuse_dead_job(&self, snapshot: &Snapshot) -> Result<(), Stopped> {
        let newest = snapshot.jobs.seen().and_then(|jobs| jobs.runs.first());
        match newest {
            Some(run) if run.state.is_terminal() => Err(Stopped::person(
                format!(
                    "Job run {} is {}: {}",
                    run.id,
                    run.state.word(),
                    run.state_details
                        .lines()
                        .next()
                        .unwrap_or("EMR gives no details")
                ),
                "The job could not go on from here. The backup holds the checkpoint as it was; its manifest names every object.",
            )),
            _ => Ok(()),
        }
    }

    async fn read(
        &self,
        prefix: &Prefix,
        name: &str,
    ) -> Result<Option<Vec<u8>>, Stopped> {
        let key = format!("{}{name}", prefix.key());
        match self
            .aws
            .s3()
            .get(prefix.bucket(), &key, LOG_FILE_BYTES_MAX)
            .await
        {
            Ok(got) => Ok(Some(got.bytes)),
            Err(error) if error.kind == AwsErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

fn refuse_other_seed(
    name: &str,
    there: Option<&[u8]>,
    planned: &PartitionOffsets,
) -> Result<(), Stopped> {
    let wanted = InitialOffset {
        offsets: planned.clone(),
    }
    .render();
    match there {
        Some(bytes) if bytes == wanted => Ok(()),
        Some(_) => Err(Stopped::person(
            format!("{name} no longer holds the planned offsets."),
            "Somebody has written it. Stop the job and look.",
        )),
        None => Err(Stopped::person(
            format!("{name} is gone."),
            "Somebody has deleted it. Stop the job and look.",
        )),
    }
}

/// Refuses a start that Spark wrote down itself and that is not the plan's.
/// By its offsets, not its bytes: how Spark orders them is its own affair.
fn refuse_other_start(
    setting: &Setting,
    name: &str,
    bytes: &[u8],
    planned: &PartitionOffsets,
) -> Result<(), Stopped> {
    let began = InitialOffset::parse(bytes)
        .value
        .map(|initial| initial.offsets)
        .unwrap_or_default();
    let all = planned.union(&began);
    let mut other = all.iter().filter(|(topic, partition, _)| {
        began.get(topic, *partition) != planned.get(topic, *partition)
    });
    let Some((topic, partition, _)) = other.next() else {
        return Ok(());
    };
    let told = |offsets: &PartitionOffsets| {
        let at = offsets.get(topic, partition);
        at.map_or("nothing".to_owned(), |offset| offset.to_string())
    };
    let more = match other.count() {
        0 => String::new(),
        n => format!(
            " {} too.",
            counted(n as u64, "more partition differs", "more partitions differ")
        ),
    };
    Err(Stopped::person(
        format!(
            "The job did not begin where the plan says: {name} says {} for {topic}-{partition}, and the plan says {}.{more}",
            told(&began),
            told(planned)
        ),
        format!(
            "Its code does not take the starting offsets from {}, though the configuration says so. Stop the job, since what it reads is not what was agreed to. Then either make its code read them there, or let seeding carry them (starting_position in the configuration); close this Run and open another.",
            setting.place()
        ),
    ))
}

fn ends(bytes: &[u8]) -> Vec<PartitionOffsets> {
    OffsetSeq::parse(bytes)
        .value
        .map(|seq| {
            seq.sources
                .iter()
                .map(|line| {
                    line.as_deref()
                        .and_then(|l| PartitionOffsets::parse(l).value)
                        .unwrap_or_default()
                })
                .collect()
        })
        .unwrap_or_default()
}

fn is_running(snapshot: &Snapshot) -> bool {
    snapshot
        .jobs
        .seen()
        .and_then(|jobs| jobs.runs.first())
        .is_some_and(|run| run.state == JobRunState::Running)
}

fn nothing_waits(snapshot: &Snapshot, from: &[PartitionOffsets]) -> bool {
    let Some(kafka) = snapshot.kafka.seen() else {
        return false;
    };
    from.iter()
        .flat_map(|s| s.iter())
        .all(|(topic, partition, offset)| {
            kafka
                .topics
                .get(topic)
                .and_then(|t| t.partitions.get(&partition))
                .is_some_and(|at| at.latest <= offset)
        })
}

fn job_words(snapshot: &Snapshot) -> String {
    match snapshot.jobs.seen().and_then(|jobs| jobs.runs.first()) {
        Some(run) => format!(
            "Job run {} is {}; its first batch is waited for.",
            run.id,
            run.state.word()
        ),
        None => "The job run is waited for.".to_owned(),
    }
}
