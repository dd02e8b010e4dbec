//! Sinks as their writers leave them, and what a start does to each.

use uuid::Uuid;

use super::*;
use crate::checkpoint::{ListedObject, Prognosis, Severity};

mod properties;
mod starts;

const QUERY: &str = "5b0c4824-5d6d-4f9e-b1a4-0a53ef144619";
const OTHER: &str = "00000000-0000-4000-8000-00000000000a";
const PLACE: &str = "s3://bucket/bronze/orders/";

fn place(files: &[(&str, &str)]) -> SinkView {
    let mut view = SinkView::new(PLACE);
    for (key, text) in files {
        let object = ListedObject {
            size: text.len() as u64,
            last_modified_ms: 1_700_000_000_000,
            etag: "e".into(),
        };
        view.listing.insert((*key).to_owned(), object);
        view.bytes
            .insert((*key).to_owned(), text.as_bytes().to_vec());
    }
    view
}

fn seen(files: &[(&str, &str)]) -> SinkSeen {
    SinkSeen::of(&place(files), SinkKind::PlainFiles)
}

/// The checkpoint of the query, which is to run `batch` next.
fn checkpoint(batch: i64, replay: bool) -> CheckpointSeen {
    let newest = if replay { batch } else { batch - 1 };
    CheckpointSeen {
        location: "s3://bucket/ck/orders/".into(),
        objects: 5,
        bytes: 700,
        changed_at: None,
        query_id: Some(QUERY.parse::<Uuid>().unwrap()),
        gate_of: None,
        decisive: std::collections::BTreeMap::new(),
        newest_offsets: Some(newest),
        newest_commit: Some(batch - 1),
        batches: Vec::new(),
        prognosis: Prognosis::Starts {
            batch_id: batch,
            start_offsets: Vec::new(),
            end_offsets: None,
            replay,
        },
        findings: Vec::new(),
        nested: Vec::new(),
        rollbacks: Vec::new(),
    }
}

fn ids(seen: &SinkSeen) -> Vec<(&str, Severity)> {
    seen.findings
        .iter()
        .map(|finding| (finding.id.as_str(), finding.severity))
        .collect()
}

fn delta(app_id: &str, version: i64) -> String {
    format!(
        "{{\"commitInfo\":{{\"operation\":\"STREAMING UPDATE\"}}}}\n{{\"txn\":{{\"appId\":\"{app_id}\",\"version\":{version},\"lastUpdated\":1}}}}\n{{\"add\":{{\"path\":\"part-0.parquet\",\"size\":3}}}}\n"
    )
}

fn iceberg(epochs: &[(&str, i64)]) -> String {
    let snapshots: Vec<serde_json::Value> = (1_i64..)
        .zip(epochs)
        .map(|(id, (query, epoch))| {
            serde_json::json!({
                "snapshot-id": id,
                "parent-snapshot-id": (id > 1).then_some(id - 1),
                "summary": {
                    "operation": "append",
                    "spark.sql.streaming.queryId": query,
                    "spark.sql.streaming.epochId": epoch.to_string(),
                },
            })
        })
        .collect();
    serde_json::json!({
        "format-version": 2,
        "current-snapshot-id": snapshots.len(),
        "snapshots": snapshots,
    })
    .to_string()
}

fn hudi(key: &str, value: &str) -> String {
    let map = serde_json::json!({ key: value }).to_string();
    serde_json::json!({
        "operationType": "UPSERT",
        "extraMetadata": { "schema": "{}", "_hudi_streaming_sink_checkpoint": map },
    })
    .to_string()
}

const LINE: &str = "v1\n{\"path\":\"s3://bucket/bronze/orders/part-0.json\",\"size\":5,\"isDir\":false,\"modificationTime\":1,\"blockReplication\":1,\"blockSize\":33554432,\"action\":\"add\"}";

#[test]
fn each_kind_is_known_by_its_log() {
    let table = iceberg(&[(QUERY, 4)]);
    let commit = delta(QUERY, 4);
    for (files, kind, by) in [
        (vec![], None, ""),
        (
            vec![("dt=2025-01-15/part-0.parquet", "x")],
            Some(SinkKind::PlainFiles),
            "dt=2025-01-15/part-0.parquet",
        ),
        // Hadoop's markers are no files.
        (
            vec![("dt=2025-01-15_$folder$", ""), ("dt=1/", "")],
            None,
            "",
        ),
        (
            vec![("_spark_metadata/0", LINE), ("part-0.json", "x")],
            Some(SinkKind::FileSink),
            "_spark_metadata/0",
        ),
        (
            vec![("_delta_log/00000000000000000000.json", commit.as_str())],
            Some(SinkKind::Delta),
            "_delta_log/00000000000000000000.json",
        ),
        (
            vec![
                ("metadata/v1.metadata.json", table.as_str()),
                ("metadata/v2.metadata.json", table.as_str()),
                ("metadata/version-hint.text", "1"),
            ],
            Some(SinkKind::Iceberg),
            "metadata/v2.metadata.json",
        ),
        (
            vec![(
                "metadata/00010-8a14161c-65ad-45fc-b665-ec16dcbf647e.metadata.json",
                table.as_str(),
            )],
            Some(SinkKind::Iceberg),
            "metadata/00010-8a14161c-65ad-45fc-b665-ec16dcbf647e.metadata.json",
        ),
        // Anybody may call a folder so.
        (
            vec![("metadata/notes.json", "{}")],
            Some(SinkKind::PlainFiles),
            "metadata/notes.json",
        ),
        (
            vec![(".hoodie/hoodie.properties", "hoodie.table.name=orders")],
            Some(SinkKind::Hudi),
            ".hoodie/hoodie.properties",
        ),
    ] {
        let seen = seen(&files);
        assert_eq!(seen.kind(), kind, "{files:?}");
        let told = seen.found.map(|found| found.by).unwrap_or_default();
        assert_eq!(told, by);
    }
}

#[test]
fn of_two_logs_the_configured_one_is_in_use_and_the_other_is_said() {
    let commit = delta(QUERY, 4);
    let view = place(&[
        ("_delta_log/00000000000000000000.json", commit.as_str()),
        ("_spark_metadata/0", LINE),
    ]);
    for (configured, other) in [
        (SinkKind::FileSink, SinkKind::Delta),
        (SinkKind::Delta, SinkKind::FileSink),
        (SinkKind::PlainFiles, SinkKind::FileSink),
    ] {
        let found = SinkSeen::of(&view, configured).found.unwrap();
        assert_eq!(found.beside, [other], "{configured:?}");
    }
}

#[test]
fn the_newest_batch_of_this_query_is_found_in_each_log() {
    let (first, second) = (delta(QUERY, 3), delta(OTHER, 900));
    let third = delta(QUERY, 12);
    let table = iceberg(&[(QUERY, 3), (OTHER, 900), (QUERY, 12), (OTHER, 901)]);
    let (old_hudi, hudi) = (
        hudi("12", "application_1-5b0c"),
        hudi("default_single_writer", "12"),
    );
    let compacted =
        "{\"operationType\":\"COMPACT\",\"extraMetadata\":{\"schema\":\"{}\"}}";
    for (files, whose) in [
        (
            vec![
                ("_spark_metadata/9.compact", LINE),
                ("_spark_metadata/12", LINE),
                ("_spark_metadata/10", LINE),
                ("_spark_metadata/11", LINE),
            ],
            Whose::AnyQuery,
        ),
        (
            vec![
                ("_delta_log/00000000000000000000.json", first.as_str()),
                ("_delta_log/00000000000000000001.json", third.as_str()),
                ("_delta_log/00000000000000000002.json", second.as_str()),
                ("_delta_log/00000000000000000002.checkpoint.parquet", "PAR1"),
            ],
            Whose::ThisQuery,
        ),
        (
            vec![("metadata/v4.metadata.json", table.as_str())],
            Whose::ThisQuery,
        ),
        (
            vec![
                (".hoodie/hoodie.properties", ""),
                (".hoodie/20250115000000000.commit", old_hudi.as_str()),
            ],
            Whose::AnyQuery,
        ),
        (
            vec![
                (".hoodie/hoodie.properties", ""),
                (".hoodie/20250115000000000.deltacommit", hudi.as_str()),
                (".hoodie/20250115000100000.commit", compacted),
                (".hoodie/20250115000200000.deltacommit.inflight", ""),
            ],
            Whose::AnyQuery,
        ),
    ] {
        let seen = seen(&files).beside(&checkpoint(13, false));
        let newest = seen.newest_of_this_query().expect("a memory");
        assert_eq!((newest.batch, newest.whose), (12, whose), "{files:?}");
        assert_eq!(seen.unread, None, "{files:?}");
        assert_eq!(ids(&seen), [], "13 is not in the sink");
    }
}

#[test]
fn a_batch_that_the_sink_has_is_dropped_with_new_offsets_and_not_when_run_again() {
    let commit = delta(QUERY, 12);
    let table = iceberg(&[(QUERY, 12)]);
    for (files, id) in [
        (
            vec![
                ("_spark_metadata/9.compact", LINE),
                ("_spark_metadata/10", LINE),
                ("_spark_metadata/11", LINE),
                ("_spark_metadata/12", LINE),
            ],
            "C44",
        ),
        (
            vec![("_delta_log/00000000000000000000.json", commit.as_str())],
            "C46",
        ),
        (vec![("metadata/v1.metadata.json", table.as_str())], "C47"),
    ] {
        let view = place(&files);
        let beside = |batch, replay| {
            SinkSeen::of(&view, SinkKind::PlainFiles).beside(&checkpoint(batch, replay))
        };
        let rolled_back = beside(5, false);
        assert_eq!(ids(&rolled_back), [(id, Severity::Error)]);
        let message = &rolled_back.findings[0].message;
        assert!(message.contains("batches 5 to 12"), "{message}");
        // The same batch again is what the memory is for.
        assert_eq!(ids(&beside(12, true)), []);
        // Rightly dropped, and then 11 and 12 are not.
        let message = beside(10, true).findings[0].message.clone();
        assert!(message.contains("batches 11 to 12"), "{message}");
        assert_eq!(ids(&beside(13, false)), []);
    }
}

#[test]
fn a_gap_above_the_newest_compaction_is_found() {
    let log = |names: &[&str]| {
        let keys: Vec<String> = names
            .iter()
            .map(|n| format!("_spark_metadata/{n}"))
            .collect();
        let files: Vec<(&str, &str)> =
            keys.iter().map(|key| (key.as_str(), LINE)).collect();
        let seen = seen(&files);
        seen.findings.first().map(|f| f.message.clone())
    };
    assert_eq!(log(&["0", "1", "2"]), None);
    // What a compaction holds is deleted later.
    assert_eq!(log(&["3", "9.compact", "10", "11"]), None);
    assert_eq!(log(&["8", "9.compact", "19.compact", "20"]), None);
    for (names, missing) in [
        (&["0", "2"][..], "no batch 1,"),
        (&["1", "2"], "no batch 0,"),
        (&["9.compact", "10", "12", "13"], "no batch 11,"),
    ] {
        let message = log(names).unwrap();
        assert!(message.contains(missing), "{message}");
    }
    let torn = seen(&[("_spark_metadata/0", "v1\n{\"path\":")]);
    assert_eq!(ids(&torn), [("C45", Severity::Error)]);
    // A listing that was cut off may miss it for that reason.
    let mut cut = place(&[("_spark_metadata/0", LINE), ("_spark_metadata/2", LINE)]);
    cut.cut.insert(LogFolder::SparkMetadata);
    assert_eq!(ids(&SinkSeen::of(&cut, SinkKind::FileSink)), []);
}

#[test]
fn only_a_few_small_files_are_wanted() {
    let mut view = SinkView::new(PLACE);
    let list = |view: &mut SinkView, key: String, size| {
        let object = ListedObject {
            size,
            ..ListedObject::default()
        };
        view.listing.insert(key, object);
    };
    for n in 0..200 {
        list(&mut view, format!("_delta_log/{n:020}.json"), 1);
        list(&mut view, format!("_spark_metadata/{n}"), 1);
        list(&mut view, format!("metadata/v{n}.metadata.json"), 1);
        list(&mut view, format!(".hoodie/{n:017}.commit"), 1);
        list(&mut view, format!("part-{n}.parquet"), 1);
    }
    let wanted = view.wanted();
    assert_eq!(wanted.len(), 10 + 1 + 1 + 10);
    assert!(wanted.contains(&"_delta_log/00000000000000000199.json".to_owned()));
    assert!(wanted.contains(&"metadata/v199.metadata.json".to_owned()));
    list(
        &mut view,
        format!("_spark_metadata/{}", 200),
        FILE_BYTES_MAX + 1,
    );
    assert_eq!(view.wanted().len(), 10 + 1 + 10);
    assert_eq!(
        delta_list_after(b"{\"version\":120,\"size\":9}").as_deref(),
        Some("_delta_log/00000000000000000100")
    );
    assert_eq!(delta_list_after(b"{\"version\":3}"), None);
    assert_eq!(delta_list_after(b"\0"), None);
}
