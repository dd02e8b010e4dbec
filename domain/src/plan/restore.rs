//! Plans that put a backup back: what is there now was sealed first, is cleared
//! by its list, and the backup's exact set comes in its place. Where the job
//! goes on is what the doctor foretells of the backup, under Kafka as it is now.

use super::build::restart;
use super::notes::{Told, onward_left_out, restore_notes};
use super::onward::{judged_effects, onward};
use super::refusal::{Refusal, seen_checkpoint, seen_kafka};
use super::reset::{BuildReset, Made, ground, seal_reset};
use super::{
    ClearStep, ConfirmStep, GateStep, OpenGateStep, PartitionEffect, Plan, RestoreStep,
    StepKind, WatchStep, gate_text,
};
use crate::backup::BackupSeen;
use crate::checkpoint::StreamMetadata;
use crate::intent::WayOut;
use crate::keyset::{KeyEntry, KeySet};
use crate::offsets::PartitionOffsets;
use crate::sink::{Again, SinkTold, on_backup, told};
use crate::snapshot::{KafkaSeen, Snapshot};
use crate::stream::Stream;

/// What putting a backup back comes to.
struct Back {
    /// The first batch that runs.
    batch: i64,
    /// From where it reads, by source.
    sources: Vec<PartitionOffsets>,
    effects: Vec<PartitionEffect>,
    sink: SinkTold,
    /// Whether the query keeps the id that it had then.
    own_id: bool,
}

/// What putting `backup` back would do by what was seen now.
///
/// # Errors
/// A [`Refusal`] that says what is in the way.
pub fn preview_restore(
    stream: &Stream,
    snapshot: &Snapshot,
    backup: &BackupSeen,
) -> Result<Vec<PartitionEffect>, Refusal> {
    Ok(back(stream, snapshot, backup)?.effects)
}

/// What the sink does once `backup` lies there; `None` where that is not known.
#[must_use]
pub fn sink_on_restore(
    stream: &Stream,
    snapshot: &Snapshot,
    backup: &BackupSeen,
) -> Option<String> {
    back(stream, snapshot, backup)
        .ok()
        .map(|back| back.sink.said)
}

fn back(
    stream: &Stream,
    snapshot: &Snapshot,
    backup: &BackupSeen,
) -> Result<Back, Refusal> {
    let checkpoint = seen_checkpoint(snapshot)?;
    let kafka = seen_kafka(snapshot)?;
    if backup.compared.is_same() {
        return Err(Refusal::Backup(
            "Nothing would change: what lies there is what the backup holds. Restart only does the same.".to_owned(),
        ));
    }
    if StreamMetadata::parse(backup.metadata.as_bytes())
        .value
        .is_none()
    {
        return Err(Refusal::Backup(
            "Its metadata tells no query id, so Spark would not start on it.".to_owned(),
        ));
    }
    refuse_former_topics(kafka, backup)?;
    let way_out = WayOut::Restore {
        backup: backup.sealed.backup.clone(),
        manifest: backup.sealed.sha256.clone(),
    };
    let onward = onward(&way_out, &backup.checkpoint.prognosis)?;
    refuse_other_topics(stream, &onward.sources)?;
    let effects = judged_effects(checkpoint, kafka, &onward.sources)?;
    let (begins, seen) = on_backup(&backup.checkpoint, &stream.sink, snapshot)
        .ok_or_else(|| Refusal::Backup("It starts no batch.".to_owned()))?;
    let again = match effects.iter().any(|e| e.repeated > 0) || begins.replay {
        true => Again::Yes,
        false => Again::No,
    };
    let sink = told(&stream.sink, &seen, &begins, again);
    if sink.refused {
        return Err(Refusal::Sink(sink.said));
    }
    Ok(Back {
        batch: onward.batch,
        sources: onward.sources,
        effects,
        sink,
        own_id: begins.same_query,
    })
}

/// Offsets of a topic that was deleted and made again mean nothing in the new one.
fn refuse_former_topics(kafka: &KafkaSeen, backup: &BackupSeen) -> Result<(), Refusal> {
    let anew = kafka.topics.iter().find(|(_, topic)| {
        topic
            .former
            .is_some_and(|former| backup.sealed_at < former.until)
    });
    match anew {
        None => Ok(()),
        Some((name, _)) => Err(Refusal::Backup(format!(
            "Topic {name} was deleted and made again since: the backup's offsets are those of the old one."
        ))),
    }
}

/// Refuses the checkpoint of a query that read other topics.
fn refuse_other_topics(
    stream: &Stream,
    sources: &[PartitionOffsets],
) -> Result<(), Refusal> {
    let wanted = |topic: &str| stream.sources.iter().flatten().any(|t| t == topic);
    match sources.iter().flat_map(|s| s.topics()).find(|t| !wanted(t)) {
        None => Ok(()),
        Some(topic) => Err(Refusal::Backup(format!(
            "It is of a query that read {topic}, which this stream does not."
        ))),
    }
}

/// Builds the plan that puts the backup of `input` back.
pub(super) fn build(input: &BuildReset<'_>) -> Result<Plan, Refusal> {
    let BuildReset {
        run,
        stream,
        snapshot,
        intent,
        ..
    } = *input;
    let ground = ground(input)?;
    let not_looked_at = || Refusal::Backup("The backup was not looked at.".to_owned());
    let backup = input.backup.ok_or_else(not_looked_at)?;
    let wanted = WayOut::Restore {
        backup: backup.sealed.backup.clone(),
        manifest: backup.sealed.sha256.clone(),
    };
    if intent.way_out != wanted {
        return Err(not_looked_at());
    }
    if input.sealed.backup == backup.sealed.backup {
        return Err(Refusal::Backup(
            "This is the backup that this Run has made of what is there now. Restart only does the same.".to_owned(),
        ));
    }
    let back = back(stream, snapshot, backup)?;
    let restart = restart(run, ground.jobs, ground.base, "reset");
    let made = Made {
        left_out: onward_left_out(&intent.way_out),
        notes: restore_notes(
            input,
            backup,
            &back.effects,
            Told {
                sink: &back.sink,
                own_id: back.own_id,
                batch: back.batch,
            },
        ),
        objects: backup.entries.len() as u64,
        back_to: backup.checkpoint.last_committed().map(|b| b.planned_at),
        effects: back.effects.clone(),
        steps: steps(input, backup, back, restart),
    };
    seal_reset(input, &ground, made)
}

fn steps(
    input: &BuildReset<'_>,
    backup: &BackupSeen,
    back: Back,
    restart: super::RestartStep,
) -> Vec<StepKind> {
    let BuildReset { stream, policy, .. } = *input;
    let prefix = &stream.checkpoint;
    let gate = gate_text(input.run, input.run_page);
    let metadata = input.keys.iter().find(|k| k.key == "metadata");
    let cleared: Vec<KeyEntry> = input
        .keys
        .iter()
        .filter(|k| k.key != "metadata")
        .cloned()
        .collect();
    let then = StreamMetadata::parse(backup.metadata.as_bytes()).value;
    let own = then.filter(|_| back.own_id);
    vec![
        StepKind::CloseGate(GateStep {
            prefix: prefix.clone(),
            replaces: metadata.map(|m| m.etag.clone()),
            body: gate.clone(),
        }),
        StepKind::Clear(ClearStep {
            prefix: prefix.clone(),
            keys: KeySet::of(&cleared),
        }),
        StepKind::Restore(RestoreStep {
            prefix: prefix.clone(),
            from: backup.sealed.backup.clone(),
            manifest: backup.sealed.manifest.clone(),
            sha256: backup.sealed.sha256.clone(),
            keys: KeySet::of(&backup.entries),
        }),
        StepKind::OpenGate(OpenGateStep {
            prefix: prefix.clone(),
            replaces: gate,
            query_id: own.as_ref().map_or(input.query_id, |m| m.id),
            text: own.map(|_| backup.metadata.clone()),
        }),
        StepKind::Restart(restart),
        StepKind::Confirm(ConfirmStep {
            prefix: prefix.clone(),
            batch: back.batch,
            sources: back.sources,
            deadline_ms: policy.first_batch_deadline_ms,
        }),
        StepKind::Watch(WatchStep {
            prefix: prefix.clone(),
            batches: policy.watch_batches,
            from_batch: back.batch,
            deadline_ms: policy.watch_deadline_ms,
        }),
    ]
}
