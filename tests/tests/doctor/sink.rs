//! The sink beside the checkpoint.

use std::path::{Path, PathBuf};

use sandbox::iam::ONCALL;
use sandbox::streams::{BUCKET, streams};
use sandbox::wire::REGION;
use serde_json::json;
use tests::Ground;

use crate::directory::{checkpoint, put};
use crate::tool::{self, Said, command, run};

const SPARK: [&str; 6] = ["--spark", "3.5", "--sources", "1", "--stateful", "false"];
const QUERY: &str = "5b0c4824-5d6d-4f9e-b1a4-0a53ef144619";

/// The next batch of the checkpoint is 4.
fn fresh() -> (tempfile::TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path().join("checkpoint");
    checkpoint(&root);
    let sink = folder.path().join("out");
    (folder, root, sink)
}

fn ask(root: &Path, sink: &Path) -> Said {
    let mut call = command(root, &SPARK);
    call.arg("--sink").arg(sink);
    tool::ask(call)
}

/// Batches from 0 on, each of one file.
fn file_sink(sink: &Path, batches: impl Iterator<Item = i64>) {
    for batch in batches {
        let file = format!(
            "{{\"path\":\"file:///x/{batch}.json\",\"size\":1,\"isDir\":false,\"modificationTime\":1,\"blockReplication\":1,\"blockSize\":1,\"action\":\"add\"}}"
        );
        put(
            sink,
            &format!("_spark_metadata/{batch}"),
            format!("v1\n{file}").as_bytes(),
        );
    }
}

fn delta(sink: &Path, app: &str, version: i64) {
    let lines = format!(
        "{{\"commitInfo\":{{\"timestamp\":1}}}}\n{{\"txn\":{{\"appId\":\"{app}\",\
         \"version\":{version},\"lastUpdated\":1}}}}\n"
    );
    put(
        sink,
        "_delta_log/00000000000000000000.json",
        lines.as_bytes(),
    );
}

#[test]
fn a_file_sink_that_is_ahead_drops_what_is_read_and_one_that_is_not_writes_it() {
    let (_folder, root, sink) = fresh();
    file_sink(&sink, 0..4);
    let said = ask(&root, &sink);
    assert_eq!(said.code, 0, "{:#}", said.report);
    assert_eq!(said.report["sink"]["kind"], "file_sink");
    assert_eq!(said.report["sink"]["remembered"][0]["batch"], 3);
    assert!(!said.limits().contains("its sink"), "{}", said.limits());

    file_sink(&sink, 4..8);
    let said = ask(&root, &sink);
    assert_eq!((said.code, said.ids("error")), (1, vec!["C44"]));
    assert_eq!(said.prognosis("outcome"), "starts");
    let finding = &said.report["findings"][0];
    assert_eq!(finding["value"], "7");
    let path = finding["path"].as_str().unwrap_or_default();
    assert!(path.ends_with("/out/_spark_metadata/7"), "{path}");
    let mut call = command(&root, &SPARK);
    let output = run(call.arg("--sink").arg(&sink));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        text.contains("remembers batch 7: whoever writes there"),
        "{text}"
    );
    assert!(text.contains("error C44"), "{text}");
}

#[test]
fn a_gap_in_the_file_sinks_log_is_an_error() {
    let (_folder, root, sink) = fresh();
    file_sink(&sink, 0..4);
    std::fs::remove_file(sink.join("_spark_metadata/2")).expect("it was there");
    let said = ask(&root, &sink);
    assert_eq!((said.code, said.ids("error")), (1, vec!["C45"]));
}

#[test]
fn delta_is_asked_for_this_querys_id_and_minds_no_other() {
    let (_folder, root, sink) = fresh();
    delta(&sink, QUERY, 40);
    let said = ask(&root, &sink);
    assert_eq!((said.code, said.ids("error")), (1, vec!["C46"]));
    assert_eq!(said.report["sink"]["remembered"][0]["whose"], "this_query");
    assert_eq!(
        said.report["findings"][0]["otherwise"][0]["action"],
        "new_start_at_offsets"
    );

    delta(&sink, "11111111-5d6d-4f9e-b1a4-0a53ef144619", 40);
    let said = ask(&root, &sink);
    assert_eq!(said.code, 0, "{:#}", said.report);
    assert_eq!(said.report["sink"]["remembered"][0]["whose"], "another");
    // Nobody knows whose a name is that is no query's id.
    delta(&sink, "orders-writer", 40);
    let said = ask(&root, &sink);
    assert_eq!((said.code, said.ids("warning")), (0, vec!["C46"]));
}

#[test]
fn where_nothing_lies_nothing_is_remembered_and_what_is_unread_is_said() {
    let (_folder, root, sink) = fresh();
    let said = ask(&root, &sink);
    assert_eq!((said.code, &said.report["sink"]["kind"]), (0, &json!(null)));
    put(&sink, "day=1/part-0.parquet", b"x");
    assert_eq!(ask(&root, &sink).report["sink"]["kind"], "plain_files");
    // A file is no place of a sink, and that is no reason to say nothing else.
    let said = ask(&root, &root.join("metadata"));
    assert_eq!(said.report["sink"], json!(null));
    assert!(
        said.limits().contains("Nothing is known of the sink"),
        "{}",
        said.limits()
    );
    assert_eq!(said.code, 0);
    let without = tool::directory(&root, &SPARK);
    assert_eq!(without.report["sink"], json!(null));
    assert!(
        without.limits().contains("its sink (--sink)"),
        "{}",
        without.limits()
    );
}

/// The sandbox's own jobs write these, one of each kind that remembers.
#[tokio::test(flavor = "multi_thread")]
async fn sinks_in_s3_are_told_by_their_logs() {
    let ground = Ground::new().await;
    for (name, kind) in [("refunds", "iceberg"), ("clicks", "file_sink")] {
        let stream = streams().into_iter().find(|stream| stream.name == name);
        let stream = stream.expect("the sandbox has it");
        let place = |prefix: String| format!("s3://{BUCKET}/{prefix}");
        let mut call = command(place(stream.checkpoint_prefix()), &["--sources", "1"]);
        call.arg("--sink")
            .arg(place(stream.bronze_prefix()))
            .env("AWS_ENDPOINT_URL", ground.sandbox.aws_url())
            .env("AWS_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", ONCALL.id)
            .env("AWS_SECRET_ACCESS_KEY", ONCALL.secret);
        let said = tokio::task::spawn_blocking(move || tool::ask(call))
            .await
            .expect("a call does not panic");
        let sink = &said.report["sink"];
        assert_eq!(sink["kind"], kind, "{:#}", said.report);
        let whose = sink["remembered"][0]["whose"].as_str().unwrap_or_default();
        assert!(matches!(whose, "this_query" | "any_query"), "{sink:#}");
        // A job that does its work is never ahead of its own log.
        assert!(said.ids("error").is_empty(), "{:#}", said.report);
    }
}
