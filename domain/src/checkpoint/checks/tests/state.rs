use super::*;

/// A stateful query, batches 3 to 6 committed, so that the next one loads
/// version 7.
fn stateful() -> CheckpointView {
    let conf = r#"{"spark.sql.shuffle.partitions":"2"}"#;
    let meta = META.replace("{}", conf);
    let mut view = whole();
    for batch in 3..=6 {
        offsets(&mut view, batch, &format!("v1\n{meta}\n{KAFKA}"));
    }
    for partition in 0..2 {
        for version in 1..=7 {
            state(&mut view, partition, version);
        }
    }
    view
}

fn state(view: &mut CheckpointView, partition: i32, version: i64) {
    let object = ListedObject {
        size: 46,
        ..ListedObject::default()
    };
    view.list(format!("state/0/{partition}/{version}.delta"), object);
}

fn judged(view: &CheckpointView, line: SparkLine) -> Vec<Finding> {
    examine(view, line, &QueryShape::stateful(1))
}

#[test]
fn state_that_is_there_is_taken_on_trust_and_that_is_said() {
    let findings = judged(&stateful(), SparkLine::V3_5);
    let limit = one(&findings, "L01");
    assert_eq!(limit.severity, Severity::Info);
    assert_eq!(limit.value.as_deref(), Some("14"));
    assert!(findings.iter().all(|f| f.severity == Severity::Info));
}

#[test]
fn state_of_another_codec_is_said_not_to_be_looked_into() {
    let mut view = stateful();
    let conf = r#"{"spark.sql.streaming.stateStore.compression.codec":"zstd"}"#;
    let meta = META.replace("{}", conf);
    offsets(&mut view, 6, &format!("v1\n{meta}\n{KAFKA}"));
    for partition in 0..2 {
        for version in 1..=7 {
            let key = format!("state/0/{partition}/{version}.delta");
            view.read(key, b"not LZ4".to_vec());
        }
    }
    let findings = judged(&view, SparkLine::V3_5);
    assert!(one(&findings, "L01").message.contains("14 have a form"));
}

#[test]
fn the_newest_batch_whose_state_is_there_is_gone_back_to() {
    let mut view = stateful();
    remove(&mut view, "state/0/1/6.delta");
    let findings = judged(&view, SparkLine::V3_5);
    let finding = one(&findings, "C31");
    assert_eq!(finding.path.as_deref(), Some("state/0/1/6.delta"));
    // Version 5 is what batch 4 wrote.
    assert_eq!(finding.action, Action::RollBackTo(4));
    let rest: Vec<Action> = finding.otherwise.iter().map(|r| r.action).collect();
    assert_eq!(
        rest,
        [
            Action::RestoreBackup,
            Action::NewStartAtOffsets,
            Action::FullReset
        ]
    );
    remove(&mut view, "state/0/1/1.delta");
    let findings = judged(&view, SparkLine::V3_5);
    assert_eq!(one(&findings, "C31").action, Action::RestoreBackup);
}

#[test]
fn a_partition_that_is_gone_is_another_thing_than_a_version() {
    let mut view = stateful();
    for version in 1..=7 {
        remove(&mut view, &format!("state/0/1/{version}.delta"));
    }
    // With partition 0 alone, an aggregation without keys looks just so.
    for version in 1..=7 {
        state(&mut view, 2, version);
    }
    let findings = judged(&view, SparkLine::V3_5);
    let lost = findings.iter().filter(|finding| finding.id == "C32");
    let paths: Vec<_> = lost.filter_map(|finding| finding.path.as_deref()).collect();
    assert_eq!(paths, ["state/0/1/1.delta", "state/0/2/"]);
}

#[test]
fn state_of_an_abandoned_run_is_found_and_a_live_job_is_no_such_run() {
    let mut view = stateful();
    state(&mut view, 0, 8);
    let findings = judged(&view, SparkLine::V3_5);
    let finding = one(&findings, "C33");
    assert_eq!(finding.severity, Severity::Error);
    assert_eq!(finding.path.as_deref(), Some("state/0/0/8.delta"));
    // Where it stands already: only the stale state is taken away.
    assert_eq!(finding.action, Action::RollBackTo(6));
    let live = Known {
        newest_batch_after: Some(7),
        ..Known::default()
    };
    let shape = QueryShape::stateful(1);
    let findings = examine_with(&view, SparkLine::V3_5, &shape, &live);
    assert!(findings.iter().all(|finding| finding.id != "C33"));
    assert!(
        examine(&view, SparkLine::V3_5, &super::shape())
            .iter()
            .all(|finding| finding.id != "C33"),
        "a query without state reads none"
    );
}

#[test]
fn a_copied_checkpoint_points_at_where_it_was_copied_from() {
    let metadata = |path: &str| {
        format!(
            "v2\n{{\"operatorInfo\":{{\"operatorId\":0,\"operatorName\":\
             \"transformWithStateExec\"}},\"stateStoreInfo\":[{{\"storeName\":\"default\",\
             \"numColsPrefixKey\":0,\"numPartitions\":2,\"stateSchemaFilePaths\":\
             [\"{path}\"]}}],\"operatorPropertiesJson\":\"{{}}\"}}"
        )
    };
    let mut view = stateful();
    let own =
        "s3a://bucket/_checkpoints/streaming/orders/state/0/_stateSchema/default/0_a";
    put(&mut view, "state/0/_metadata/v2/0", &metadata(own));
    let findings = judged(&view, SparkLine::V4_0);
    assert!(
        findings.iter().all(|f| f.severity == Severity::Info),
        "{findings:?}"
    );

    let other = own.replace("/orders/", "/orders_old/");
    put(&mut view, "state/0/_metadata/v2/0", &metadata(&other));
    let findings = judged(&view, SparkLine::V4_0);
    assert_eq!(one(&findings, "C38").value.as_deref(), Some(other.as_str()));
    assert_eq!(one(&findings, "C38").action, Action::RestoreBackup);
}

#[test]
fn a_description_of_the_state_that_does_not_fit_is_a_warning() {
    let mut view = stateful();
    put(&mut view, "state/0/_metadata/metadata", "v1\n{");
    let findings = judged(&view, SparkLine::V4_0);
    assert_eq!(one(&findings, "C37").severity, Severity::Warning);
    let text = "v1\n{\"operatorInfo\":{\"operatorId\":0,\"operatorName\":\"stateStoreSave\"},\
                \"stateStoreInfo\":[{\"storeName\":\"left\",\"numPartitions\":2}]}";
    put(&mut view, "state/0/_metadata/metadata", text);
    let findings = judged(&view, SparkLine::V4_0);
    let said: Vec<&str> = findings
        .iter()
        .filter(|finding| finding.id == "C37")
        .map(|finding| finding.message.as_str())
        .collect();
    assert!(
        said.iter()
            .any(|s| s.contains("stores left for stateStoreSave, which keeps no"))
    );
    assert!(
        said.iter()
            .any(|s| s.contains("and there are files of default"))
    );
}

fn described(name: &str, id: i64, stores: &[&str]) -> String {
    let stores: Vec<String> = stores
        .iter()
        .map(|store| format!("{{\"storeName\":\"{store}\",\"numPartitions\":2}}"))
        .collect();
    format!(
        "v1\n{{\"operatorInfo\":{{\"operatorId\":{id},\"operatorName\":\"{name}\"}},\
         \"stateStoreInfo\":[{}]}}",
        stores.join(",")
    )
}

#[test]
fn an_operator_must_be_one_that_spark_has_and_lie_where_it_belongs() {
    let said = |text: &str| -> Vec<String> {
        let mut view = stateful();
        put(&mut view, "state/0/_metadata/metadata", text);
        judged(&view, SparkLine::V4_0)
            .into_iter()
            .filter(|finding| finding.id == "C37")
            .filter_map(|finding| finding.value)
            .collect()
    };
    assert_eq!(said(&described("dedupe", 0, &["default"])), [] as [&str; 0]);
    assert_eq!(
        said(&described("symmetricHashJoin", 0, &["default"])),
        [] as [&str; 0]
    );
    assert_eq!(
        said(&described("stateStoreSaved", 0, &["default"])),
        ["stateStoreSaved"]
    );
    assert_eq!(said(&described("dedupe", 1, &["default"])), ["1"]);
}

#[test]
fn a_query_that_lost_its_operator_is_refused_from_4_0_on() {
    let mut view = stateful();
    let text = described("stateStoreSave", 0, &["default"]);
    put(&mut view, "state/0/_metadata/metadata", &text);
    let without = QueryShape::stateless(1);
    let findings = examine(&view, SparkLine::V4_0, &without);
    let finding = one(&findings, "C37");
    assert_eq!(finding.severity, Severity::Error);
    assert_eq!(finding.action, Action::RestartOnly);
    let Prognosis::Fails {
        error_condition, ..
    } = predict(&view, SparkLine::V4_0, &without)
    else {
        panic!("it starts");
    };
    assert_eq!(
        error_condition.as_deref(),
        Some("STREAMING_STATEFUL_OPERATOR_NOT_MATCH_IN_STATE_METADATA")
    );
    // Before 4.0 nothing is compared, and what cannot be read is not.
    let starts = |view: &CheckpointView, line| {
        matches!(predict(view, line, &without), Prognosis::Starts { .. })
    };
    assert!(starts(&view, SparkLine::V3_5));
    put(&mut view, "state/0/_metadata/metadata", "v1\n{");
    assert!(starts(&view, SparkLine::V4_1));
}

#[test]
fn what_the_checkpoint_pins_against_the_job_is_told() {
    let name = "spark.sql.shuffle.partitions".to_owned();
    let known = Known {
        job_conf: [(name, "200".to_owned())].into(),
        ..Known::default()
    };
    let shape = QueryShape::stateful(1);
    let findings = examine_with(&stateful(), SparkLine::V3_5, &shape, &known);
    assert!(
        one(&findings, "C50")
            .message
            .contains("2 in the checkpoint and 200")
    );
}
