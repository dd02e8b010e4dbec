//! Plans that go on from the checkpoint's own log, changed or not: where the
//! job will go on is what the doctor foretells of the checkpoint as it will be.

use super::build::restart;
use super::edit::{Foreseen, offsets_of};
use super::notes::{onward_left_out, onward_notes};
use super::outlook::rolled_back;
use super::refusal::Refusal;
use super::reset::{BuildReset, Made, ground, seal_reset};
use super::targets::{effects, reads_back_to, refuse_sink};
use super::{
    ConfirmStep, EditStep, GateStep, OpenGateStep, PartitionEffect, Plan, StepKind,
    WatchStep, gate_text,
};
use crate::checkpoint::Prognosis;
use crate::intent::{Touch, WayOut};
use crate::keyset::{KeyEntry, KeySet};
use crate::offsets::PartitionOffsets;
use crate::sink::beginning_of;
use crate::snapshot::{CheckpointSeen, KafkaSeen};

/// Where the query goes on.
pub(super) struct Onward {
    /// The first batch that runs.
    pub(super) batch: i64,
    /// From where it reads, by source.
    pub(super) sources: Vec<PartitionOffsets>,
}

/// Builds the plan of a way out that goes on from the log.
pub(super) fn build(input: &BuildReset<'_>) -> Result<Plan, Refusal> {
    let BuildReset {
        run,
        stream,
        snapshot,
        intent,
        ..
    } = *input;
    let way_out = &intent.way_out;
    let ground = ground(input)?;
    let checkpoint = ground.checkpoint;
    refuse_sink(stream, snapshot, way_out)?;
    if let WayOut::RollBack { batch } = way_out {
        rolled_back(checkpoint, *batch)?;
    }
    let foreseen = input.foreseen.ok_or_else(|| {
        Refusal::Log("What Spark would do was not foretold for this.".to_owned())
    })?;
    let onward = onward(way_out, &foreseen.prognosis)?;
    refuse_elsewhere(way_out, &onward)?;
    let effects = judged_effects(checkpoint, ground.kafka, &onward.sources)?;
    let restart = restart(run, ground.jobs, ground.base, "reset");
    let made = Made {
        steps: steps(input, foreseen, checkpoint, onward, restart)?,
        left_out: onward_left_out(way_out),
        notes: onward_notes(input, checkpoint, &effects),
        effects,
        objects: 0,
        back_to: reads_back_to(way_out, checkpoint),
    };
    seal_reset(input, &ground, made)
}

/// Refuses where the doctor foretells other offsets than were asked for.
fn refuse_elsewhere(way_out: &WayOut, onward: &Onward) -> Result<(), Refusal> {
    let (WayOut::Move { offsets } | WayOut::Rise { offsets }) = way_out else {
        return Ok(());
    };
    let mut all = offsets.iter();
    let other = all.find(|(topic, partition, offset)| {
        let mut at = onward
            .sources
            .iter()
            .filter_map(|s| s.get(topic, *partition));
        !at.any(|at| at == *offset)
    });
    match other {
        None => Ok(()),
        Some((topic, partition, offset)) => Err(Refusal::Log(format!(
            "{topic}-{partition} would not go on at {offset}."
        ))),
    }
}

/// Where Spark goes on, by the doctor's own word.
pub(super) fn onward(way_out: &WayOut, prognosis: &Prognosis) -> Result<Onward, Refusal> {
    let (batch, lines) = match prognosis {
        Prognosis::Starts {
            batch_id,
            start_offsets,
            ..
        } => (*batch_id, start_offsets),
        Prognosis::StartsFresh {
            start: Some(lines), ..
        } => (0, lines),
        Prognosis::StartsFresh { start: None, why } => {
            return Err(Refusal::Log(format!(
                "{why} It would begin where the job's code says, which is not known here. Choose where it begins."
            )));
        }
        Prognosis::Fails {
            error_class, text, ..
        } => {
            return Err(Refusal::Log(format!(
                "Spark would fail again, with {error_class}: {}",
                sentence(text)
            )));
        }
        Prognosis::Unknown { unread } => {
            return Err(Refusal::Log(format!(
                "What Spark would do depends on files that could not be read, such as {}.",
                unread.first().map_or("none", String::as_str)
            )));
        }
    };
    let sources = offsets_of(lines).ok_or_else(|| {
        Refusal::Log(
            "A source has no position in the log, so where it would go on is not known here."
                .to_owned(),
        )
    })?;
    match way_out {
        WayOut::RollBack { batch: to } if to.checked_add(1) != Some(batch) => {
            Err(Refusal::Log(format!(
                "Without the batches after {to}, Spark would run batch {batch} next and not the one after it."
            )))
        }
        _ => Ok(Onward { batch, sources }),
    }
}

/// The first line of a text of Spark's, as a sentence.
fn sentence(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default().trim();
    match line.ends_with(['.', '!', '?']) {
        true => line.to_owned(),
        false => format!("{line}."),
    }
}

/// What goes on from `sources` does to each partition, refused where Spark
/// would fail on what Kafka holds.
pub(super) fn judged_effects(
    checkpoint: &CheckpointSeen,
    kafka: &KafkaSeen,
    sources: &[PartitionOffsets],
) -> Result<Vec<PartitionEffect>, Refusal> {
    let mut wrong = Vec::new();
    let mut targets = sources.to_vec();
    for offsets in &mut targets {
        let topics: Vec<String> = offsets.topics().map(str::to_owned).collect();
        for (topic, partition, offset) in offsets.clone().iter() {
            let seen = kafka.topics.get(topic);
            match seen.and_then(|t| t.partitions.get(&partition)) {
                None => wrong.push(format!("{topic}-{partition} is not on the cluster")),
                Some(at) if offset < at.earliest => wrong.push(format!(
                    "{topic}-{partition}: it would go on at {offset}, and Kafka has deleted everything before {}",
                    at.earliest
                )),
                Some(at) if offset > at.latest => wrong.push(format!(
                    "{topic}-{partition}: it would go on at {offset}, beyond the end {}",
                    at.latest
                )),
                Some(_) => {}
            }
        }
        for topic in topics {
            let seen = kafka.topics.get(&topic).map(|t| &t.partitions);
            for (partition, at) in seen.into_iter().flatten() {
                if offsets.get(&topic, *partition).is_some() {
                    continue;
                }
                if at.earliest != 0 {
                    wrong.push(format!(
                        "{topic}-{partition} is new to the query and begins at {} instead of 0",
                        at.earliest
                    ));
                }
                offsets.set(topic.clone(), *partition, at.earliest);
            }
        }
    }
    if wrong.is_empty() {
        Ok(effects(checkpoint, kafka, &targets))
    } else {
        Err(Refusal::PastKafka(wrong))
    }
}

fn steps(
    input: &BuildReset<'_>,
    foreseen: &Foreseen,
    checkpoint: &CheckpointSeen,
    onward: Onward,
    restart: super::RestartStep,
) -> Result<Vec<StepKind>, Refusal> {
    let BuildReset { stream, policy, .. } = *input;
    let prefix = &stream.checkpoint;
    let mut kinds = Vec::new();
    let way_out = &input.intent.way_out;
    if way_out.touch() == Touch::Log {
        if foreseen.edit.is_empty() {
            return Err(Refusal::Log(
                "Nothing would change: the log ends there already. Restart only does the same."
                    .to_owned(),
            ));
        }
        refuse_unsealed(foreseen, input.keys)?;
        let metadata = input.keys.iter().find(|k| k.key == "metadata");
        let gate = gate_text(input.run, input.run_page);
        kinds.push(StepKind::CloseGate(GateStep {
            prefix: prefix.clone(),
            replaces: metadata.map(|m| m.etag.clone()),
            body: gate.clone(),
        }));
        kinds.push(StepKind::Edit(EditStep {
            prefix: prefix.clone(),
            deletes: KeySet::of(&foreseen.edit.deletes),
            writes: foreseen.edit.writes.clone(),
        }));
        kinds.push(StepKind::OpenGate(OpenGateStep {
            prefix: prefix.clone(),
            replaces: gate,
            query_id: beginning_of(way_out, &stream.sink, input.snapshot)
                .filter(|begins| begins.same_query)
                .and(checkpoint.query_id)
                .unwrap_or(input.query_id),
            text: None,
        }));
    }
    kinds.push(StepKind::Restart(restart));
    kinds.push(StepKind::Confirm(ConfirmStep {
        prefix: prefix.clone(),
        batch: onward.batch,
        sources: onward.sources,
        deadline_ms: policy.first_batch_deadline_ms,
    }));
    kinds.push(StepKind::Watch(WatchStep {
        prefix: prefix.clone(),
        batches: policy.watch_batches,
        from_batch: onward.batch,
        deadline_ms: policy.watch_deadline_ms,
    }));
    Ok(kinds)
}

/// Refuses to touch what the sealed backup does not hold as it is now.
fn refuse_unsealed(foreseen: &Foreseen, keys: &[KeyEntry]) -> Result<(), Refusal> {
    let sealed = |key: &str, etag: &str| {
        keys.binary_search_by(|e| e.key.as_str().cmp(key))
            .is_ok_and(|at| keys[at].etag == etag)
    };
    let mut touched = foreseen
        .edit
        .deletes
        .iter()
        .map(|e| (e.key.as_str(), e.etag.as_str()))
        .chain(
            foreseen
                .edit
                .writes
                .iter()
                .filter_map(|w| Some((w.key.as_str(), w.replaces.as_deref()?))),
        );
    match touched.find(|(key, etag)| !sealed(key, etag)) {
        None => Ok(()),
        Some((key, _)) => Err(Refusal::Log(format!(
            "{key} is not in the sealed backup as it is now. Abort this Run and open another, which secures the stream anew."
        ))),
    }
}
