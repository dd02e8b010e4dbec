//! The conditions on which a plan's calls rest, and whether the endpoint honours
//! them. S3 does; some of what speaks its protocol takes a condition and does
//! not look at it, and says nothing.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Judged, OnFailure};
use crate::intent::{Touch, WayOut};
use crate::plan::{Plan, PlanKind, StepKind};
use crate::probe::Answer;
use crate::time::Millis;

/// A condition that S3 takes with a call.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// PutObject only where there is no object: `If-None-Match: *`.
    PutIfAbsent,
    /// PutObject only over the object with this ETag: `If-Match`.
    PutIfMatch,
    /// CopyObject only where there is no object: `If-None-Match: *`.
    CopyIfAbsent,
    /// CopyObject only of the object with this ETag:
    /// `x-amz-copy-source-if-match`.
    CopyIfSource,
    /// DeleteObjects only of the object with this ETag.
    DeleteIfMatch,
}

impl Condition {
    /// Every condition, in the order of trying.
    pub const ALL: [Condition; 5] = [
        Condition::PutIfAbsent,
        Condition::PutIfMatch,
        Condition::CopyIfAbsent,
        Condition::CopyIfSource,
        Condition::DeleteIfMatch,
    ];

    /// The call with its condition.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Condition::PutIfAbsent => "PutObject with If-None-Match",
            Condition::PutIfMatch => "PutObject with If-Match",
            Condition::CopyIfAbsent => "CopyObject with If-None-Match",
            Condition::CopyIfSource => "CopyObject with x-amz-copy-source-if-match",
            Condition::DeleteIfMatch => "DeleteObjects with ETags",
        }
    }

    /// What a plan does without it: what holds instead, or else what could
    /// happen, for which it is not started.
    pub fn without(self) -> Result<&'static str, &'static str> {
        match self {
            Condition::PutIfAbsent => Err(
                "a manifest, a file of the log or an offset that somebody wrote meanwhile could be overwritten",
            ),
            Condition::PutIfMatch => Err(
                "the gate could be closed or opened over a metadata that a job wrote meanwhile",
            ),
            Condition::CopyIfAbsent => Ok(
                "the place of the backup is this plan's alone, is listed before the first copy, and every copy is proved before the seal",
            ),
            Condition::CopyIfSource => {
                Ok("every copy is compared with what was listed before the seal")
            }
            Condition::DeleteIfMatch => Err(
                "an object that was written again between the look and the delete would be gone without a copy",
            ),
        }
    }
}

/// The conditions that a plan rests on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// By its own steps.
    pub own: BTreeSet<Condition>,
    /// By the reset that is to follow a secure plan.
    pub later: BTreeSet<Condition>,
    /// Whether that reset is chosen already; else it is any of them.
    pub later_is_chosen: bool,
}

impl Conditions {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.own.is_empty() && self.later.is_empty()
    }
}

/// The conditions of the plan's steps, and of the reset that a secure plan is
/// made for: a job is not stopped for a reset that cannot be carried out.
#[must_use]
pub fn conditions_of(plan: &Plan) -> Conditions {
    let steps = plan.body.steps.iter().chain(&plan.body.undo);
    let own: BTreeSet<Condition> = steps.flat_map(|step| of_step(&step.kind)).collect();
    let chosen = plan.body.intent.as_ref().map(|intent| &intent.way_out);
    let later = match plan.body.kind {
        PlanKind::Reset => BTreeSet::new(),
        PlanKind::Secure => of_way_out(chosen),
    };
    Conditions {
        own,
        later,
        later_is_chosen: chosen.is_some(),
    }
}

/// No catch-all: a new kind of step has to say here what it rests on.
fn of_step(kind: &StepKind) -> Vec<Condition> {
    let on = |replaces: bool| match replaces {
        true => Condition::PutIfMatch,
        false => Condition::PutIfAbsent,
    };
    match kind {
        StepKind::Copy(_) | StepKind::Restore(_) => {
            vec![Condition::CopyIfAbsent, Condition::CopyIfSource]
        }
        StepKind::Seal(_) | StepKind::Seed(_) => vec![Condition::PutIfAbsent],
        StepKind::CloseGate(step) => vec![on(step.replaces.is_some())],
        StepKind::OpenGate(_) => vec![Condition::PutIfMatch],
        StepKind::Clear(step) if step.keys.count == 0 => Vec::new(),
        StepKind::Clear(_) => vec![Condition::DeleteIfMatch],
        StepKind::Edit(step) => {
            let deletes = (step.deletes.count > 0).then_some(Condition::DeleteIfMatch);
            let writes = step.writes.iter().map(|write| on(write.replaces.is_some()));
            deletes.into_iter().chain(writes).collect()
        }
        StepKind::Hold(_)
        | StepKind::Stop(_)
        | StepKind::Wait(_)
        | StepKind::Restart(_)
        | StepKind::ReadBack(_)
        | StepKind::Confirm(_)
        | StepKind::Watch(_) => Vec::new(),
    }
}

/// What a reset by this way out rests on; by any, where none is chosen.
fn of_way_out(way_out: Option<&WayOut>) -> BTreeSet<Condition> {
    let gate_and_files = [Condition::PutIfAbsent, Condition::PutIfMatch];
    let with_deletes = [
        Condition::PutIfAbsent,
        Condition::PutIfMatch,
        Condition::DeleteIfMatch,
    ];
    match way_out {
        Some(WayOut::Move { .. }) => gate_and_files.into(),
        Some(WayOut::Restore { .. }) => {
            let copies = [Condition::CopyIfAbsent, Condition::CopyIfSource];
            with_deletes.into_iter().chain(copies).collect()
        }
        Some(way_out) if way_out.touch() == Touch::Nothing => BTreeSet::new(),
        _ => with_deletes.into(),
    }
}

/// What trying a condition showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// The call was refused because its condition did not hold, as it must be.
    Honoured,
    /// The call was carried out although its condition did not hold.
    Ignored,
    /// It cannot be told, for this reason.
    Unknown(String),
}

/// Which conditions an endpoint honours, by trying them on objects of Sluice's
/// own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    /// When.
    pub at: Millis,
    /// Where, as `s3://bucket/prefix`.
    pub place: String,
    /// What came of each.
    pub found: Vec<(Condition, Found)>,
    /// What is left of the objects, as a sentence; empty where nothing is.
    pub left: String,
}

impl Tried {
    fn of(&self, condition: Condition) -> Found {
        let found = self.found.iter().find(|(of, _)| *of == condition);
        found.map_or_else(
            || Found::Unknown("it was not tried".to_owned()),
            |(_, found)| found.clone(),
        )
    }
}

/// What the conditions that were tried mean for a plan: the mode in which it is
/// carried out, or why it is not.
#[must_use]
pub fn judge_conditions(needed: &Conditions, tried: &Tried) -> Judged {
    let (own, said_of_own) = refused(&needed.own, tried);
    let (later, said_of_later) = refused(&needed.later, tried);
    let left = match tried.left.as_str() {
        "" => String::new(),
        left => format!(" {left}"),
    };
    let next = "Let the endpoint honour conditions: S3 does, and so do newer releases of most servers of its protocol.";
    if own {
        let answer = Answer::failed(format!("{said_of_own}{left}"), next);
        return (answer, OnFailure::Refuses);
    }
    let weaker = weaker(&needed.own, tried);
    if later && needed.later_is_chosen {
        let said =
            format!("{said_of_later} The chosen way out could not be carried out.{left}");
        return (Answer::failed(said, next), OnFailure::Refuses);
    }
    if later {
        let said = format!(
            "{said_of_later} A backup can be made; of the ways out, only a restart could be carried out.{weaker}{left}"
        );
        return (Answer::failed(said, next), OnFailure::Warns);
    }
    let mode = match weaker.as_str() {
        "" => "Conditional writes, copies and deletes are honoured.".to_owned(),
        weaker => format!("The weaker mode holds.{weaker}"),
    };
    (Answer::passed(format!("{mode}{left}")), OnFailure::Refuses)
}

/// Whether something rests on a condition that is not honoured, and on what.
fn refused(needed: &BTreeSet<Condition>, tried: &Tried) -> (bool, String) {
    let said: Vec<String> = needed
        .iter()
        .filter_map(|condition| {
            let title = condition.title();
            match (tried.of(*condition), condition.without()) {
                (Found::Honoured, _) | (Found::Ignored, Ok(_)) => None,
                (Found::Ignored, Err(harm)) => {
                    Some(format!("{title} is ignored here, so {harm}."))
                }
                (Found::Unknown(why), _) => Some(format!(
                    "Whether {title} is honoured cannot be told: {}.",
                    why.trim_end_matches('.')
                )),
            }
        })
        .collect();
    (!said.is_empty(), said.join(" "))
}

/// What holds in the stead of a condition that is ignored; empty where all are
/// honoured. Each sentence has a blank before it.
fn weaker(needed: &BTreeSet<Condition>, tried: &Tried) -> String {
    needed
        .iter()
        .filter(|condition| tried.of(**condition) == Found::Ignored)
        .filter_map(|condition| {
            let instead = condition.without().ok()?;
            Some(format!(
                " {} is ignored here; instead, {instead}.",
                condition.title()
            ))
        })
        .collect()
}
