//! Reads back where the job began, and watches it advance. Unknown is never
//! healthy.

use domain::checkpoint::{InitialOffset, OffsetSeq};
use domain::offsets::PartitionOffsets;
use domain::plan::{ReadBackStep, Setting, WatchStep};
use domain::run::Facts;
use domain::snapshot::{JobRunState, Snapshot};
use domain::stream::Prefix;
use domain::text::counted;

use super::confirm::{Begun, refuse_earlier_end};
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
        refuse_earlier_end(&step.sources, &ends)?;
        let began = Begun {
            batch: 0,
            sources: &step.sources,
            deadline_ms: step.deadline_ms,
        };
        let warning = self.confirmed_by_progress(began, &ends).await?;
        Ok(Effect {
            before: Vec::new(),
            facts: Facts::BeganAt {
                sources: step.sources.clone(),
                first_ends: ends,
            },
            warning,
        })
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
            let next = commit.map_or(step.from_batch, |c| c.saturating_add(1));
            let committed = u64::try_from(next - step.from_batch).unwrap_or(0);
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

    pub(super) fn refuse_dead_job(&self, snapshot: &Snapshot) -> Result<(), Stopped> {
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

    pub(super) async fn read(
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

pub(super) fn ends(bytes: &[u8]) -> Vec<PartitionOffsets> {
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

pub(super) fn is_running(snapshot: &Snapshot) -> bool {
    snapshot
        .jobs
        .seen()
        .and_then(|jobs| jobs.runs.first())
        .is_some_and(|run| run.state == JobRunState::Running)
}

pub(super) fn nothing_waits(snapshot: &Snapshot, from: &[PartitionOffsets]) -> bool {
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

pub(super) fn job_words(snapshot: &Snapshot) -> String {
    match snapshot.jobs.seen().and_then(|jobs| jobs.runs.first()) {
        Some(run) => format!(
            "Job run {} is {}; its first batch is waited for.",
            run.id,
            run.state.word()
        ),
        None => "The job run is waited for.".to_owned(),
    }
}
