use proptest::prelude::*;

use super::*;
use crate::checkpoint::IssueCode;

fn offsets(items: &[(&str, i32, i64)]) -> PartitionOffsets {
    items
        .iter()
        .map(|(t, p, o)| ((*t).to_owned(), *p, *o))
        .collect()
}

fn codes(line: &str) -> Vec<IssueCode> {
    PartitionOffsets::parse(line)
        .issues
        .into_iter()
        .map(|issue| issue.code)
        .collect()
}

#[test]
fn the_line_of_a_real_checkpoint_is_read() {
    let line = r#"{"spark-test-topic-2b86":{"2":3,"4":3,"1":3,"3":3,"0":3}}"#;
    let parsed = PartitionOffsets::parse(line);
    assert_eq!(parsed.issues, []);
    assert_eq!(
        parsed.value.unwrap().to_spark_json(),
        r#"{"spark-test-topic-2b86":{"0":3,"1":3,"2":3,"3":3,"4":3}}"#
    );
}

#[test]
fn what_spark_would_not_write_is_an_issue() {
    assert_eq!(codes(r#"{"t":{"0":1,"0":2}}"#), [IssueCode::Duplicate]);
    assert_eq!(
        codes(r#"{"t":{"0":1},"t":{"1":2}}"#),
        [IssueCode::Duplicate]
    );
    assert_eq!(codes(r#"{"t":{"0":1.5}}"#), [IssueCode::BadShape]);
    assert_eq!(codes(r#"{"t":{"0":1.0}}"#), [IssueCode::BadShape]);
    assert_eq!(codes(r#"{"t":{"0":"1"}}"#), [IssueCode::BadShape]);
    assert_eq!(codes(r#"{"t":{"x":1}}"#), [IssueCode::BadShape]);
    assert_eq!(codes(r#"{"t":{"-1":1}}"#), [IssueCode::BadShape]);
    assert_eq!(codes(r#"{"t":{"0":-2}}"#), [IssueCode::NegativeOffset]);
    assert_eq!(
        codes(r#"{"t":{"0":9223372036854775808}}"#),
        [IssueCode::BadShape]
    );
    assert_eq!(codes(r#"{"t":5}"#), [IssueCode::BadShape]);
    assert_eq!(codes("[]"), [IssueCode::BadShape]);
    assert_eq!(codes(r#"{"t":{"0":1"#), [IssueCode::BadJson]);
    assert_eq!(codes(""), [IssueCode::BadJson]);
}

#[test]
fn a_partition_that_is_fine_survives_one_that_is_not() {
    let parsed = PartitionOffsets::parse(r#"{"t":{"0":1.5,"1":7}}"#);
    assert_eq!(parsed.value.unwrap(), offsets(&[("t", 1, 7)]));
}

#[test]
fn arithmetic_is_by_partition() {
    let from = offsets(&[("a", 0, 10), ("a", 1, 50), ("gone", 0, 5)]);
    let to = offsets(&[("a", 0, 25), ("a", 1, 40), ("new", 2, 9)]);
    assert_eq!(from.records_between(&to), 15);
    assert_eq!(from.difference(&to, "a", 1), Some(-10));
    assert_eq!(from.difference(&to, "new", 2), None);
    assert_eq!(
        from.missing_from(&to),
        [TopicPartition {
            topic: "new".into(),
            partition: 2
        }]
    );
    assert_eq!(
        from.extra_over(&to),
        [TopicPartition {
            topic: "gone".into(),
            partition: 0
        }]
    );
    assert_eq!(
        from.union(&to),
        offsets(&[("a", 0, 25), ("a", 1, 40), ("gone", 0, 5), ("new", 2, 9)])
    );
}

#[test]
fn on_the_wire_offsets_are_texts() {
    let value = offsets(&[("t", 0, 23), ("t", 10, i64::MAX)]);
    let json = serde_json::to_string(&value).unwrap();
    assert_eq!(json, r#"{"t":{"0":"23","10":"9223372036854775807"}}"#);
    assert_eq!(
        serde_json::from_str::<PartitionOffsets>(&json).unwrap(),
        value
    );
    assert!(serde_json::from_str::<PartitionOffsets>(r#"{"t":{"0":23}}"#).is_err());
}

fn any_offsets() -> impl Strategy<Value = PartitionOffsets> {
    prop::collection::btree_map(
        "\\PC{0,12}",
        prop::collection::btree_map(0..=i32::MAX, 0..=i64::MAX, 0..6),
        0..4,
    )
    .prop_map(PartitionOffsets)
}

proptest! {
    #[test]
    fn what_is_rendered_is_read_back(value in any_offsets()) {
        let parsed = PartitionOffsets::parse(&value.to_spark_json());
        prop_assert_eq!(&parsed.issues, &[]);
        prop_assert_eq!(parsed.value, Some(value.clone()));
        let json = serde_json::to_string(&value).unwrap();
        prop_assert_eq!(serde_json::from_str::<PartitionOffsets>(&json).unwrap(), value);
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,80}") {
        let _ = PartitionOffsets::parse(&text);
    }
}
