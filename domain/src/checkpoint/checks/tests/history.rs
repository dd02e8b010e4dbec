use super::*;

fn with_ends(ends: &[(i64, &str)]) -> CheckpointView {
    let mut view = whole();
    for (batch, line) in ends {
        offsets(&mut view, *batch, &format!("v1\n{META}\n{line}"));
        commit(&mut view, *batch, "v1\n{\"nextBatchWatermarkMs\":0}");
    }
    view
}

#[test]
fn an_end_that_went_back_is_an_error_only_where_the_next_start_is_there() {
    let lower = r#"{"orders_events":{"0":40,"1":250}}"#;
    let newest = with_ends(&[(6, lower)]);
    let findings = examine(&newest, SparkLine::V3_5, &shape());
    let finding = one(&findings, "C21");
    assert_eq!(finding.severity, Severity::Error);
    assert_eq!(finding.path.as_deref(), Some("offsets/6"));
    assert_eq!(finding.line, Some(3));
    assert!(finding.message.contains("orders_events-0 from 100 to 40"));
    assert_eq!(finding.action, Action::NewStartAtOffsets);

    let older = with_ends(&[(4, r#"{"orders_events":{"0":140,"1":250}}"#)]);
    let findings = examine(&older, SparkLine::V3_5, &shape());
    assert_eq!(one(&findings, "C21").severity, Severity::Warning);
}

#[test]
fn a_partition_that_vanished_is_named_where_it_did() {
    let view = with_ends(&[
        (5, r#"{"orders_events":{"0":100}}"#),
        (6, r#"{"orders_events":{"0":100}}"#),
    ]);
    let findings = examine(&view, SparkLine::V3_5, &shape());
    let finding = one(&findings, "C22");
    assert_eq!(finding.path.as_deref(), Some("offsets/5"));
    assert!(
        finding.message.contains("orders_events-1 was"),
        "{finding:?}"
    );
}

#[test]
fn a_change_of_shape_is_found_among_the_older_batches_too() {
    let mut view = whole();
    offsets(&mut view, 3, &format!("v1\n{META}\n{KAFKA}\n{KAFKA}"));
    let findings = examine(&view, SparkLine::V3_5, &shape());
    assert_eq!(one(&findings, "C08").path.as_deref(), Some("offsets/4"));
    assert!(findings.iter().all(|finding| finding.id != "C07"));
}

#[test]
fn gaps_are_told_apart_from_asynchronous_progress() {
    let mut view = whole();
    remove(&mut view, "offsets/4");
    let said = |view: &CheckpointView| {
        let findings = examine(view, SparkLine::V3_5, &shape());
        one(&findings, "C19").message.clone()
    };
    assert!(said(&view).contains("does not look at them"));
    remove(&mut view, "commits/4");
    assert!(said(&view).contains("asynchronous"));
}

#[test]
fn more_batches_than_spark_keeps_mean_that_its_purge_fails() {
    let mut few = shape();
    few.min_batches_to_retain = 2;
    let findings = examine(&whole(), SparkLine::V3_5, &few);
    assert!(findings.iter().all(|finding| finding.id != "C20"));
    few.min_batches_to_retain = 1;
    let findings = examine(&whole(), SparkLine::V3_5, &few);
    assert_eq!(one(&findings, "C20").severity, Severity::Warning);
}

#[test]
fn a_watermark_neither_falls_nor_lies_in_the_future() {
    let at = |watermark: i64| {
        format!(
            "v1\n{{\"batchWatermarkMs\":{watermark},\"batchTimestampMs\":1,\"conf\":{{}}}}\n\
             {KAFKA}"
        )
    };
    let mut view = whole();
    offsets(&mut view, 5, &at(7));
    offsets(&mut view, 6, &at(5));
    let findings = examine(&view, SparkLine::V3_5, &shape());
    assert_eq!(one(&findings, "C42").path.as_deref(), Some("offsets/6"));

    let mut view = whole();
    offsets(&mut view, 6, &at(2_000_000));
    let early = Known {
        now_ms: Some(1_000_000),
        ..Known::default()
    };
    let findings = examine_with(&view, SparkLine::V3_5, &shape(), &early);
    assert!(one(&findings, "C42").message.contains("future"));
    let late = Known {
        now_ms: Some(3_000_000),
        ..Known::default()
    };
    let findings = examine_with(&view, SparkLine::V3_5, &shape(), &late);
    assert!(findings.iter().all(|finding| finding.id != "C42"));
}
