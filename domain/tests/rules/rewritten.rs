//! Plans that write files of the log: moved in place, or under rising numbers.

use crate::log::{Grown, Log, grown, log, shape, torn};
use crate::onward::words;
use crate::plan::dry_run;
use crate::world::{offsets, sink, stream};
use domain::checkpoint::{
    CheckpointView, ListedObject, OffsetSeq, Prognosis, SparkLine, predict,
};
use domain::intent::WayOut;
use domain::offsets::PartitionOffsets;
use domain::plan::{Edit, Fault, Plan, Refusal, StepKind, check, in_order, preview};
use domain::stream::SinkKind;
use proptest::prelude::*;
use uuid::Uuid;

fn one(partition: i32, offset: i64) -> PartitionOffsets {
    let mut offsets = PartitionOffsets::new();
    offsets.set("orders_events", partition, offset);
    offsets
}

fn three(committed: usize) -> Log {
    let ends: [&[i64]; 3] = [&[10, 20], &[30, 40], &[50, 60]];
    log(&ends, committed, &[100, 100])
}

fn move_to(partition: i32, offset: i64) -> WayOut {
    WayOut::Move {
        offsets: one(partition, offset),
    }
}

#[test]
fn a_step_over_a_record_reads_like_this() {
    let plan = torn().plan(move_to(1, 86)).unwrap();
    assert!(check(&plan, &stream()).is_empty());
    insta::assert_snapshot!(dry_run(&plan));
}

#[test]
fn a_start_under_rising_numbers_reads_like_this() {
    let way_out = WayOut::Rise {
        offsets: offsets(&[75, 80]),
    };
    let plan = torn().plan(way_out).unwrap();
    assert!(check(&plan, &stream()).is_empty());
    insta::assert_snapshot!(dry_run(&plan));
}

#[test]
fn only_the_named_partition_moves_and_the_settings_stay_as_spark_wrote_them() {
    let log = three(2);
    let plan = log.plan(move_to(0, 55)).unwrap();
    let StepKind::Edit(edit) = &plan.body.steps[1].kind else {
        panic!("{:?}", words(&plan));
    };
    assert_eq!(edit.deletes.count, 0);
    let [write] = &edit.writes[..] else {
        panic!("{:?}", edit.writes);
    };
    assert_eq!(write.key, "offsets/2");
    assert_eq!(write.replaces.as_deref(), Some("etag-offsets/2"));
    let read = |bytes: &[u8]| OffsetSeq::parse(bytes).value.unwrap();
    let (before, after) = (
        read(&log.view.bytes["offsets/2"]),
        read(write.body.as_bytes()),
    );
    assert_eq!(before.metadata, after.metadata);
    let line = after.sources[0].as_deref().unwrap();
    assert_eq!(line, offsets(&[55, 60]).to_spark_json());
    let cost = plan.cost();
    assert_eq!((cost.skipped, cost.repeated), (5, 0));
    let note = "Never read: orders_events-0 from 50 to 54.";
    assert!(
        plan.body.notes.iter().any(|n| n == note),
        "{:?}",
        plan.body.notes
    );
}

#[test]
fn what_is_shown_before_the_stop_is_what_a_rewrite_then_says() {
    for (log, way_out) in [
        (three(2), move_to(0, 55)),
        (three(1), move_to(0, 35)),
        (
            three(2),
            WayOut::Rise {
                offsets: offsets(&[7, 90]),
            },
        ),
        (torn(), move_to(1, 86)),
    ] {
        let shown = preview(&stream(), &log.snapshot, &way_out, None).unwrap();
        let plan = log.plan(way_out).unwrap();
        assert_eq!(shown, plan.body.effects);
        assert!(check(&plan, &stream()).is_empty());
    }
}

#[test]
fn numbers_that_rise_need_no_new_id_and_no_sink_skips_them() {
    for kind in [SinkKind::FileSink, SinkKind::Delta, SinkKind::Iceberg] {
        let rise = WayOut::Rise {
            offsets: offsets(&[7, 90]),
        };
        let moved = move_to(0, 55);
        for (mut log, way_out) in [(torn(), rise), (three(2), moved)] {
            // It remembers every batch that was begun.
            let newest = log.view.offset_batches().last().copied().unwrap();
            log.snapshot.sink = sink(kind, Some(newest));
            let plan = log.plan(way_out).unwrap();
            let StepKind::OpenGate(gate) = &plan.body.steps[2].kind else {
                panic!("{:?}", words(&plan));
            };
            assert_ne!(gate.query_id, Uuid::from_u128(7), "{kind:?}");
            let StepKind::Confirm(confirm) = &plan.body.steps[4].kind else {
                panic!("{:?}", words(&plan));
            };
            // Batch 4 was begun in the one log, batch 2 was the last of the other.
            assert_eq!(confirm.batch, newest + 1, "{kind:?}");
        }
        // A batch that is planned anew under its number is another matter.
        let mut log = three(1);
        let remembers = (kind == SinkKind::FileSink).then_some(2);
        log.snapshot.sink = sink(kind, remembers);
        let pending = log.plan(move_to(0, 35));
        match kind {
            SinkKind::FileSink => {
                assert!(matches!(pending, Err(Refusal::Sink(_))), "{pending:?}");
            }
            _ => {
                let plan = pending.unwrap();
                let StepKind::OpenGate(gate) = &plan.body.steps[2].kind else {
                    panic!("{:?}", words(&plan));
                };
                assert_eq!(gate.query_id, Uuid::from_u128(7), "{kind:?}");
            }
        }
    }
}

#[test]
fn a_query_with_state_is_neither_moved_nor_risen() {
    let rise = || WayOut::Rise {
        offsets: offsets(&[7, 90]),
    };
    let mut stream = stream();
    stream.shape.stateful = true;
    for way_out in [move_to(0, 55), rise()] {
        let shown = preview(&stream, &three(2).snapshot, &way_out, None);
        assert!(shown.unwrap_err().to_string().contains("keeps state"));
        // Whatever is configured: what lies there says it too.
        let mut log = three(2);
        log.view.list("state/0/0/3.delta", ListedObject::default());
        let refused = log.plan(way_out).unwrap_err();
        assert!(refused.to_string().contains("keeps state"), "{refused}");
    }
}

#[test]
fn what_the_log_or_the_broker_does_not_know_is_refused() {
    for (way_out, complaint) in [
        (move_to(7, 5), "orders_events-7 is not on the cluster"),
        (move_to(0, 101), "beyond the end 100"),
        (
            WayOut::Rise { offsets: one(0, 5) },
            "orders_events-1 is missing",
        ),
        (
            WayOut::Move {
                offsets: [("other".to_owned(), 0, 5)].into_iter().collect(),
            },
            "other-0",
        ),
    ] {
        let log = three(2);
        let shown = preview(&stream(), &log.snapshot, &way_out, None);
        let planned = log.plan(way_out.clone());
        // Each is refused at one of the two places at the latest.
        let said = [shown.err(), planned.err()];
        let said: Vec<String> =
            said.into_iter().flatten().map(|r| r.to_string()).collect();
        assert!(
            said.iter().any(|s| s.contains(complaint)),
            "{way_out:?}: {said:?}"
        );
    }
    let mut broken = three(2);
    broken.tear("offsets/2");
    let refused = broken.plan(move_to(0, 55)).unwrap_err();
    assert!(refused.to_string().contains("offsets/2"), "{refused}");
}

#[test]
fn hand_edited_writes_are_found_out() {
    let edit = |change: &dyn Fn(&mut domain::plan::FileWrite)| {
        let mut plan = three(2).plan(move_to(0, 55)).unwrap();
        if let StepKind::Edit(edit) = &mut plan.body.steps[1].kind {
            change(&mut edit.writes[0]);
        }
        check(&Plan::new(plan.body).unwrap(), &stream())
    };
    assert!(edit(&|_| {}).is_empty());
    let other_bytes = edit(&|w| w.body = w.body.replace("55", "56"));
    assert!(
        matches!(other_bytes[..], [Fault::Write(_), Fault::Onward]),
        "{other_bytes:?}"
    );
    let other_offsets = edit(&|w| {
        w.body = w.body.replace("55", "56");
        w.sha256 = domain::ids::Digest::of(w.body.as_bytes());
    });
    assert!(
        matches!(other_offsets[..], [Fault::Onward]),
        "{other_offsets:?}"
    );
    let no_log = edit(&|w| w.key = "metadata".into());
    assert!(matches!(no_log[..], [Fault::Write(_)]), "{no_log:?}");
}

/// The views that a rewrite goes through, one file at a time.
fn between(view: &CheckpointView, edit: &Edit) -> Vec<CheckpointView> {
    let mut now = view.clone();
    let mut all = vec![now.clone()];
    for entry in in_order(&edit.deletes).into_iter().flatten() {
        now.listing.remove(&entry.key);
        now.bytes.remove(&entry.key);
        all.push(now.clone());
    }
    for write in &edit.writes {
        now.listing.remove(&write.key);
        now.read(write.key.as_str(), write.body.clone().into_bytes());
        all.push(now.clone());
    }
    all
}

proptest! {
    /// Over any log and any wish: of what the stream had not read, all is either
    /// skipped or read; and what is read twice was read.
    #[test]
    fn skipped_repeated_and_continued_add_up(
        steps in proptest::collection::vec((0_i64..300, 0_i64..300), 1..12),
        uncommitted in any::<bool>(),
        more in (0_i64..300, 0_i64..300),
        wish in (0_i64..4_000, 0_i64..4_000),
        rises in any::<bool>(),
    ) {
        let Grown { log, ends, committed, to } = grown(&steps, uncommitted, more);
        let wanted = [wish.0.min(to[0]), wish.1.min(to[1])];
        let way_out = match rises {
            true => WayOut::Rise { offsets: offsets(&wanted) },
            false => WayOut::Move { offsets: one(1, wanted[1]) },
        };
        let plan = log.plan(way_out.clone()).unwrap();
        prop_assert!(check(&plan, &stream()).is_empty());
        for (partition, effect) in plan.body.effects.iter().enumerate() {
            let reached = ends[committed][partition];
            let moves = rises || partition == 1;
            let after = if moves { wanted[partition] } else { reached };
            prop_assert_eq!(effect.after.0, after);
            let read = (after..to[partition]).count() as u64;
            let unread = (reached..to[partition]).count() as u64;
            let continued = (reached.max(after)..to[partition]).count() as u64;
            prop_assert_eq!(effect.skipped + continued, unread);
            prop_assert_eq!(effect.repeated + continued, read);
            prop_assert!(effect.skipped == 0 || effect.repeated == 0);
        }
        // Wherever it stops, a start begins at the old place or at the new one, or
        // fails: never elsewhere in silence.
        let edit = Edit::of(&way_out, &log.view).unwrap();
        let old = offsets(&ends[committed]);
        let uncommitted_end = offsets(ends.last().unwrap());
        let new: PartitionOffsets = plan.body.effects.iter()
            .map(|e| (e.topic.clone(), e.partition, e.after.0))
            .collect();
        for view in between(&log.view, &edit) {
            if let Prognosis::Starts { start_offsets, .. } =
                predict(&view, SparkLine::V3_5, &shape())
            {
                let line = start_offsets[0].as_deref().unwrap();
                let start = PartitionOffsets::parse(line).value.unwrap();
                prop_assert!(
                    start == old || start == new || start == uncommitted_end,
                    "{start:?}"
                );
            }
        }
    }
}
