//! The rules on the job run: whether anything is at work at all.

use super::case::Case;
use super::judge::unknown;
use super::{ResetHelps, Verdict, VerdictKind};
use crate::checkpoint::{Prognosis, Severity};
use crate::snapshot::{JobRunSeen, JobRunState};
use crate::time::{Millis, human_duration};

/// So far back attempts are counted: EMR counts a streaming run's failures by
/// the hour.
const ATTEMPTS_MS: i64 = 3_600_000;
/// A run comes up in a few minutes. After this long in a state before RUNNING
/// something is in its way.
const COMING_UP_MS: i64 = 10 * 60_000;

/// No job run is at work, or none stays so.
pub(super) fn down(case: &Case<'_>) -> Option<Verdict> {
    match case.jobs.alive().next() {
        None => Some(ended(case)),
        Some(_) => failing_again_and_again(case).or_else(|| not_up(case)),
    }
}

fn ended(case: &Case<'_>) -> Verdict {
    let since = case.job_ended_at();
    let how = match case.jobs.runs.first() {
        None => "no job run of it was found".to_owned(),
        Some(run) => how_it_ended(run),
    };
    let mut verdict = case.verdict(
        VerdictKind::Down,
        format!("has been down{}: {how}", case.lasting(since)),
    );
    verdict.since = since;
    told(case, &mut verdict);
    verdict
}

fn how_it_ended(run: &JobRunSeen) -> String {
    let timed_out = run.state_details.contains("execution timeout");
    let word = match run.state {
        _ if timed_out => "timed out",
        JobRunState::Failed => "failed",
        JobRunState::Cancelled => "was cancelled",
        JobRunState::Success => "ended by itself",
        _ => run.state.word(),
    };
    if run.mode == "STREAMING" {
        format!("its job run {} {word} ({})", run.id, run.state.word())
    } else {
        format!(
            "its job run {} was started in {} mode, which ends by itself, and {word} ({})",
            run.id,
            run.mode,
            run.state.word()
        )
    }
}

/// The attempts of one run grow, and no batch is committed in between.
fn failing_again_and_again(case: &Case<'_>) -> Option<Verdict> {
    let run = case.jobs.alive().next()?;
    let earlier = case
        .before()
        .take_while(|s| case.now().since(s.at) <= ATTEMPTS_MS)
        .filter(|s| s.run == Some(run.created_at))
        .filter(|s| s.commit == case.checkpoint.newest_commit)
        .last();
    let grown = earlier.and_then(|s| Some((s.at, run.attempt - s.attempt?)));
    // Waiting for the next attempt is failure enough for once.
    let between = run.attempt > 1 && run.state != JobRunState::Running;
    let since = match grown {
        Some((at, more)) if more >= 2 => at,
        Some((at, 1)) if between => at,
        None | Some((_, 0)) if between && run.attempt > 2 => run.updated_at,
        _ => return None,
    };
    let mut verdict = case.verdict(
        VerdictKind::Down,
        format!(
            "keeps failing{}: its job run {} is at attempt {}, and no batch is committed in between",
            case.lasting(Some(since)),
            run.id,
            run.attempt
        ),
    );
    verdict.since = Some(since);
    told(case, &mut verdict);
    Some(verdict)
}

/// A run that is not at work yet, or no longer.
fn not_up(case: &Case<'_>) -> Option<Verdict> {
    let mut alive = case.jobs.alive();
    let run = alive.next()?;
    if case.running().is_some() || matches!(run.state, JobRunState::Other(_)) {
        return None;
    }
    let for_ms = case.now().since(run.updated_at);
    let since: Option<Millis> = Some(run.updated_at);
    let (what, advice) = match run.state {
        JobRunState::Cancelling => (
            "is being cancelled",
            "It may still write until EMR says CANCELLED; wait for that.",
        ),
        JobRunState::Queued => (
            "waits for capacity",
            "Free capacity on the application, or raise its limit. A reset changes nothing.",
        ),
        _ if for_ms > COMING_UP_MS => (
            "does not come up",
            "Look at the application's capacity, its network and the job's image. A reset changes nothing.",
        ),
        _ => ("is coming up", "Wait until it is RUNNING."),
    };
    let mut verdict = case.verdict(
        VerdictKind::Down,
        format!(
            "{what}: its job run {} has been {} for {}",
            run.id,
            run.state.word(),
            human_duration(for_ms)
        ),
    );
    verdict.since = since;
    verdict.advice = advice.to_owned();
    verdict.evidence.extend(details(run));
    Some(verdict)
}

/// Two jobs that write one checkpoint. Nothing else that is seen of it counts
/// before one of them is stopped.
pub(super) fn written_twice(case: &Case<'_>) -> Option<Verdict> {
    let rivals = case.jobs.rivals();
    if rivals.is_empty() {
        return None;
    }
    let mut verdict = case.verdict(
        VerdictKind::Corrupt,
        "is written by two jobs at once".to_owned(),
    );
    verdict.reset_helps = ResetHelps::No;
    verdict.advice =
        "Stop all but the right one. What they did to the checkpoint can be judged after."
            .to_owned();
    verdict.evidence.splice(0..0, rivals);
    Some(verdict)
}

/// A live run in a state that this release does not know.
pub(super) fn state_unknown(case: &Case<'_>) -> Option<Verdict> {
    if case.running().is_some() {
        return None;
    }
    let run = case.jobs.alive().next()?;
    Some(unknown(
        case,
        format!(
            "its job run {} has the state {}, which is not known here",
            run.id,
            run.state.word()
        ),
        "Look at the job run in EMR Serverless.",
    ))
}

/// Why, and what would help instead of a reset.
fn told(case: &Case<'_>, verdict: &mut Verdict) {
    verdict
        .evidence
        .extend(case.jobs.runs.first().and_then(details));
    verdict.cause = case.cause();
    let (helps, standing) = standing(case);
    verdict.reset_helps = helps;
    verdict.advice = match &verdict.cause {
        Some(cause) => format!(
            "{} {standing} A reset would not help with {}.",
            cause.kind.helps(),
            cause.kind.word()
        ),
        None if helps == ResetHelps::No => format!("{standing} A reset is not needed."),
        None => standing,
    };
}

/// What a restart would do, and whether anything stands against it. Sound is a
/// checkpoint only that the query goes on from and of which nothing bad is said.
fn standing(case: &Case<'_>) -> (ResetHelps, String) {
    let restart = case.restart();
    match (&case.checkpoint.prognosis, case.worst_finding()) {
        (Prognosis::Unknown { .. }, _) => (ResetHelps::Unknown, restart),
        (Prognosis::StartsFresh { .. }, _) => (
            ResetHelps::Unknown,
            format!(
                "{restart} If this query ever ran, its checkpoint is lost, and a restart skips records or reads them again without a word."
            ),
        ),
        (_, Some(found)) if found.severity == Severity::Error => (
            ResetHelps::Perhaps,
            format!("{restart} A finding stands against it: {}", found.message),
        ),
        (_, Some(found)) => (
            ResetHelps::No,
            format!("{restart} Read this first: {}", found.message),
        ),
        (_, None) => (
            ResetHelps::No,
            format!("Its checkpoint is sound: {}", lower_first(&restart)),
        ),
    }
}

/// EMR's own words, cut short.
fn details(run: &JobRunSeen) -> Option<String> {
    const CHARS_MAX: usize = 300;
    let said = run.state_details.lines().next()?.trim();
    if said.is_empty() {
        return None;
    }
    let mut short: String = said.chars().take(CHARS_MAX).collect();
    if short.len() < said.len() {
        short.push('…');
    }
    Some(format!("EMR says of job run {}: {short}", run.id))
}

fn lower_first(sentence: &str) -> String {
    let mut chars = sentence.chars();
    match chars.next() {
        Some(first) => format!("{}{}", first.to_lowercase(), chars.as_str()),
        None => String::new(),
    }
}
