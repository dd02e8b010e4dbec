//! How long unread records are still there.

use domain::snapshot::{PartitionSeen, TopicSeen};
use domain::verdict::{Headroom, LossBy, VerdictKind as Kind, headrooms};

use super::case::{Case, HOUR, MINUTE, ago};

fn topic(case: Case, change: impl FnOnce(&mut TopicSeen)) -> Case {
    case.kafka(|kafka| change(kafka.topics.get_mut("orders_events").unwrap()))
}

fn first(case: &Case) -> Headroom {
    headrooms(&case.now).unwrap().remove(0)
}

#[test]
fn what_counts_is_the_age_of_the_unread_record_and_not_of_the_batch() {
    let case = topic(
        // A batch of four seconds ago, and a backlog of 23 hours.
        Case::well().waiting(1_000_000, Some(23 * HOUR)),
        |topic| topic.retention_ms = Some(24 * HOUR),
    );
    let loss = first(&case).loss.unwrap();
    assert_eq!(
        (loss.in_ms, loss.by, loss.measured),
        (HOUR, LossBy::Time, true)
    );
    assert_eq!(first(&case).unread_ms, Some(23 * HOUR));
    let verdict = case.judged();
    assert_eq!(verdict.kind, Kind::LosingData);
    assert!(verdict.sentence.contains("in 1 h"), "{verdict:?}");

    let untold = topic(
        Case::well().last_batch(23 * HOUR).waiting(5, None),
        |topic| topic.retention_ms = Some(24 * HOUR),
    );
    let verdict = untold.judged();
    assert_eq!(verdict.kind, Kind::LosingData);
    assert!(verdict.sentence.contains("in at most 1 h"), "{verdict:?}");
}

#[test]
fn the_alarm_is_never_longer_than_a_third_of_the_retention() {
    let mut case = topic(Case::well().waiting(5, Some(MINUTE)), |topic| {
        topic.retention_ms = Some(6 * HOUR);
    });
    case.thresholds.alarm_ms = 24 * HOUR;
    assert_eq!(case.judged().kind, Kind::Healthy);
    let mut late = topic(Case::well().waiting(5, Some(5 * HOUR)), |topic| {
        topic.retention_ms = Some(6 * HOUR);
    });
    late.thresholds.alarm_ms = 24 * HOUR;
    assert_eq!(late.judged().kind, Kind::LosingData);
}

/// A log of 1,000 records in 1 MB, written over ten hours, of which the last
/// 900 are unread.
fn sized(limit: i64, bytes: Option<i64>) -> Case {
    topic(Case::well(), |topic| {
        topic.retention_ms = Some(-1);
        topic.retention_bytes = Some(limit);
        topic.partitions.insert(
            0,
            PartitionSeen {
                earliest: 0,
                latest: 1_000,
                high_watermark: 1_000,
                log_bytes: bytes,
                oldest_at: Some(ago(10 * HOUR)),
                unread_at: Some(ago(9 * HOUR)),
                held_at: None,
            },
        );
    })
}

#[test]
fn size_deletes_as_well_as_time_and_the_first_of_them_counts() {
    // 100 kB an hour: 900 kB are unread, and 100 kB of room are left.
    let loss = first(&sized(1_000_000, Some(1_000_000))).loss.unwrap();
    assert_eq!((loss.in_ms, loss.by), (HOUR, LossBy::Size));
    let verdict = sized(1_000_000, Some(1_000_000)).judged();
    assert_eq!(verdict.kind, Kind::LosingData);
    assert!(verdict.sentence.contains("the size that the topic keeps"));

    let both = topic(sized(1_000_000, Some(1_000_000)), |topic| {
        topic.retention_ms = Some(9 * HOUR + MINUTE);
    });
    let loss = first(&both).loss.unwrap();
    assert_eq!((loss.in_ms, loss.by), (MINUTE, LossBy::Time));

    let roomy = first(&sized(5_000_000, Some(1_000_000)));
    assert_eq!(roomy.loss.unwrap().in_ms, 41 * HOUR);
    assert_eq!(roomy.life_ms, Some(50 * HOUR));
}

#[test]
fn a_size_that_could_not_be_read_is_said_to_be_unknown() {
    let case = sized(1_000_000, None);
    assert_eq!(first(&case).loss, None);
    assert!(first(&case).size_unknown);
    let evidence = case.judged().evidence.join(" ");
    assert!(
        evidence.contains("also deletes by size, and how full 1 partition is"),
        "{evidence}"
    );
}

#[test]
fn what_kafka_deleted_unread_is_lost() {
    let case = topic(Case::well(), |topic| {
        let at = topic.partitions.get_mut(&0).unwrap();
        (at.earliest, at.latest, at.high_watermark) = (130, 150, 150);
    });
    assert_eq!(first(&case).lost, 30);
    let verdict = case.judged();
    assert_eq!(verdict.kind, Kind::LosingData);
    assert!(
        verdict.sentence.contains("deleted 30 records"),
        "{verdict:?}"
    );
}
