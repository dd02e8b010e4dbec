//! Kafka, asked through the server's client.

use std::time::{Duration, Instant};

use domain::time::Millis;
use sandbox::faults::{Fault, FaultKind, When};
use sandbox::kafka::{CleanupPolicy, TopicSettings};
use server::kafka::KafkaError;

use crate::place::Bare;

const TOPIC: &str = "orders_events";

/// 100 records in each of two partitions of three, ten seconds apart.
async fn filled() -> (Bare, i64) {
    let place = Bare::open().await;
    let settings = TopicSettings {
        retention_ms: 3_600_000,
        cleanup_policy: CleanupPolicy::CompactAndDelete,
        ..TopicSettings::default()
    };
    place.topics.create(TOPIC, 3, settings).unwrap();
    let began = server::clock::now().0 - 1_000_000;
    for partition in 0..2 {
        for n in 0..100 {
            let at = began + n * 10_000;
            place.topics.append(TOPIC, partition, 1, at, at).unwrap();
        }
    }
    (place, began)
}

fn topics() -> Vec<String> {
    vec![TOPIC.to_owned()]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_is_seen_with_its_ends_and_its_settings() {
    let (place, _) = filled().await;
    place.topics.advance_log_start(TOPIC, 1, 40).unwrap();
    place.topics.open_transaction(TOPIC, 0, Some(90)).unwrap();
    let eyes = &place.eyes;
    let cluster = &eyes.config.kafka_clusters[0];
    let seen = eyes.kafka.topics(cluster, &topics(), true).await.unwrap();
    assert_eq!(seen.cluster_id.as_deref(), Some(sandbox::KAFKA_CLUSTER_ID));
    let topic = &seen.topics[TOPIC];
    assert_eq!(topic.topic_id, Some(place.topics.topic(TOPIC).unwrap().id));
    assert_eq!(topic.retention_ms, Some(3_600_000));
    assert_eq!(topic.compacted, Some(true));
    let ends: Vec<(i64, i64, i64)> = topic
        .partitions
        .values()
        .map(|p| (p.earliest, p.latest, p.high_watermark))
        .collect();
    assert_eq!(ends, [(0, 90, 100), (40, 100, 100), (0, 0, 0)]);
    let seen = eyes.kafka.topics(cluster, &topics(), false).await.unwrap();
    assert_eq!(seen.topics[TOPIC].partitions[&0].latest, 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_is_an_offset_and_after_the_last_record_none_at_once() {
    let (place, began) = filled().await;
    let eyes = &place.eyes;
    let cluster = &eyes.config.kafka_clusters[0];
    let at = Millis(began + 455_000);
    let found = eyes
        .kafka
        .offsets_for_time(cluster, &topics(), at)
        .await
        .unwrap();
    let of = |partition| found.0[TOPIC][&partition];
    assert_eq!((of(0), of(1), of(2)), (Some(46), Some(46), None));
    let asked = Instant::now();
    let later = Millis(began + 50_000_000);
    let found = eyes
        .kafka
        .offsets_for_time(cluster, &topics(), later)
        .await
        .unwrap();
    assert!(found.0[TOPIC].values().all(Option::is_none), "{found:?}");
    assert!(
        asked.elapsed() < Duration::from_secs(2),
        "{:?}",
        asked.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_dated_where_there_are_any_that_matter() {
    let (place, began) = filled().await;
    place.topics.open_transaction(TOPIC, 0, Some(90)).unwrap();
    let eyes = &place.eyes;
    let cluster = &eyes.config.kafka_clusters[0];
    let mut seen = eyes.kafka.topics(cluster, &topics(), true).await.unwrap();
    let next = [(TOPIC.to_owned(), 0, 46), (TOPIC.to_owned(), 1, 100)]
        .into_iter()
        .collect();
    let asked = Instant::now();
    let planned_at = Millis(began + 990_000);
    eyes.kafka
        .date(cluster, &mut seen, &next, planned_at)
        .await
        .unwrap();
    assert!(
        asked.elapsed() < Duration::from_secs(2),
        "{:?}",
        asked.elapsed()
    );
    let of = |partition| {
        let at = seen.topics[TOPIC].partitions[&partition];
        let since = |at: Option<Millis>| at.map(|at| at.0 - began);
        (since(at.oldest_at), since(at.unread_at), since(at.held_at))
    };
    assert_eq!(of(0), (Some(0), Some(460_000), Some(900_000)));
    // All is read, and nothing was ever written.
    assert_eq!(of(1), (None, None, None));
    assert_eq!(of(2), (None, None, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn sizes_are_asked_for_where_size_deletes_and_may_stay_unknown() {
    let (place, _) = filled().await;
    let eyes = &place.eyes;
    let cluster = &eyes.config.kafka_clusters[0];
    let size = async || {
        let seen = eyes.kafka.topics(cluster, &topics(), false).await.unwrap();
        let topic = &seen.topics[TOPIC];
        let of = |partition| topic.partitions[&partition].log_bytes;
        (topic.retention_bytes, of(0), of(2))
    };
    assert_eq!(size().await, (Some(-1), None, None));
    let settings = TopicSettings {
        retention_bytes: 1_000_000,
        ..TopicSettings::default()
    };
    let each = i64::from(settings.record_bytes);
    place.topics.set(TOPIC, settings).unwrap();
    assert_eq!(size().await, (Some(1_000_000), Some(100 * each), Some(0)));
    place.faults.set(Fault {
        service: sandbox::kafka::listener::FAULT_SERVICE.to_owned(),
        action: Some("DescribeLogDirs".to_owned()),
        key_prefix: None,
        does: FaultKind::CutBefore,
        when: When::Always,
    });
    assert_eq!(size().await, (Some(1_000_000), None, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_topic_is_named_and_a_missing_broker_is_an_error() {
    let (place, _) = filled().await;
    let cluster = place.eyes.config.kafka_clusters[0].clone();
    let none = vec![TOPIC.to_owned(), "no_such_topic".to_owned()];
    let kafka = &place.eyes.kafka;
    let seen = kafka.topics(&cluster, &none, false).await.unwrap();
    assert_eq!(seen.missing, ["no_such_topic"]);
    assert_eq!(seen.topics.keys().collect::<Vec<_>>(), [TOPIC]);
    let eyes = place.close().await;
    let fresh = server::kafka::KafkaClient::new(eyes.aws.clone());
    let error = fresh.topics(&cluster, &topics(), false).await.unwrap_err();
    assert!(matches!(error, KafkaError::Connect { .. }), "{error:?}");
    // A client that was connected does not answer from memory.
    eyes.kafka
        .topics(&cluster, &topics(), false)
        .await
        .expect_err("no broker is left");
}
