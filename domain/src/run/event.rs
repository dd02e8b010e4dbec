//! What can happen in a Run, as it is journalled.
//!
//! The journal outlives a release: a [`Record`] carries its version, no type
//! here is flattened or untagged, and a field is only ever added with a
//! default.

use serde::{Deserialize, Serialize};

use super::facts::{Facts, StepProblem};
use crate::access::{Person, Role};
use crate::canonical::decimal;
use crate::ids::{Digest, JobRunId, StepId, StreamName};
use crate::intent::Intent;
use crate::manifest::Sealed;
use crate::plan::PlanKind;
use crate::time::Millis;

/// The version that this release writes.
pub const RECORD_VERSION: u32 = 1;

/// One row of the journal, as far as a Run is concerned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The version of this form.
    pub version: u32,
    /// The place in the Run, from 1 without gaps.
    pub run_seq: i64,
    /// When it was appended, by the server's clock.
    pub at: Millis,
    /// Who did it; `None` for the executor.
    pub actor: Option<Person>,
    /// What happened.
    pub event: Event,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Event {
    /// The Run was opened.
    Opened {
        /// On this stream.
        stream: StreamName,
        /// The verdict at that time, as a sentence.
        verdict: String,
        /// The digest of the snapshot, which is kept as a blob.
        snapshot: Digest,
        /// Since when the stream was in that state, where it is known.
        since: Option<Millis>,
    },
    /// A checklist item was answered.
    Answered {
        /// Which.
        item: ChecklistItem,
        /// With what.
        answer: Answer,
    },
    /// A way out was chosen.
    Intended {
        /// Which, and why.
        intent: Intent,
    },
    /// A plan was made. It replaces an earlier one of its kind that was not
    /// started.
    Planned {
        /// Which of the two.
        kind: PlanKind,
        /// Its id, which is also the address of its blob.
        plan: Digest,
        /// The ids of its steps, in order.
        steps: Vec<StepId>,
        /// The ids of its undo, in order.
        undo: Vec<StepId>,
    },
    /// Agreement was asked for.
    Requested {
        /// To this plan.
        plan: Digest,
        /// When the request turns into a No.
        expires_at: Millis,
    },
    /// Somebody agreed.
    Agreed {
        /// To this plan.
        plan: Digest,
        /// In this role.
        role: Role,
        /// In their words.
        comment: String,
    },
    /// Somebody declined.
    Declined {
        /// This plan.
        plan: Digest,
        /// In this role.
        role: Role,
        /// Why.
        reason: String,
    },
    /// A request ran out of time.
    Expired {
        /// For this plan.
        plan: Digest,
    },
    /// A request was taken back.
    Withdrawn {
        /// For this plan.
        plan: Digest,
        /// Why.
        reason: String,
    },
    /// Objects of Sluice's own are about to be written beside the backups and
    /// deleted again, to try which conditions are honoured there.
    TrialIntended {
        /// For this plan.
        plan: Digest,
        /// Their address up to where their names differ.
        objects: String,
    },
    /// The pre-flight of a plan was asked.
    Preflighted {
        /// Of this plan.
        plan: Digest,
        /// The digest of the answers, which are kept as a blob.
        answers: Digest,
        /// Which questions keep the plan from being started.
        refuses: Vec<String>,
    },
    /// A plan was started.
    Started {
        /// Which of the two.
        kind: PlanKind,
        /// This plan.
        plan: Digest,
    },
    /// A step is about to be done.
    StepIntended {
        /// Which.
        step: StepId,
        /// The attempt, from 1.
        attempt: u32,
    },
    /// A step is under way. Counts only; may be dropped.
    StepProgressed {
        /// Which.
        step: StepId,
        /// How much is done.
        #[serde(with = "decimal")]
        done: u64,
        /// Out of how much, where that is known; 0 where it is not.
        #[serde(with = "decimal")]
        total: u64,
        /// What is being waited for, or counted.
        what: String,
    },
    /// A step was done.
    StepDone {
        /// Which.
        step: StepId,
        /// What came of it.
        facts: Facts,
    },
    /// A step was done, with something to know.
    StepWarned {
        /// Which.
        step: StepId,
        /// What came of it.
        facts: Facts,
        /// What to know.
        warning: String,
    },
    /// An attempt failed, with nothing done that is not known.
    StepFailed {
        /// Which.
        step: StepId,
        /// The attempt.
        attempt: u32,
        /// What went wrong.
        problem: StepProblem,
        /// When it is tried again; `None` when a person is needed.
        next_attempt_at: Option<Millis>,
    },
    /// An effect may or may not have happened, and looking did not tell.
    OutcomeUnknown {
        /// Of this step.
        step: StepId,
        /// Why it cannot be known.
        reason: String,
    },
    /// The backup was sealed.
    Sealed {
        /// By this manifest.
        sealed: Sealed,
    },
    /// The gate was closed.
    GateClosed {
        /// The ETag of the closed gate.
        etag: String,
    },
    /// The gate was opened.
    GateOpened {
        /// The ETag of the right `metadata`.
        etag: String,
    },
    /// The Run waits for a person, its prefix stays held.
    Parked {
        /// Why.
        reason: String,
        /// What to do.
        next_step: String,
    },
    /// A person let it go on.
    Resumed {
        /// Why, in their words.
        reason: String,
    },
    /// An abort was asked for.
    AbortAsked {
        /// Why.
        reason: String,
    },
    /// What was done was undone.
    Undone {
        /// What that means.
        how: String,
    },
    /// Somebody else took over.
    HandedOver {
        /// Who.
        to: Person,
    },
    /// The Run is over.
    Ended {
        /// How.
        ending: Ending,
        /// Why, as a sentence.
        reason: String,
    },
}

impl Event {
    /// The word for it, as in the journal's column and in failpoints.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Event::Opened { .. } => "opened",
            Event::Answered { .. } => "answered",
            Event::Intended { .. } => "intended",
            Event::Planned { .. } => "planned",
            Event::Requested { .. } => "requested",
            Event::Agreed { .. } => "agreed",
            Event::Declined { .. } => "declined",
            Event::Expired { .. } => "expired",
            Event::Withdrawn { .. } => "withdrawn",
            Event::TrialIntended { .. } => "trial_intended",
            Event::Preflighted { .. } => "preflighted",
            Event::Started { .. } => "started",
            Event::StepIntended { .. } => "step_intended",
            Event::StepProgressed { .. } => "step_progressed",
            Event::StepDone { .. } => "step_done",
            Event::StepWarned { .. } => "step_warned",
            Event::StepFailed { .. } => "step_failed",
            Event::OutcomeUnknown { .. } => "outcome_unknown",
            Event::Sealed { .. } => "sealed",
            Event::GateClosed { .. } => "gate_closed",
            Event::GateOpened { .. } => "gate_opened",
            Event::Parked { .. } => "parked",
            Event::Resumed { .. } => "resumed",
            Event::AbortAsked { .. } => "abort_asked",
            Event::Undone { .. } => "undone",
            Event::HandedOver { .. } => "handed_over",
            Event::Ended { .. } => "ended",
        }
    }
}

/// How a Run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The stream was reset and advances.
    Done,
    /// What was done was undone.
    Restored,
    /// Nothing was changed.
    Closed,
}

impl Ending {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Ending::Done => "done",
            Ending::Restored => "restored",
            Ending::Closed => "closed",
        }
    }
}

/// The runbook's checklist before a reset, and who writes, which it assumes.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum ChecklistItem {
    /// Confirm that the stream is actually stuck.
    Stuck,
    /// Check for checkpoint corruption.
    Corruption,
    /// Make sure that nobody else writes the checkpoint.
    Writers,
    /// Back up the checkpoint.
    Backup,
    /// Notify stakeholders if historical data is processed again.
    Stakeholders,
    /// Document the reason.
    Reason,
}

impl ChecklistItem {
    /// Every item, in the runbook's order.
    pub const ALL: [ChecklistItem; 6] = [
        ChecklistItem::Stuck,
        ChecklistItem::Corruption,
        ChecklistItem::Writers,
        ChecklistItem::Backup,
        ChecklistItem::Stakeholders,
        ChecklistItem::Reason,
    ];

    /// The item as a sentence.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            ChecklistItem::Stuck => "The stream is actually stuck",
            ChecklistItem::Corruption => "The checkpoint was checked for corruption",
            ChecklistItem::Writers => "Nobody else writes the checkpoint",
            ChecklistItem::Backup => "The checkpoint is backed up",
            ChecklistItem::Stakeholders => {
                "Stakeholders know, if historical data is processed again"
            }
            ChecklistItem::Reason => "The reason is documented",
        }
    }
}

/// How an item is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "answer")]
pub enum Answer {
    /// By what Sluice saw.
    Evidence {
        /// What it saw.
        text: String,
        /// Whether it speaks for a reset.
        supports: bool,
    },
    /// By a later step of this Run, which cannot be skipped.
    Step {
        /// Which.
        text: String,
    },
    /// By a person's word.
    Word {
        /// Which.
        text: String,
    },
    /// By a person's word on job runs that may write and are not known to be
    /// the stream's.
    Explained {
        /// Which job runs.
        runs: Vec<JobRunId>,
        /// What they are.
        text: String,
    },
}

impl Answer {
    /// The answer in words.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Answer::Evidence { text, .. }
            | Answer::Step { text }
            | Answer::Word { text }
            | Answer::Explained { text, .. } => text,
        }
    }
}
