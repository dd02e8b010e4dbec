//! Plans that put a backup back: where the job goes on, says the doctor's look at
//! the backup, under Kafka as it is now.

use crate::log::{Grown, Log, grown, log, predicted, torn};
use crate::onward::words;
use crate::plan::dry_run;
use crate::world::{NOW, intent, offsets, policy, run, sealed, sink, snapshot, stream};
use domain::backup::{BackupSeen, Compared, in_order, intact, is_sealed, read_manifest};
use domain::checkpoint::{CheckpointView, Prognosis};
use domain::estimate::Measured;
use domain::ids::Digest;
use domain::intent::WayOut;
use domain::keyset::{KeyEntry, KeySet};
use domain::manifest::{Manifest, ManifestEntry};
use domain::plan::{
    BuildReset, Fault, Plan, RecordTimes, Refusal, StepKind, build_reset, check,
    preview_restore,
};
use domain::sink::{Remembered, Whose};
use domain::snapshot::{FormerTopic, Observed};
use domain::stream::SinkKind;
use proptest::prelude::*;
use uuid::Uuid;

const OLD_ID: &str = "5b0c4824-5d6d-4f9e-b1a4-0a53ef144619";

/// The manifest of a backup of this log.
fn manifest(log: &Log) -> Manifest {
    Manifest {
        format: Manifest::FORMAT,
        run: "orders-20251120-100000-0001".parse().unwrap(),
        stream: stream().name,
        from: stream().checkpoint,
        to: "s3://bucket/ck/orders_backup_20251120_100000Z/"
            .parse()
            .unwrap(),
        entries: log
            .keys()
            .into_iter()
            .map(|e| ManifestEntry {
                checksum: format!("md5:copy-{}", e.etag),
                copy_etag: format!("copy-{}", e.etag),
                key: e.key,
                size: e.size,
                etag: e.etag,
            })
            .collect(),
    }
}

/// A backup of `then`, held against `now`.
fn backup(then: &Log, now: &Log) -> BackupSeen {
    let manifest = manifest(then);
    let Observed::Seen { value, .. } = &then.snapshot.checkpoint else {
        panic!("it was seen");
    };
    let metadata = then.view.bytes["metadata"].clone();
    BackupSeen {
        run: manifest.run.clone(),
        sealed: manifest.sealed().unwrap(),
        entries: manifest.restored_entries(),
        sealed_at: NOW.plus(-4 * 86_400_000),
        metadata: String::from_utf8(metadata).unwrap(),
        checkpoint: value.clone(),
        compared: Compared::of(&manifest, &now.keys()),
    }
}

fn way_out(backup: &BackupSeen) -> WayOut {
    WayOut::Restore {
        backup: backup.sealed.backup.clone(),
        manifest: backup.sealed.sha256.clone(),
    }
}

fn plan(now: &Log, backup: &BackupSeen) -> Result<Plan, Refusal> {
    let keys = now.keys();
    let mut sealed = sealed();
    sealed.keys = KeySet::of(&keys);
    build_reset(&BuildReset {
        run: &run(),
        stream: &stream(),
        snapshot: &now.snapshot,
        policy: &policy(),
        intent: &intent(way_out(backup)),
        sealed: &sealed,
        keys: &keys,
        times: None,
        record_times: &RecordTimes::default(),
        measured: &Measured::default(),
        explained: &[],
        foreseen: None,
        backup: Some(backup),
        query_id: Uuid::from_u128(7),
        run_page: "https://sluice.example/runs/orders-20251124-160000-00af",
        now: NOW,
    })
}

/// Batches 0 to 2, sealed while the job was stopped.
fn then() -> Log {
    let ends: [&[i64]; 3] = [&[10, 20], &[30, 40], &[50, 60]];
    log(&ends, 2, &[100, 100])
}

#[test]
fn a_restore_of_a_backup_reads_like_this() {
    let now = torn();
    let backup = backup(&then(), &now);
    let plan = plan(&now, &backup).unwrap();
    assert!(check(&plan, &stream()).is_empty());
    let shown = preview_restore(&stream(), &now.snapshot, &backup).unwrap();
    assert_eq!(shown, plan.body.effects);
    insta::assert_snapshot!(dry_run(&plan));
}

#[test]
fn the_backup_is_put_back_whole_and_its_own_metadata_opens_the_gate() {
    let now = torn();
    let mut then = then();
    let own = format!("{{\"id\":\"{OLD_ID}\"}}\n");
    then.view
        .bytes
        .insert("metadata".into(), own.clone().into_bytes());
    let backup = backup(&then, &now);
    let plan = plan(&now, &backup).unwrap();
    assert_eq!(
        words(&plan),
        [
            "close-gate",
            "clear",
            "restore",
            "open-gate",
            "restart",
            "confirm",
            "watch"
        ]
    );
    let StepKind::OpenGate(gate) = &plan.body.steps[3].kind else {
        panic!("{:?}", words(&plan));
    };
    assert_eq!(gate.body(), own);
    let StepKind::Clear(clear) = &plan.body.steps[1].kind else {
        panic!("{:?}", words(&plan));
    };
    // All that is there now goes, but for the gate's file.
    assert_eq!(clear.keys.count, now.keys().len() as u64 - 1);
    let StepKind::Confirm(confirm) = &plan.body.steps[5].kind else {
        panic!("{:?}", words(&plan));
    };
    assert_eq!(
        (confirm.batch, &confirm.sources[0]),
        (3, &offsets(&[50, 60]))
    );
}

#[test]
fn a_backup_that_cannot_go_on_is_refused_with_the_reason() {
    let now = torn();
    let refused = |then: &Log, kafka: Option<(&[i64], &[i64])>| {
        let mut now = torn();
        if let Some((from, to)) = kafka {
            now.snapshot.kafka = snapshot("FAILED", None, from, to).kafka;
        }
        let backup = backup(then, &now);
        plan(&now, &backup).unwrap_err().to_string()
    };
    let past = refused(&then(), Some((&[51, 0], &[100, 100])));
    assert!(
        past.contains("orders_events-0: it would go on at 50"),
        "{past}"
    );
    let mut broken = then();
    broken.tear("offsets/2");
    let broken = refused(&broken, None);
    assert!(broken.contains("Spark would fail again"), "{broken}");
    let mut gate = then();
    let closed = b"SLUICE_GATE_CLOSED".to_vec();
    gate.view.bytes.insert("metadata".into(), closed);
    let gate = refused(&gate, None);
    assert!(gate.contains("tells no query id"), "{gate}");
    let same = refused(&now, None);
    assert!(same.contains("Nothing would change"), "{same}");

    let mut anew = torn();
    if let Observed::Seen { value, .. } = &mut anew.snapshot.kafka {
        let topic = value.topics.get_mut("orders_events").unwrap();
        topic.former = Some(FormerTopic {
            topic_id: Uuid::from_u128(1),
            until: NOW.plus(-1_000),
        });
    }
    let former = plan(&anew, &backup(&then(), &anew)).unwrap_err();
    assert!(former.to_string().contains("made again since"), "{former}");

    let mut others = backup(&then(), &now);
    others.sealed.backup = sealed().backup;
    let own = plan(&now, &others).unwrap_err().to_string();
    assert!(own.contains("this Run has made"), "{own}");
}

#[test]
fn the_query_gets_a_new_id_only_where_the_sink_would_drop_by_the_old_one() {
    let remembers = |name: &str, batch: i64, kind: SinkKind| {
        let mut now = torn();
        now.snapshot.sink = sink(kind, None);
        if let Observed::Seen { value, .. } = &mut now.snapshot.sink {
            value.remembered.push(Remembered {
                name: Some(name.to_owned()),
                batch,
                file: "_delta_log/1.json".into(),
                whose: Whose::Another,
            });
        }
        let backup = backup(&then(), &now);
        let plan = plan(&now, &backup).unwrap();
        assert!(check(&plan, &stream()).is_empty());
        plan.body.steps.iter().find_map(|s| match &s.kind {
            StepKind::OpenGate(gate) => Some(gate.query_id.to_string() == OLD_ID),
            _ => None,
        })
    };
    // The next batch is 3.
    for (batch, kind, keeps) in [
        (2, SinkKind::Delta, true),
        (3, SinkKind::Delta, false),
        (9, SinkKind::Iceberg, false),
    ] {
        assert_eq!(
            remembers(OLD_ID, batch, kind),
            Some(keeps),
            "{kind:?} {batch}"
        );
    }
    let another = "00000000-0000-0000-0000-00000000000a";
    assert_eq!(remembers(another, 9, SinkKind::Delta), Some(true));

    let mut now = torn();
    now.snapshot.sink = sink(SinkKind::FileSink, Some(3));
    let refused = plan(&now, &backup(&then(), &now)).unwrap_err();
    assert!(matches!(refused, Refusal::Sink(_)), "{refused}");
    now.snapshot.sink = sink(SinkKind::FileSink, Some(2));
    assert!(plan(&now, &backup(&then(), &now)).is_ok());
}

#[test]
fn hand_edited_restores_are_found_out() {
    let edit = |change: &dyn Fn(&mut Plan)| {
        let now = torn();
        let mut plan = plan(&now, &backup(&then(), &now)).unwrap();
        change(&mut plan);
        check(&Plan::new(plan.body).unwrap(), &stream())
    };
    assert!(edit(&|_| {}).is_empty());
    let restore = |change: &dyn Fn(&mut domain::plan::RestoreStep)| {
        edit(&|p| {
            if let StepKind::Restore(step) = &mut p.body.steps[2].kind {
                change(step);
            }
        })
    };
    let other = restore(&|s| s.sha256 = Digest::of(b"other"));
    assert!(matches!(other[..], [Fault::OtherBackup]), "{other:?}");
    let elsewhere = restore(&|s| s.from = "s3://bucket/x/".parse().unwrap());
    assert!(
        elsewhere.contains(&Fault::Outside("reset-3".into())),
        "{elsewhere:?}"
    );
    let into = restore(&|s| s.prefix = "s3://bucket/ck/".parse().unwrap());
    assert!(matches!(into[..], [Fault::Outside(_)]), "{into:?}");
    let no_clear = edit(&|p| drop(p.body.steps.remove(1)));
    assert!(matches!(no_clear[..], [Fault::Order(_)]), "{no_clear:?}");
    let own = edit(&|p| {
        let made = p.body.sealed.clone().unwrap().backup;
        if let StepKind::Restore(step) = &mut p.body.steps[2].kind {
            step.from = made.clone();
            step.manifest = domain::manifest::manifest_location(&made);
        }
        if let WayOut::Restore { backup, .. } =
            &mut p.body.intent.as_mut().unwrap().way_out
        {
            *backup = made;
        }
    });
    assert!(matches!(own[..], [Fault::OtherBackup]), "{own:?}");
    let metadata = edit(&|p| {
        if let StepKind::OpenGate(gate) = &mut p.body.steps[3].kind {
            gate.text = Some("{}".into());
        }
    });
    assert!(matches!(metadata[..], [Fault::Write(_)]), "{metadata:?}");
    let disguised = edit(&|p| {
        p.body.intent.as_mut().unwrap().way_out = WayOut::Latest;
    });
    assert!(
        disguised.iter().any(|f| matches!(f, Fault::Order(_))),
        "{disguised:?}"
    );
}

#[test]
fn a_manifest_is_believed_only_for_its_own_place_and_stream_and_to_the_last_byte() {
    let right = manifest(&then());
    let location = right.location();
    let read = |m: &Manifest, at: &str| read_manifest(&m.bytes().unwrap(), at, &stream());
    assert_eq!(read(&right, &location), Ok(right.clone()));
    let changed = |change: &dyn Fn(&mut Manifest)| {
        let mut manifest = manifest(&then());
        change(&mut manifest);
        read(&manifest, &manifest.location()).unwrap_err()
    };
    for (why, complaint) in [
        (changed(&|m| m.format = 9), "format 9"),
        (
            changed(&|m| m.stream = "payments".parse().unwrap()),
            "a backup of payments",
        ),
        (
            changed(&|m| m.from = "s3://bucket/ck/orders2/".parse().unwrap()),
            "made of s3://bucket/ck/orders2/",
        ),
        (
            changed(&|m| m.to = "s3://bucket/ck/orders/b/".parse().unwrap()),
            "inside the checkpoint",
        ),
        (
            changed(&|m| m.entries.retain(|e| e.key != "metadata")),
            "no metadata",
        ),
        (
            changed(&|m| m.entries.push(m.entries[0].clone())),
            "names a key twice",
        ),
        (
            read(&right, "s3://bucket/ck/x.manifest.json").unwrap_err(),
            "that of the backup",
        ),
    ] {
        assert!(why.contains(complaint), "{why}");
    }
    let mut spaced = right.bytes().unwrap();
    spaced.push(b'\n');
    assert!(read_manifest(&spaced, &location, &stream()).is_err());
    let sealed = right.sealed().unwrap();
    assert!(is_sealed(&sealed, Some(&sealed.sha256)).is_ok());
    assert!(is_sealed(&sealed, Some(&Digest::of(b"x"))).is_err());
    assert!(is_sealed(&sealed, None).is_err());
}

#[test]
fn one_object_that_is_missing_changed_or_added_makes_a_backup_torn() {
    let manifest = manifest(&then());
    let whole: Vec<KeyEntry> = manifest
        .entries
        .iter()
        .map(|e| KeyEntry {
            key: e.key.clone(),
            etag: e.copy_etag.clone(),
            size: e.size,
        })
        .collect();
    assert_eq!(intact(&manifest, &whole), Ok(()));
    for at in 0..whole.len() {
        let mut missing = whole.clone();
        missing.remove(at);
        assert!(intact(&manifest, &missing).is_err(), "{at}");
        let mut other = whole.clone();
        other[at].etag.push('x');
        assert!(intact(&manifest, &other).is_err(), "{at}");
    }
    let mut more = whole.clone();
    more.push(KeyEntry {
        key: "offsets/9".into(),
        etag: "x".into(),
        size: 1,
    });
    assert!(intact(&manifest, &more).is_err());
}

proptest! {
    /// Over any log and any backup of it: what is read again is what was read after
    /// the backup, nothing is skipped, and both add up with what was not read yet.
    #[test]
    fn what_a_restore_repeats_and_continues_adds_up(
        steps in proptest::collection::vec((0_i64..500, 1_i64..500), 2..12),
        uncommitted in any::<bool>(),
        more in (0_i64..500, 0_i64..500),
        pick in any::<prop::sample::Index>(),
    ) {
        let Grown { log: now, ends, committed, to } = grown(&steps, uncommitted, more);
        let kept = pick.index(committed.max(1));
        prop_assume!(kept < committed);
        let slices: Vec<&[i64]> = ends[..=kept].iter().map(|e| &e[..]).collect();
        let then = log(&slices, kept, &to);
        let backup = backup(&then, &now);
        let plan = plan(&now, &backup).unwrap();
        prop_assert!(check(&plan, &stream()).is_empty());
        for (partition, effect) in plan.body.effects.iter().enumerate() {
            let (from, reached) = (ends[kept][partition], ends[committed][partition]);
            let continued = (reached..to[partition]).count() as u64;
            prop_assert_eq!(effect.repeated, (from..reached).count() as u64);
            prop_assert_eq!(effect.skipped, 0);
            prop_assert_eq!(effect.repeated + continued, effect.backlog);
        }
    }

    /// At whatever object a restore stops, a start that gets past the gate fails, or
    /// finds the whole log.
    #[test]
    fn a_restore_that_stops_in_the_middle_starts_nothing(
        batches in 2_i64..8,
        uncommitted in any::<bool>(),
        cut in any::<prop::sample::Index>(),
    ) {
        let ends: Vec<[i64; 2]> = (0..batches).map(|b| [10 * b, 20 * b]).collect();
        let slices: Vec<&[i64]> = ends.iter().map(|e| &e[..]).collect();
        let newest = ends.len() - 1;
        let whole = log(&slices, newest - usize::from(uncommitted), &[500, 500]);
        let order: Vec<String> = in_order(&manifest(&whole).entries)
            .into_iter()
            .flatten()
            .map(|e| e.key)
            .collect();
        prop_assert_eq!(order.len() + 1, whole.view.listing.len());
        let at = 1 + cut.index(order.len());
        let mut view = CheckpointView::new("s3://bucket/ck/orders");
        let there = order[..at].iter().map(String::as_str).chain(["metadata"]);
        for key in there {
            view.read(key, whole.view.bytes[key].clone());
        }
        let foretold = predicted(&view);
        match at == order.len() {
            true => prop_assert_eq!(foretold, predicted(&whole.view)),
            false => {
                let fails = matches!(foretold, Prognosis::Fails { .. });
                prop_assert!(fails, "{:?} after {:?}", foretold, &order[..at]);
            }
        }
    }
}
