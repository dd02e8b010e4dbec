//! The levers: every way to break the world and to mend it, for the console, its API and
//! the stories of the start alike.

use domain::offsets::PartitionOffsets;
use serde::{Deserialize, Serialize};

use super::World;
use crate::emr::{EmrError, JobRun, StartJobRun};
use crate::faults::{Fault, FaultKind, When};
use crate::kafka::TopicError;
use crate::s3::{Condition, Meta, StoreError};
use crate::streams::{self, BUCKET, StreamDefinition};

/// One pull of a lever.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "lever", rename_all = "snake_case", deny_unknown_fields)]
pub enum Lever {
    /// Damages a file of the checkpoint.
    DamageFile {
        stream: String,
        file: CheckpointFileChoice,
        how: Damage,
    },
    /// Deletes a file of the checkpoint.
    DeleteFile {
        stream: String,
        file: CheckpointFileChoice,
    },
    /// Leaves the offsets file of the next batch without bytes, as a driver that dies in
    /// the middle of a write can.
    TornWrite { stream: String },
    /// Throttles S3 in so many percent of its calls; zero ends it.
    ThrottleS3 { percent: u8 },
    /// Lets so many percent of S3's calls fail with 500; zero ends it.
    BreakS3 { percent: u8 },
    /// Delays every S3 call; zero ends it.
    SlowS3 { ms: u64 },
    /// Any fault, in full.
    Fault { fault: Fault },
    /// Ends every fault of S3 and the other services.
    NoFaults {},
    /// Starts the stream's job.
    Start { stream: String },
    /// Cancels the stream's newest job run.
    Cancel { stream: String },
    /// Loses the driver of the stream's newest job run.
    Crash { stream: String },
    /// The driver hangs between two batches, or goes on.
    Hang { stream: String, on: bool },
    /// The executors stay at their batch for so many minutes; zero lets them go.
    SlowBatch { stream: String, minutes: u32 },
    /// A cancelled job run stays in CANCELLING, its driver at work.
    WillNotDie { stream: String, on: bool },
    /// A scheduler starts the job anew whenever it has ended.
    ComesBack { stream: String, on: bool },
    /// The stream's producer writes or does not.
    Producer { stream: String, on: bool },
    /// The stream's producer writes at so many percent of its usual pace.
    Pace { stream: String, percent: u32 },
    /// So many records arrive at once.
    Flood { stream: String, records: u64 },
    /// Retention takes everything that the stream has not read and a little more.
    CutRetention { stream: String },
    /// A producer opens a transaction on every partition and leaves it.
    OpenTransaction { stream: String },
    /// Every open transaction ends.
    EndTransactions { stream: String },
    /// The topic is deleted and made anew.
    RecreateTopic { stream: String },
    /// The topic gets more partitions.
    AddPartitions { stream: String, total: u32 },
    /// By how much delays are divided from now on.
    TimeFactor { factor: u32 },
}

/// Which file of a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckpointFileChoice {
    NewestOffsets,
    PreviousOffsets,
    NewestCommit,
    Metadata,
    InitialOffsets,
}

/// What becomes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Damage {
    /// No bytes.
    Empty,
    /// The first half only.
    Truncated,
    /// Text that is nothing.
    Garbage,
    /// The version line alone.
    VersionOnly,
    /// A version that is too new.
    NewerVersion,
    /// The second line is blank.
    BlankMetadata,
    /// The last line is no JSON.
    BadJson,
    /// The last line is `-`.
    Void,
}

/// Why a lever did not move.
#[derive(Debug, thiserror::Error)]
pub enum LeverError {
    /// There is no such stream.
    #[error("there is no stream {0}")]
    NoStream(String),
    /// The stream has no such file.
    #[error("{stream} has no {file:?}")]
    NoFile {
        /// The stream.
        stream: String,
        /// What was looked for.
        file: CheckpointFileChoice,
    },
    /// The stream has no job run.
    #[error("{0} has no job run")]
    NoJobRun(String),
    /// S3 could not be changed.
    #[error("S3 refused: {0}")]
    Store(#[source] StoreError),
    /// A topic could not be changed.
    #[error("Kafka refused: {0}")]
    Topic(#[source] TopicError),
    /// EMR refused.
    #[error("EMR refused: {0}")]
    Emr(#[source] EmrError),
}

impl World {
    /// Pulls a lever; gives a sentence about what was done.
    pub fn pull(&self, lever: Lever) -> Result<String, LeverError> {
        match lever {
            Lever::DamageFile { stream, file, how } => self.damage(&stream, file, how),
            Lever::DeleteFile { stream, file } => self.delete_file(&stream, file),
            Lever::TornWrite { stream } => self.torn_write(&stream),
            Lever::ThrottleS3 { percent } => Ok(self.s3(percent, FaultKind::Throttle)),
            Lever::BreakS3 { percent } => Ok(self.s3(percent, internal_error())),
            Lever::SlowS3 { ms } => {
                let percent = if ms == 0 { 0 } else { 100 };
                Ok(self.s3(percent, FaultKind::Delay { ms }))
            }
            Lever::Fault { fault } => {
                let id = self.faults.set(fault);
                Ok(format!("fault {id} is on"))
            }
            Lever::NoFaults {} => {
                self.faults.clear_all();
                Ok("no faults are on".to_owned())
            }
            Lever::TimeFactor { factor } => {
                self.clock.set_factor(factor);
                Ok(format!("delays are divided by {}", self.clock.factor()))
            }
            Lever::Start { .. }
            | Lever::Cancel { .. }
            | Lever::Crash { .. }
            | Lever::Hang { .. }
            | Lever::SlowBatch { .. }
            | Lever::WillNotDie { .. }
            | Lever::ComesBack { .. } => self.pull_job(lever),
            Lever::Producer { .. }
            | Lever::Pace { .. }
            | Lever::Flood { .. }
            | Lever::CutRetention { .. }
            | Lever::OpenTransaction { .. }
            | Lever::EndTransactions { .. }
            | Lever::RecreateTopic { .. }
            | Lever::AddPartitions { .. } => self.pull_kafka(lever),
        }
    }

    /// The key of a file of a stream's checkpoint.
    pub fn checkpoint_file(
        &self,
        stream: &str,
        file: CheckpointFileChoice,
    ) -> Result<String, LeverError> {
        let definition = stream_named(stream)?;
        let prefix = definition.checkpoint_prefix();
        let numbered = |log: &str, back: usize| {
            let mut numbers = self.numbers(&format!("{prefix}{log}/"))?;
            numbers.reverse();
            Ok(numbers
                .get(back)
                .map(|number| format!("{prefix}{log}/{number}")))
        };
        let key = match file {
            CheckpointFileChoice::NewestOffsets => numbered("offsets", 0)?,
            CheckpointFileChoice::PreviousOffsets => numbered("offsets", 1)?,
            CheckpointFileChoice::NewestCommit => numbered("commits", 0)?,
            CheckpointFileChoice::Metadata => Some(format!("{prefix}metadata")),
            CheckpointFileChoice::InitialOffsets => Some(format!("{prefix}sources/0/0")),
        };
        key.ok_or_else(|| LeverError::NoFile {
            stream: stream.to_owned(),
            file,
        })
    }

    /// The newest job run of a stream.
    pub fn job_run(&self, stream: &str) -> Result<JobRun, LeverError> {
        let definition = stream_named(stream)?;
        let entry = definition.entry_point();
        self.emr
            .job_runs(definition.application, &crate::emr::RunFilter::default())
            .into_iter()
            .find(|run| run.spark_submit("entryPoint") == entry)
            .ok_or_else(|| LeverError::NoJobRun(stream.to_owned()))
    }

    fn numbers(&self, prefix: &str) -> Result<Vec<i64>, LeverError> {
        let by = Self::console();
        let objects = self
            .store
            .list_all(&by, BUCKET, prefix)
            .map_err(LeverError::Store)?;
        let mut numbers: Vec<i64> = objects
            .iter()
            .filter_map(|object| object.key[prefix.len()..].parse().ok())
            .collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    fn damage(
        &self,
        stream: &str,
        file: CheckpointFileChoice,
        how: Damage,
    ) -> Result<String, LeverError> {
        let key = self.checkpoint_file(stream, file)?;
        let by = Self::console();
        let (_, bytes) = self
            .store
            .get(&by, BUCKET, &key)
            .map_err(LeverError::Store)?;
        self.put(&key, &damaged(&bytes, how))?;
        Ok(format!("{key} is damaged: {how:?}"))
    }

    fn delete_file(
        &self,
        stream: &str,
        file: CheckpointFileChoice,
    ) -> Result<String, LeverError> {
        let key = self.checkpoint_file(stream, file)?;
        self.store
            .delete(&Self::console(), BUCKET, &key, &Condition::default())
            .map_err(LeverError::Store)?;
        Ok(format!("{key} is deleted"))
    }

    fn torn_write(&self, stream: &str) -> Result<String, LeverError> {
        let prefix = format!("{}offsets/", stream_named(stream)?.checkpoint_prefix());
        let next = self.numbers(&prefix)?.last().map_or(0, |newest| newest + 1);
        let key = format!("{prefix}{next}");
        self.put(&key, b"")?;
        Ok(format!("{key} has no bytes"))
    }

    fn put(&self, key: &str, bytes: &[u8]) -> Result<(), LeverError> {
        let (meta, condition) = (Meta::default(), Condition::default());
        self.store
            .put(&Self::console(), BUCKET, key, bytes, meta, &condition)
            .map(drop)
            .map_err(LeverError::Store)
    }

    /// Replaces a fault of this kind on all of S3.
    fn s3(&self, percent: u8, does: FaultKind) -> String {
        let kind = std::mem::discriminant(&does);
        for active in self.faults.list() {
            let fault = &active.fault;
            let whole = fault.action.is_none() && fault.key_prefix.is_none();
            if fault.service == "s3"
                && whole
                && std::mem::discriminant(&fault.does) == kind
            {
                self.faults.clear(active.id);
            }
        }
        if percent == 0 {
            return format!("S3 is without {does:?}");
        }
        let text = format!("{percent}% of S3's calls meet {does:?}");
        self.faults.set(Fault {
            service: "s3".to_owned(),
            action: None,
            key_prefix: None,
            does,
            when: When::Percent(percent.min(100)),
        });
        text
    }

    fn pull_job(&self, lever: Lever) -> Result<String, LeverError> {
        match lever {
            Lever::Start { stream } => self.start(&stream),
            Lever::Cancel { stream } => {
                let run = self.job_run(&stream)?;
                let cancelled = self.emr.cancel(&run.application_id, &run.id, None);
                cancelled.map_err(LeverError::Emr)?;
                Ok(format!("job run {} is being cancelled", run.id))
            }
            Lever::Crash { stream } => {
                let run = self.job_run(&stream)?;
                self.emr.crash(&run.id);
                Ok(format!("the driver of job run {} is lost", run.id))
            }
            Lever::Hang { stream, on } => {
                let run = self.job_run(&stream)?;
                self.controls.hang(&run.id, on);
                let word = if on { "hangs" } else { "goes on" };
                Ok(format!("the driver of job run {} {word}", run.id))
            }
            Lever::SlowBatch { stream, minutes } => {
                let run = self.job_run(&stream)?;
                let until_ms = self.clock.now_ms() + i64::from(minutes) * 60_000;
                self.controls
                    .slow_until(&run.id, (minutes > 0).then_some(until_ms));
                Ok(format!(
                    "the executors of job run {} have {minutes} min",
                    run.id
                ))
            }
            Lever::WillNotDie { stream, on } => {
                let run = self.job_run(&stream)?;
                let id = run.id.clone();
                self.emr.set_levers(|levers| match on {
                    true => drop(levers.will_not_die.insert(id)),
                    false => drop(levers.will_not_die.remove(&id)),
                });
                let word = if on { "will not die" } else { "can die" };
                Ok(format!("job run {} {word}", run.id))
            }
            Lever::ComesBack { stream, on } => {
                let name = stream_named(&stream)?.job_name();
                self.emr.set_levers(|levers| match on {
                    true => drop(levers.comes_back.insert(name)),
                    false => drop(levers.comes_back.remove(&name)),
                });
                let word = if on { "comes back" } else { "stays away" };
                Ok(format!("the job of {stream} {word}"))
            }
            _ => unreachable!("only levers on jobs come here"),
        }
    }

    fn start(&self, stream: &str) -> Result<String, LeverError> {
        let definition = stream_named(stream)?;
        let application = self
            .emr
            .application(definition.application)
            .map_err(LeverError::Emr)?;
        let body = definition.submission(&uuid::Uuid::new_v4().to_string());
        let request = StartJobRun::parse(&body, &application).map_err(LeverError::Emr)?;
        let by = Self::console().arn;
        let started = self.emr.start_job_run(&application.id, request, &by);
        let started = started.map_err(LeverError::Emr)?;
        Ok(format!("job run {} is submitted", started.job_run_id))
    }

    fn pull_kafka(&self, lever: Lever) -> Result<String, LeverError> {
        match lever {
            Lever::Producer { stream, on } => {
                let topic = topic_of(&stream)?;
                self.producers.set_on(topic, on);
                Ok(format!(
                    "the producer of {topic} is {}",
                    if on { "on" } else { "off" }
                ))
            }
            Lever::Pace { stream, percent } => {
                let topic = topic_of(&stream)?;
                self.producers.set_pace(topic, f64::from(percent) / 100.0);
                Ok(format!("{topic} fills at {percent}% of its pace"))
            }
            Lever::Flood { stream, records } => {
                let topic = topic_of(&stream)?;
                let count = self.partitions(topic)?.count() as u64;
                let now_ms = self.clock.now_ms();
                for partition in self.partitions(topic)? {
                    let each = records / count.max(1);
                    self.topics
                        .append(topic, partition, each, now_ms - 1000, now_ms)
                        .map_err(LeverError::Topic)?;
                }
                Ok(format!("{records} records came into {topic}"))
            }
            Lever::CutRetention { stream } => self.cut_retention(&stream),
            Lever::OpenTransaction { stream } => {
                let topic = topic_of(&stream)?;
                for partition in self.partitions(topic)? {
                    self.topics
                        .open_transaction(topic, partition, None)
                        .map_err(LeverError::Topic)?;
                }
                Ok(format!("{topic} has an open transaction"))
            }
            Lever::EndTransactions { stream } => {
                let topic = topic_of(&stream)?;
                let now_ms = self.clock.now_ms();
                for partition in self.partitions(topic)? {
                    self.topics
                        .end_transactions(topic, partition, now_ms)
                        .map_err(LeverError::Topic)?;
                }
                Ok(format!("{topic} has no open transaction"))
            }
            Lever::RecreateTopic { stream } => {
                let topic = topic_of(&stream)?;
                self.topics.recreate(topic).map_err(LeverError::Topic)?;
                Ok(format!("{topic} was deleted and made anew"))
            }
            Lever::AddPartitions { stream, total } => {
                let topic = topic_of(&stream)?;
                let added = self.topics.add_partitions(topic, total);
                added.map_err(LeverError::Topic)?;
                Ok(format!("{topic} has {total} partitions"))
            }
            _ => unreachable!("only levers on topics come here"),
        }
    }

    /// The log starts a hundred records behind where the stream would go on, or at the
    /// end where there are not so many.
    fn cut_retention(&self, stream: &str) -> Result<String, LeverError> {
        let topic = topic_of(stream)?;
        let key = self.checkpoint_file(stream, CheckpointFileChoice::NewestOffsets)?;
        let by = Self::console();
        let (_, bytes) = self
            .store
            .get(&by, BUCKET, &key)
            .map_err(LeverError::Store)?;
        let read = domain::checkpoint::OffsetSeq::parse(&bytes).value;
        let next: PartitionOffsets = read
            .and_then(|sequence| sequence.kafka_offsets(0)?.value)
            .unwrap_or_default();
        for partition in self.partitions(topic)? {
            let end = self
                .topics
                .log_end(topic, partition)
                .map_err(LeverError::Topic)?;
            let start = next.get(topic, partition).map_or(end, |next| next + 100);
            self.topics
                .advance_log_start(topic, partition, start)
                .map_err(LeverError::Topic)?;
        }
        Ok(format!(
            "{topic} keeps nothing that {stream} has yet to read first"
        ))
    }

    fn partitions(
        &self,
        topic: &str,
    ) -> Result<impl Iterator<Item = i32> + use<>, LeverError> {
        let found = self.topics.topic(topic);
        let unknown = || LeverError::Topic(TopicError::UnknownTopic(topic.to_owned()));
        let count = found.ok_or_else(unknown)?.partitions.len();
        Ok(0..i32::try_from(count).unwrap_or(i32::MAX))
    }
}

fn stream_named(name: &str) -> Result<StreamDefinition, LeverError> {
    streams::streams()
        .into_iter()
        .find(|stream| stream.name == name)
        .ok_or_else(|| LeverError::NoStream(name.to_owned()))
}

fn topic_of(stream: &str) -> Result<&'static str, LeverError> {
    Ok(stream_named(stream)?.topics[0].name)
}

fn internal_error() -> FaultKind {
    FaultKind::Error {
        status: 500,
        code: "InternalError".to_owned(),
    }
}

fn damaged(bytes: &[u8], how: Damage) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes);
    let lines = |edit: &dyn Fn(&mut Vec<String>)| {
        let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
        edit(&mut lines);
        lines.join("\n").into_bytes()
    };
    let last = |with: &str| {
        lines(&|lines| {
            if let Some(last) = lines.last_mut() {
                with.clone_into(last);
            }
        })
    };
    match how {
        Damage::Empty => Vec::new(),
        Damage::Truncated => bytes[..bytes.len() / 2].to_vec(),
        Damage::Garbage => b"\x7fnot what Spark wrote\x00".to_vec(),
        Damage::VersionOnly => b"v1".to_vec(),
        Damage::NewerVersion => lines(&|lines| lines[0] = "v9".to_owned()),
        Damage::BlankMetadata => lines(&|lines| {
            if let Some(line) = lines.get_mut(1) {
                line.clear();
            }
        }),
        Damage::BadJson => last("{\"orders_events\":{\"0\":"),
        Damage::Void => last("-"),
    }
}
