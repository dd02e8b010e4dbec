use std::collections::BTreeMap;

use super::*;
use crate::checkpoint::checks::{BrokerPartition, BrokerSaid, BrokerTopic};

/// Where the query of [`whole`] stands: 100 and 250.
pub(super) fn said(partitions: &[(i32, i64, i64)]) -> Known {
    let partitions = partitions
        .iter()
        .map(|(partition, earliest, latest)| {
            let there = BrokerPartition {
                earliest: *earliest,
                latest: *latest,
            };
            (*partition, there)
        })
        .collect();
    let topic = BrokerTopic {
        partitions,
        ..BrokerTopic::default()
    };
    Known {
        kafka: Some(BrokerSaid {
            asked_at_ms: Some(1_000_000),
            topics: BTreeMap::from([("orders_events".to_owned(), topic)]),
        }),
        ..Known::default()
    }
}

fn with(known: &Known) -> Vec<Finding> {
    let findings = examine_with(&whole(), SparkLine::V3_5, &shape(), known);
    findings
        .into_iter()
        .filter(|finding| finding.id != "C12")
        .collect()
}

#[test]
fn a_topic_that_has_all_says_nothing() {
    assert_eq!(with(&said(&[(0, 0, 100), (1, 250, 900)])), []);
}

#[test]
fn records_that_were_deleted_unread_are_counted() {
    let findings = with(&said(&[(0, 130, 500), (1, 255, 900)]));
    let finding = one(&findings, "C23");
    assert_eq!(finding.severity, Severity::Error);
    assert!(finding.message.starts_with("35 offsets"), "{finding:?}");
    assert_eq!(finding.path.as_deref(), Some("offsets/6"));
    assert_eq!(finding.action, Action::NewStartAtOffsets);
}

#[test]
fn a_checkpoint_ahead_of_its_topic_is_an_error_but_not_while_it_is_read() {
    let behind = said(&[(0, 0, 99), (1, 0, 900)]);
    let findings = with(&behind);
    assert!(
        one(&findings, "C24")
            .message
            .contains("orders_events-0 at 100")
    );
    // The newest batch was planned after Kafka was asked.
    let mut busy = behind;
    if let Some(said) = &mut busy.kafka {
        said.asked_at_ms = Some(30_000);
    }
    assert_eq!(with(&busy), []);
}

#[test]
fn a_batch_to_be_run_again_is_judged_by_both_its_ends() {
    let mut view = whole();
    remove(&mut view, "commits/6");
    let line = r#"{"orders_events":{"0":180,"1":250}}"#;
    offsets(&mut view, 6, &format!("v1\n{META}\n{line}"));
    let known = said(&[(0, 0, 150), (1, 0, 900)]);
    let findings = examine_with(&view, SparkLine::V3_5, &shape(), &known);
    assert!(one(&findings, "C24").message.contains("at 180, end 150"));
}

#[test]
fn partitions_that_vanished_or_appeared_are_named() {
    let findings = with(&said(&[(0, 0, 500), (2, 0, 5)]));
    assert!(one(&findings, "C25").message.contains("orders_events-1"));
    let appeared = one(&findings, "C26");
    assert_eq!(appeared.severity, Severity::Warning);
    let findings = with(&said(&[(0, 0, 500), (1, 0, 900), (2, 3, 5)]));
    assert_eq!(one(&findings, "C26").severity, Severity::Error);
}

#[test]
fn a_topic_that_is_gone_is_said_and_one_that_was_not_asked_for_is_not() {
    let findings = with(&said(&[]));
    assert!(
        one(&findings, "C25")
            .message
            .contains("orders_events-0, orders_events-1")
    );
    let nothing = Known {
        kafka: Some(BrokerSaid::default()),
        ..Known::default()
    };
    assert_eq!(with(&nothing), []);
}

#[test]
fn a_topic_that_was_made_again_is_told_by_its_id() {
    let mut known = said(&[(0, 0, 100), (1, 0, 900)]);
    let topic = known
        .kafka
        .as_mut()
        .and_then(|said| said.topics.get_mut("orders_events"))
        .unwrap();
    topic.topic_id = Some(Uuid::from_u128(2));
    assert_eq!(with(&known), []);
    let topic = known
        .kafka
        .as_mut()
        .and_then(|said| said.topics.get_mut("orders_events"))
        .unwrap();
    topic.topic_id_before = Some(Uuid::from_u128(1));
    let findings = with(&known);
    assert!(one(&findings, "C24").message.contains("made again"));
    // Batches were committed since, from the topic of today.
    known
        .kafka
        .as_mut()
        .and_then(|said| said.topics.get_mut("orders_events"))
        .unwrap()
        .before_until_ms = Some(0);
    assert_eq!(with(&known), []);
}
