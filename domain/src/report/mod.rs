//! The report of a Run: the third reading of its journal. It reads as a
//! document, in Markdown and on the page, and as JSON.

mod markdown;
mod words;

pub use words::{did, happened};

use serde::{Deserialize, Serialize};

use crate::access::Person;
use crate::estimate::RtoClass;
use crate::ids::{Digest, RunId, StepId};
use crate::plan::{Cost, PartitionEffect, Plan, PlanKind, Step, title};
use crate::run::{
    Answer, ChecklistItem, Ending, Event, Facts, Record, RunState, StepStatus,
};
use crate::time::Millis;

/// A report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The Run.
    pub run: RunId,
    /// The stream, by its name.
    pub stream: String,
    /// What was wrong when it was opened.
    pub verdict: String,
    /// Since when that was so.
    pub since: Option<Millis>,
    /// Who opened it.
    pub opened_by: Person,
    /// When.
    pub opened_at: Millis,
    /// How it ended, when and why.
    pub ended: Option<(Ending, Millis, String)>,
    /// What was chosen, and why.
    pub chosen: Option<(String, String)>,
    /// The checklist and its answers.
    pub checklist: Vec<(ChecklistItem, Option<Answer>)>,
    /// How long it took.
    pub durations: Durations,
    /// What it did to the data.
    pub effects: Vec<PartitionEffect>,
    /// The totals.
    pub cost: Cost,
    /// What it did, step by step.
    pub steps: Vec<ReportStep>,
    /// Everything that happened, oldest first.
    pub timeline: Vec<TimelineEntry>,
    /// The plans by kind and id.
    pub plans: Vec<(PlanKind, Digest)>,
    /// Where the backup lies, and its manifest.
    pub backup: Option<(String, String)>,
    /// The hash of the journal's last row when this was made.
    pub audit_head: String,
}

/// How long a Run took, against the table of recovery times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Durations {
    /// From opening to the end, or to now.
    pub total_ms: i64,
    /// Waiting for agreement.
    pub agreement_ms: i64,
    /// From the stop to the first new batch: how long the stream stood still
    /// because of the reset.
    pub standstill_ms: Option<i64>,
    /// The row of the table.
    pub class: Option<RtoClass>,
    /// Whether the total without waiting for agreement kept to it.
    pub within_rto: Option<bool>,
}

/// A step as it was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportStep {
    /// The step.
    pub id: StepId,
    /// A verb and its object.
    pub title: String,
    /// How it ended: `done`, `warned`, `failed`, `unknown` or `waiting`.
    pub outcome: String,
    /// What came of it, as a sentence.
    pub did: String,
    /// How many attempts.
    pub attempts: u32,
    /// When it began.
    pub began_at: Option<Millis>,
    /// How long it took.
    pub took_ms: Option<i64>,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineEntry {
    /// When.
    pub at: Millis,
    /// Who, or "Sluice".
    pub who: String,
    /// What, as a sentence.
    pub what: String,
}

/// Writes the report of a Run.
#[must_use]
pub fn report(
    run: &RunId,
    state: &RunState,
    records: &[Record],
    plans: &[Plan],
    audit_head: &str,
    now: Millis,
) -> Report {
    let reset = plans.iter().find(|p| p.body.kind == PlanKind::Reset);
    let effects = reset.map(|p| p.body.effects.clone()).unwrap_or_default();
    Report {
        run: run.clone(),
        stream: state.stream.to_string(),
        verdict: state.verdict.clone(),
        since: state.since,
        opened_by: state.opened_by.clone(),
        opened_at: state.opened_at,
        ended: state.ended.clone(),
        chosen: state
            .intent
            .as_ref()
            .map(|i| (i.way_out.describe(), i.reason.clone())),
        checklist: ChecklistItem::ALL
            .iter()
            .map(|item| (*item, state.answers.get(item).cloned()))
            .collect(),
        durations: durations(state, reset, now),
        cost: Cost::of(&effects),
        effects,
        steps: steps(state, plans),
        timeline: records
            .iter()
            .filter(|r| !matches!(r.event, Event::StepProgressed { .. }))
            .map(|r| entry(r, plans))
            .collect(),
        plans: plans.iter().map(|p| (p.body.kind, p.id.clone())).collect(),
        backup: state
            .sealed
            .as_ref()
            .map(|s| (s.backup.uri(), s.manifest.clone())),
        audit_head: audit_head.to_owned(),
    }
}

fn durations(state: &RunState, reset: Option<&Plan>, now: Millis) -> Durations {
    let end = state.ended.as_ref().map_or(now, |(_, at, _)| *at);
    let total_ms = end.since(state.opened_at);
    let agreement_ms = state
        .reset
        .as_ref()
        .and_then(|p| {
            let asked = p.asked.as_ref()?;
            let until = p.started.as_ref().map_or(end, |(at, _)| *at);
            Some(until.since(asked.at))
        })
        .unwrap_or(0);
    let class = reset.map(|p| p.body.estimate.class);
    let within_rto = class.filter(|_| state.ended.is_some()).map(|c| {
        c.limit_ms()
            .is_none_or(|limit| total_ms - agreement_ms <= limit)
    });
    let stopped_at = state
        .secure
        .as_ref()
        .and_then(|p| p.started.as_ref())
        .map(|(at, _)| *at);
    let began_at = state.reset.as_ref().and_then(|p| {
        p.steps
            .iter()
            .find(|s| {
                matches!(s.facts, Some(Facts::BeganAt { .. } | Facts::WentOn { .. }))
            })
            .and_then(|s| s.ended_at)
    });
    Durations {
        total_ms,
        agreement_ms,
        standstill_ms: stopped_at.zip(began_at).map(|(from, to)| to.since(from)),
        class,
        within_rto,
    }
}

fn steps(state: &RunState, plans: &[Plan]) -> Vec<ReportStep> {
    [&state.secure, &state.reset]
        .into_iter()
        .flatten()
        .filter(|p| p.started.is_some())
        .flat_map(|p| {
            p.steps
                .iter()
                .chain(p.undo.iter().filter(|u| u.attempts > 0))
        })
        .map(|s| ReportStep {
            id: s.id.clone(),
            title: step_title(&s.id, plans),
            outcome: match (&s.status, &s.warning) {
                (StepStatus::Done, Some(_)) => "warned",
                (StepStatus::Done, None) => "done",
                (StepStatus::Failed { .. }, _) => "failed",
                (StepStatus::Unknown { .. }, _) => "unknown",
                _ => "waiting",
            }
            .to_owned(),
            did: s.facts.as_ref().map(did).unwrap_or_default(),
            attempts: s.attempts,
            began_at: s.began_at,
            took_ms: s.began_at.zip(s.ended_at).map(|(from, to)| to.since(from)),
        })
        .collect()
}

fn step_title(id: &StepId, plans: &[Plan]) -> String {
    plans
        .iter()
        .find_map(|p| p.step(id))
        .map_or_else(|| id.to_string(), |s: &Step| title(&s.kind).to_owned())
}

fn entry(record: &Record, plans: &[Plan]) -> TimelineEntry {
    TimelineEntry {
        at: record.at,
        who: record
            .actor
            .as_ref()
            .map_or_else(|| "Sluice".to_owned(), |p| p.name.clone()),
        what: happened(&record.event, plans),
    }
}
