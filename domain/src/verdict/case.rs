//! What the rules look at, and what several of them ask of it.

use super::{
    Cause, Headroom, Lag, ResetHelps, Sample, Thresholds, Verdict, VerdictKind, cause,
};
use crate::checkpoint::{Finding, Prognosis, Severity};
use crate::snapshot::{
    CheckpointSeen, JobRunSeen, JobRunState, JobsSeen, KafkaSeen, Snapshot,
};
use crate::stream::Stream;
use crate::text::{counted, thousands};
use crate::time::{Millis, human_duration};

/// A stream of which every part could be read.
pub(super) struct Case<'a> {
    pub(super) stream: &'a Stream,
    pub(super) snapshot: &'a Snapshot,
    /// Earlier looks, oldest first; the newest may be this one.
    pub(super) samples: &'a [Sample],
    pub(super) thresholds: Thresholds,
    /// Lines of the driver's log.
    pub(super) log: &'a [String],
    pub(super) checkpoint: &'a CheckpointSeen,
    pub(super) jobs: &'a JobsSeen,
    pub(super) kafka: &'a KafkaSeen,
    pub(super) lag: Option<Lag>,
    pub(super) partitions: Vec<Headroom>,
}

impl Case<'_> {
    pub(super) fn now(&self) -> Millis {
        self.snapshot.taken_at
    }

    /// How long nothing has to happen before that means something.
    pub(super) fn patience_ms(&self) -> i64 {
        let triggers = self.thresholds.triggers;
        triggers.saturating_mul(self.stream.trigger_ms)
    }

    /// The job run that is at work, by EMR's word.
    pub(super) fn running(&self) -> Option<&JobRunSeen> {
        self.jobs.alive().find(|r| r.state == JobRunState::Running)
    }

    /// When the attempt that is at work began, at the latest.
    pub(super) fn attempt_began(&self) -> Option<Millis> {
        let run = self.running()?;
        let newest = self.checkpoint.batches.first();
        let has_planned = newest.is_some_and(|b| b.planned_at >= run.created_at);
        // EMR tells when the state last changed. Where this run has planned a
        // batch it was at work by then, whatever else was changed later.
        Some(match has_planned && run.attempt <= 1 {
            true => run.created_at,
            false => run.updated_at,
        })
    }

    /// Samples before this look, newest first.
    pub(super) fn before(&self) -> impl Iterator<Item = &Sample> {
        let now = self.now();
        self.samples.iter().rev().filter(move |s| s.at < now)
    }

    /// Of the checkpoint's own; what Kafka has to do with it has rules of its
    /// own.
    pub(super) fn worst_error(&self) -> Option<&Finding> {
        let mut errors = self.checkpoint.findings.iter();
        errors.find(|f| f.severity == Severity::Error && !f.is_about_kafka())
    }

    /// What the sink and the checkpoint foretell together, as far as the sink was
    /// looked at.
    pub(super) fn sink_findings(&self) -> impl Iterator<Item = &Finding> {
        let seen = self.snapshot.sink.seen().into_iter();
        seen.flat_map(|sink| &sink.findings)
    }

    /// The worst finding of all that is a warning at least, Kafka's and the
    /// sink's too.
    pub(super) fn worst_finding(&self) -> Option<&Finding> {
        let own = self.checkpoint.findings.iter();
        let mut findings: Vec<&Finding> = own.chain(self.sink_findings()).collect();
        findings.sort_by_key(|f| std::cmp::Reverse(f.severity));
        findings
            .into_iter()
            .find(|f| f.severity >= Severity::Warning)
    }

    /// Why the newest job run failed, where one did.
    pub(super) fn cause(&self) -> Option<Cause> {
        let run = self.jobs.runs.first()?;
        let failed = run.state == JobRunState::Failed || run.attempt > 1;
        if !failed {
            return None;
        }
        let told = std::iter::once(run.state_details.as_str());
        cause(told.chain(self.log.iter().map(String::as_str)))
    }

    /// When the newest job run ended, if it has.
    pub(super) fn job_ended_at(&self) -> Option<Millis> {
        let run = self.jobs.runs.first()?;
        run.state.is_terminal().then_some(run.updated_at)
    }

    /// ` for 3 m`, or nothing where it is not known since when.
    pub(super) fn lasting(&self, since: Option<Millis>) -> String {
        since.map_or_else(String::new, |since| {
            format!(" for {}", human_duration(self.now().since(since)))
        })
    }

    pub(super) fn verdict(&self, kind: VerdictKind, sentence: String) -> Verdict {
        Verdict {
            kind,
            sentence,
            advice: String::new(),
            since: None,
            reset_helps: ResetHelps::No,
            evidence: self.evidence(),
            cause: None,
        }
    }

    /// What holds whatever the verdict.
    fn evidence(&self) -> Vec<String> {
        let mut out = Vec::new();
        if let Some(run) = self.jobs.runs.first() {
            out.push(format!(
                "Job run {} is {} (attempt {}), application {}.",
                run.id,
                run.state.word(),
                run.attempt,
                self.jobs.application_state
            ));
        }
        let batch = |b: Option<i64>| b.map_or("none".to_owned(), |b| b.to_string());
        out.push(format!(
            "Newest batch in offsets/: {}; in commits/: {}.",
            batch(self.checkpoint.newest_offsets),
            batch(self.checkpoint.newest_commit)
        ));
        out.push(self.lag.map_or_else(
            || "Lag unknown: no committed batch can be read.".to_owned(),
            |lag| lag_words(&lag),
        ));
        out.extend(self.held());
        out.extend(self.size_unknown());
        out.extend(self.made_anew());
        let serious = |found: &&Finding| found.severity >= Severity::Warning;
        let sink = self.sink_findings().filter(serious);
        out.extend(sink.map(|found| format!("{}: {}", found.id, found.message)));
        out
    }

    fn held(&self) -> Option<String> {
        let held: u64 = self.partitions.iter().map(|p| p.held).sum();
        (self.stream.read_committed && held > 0).then(|| {
            format!(
                "Open Kafka transactions hold {} back.",
                counted(held, "offset", "offsets")
            )
        })
    }

    fn size_unknown(&self) -> Option<String> {
        let unknown = self.partitions.iter().filter(|p| p.size_unknown).count();
        (unknown > 0).then(|| {
            format!(
                "Kafka also deletes by size, and how full {} could not be told: when that loses records is unknown.",
                match unknown {
                    1 => "1 partition is".to_owned(),
                    n => format!("{} partitions are", thousands(n as u64)),
                }
            )
        })
    }

    fn made_anew(&self) -> Option<String> {
        let topics = self.kafka.topics.iter();
        let (name, former) = topics
            .filter_map(|(name, topic)| Some((name, topic.former?)))
            .next()?;
        Some(format!(
            "Topic {name} was deleted and made anew: this checkpoint was begun on the one with id {}, and another id was first seen {} ago.",
            former.topic_id,
            human_duration(self.now().since(former.until))
        ))
    }

    /// What a restart would do, as a sentence.
    pub(super) fn restart(&self) -> String {
        match &self.checkpoint.prognosis {
            Prognosis::Starts {
                batch_id, replay, ..
            } => format!(
                "A restart {} batch {batch_id}.",
                if *replay { "repeats" } else { "goes on with" }
            ),
            Prognosis::StartsFresh { .. } => {
                "A restart begins at batch 0: the checkpoint holds no batch.".to_owned()
            }
            Prognosis::Fails { error_class, .. } => {
                format!("A restart fails with {error_class}.")
            }
            Prognosis::Unknown { unread } => format!(
                "What a restart would do is unknown: {} could not be read.",
                match unread.as_slice() {
                    [one] => one.clone(),
                    many => counted(many.len() as u64, "file", "files"),
                }
            ),
        }
    }
}

fn lag_words(lag: &Lag) -> String {
    let oldest = match lag.unread_ms {
        Some(ms) => format!(", the oldest {} old", human_duration(ms)),
        None if lag.records > 0 => ", how old they are is unknown".to_owned(),
        None => String::new(),
    };
    format!(
        "{} waiting in Kafka{oldest}; last committed batch planned {} ago.",
        counted(lag.records, "record", "records"),
        human_duration(lag.age_ms)
    )
}
