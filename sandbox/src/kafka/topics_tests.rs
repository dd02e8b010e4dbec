use super::*;
use crate::kafka::CleanupPolicy;

const HOUR_MS: i64 = 60 * 60 * 1000;

fn with_topic(settings: TopicSettings) -> Topics {
    let topics = Topics::new("test-cluster");
    topics.create("orders", 2, settings).unwrap();
    topics
}

#[test]
fn a_topic_made_anew_is_another_topic_with_empty_partitions() {
    let topics = with_topic(TopicSettings::default());
    topics.append("orders", 0, 100, 0, 1000).unwrap();
    let before = topics.topic("orders").unwrap();
    let id = topics.recreate("orders").unwrap();
    let after = topics.topic("orders").unwrap();
    assert_ne!(before.id, id);
    assert_eq!((after.id, after.partitions.len()), (id, 2));
    assert_eq!(topics.log_end("orders", 0), Ok(0));
    assert_eq!(topics.topic_by_id(before.id).map(|topic| topic.name), None);
}

#[test]
fn partitions_are_added_and_never_taken_away() {
    let topics = with_topic(TopicSettings::default());
    topics.append("orders", 1, 5, 0, 10).unwrap();
    topics.add_partitions("orders", 3).unwrap();
    assert_eq!(topics.log_end("orders", 1), Ok(5));
    assert_eq!(topics.log_end("orders", 2), Ok(0));
    assert!(matches!(
        topics.add_partitions("orders", 3),
        Err(TopicError::PartitionsNotRaised {
            has: 3,
            asked: 3,
            ..
        })
    ));
}

#[test]
fn retention_by_time_moves_the_log_start_to_the_first_record_that_is_kept() {
    let settings = TopicSettings {
        retention_ms: HOUR_MS,
        ..TopicSettings::default()
    };
    let topics = with_topic(settings);
    topics.append("orders", 0, 7200, 0, 2 * HOUR_MS).unwrap();
    topics.enforce_retention(2 * HOUR_MS);
    assert_eq!(topics.log_start("orders", 0), Ok(3600));
    topics.enforce_retention(10 * HOUR_MS);
    assert_eq!(topics.log_start("orders", 0), Ok(7200));
}

#[test]
fn retention_by_size_keeps_the_newest_records() {
    let settings = TopicSettings {
        retention_bytes: 10_000,
        record_bytes: 100,
        ..TopicSettings::default()
    };
    let topics = with_topic(settings);
    topics.append("orders", 0, 250, 0, 1000).unwrap();
    topics.enforce_retention(1000);
    assert_eq!(topics.log_start("orders", 0), Ok(150));
}

#[test]
fn a_compacted_topic_keeps_its_log_start() {
    let settings = TopicSettings {
        retention_ms: 1,
        cleanup_policy: CleanupPolicy::Compact,
        ..TopicSettings::default()
    };
    let topics = with_topic(settings);
    topics.append("orders", 0, 10, 0, 10).unwrap();
    topics.enforce_retention(HOUR_MS);
    assert_eq!(topics.log_start("orders", 0), Ok(0));
}

#[test]
fn what_does_not_exist_is_named() {
    let topics = with_topic(TopicSettings::default());
    assert_eq!(
        topics.log_end("payments", 0),
        Err(TopicError::UnknownTopic("payments".to_owned()))
    );
    assert!(matches!(
        topics.append("orders", 2, 1, 0, 0),
        Err(TopicError::UnknownPartition { partition: 2, .. })
    ));
    assert!(matches!(
        topics.append("orders", -1, 1, 0, 0),
        Err(TopicError::UnknownPartition { partition: -1, .. })
    ));
    for name in ["", ".", "..", "a b", "ä", &"x".repeat(250)] {
        let made = topics.create(name, 1, TopicSettings::default());
        assert_eq!(made, Err(TopicError::InvalidName(name.to_owned())));
    }
}
