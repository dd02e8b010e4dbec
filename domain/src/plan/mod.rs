//! The plan: a complete and immutable value. Every key that it copies or
//! deletes, every call that it makes and every offset that it sets stands in
//! it, so that the executor has nothing left to decide. The dry run is this
//! value, rendered.
//!
//! One Run holds two plans. The *secure* plan stops the job and makes a sealed
//! backup; a checkpoint that is still written cannot be listed to the last
//! key, so what it copies is chosen after the stop by [`settle`]. The *reset*
//! plan is built on the sealed manifest and is exact.

mod build;
mod check;
mod compare;
mod edit;
mod notes;
mod onward;
mod outlook;
mod ranges;
mod refusal;
mod render;
mod reset;
mod restore;
mod rewrite;
mod setting;
mod setting_jq;
mod settle;
mod steps;
mod targets;

pub use build::{BuildSecure, build_secure};
pub use check::{Fault, check};
pub use compare::{Compared, ComparedPartition, ComparedStep, Comparison, compare};
pub use edit::{Edit, FileWrite, Foreseen, in_order, rollbacks};
pub use ranges::{Ranges, RecordTimes, TimeRange, wanted_times};
pub use refusal::Refusal;
pub use render::{RenderedPlan, RenderedStep, render, title};
pub use reset::{BuildReset, build_reset};
pub use restore::{preview_restore, sink_on_restore};
pub use setting::Setting;
pub use settle::{Listed, Stale, backup_prefix, settle};
pub use steps::{
    ClearStep, ConfirmStep, CopyStep, EditStep, GateStep, HoldStep, OpenGateStep,
    ReadBackStep, RestartStep, RestoreStep, SealStep, SeedStep, Step, StepKind, StopStep,
    WaitStep, WatchStep, gate_owner, gate_text,
};
pub use targets::{TimestampOffsets, kept_from, misfits, preview};

use serde::{Deserialize, Serialize};

use crate::agreement::AgreementNeeded;
use crate::basis::Basis;
use crate::canonical::{self, NotCanonical, decimal};
use crate::estimate::Estimate;
use crate::ids::{Digest, JobRunId, RunId, StreamName};
use crate::intent::Intent;
use crate::manifest::Sealed;
use crate::offsets::PartitionOffsets;
use crate::policy::Policy;
use crate::time::Millis;

/// A plan and its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The SHA-256 of the canonical JSON of `body`. An approval names it.
    pub id: Digest,
    /// All the rest.
    pub body: PlanBody,
}

/// Which of a Run's two plans.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum PlanKind {
    /// Hold, stop, wait, back up, seal. Undone by a restart.
    Secure,
    /// Gate, clear, seed where seeding carries, restart, verify; or what another
    /// way out has in their place.
    Reset,
}

impl PlanKind {
    /// The word in ids, addresses and prose.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            PlanKind::Secure => "secure",
            PlanKind::Reset => "reset",
        }
    }
}

/// What a plan says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanBody {
    /// The version of this form.
    pub format: u32,
    /// Which of the two.
    pub kind: PlanKind,
    /// The Run that it belongs to.
    pub run: RunId,
    /// The stream.
    pub stream: StreamName,
    /// What was asked for; a secure plan may be made before the way out is
    /// chosen.
    pub intent: Option<Intent>,
    /// When it was built.
    pub built_at: Millis,
    /// When the world was as `basis` says.
    pub snapshot_at: Millis,
    /// What it stands on; another value makes it stale.
    pub basis: Basis,
    /// The sealed backup that a reset plan stands on.
    pub sealed: Option<Sealed>,
    /// The policy that applied.
    pub policy: Policy,
    /// What will be done, in order.
    pub steps: Vec<Step>,
    /// What undoes it while that is possible, in order.
    pub undo: Vec<Step>,
    /// What it does not do, and why.
    pub left_out: Vec<LeftOut>,
    /// By topic and partition, what it does to the data.
    pub effects: Vec<PartitionEffect>,
    /// From when to when the records are that it skips or reads again.
    #[serde(default, skip_serializing_if = "Ranges::is_empty")]
    pub ranges: Ranges,
    /// What a reader must know and no number says.
    pub notes: Vec<String>,
    /// Job runs that were alive and write elsewhere, by a person's word.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub explained: Vec<JobRunId>,
    /// How long it takes.
    pub estimate: Estimate,
    /// Who must agree.
    pub agreement: AgreementNeeded,
}

/// The version of the plan's form that this release writes.
pub const FORMAT: u32 = 1;

impl Plan {
    /// Seals `body` under its hash.
    ///
    /// # Errors
    /// Never for a body of this type; see [`canonical::to_string`].
    pub fn new(body: PlanBody) -> Result<Self, NotCanonical> {
        Ok(Self {
            id: canonical::digest(&body)?,
            body,
        })
    }

    /// Whether the id is the hash of the body. A plan from outside, or from a
    /// store that may have been edited, is believed only then.
    #[must_use]
    pub fn is_genuine(&self) -> bool {
        canonical::digest(&self.body).is_ok_and(|digest| digest == self.id)
    }

    /// In which ways the world has moved from under this plan, as sentences.
    ///
    /// A secure plan is made while the job may still write, so new batches do
    /// not make it stale; what it copies is settled after the stop.
    #[must_use]
    pub fn drift(&self, now: &Basis) -> Vec<String> {
        let mut then = self.body.basis.clone();
        if self.body.kind == PlanKind::Secure {
            then.decisive = None;
            then.topics = None;
        }
        then.drift(now)
    }

    /// The totals over all partitions.
    #[must_use]
    pub fn cost(&self) -> Cost {
        Cost::of(&self.body.effects)
    }

    /// What the restart changes in the driver, where the driver carries the
    /// starting position.
    #[must_use]
    pub fn setting(&self) -> Option<&Setting> {
        self.body.steps.iter().find_map(|s| match &s.kind {
            StepKind::Restart(restart) => restart.setting.as_ref(),
            _ => None,
        })
    }

    /// What each source must begin with, whatever carries it there; empty for
    /// a plan that starts nothing anew.
    #[must_use]
    pub fn starting_offsets(&self) -> &[PartitionOffsets] {
        let read_back = self.body.steps.iter().find_map(|s| match &s.kind {
            StepKind::ReadBack(read_back) => Some(read_back.sources.as_slice()),
            StepKind::Confirm(confirm) => Some(confirm.sources.as_slice()),
            _ => None,
        });
        read_back.unwrap_or_default()
    }

    /// The step with this id, among the steps and the undo.
    #[must_use]
    pub fn step(&self, id: &crate::ids::StepId) -> Option<&Step> {
        self.body
            .steps
            .iter()
            .chain(&self.body.undo)
            .find(|s| s.id == *id)
    }
}

/// Something considered and left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// What.
    pub what: String,
    /// Why.
    pub why: String,
}

/// What a plan does to one partition. All offsets are the next to be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionEffect {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// Where the stream provably got to: by the newest readable committed
    /// batch. `None` for a partition that it never read.
    pub before: Option<DecimalOffset>,
    /// Where it will begin.
    pub after: DecimalOffset,
    /// The log start when the plan was built.
    pub log_start: DecimalOffset,
    /// The end when the plan was built.
    pub log_end: DecimalOffset,
    /// Offsets that will never be read: from `before` up to `after`, as far as
    /// Kafka still has them.
    #[serde(with = "decimal")]
    pub skipped: u64,
    /// Offsets that will be read a second time: from `after` up to `before`.
    #[serde(with = "decimal")]
    pub repeated: u64,
    /// Offsets that Kafka has already deleted unread: from `before` up to the
    /// log start. No plan brings them back.
    #[serde(with = "decimal")]
    pub already_lost: u64,
    /// Offsets from `after` to the end: what will be read first.
    #[serde(with = "decimal")]
    pub backlog: u64,
}

/// An offset; a decimal string on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DecimalOffset(#[serde(with = "decimal")] pub i64);

impl PartitionEffect {
    /// The effect of moving a partition from `before` to `after`.
    #[must_use]
    pub fn new(
        topic: &str,
        partition: i32,
        before: Option<i64>,
        after: i64,
        seen: crate::snapshot::PartitionSeen,
    ) -> Self {
        // A partition that was never read would have begun at its log start.
        let reached = before.unwrap_or(seen.earliest);
        let readable = reached.max(seen.earliest);
        let count = |from: i64, until: i64| {
            u64::try_from(until.saturating_sub(from)).unwrap_or(0)
        };
        Self {
            topic: topic.to_owned(),
            partition,
            before: before.map(DecimalOffset),
            after: DecimalOffset(after),
            log_start: DecimalOffset(seen.earliest),
            log_end: DecimalOffset(seen.latest),
            skipped: count(readable, after),
            repeated: if before.is_some() {
                count(after, reached)
            } else {
                0
            },
            already_lost: count(reached, seen.earliest),
            backlog: count(after, seen.latest),
        }
    }
}

/// The totals of a plan: the four numbers of the card that never leaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// Offsets that will never be read.
    #[serde(with = "decimal")]
    pub skipped: u64,
    /// Offsets that will be read a second time.
    #[serde(with = "decimal")]
    pub repeated: u64,
    /// Offsets that Kafka deleted before they were read.
    #[serde(with = "decimal")]
    pub already_lost: u64,
    /// Offsets to be read first.
    #[serde(with = "decimal")]
    pub backlog: u64,
}

impl Cost {
    /// The sum of `effects`.
    #[must_use]
    pub fn of(effects: &[PartitionEffect]) -> Self {
        effects.iter().fold(Self::default(), |sum, e| Self {
            skipped: sum.skipped + e.skipped,
            repeated: sum.repeated + e.repeated,
            already_lost: sum.already_lost + e.already_lost,
            backlog: sum.backlog + e.backlog,
        })
    }
}
