//! The rules on the checkpoint against Kafka.

use super::case::Case;
use super::headroom::{Headroom, LossBy};
use super::judge::unknown;
use super::{ResetHelps, Verdict, VerdictKind};
use crate::checkpoint::Prognosis;
use crate::text::{counted, thousands};
use crate::time::human_duration;

/// By how much the driver's clock and ours may differ, in milliseconds.
const SKEW_MS: i64 = 5_000;

/// The checkpoint is behind the log start, or will be soon.
pub(super) fn losing_data(case: &Case<'_>) -> Option<Verdict> {
    let lag = case.lag?;
    let soonest = case
        .partitions
        .iter()
        .filter(|p| p.is_alarming(case.thresholds.alarm_ms))
        .filter_map(|p| Some((p, p.loss?)))
        .min_by_key(|(_, loss)| loss.in_ms);
    if lag.lost == 0 && soonest.is_none() {
        return None;
    }
    let sentence = match soonest {
        Some((_, loss)) if lag.lost == 0 => format!(
            "will lose data in {}{}: unread records reach {}",
            if loss.measured { "" } else { "at most " },
            human_duration(loss.in_ms),
            match loss.by {
                LossBy::Time => "their retention",
                LossBy::Size => "the size that the topic keeps",
            }
        ),
        _ => format!(
            "is losing data: Kafka has deleted {} that were never read",
            counted(lag.lost, "record", "records")
        ),
    };
    let mut verdict = case.verdict(VerdictKind::LosingData, sentence);
    if let Some((at, loss)) = soonest {
        verdict.evidence.push(format!(
            "First to lose is {}-{}: {} unread, the first of them deleted in {}{}.",
            at.topic,
            at.partition,
            counted(at.waiting + at.held, "record", "records"),
            if loss.measured { "" } else { "at most " },
            human_duration(loss.in_ms)
        ));
    }
    verdict.since = case.job_ended_at();
    verdict.reset_helps = match &case.checkpoint.prognosis {
        Prognosis::Fails { .. } => ResetHelps::Yes,
        _ if lag.lost > 0 => ResetHelps::Yes,
        _ => ResetHelps::Perhaps,
    };
    verdict.cause = case.cause();
    verdict.advice = match &verdict.cause {
        _ if lag.lost > 0 => {
            "A start at the log start reads everything that is left; what is deleted is lost."
                .to_owned()
        }
        Some(cause) => format!(
            "{} Raising the topic's retention buys time.",
            cause.kind.helps()
        ),
        None => "Get it to read again before then; raising the topic's retention buys time."
            .to_owned(),
    };
    Some(verdict)
}

/// The checkpoint's offsets are not of the topics that are there.
pub(super) fn unfit(case: &Case<'_>) -> Option<Verdict> {
    let (what, evidence) = made_anew(case)
        .or_else(|| beyond_the_end(case))
        .or_else(|| vanished(case))?;
    let mut verdict = case.verdict(
        VerdictKind::Corrupt,
        format!("has a checkpoint that does not fit its topics: {what}"),
    );
    verdict.evidence.insert(0, evidence);
    verdict.reset_helps = ResetHelps::Yes;
    verdict.advice = "Make sure that this is the right cluster and topic first. A restart fails, or passes over records in silence where the query has failOnDataLoss=false; a new start at chosen offsets gets it going."
        .to_owned();
    Some(verdict)
}

/// A topic has another id than when this query was first seen, and nothing was
/// committed since. (What was committed later was read from the new topic; the
/// evidence says so from then on.)
fn made_anew(case: &Case<'_>) -> Option<(String, String)> {
    let planned = case.checkpoint.last_committed()?.planned_at;
    let (name, former) = case
        .kafka
        .topics
        .iter()
        .filter_map(|(name, topic)| Some((name, topic.former?)))
        .find(|(_, former)| planned <= former.until)?;
    Some((
        format!("topic {name} was deleted and made anew"),
        format!(
            "The offsets in the checkpoint are of the topic with id {}; the one that is there now has another, and other records at these offsets.",
            former.topic_id
        ),
    ))
}

/// A batch that was planned while Kafka was asked may be past what it answered.
fn beyond_the_end(case: &Case<'_>) -> Option<(String, String)> {
    let planned = case.checkpoint.last_committed()?.planned_at;
    let certain = case.snapshot.kafka.at().since(planned) > SKEW_MS;
    let beyond: Vec<&Headroom> =
        case.partitions.iter().filter(|p| p.beyond > 0).collect();
    let worst = beyond.iter().max_by_key(|p| p.beyond)?;
    certain.then(|| {
        (
            format!(
                "it is past the end of {}",
                counted(beyond.len() as u64, "partition", "partitions")
            ),
            format!(
                "{}-{} is committed up to {}, {} past the end: the topic was made anew, or it is another cluster.",
                worst.topic,
                worst.partition,
                worst.committed.map_or_else(|| "?".to_owned(), thousands),
                counted(worst.beyond, "offset", "offsets")
            ),
        )
    })
}

/// Partitions and whole topics that the checkpoint knows and Kafka does not.
fn vanished(case: &Case<'_>) -> Option<(String, String)> {
    let next = case.checkpoint.next_offsets()?;
    let gone: Vec<String> = next
        .iter()
        .filter(
            |(topic, partition, _)| match case.kafka.topics.get(*topic) {
                Some(seen) => !seen.partitions.contains_key(partition),
                None => case.kafka.missing.iter().any(|m| m == topic),
            },
        )
        .map(|(topic, partition, _)| format!("{topic}-{partition}"))
        .collect();
    let first = gone.first()?.clone();
    Some((
        format!(
            "Kafka no longer has {}",
            match gone.len() {
                1 => first.clone(),
                n => format!("{n} of its partitions"),
            }
        ),
        format!(
            "Gone are {}{}.",
            gone[..gone.len().min(8)].join(", "),
            if gone.len() > 8 { " and more" } else { "" }
        ),
    ))
}

/// A topic that the stream should read is not there, and the checkpoint does
/// not know it either.
pub(super) fn topic_missing(case: &Case<'_>) -> Option<Verdict> {
    let missing = case.kafka.missing.first()?;
    Some(unknown(
        case,
        format!("topic {missing} is not on the Kafka cluster"),
        "Look at the stream's topics and at its cluster in the configuration.",
    ))
}
