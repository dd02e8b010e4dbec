//! Plans: what they say, what they refuse, and that no record is unaccounted
//! for.

use crate::world::{
    NOW, intent, keys, offsets, policy, run, sealed, sink, snapshot, stream,
};
use domain::estimate::Measured;
use domain::intent::WayOut;
use domain::plan::{
    BuildReset, BuildSecure, Fault, Plan, PlanKind, RecordTimes, Refusal, StepKind,
    TimestampOffsets, build_reset, build_secure, check, render, settle,
};
use domain::snapshot::{Observed, Snapshot};
use domain::stream::{SinkKind, Stream};
use proptest::prelude::*;
use uuid::Uuid;

pub(crate) fn secure(snapshot: &Snapshot) -> Result<Plan, Refusal> {
    build_secure(&BuildSecure {
        run: &run(),
        stream: &stream(),
        snapshot,
        policy: &policy(),
        intent: None,
        explained: &[],
        measured: &Measured::default(),
        now: NOW,
    })
}

pub(crate) fn reset_of(
    stream: &Stream,
    snapshot: &Snapshot,
    way_out: WayOut,
    times: Option<&TimestampOffsets>,
) -> Result<Plan, Refusal> {
    build_reset(&BuildReset {
        run: &run(),
        stream,
        snapshot,
        policy: &policy(),
        intent: &intent(way_out),
        explained: &[],
        sealed: &sealed(),
        keys: &keys(),
        times,
        record_times: &RecordTimes::default(),
        measured: &Measured::default(),
        foreseen: None,
        backup: None,
        query_id: Uuid::from_u128(7),
        run_page: "https://sluice.example/runs/orders-20251124-160000-00af",
        now: NOW,
    })
}

pub(crate) fn reset(snapshot: &Snapshot, way_out: WayOut) -> Result<Plan, Refusal> {
    reset_of(&stream(), snapshot, way_out, None)
}

pub(crate) fn stopped() -> Snapshot {
    snapshot("FAILED", Some(&[100, 200]), &[50, 60], &[150, 260])
}

/// The dry run as a person reads it.
pub(crate) fn dry_run(plan: &Plan) -> String {
    let mut out = String::new();
    for (number, step) in (1..).zip(render(plan).steps) {
        let mark = if step.point_of_no_return {
            " (point of no return)"
        } else {
            ""
        };
        out += &format!("{number}. {}{mark}\n   {}\n", step.title, step.will);
        for command in step.commands {
            out += &format!("   $ {command}\n");
        }
    }
    for left in &plan.body.left_out {
        out += &format!("- not: {}. {}\n", left.what, left.why);
    }
    for e in &plan.body.effects {
        out += &format!(
            "{}-{}: {} -> {}, skipped {}, read again {}, already lost {}, backlog {}\n",
            e.topic,
            e.partition,
            e.before.map_or("none".into(), |o| o.0.to_string()),
            e.after.0,
            e.skipped,
            e.repeated,
            e.already_lost,
            e.backlog
        );
    }
    for note in &plan.body.notes {
        out += &format!("note: {note}\n");
    }
    out += &format!("agreement: {}\n", plan.body.agreement.words());
    out
}

#[test]
fn a_secure_plan_of_a_running_job_reads_like_this() {
    let plan = secure(&snapshot(
        "RUNNING",
        Some(&[100, 200]),
        &[50, 60],
        &[150, 260],
    ))
    .unwrap();
    insta::assert_snapshot!(dry_run(&plan));
}

#[test]
fn a_secure_plan_of_a_failed_job_stops_nothing_and_undoes_nothing() {
    let plan = secure(&stopped()).unwrap();
    assert!(
        !plan
            .body
            .steps
            .iter()
            .any(|s| matches!(s.kind, StepKind::Stop(_)))
    );
    assert!(plan.body.undo.is_empty());
    assert!(check(&plan, &stream()).is_empty());
}

#[test]
fn a_reset_plan_to_the_log_start_reads_like_this() {
    insta::assert_snapshot!(dry_run(&reset(&stopped(), WayOut::Earliest).unwrap()));
}

#[test]
fn each_option_sets_its_offsets() {
    let given = offsets(&[120, 60]);
    for (way_out, expected) in [
        (WayOut::Latest, offsets(&[150, 260])),
        (WayOut::Earliest, offsets(&[50, 60])),
        (
            WayOut::Offsets {
                offsets: given.clone(),
            },
            given,
        ),
    ] {
        let plan = reset(&stopped(), way_out).unwrap();
        let seeds: Vec<_> = plan
            .body
            .steps
            .iter()
            .filter_map(|s| match &s.kind {
                StepKind::Seed(seed) => Some(seed.offsets.clone()),
                _ => None,
            })
            .collect();
        assert_eq!(seeds, [expected]);
        assert!(check(&plan, &stream()).is_empty());
    }
}

#[test]
fn a_time_without_a_record_begins_at_the_end_and_says_so() {
    let times = TimestampOffsets(
        [(
            "orders_events".to_owned(),
            [(0, Some(70)), (1, None)].into(),
        )]
        .into(),
    );
    let way_out = WayOut::Timestamp {
        at: NOW.plus(-7_200_000),
    };
    let plan = reset_of(&stream(), &stopped(), way_out.clone(), Some(&times)).unwrap();
    let after: Vec<i64> = plan.body.effects.iter().map(|e| e.after.0).collect();
    assert_eq!(after, [70, 260]);
    assert!(
        plan.body
            .notes
            .iter()
            .any(|n| n.contains("no record at or after"))
    );
    assert!(matches!(
        reset(&stopped(), way_out),
        Err(Refusal::Unresolved(_))
    ));
}

#[test]
fn offsets_that_do_not_fit_are_refused_by_partition() {
    for (given, complaint) in [
        (offsets(&[100]), "orders_events-1 is missing"),
        (
            offsets(&[100, 200, 300]),
            "orders_events-2 is no partition of this stream",
        ),
        (offsets(&[49, 200]), "49 is before the log start 50"),
        (offsets(&[151, 200]), "151 is beyond the end 150"),
    ] {
        let refusal = reset(&stopped(), WayOut::Offsets { offsets: given }).unwrap_err();
        assert!(refusal.to_string().contains(complaint), "{refusal}");
    }
}

#[test]
fn what_cannot_be_read_or_may_still_write_refuses_a_plan() {
    let unknown = || Observed::Unknown {
        at: NOW,
        reason: "denied".into(),
    };
    let mut blind = stopped();
    blind.kafka = unknown();
    let refusal = reset(&blind, WayOut::Latest).unwrap_err();
    assert!(matches!(refusal, Refusal::Unknown { what: "Kafka", .. }));
    let mut blind = stopped();
    blind.jobs = Observed::Unknown {
        at: NOW,
        reason: "denied".into(),
    };
    assert!(matches!(secure(&blind), Err(Refusal::Unknown { .. })));
    for state in ["RUNNING", "CANCELLING", "QUEUED", "A_STATE_OF_TOMORROW"] {
        let alive = snapshot(state, Some(&[1, 1]), &[0, 0], &[2, 2]);
        assert!(
            matches!(reset(&alive, WayOut::Latest), Err(Refusal::Alive(_))),
            "{state}"
        );
    }
}

/// What was seen decides, and the configuration only where nothing was.
#[test]
fn a_sink_that_would_drop_batches_is_refused_by_what_was_seen_of_it() {
    let unseen = Observed::Unknown {
        at: NOW,
        reason: "Access was denied.".into(),
    };
    for (configured, seen, refused) in [
        (
            SinkKind::PlainFiles,
            sink(SinkKind::FileSink, Some(8)),
            true,
        ),
        (SinkKind::FileSink, sink(SinkKind::FileSink, None), false),
        (SinkKind::FileSink, sink(SinkKind::PlainFiles, None), false),
        (SinkKind::Hudi, sink(SinkKind::Hudi, Some(8)), true),
        (SinkKind::FileSink, unseen.clone(), true),
        (SinkKind::Delta, unseen, false),
    ] {
        let mut stream = stream();
        stream.sink.kind = configured;
        let mut snapshot = stopped();
        snapshot.sink = seen;
        for way_out in [WayOut::Latest, WayOut::Earliest] {
            let reset = reset_of(&stream, &snapshot, way_out, None);
            match reset {
                Ok(plan) => {
                    assert!(!refused, "{configured:?}");
                    let notes = plan.body.notes.join(" ");
                    assert!(notes.contains("The sink is"), "{notes}");
                }
                Err(Refusal::Sink(why)) => {
                    assert!(refused, "{configured:?}: {why}");
                    assert!(why.contains("in silence"), "{why}");
                }
                Err(other) => panic!("{other}"),
            }
        }
    }
}

#[test]
fn one_changed_byte_makes_a_plan_another() {
    let plan = reset(&stopped(), WayOut::Latest).unwrap();
    let text = domain::canonical::to_string(&plan.body).unwrap();
    for at in (0..text.len()).step_by(97) {
        let mut bytes = text.clone().into_bytes();
        bytes[at] = bytes[at].wrapping_add(1);
        let Ok(body) = serde_json::from_slice(&bytes) else {
            continue;
        };
        let edited = Plan {
            id: plan.id.clone(),
            body,
        };
        assert!(!edited.is_genuine() || edited == plan, "byte {at}");
    }
}

#[test]
fn hand_edited_plans_are_found_out() {
    let edit = |change: &dyn Fn(&mut Plan)| {
        let mut plan = reset(&stopped(), WayOut::Latest).unwrap();
        change(&mut plan);
        let sealed_again = Plan::new(plan.body).unwrap();
        check(&sealed_again, &stream())
    };
    assert!(edit(&|_| {}).is_empty());
    let no_gate = edit(&|p| {
        p.body.steps.remove(0);
    });
    assert!(matches!(no_gate[..], [Fault::Order(_)]), "{no_gate:?}");
    let elsewhere = edit(&|p| {
        if let StepKind::Clear(clear) = &mut p.body.steps[1].kind {
            clear.prefix = "s3://bucket/ck/".parse().unwrap();
        }
    });
    assert!(
        matches!(elsewhere[..], [Fault::Outside(_)]),
        "{elsewhere:?}"
    );
    let other_offsets = edit(&|p| {
        if let StepKind::Seed(seed) = &mut p.body.steps[2].kind {
            seed.offsets = offsets(&[1, 1]);
        }
    });
    assert!(
        matches!(other_offsets[..], [Fault::Seed(0)]),
        "{other_offsets:?}"
    );
    let more_keys = edit(&|p| {
        if let StepKind::Clear(clear) = &mut p.body.steps[1].kind {
            clear.keys.count += 5;
        }
    });
    assert!(
        matches!(more_keys[..], [Fault::NotBackedUp { .. }]),
        "{more_keys:?}"
    );
}

#[test]
fn batches_that_were_committed_during_the_stop_are_copied_too() {
    let plan = secure(&snapshot("RUNNING", Some(&[1, 1]), &[0, 0], &[9, 9])).unwrap();
    let entry = |key: &str, etag: &str| domain::keyset::KeyEntry {
        key: key.into(),
        etag: etag.into(),
        size: 1,
    };
    let there = vec![
        entry("offsets/9", "o9"),
        entry("offsets/8", "o8"),
        entry("metadata", "m1"),
        entry("offsets/10", "new"),
    ];
    let listed = settle(&plan, there.clone()).unwrap();
    assert_eq!(listed.entries.len(), 4);
    for (change, complaint) in [
        (vec![], "Nothing lies"),
        (there[1..].to_vec(), "offsets/9 is gone"),
        (
            [vec![entry("offsets/9", "other")], there[1..].to_vec()].concat(),
            "offsets/9 was written again",
        ),
        ([there.clone(), there.clone()].concat(), "names a key twice"),
    ] {
        let stale = settle(&plan, change).unwrap_err();
        assert!(stale.to_string().contains(complaint), "{stale}");
    }
}

#[test]
fn only_what_is_decisive_makes_a_plan_stale() {
    let plan = reset(&stopped(), WayOut::Latest).unwrap();
    let digest =
        |s: &Snapshot| s.basis(&stream().digest().unwrap(), &policy().digest().unwrap());
    // End offsets that move are no drift.
    let moved = snapshot("FAILED", Some(&[100, 200]), &[50, 60], &[900, 900]);
    assert!(plan.drift(&digest(&moved)).is_empty());
    let grown = snapshot("FAILED", Some(&[1, 1]), &[0, 0, 0], &[2, 2, 2]);
    assert_eq!(
        plan.drift(&digest(&grown)),
        ["Topic orders_events had 2 partitions and now has 3."]
    );
    let mut written = stopped();
    if let Observed::Seen { value, .. } = &mut written.checkpoint {
        value.decisive.insert("offsets/9".into(), "again".into());
        value.decisive.insert("offsets/10".into(), "new".into());
    }
    assert_eq!(
        plan.drift(&digest(&written)),
        ["offsets/9 was written again.", "offsets/10 is new."]
    );
    assert_eq!(plan.body.kind, PlanKind::Reset);
}

#[test]
fn a_root_with_checkpoints_below_it_is_never_copied_nor_cleared() {
    let mut root = stopped();
    if let Observed::Seen { value, .. } = &mut root.checkpoint {
        value.nested = vec!["points".into(), "tiers".into()];
    }
    let refused = Refusal::Nested {
        location: "s3://bucket/ck/orders/".into(),
        nested: vec!["points".into(), "tiers".into()],
    };
    assert_eq!(secure(&root).unwrap_err(), refused);
    assert_eq!(reset(&root, WayOut::Latest).unwrap_err(), refused);
    assert!(refused.to_string().contains("points, tiers"), "{refused}");
}

proptest! {
    /// Every offset that Kafka has, from where the stream got to up to the end,
    /// is either skipped or read; and what is read twice is what was read.
    #[test]
    fn no_record_is_unaccounted_for(
        start in 0_i64..1_000,
        length in 0_i64..1_000,
        before in proptest::option::of(0_i64..2_500),
        wish in 0_i64..1_000,
    ) {
        let end = start + length;
        let after = start + wish.min(length);
        let seen = domain::snapshot::PartitionSeen {
            earliest: start,
            latest: end,
            high_watermark: end,
            ..domain::snapshot::PartitionSeen::default()
        };
        let effect = domain::plan::PartitionEffect::new("t", 0, before, after, seen);
        let reached = before.unwrap_or(start);
        for offset in 0..2_600 {
            let in_kafka = (start..end).contains(&offset);
            let was_read = before.is_some() && offset < reached;
            let will_be_read = in_kafka && offset >= after;
            let skipped = (reached.max(start)..after).contains(&offset);
            let repeated = before.is_some() && (after..reached).contains(&offset);
            if in_kafka && !was_read {
                prop_assert!(will_be_read || skipped, "{offset} is lost in silence");
            }
            prop_assert!(!(skipped && will_be_read));
            if repeated {
                prop_assert!(was_read);
            }
        }
        prop_assert_eq!(effect.skipped as i64, (after - reached.max(start)).max(0));
        prop_assert_eq!(
            effect.repeated as i64,
            if before.is_some() { (reached - after).max(0) } else { 0 }
        );
        prop_assert_eq!(effect.already_lost as i64, (start - reached).max(0));
        prop_assert_eq!(effect.backlog as i64, (end - after).max(0));
    }
}
