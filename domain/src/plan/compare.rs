//! Two plans side by side: what differs, and what is the same.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::render::{RenderedStep, render};
use super::{Cost, PartitionEffect, Plan, StepKind, TimeRange};
use crate::text::thousands;
use crate::time::human_duration;

/// Two plans side by side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// What each says, by name.
    pub facts: Vec<Compared>,
    /// Where each lets a partition go on; those that differ come first.
    pub partitions: Vec<ComparedPartition>,
    /// The steps, each beside the one of the other plan that does the same.
    pub steps: Vec<ComparedStep>,
    /// Notes of one plan alone.
    pub notes: Vec<Compared>,
}

/// What each plan says to one thing; `None` where it says nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compared {
    /// The thing.
    pub name: String,
    /// What the one says.
    pub left: Option<String>,
    /// What the other says.
    pub right: Option<String>,
}

impl Compared {
    /// Whether both say the same.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.left == self.right
    }
}

/// Where each plan lets a partition go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparedPartition {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// What the one does to it; `None` where it does not name it.
    pub left: Option<PartitionEffect>,
    /// What the other does.
    pub right: Option<PartitionEffect>,
}

impl ComparedPartition {
    /// Whether both let it go on at the same offset.
    #[must_use]
    pub fn is_same(&self) -> bool {
        let after = |effect: &Option<PartitionEffect>| effect.as_ref().map(|e| e.after);
        after(&self.left) == after(&self.right)
    }

    /// The offset of the one less that of the other, where both have one.
    #[must_use]
    pub fn difference(&self) -> Option<i64> {
        let (left, right) = (self.left.as_ref()?, self.right.as_ref()?);
        Some(right.after.0.saturating_sub(left.after.0))
    }
}

/// A step of one plan, of the other, or of both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparedStep {
    /// The step of the one.
    pub left: Option<RenderedStep>,
    /// The step of the other that does the same.
    pub right: Option<RenderedStep>,
    /// Whether both are the same to the last key and offset.
    pub same: bool,
}

/// Puts two plans side by side.
#[must_use]
pub fn compare(left: &Plan, right: &Plan) -> Comparison {
    Comparison {
        facts: facts(left, right),
        partitions: partitions(left, right),
        steps: steps(left, right),
        notes: notes(left, right),
    }
}

impl Comparison {
    /// Whether both do the same: the same steps to the last key and offset.
    #[must_use]
    pub fn is_same_work(&self) -> bool {
        self.steps.iter().all(|step| step.same)
    }
}

fn facts(left: &Plan, right: &Plan) -> Vec<Compared> {
    type Say = fn(&Plan) -> Option<String>;
    let count = |of: fn(&Cost) -> u64| move |plan: &Plan| thousands(of(&plan.cost()));
    let said: [(&str, Say); 8] = [
        ("Stream", |p| Some(p.body.stream.to_string())),
        ("Run", |p| Some(p.body.run.to_string())),
        ("Way out", |p| {
            p.body.intent.as_ref().map(|i| i.way_out.describe())
        }),
        ("Reason", |p| {
            p.body.intent.as_ref().map(|i| i.reason.clone())
        }),
        ("Made", |p| Some(p.body.built_at.utc())),
        ("The world as of", |p| Some(p.body.snapshot_at.utc())),
        ("Sealed backup", |p| {
            p.body.sealed.as_ref().map(|sealed| sealed.backup.uri())
        }),
        ("Must agree", |p| Some(p.body.agreement.words())),
    ];
    let counted = [
        ("Records skipped", count(|cost| cost.skipped)),
        ("Records read again", count(|cost| cost.repeated)),
        ("Deleted by Kafka unread", count(|cost| cost.already_lost)),
        ("To be read first", count(|cost| cost.backlog)),
    ];
    let range = |range: Option<TimeRange>| range.map(|range| range.words());
    let of = |name: &str, say: &dyn Fn(&Plan) -> Option<String>| Compared {
        name: name.to_owned(),
        left: say(left),
        right: say(right),
    };
    let mut facts: Vec<Compared> = said.iter().map(|(name, say)| of(name, say)).collect();
    facts.extend(
        counted
            .iter()
            .map(|(name, say)| of(name, &|plan| Some(say(plan)))),
    );
    facts.push(of("Skipped are records of", &|p| {
        range(p.body.ranges.skipped)
    }));
    facts.push(of("Read again are records of", &|p| {
        range(p.body.ranges.repeated)
    }));
    facts.push(of("Takes", &|p| Some(takes(p))));
    facts.retain(|fact| fact.left.is_some() || fact.right.is_some());
    facts
}

fn takes(plan: &Plan) -> String {
    let estimate = &plan.body.estimate;
    let least = human_duration(estimate.least_ms);
    match estimate.most_ms {
        Some(most) => format!("{least} to {}", human_duration(most)),
        None => format!("{least} at the least; the end is unknown"),
    }
}

fn partitions(left: &Plan, right: &Plan) -> Vec<ComparedPartition> {
    let mut by_place: BTreeMap<(String, i32), ComparedPartition> = BTreeMap::new();
    let mut put = |effect: &PartitionEffect, is_left: bool| {
        let place = (effect.topic.clone(), effect.partition);
        let row = by_place.entry(place).or_insert_with(|| ComparedPartition {
            topic: effect.topic.clone(),
            partition: effect.partition,
            left: None,
            right: None,
        });
        let side = if is_left {
            &mut row.left
        } else {
            &mut row.right
        };
        *side = Some(effect.clone());
    };
    for effect in &left.body.effects {
        put(effect, true);
    }
    for effect in &right.body.effects {
        put(effect, false);
    }
    let mut rows: Vec<ComparedPartition> = by_place.into_values().collect();
    rows.sort_by_key(ComparedPartition::is_same);
    rows
}

/// Each step beside the next one of the other plan with the same word, in the
/// order of both: the longest common sequence of words.
fn steps(left: &Plan, right: &Plan) -> Vec<ComparedStep> {
    let (of_left, of_right) = (render(left).steps, render(right).steps);
    let common = common_lengths(&of_left, &of_right);
    let (mut at, mut other) = (0, 0);
    let mut steps = Vec::new();
    while at < of_left.len() || other < of_right.len() {
        let (one, two) = (of_left.get(at), of_right.get(other));
        let (takes_left, takes_right) = match (one, two) {
            (Some(one), Some(two)) if one.word == two.word => (true, true),
            (Some(_), Some(_)) => {
                let skips_left = common[at + 1][other] >= common[at][other + 1];
                (skips_left, !skips_left)
            }
            (one, two) => (one.is_some(), two.is_some()),
        };
        let same = takes_left
            && takes_right
            && is_same(&left.body.steps[at].kind, &right.body.steps[other].kind);
        steps.push(ComparedStep {
            left: one.filter(|_| takes_left).cloned(),
            right: two.filter(|_| takes_right).cloned(),
            same,
        });
        at += usize::from(takes_left);
        other += usize::from(takes_right);
    }
    steps
}

/// Whether two steps do the same. A query that begins anew gets an id that is drawn
/// for its plan, and any is as good.
fn is_same(left: &StepKind, right: &StepKind) -> bool {
    match (left, right) {
        (StepKind::OpenGate(left), StepKind::OpenGate(right)) => {
            left.prefix == right.prefix && left.replaces == right.replaces
        }
        (left, right) => left == right,
    }
}

/// How many steps of the same word, in order, two plans share from each pair of
/// steps on.
fn common_lengths(left: &[RenderedStep], right: &[RenderedStep]) -> Vec<Vec<usize>> {
    let mut lengths = vec![vec![0; right.len() + 1]; left.len() + 1];
    for at in (0..left.len()).rev() {
        for other in (0..right.len()).rev() {
            lengths[at][other] = if left[at].word == right[other].word {
                1 + lengths[at + 1][other + 1]
            } else {
                lengths[at + 1][other].max(lengths[at][other + 1])
            };
        }
    }
    lengths
}

fn notes(left: &Plan, right: &Plan) -> Vec<Compared> {
    let only = |plan: &Plan, other: &Plan| -> Vec<String> {
        let notes = plan.body.notes.iter();
        let others = &other.body.notes;
        notes
            .filter(|note| !others.contains(note))
            .cloned()
            .collect()
    };
    let said = |name: &str, left: Option<String>, right: Option<String>| Compared {
        name: name.to_owned(),
        left,
        right,
    };
    let of_left = only(left, right).into_iter();
    let of_right = only(right, left).into_iter();
    of_left
        .map(|note| said("To know", Some(note), None))
        .chain(of_right.map(|note| said("To know", None, Some(note))))
        .collect()
}
