//! What is not as it was when the stream last did its work: how the newest job
//! run was started, against the one that committed the newest batch.

mod launch;
mod secret;

use serde::{Deserialize, Serialize};

use crate::ids::JobRunId;
use crate::snapshot::{BatchSeen, JobRunSeen, JobRunState};
use crate::time::Millis;

pub use launch::{Launch, compare};
pub use secret::may_be_secret;

/// What changed since the last job run that did its work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// The newest job run.
    pub newest: RunLine,
    /// The one that committed the newest batch.
    pub good: RunLine,
    /// That batch, and when it was planned.
    pub batch: (i64, Millis),
    /// What the newest was started with otherwise; empty where they are one.
    pub settings: Vec<Setting>,
    /// The script and jars of the newest, as they lie in S3 now.
    pub files: Vec<File>,
}

impl Changed {
    /// Whether the newest job run is the one that did its work.
    #[must_use]
    pub fn is_one_run(&self) -> bool {
        self.newest.id == self.good.id
    }
}

/// A job run, in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunLine {
    /// Its id.
    pub id: JobRunId,
    /// Its state, in EMR's word.
    pub state: String,
    /// What EMR says about the state; may be empty.
    pub details: String,
    /// When it was submitted.
    pub submitted_at: Millis,
    /// Who started it, an ARN.
    pub started_by: String,
    /// Whether it was cancelled, and by whom as far as EMR says.
    pub cancelled: Option<CancelledBy>,
}

/// Who cancelled a job run. EMR's API does not tell but in the words beside the
/// state, and not always there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "by", content = "name")]
pub enum CancelledBy {
    /// As EMR's words have it.
    Said(String),
    /// EMR does not say.
    Unknown,
}

/// Something that a job run is started with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// What it is, such as `spark.executor.memory`.
    pub key: String,
    /// As the job run that did its work had it.
    pub before: Value,
    /// As the newest has it.
    pub after: Value,
}

/// A value, as far as it may be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is", content = "text")]
pub enum Value {
    /// It is not set.
    Absent,
    /// It is this.
    Shown(String),
    /// It is set to what may be a secret.
    Hidden,
}

/// A file that the newest job run is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// What it is to the job, such as "script".
    pub what: String,
    /// Its address.
    pub uri: String,
    /// How it lies in S3 now.
    pub now: FileNow,
}

/// See [`File`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "file")]
pub enum FileNow {
    /// It is there.
    There {
        /// When it was written, by S3's clock.
        written_at: Millis,
        /// Its ETag.
        etag: String,
    },
    /// It is not there.
    Missing,
    /// It could not be looked at, for this reason.
    Unknown {
        /// Why not, as a sentence.
        reason: String,
    },
}

impl RunLine {
    /// In short.
    #[must_use]
    pub fn of(run: &JobRunSeen) -> Self {
        let cancelled =
            matches!(run.state, JobRunState::Cancelled | JobRunState::Cancelling);
        Self {
            id: run.id.clone(),
            state: run.state.word().to_owned(),
            details: run.state_details.clone(),
            submitted_at: run.created_at,
            started_by: run.created_by.clone(),
            cancelled: cancelled.then(|| cancelled_by(&run.state_details)),
        }
    }
}

/// Of `runs`, newest first, the one under which a batch was planned. A job run
/// that has ended planned nothing after its end.
#[must_use]
pub fn run_of<'a>(runs: &'a [JobRunSeen], batch: &BatchSeen) -> Option<&'a JobRunSeen> {
    runs.iter().find(|run| {
        let ended_before = run.state.is_terminal() && run.updated_at < batch.planned_at;
        run.created_at <= batch.planned_at && !ended_before
    })
}

/// Reads "… cancelled by NAME", with whatever follows up to the sentence's end.
/// "Cancelled because it exceeded …" names nobody.
fn cancelled_by(details: &str) -> CancelledBy {
    let lower = details.to_ascii_lowercase();
    let after = ["cancelled by ", "canceled by ", "cancellation by "]
        .into_iter()
        .find_map(|words| lower.find(words).map(|at| at + words.len()));
    // A dot inside a name, as in an ARN or an address, ends no sentence.
    let name = after.map(|at| {
        let rest = &details[at..];
        rest.split(". ")
            .next()
            .unwrap_or(rest)
            .trim_end_matches('.')
            .trim()
    });
    match name {
        Some(name) if !name.is_empty() => CancelledBy::Said(name.to_owned()),
        _ => CancelledBy::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_cancelled_is_unknown_unless_the_words_say_it() {
        let said = |name: &str| CancelledBy::Said(name.to_owned());
        for (details, expected) in [
            ("", CancelledBy::Unknown),
            ("Job run was cancelled.", CancelledBy::Unknown),
            (
                "Job run was cancelled because it exceeded its execution timeout.",
                CancelledBy::Unknown,
            ),
            ("The job run was cancelled by user.", said("user")),
            (
                "Cancelled by arn:aws:sts::1:assumed-role/a/b.c. Bye.",
                said("arn:aws:sts::1:assumed-role/a/b.c"),
            ),
            ("Cancelled by .", CancelledBy::Unknown),
        ] {
            assert_eq!(cancelled_by(details), expected, "{details}");
        }
    }
}
