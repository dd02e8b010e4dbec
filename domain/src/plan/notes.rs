//! What a reader of a plan must know and no number says.

use std::collections::BTreeMap;

use super::reset::BuildReset;
use super::targets::TimestampOffsets;
use super::{LeftOut, PartitionEffect};
use crate::backup::{BackupSeen, Compared};
use crate::checkpoint::{Prognosis, SparkLine};
use crate::ids::JobRunId;
use crate::intent::WayOut;
use crate::sink::{Again, CLEARED, SinkTold, beginning_of, told};
use crate::snapshot::{CheckpointSeen, JobRunSeen, JobsSeen};
use crate::stream::{Carrier, Stream};
use crate::text::{counted, thousands};

pub(super) fn secure_notes(
    stream: &Stream,
    checkpoint: &CheckpointSeen,
    alive: &[&JobRunSeen],
) -> Vec<String> {
    let mut notes: Vec<String> = alive
        .iter()
        .map(|run| {
            format!(
                "Job run {} is {}. What it has read and not committed will be read again.",
                run.id,
                run.state.word()
            )
        })
        .collect();
    if !stream.siblings.is_empty() && !alive.is_empty() {
        notes.push(format!(
            "The same job runs {} too: it stops with this stream.",
            stream.siblings.join(", ")
        ));
    }
    if let Some(run) = &checkpoint.gate_of {
        notes.push(format!(
            "metadata holds the closed gate of Run {run}, which is over. The backup will hold it too; a reset replaces it."
        ));
    }
    notes
}

pub(super) fn reset_notes(
    input: &BuildReset<'_>,
    checkpoint: &CheckpointSeen,
    effects: &[PartitionEffect],
) -> Vec<String> {
    let BuildReset {
        stream,
        snapshot,
        times,
        ..
    } = *input;
    let way_out = &input.intent.way_out;
    let mut notes = vec![before_note(checkpoint)];
    let committed = checkpoint.last_committed().map(|b| b.batch);
    if let Some(newest) = checkpoint.newest_offsets.filter(|n| Some(*n) != committed) {
        notes.push(begun_note(way_out, checkpoint, newest, effects));
    }
    notes.extend(time_note(way_out, times));
    // What was planned and not committed may be in the sink already.
    let again = match effects.iter().any(|effect| effect.repeated > 0)
        || checkpoint.newest_offsets != committed
    {
        true => Again::Yes,
        false => Again::No,
    };
    notes.push(told(&stream.sink, &snapshot.sink, &CLEARED, again).said);
    if stream.shape.stateful {
        notes.push("The query keeps state. Its state is cleared too: aggregates, windows and deduplication begin empty.".to_owned());
    }
    notes.extend(carrier_note(&stream.carrier));
    notes
}

fn before_note(checkpoint: &CheckpointSeen) -> String {
    match checkpoint.last_committed() {
        Some(batch) => format!(
            "\"Before\" is the end of batch {}, the newest readable committed batch.",
            batch.batch
        ),
        None => "No committed batch can be read, so \"before\" is unknown and nothing can be said about what is repeated.".to_owned(),
    }
}

pub(super) fn onward_notes(
    input: &BuildReset<'_>,
    checkpoint: &CheckpointSeen,
    effects: &[PartitionEffect],
) -> Vec<String> {
    let BuildReset {
        stream, snapshot, ..
    } = *input;
    let way_out = &input.intent.way_out;
    let mut notes = vec![before_note(checkpoint)];
    let committed = checkpoint.last_committed().map(|b| b.batch);
    let newest = checkpoint.newest_offsets;
    notes.extend(skipped_note(effects));
    match way_out {
        WayOut::Move { .. } => notes.push("The end of the newest committed batch is rewritten, with its settings as they stand there. Every partition that was not named stays where it is.".to_owned()),
        WayOut::Rise { .. } => notes.push("The log is replaced by one batch with the newest number that was used. What comes is numbered after it, so that no sink takes it for a batch that it holds, and the query keeps its id.".to_owned()),
        _ => {}
    }
    if let WayOut::RollBack { batch } = way_out {
        notes.push(match newest {
            Some(newest) if newest > *batch => {
                let first = batch.saturating_add(1);
                let forgotten = match newest == first {
                    true => format!("Batch {first} is forgotten."),
                    false => format!("Batches {first} to {newest} are forgotten."),
                };
                format!(
                    "{forgotten} The next one is planned anew as batch {first}; what it reads up to can differ from what it was."
                )
            }
            _ => format!("What is left of a timeline after batch {batch} is deleted."),
        });
    }
    if let Some(newest) = newest.filter(|n| Some(*n) != committed) {
        notes.push(begun_note(way_out, checkpoint, newest, effects));
    }
    if *way_out == WayOut::Restart {
        notes.extend(stumble_note(input));
        return notes;
    }
    if let Some(begins) = beginning_of(way_out, &stream.sink, snapshot) {
        let again = match effects.iter().any(|e| e.repeated > 0) {
            true => Again::Yes,
            false => Again::No,
        };
        notes.push(told(&stream.sink, &snapshot.sink, &begins, again).said);
    }
    if stream.shape.stateful {
        notes.push("The query keeps state. It goes back with the log: later versions of it are deleted, so that nothing is counted twice in it.".to_owned());
    }
    notes
}

/// What becomes of a batch that was planned and not committed. No figure of a plan
/// holds its records, since nobody knows whether the sink has them.
fn begun_note(
    way_out: &WayOut,
    checkpoint: &CheckpointSeen,
    batch: i64,
    effects: &[PartitionEffect],
) -> String {
    let begun = format!("Batch {batch} was planned and not committed");
    let again = begun_again(checkpoint, batch, effects);
    let records = again.map(|n| counted(n, "record", "records"));
    match (way_out, records) {
        (WayOut::Restart, records) => {
            let exactly = records.map_or_else(String::new, |n| format!(" ({n})"));
            format!(
                "{begun}: it is run again, exactly{exactly}. What it may have written already is written again, where the sink does not know its batches."
            )
        }
        (_, Some(_)) if again == Some(0) => {
            format!("{begun}. None of its records is read again.")
        }
        (_, Some(records)) => format!(
            "{begun}. {records} of it will be read again, and what it may have written of them already is written again."
        ),
        (_, None) => format!(
            "{begun}. What it may have written already is written again if its records are read again."
        ),
    }
}

/// What Spark 4.1 does after a batch that it runs again, seen on 4.1.1 against a real
/// broker (docs/seeding.md): the batch is committed, then the query fails, once.
fn stumble_note(input: &BuildReset<'_>) -> Option<String> {
    let prognosis = &input.foreseen?.prognosis;
    let release = &input.snapshot.jobs.seen()?.release;
    let line = input
        .stream
        .spark
        .unwrap_or_else(|| SparkLine::from_emr_release(release).line);
    let again = matches!(prognosis, Prognosis::Starts { replay: true, .. });
    (again && line == SparkLine::V4_1).then(|| "On Spark 4.1 the job then fails once, with that batch committed: a NullPointerException in KafkaMicroBatchStream.metrics (SPARK-55271). The next attempt goes on after it. Where EMR makes no other attempt, the Run stops for a person and the job has to be started again.".to_owned())
}

/// How many of the records of a batch that was planned and not committed are read
/// again; `None` where its end cannot be read.
fn begun_again(
    checkpoint: &CheckpointSeen,
    batch: i64,
    effects: &[PartitionEffect],
) -> Option<u64> {
    let begun = checkpoint.batches.iter().find(|b| b.batch == batch)?;
    let ends = begun.ends.iter().cloned().collect::<Option<Vec<_>>>()?;
    let of_partition = |effect: &PartitionEffect| {
        let end = ends
            .iter()
            .find_map(|source| source.get(&effect.topic, effect.partition))?;
        let before = effect.before.map_or(effect.log_start.0, |b| b.0);
        u64::try_from(end.saturating_sub(before.max(effect.after.0))).ok()
    };
    Some(effects.iter().filter_map(of_partition).sum())
}

/// What a restore comes to, beside its effects.
#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    pub(super) sink: &'a SinkTold,
    /// Whether the query keeps the id that it had then.
    pub(super) own_id: bool,
    /// The first batch that runs.
    pub(super) batch: i64,
}

pub(super) fn restore_notes(
    input: &BuildReset<'_>,
    backup: &BackupSeen,
    effects: &[PartitionEffect],
    told: Told<'_>,
) -> Vec<String> {
    let mut notes = Vec::new();
    let now = input.snapshot.checkpoint.seen();
    notes.extend(now.map(before_note));
    let Compared {
        only_there,
        only_here,
        different,
        same,
    } = backup.compared;
    notes.push(format!(
        "Put back is the backup that Run {} sealed at {}. Against what is there now: {} only in the backup, {} only here, {} different, {} the same.",
        backup.run,
        backup.sealed_at.utc(),
        thousands(only_there),
        thousands(only_here),
        thousands(different),
        thousands(same)
    ));
    notes.extend(skipped_note(effects));
    let then = &backup.checkpoint;
    let newest = now.and_then(|c| c.newest_offsets);
    let is_one_query = now.is_some_and(|c| c.query_id == then.query_id);
    match newest {
        Some(newest) if is_one_query && newest >= told.batch => notes.push(format!(
            "Batches {} to {newest} are forgotten. The next one is batch {}; what it reads up to can differ from what it was.",
            told.batch, told.batch
        )),
        _ if !is_one_query => notes.push(
            "The backup is of the query under another id: the checkpoint was begun anew since, and its numbers too.".to_owned(),
        ),
        _ => {}
    }
    if then.newest_offsets > then.newest_commit {
        notes.push(format!(
            "In the backup, batch {} was planned and not committed: it is run again, exactly. What it wrote then is written again, where the sink does not know its batches.",
            told.batch
        ));
    }
    notes.push(told.sink.said.clone());
    notes.push(match told.own_id {
        true => "metadata is the backup's own, so the query has the id of then.".to_owned(),
        false => "The query gets a new id, since under the one of the backup the sink would drop batches that it holds. All else is the backup's.".to_owned(),
    });
    if input.stream.shape.stateful {
        notes.push("The query keeps state. It goes back with the log: all of it is the backup's, so that nothing is counted twice in it.".to_owned());
    }
    notes
}

/// Which records are never read, by their coordinates.
fn skipped_note(effects: &[PartitionEffect]) -> Option<String> {
    const SAID: usize = 20;
    let skipped: Vec<String> = effects
        .iter()
        .filter(|e| e.skipped > 0)
        .map(|e| {
            let from = e.before.map_or(e.log_start.0, |b| b.0.max(e.log_start.0));
            let last = e.after.0.saturating_sub(1);
            match from == last {
                true => format!("{}-{} at {from}", e.topic, e.partition),
                false => format!("{}-{} from {from} to {last}", e.topic, e.partition),
            }
        })
        .collect();
    let more = match skipped.len().saturating_sub(SAID) {
        0 => String::new(),
        more => format!(" and of {more} more partitions"),
    };
    let said = &skipped[..skipped.len().min(SAID)];
    (!said.is_empty()).then(|| format!("Never read: {}{more}.", said.join(", ")))
}

pub(super) fn onward_left_out(way_out: &WayOut) -> Vec<LeftOut> {
    let left = |what: &str, why: &str| LeftOut {
        what: what.to_owned(),
        why: why.to_owned(),
    };
    let mut out = vec![left(
        "Write starting offsets",
        match way_out {
            WayOut::Restore { .. } => "The log of the backup says where the job goes on.",
            _ => "The checkpoint's own log says where the job goes on.",
        },
    )];
    if *way_out == WayOut::Restart {
        out.push(left(
            "Change the checkpoint",
            "Spark would go on from it as it is.",
        ));
    } else {
        out.push(left(
            "Delete what the sink holds",
            "Sluice changes checkpoints only. Rows that are written twice are for the owner of the table.",
        ));
    }
    out.push(left(
        "Delete the backup",
        "Backups are never deleted by a Run.",
    ));
    out
}

/// What holds only where the job's code has a part in the start.
fn carrier_note(carrier: &Carrier) -> Option<String> {
    let place = carrier_place(carrier)?;
    Some(format!(
        "{place} carries the starting offsets, which works only as long as the job's code hands it to the option startingOffsets. Spark writes down in sources/0/0 where it began; where that is not the plan's, the Run stops for a person. A job run that somebody else starts first would not begin there, and the one that Sluice starts keeps the value: a start from it over an empty checkpoint would begin there again."
    ))
}

fn carrier_place(carrier: &Carrier) -> Option<String> {
    match carrier {
        Carrier::Seed => None,
        Carrier::Conf { key } => Some(format!("The Spark conf key {key}")),
        Carrier::Argument { name } => Some(format!("The argument --{name}")),
    }
}

pub(super) fn reset_left_out(stream: &Stream) -> Vec<LeftOut> {
    let left = |what: &str, why: &str| LeftOut {
        what: what.to_owned(),
        why: why.to_owned(),
    };
    let carried = match carrier_place(&stream.carrier) {
        None => left(
            "Change the job's startingOffsets",
            "sources/<i>/0 carries the starting position; Spark reads the job's own options only where that file is missing.",
        ),
        Some(place) => left(
            "Write sources/0/0",
            &format!(
                "{place} carries the starting position, as configured; Spark writes that file itself at the first start."
            ),
        ),
    };
    vec![
        carried,
        left(
            "Delete what the sink holds",
            "Sluice changes checkpoints only. Rows that are written twice are for the owner of the table.",
        ),
        left("Delete the backup", "Backups are never deleted by a Run."),
    ]
}

fn time_note(way_out: &WayOut, times: Option<&TimestampOffsets>) -> Option<String> {
    let silent = times?
        .0
        .values()
        .flat_map(BTreeMap::values)
        .filter(|o| o.is_none())
        .count();
    match way_out {
        WayOut::Earliest => Some(
            "It begins a little after the log start: what lies before will have been deleted by Kafka when the job comes to read it, and a read there would fail.".to_owned(),
        ),
        WayOut::Timestamp { .. } if silent > 0 => Some(format!(
            "{silent} partitions have no record at or after that time and begin at their end."
        )),
        _ => None,
    }
}

/// What was said of the job runs that may write and are not the stream's, and
/// where none could be looked for.
pub(super) fn writers_notes(jobs: &JobsSeen, explained: &[JobRunId]) -> Vec<String> {
    let said = jobs.others.iter().filter(|run| explained.contains(&run.id));
    let mut notes: Vec<String> = said
        .map(|run| {
            format!(
                "{} It writes elsewhere, by a person's word.",
                run.sentence()
            )
        })
        .collect();
    if let Some(why) = &jobs.elsewhere {
        notes.push(format!(
            "Job runs of other applications were not looked at: {why}"
        ));
    }
    notes
}
