//! Snapshots of the sandbox's streams, whole and with parts that cannot be
//! read.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::checkpoint::{Prognosis, Severity};
use domain::plan::gate_text;
use domain::snapshot::Snapshot;
use domain::verdict::VerdictKind as Verdict;
use sandbox::faults::{Fault, FaultKind, When};
use sandbox::world::Lever;
use server::aws::PutOn;
use server::live::Live;
use server::observe::Poller;
use tokio_util::sync::CancellationToken;

use crate::place::{BUCKET, Eyes, Whole, stream, until};

fn poller(eyes: &Eyes, live: &Live, stop: &CancellationToken) -> Poller {
    Poller::start(
        eyes.observer.clone(),
        live.clone(),
        eyes.store.clone(),
        Duration::from_secs(1),
        stop,
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_of_a_stream_goes_on_after_a_restart() {
    let whole = Whole::open().await;
    let name = stream("payments");
    let (live, stop) = (Live::new(), CancellationToken::new());
    let first = poller(&whole.eyes, &live, &stop);
    let before = until("a sample", || async {
        first.samples(&name).first().map(|sample| sample.at)
    })
    .await;
    stop.cancel();
    let (live, stop) = (Live::new(), CancellationToken::new());
    let second = poller(&whole.eyes, &live, &stop);
    until("the history of before", || async {
        let samples = second.samples(&name);
        (samples.len() > 1 && samples[0].at == before).then_some(())
    })
    .await;
    stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_stream_has_the_verdict_of_its_story() {
    let whole = Whole::open().await;
    let (live, stop) = (Live::new(), CancellationToken::new());
    let poller = poller(&whole.eyes, &live, &stop);
    let mut wrong = BTreeMap::new();
    for (name, expected) in [
        ("orders", Verdict::Corrupt),
        ("payments", Verdict::Healthy),
        ("refunds", Verdict::Idle),
        ("clicks", Verdict::Behind),
        ("baskets", Verdict::Healthy),
        ("shipments", Verdict::Stuck),
        ("inventory", Verdict::Down),
        ("catalog", Verdict::WorkingOnABigBatch),
        ("sessions", Verdict::Blocked),
        ("telemetry", Verdict::LosingData),
        ("loyalty_points", Verdict::Healthy),
        ("loyalty_tiers", Verdict::Healthy),
    ] {
        // Some verdicts need more than one look.
        let mut latest = until(name, || async { poller.get(&stream(name)) }).await;
        for _ in 0..20 {
            if latest.verdict.kind == expected {
                break;
            }
            latest = poller.refresh(&stream(name)).await;
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        let Snapshot {
            checkpoint,
            jobs,
            kafka,
            progress,
            ..
        } = &latest.snapshot;
        let unknown = [
            checkpoint.unknown_reason(),
            jobs.unknown_reason(),
            kafka.unknown_reason(),
            progress.unknown_reason(),
        ];
        assert_eq!(unknown, [None; 4], "{name}");
        assert_eq!(jobs.seen().unwrap().others, [], "{name}");
        if latest.verdict.kind != expected {
            wrong.insert(
                name,
                (expected, latest.verdict.clone(), latest.snapshot.clone()),
            );
        }
    }
    stop.cancel();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The root of the two loyalty queries is configured as if it were a checkpoint.
fn at_the_root(toml: &str) -> String {
    let blocks: Vec<String> = toml
        .split("[[streams]]\n")
        .filter(|block| !block.starts_with("name = \"loyalty_tiers\""))
        .map(|block| {
            if !block.starts_with("name = \"loyalty_points\"") {
                return block.to_owned();
            }
            block
                .replace("root = ", "location = ")
                .replace("query_name = \"loyalty_points\"\n", "")
        })
        .collect();
    blocks.join("[[streams]]\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_root_is_seen_to_be_one_and_never_planned_on() {
    let whole = Whole::open_with(at_the_root).await;
    let (live, stop) = (Live::new(), CancellationToken::new());
    let poller = poller(&whole.eyes, &live, &stop);
    let name = stream("loyalty_points");
    let latest = poller.refresh(&name).await;
    let checkpoint = latest.snapshot.checkpoint.seen().unwrap();
    assert_eq!(checkpoint.nested, ["loyalty_points", "loyalty_tiers"]);
    assert_eq!(latest.verdict.kind, Verdict::Unknown);
    let said = &latest.verdict.sentence;
    assert!(
        said.contains("a root with 2 checkpoints below it"),
        "{said}"
    );
    let refused = domain::plan::build_secure(&domain::plan::BuildSecure {
        run: &"loyalty-20261124-031200-7f3a".parse().unwrap(),
        stream: &whole.eyes.observer.stream(&name).unwrap(),
        snapshot: &latest.snapshot,
        policy: &whole.eyes.observer.policy(&name),
        intent: None,
        explained: &[],
        measured: &domain::estimate::Measured::default(),
        now: latest.seen_at,
    });
    let refused = refused.unwrap_err().to_string();
    assert!(
        refused.contains("A reset would clear them all"),
        "{refused}"
    );
    stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_made_anew_is_seen_although_its_offsets_fit_again() {
    let whole = Whole::open().await;
    let (live, stop) = (Live::new(), CancellationToken::new());
    let poller = poller(&whole.eyes, &live, &stop);
    let name = stream("shipments");
    let before = poller.refresh(&name).await;
    let next = before.snapshot.checkpoint.seen().unwrap().next_offsets();
    let world = whole.world();
    let stream = name.to_string();
    world
        .pull(Lever::RecreateTopic {
            stream: stream.clone(),
        })
        .unwrap();
    // Its job hangs, so that nothing reads; the new topic is filled past where
    // the checkpoint stands.
    let most = next.unwrap().iter().map(|(_, _, o)| o).max().unwrap();
    let records = u64::try_from(most).unwrap() * 12;
    world.pull(Lever::Flood { stream, records }).unwrap();
    let after = poller.refresh(&name).await;
    assert_eq!(after.verdict.kind, Verdict::Corrupt, "{:?}", after.verdict);
    let said = &after.verdict.sentence;
    assert!(said.contains("was deleted and made anew"), "{said}");
    let topic = &after.snapshot.kafka.seen().unwrap().topics["shipment_updates"];
    let old = &before.snapshot.kafka.seen().unwrap().topics["shipment_updates"];
    assert_eq!(topic.former.unwrap().topic_id, old.topic_id.unwrap());
    stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_executors_do_is_asked_while_a_batch_is_under_way() {
    let whole = Whole::open().await;
    let busy = whole.eyes.observer.look(&stream("catalog")).await;
    let seen = busy.jobs.seen().unwrap().executors.clone().unwrap();
    assert!(seen.busy_percent > 80, "{seen:?}");
    assert_eq!(seen.idle_since, None);
    let quiet = whole.eyes.observer.look(&stream("refunds")).await;
    assert_eq!(quiet.jobs.seen().unwrap().executors, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_has_what_a_plan_needs() {
    let whole = Whole::open().await;
    let snapshot = whole.eyes.observer.look(&stream("orders")).await;
    let checkpoint = snapshot.checkpoint.seen().unwrap();
    let newest = checkpoint.newest_offsets.unwrap();
    let Prognosis::Fails { path, .. } = &checkpoint.prognosis else {
        panic!("{:?}", checkpoint.prognosis);
    };
    assert_eq!(path.as_deref(), Some(format!("offsets/{newest}").as_str()));
    assert_eq!(checkpoint.findings[0].severity, Severity::Error);
    assert!(checkpoint.query_id.is_some());
    assert_eq!(checkpoint.gate_of, None);
    let before = checkpoint.last_committed().unwrap();
    assert_eq!(before.batch, newest - 1, "the unreadable one is not taken");
    assert!(
        checkpoint.batches.len() >= 20,
        "{}",
        checkpoint.batches.len()
    );
    assert!(checkpoint.batches.is_sorted_by(|a, b| a.batch > b.batch));
    assert!(checkpoint.decisive.contains_key("metadata"));
    assert!(
        checkpoint
            .decisive
            .contains_key(&format!("offsets/{newest}"))
    );
    let kafka = snapshot.kafka.seen().unwrap();
    assert_eq!(kafka.topics["orders_events"].partitions.len(), 6);
    let next = checkpoint.next_offsets().unwrap();
    assert_eq!(next.len(), 6);
    let jobs = snapshot.jobs.seen().unwrap();
    assert_eq!(jobs.release, "emr-7.9.0");
    assert_eq!(jobs.alive().count(), 0);
    let progress = snapshot.progress.seen().unwrap();
    assert!(progress.is_sorted_by_key(|p| p.at));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_cannot_be_read_is_unknown_and_the_others_are_seen() {
    let whole = Whole::open().await;
    let name = stream("payments");
    let look = || whole.eyes.observer.look(&name);
    let throttle = |service: &str| {
        whole.world().faults.set(Fault {
            service: service.to_owned(),
            action: None,
            key_prefix: None,
            does: FaultKind::Throttle,
            when: When::Always,
        })
    };
    throttle("s3");
    let seen = look().await;
    let reason = seen
        .checkpoint
        .unknown_reason()
        .expect("S3 answers nothing");
    assert!(reason.contains("ListObjectsV2"), "{reason}");
    assert!(seen.jobs.seen().is_some() && seen.kafka.seen().is_some());
    whole.world().faults.clear_all();

    throttle("emr-serverless");
    let seen = look().await;
    assert!(seen.jobs.unknown_reason().is_some());
    assert!(seen.progress.unknown_reason().is_some());
    assert!(seen.checkpoint.seen().is_some() && seen.kafka.seen().is_some());
    whole.world().faults.clear_all();

    let seen = look().await;
    assert!(seen.jobs.seen().is_some() && seen.checkpoint.seen().is_some());
    let nobody = whole.eyes.observer.look(&stream("nobody")).await;
    assert!(nobody.checkpoint.unknown_reason().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_gate_is_seen_with_its_run() {
    let whole = Whole::open().await;
    let run = "orders-20261124-031200-7f3a".parse().unwrap();
    let gate = gate_text(&run, "http://localhost:3000/runs/x");
    let key = "_checkpoints/streaming/orders/metadata";
    whole
        .eyes
        .s3()
        .put(BUCKET, key, gate.into_bytes(), PutOn::Always)
        .await
        .unwrap();
    let seen = whole.eyes.observer.look(&stream("orders")).await;
    let checkpoint = seen.checkpoint.seen().unwrap();
    assert_eq!(checkpoint.gate_of.as_deref(), Some(run.as_str()));
    assert_eq!(checkpoint.query_id, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_told_and_the_charts_come_from_cloudwatch() {
    let whole = Whole::open().await;
    let (live, stop) = (Live::new(), CancellationToken::new());
    let poller = poller(&whole.eyes, &live, &stop);
    let name = stream("refunds");
    let idle = until("the first look", || async { poller.get(&name) }).await;
    let mut changes = poller.subscribe();
    changes.borrow_and_update();
    whole
        .world()
        .pull(Lever::Cancel {
            stream: name.to_string(),
        })
        .unwrap();
    let told = tokio::time::timeout(Duration::from_secs(20), changes.changed()).await;
    told.expect("a change is told").unwrap();
    let down = until("the end of the job", || async {
        let latest = poller.refresh(&name).await;
        (latest.verdict.kind == Verdict::Down).then_some(latest)
    })
    .await;
    assert!(down.seen_at >= idle.seen_at);
    assert!(poller.samples(&name).len() >= 2);

    let charts = poller.charts(&stream("payments")).await;
    let names: Vec<&str> = charts.iter().map(|c| c.name.as_str()).collect();
    let (metrics, told) = charts.split_at(2);
    assert_eq!(&names[..2], ["Records processed", "Lag"]);
    for chart in metrics {
        assert!(chart.source.starts_with("CloudWatch: "), "{}", chart.source);
        let known = chart.points.iter().filter(|p| p.value.is_some()).count();
        assert!(known > 30, "{}: {known}", chart.name);
    }
    for chart in ["Input and processing", "Batch duration", "Lag by partition"] {
        let mut lines = told.iter().filter(|series| series.chart == chart);
        let known = |p: &app::view::Point| p.value.is_some();
        assert!(lines.any(|line| line.points.iter().any(known)), "{chart}");
    }
    let sum: f64 = charts[0].points.iter().filter_map(|p| p.value).sum();
    assert!(sum > 0.0);
    let spark = poller.sparkline(&stream("payments"));
    assert!(spark.iter().any(|p| p.value.is_some()));
    let tail = whole.eyes.observer.log_tail(&stream("orders")).await;
    assert_eq!(tail.unknown, None);
    assert!(tail.lines.iter().any(|line| line.is_error), "{tail:#?}");
    // The driver says it in Java and in Python; it is one failure all the same.
    let known = tail.errors[0].known.as_ref().unwrap();
    assert_eq!(known.id, "offset-log-empty", "{tail:#?}");
    assert!(tail.errors[0].times >= 2, "{tail:#?}");
    assert!(tail.errors[0].first <= tail.errors[0].last);
    stop.cancel();
}
