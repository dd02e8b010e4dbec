//! The prognosis as the report words it. The names are an interface:
//! docs/doctor.schema.json holds them.

use domain::checkpoint::prognosis::FirstBatch;
use domain::checkpoint::{CheckpointView, FailsWhen, Prognosis};
use serde::Serialize;

/// What Spark will do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PrognosisSaid {
    pub outcome: Outcome,
    /// The first batch that Spark runs; `None` where it runs none or that cannot
    /// be told.
    pub batch_id: Option<i64>,
    /// The batch was begun before, so that the sink may hold part of it.
    pub replay: Option<bool>,
    /// By source, as the lines stand in the checkpoint.
    pub start_offsets: Option<Vec<Option<String>>>,
    pub end_offsets: Option<Vec<Option<String>>>,
    pub when: Option<FailsWhen>,
    /// Java's name of the innermost cause.
    pub error_class: Option<String>,
    /// Spark's, where it has one.
    pub error_condition: Option<String>,
    /// As it will stand in the driver's log.
    pub error_text: Option<String>,
    /// The file that it is about, relative to the checkpoint.
    pub path: Option<String>,
    /// Why it begins anew, as a sentence.
    pub why: Option<String>,
    /// What would have to be read to tell.
    pub unread: Vec<String>,
}

/// See [`PrognosisSaid`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Starts,
    StartsFresh,
    Fails,
    Unknown,
}

impl PrognosisSaid {
    pub(super) fn unknown(unread: Vec<String>) -> Self {
        Self {
            outcome: Outcome::Unknown,
            batch_id: None,
            replay: None,
            start_offsets: None,
            end_offsets: None,
            when: None,
            error_class: None,
            error_condition: None,
            error_text: None,
            path: None,
            why: None,
            unread,
        }
    }

    pub(super) fn of(prognosis: &Prognosis, view: &CheckpointView) -> Self {
        let nothing = Self::unknown(Vec::new());
        match prognosis {
            Prognosis::Unknown { unread } => Self::unknown(unread.clone()),
            Prognosis::Starts {
                batch_id,
                start_offsets,
                end_offsets,
                replay,
            } => Self {
                outcome: Outcome::Starts,
                batch_id: Some(*batch_id),
                replay: Some(*replay),
                start_offsets: Some(start_offsets.clone()),
                end_offsets: end_offsets.clone(),
                ..nothing
            },
            Prognosis::StartsFresh { why, start } => Self {
                outcome: Outcome::StartsFresh,
                batch_id: Some(0),
                replay: Some(false),
                start_offsets: start.clone(),
                why: Some(if view.listing.is_empty() {
                    format!("{why} Nothing at all lies here: is it the right place?")
                } else {
                    why.clone()
                }),
                ..nothing
            },
            Prognosis::Fails {
                when,
                error_class,
                error_condition,
                text,
                path,
                first_batch,
            } => {
                let failed = Self {
                    outcome: Outcome::Fails,
                    when: Some(*when),
                    error_class: Some(error_class.clone()),
                    error_condition: error_condition.clone(),
                    error_text: Some(text.clone()),
                    path: path.clone(),
                    ..nothing
                };
                failed.after(first_batch.as_ref())
            }
        }
    }

    fn after(self, first: Option<&FirstBatch>) -> Self {
        let Some(first) = first else { return self };
        Self {
            batch_id: Some(first.batch_id),
            replay: Some(first.replay),
            start_offsets: Some(first.start_offsets.clone()),
            end_offsets: first.end_offsets.clone(),
            ..self
        }
    }
}
