//! The ways out as cards, each with what it would cost now.

use app::view::{BackupRow, OptionCard};
use domain::estimate::RtoClass;
use domain::ids::Digest;
use domain::intent::WayOut;
use domain::offsets::PartitionOffsets;
use domain::plan::{Cost, preview};
use domain::policy::Policy;
use domain::sink::{Again, beginning_of, told};
use domain::snapshot::Snapshot;
use domain::stream::Stream;
use domain::text::counted;

use super::forms::backup_value;

/// What is known when the cards are drawn.
pub(super) struct Known<'a> {
    pub(super) stream: &'a Stream,
    pub(super) snapshot: Option<&'a Snapshot>,
    pub(super) policy: &'a Policy,
    pub(super) chosen: Option<&'a WayOut>,
    /// The backups that were found, or why they could not be looked for.
    pub(super) backups: &'a Result<Vec<BackupRow>, String>,
}

/// The cards, together with others that do the same to the checkpoint. The one
/// that is recommended comes first, and those of its kind after it.
pub(super) fn cards(known: &Known<'_>) -> Vec<OptionCard> {
    let stopped_at = known.snapshot.and_then(where_it_stopped);
    let mut cards = vec![
        card(
            known,
            "restart",
            WayOut::Restart,
            "Starts the job again on its checkpoint, in which nothing is changed. For a job that was stopped, or whose error is mended.",
        ),
        move_card(known),
        rollback_card(known),
        restore_card(known),
        card(
            known,
            "latest",
            WayOut::Latest,
            "Skips what is waiting and goes on with new records. For data that is worthless when late.",
        ),
        timestamp_card(known),
        offsets_card(known, stopped_at.clone()),
        card(
            known,
            "earliest",
            WayOut::Earliest,
            "Reads everything again that Kafka still has. For a sink that was emptied, or rows that must all be made anew.",
        ),
        rise_card(known, stopped_at.as_ref()),
    ];
    let least = cards
        .iter()
        .filter(|c| c.not_possible.is_none())
        .filter_map(|c| c.cost.map(|cost| (cost.skipped, cost.repeated)))
        .min();
    if let Some(least) = least
        && let Some(best) = cards.iter_mut().find(|c| {
            c.not_possible.is_none()
                && c.cost.map(|k| (k.skipped, k.repeated)) == Some(least)
        })
    {
        best.recommended = true;
    }
    let first = cards.iter().find(|c| c.recommended).map(|c| c.course);
    cards.sort_by_key(|c| (Some(c.course) != first, c.course, !c.recommended));
    cards
}

/// Without a record that is named, nothing moves: that tells whether the log can
/// be rewritten at all.
fn move_card(known: &Known<'_>) -> OptionCard {
    let chosen = match known.chosen {
        Some(WayOut::Move { offsets }) => Some(offsets.clone()),
        _ => None,
    };
    let way_out = WayOut::Move {
        offsets: chosen.clone().unwrap_or_default(),
    };
    let mut card = card(
        known,
        "move",
        way_out,
        "Goes on where it stopped, but past a record that cannot be processed. Everything of its partition from where it stopped up to that record is never read; all other partitions go on where they are.",
    );
    match chosen {
        Some(offsets) => card.prefill = offsets.to_spark_json(),
        None => card.cost = None,
    }
    card
}

/// As option B, for a sink whose memory of batches must stay right.
fn rise_card(known: &Known<'_>, stopped_at: Option<&PartitionOffsets>) -> OptionCard {
    let offsets = match known.chosen {
        Some(WayOut::Rise { offsets }) => Some(offsets),
        _ => stopped_at,
    };
    let offsets = offsets.cloned().unwrap_or_default();
    let mut card = card(
        known,
        "rise",
        WayOut::Rise {
            offsets: offsets.clone(),
        },
        "Begins at given offsets as option B does, and goes on counting batches after the newest number that was used, under the same query id. For a sink that knows its batches by number, as Delta, Iceberg and Spark's file sink do, and for a log that is broken in the middle.",
    );
    card.prefill = match offsets.is_empty() {
        true => String::new(),
        false => offsets.to_spark_json(),
    };
    card
}

/// The batches that can be rolled back to, each with what is then read again.
fn rollback_card(known: &Known<'_>) -> OptionCard {
    let seen = known.snapshot.and_then(|s| s.checkpoint.seen());
    let choices: Vec<(String, String)> = seen
        .into_iter()
        .flat_map(|c| c.rollbacks.iter().map(move |r| (c, r.batch)))
        .filter_map(|(checkpoint, batch)| {
            let way_out = WayOut::RollBack { batch };
            let effects = preview(known.stream, known.snapshot?, &way_out, None).ok()?;
            let planned = checkpoint.batches.iter().find(|b| b.batch == batch);
            let at = planned.map_or_else(String::new, |b| {
                format!(", planned {}", b.planned_at.utc())
            });
            let again = counted(Cost::of(&effects).repeated, "record", "records");
            Some((
                batch.to_string(),
                format!("{batch}{at}: {again} read again"),
            ))
        })
        .collect();
    let chosen = match known.chosen {
        Some(WayOut::RollBack { batch }) => Some(*batch),
        _ => None,
    };
    let first = choices.first().and_then(|(batch, _)| batch.parse().ok());
    let newest = seen.and_then(|c| c.rollbacks.first()).map(|r| r.batch);
    let batch = chosen.or(first).or(newest).unwrap_or_default();
    let mut card = card(known, "rollback", WayOut::RollBack { batch }, "");
    card.purpose = format!(
        "Forgets the newest batches and goes on from the end of an older one. For a newest batch that is broken or wrong, and for data that must be read again from a batch on.{}",
        match card.cost {
            Some(_) => format!(" The figures are those of batch {batch}."),
            None => String::new(),
        }
    );
    card.takes = "minutes to hours, by how far back".to_owned();
    card.prefill = batch.to_string();
    card.choices = choices;
    card
}

/// The backups that can be put back, each with what is then read again.
fn restore_card(known: &Known<'_>) -> OptionCard {
    let rows = known.backups.as_deref().unwrap_or_default();
    let chosen = match known.chosen {
        Some(WayOut::Restore { backup, manifest }) => {
            Some(backup_value(backup, manifest))
        }
        _ => None,
    };
    let possible = || rows.iter().filter(|row| row.not_possible.is_none());
    let shown = possible()
        .find(|row| Some(&row.value) == chosen.as_ref())
        .or_else(|| possible().next());
    let not_possible = match (known.backups, rows.first(), shown) {
        (_, _, Some(_)) => None,
        (Err(why), _, _) => Some(format!("The backups could not be looked for: {why}")),
        (Ok(_), None, None) => Some(format!(
            "No backup of this stream that Sluice has sealed lies under {}.",
            known.stream.backup_root.uri()
        )),
        (Ok(_), Some(newest), None) => Some(format!(
            "None of the backups that were found can be put back now. The newest, {}: {}",
            newest.name,
            newest.not_possible.as_deref().unwrap_or_default()
        )),
    };
    let way_out = WayOut::Restore {
        backup: known.stream.backup_root.clone(),
        manifest: Digest::of(b""),
    };
    let class = RtoClass::of(
        &way_out,
        shown.and_then(|row| Some(row.held.as_ref()?.batch?.1)),
        known
            .snapshot
            .map_or(domain::time::Millis(0), |s| s.taken_at),
    );
    OptionCard {
        letter: way_out.letter().to_string(),
        value: "restore".to_owned(),
        course: way_out.course(),
        title: way_out.title().to_owned(),
        purpose: match shown {
            Some(row) => format!(
                "Puts back a checkpoint as Sluice sealed it in an earlier Run, to the last object: its log, its state and its query id. For a checkpoint that is broken beyond its log. The figures are those of {}.",
                row.name
            ),
            None => "Puts back a checkpoint as Sluice sealed it in an earlier Run, to the last object.".to_owned(),
        },
        prefill: shown.map_or_else(String::new, |row| row.value.clone()),
        choices: possible()
            .map(|row| {
                let again = row.cost.map_or(0, |cost| cost.repeated);
                let again = counted(again, "record", "records");
                let words = format!(
                    "{}: {again} read again",
                    row.sealed_at.utc()
                );
                (row.value.clone(), words)
            })
            .collect(),
        cost: shown.and_then(|row| row.cost),
        takes: class.expected().to_owned(),
        agrees: known.policy.agreement_for(&way_out).words(),
        sink: shown.map_or_else(String::new, |row| row.sink.clone()),
        not_possible,
        recommended: false,
        chosen: chosen.is_some(),
    }
}

/// Where the stream provably got to, as far as Kafka still has it: from there
/// nothing that can be read is lost, and nothing is read twice.
fn where_it_stopped(snapshot: &Snapshot) -> Option<PartitionOffsets> {
    let next = snapshot.checkpoint.seen()?.next_offsets()?;
    let kafka = snapshot.kafka.seen()?;
    let mut offsets = PartitionOffsets::default();
    for (name, topic) in &kafka.topics {
        for (partition, at) in &topic.partitions {
            let reached = next.get(name, *partition).unwrap_or(at.earliest);
            offsets.set(
                name.clone(),
                *partition,
                reached.clamp(at.earliest, at.latest),
            );
        }
    }
    Some(offsets)
}

fn card(known: &Known<'_>, value: &str, way_out: WayOut, purpose: &str) -> OptionCard {
    let result = known
        .snapshot
        .map(|s| preview(known.stream, s, &way_out, None));
    let (cost, not_possible) = match result {
        Some(Ok(effects)) => (Some(Cost::of(&effects)), None),
        Some(Err(refusal)) => (None, Some(refusal.to_string())),
        None => (
            None,
            Some("The stream has not been looked at yet.".to_owned()),
        ),
    };
    let now = known
        .snapshot
        .map_or(domain::time::Millis(0), |s| s.taken_at);
    let class = RtoClass::of(&way_out, Some(now), now);
    let sink = match (&not_possible, known.snapshot) {
        (None, Some(snapshot)) => {
            what_the_sink_does(known.stream, snapshot, &way_out, cost)
        }
        _ => String::new(),
    };
    OptionCard {
        letter: way_out.letter().to_string(),
        value: value.to_owned(),
        course: way_out.course(),
        title: way_out.title().to_owned(),
        purpose: purpose.to_owned(),
        prefill: String::new(),
        choices: Vec::new(),
        cost,
        takes: class.expected().to_owned(),
        agrees: known.policy.agreement_for(&way_out).words(),
        sink,
        not_possible,
        recommended: false,
        chosen: known.chosen.is_some_and(|c| {
            std::mem::discriminant(c) == std::mem::discriminant(&way_out)
        }),
    }
}

/// Where nothing is read again, nothing comes twice.
pub(super) fn what_the_sink_does(
    stream: &Stream,
    snapshot: &Snapshot,
    way_out: &WayOut,
    cost: Option<Cost>,
) -> String {
    let again = match cost {
        Some(cost) if cost.repeated == 0 => Again::No,
        _ => Again::Yes,
    };
    let begins = beginning_of(way_out, &stream.sink, snapshot);
    match begins {
        Some(begins) => told(&stream.sink, &snapshot.sink, &begins, again).said,
        None => String::new(),
    }
}

fn timestamp_card(known: &Known<'_>) -> OptionCard {
    let now = known
        .snapshot
        .map_or(domain::time::Millis(0), |s| s.taken_at);
    let at = match known.chosen {
        Some(WayOut::Timestamp { at }) => *at,
        _ => now,
    };
    // What a time costs is known once Kafka has resolved it; whether a time
    // could be planned at all is judged by a plan from now.
    let mut card = card(
        known,
        "timestamp",
        WayOut::Latest,
        "Begins at the first record of a time, such as when an error was let in. Records from then on are read again.",
    );
    let way_out = WayOut::Timestamp { at };
    card.letter = way_out.letter().to_string();
    card.title = way_out.title().to_owned();
    card.cost = None;
    if let (None, Some(snapshot)) = (&card.not_possible, known.snapshot) {
        card.sink = what_the_sink_does(known.stream, snapshot, &way_out, None);
    }
    card.takes = "30 minutes to hours, by how far back".to_owned();
    card.agrees = known.policy.agreement_for(&way_out).words();
    card.chosen = matches!(known.chosen, Some(WayOut::Timestamp { .. }));
    card.prefill = match known.chosen {
        Some(WayOut::Timestamp { at }) => at.rfc3339(),
        _ => known
            .snapshot
            .and_then(|s| {
                s.checkpoint
                    .seen()?
                    .last_committed()
                    .map(|b| b.planned_at.rfc3339())
            })
            .unwrap_or_default(),
    };
    card
}

fn offsets_card(known: &Known<'_>, stopped_at: Option<PartitionOffsets>) -> OptionCard {
    let offsets = match (known.chosen, &stopped_at) {
        (Some(WayOut::Offsets { offsets }), _) => offsets.clone(),
        (_, Some(offsets)) => offsets.clone(),
        (_, None) => PartitionOffsets::default(),
    };
    let purpose = match &stopped_at {
        Some(offsets) => format!(
            "Begins at given offsets. Filled in is where the stream stopped, by its newest readable committed batch, in {}: nothing that Kafka still has is lost.",
            counted(offsets.len() as u64, "partition", "partitions")
        ),
        None => "Begins at given offsets. Where the stream stopped cannot be read, so they must come from elsewhere.".to_owned(),
    };
    let way_out = WayOut::Offsets {
        offsets: offsets.clone(),
    };
    let mut card = card(known, "offsets", way_out, &purpose);
    if stopped_at.is_none() && !matches!(known.chosen, Some(WayOut::Offsets { .. })) {
        // Nothing is filled in, which is no reason not to choose it.
        card.not_possible = None;
    }
    card.prefill = if offsets.is_empty() {
        String::new()
    } else {
        offsets.to_spark_json()
    };
    card
}
