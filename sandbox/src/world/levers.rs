//! The levers: every way to break the world and to mend it, for the console, its API and
//! the stories of the start alike.

use super::World;
use super::lever::{CheckpointFileChoice, Damage, Lever, LeverError};
use crate::emr::JobRun;
use crate::faults::{Fault, FaultKind, When};
use crate::s3::{Condition, Meta};
use crate::streams::{BUCKET, StreamDefinition};

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
            | Lever::ComesBack { .. }
            | Lever::Submit { .. } => self.pull_job(lever),
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
        let definition = self.stream_named(stream)?;
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
        let definition = self.stream_named(stream)?;
        let entry = definition.entry_point();
        self.emr
            .job_runs(definition.application, &crate::emr::RunFilter::default())
            .into_iter()
            .find(|run| run.spark_submit("entryPoint") == entry)
            .ok_or_else(|| LeverError::NoJobRun(stream.to_owned()))
    }

    pub(super) fn stream_named(
        &self,
        name: &str,
    ) -> Result<StreamDefinition, LeverError> {
        self.streams()
            .into_iter()
            .find(|stream| stream.name == name)
            .ok_or_else(|| LeverError::NoStream(name.to_owned()))
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
        let prefix =
            format!("{}offsets/", self.stream_named(stream)?.checkpoint_prefix());
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
