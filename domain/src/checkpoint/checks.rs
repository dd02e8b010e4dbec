//! The first doctor: what is wrong with a checkpoint, in words. The numbers of
//! the checks are stable; the same number always means the same thing.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use uuid::Uuid;

use super::finding::{Action, Finding, Remedy, Severity};
use super::offset_log::OffsetSeq;
use super::parsed::IssueCode;
use super::prognosis::{Prognosis, foresee};
use super::reading::{SparkOffsets, read_offsets};
use super::spark_line::{QueryShape, SparkLine};
use super::view::CheckpointView;
use crate::offsets::PartitionOffsets;

mod commits;
mod conf;
mod history;
mod identity;
mod kafka;
mod ladder;
mod leftovers;
mod limits;
mod offsets;
mod operators;
mod pace;
mod place;
mod registry;
mod seeds;
mod state;

pub use kafka::{BrokerPartition, BrokerSaid, BrokerTopic};
pub use registry::{CHECKS, Check, check_of};

/// What is known from elsewhere than the checkpoint. Whatever is left out is
/// unknown, and what would follow from it is not judged.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Milliseconds since the epoch.
    pub now_ms: Option<i64>,
    /// Whether a job that writes here is at work.
    pub job_is_alive: Option<bool>,
    /// What shows that two jobs write here, a sentence each.
    pub rivals: Vec<String>,
    /// Ids that are rightfully this query's, whatever was last seen of it: that
    /// of a reset which Sluice itself has made.
    pub query_ids: Vec<Uuid>,
    /// The job's own Spark confs.
    pub job_conf: BTreeMap<String, String>,
    /// The trigger interval in milliseconds. Where it is unknown, the times of
    /// the batches tell how often one is planned.
    pub trigger_ms: Option<i64>,
    /// What Kafka said of the topics.
    pub kafka: Option<BrokerSaid>,
    /// The newest batch in `offsets/` when the whole listing was through. A
    /// live job goes on while its state is listed.
    pub newest_batch_after: Option<i64>,
    /// What was inferred about the query, as sentences.
    pub inferred: Vec<String>,
    /// Why the Spark line is assumed, as a sentence.
    pub line_assumed: Option<String>,
}

/// Everything that the checks have to say, worst first. A file that was not
/// read is not judged.
pub fn examine(
    view: &CheckpointView,
    line: SparkLine,
    shape: &QueryShape,
) -> Vec<Finding> {
    examine_with(view, line, shape, &Known::default())
}

/// As [`examine`], with what is known from elsewhere.
pub fn examine_with(
    view: &CheckpointView,
    line: SparkLine,
    shape: &QueryShape,
    known: &Known,
) -> Vec<Finding> {
    let foresight = foresee(view, line, shape);
    let mut exam = Exam {
        view,
        line,
        shape,
        known,
        prognosis: &foresight.prognosis,
        offsets: view.offset_batches(),
        commits: view.commit_batches(),
        roll_back: OnceCell::new(),
        findings: Vec::new(),
    };
    identity::check(&mut exam);
    offsets::check(&mut exam);
    commits::check(&mut exam);
    history::check(&mut exam);
    pace::check(&mut exam);
    seeds::check(&mut exam);
    leftovers::check(&mut exam);
    place::check(&mut exam);
    conf::check(&mut exam);
    kafka::check(&mut exam);
    state::check(&mut exam);
    operators::check(&mut exam);
    limits::check(&mut exam, &foresight);
    unexplained(&mut exam);
    let mut findings = exam.findings;
    findings.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.id.cmp(&b.id)));
    findings
}

/// What is looked at, and what was found so far.
struct Exam<'a> {
    view: &'a CheckpointView,
    line: SparkLine,
    shape: &'a QueryShape,
    known: &'a Known,
    prognosis: &'a Prognosis,
    /// Rising.
    offsets: Vec<i64>,
    /// Rising.
    commits: Vec<i64>,
    /// Looked for once, when a finding first needs it.
    roll_back: OnceCell<ladder::RollBack>,
    findings: Vec<Finding>,
}

impl<'a> Exam<'a> {
    fn newest_offsets(&self) -> Option<i64> {
        self.offsets.last().copied()
    }

    fn newest_commit(&self) -> Option<i64> {
        self.commits.last().copied()
    }

    /// The bytes of a file that was read, or that is known to be empty.
    fn bytes(&self, key: &str) -> Option<&'a [u8]> {
        match self.view.bytes.get(key) {
            Some(bytes) => Some(bytes),
            None => {
                let object = self.view.listing.get(key)?;
                (object.size == 0).then_some(&[])
            }
        }
    }

    fn listed(&self, key: &str) -> bool {
        self.view.listing.contains_key(key)
    }

    /// A file of `offsets/` that was read and that Spark can read.
    fn batch(&self, batch: i64) -> Option<SparkOffsets> {
        read_offsets(self.bytes(&format!("offsets/{batch}"))?, self.line).ok()
    }

    /// The confs that the newest batch pins.
    fn pinned(&self) -> Option<BTreeMap<String, String>> {
        let newest = self.newest_offsets()?;
        self.batch(newest)?.metadata.map(|line| line.conf)
    }

    fn add(&mut self, finding: Finding) {
        self.findings.push(finding);
    }
}

/// The ends of all sources of a batch, as far as they are Kafka's.
fn kafka_ends(read: &SparkOffsets) -> Vec<Option<PartitionOffsets>> {
    read.sources
        .iter()
        .map(|line| PartitionOffsets::parse(line.as_deref()?).flawless())
        .collect()
}

/// Whether the version line of a file of `offsets/` is what is wrong with it.
fn bad_version(bytes: &[u8]) -> bool {
    OffsetSeq::parse(bytes).issues.into_iter().any(|issue| {
        matches!(issue.code, IssueCode::BadHeader | IssueCode::UnknownVersion)
    })
}

/// A foreseen failure is an error, whatever the check thought of its cause; one
/// that no check has named is said as it will be seen.
fn unexplained(exam: &mut Exam<'_>) {
    let Prognosis::Fails {
        text,
        path,
        error_class,
        ..
    } = exam.prognosis
    else {
        return;
    };
    let explained = |finding: &Finding| {
        // What Kafka said does not explain what the checkpoint stops at.
        finding.severity == Severity::Error && !finding.is_about_kafka()
    };
    if exam.findings.iter().any(explained) {
        return;
    }
    let ladder = exam.of_a_broken_start();
    let about = exam.findings.iter_mut().find(|finding| {
        let found = finding
            .path
            .as_deref()
            .map(|found| found.trim_end_matches('/'));
        path.is_some() && found == path.as_deref()
    });
    if let Some(finding) = about {
        finding.severity = Severity::Error;
        if finding.action == Action::Nothing {
            finding.action = ladder[0].action;
            finding.why.clone_from(&ladder[0].why);
            finding.otherwise = ladder[1..].to_vec();
        }
        return;
    }
    let said = if text.is_empty() { error_class } else { text };
    let mut finding = Finding::new(
        "C00",
        Severity::Error,
        format!(
            "The next start of Spark {} is foreseen to fail: {said}",
            exam.line
        ),
    )
    .mended_by(ladder);
    finding.path.clone_from(path);
    exam.add(finding);
}

#[cfg(test)]
mod tests;
