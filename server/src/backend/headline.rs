//! What a Run is doing now, in a sentence that can be read from across the room.

use domain::plan::{Plan, PlanKind, title};
use domain::run::{RunState, StepState, StepStatus};
use domain::text::thousands;
use domain::time::{Millis, human_duration};

/// The sentence.
pub(super) fn headline(state: &RunState, plans: &[Plan], now: Millis) -> String {
    if let Some((ending, at, reason)) = &state.ended {
        return format!(
            "{} after {}. {reason}",
            capitalised(ending.word()),
            human_duration(at.since(state.opened_at))
        );
    }
    if let Some((reason, next_step)) = &state.parked {
        return format!("Waiting for a person. {reason} {next_step}");
    }
    if state.abort.is_some() {
        let undoing = state
            .secure
            .as_ref()
            .and_then(|plan| under_way(&plan.undo, plans, now));
        return match undoing {
            Some(sentence) => format!("Undoing what was done. {sentence}"),
            None => {
                "An abort was asked for. The step under way is ended first.".to_owned()
            }
        };
    }
    for kind in [PlanKind::Reset, PlanKind::Secure] {
        let Some(plan) = state.plan(kind).filter(|p| p.started.is_some()) else {
            continue;
        };
        if let Some(sentence) = under_way(&plan.steps, plans, now) {
            return sentence;
        }
        break;
    }
    match (&state.sealed, &state.intent) {
        (Some(_), Some(_)) => {
            "The stream is stopped and backed up. Next: start the reset.".to_owned()
        }
        (Some(_), None) => {
            "The stream is stopped and backed up. Next: choose the way out.".to_owned()
        }
        (None, _) => "Nothing has been changed yet.".to_owned(),
    }
}

fn under_way(steps: &[StepState], plans: &[Plan], now: Millis) -> Option<String> {
    let name = |step: &StepState| {
        plans
            .iter()
            .find_map(|p| p.step(&step.id))
            .map_or_else(|| step.id.to_string(), |s| title(&s.kind).to_owned())
    };
    let at = steps.iter().position(|s| s.status != StepStatus::Done)?;
    let step = &steps[at];
    let next = steps
        .get(at + 1)
        .map_or_else(String::new, |s| format!(" Next: {}.", lower(&name(s))));
    let doing = match &step.status {
        StepStatus::Failed {
            next_attempt_at: Some(at),
        } => format!(
            "{}: attempt {} failed, tried again in {}.",
            name(step),
            step.attempts,
            human_duration(at.since(now))
        ),
        StepStatus::Unknown { reason } => {
            format!("{}: the outcome is unknown. {reason}", name(step))
        }
        // For how long stands beside it, where it goes on with the seconds.
        _ => format!("{}{}.", name(step), progress(step)),
    };
    Some(format!("{doing}{next}"))
}

fn progress(step: &StepState) -> String {
    match &step.progress {
        None => String::new(),
        Some((_, 0, what)) => format!(". {}", what.trim_end_matches('.')),
        Some((done, total, what)) => {
            format!(": {} of {} {what}", thousands(*done), thousands(*total))
        }
    }
}

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars
        .next()
        .map(|c| c.to_uppercase().chain(chars).collect())
        .unwrap_or_default()
}

fn lower(title: &str) -> String {
    let mut chars = title.chars();
    chars
        .next()
        .map(|c| c.to_lowercase().chain(chars).collect())
        .unwrap_or_default()
}
