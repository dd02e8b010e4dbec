//! The steps of a plan. Each carries all that its effect needs.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{DecimalOffset, FileWrite, Setting};
use crate::canonical::decimal;
use crate::ids::{Digest, JobRunId, RunId, StepId};
use crate::keyset::KeySet;
use crate::offsets::PartitionOffsets;
use crate::stream::Prefix;

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its id, unique in the Run.
    pub id: StepId,
    /// What it does.
    pub kind: StepKind,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "step")]
pub enum StepKind {
    /// Takes the leases.
    Hold(HoldStep),
    /// Cancels the job runs that may write.
    Stop(StopStep),
    /// Waits for their end at EMR, and for a quiet prefix.
    Wait(WaitStep),
    /// Copies what lies under the prefix.
    Copy(CopyStep),
    /// Verifies the copies and writes the manifest.
    Seal(SealStep),
    /// Closes the gate.
    CloseGate(GateStep),
    /// Deletes the manifest's keys.
    Clear(ClearStep),
    /// Writes the starting offsets.
    Seed(SeedStep),
    /// Changes some of the checkpoint's files.
    Edit(EditStep),
    /// Copies a backup's objects back.
    Restore(RestoreStep),
    /// Opens the gate.
    OpenGate(OpenGateStep),
    /// Starts the job.
    Restart(RestartStep),
    /// Reads back where the job began.
    ReadBack(ReadBackStep),
    /// Confirms that the job went on where the log says.
    Confirm(ConfirmStep),
    /// Watches until batches advance.
    Watch(WatchStep),
}

impl StepKind {
    /// The word for it, in CSS, metrics and failpoints.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            StepKind::Hold(_) => "hold",
            StepKind::Stop(_) => "stop",
            StepKind::Wait(_) => "wait",
            StepKind::Copy(_) => "copy",
            StepKind::Seal(_) => "seal",
            StepKind::CloseGate(_) => "close-gate",
            StepKind::Clear(_) => "clear",
            StepKind::Seed(_) => "seed",
            StepKind::Edit(_) => "edit",
            StepKind::Restore(_) => "restore",
            StepKind::OpenGate(_) => "open-gate",
            StepKind::Restart(_) => "restart",
            StepKind::ReadBack(_) => "read-back",
            StepKind::Confirm(_) => "confirm",
            StepKind::Watch(_) => "watch",
        }
    }

    /// Whether it changes anything outside of Sluice.
    #[must_use]
    pub fn has_effect(&self) -> bool {
        !matches!(
            self,
            StepKind::Hold(_)
                | StepKind::Wait(_)
                | StepKind::ReadBack(_)
                | StepKind::Confirm(_)
                | StepKind::Watch(_)
        )
    }
}

/// Leases on the stream and on its prefix, in the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldStep {
    /// The leases by name.
    pub leases: Vec<String>,
}

/// CancelJobRun for each job run that may write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopStep {
    /// The application.
    pub application: String,
    /// The job runs.
    pub job_runs: Vec<JobRunId>,
    /// The grace period in seconds, where the release has it (7.9 and later).
    pub grace_s: Option<u32>,
}

/// GetJobRun until all are terminal, then a quiet prefix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitStep {
    /// The application.
    pub application: String,
    /// The job runs whose end EMR itself must tell.
    pub job_runs: Vec<JobRunId>,
    /// The prefix that must be quiet.
    pub prefix: Prefix,
    /// For how long no object may change, in milliseconds.
    pub quiet_ms: i64,
    /// How long to wait before a person is asked, in milliseconds.
    pub deadline_ms: i64,
}

/// CopyObject for every key, which [`super::settle`] chooses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyStep {
    /// The checkpoint.
    pub from: Prefix,
    /// The backup, of this Run only.
    pub to: Prefix,
}

/// Verifies each copy by checksum and writes the manifest if absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealStep {
    /// The checkpoint, listed again to prove that nothing moved.
    pub from: Prefix,
    /// The backup.
    pub to: Prefix,
    /// Where the manifest is written.
    pub manifest: String,
}

/// PutObject of a `metadata` that Spark refuses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateStep {
    /// The checkpoint.
    pub prefix: Prefix,
    /// The ETag of the `metadata` to be replaced; `None` where there is none.
    pub replaces: Option<String>,
    /// The text.
    pub body: String,
}

/// DeleteObjects of exactly these keys, each on its ETag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClearStep {
    /// The checkpoint.
    pub prefix: Prefix,
    /// The keys: the sealed manifest's, without `metadata`, which holds the
    /// closed gate.
    pub keys: KeySet,
}

/// PutObject of `sources/<i>/0`, if absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeedStep {
    /// The checkpoint.
    pub prefix: Prefix,
    /// The source's index.
    pub source: u32,
    /// The offsets by topic and partition.
    pub offsets: PartitionOffsets,
    /// The SHA-256 of the bytes to be written.
    pub sha256: Digest,
}

impl SeedStep {
    /// The key below the prefix.
    #[must_use]
    pub fn key(&self) -> String {
        format!("sources/{}/0", self.source)
    }
}

/// DeleteObjects of some of the sealed keys, each on its ETag, then PutObject
/// of some small files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditStep {
    /// The checkpoint.
    pub prefix: Prefix,
    /// What goes: some of the sealed manifest's keys.
    pub deletes: KeySet,
    /// What is written after that, in this order.
    pub writes: Vec<FileWrite>,
}

/// CopyObject of every object of a sealed backup but `metadata`, back to where
/// it was copied from; then a listing that proves that nothing else lies there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoreStep {
    /// The checkpoint, which was cleared.
    pub prefix: Prefix,
    /// The backup.
    pub from: Prefix,
    /// Where its manifest lies.
    pub manifest: String,
    /// The SHA-256 of the manifest's bytes, which hold each object's checksum.
    pub sha256: Digest,
    /// What is copied: the manifest's keys without `metadata`, with the ETags
    /// and sizes that the backup's objects must have.
    pub keys: KeySet,
}

/// PutObject of the right `metadata`, on the gate's ETag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenGateStep {
    /// The checkpoint.
    pub prefix: Prefix,
    /// The closed gate's text, which is what may be replaced and nothing else.
    pub replaces: String,
    /// The query id that the query will have.
    pub query_id: Uuid,
    /// The exact text to be written, where it is a backup's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

impl OpenGateStep {
    /// The bytes to be written.
    #[must_use]
    pub fn body(&self) -> String {
        match &self.text {
            Some(text) => text.clone(),
            None => format!(r#"{{"id":"{}"}}"#, self.query_id),
        }
    }
}

/// StartJobRun from the driver and the configuration of an earlier job run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestartStep {
    /// The application.
    pub application: String,
    /// The job run to start again.
    pub base: JobRunId,
    /// The digest of its driver and configuration, which EMR marks as
    /// sensitive: they are read again when it is started and must be these.
    pub driver: Digest,
    /// The name of the new job run.
    pub name: Option<String>,
    /// The client token, under which EMR starts at most one job run.
    pub client_token: String,
    /// The tag `sluice-run`, by which it is found again.
    pub tag: RunId,
    /// What is changed in the driver so that the job begins where the plan
    /// says; `None` where seeds carry that, or where nothing is to change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setting: Option<Setting>,
}

/// Reads `sources/<i>/0` and the first `offsets/0` back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadBackStep {
    /// The checkpoint.
    pub prefix: Prefix,
    /// What each source must begin with, in the order of the sources.
    pub sources: Vec<PartitionOffsets>,
    /// How long to wait before a person is asked, in milliseconds.
    pub deadline_ms: i64,
}

/// Waits for the commit of the batch at which the job is to go on, and compares
/// what it read with the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfirmStep {
    /// The checkpoint.
    pub prefix: Prefix,
    /// The first batch that runs.
    #[serde(with = "decimal")]
    pub batch: i64,
    /// From where it reads, in the order of the sources.
    pub sources: Vec<PartitionOffsets>,
    /// How long to wait before a person is asked, in milliseconds.
    pub deadline_ms: i64,
}

/// Watches until so many batches are committed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchStep {
    /// The checkpoint.
    pub prefix: Prefix,
    /// How many batches must be committed.
    pub batches: u32,
    /// The first of them. Left out where it is 0, so that plans older than
    /// this field stay what they were.
    #[serde(default, with = "decimal", skip_serializing_if = "is_default")]
    pub from_batch: i64,
    /// How long to wait before a person is asked, in milliseconds.
    pub deadline_ms: i64,
}

/// The text of a closed gate.
///
/// It is what an engineer then finds in the driver's log, so it says where to
/// look. Spark 4 prints no more of it there than its first word, up to the
/// first character that cannot stand in a Java identifier (seen on 3.3 to 4.1,
/// `docs/seeding.md`), so that word says the most.
#[must_use]
pub fn gate_text(run: &RunId, run_page: &str) -> String {
    format!(
        "{GATE}{}{NO_START} {run} is resetting this checkpoint, see {run_page}",
        run.as_str().replace('-', "_")
    )
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

const GATE: &str = "SLUICE_GATE_CLOSED__RUN_";
const NO_START: &str = "__DO_NOT_START_THIS_JOB";

/// The Run whose closed gate these bytes of a `metadata` are, if they are one.
#[must_use]
pub fn gate_owner(metadata: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(metadata).ok()?;
    let (_, rest) = text.strip_prefix(GATE)?.split_once(NO_START)?;
    let run = rest.split_whitespace().next()?;
    run.parse::<RunId>().ok().map(|run| run.to_string())
}

impl From<i64> for DecimalOffset {
    fn from(offset: i64) -> Self {
        Self(offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_of_a_closed_gate_says_it_all_and_names_its_run() {
        let run: RunId = "orders-20261124-031200-7f3a".parse().unwrap();
        let text = gate_text(&run, "https://sluice.example/runs/x");
        let word: String = text
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
            .collect();
        assert_eq!(
            word,
            "SLUICE_GATE_CLOSED__RUN_orders_20261124_031200_7f3a__DO_NOT_START_THIS_JOB"
        );
        assert_eq!(gate_owner(text.as_bytes()), Some(run.to_string()));
        assert_eq!(gate_owner(br#"{"id":"x"}"#), None);
    }
}
