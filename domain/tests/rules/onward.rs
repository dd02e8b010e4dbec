//! Plans that go on from the checkpoint's own log: where, says the doctor's look
//! at the checkpoint as it will be.

use crate::log::{Grown, grown, log, torn};
use crate::plan::{dry_run, stopped};
use crate::world::{NOW, offsets, sink, snapshot, stream};
use domain::intent::WayOut;
use domain::plan::{Fault, Plan, Refusal, StepKind, check, preview};
use domain::snapshot::Observed;
use domain::stream::SinkKind;
use proptest::prelude::*;
use uuid::Uuid;

pub(crate) fn words(plan: &Plan) -> Vec<&'static str> {
    plan.body.steps.iter().map(|s| s.kind.word()).collect()
}

#[test]
fn a_rollback_to_a_batch_reads_like_this() {
    let plan = torn().plan(WayOut::RollBack { batch: 2 }).unwrap();
    assert!(check(&plan, &stream()).is_empty());
    insta::assert_snapshot!(dry_run(&plan));
}

#[test]
fn a_restart_reads_like_this() {
    let ends: [&[i64]; 3] = [&[10, 20], &[30, 40], &[50, 60]];
    let plan = log(&ends, 1, &[100, 100]).plan(WayOut::Restart).unwrap();
    assert!(check(&plan, &stream()).is_empty());
    assert_eq!(plan.cost().repeated + plan.cost().skipped, 0);
    insta::assert_snapshot!(dry_run(&plan));
}

#[test]
fn a_torn_newest_batch_is_dropped_at_no_cost_and_a_restart_would_fail() {
    let log = torn();
    let refused = log.plan(WayOut::Restart).unwrap_err().to_string();
    assert!(refused.contains("Spark would fail again"), "{refused}");
    assert!(refused.contains("Incomplete log file"), "{refused}");
    let plan = log.plan(WayOut::RollBack { batch: 3 }).unwrap();
    assert_eq!((plan.cost().skipped, plan.cost().repeated), (0, 0));
    let StepKind::Confirm(confirm) = &plan.body.steps[4].kind else {
        panic!("{:?}", words(&plan));
    };
    assert_eq!(
        (confirm.batch, &confirm.sources[0]),
        (4, &offsets(&[70, 80]))
    );
}

#[test]
fn of_a_batch_that_was_begun_it_is_told_how_many_records_come_again() {
    let ends: [&[i64]; 3] = [&[10, 20], &[30, 40], &[50, 65]];
    let begun = log(&ends, 1, &[100, 100]);
    let said = |way_out| {
        let notes = begun.plan(way_out).unwrap().body.notes;
        let of_it = |note: &String| note.starts_with("Batch 2 was planned and not");
        notes.into_iter().find(of_it).expect("a note of batch 2")
    };
    for (way_out, count) in [
        (WayOut::Restart, "exactly (45 records)."),
        (WayOut::RollBack { batch: 1 }, ". 45 records of it will be"),
        (WayOut::RollBack { batch: 0 }, ". 45 records of it will be"),
        (moved_to(&[42, 40]), ". 33 records of it will be"),
        (moved_to(&[50, 64]), ". 1 record of it will be"),
        (moved_to(&[70, 65]), ". None of its records is read again"),
    ] {
        let note = said(way_out);
        assert!(note.contains(count), "{note}: {count}");
    }
}

#[test]
fn on_spark_4_1_a_batch_that_is_run_again_is_told_to_fail_once_after_it() {
    let ends: [&[i64]; 3] = [&[10, 20], &[30, 40], &[50, 65]];
    for (release, committed, way_out, told) in [
        ("emr-7.9.0", 1, WayOut::Restart, false),
        ("emr-spark-8.0.0", 1, WayOut::Restart, false),
        // Its Spark is not known, so the strictest is taken.
        ("emr-spark-9.0.0", 1, WayOut::Restart, true),
        ("emr-spark-9.0.0", 2, WayOut::Restart, false),
        // The batch is planned anew, and so its end is asked for.
        ("emr-spark-9.0.0", 1, WayOut::RollBack { batch: 1 }, false),
    ] {
        let mut log = log(&ends, committed, &[100, 100]);
        if let Observed::Seen { value, .. } = &mut log.snapshot.jobs {
            value.release = release.into();
        }
        let notes = log.plan(way_out.clone()).unwrap().body.notes;
        let found = notes.iter().any(|n| n.contains("SPARK-55271"));
        assert_eq!(found, told, "{release} {way_out:?}: {notes:?}");
    }
}

fn moved_to(to: &[i64]) -> WayOut {
    WayOut::Move {
        offsets: offsets(to),
    }
}

#[test]
fn what_is_shown_before_the_stop_is_what_the_plan_then_says() {
    let log = torn();
    for batch in 0..=3 {
        let way_out = WayOut::RollBack { batch };
        let shown = preview(&stream(), &log.snapshot, &way_out, None).unwrap();
        assert_eq!(shown, log.plan(way_out).unwrap().body.effects, "{batch}");
    }
    let refused = preview(
        &stream(),
        &log.snapshot,
        &WayOut::RollBack { batch: 9 },
        None,
    );
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("newest that is one is 3"), "{refused}");
}

#[test]
fn the_query_keeps_its_id_unless_the_sink_would_skip_by_it() {
    for (kind, keeps) in [
        (SinkKind::PlainFiles, true),
        (SinkKind::Delta, false),
        (SinkKind::Iceberg, false),
    ] {
        let mut log = torn();
        log.snapshot.sink = sink(kind, None);
        let plan = log.plan(WayOut::RollBack { batch: 2 }).unwrap();
        let StepKind::OpenGate(gate) = &plan.body.steps[2].kind else {
            panic!("{:?}", words(&plan));
        };
        assert_eq!(gate.query_id != Uuid::from_u128(7), keeps, "{kind:?}");
    }
    let mut log = torn();
    log.snapshot.sink = sink(SinkKind::FileSink, Some(3));
    let refused = log.plan(WayOut::RollBack { batch: 2 }).unwrap_err();
    assert!(matches!(refused, Refusal::Sink(_)), "{refused}");
    // What was never written cannot be dropped.
    assert!(log.plan(WayOut::RollBack { batch: 3 }).is_ok());
}

#[test]
fn what_kafka_no_longer_has_or_never_had_is_refused_by_partition() {
    let ends: [&[i64]; 3] = [&[10, 20], &[30, 40], &[50, 60]];
    for (earliest, to, complaint) in [
        (
            vec![31, 0],
            vec![99, 99],
            "orders_events-0: it would go on at 30",
        ),
        (
            vec![0, 0],
            vec![99, 39],
            "orders_events-1: it would go on at 40, beyond the end 39",
        ),
        (vec![0], vec![99], "orders_events-1 is not on the cluster"),
        (
            vec![0, 0, 7],
            vec![99, 99, 99],
            "orders_events-2 is new to the query and begins at 7",
        ),
    ] {
        let mut log = log(&ends, 2, &to);
        let kafka = snapshot("FAILED", None, &earliest, &to).kafka;
        log.snapshot.kafka = kafka;
        let refused = log
            .plan(WayOut::RollBack { batch: 1 })
            .unwrap_err()
            .to_string();
        assert!(refused.contains(complaint), "{refused}");
    }
    // One that begins at 0 is read from there, and the plan says so.
    let log = log(&ends, 2, &[99, 99, 99]);
    let plan = log.plan(WayOut::RollBack { batch: 1 }).unwrap();
    let new = &plan.body.effects[2];
    assert_eq!((new.before, new.after.0, new.backlog), (None, 0, 99));
}

#[test]
fn what_is_not_in_the_sealed_backup_is_not_touched() {
    let mut log = torn();
    let plan = log.plan(WayOut::RollBack { batch: 2 });
    assert!(plan.is_ok());
    let before = log.keys();
    log.view.listing.get_mut("offsets/3").unwrap().etag = "another".into();
    let refused = log
        .plan_on(&before, WayOut::RollBack { batch: 2 })
        .unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("offsets/3 is not in the sealed"),
        "{refused}"
    );
}

#[test]
fn hand_edited_plans_that_go_on_are_found_out() {
    let edit = |change: &dyn Fn(&mut Plan)| {
        let mut plan = torn().plan(WayOut::RollBack { batch: 2 }).unwrap();
        change(&mut plan);
        check(&Plan::new(plan.body).unwrap(), &stream())
    };
    assert!(edit(&|_| {}).is_empty());
    let no_gate = edit(&|p| drop(p.body.steps.remove(0)));
    assert!(matches!(no_gate[..], [Fault::Order(_)]), "{no_gate:?}");
    let another_batch = edit(&|p| {
        p.body.intent.as_mut().unwrap().way_out = WayOut::RollBack { batch: 1 };
    });
    assert!(
        matches!(another_batch[..], [Fault::Onward]),
        "{another_batch:?}"
    );
    let other_offsets = edit(&|p| {
        if let StepKind::Confirm(confirm) = &mut p.body.steps[4].kind {
            confirm.sources = vec![offsets(&[1, 1])];
        }
    });
    assert!(
        matches!(other_offsets[..], [Fault::Onward]),
        "{other_offsets:?}"
    );
    let elsewhere = edit(&|p| {
        if let StepKind::Edit(edit) = &mut p.body.steps[1].kind {
            edit.prefix = "s3://bucket/ck/".parse().unwrap();
        }
    });
    assert!(
        matches!(elsewhere[..], [Fault::Outside(_)]),
        "{elsewhere:?}"
    );
    let more = edit(&|p| {
        if let StepKind::Edit(edit) = &mut p.body.steps[1].kind {
            edit.deletes.count += 50;
        }
    });
    assert!(matches!(more[..], [Fault::NotBackedUp { .. }]), "{more:?}");
    // A plan that clears is none that restarts, whatever it says it is for.
    let disguised = edit(&|p| {
        p.body.intent.as_mut().unwrap().way_out = WayOut::Restart;
    });
    assert!(matches!(disguised[..], [Fault::Order(_)]), "{disguised:?}");
}

#[test]
fn a_job_that_may_still_write_or_is_unknown_refuses_these_too() {
    let mut log = torn();
    log.snapshot.jobs = snapshot("RUNNING", None, &[0], &[1]).jobs;
    let refused = log.plan(WayOut::RollBack { batch: 2 }).unwrap_err();
    assert!(matches!(refused, Refusal::Alive(_)), "{refused}");
    log.snapshot.jobs = stopped().jobs;
    log.snapshot.kafka = Observed::Unknown {
        at: NOW,
        reason: "denied".into(),
    };
    let refused = log.plan(WayOut::RollBack { batch: 2 }).unwrap_err();
    assert!(matches!(refused, Refusal::Unknown { .. }), "{refused}");
}

proptest! {
    /// Over any log: what the rolled back query reads is exactly what it had read
    /// after the batch and what it had not read yet; nothing is skipped.
    #[test]
    fn repeated_and_continued_add_up_to_what_is_read(
        steps in proptest::collection::vec((0_i64..500, 0_i64..500), 1..20),
        uncommitted in any::<bool>(),
        more in (0_i64..500, 0_i64..500),
        pick in any::<prop::sample::Index>(),
    ) {
        let Grown { log, ends, committed, to } = grown(&steps, uncommitted, more);
        let newest = ends.len() - 1;
        let offered: Vec<i64> = match &log.snapshot.checkpoint {
            Observed::Seen { value, .. } => value.rollbacks.iter().map(|r| r.batch).collect(),
            Observed::Unknown { .. } => Vec::new(),
        };
        // Every batch but one that is the end already.
        let expected = (0..=committed as i64).rev().filter(|b| *b < newest as i64);
        prop_assert_eq!(&offered, &expected.collect::<Vec<_>>());
        if offered.is_empty() {
            return Ok(());
        }
        let batch = offered[pick.index(offered.len())];
        let plan = log.plan(WayOut::RollBack { batch }).unwrap();
        prop_assert!(check(&plan, &stream()).is_empty());
        for (partition, effect) in plan.body.effects.iter().enumerate() {
            let kept = ends[batch as usize][partition];
            let reached = ends[committed][partition];
            let read = (kept..to[partition]).count() as u64;
            let before = (kept..reached).count() as u64;
            let continued = (reached..to[partition]).count() as u64;
            prop_assert_eq!(effect.repeated, before);
            prop_assert_eq!(effect.skipped, 0);
            prop_assert_eq!(effect.repeated + continued, read);
            prop_assert_eq!(effect.backlog, read);
        }
    }
}
