//! What the doctor says of a checkpoint that is read from S3: state files are
//! looked into, and what Kafka still has is held against it.

use domain::checkpoint::{Action, Finding, Prognosis};
use domain::snapshot::CheckpointSeen;
use sandbox::kafka::TopicSettings;

use crate::place::{Bare, stream};

const PREFIX: &str = "_checkpoints/streaming/baskets";
const TOPIC: &str = "basket_events";

/// A delta as Spark 3.5 wrote it, packed with LZ4.
const DELTA: [u8; 87] = [
    0x4c, 0x5a, 0x34, 0x42, 0x6c, 0x6f, 0x63, 0x6b, 0x25, 0x2d, 0x00, 0x00, 0x00, 0x44,
    0x00, 0x00, 0x00, 0x9c, 0x8f, 0xdd, 0x0c, 0x54, 0x00, 0x00, 0x00, 0x10, 0x00, 0x01,
    0x00, 0x60, 0x49, 0x5b, 0x18, 0x24, 0x0a, 0x06, 0x0e, 0x00, 0x05, 0x14, 0x00, 0x10,
    0x0a, 0x0e, 0x00, 0x02, 0x02, 0x00, 0x05, 0x14, 0x00, 0x31, 0x80, 0xc4, 0x3c, 0x28,
    0x00, 0x80, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x4c, 0x5a, 0x34, 0x42,
    0x6c, 0x6f, 0x63, 0x6b, 0x15, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00,
];

/// Batches 0 to 2 of a query with state in one partition, all committed.
async fn whole() -> Bare {
    let place = Bare::open().await;
    let write =
        |name: &str, bytes: &[u8]| place.write(&format!("{PREFIX}/{name}"), bytes);
    write(
        "metadata",
        br#"{"id":"5b0c4824-5d6d-4f9e-b1a4-0a53ef144619"}"#,
    );
    write("sources/0/0", b"\0v1\n{\"basket_events\":{\"0\":0}}");
    for batch in 0..3_i64 {
        let offsets = format!(
            "v1\n{{\"batchWatermarkMs\":0,\"batchTimestampMs\":{batch},\"conf\":{{\
             \"spark.sql.shuffle.partitions\":\"1\"}}}}\n{{\"{TOPIC}\":{{\"0\":{batch}}}}}"
        );
        write(&format!("offsets/{batch}"), offsets.as_bytes());
        write(
            &format!("commits/{batch}"),
            b"v1\n{\"nextBatchWatermarkMs\":0}",
        );
        write(&format!("state/0/0/{}.delta", batch + 1), &DELTA);
    }
    place
}

async fn look(place: &Bare) -> CheckpointSeen {
    let snapshot = place.eyes.observer.look(&stream("baskets")).await;
    snapshot.checkpoint.seen().unwrap().clone()
}

fn found<'a>(seen: &'a CheckpointSeen, id: &str) -> Option<&'a Finding> {
    seen.findings.iter().find(|finding| finding.id == id)
}

#[tokio::test(flavor = "multi_thread")]
async fn state_that_was_cut_off_is_foreseen_before_spark_meets_it() {
    let place = whole().await;
    let seen = look(&place).await;
    assert!(
        matches!(seen.prognosis, Prognosis::Starts { batch_id: 3, .. }),
        "{seen:?}"
    );
    assert_eq!(found(&seen, "L01"), None, "all of it was read");
    // EMR does not answer here, so the version is not known, and that is said.
    let assumed = found(&seen, "L03").unwrap();
    assert_eq!(assumed.value.as_deref(), Some("4.1"));

    place.write(&format!("{PREFIX}/state/0/0/3.delta"), &DELTA[..60]);
    let seen = look(&place).await;
    let Prognosis::Fails { path, .. } = &seen.prognosis else {
        panic!("{:?}", seen.prognosis);
    };
    assert_eq!(path.as_deref(), Some("state/0/0/3.delta"));
    let cut_off = found(&seen, "C34").unwrap();
    assert_eq!(cut_off.action, Action::RollBackTo(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_kafka_deleted_unread_are_a_finding() {
    let place = whole().await;
    let settings = TopicSettings::default();
    place.topics.create(TOPIC, 1, settings).unwrap();
    let now = server::clock::now().0;
    place.topics.append(TOPIC, 0, 20, now, now).unwrap();
    let seen = look(&place).await;
    assert!(
        seen.findings.iter().all(|f| !f.is_about_kafka()),
        "{seen:?}"
    );
    place.topics.advance_log_start(TOPIC, 0, 9).unwrap();
    let seen = look(&place).await;
    // The next batch begins at 2.
    let lost = found(&seen, "C23").unwrap();
    assert!(lost.message.starts_with("7 offsets"), "{lost:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn state_of_an_abandoned_run_is_a_finding() {
    let place = whole().await;
    place.write(&format!("{PREFIX}/state/0/0/7.snapshot"), &DELTA);
    let seen = look(&place).await;
    let stale = found(&seen, "C33").unwrap();
    assert_eq!(stale.path.as_deref(), Some("state/0/0/7.snapshot"));
    assert_eq!(stale.action, Action::RollBackTo(2));
}
