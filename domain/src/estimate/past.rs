//! How past resets of a stream went, by their journals: what an estimate of the
//! next one can rest on, and what people want to see beside it.

use serde::{Deserialize, Serialize};

use crate::ids::RunId;
use crate::plan::{Plan, PlanKind, StepKind};
use crate::run::{Ending, Facts, PlanState, RunState, StepState};
use crate::snapshot::JobRunSeen;
use crate::time::{Millis, human_duration};

/// A range of time in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The least.
    pub least_ms: i64,
    /// The most.
    pub most_ms: i64,
}

impl Span {
    /// No time at all.
    pub const NONE: Self = Self::of(0);

    /// Exactly this long.
    #[must_use]
    pub const fn of(ms: i64) -> Self {
        Self {
            least_ms: ms,
            most_ms: ms,
        }
    }

    /// From the least to the most of these; `None` of none.
    #[must_use]
    pub fn over(times_ms: impl Iterator<Item = i64>) -> Option<Self> {
        times_ms.fold(None, |span, ms| {
            let span = span.unwrap_or(Self::of(ms));
            Some(Self {
                least_ms: span.least_ms.min(ms),
                most_ms: span.most_ms.max(ms),
            })
        })
    }

    /// One after the other.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            least_ms: self.least_ms.saturating_add(other.least_ms),
            most_ms: self.most_ms.saturating_add(other.most_ms),
        }
    }

    /// `40 s`, or `40 s to 2 m`.
    #[must_use]
    pub fn words(self) -> String {
        let (least, most) = (human_duration(self.least_ms), human_duration(self.most_ms));
        if least == most {
            least
        } else {
            format!("{least} to {most}")
        }
    }
}

/// A reset of the past, as far as its journal tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastReset {
    /// The Run.
    pub run: RunId,
    /// When it was opened.
    pub opened_at: Millis,
    /// The way out in words; `None` where none was chosen.
    pub way_out: Option<String>,
    /// How it ended.
    pub ending: Ending,
    /// From the start of its first plan to its end, in milliseconds; `None` where
    /// none was started.
    pub took_ms: Option<i64>,
    /// From the first cancel until the prefix was quiet; `None` where nothing had
    /// to be stopped.
    pub stop_ms: Option<i64>,
    /// The backup.
    pub copied: Option<Copied>,
    /// From the start of the job until its first batch was confirmed.
    pub start_ms: Option<i64>,
}

/// How fast a backup was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copied {
    /// Objects that were copied.
    pub objects: u64,
    /// In this time, in milliseconds.
    pub took_ms: i64,
}

impl PastReset {
    /// Of a Run that has ended, with the plans that it held.
    #[must_use]
    pub fn of(run: &RunId, state: &RunState, plans: &[Plan]) -> Option<Self> {
        let (ending, ended_at, _) = state.ended.as_ref()?;
        let steps = steps(state, plans);
        let first = |is: fn(&StepKind) -> bool| {
            steps
                .iter()
                .find(|(kind, _)| is(kind))
                .map(|(_, step)| *step)
        };
        let stop = first(|kind| matches!(kind, StepKind::Stop(_)));
        let quiet = first(|kind| matches!(kind, StepKind::Wait(_)));
        let copy = first(|kind| matches!(kind, StepKind::Copy(_)));
        let restart = first(|kind| matches!(kind, StepKind::Restart(_)));
        let confirmed =
            first(|kind| matches!(kind, StepKind::ReadBack(_) | StepKind::Confirm(_)));
        let between = |from: Option<&StepState>, until: Option<&StepState>| {
            Some(until?.ended_at?.since(from?.began_at?))
        };
        let started = [&state.secure, &state.reset]
            .into_iter()
            .flatten()
            .filter_map(|plan| plan.started.as_ref().map(|(at, _)| *at))
            .min();
        Some(Self {
            run: run.clone(),
            opened_at: state.opened_at,
            way_out: state.intent.as_ref().map(|i| i.way_out.describe()),
            ending: *ending,
            took_ms: started.map(|at| ended_at.since(at)),
            stop_ms: between(stop, quiet),
            copied: copy.and_then(copied),
            start_ms: between(restart, confirmed),
        })
    }
}

/// The steps of both plans, with what became of each.
fn steps<'a>(
    state: &'a RunState,
    plans: &'a [Plan],
) -> Vec<(&'a StepKind, &'a StepState)> {
    let of = |kind: PlanKind| -> Option<(&PlanState, &Plan)> {
        let held = state.plan(kind)?;
        Some((held, plans.iter().find(|plan| plan.id == held.id)?))
    };
    let plans = [PlanKind::Secure, PlanKind::Reset]
        .into_iter()
        .filter_map(of);
    plans
        .flat_map(|(held, plan)| {
            plan.body.steps.iter().filter_map(|step| {
                let became = held.steps.iter().find(|s| s.id == step.id)?;
                Some((&step.kind, became))
            })
        })
        .collect()
}

/// What was found at the destination already was not copied in that time.
fn copied(step: &StepState) -> Option<Copied> {
    let Some(Facts::Copied {
        objects, adopted, ..
    }) = step.facts
    else {
        return None;
    };
    Some(Copied {
        objects: objects
            .checked_sub(adopted)
            .filter(|objects| *objects > 0)?,
        took_ms: step.ended_at?.since(step.began_at?).max(1),
    })
}

/// So many of the newest job runs tell how long a start takes.
const STARTS_MAX: usize = 10;

/// From submission to RUNNING, over the newest job runs that came so far.
#[must_use]
pub fn start_up(runs: &[JobRunSeen]) -> Option<Span> {
    let took = runs.iter().filter_map(|run| {
        let ms = run.started_at?.since(run.created_at);
        (ms >= 0).then_some(ms)
    });
    Span::over(took.take(STARTS_MAX))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A reset of which nothing is known but that it was done.
    pub(in crate::estimate) fn reset() -> PastReset {
        PastReset {
            run: "orders-20251124-160000-00af".parse().unwrap(),
            opened_at: Millis(0),
            way_out: None,
            ending: Ending::Done,
            took_ms: None,
            stop_ms: None,
            copied: None,
            start_ms: None,
        }
    }

    #[test]
    fn a_span_is_said_once_where_both_ends_are_the_same() {
        assert_eq!(Span::of(40_000).words(), human_duration(40_000));
        let span = Span::over([40_000, 10_000, 20_000].into_iter()).unwrap();
        assert_eq!((span.least_ms, span.most_ms), (10_000, 40_000));
        assert_eq!(Span::over(std::iter::empty()), None);
    }
}
