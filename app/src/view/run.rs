//! A Run's pages: one value for every stage, so that the rail and the card
//! never disagree with the stage.

use domain::agreement::{AgreementNeeded, AgreementState, RoleNeeded};
use domain::backup::Compared;
use domain::estimate::PastReset;
use domain::ids::{RunId, StepId};
use domain::intent::Course;
use domain::plan::{Cost, PartitionEffect, Plan, Ranges, RenderedStep};
use domain::preflight::Preflight;
use domain::run::{Answer, ChecklistItem, RunState, Stage, StepState};
use domain::stream::Stream;
use domain::time::Millis;
use domain::verdict::Verdict;
use serde::{Deserialize, Serialize};

use super::Permission;

/// Every stage of a Run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunPage {
    /// The server's time.
    pub now: Millis,
    /// The Run.
    pub run: RunId,
    /// The stream.
    pub stream: Stream,
    /// The verdict now.
    pub verdict: Option<Verdict>,
    /// Where the Run stands.
    pub state: RunState,
    /// The stage to open when no other is asked for.
    pub stage: Stage,
    /// The checklist.
    pub checklist: Vec<ChecklistRow>,
    /// The ways out, each with what it would cost now.
    pub options: Vec<OptionCard>,
    /// The backups that option D can put back, newest first. None are looked for
    /// once the way out can no longer change.
    pub backups: Vec<BackupRow>,
    /// The secure plan, or why there can be none.
    pub secure: PlanView,
    /// The reset plan, or why there can be none.
    pub reset: PlanView,
    /// What the chosen way out would do by what was seen last; `None` once there
    /// is a plan, or where it cannot be told.
    pub weighed: Option<Weighed>,
    /// How past resets of this stream went, newest first.
    pub past: Vec<PastReset>,
    /// The card that never leaves: the cost of the plan, or of the chosen
    /// option before there is a plan.
    pub cost: Option<Cost>,
    /// How long it takes, in words, such as "2 m to 9 m".
    pub takes: Option<String>,
    /// Who must agree, in words.
    pub agrees: Option<String>,
    /// What is being done now, in a sentence that can be read from across the
    /// room.
    pub headline: String,
    /// When the recovery time objective is over.
    pub rto_at: Option<Millis>,
    /// What the person may do.
    pub may: Permissions,
    /// Everything that happened so far, oldest first: when, who, what.
    pub log: Vec<(Millis, String, String)>,
}

/// One item of the checklist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChecklistRow {
    /// Which.
    pub item: ChecklistItem,
    /// How it is answered, if it is.
    pub answer: Option<Answer>,
    /// What Sluice can say to it now; a person's word is wanted where there
    /// is none.
    pub offered: Option<Answer>,
}

/// A backup that was found, and what putting it back would do now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupRow {
    /// Where its objects lie, as [`Choose`](crate::forms::Choose) has it.
    pub value: String,
    /// The last part of that.
    pub name: String,
    /// When it was sealed, by S3's clock.
    pub sealed_at: Millis,
    /// What is in it; `None` where its manifest or an object is wrong.
    pub held: Option<BackupHeld>,
    /// What putting it back would do to the data; `None` where it cannot be.
    pub cost: Option<Cost>,
    /// What the sink would do with it; empty where it cannot be put back.
    pub sink: String,
    /// Why it cannot be put back; `None` where it can.
    pub not_possible: Option<String>,
}

/// What is in a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupHeld {
    /// The Run that made it.
    pub run: RunId,
    /// Why, in the words of who chose the way out of that Run.
    pub reason: Option<String>,
    /// Objects, `metadata` included.
    pub objects: u64,
    /// Their sizes added up.
    pub bytes: u64,
    /// The newest readable committed batch, and when it was planned.
    pub batch: Option<(i64, Millis)>,
    /// Where that batch ends, as Spark's JSON.
    pub offsets: Option<String>,
    /// In what it differs from what is there now.
    pub compared: Compared,
}

/// One way out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptionCard {
    /// The letter.
    pub letter: String,
    /// The word in forms, as [`Choose`](crate::forms::Choose) has them.
    pub value: String,
    /// What it does to the checkpoint; those of one course stand together.
    pub course: Course,
    /// The name.
    pub title: String,
    /// What it is for, in a sentence.
    pub purpose: String,
    /// What stands in its parameter to begin with; empty where it has none.
    pub prefill: String,
    /// What its parameter can be, where that is one of a few: the value and its
    /// words.
    pub choices: Vec<(String, String)>,
    /// What it would cost now; `None` where that depends on a parameter, or
    /// is unknown.
    pub cost: Option<Cost>,
    /// The row of the table of recovery times, in words.
    pub takes: String,
    /// Who must agree, in words.
    pub agrees: String,
    /// What the sink does with it, in sentences; empty where that is not known
    /// or is why it cannot be chosen.
    pub sink: String,
    /// Why it cannot be chosen; `None` where it can.
    pub not_possible: Option<String>,
    /// Whether it is the least harmful of those that can be chosen.
    pub recommended: bool,
    /// Whether it is the one that was chosen.
    pub chosen: bool,
}

/// What a way out would do now: a bound, as long as the job may still write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weighed {
    /// The way out in words, with its parameters.
    pub way_out: String,
    /// The time that was typed, for the way out that begins at one.
    pub time: Option<TimeTyped>,
    /// By topic and partition.
    pub effects: Vec<PartitionEffect>,
    /// The totals.
    pub cost: Cost,
    /// From when to when the records are that it skips or reads again.
    pub ranges: Ranges,
    /// The row of the table of recovery times, in words.
    pub takes: String,
    /// Who must agree, in words.
    pub agrees: String,
    /// What the sink does with it, in sentences; empty where that is not known.
    pub sink: String,
}

/// A time as it was understood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeTyped {
    /// The time.
    pub at: Millis,
    /// The same in the zone in which it was typed, where that is not UTC.
    pub zoned: Option<String>,
}

/// A plan as shown, or why there is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanView {
    /// The plan.
    pub plan: Option<Plan>,
    /// Why none can be made now, as a sentence.
    pub refusal: Option<String>,
    /// In which ways the world has moved from under it, as sentences.
    pub drift: Vec<String>,
    /// The steps in words, with where they stand.
    pub steps: Vec<StepView>,
    /// What was asked of all that stands before the start, if it was.
    pub preflight: Option<Preflight>,
    /// Whether the person may try conditions before the start.
    pub trial: Permission,
    /// Who must agree, and whether they have.
    pub agreement: Option<AgreementView>,
    /// Why it cannot be started now; empty when it can.
    pub start: Permission,
}

/// A step as shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepView {
    /// The step.
    pub id: StepId,
    /// The step in words.
    pub rendered: RenderedStep,
    /// Where it stands.
    pub state: StepState,
    /// What came of it, as a sentence.
    pub did: Option<String>,
}

/// An agreement as shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgreementView {
    /// What the policy asks for.
    pub needed: AgreementNeeded,
    /// How far it is.
    pub state: AgreementState,
    /// Whom it still waits for.
    pub missing: Vec<RoleNeeded>,
    /// The person's role in which they would agree; `None` where they may not.
    pub my_role: Option<String>,
    /// Whether the person may agree or decline.
    pub may_vote: Permission,
}

/// What the person may do to this Run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permissions {
    /// Answer, choose, plan, request.
    pub prepare: Permission,
    /// Start a plan.
    pub start: Permission,
    /// Ask for an abort; says what that leaves.
    pub abort: Permission,
    /// What an abort would leave behind, as a sentence.
    pub abort_leaves: String,
    /// Let a parked Run go on.
    pub resume: Permission,
}
