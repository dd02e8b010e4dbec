//! Why no plan can be made, and what must have been read for one.

use thiserror::Error;

use crate::ids::JobRunId;
use crate::snapshot::{CheckpointSeen, JobsSeen, KafkaSeen, OtherRun, Snapshot};

/// Why no plan can be made, each with what to do.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// Something that the plan needs could not be read.
    #[error(
        "{what} could not be read: {reason}. A plan needs it; look again once it can be read."
    )]
    Unknown {
        /// What.
        what: &'static str,
        /// Why not.
        reason: String,
    },
    /// There is nothing under the prefix.
    #[error(
        "No object lies under {0}, so there is nothing to back up or to reset. Check the stream's checkpoint location."
    )]
    Empty(String),
    /// Other checkpoints lie under the prefix.
    #[error(
        "{location} is no checkpoint of its own: below it lie {}. A reset would clear them all. Name the checkpoint itself in the stream's configuration.",
        few(nested)
    )]
    Nested {
        /// The configured place.
        location: String,
        /// The checkpoints below it, relative to it.
        nested: Vec<String>,
    },
    /// A job run is alive that belongs to no known stream.
    #[error(
        "Job runs {0} are not known to be this stream's and may write here. Say in the checklist what they are, name their stream in the configuration, or stop them."
    )]
    Unexplained(String),
    /// A job run that is not the stream's writes its checkpoint.
    #[error("{0} Two writers destroy a checkpoint. Stop it before a plan is made.")]
    OtherWriter(String),
    /// The job is alive although it was secured.
    #[error(
        "Job run {0} may still write here. Abort this Run and open another, which secures the stream anew."
    )]
    Alive(String),
    /// The checkpoint and the job are not of one query.
    #[error(
        "The checkpoint's query id is {checkpoint}, and the job last reported progress of query {job}. This prefix is not that job's checkpoint; check the stream's configuration."
    )]
    OtherQuery {
        /// The id in `metadata`.
        checkpoint: uuid::Uuid,
        /// The id in the job's newest progress event.
        job: uuid::Uuid,
    },
    /// There is no job run to start again.
    #[error(
        "No earlier job run of this stream was found, so there is nothing to start it from. Start it once outside of Sluice."
    )]
    NoBase,
    /// A topic of the stream is not at the broker.
    #[error("Topic {0} is not on the Kafka cluster. Check the stream's topics.")]
    NoTopic(String),
    /// The wanted offsets do not fit.
    #[error("The offsets do not fit: {}", .0.join("; "))]
    Offsets(Vec<String>),
    /// Kafka does not hold what the query would go on with.
    #[error(
        "Spark would fail, unless its failOnDataLoss is false: {}. Choose where it begins instead.",
        few(.0)
    )]
    PastKafka(Vec<String>),
    /// The checkpoint's log does not lead on.
    #[error("{0}")]
    Log(String),
    /// The backup cannot be put back.
    #[error("{0}")]
    Backup(String),
    /// The sink would skip what is written.
    #[error("{0}")]
    Sink(String),
    /// What is configured cannot carry the starting offsets.
    #[error("{0}")]
    Carrier(String),
    /// Times were not looked up.
    #[error("The time {0} was not resolved to offsets at Kafka.")]
    Unresolved(String),
    /// A value that cannot be hashed; a defect.
    #[error("The plan could not be written as canonical JSON.")]
    NotCanonical,
}

/// The checkpoint, which lies alone under its prefix.
pub(super) fn seen_checkpoint(snapshot: &Snapshot) -> Result<&CheckpointSeen, Refusal> {
    let seen = snapshot.checkpoint.seen().ok_or_else(|| Refusal::Unknown {
        what: "The checkpoint",
        reason: unknown(snapshot.checkpoint.unknown_reason()),
    })?;
    if seen.nested.is_empty() {
        Ok(seen)
    } else {
        Err(Refusal::Nested {
            location: seen.location.clone(),
            nested: seen.nested.clone(),
        })
    }
}

/// Names for a sentence, the first few of them.
fn few(names: &[String]) -> String {
    const SAID: usize = 5;
    let said = names[..names.len().min(SAID)].join(", ");
    match names.len().saturating_sub(SAID) {
        0 => said,
        more => format!("{said} and {more} more"),
    }
}

/// The job runs, when nobody else may write here. `explained` are the job runs
/// that write elsewhere by a person's word.
pub(super) fn seen_jobs<'a>(
    snapshot: &'a Snapshot,
    explained: &[JobRunId],
) -> Result<&'a JobsSeen, Refusal> {
    let jobs = snapshot.jobs.seen().ok_or_else(|| Refusal::Unknown {
        what: "The application's job runs",
        reason: unknown(snapshot.jobs.unknown_reason()),
    })?;
    let in_the_way: Vec<&OtherRun> = jobs.in_the_way(explained).collect();
    if let Some(writer) = in_the_way.iter().find(|run| !run.can_be_explained()) {
        return Err(Refusal::OtherWriter(writer.sentence()));
    }
    if in_the_way.is_empty() {
        Ok(jobs)
    } else {
        let ids: Vec<&str> = in_the_way.iter().map(|run| run.id.as_str()).collect();
        Err(Refusal::Unexplained(ids.join(", ")))
    }
}

pub(super) fn seen_kafka(snapshot: &Snapshot) -> Result<&KafkaSeen, Refusal> {
    snapshot.kafka.seen().ok_or_else(|| Refusal::Unknown {
        what: "Kafka",
        reason: unknown(snapshot.kafka.unknown_reason()),
    })
}

fn unknown(reason: Option<&str>) -> String {
    reason
        .unwrap_or("no reason was given")
        .trim_end_matches('.')
        .to_owned()
}

/// Proves the binding of prefix and job as far as both can be read: a job that
/// reported progress after the newest change under the prefix writes its
/// checkpoint elsewhere if its query id is another. (An older report may be of
/// the query that lay here before a reset.)
pub(super) fn refuse_other_query(
    snapshot: &Snapshot,
    checkpoint: &CheckpointSeen,
) -> Result<(), Refusal> {
    let newest = snapshot.progress.seen().and_then(|events| {
        events
            .iter()
            .rev()
            .filter(|e| checkpoint.changed_at.is_some_and(|at| e.at > at))
            .find_map(|e| e.query_id)
    });
    match (checkpoint.query_id, newest) {
        (Some(checkpoint), Some(job)) if checkpoint != job => {
            Err(Refusal::OtherQuery { checkpoint, job })
        }
        _ => Ok(()),
    }
}
