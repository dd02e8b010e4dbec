//! What the doctor hands back. As JSON it is an interface: its version is
//! `format`, docs/doctor.schema.json is its schema, and a field that is there
//! keeps its meaning as long as the version stays.

use domain::checkpoint::checks::check_of;
use domain::checkpoint::{Action, Finding, QueryShape, Remedy, Severity, SparkLine};
use serde::Serialize;
use uuid::Uuid;

use super::Options;
use super::gathered::Gathered;
use super::kafka::KafkaSaid;
use super::place::Place;
use super::prognosis::{Outcome, PrognosisSaid};
use super::sink::SinkSaid;
use crate::clock;

/// The version of the report.
const FORMAT: u32 = 1;

/// A whole report.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    pub format: u32,
    /// The release that made it.
    pub sluice: &'static str,
    /// Where it lies, as Spark names it.
    pub checkpoint: String,
    /// RFC 3339, UTC.
    pub looked_at: String,
    pub prognosis: PrognosisSaid,
    /// Worst first.
    pub findings: Vec<FindingSaid>,
    /// `None` where it did not come to that.
    pub query: Option<Query>,
    pub seen: Option<Seen>,
    /// `None` where Kafka was not asked or did not answer.
    pub kafka: Option<KafkaSaid>,
    /// `None` where no place of it was given, or it could not be looked at.
    pub sink: Option<SinkSaid>,
    /// Checkpoints that lie below this place, relative to it.
    pub checkpoints: Vec<String>,
    /// What was not seen, as sentences.
    pub limits: Vec<String>,
    /// Why there is no prognosis, where there is none for another reason than
    /// files that were not read.
    pub error: Option<String>,
}

/// What the query is taken to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Query {
    pub spark: SparkLine,
    pub spark_from: From,
    pub sources: u32,
    pub sources_from: From,
    pub stateful: bool,
    pub stateful_from: From,
    pub async_progress: bool,
    pub state_checkpoint_format: u32,
}

/// Whose word it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum From {
    Option,
    /// From the checkpoint.
    Inferred,
    /// From nothing.
    Assumed,
}

/// What lies there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Seen {
    pub objects: u64,
    pub bytes: u64,
    /// Milliseconds since the epoch, of the newest object.
    pub changed_at_ms: Option<i64>,
    pub query_id: Option<Uuid>,
    pub newest_offsets: Option<i64>,
    pub newest_commit: Option<i64>,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FindingSaid {
    pub id: String,
    pub severity: Severity,
    pub path: Option<String>,
    pub line: Option<u32>,
    pub value: Option<String>,
    pub message: String,
    /// What follows from it, whatever else is so.
    pub proves: Option<&'static str>,
    pub action: &'static str,
    /// Of `roll_back_to`.
    pub action_batch_id: Option<i64>,
    /// Why nothing less would do.
    pub why: String,
    /// What else is enough, rising in harm.
    pub otherwise: Vec<RemedySaid>,
    pub by_hand: Option<String>,
}

/// See [`FindingSaid`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RemedySaid {
    pub action: &'static str,
    pub action_batch_id: Option<i64>,
    pub why: String,
}

impl Report {
    pub(super) fn new(place: &Place, prognosis: PrognosisSaid) -> Self {
        Self {
            format: FORMAT,
            sluice: env!("CARGO_PKG_VERSION"),
            checkpoint: place.uri(),
            looked_at: clock::now().rfc3339(),
            prognosis,
            findings: Vec::new(),
            query: None,
            seen: None,
            kafka: None,
            sink: None,
            checkpoints: Vec::new(),
            limits: Vec::new(),
            error: None,
        }
    }

    pub(super) fn unread(place: &Place, why: String) -> Self {
        Self {
            error: Some(why),
            ..Self::new(place, PrognosisSaid::unknown(Vec::new()))
        }
    }

    /// A place that is no checkpoint, with some below it.
    pub(super) fn root(place: &Place, seen: Seen, checkpoints: Vec<String>) -> Self {
        Self {
            seen: Some(seen),
            error: Some(format!(
                "This is no checkpoint but a place above: {} below it. Name one.",
                match checkpoints.len() {
                    1 => "one checkpoint lies".to_owned(),
                    n => format!("{n} checkpoints lie"),
                }
            )),
            checkpoints,
            ..Self::new(place, PrognosisSaid::unknown(Vec::new()))
        }
    }

    /// 0: it starts and nothing is an error. 1: it fails, or something is. 2: it
    /// could not be told.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        let error = |finding: &FindingSaid| finding.severity == Severity::Error;
        match self.prognosis.outcome {
            Outcome::Unknown => 2,
            Outcome::Fails => 1,
            _ if self.findings.iter().any(error) => 1,
            Outcome::Starts | Outcome::StartsFresh => 0,
        }
    }

    /// The document, with a line's end.
    #[must_use]
    pub fn json(&self) -> String {
        let text = serde_json::to_string_pretty(self)
            .expect("a report has text keys and finite numbers only");
        format!("{text}\n")
    }
}

impl Query {
    pub(super) fn of(
        shape: &QueryShape,
        spark: SparkLine,
        spark_from: From,
        options: &Options,
    ) -> Self {
        let from = |given: bool| if given { From::Option } else { From::Inferred };
        Self {
            spark,
            spark_from,
            sources: shape.sources,
            sources_from: from(options.sources.is_some()),
            stateful: shape.stateful,
            stateful_from: from(options.stateful.is_some()),
            async_progress: shape.async_progress,
            state_checkpoint_format: shape.state_checkpoint_format,
        }
    }
}

impl Seen {
    pub(super) fn of(gathered: &Gathered) -> Self {
        Self {
            objects: gathered.objects,
            bytes: gathered.bytes,
            changed_at_ms: gathered.changed_at_ms,
            query_id: None,
            newest_offsets: None,
            newest_commit: None,
        }
    }
}

impl FindingSaid {
    pub(super) fn of(finding: &Finding) -> Self {
        let (action, action_batch_id) = action_said(finding.action);
        Self {
            id: finding.id.clone(),
            severity: finding.severity,
            path: finding.path.clone(),
            line: finding.line,
            value: finding.value.clone(),
            message: finding.message.clone(),
            proves: check_of(&finding.id).map(|check| check.proves),
            action,
            action_batch_id,
            why: finding.why.clone(),
            otherwise: finding.otherwise.iter().map(RemedySaid::of).collect(),
            by_hand: finding.by_hand.clone(),
        }
    }

    /// About what was not seen or is assumed, and not about the checkpoint.
    pub(super) fn is_limit(&self) -> bool {
        self.id.starts_with('L')
    }
}

impl RemedySaid {
    fn of(remedy: &Remedy) -> Self {
        let (action, action_batch_id) = action_said(remedy.action);
        Self {
            action,
            action_batch_id,
            why: remedy.why.clone(),
        }
    }
}

fn action_said(action: Action) -> (&'static str, Option<i64>) {
    match action {
        Action::Nothing => ("nothing", None),
        Action::Wait => ("wait", None),
        Action::RestartOnly => ("restart_only", None),
        Action::RollBackTo(batch) => ("roll_back_to", Some(batch)),
        Action::RestoreBackup => ("restore_backup", None),
        Action::NewStartAtOffsets => ("new_start_at_offsets", None),
        Action::FullReset => ("full_reset", None),
    }
}
