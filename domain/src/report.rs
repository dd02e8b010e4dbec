//! The report of a Run: the third reading of its journal. It reads as a
//! document, in Markdown and on the page, and as JSON.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::access::Person;
use crate::estimate::RtoClass;
use crate::ids::{Digest, RunId, StepId};
use crate::plan::{Cost, PartitionEffect, Plan, PlanKind, Step, title};
use crate::run::{Answer, ChecklistItem, Ending, Event, Facts, Record, RunState, StepStatus};
use crate::text::thousands;
use crate::time::{Millis, human_duration};

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
        c.limit_ms().is_none_or(|limit| total_ms - agreement_ms <= limit)
    });
    let stopped_at = state.secure.as_ref().and_then(|p| p.started.as_ref()).map(|(at, _)| *at);
    let began_at = state.reset.as_ref().and_then(|p| {
        p.steps
            .iter()
            .find(|s| matches!(s.facts, Some(Facts::BeganAt { .. })))
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
        .flat_map(|p| p.steps.iter().chain(p.undo.iter().filter(|u| u.attempts > 0)))
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

/// What came of a step, as a sentence.
#[must_use]
pub fn did(facts: &Facts) -> String {
    match facts {
        Facts::Held { .. } => "The stream and its prefix are held by this Run.".to_owned(),
        Facts::CancelAsked { job_runs } if job_runs.is_empty() => {
            "Every job run had ended already.".to_owned()
        }
        Facts::CancelAsked { job_runs } => {
            let ids: Vec<&str> = job_runs.iter().map(|id| id.as_str()).collect();
            format!("EMR accepted the cancel of {}.", ids.join(", "))
        }
        Facts::Quiet { job_runs, .. } => {
            let states: Vec<String> =
                job_runs.iter().map(|(id, state)| format!("{id} {state}")).collect();
            format!("EMR says: {}. No object changed in the quiet period.", states.join(", "))
        }
        Facts::Copied { objects, adopted, bytes } => {
            let adopted = if *adopted > 0 {
                format!(", {} of them found there already", thousands(*adopted))
            } else {
                String::new()
            };
            format!(
                "{} objects ({}) are in the backup{adopted}.",
                thousands(*objects),
                crate::text::bytes(*bytes)
            )
        }
        Facts::SealedAs { manifest } => {
            format!("Every copy equals its source. Manifest {}.", manifest.short())
        }
        Facts::Written { key, .. } => format!("{key} was written."),
        Facts::Cleared { objects } => format!("{} objects were deleted.", thousands(*objects)),
        Facts::StartedJob { job_run, adopted: false } => format!("Job run {job_run} was started."),
        Facts::StartedJob { job_run, adopted: true } => {
            format!("Job run {job_run} had been started by an earlier attempt and was found.")
        }
        Facts::BeganAt { sources, .. } => format!(
            "The job began at the planned offset in all {} partitions.",
            sources.iter().map(crate::offsets::PartitionOffsets::len).sum::<usize>()
        ),
        Facts::Advanced { batch, lag } => format!(
            "Batch {batch} is committed; {} records are waiting.",
            thousands(*lag)
        ),
    }
}

fn entry(record: &Record, plans: &[Plan]) -> TimelineEntry {
    TimelineEntry {
        at: record.at,
        who: record.actor.as_ref().map_or_else(|| "Sluice".to_owned(), |p| p.name.clone()),
        what: happened(&record.event, plans),
    }
}

/// What happened, as a sentence.
#[must_use]
pub fn happened(event: &Event, plans: &[Plan]) -> String {
    let name = |id: &StepId| step_title(id, plans);
    match event {
        Event::Opened { verdict, .. } => format!("Opened the Run. The stream {verdict}."),
        Event::Answered { item, answer } => match answer {
            Answer::Evidence { text, .. } | Answer::Step { text } | Answer::Word { text } => {
                format!("Answered \"{}\": {text}", item.title())
            }
        },
        Event::Intended { intent } => {
            format!("Chose {}. Reason: {}", intent.way_out.describe(), intent.reason)
        }
        Event::Planned { kind, plan, .. } => {
            format!("Made the {} plan {}.", kind.word(), plan.short())
        }
        Event::Requested { plan, expires_at } => format!(
            "Asked for agreement to plan {} until {}.",
            plan.short(),
            expires_at.utc()
        ),
        Event::Agreed { plan, role, comment } => {
            said(&format!("Agreed to plan {} as {role}.", plan.short()), comment)
        }
        Event::Declined { plan, role, reason } => {
            said(&format!("Declined plan {} as {role}.", plan.short()), reason)
        }
        Event::Expired { plan } => {
            format!("The request for plan {} ran out of time, which means No.", plan.short())
        }
        Event::Withdrawn { plan, reason } => {
            said(&format!("Withdrew the request for plan {}.", plan.short()), reason)
        }
        Event::Started { kind, plan } => {
            format!("Started the {} plan {}.", kind.word(), plan.short())
        }
        Event::StepIntended { step, attempt: 1 } => format!("{}: begins.", name(step)),
        Event::StepIntended { step, attempt } => {
            format!("{}: attempt {attempt} begins.", name(step))
        }
        Event::StepProgressed { step, what, .. } => format!("{}: {what}", name(step)),
        Event::StepDone { step, facts } => format!("{}: done. {}", name(step), did(facts)),
        Event::StepWarned { step, facts, warning } => {
            format!("{}: done with a warning. {} {warning}", name(step), did(facts))
        }
        Event::StepFailed { step, problem, next_attempt_at, .. } => format!(
            "{}: failed. {} {}",
            name(step),
            problem.message,
            if next_attempt_at.is_some() { "It is tried again." } else { problem.hint.as_str() }
        ),
        Event::OutcomeUnknown { step, reason } => {
            format!("{}: the outcome is unknown. {reason}", name(step))
        }
        Event::Sealed { sealed } => format!("The backup {} is sealed.", sealed.backup.uri()),
        Event::GateClosed { .. } => "The gate is closed: Spark refuses to start here.".to_owned(),
        Event::GateOpened { .. } => "The gate is open.".to_owned(),
        Event::Parked { reason, next_step } => format!("Waits for a person. {reason} {next_step}"),
        Event::Resumed { reason } => said("Let the Run go on.", reason),
        Event::AbortAsked { reason } => said("Asked for an abort.", reason),
        Event::Undone { how } => how.clone(),
        Event::HandedOver { to } => format!("Handed over to {}.", to.name),
        Event::Ended { ending, reason } => format!("The Run is over: {}. {reason}", ending.word()),
    }
}

fn said(what: &str, words: &str) -> String {
    if words.trim().is_empty() { what.to_owned() } else { format!("{what} \"{}\"", words.trim()) }
}

impl Report {
    /// The report as a Markdown document.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut out = String::new();
        // Writing to a String cannot fail.
        let _ = self.write_markdown(&mut out);
        out
    }

    fn write_markdown(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "# Reset of {}: {}\n", cell(&self.stream), self.outcome())?;
        writeln!(out, "- Run: `{}`", self.run)?;
        writeln!(out, "- What was wrong: {} {}.", cell(&self.stream), cell(&self.verdict))?;
        writeln!(out, "- Opened by {} at {}", cell(&self.opened_by.name), self.opened_at.utc())?;
        if let Some((way_out, reason)) = &self.chosen {
            writeln!(out, "- Way out: {}", cell(way_out))?;
            writeln!(out, "- Reason: {}", cell(reason))?;
        }
        if let Some((_, at, why)) = &self.ended {
            writeln!(out, "- Ended at {}: {}", at.utc(), cell(why))?;
        }
        writeln!(out, "- Total: {}", human_duration(self.durations.total_ms))?;
        writeln!(out, "- Waiting for agreement: {}", human_duration(self.durations.agreement_ms))?;
        if let Some(class) = self.durations.class {
            let kept = match self.durations.within_rto {
                Some(true) => "kept",
                Some(false) => "missed",
                None => "not over yet",
            };
            writeln!(
                out,
                "- Recovery time objective: {}, {} ({kept})",
                class.title(),
                class.expected()
            )?;
        }
        if let Some((backup, manifest)) = &self.backup {
            writeln!(out, "- Backup: `{backup}`, manifest `{manifest}`")?;
        }
        self.write_effects(out)?;
        writeln!(out, "\n## Checklist\n")?;
        for (item, answer) in &self.checklist {
            let answer = match answer {
                Some(Answer::Evidence { text, .. } | Answer::Step { text } | Answer::Word { text }) => {
                    cell(text)
                }
                None => "not answered".to_owned(),
            };
            writeln!(out, "- {}: {answer}", item.title())?;
        }
        writeln!(out, "\n## Steps\n")?;
        writeln!(out, "| step | outcome | attempts | took | what it did |")?;
        writeln!(out, "|---|---|---:|---:|---|")?;
        for step in &self.steps {
            writeln!(
                out,
                "| {} | {} | {} | {} | {} |",
                step.title,
                step.outcome,
                step.attempts,
                step.took_ms.map_or_else(|| "not known".to_owned(), human_duration),
                cell(&step.did)
            )?;
        }
        writeln!(out, "\n## Timeline\n")?;
        for entry in &self.timeline {
            writeln!(out, "- {} · {} · {}", entry.at.utc(), cell(&entry.who), cell(&entry.what))?;
        }
        writeln!(out, "\n## Audit\n")?;
        for (kind, id) in &self.plans {
            writeln!(out, "- {} plan `{id}`", kind.word())?;
        }
        writeln!(out, "- Journal head `{}`", self.audit_head)
    }

    fn write_effects(&self, out: &mut String) -> std::fmt::Result {
        if self.effects.is_empty() {
            return Ok(());
        }
        writeln!(out, "\n## Offsets\n")?;
        writeln!(
            out,
            "Skipped: {} records. Read again: {} records. Deleted by Kafka before they were read: {} records.\n",
            thousands(self.cost.skipped),
            thousands(self.cost.repeated),
            thousands(self.cost.already_lost)
        )?;
        writeln!(out, "| topic | partition | before | after | skipped | read again |")?;
        writeln!(out, "|---|---:|---:|---:|---:|---:|")?;
        for e in &self.effects {
            writeln!(
                out,
                "| {} | {} | {} | {} | {} | {} |",
                cell(&e.topic),
                e.partition,
                e.before.map_or_else(|| "none".to_owned(), |o| o.0.to_string()),
                e.after.0,
                e.skipped,
                e.repeated
            )?;
        }
        Ok(())
    }

    /// How it ended, in a word.
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        self.ended.as_ref().map_or("not over yet", |(ending, _, _)| ending.word())
    }
}

/// Text from outside, fit for a line of Markdown: one line, no markup.
fn cell(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .flat_map(|c| {
            let escape = matches!(c, '|' | '<' | '>' | '`' | '*' | '_' | '[' | ']' | '\\' | '#');
            escape.then_some('\\').into_iter().chain([c])
        })
        .collect()
}
