use uuid::Uuid;

use super::*;

mod history;
mod kafka;
mod pace;
mod state;
mod unique_ids;

use crate::checkpoint::{ListedObject, StreamMetadata, predict};

const KAFKA: &str = r#"{"orders_events":{"0":100,"1":250}}"#;
const META: &str = r#"{"batchWatermarkMs":0,"batchTimestampMs":1,"conf":{}}"#;

/// A stateless Kafka query, batches 3 to 6 planned and committed.
fn whole() -> CheckpointView {
    let mut view = CheckpointView::new("s3://bucket/_checkpoints/streaming/orders/");
    view.read(
        "metadata",
        StreamMetadata { id: Uuid::nil() }.render().into_bytes(),
    );
    view.read("sources/0/0", format!("\0v1\n{KAFKA}").into_bytes());
    for batch in 3..=6 {
        offsets(&mut view, batch, &format!("v1\n{META}\n{KAFKA}"));
        commit(&mut view, batch, "v1\n{\"nextBatchWatermarkMs\":0}");
    }
    view
}

/// A batch that says no other time is planned a second after the one before.
fn offsets(view: &mut CheckpointView, batch: i64, text: &str) {
    let time = format!("\"batchTimestampMs\":{},", batch * 1_000);
    let text = text.replace("\"batchTimestampMs\":1,", &time);
    put(view, &format!("offsets/{batch}"), &text);
}

fn commit(view: &mut CheckpointView, batch: i64, text: &str) {
    put(view, &format!("commits/{batch}"), text);
}

fn put(view: &mut CheckpointView, key: &str, text: &str) {
    remove(view, key);
    view.read(key, text.as_bytes().to_vec());
}

fn remove(view: &mut CheckpointView, key: &str) {
    view.listing.remove(key);
    view.bytes.remove(key);
}

fn shape() -> QueryShape {
    QueryShape::stateless(1)
}

/// Findings that are more than information, as `C04 error`.
fn found(view: &CheckpointView, line: SparkLine) -> Vec<String> {
    examine(view, line, &shape())
        .into_iter()
        .filter(|finding| finding.severity > Severity::Info)
        .map(|finding| format!("{} {:?}", finding.id, finding.severity).to_lowercase())
        .collect()
}

fn one<'a>(findings: &'a [Finding], id: &str) -> &'a Finding {
    let mut found = findings.iter().filter(|finding| finding.id == id);
    match (found.next(), found.next()) {
        (Some(finding), None) => finding,
        _ => panic!("{id} is not found once in {findings:?}"),
    }
}

fn broken(mutate: impl Fn(&mut CheckpointView)) -> Vec<String> {
    let mut view = whole();
    mutate(&mut view);
    found(&view, SparkLine::V3_5)
}

#[test]
fn a_whole_checkpoint_has_nothing_to_say_but_that() {
    assert_eq!(found(&whole(), SparkLine::V3_5), Vec::<String>::new());
    let findings = examine(&whole(), SparkLine::V4_1, &shape());
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].id, "C12");
}

type Break = Box<dyn Fn(&mut CheckpointView)>;

#[test]
fn each_break_is_named() {
    let breaks: [(&str, Break); 17] = [
        ("c01 warning", Box::new(|v| remove(v, "metadata"))),
        ("c02 error", Box::new(|v| put(v, "metadata", ""))),
        (
            "c02 error",
            Box::new(|v| put(v, "metadata", "SLUICE GATE CLOSED run 42")),
        ),
        ("c04 error", Box::new(|v| offsets(v, 6, ""))),
        (
            "c05 error",
            Box::new(|v| offsets(v, 6, &format!("v2\n{META}\n{KAFKA}"))),
        ),
        (
            "c06 error",
            Box::new(|v| offsets(v, 6, &format!("v1\n\n{KAFKA}"))),
        ),
        ("c06 error", Box::new(|v| offsets(v, 6, "v1\n{\"batch\n-"))),
        (
            "c09 error",
            Box::new(|v| offsets(v, 6, &format!("v1\n{META}\n{{\"t\":"))),
        ),
        (
            "c10 warning",
            Box::new(|v| offsets(v, 6, &format!("v1\n{META}\n-"))),
        ),
        ("c11 error", Box::new(|v| remove(v, "offsets/5"))),
        ("c13 error", Box::new(|v| remove(v, "offsets/6"))),
        (
            "c14 error",
            Box::new(|v| {
                remove(v, "commits/6");
                remove(v, "commits/5");
            }),
        ),
        (
            "c15 warning",
            Box::new(|v| {
                for batch in 3..=6 {
                    remove(v, &format!("commits/{batch}"));
                }
            }),
        ),
        ("c16 error", Box::new(|v| commit(v, 6, "v1\n{"))),
        ("c27 warning", Box::new(|v| put(v, "sources/0/0", "v1\n{}"))),
        ("c40 error", Box::new(|v| put(v, "offsets/9/x", "x"))),
        (
            "c41 warning",
            Box::new(|v| {
                let earlier = META.replace(":1,", ":0,");
                offsets(v, 6, &format!("v1\n{earlier}\n{KAFKA}"));
            }),
        ),
    ];
    for (index, (expected, mutate)) in breaks.into_iter().enumerate() {
        let found = broken(mutate);
        assert!(
            found.contains(&expected.to_owned()),
            "{index}: {expected} in {found:?}"
        );
    }
}

#[test]
fn a_source_line_too_many_is_named_twice() {
    let found = broken(|v| offsets(v, 6, &format!("v1\n{META}\n{KAFKA}\n{KAFKA}")));
    assert_eq!(found, ["c07 error", "c08 warning"]);
}

#[test]
fn an_offset_below_zero_is_an_error() {
    let line = r#"{"orders_events":{"0":-1,"1":250}}"#;
    let found = broken(|v| offsets(v, 6, &format!("v1\n{META}\n{line}")));
    assert_eq!(found, ["c09 error"]);
}

#[test]
fn an_empty_newest_batch_is_dropped_first_where_it_was_never_committed() {
    let actions = |view: &CheckpointView| {
        let findings = examine(view, SparkLine::V3_5, &shape());
        let finding = one(&findings, "C04").clone();
        assert!(!finding.why.is_empty());
        let rest = finding.otherwise.into_iter().map(|remedy| remedy.action);
        [finding.action].into_iter().chain(rest).collect::<Vec<_>>()
    };
    let end = [Action::NewStartAtOffsets, Action::FullReset];
    let mut view = whole();
    offsets(&mut view, 6, "");
    let committed = [Action::RestoreBackup, Action::RollBackTo(5)];
    assert_eq!(actions(&view), [committed, end].concat());
    remove(&mut view, "commits/6");
    let never = [Action::RollBackTo(5), Action::RestoreBackup];
    assert_eq!(actions(&view), [never, end].concat());
    // Batch 5 needs the one before, and 4 is then the only one left.
    remove(&mut view, "offsets/3");
    remove(&mut view, "offsets/4");
    assert_eq!(actions(&view)[..2], [Action::RestoreBackup, end[0]]);
}

#[test]
fn a_batch_at_work_is_waited_for_and_one_left_behind_is_run_again() {
    let mut view = whole();
    remove(&mut view, "commits/6");
    let action = |alive: Option<bool>| {
        let known = Known {
            job_is_alive: alive,
            ..Known::default()
        };
        let findings = examine_with(&view, SparkLine::V3_5, &shape(), &known);
        one(&findings, "C12").action
    };
    assert_eq!(action(Some(true)), Action::Wait);
    assert_eq!(action(Some(false)), Action::RestartOnly);
    assert_eq!(action(None), Action::Nothing);
}

#[test]
fn a_second_job_on_the_checkpoint_is_an_error_that_no_reset_mends() {
    let said = "Job run 00a1 names this checkpoint and is not the stream's.";
    let known = Known {
        rivals: vec![said.to_owned()],
        ..Known::default()
    };
    let findings = examine_with(&whole(), SparkLine::V3_5, &shape(), &known);
    let rival = one(&findings, "C48");
    assert_eq!(rival.severity, Severity::Error);
    assert!(rival.message.starts_with(said));
    assert!(rival.action == Action::Nothing && rival.by_hand.is_some());
}

#[test]
fn a_commit_of_another_version_needs_a_restart_with_the_conf() {
    let mut view = whole();
    commit(&mut view, 6, "v2\n{\"nextBatchWatermarkMs\":0}");
    let findings = examine(&view, SparkLine::V4_0, &shape());
    let finding = one(&findings, "C17");
    assert_eq!(finding.action, Action::RestartOnly);
    assert!(finding.why.contains("checkpointFormatVersion"));
}

#[test]
fn the_id_that_a_reset_wrote_is_the_right_one() {
    let mut shape = shape();
    shape.last_seen_id = Some(Uuid::max());
    let known = Known {
        query_ids: vec![Uuid::nil()],
        ..Known::default()
    };
    let findings = examine_with(&whole(), SparkLine::V3_5, &shape, &known);
    assert!(findings.iter().all(|finding| finding.id != "C03"));
}

#[test]
fn a_lost_beginning_of_a_second_topic_is_no_self_union() {
    let mut view = CheckpointView::new("s3://bucket/x");
    view.read(
        "metadata",
        StreamMetadata { id: Uuid::nil() }.render().into_bytes(),
    );
    view.read("sources/0/0", format!("\0v1\n{KAFKA}").into_bytes());
    let other = r#"{"payments":{"0":7}}"#;
    offsets(&mut view, 0, &format!("v1\n{META}\n{KAFKA}\n{other}"));
    let two = QueryShape::stateless(2);
    let findings = examine(&view, SparkLine::V3_5, &two);
    let finding = one(&findings, "C29");
    assert_eq!(finding.severity, Severity::Error);
    assert_eq!(finding.path.as_deref(), Some("sources/1/0"));
    offsets(&mut view, 0, &format!("v1\n{META}\n{KAFKA}\n{KAFKA}"));
    let findings = examine(&view, SparkLine::V3_5, &two);
    assert_eq!(one(&findings, "C29").severity, Severity::Info);
}

#[test]
fn a_root_of_several_checkpoints_is_not_taken_for_one() {
    let mut view = CheckpointView::new("s3://bucket/x");
    for query in ["orders", "payments"] {
        view.list(format!("{query}/offsets/3"), ListedObject::default());
    }
    let findings = examine(&view, SparkLine::V3_5, &shape());
    let finding = one(&findings, "C48");
    assert_eq!(finding.severity, Severity::Error);
    assert!(finding.message.contains("orders, payments"));
}

#[test]
fn what_was_assumed_is_said() {
    let known = Known {
        inferred: vec!["It keeps state.".to_owned()],
        line_assumed: Some("The release is not known.".to_owned()),
        ..Known::default()
    };
    let findings = examine_with(&whole(), SparkLine::V4_1, &shape(), &known);
    assert_eq!(one(&findings, "L02").message, "It keeps state.");
    assert_eq!(one(&findings, "L03").value.as_deref(), Some("4.1"));
}

#[test]
fn another_id_than_the_last_seen_is_a_warning() {
    let mut shape = shape();
    shape.last_seen_id = Some(Uuid::max());
    let findings = examine(&whole(), SparkLine::V3_5, &shape);
    assert_eq!(findings[0].id, "C03");
}

#[test]
fn a_seeded_checkpoint_says_where_it_begins() {
    let mut view = CheckpointView::new("s3://bucket/x");
    view.read("sources/0/0", format!("\0v1\n{KAFKA}").into_bytes());
    assert_eq!(found(&view, SparkLine::V4_1), ["c28 warning"]);
    assert!(matches!(
        predict(&view, SparkLine::V4_1, &shape()),
        Prognosis::StartsFresh { start: Some(start), .. } if start == [Some(KAFKA.to_owned())]
    ));
}

#[test]
fn leftovers_stop_a_new_start_from_spark_4_1_on() {
    let mut view = CheckpointView::new("s3://bucket/x");
    view.list("offsets/.8.e27-9dc.tmp", ListedObject::default());
    assert_eq!(found(&view, SparkLine::V4_0), Vec::<String>::new());
    assert_eq!(found(&view, SparkLine::V4_1), ["c30 error", "c39 warning"]);
}

#[test]
fn batch_zero_without_its_beginning_is_an_error() {
    let mut view = CheckpointView::new("s3://bucket/x");
    view.read(
        "metadata",
        StreamMetadata { id: Uuid::nil() }.render().into_bytes(),
    );
    offsets(&mut view, 0, &format!("v1\n{META}\n{KAFKA}"));
    assert_eq!(found(&view, SparkLine::V3_5), ["c29 error"]);
}

#[test]
fn a_file_that_was_not_read_is_not_judged() {
    let mut view = whole();
    view.bytes.clear();
    for object in view.listing.values_mut() {
        object.size = 7;
    }
    assert_eq!(found(&view, SparkLine::V3_5), Vec::<String>::new());
    assert!(matches!(
        predict(&view, SparkLine::V3_5, &shape()),
        Prognosis::Unknown { unread } if unread == ["metadata"]
    ));
}
