//! State files that the newest commit names.

use super::*;
use crate::checkpoint::state::pack;

/// Batches 3 to 6 committed, so that the next one loads version 7: partition 0
/// by its changelog, which builds on the archive of version 5, partition 1 by
/// its archive.
fn named() -> CheckpointView {
    let mut view = whole();
    let text = "v2\n{\"nextBatchWatermarkMs\":0,\"stateUniqueIds\":\
                {\"0\":[[\"aaaa\"],[\"bbbb\"]]}}";
    commit(&mut view, 6, text);
    for batch in 3..6 {
        commit(&mut view, batch, "v2\n{\"nextBatchWatermarkMs\":0}");
    }
    view.read(
        "state/0/0/7_aaaa.changelog",
        changelog(&[(5, "a5"), (6, "a6")]),
    );
    view.read("state/0/0/6_a6.changelog", changelog(&[(5, "a5")]));
    view.list("state/0/0/5_a5.zip", object());
    // Of an attempt that was given up.
    view.list("state/0/0/6_zz.zip", object());
    view.list("state/0/1/7_bbbb.zip", object());
    view
}

fn object() -> ListedObject {
    ListedObject {
        size: 46,
        ..ListedObject::default()
    }
}

/// Of version 3, without records.
fn changelog(lineage: &[(i64, &str)]) -> Vec<u8> {
    let items: Vec<String> = lineage
        .iter()
        .map(|(version, id)| {
            format!("{{\"version\":{version},\"checkpointUniqueId\":\"{id}\"}}")
        })
        .collect();
    let lineage = format!("[{}]", items.join(","));
    let mut out = b"\0\x02v3".to_vec();
    out.extend_from_slice(&u16::try_from(lineage.len()).unwrap().to_be_bytes());
    out.extend_from_slice(lineage.as_bytes());
    out.extend_from_slice(&(-1_i32).to_be_bytes());
    pack(&out)
}

fn stateful() -> QueryShape {
    QueryShape {
        state_checkpoint_format: 2,
        ..QueryShape::stateful(1)
    }
}

fn judged(view: &CheckpointView) -> Vec<Finding> {
    examine(view, SparkLine::V4_0, &stateful())
}

fn c18(view: &CheckpointView) -> Option<String> {
    let findings = judged(view);
    assert!(findings.iter().any(|f| f.severity == Severity::Error));
    one(&findings, "C18").path.clone()
}

#[test]
fn a_version_is_put_together_from_what_its_changelog_builds_on() {
    let findings = judged(&named());
    assert!(
        findings.iter().all(|f| f.severity == Severity::Info),
        "{findings:?}"
    );
    // Both archives were not read; the attempt that was given up is not asked for.
    assert_eq!(one(&findings, "L01").value.as_deref(), Some("2"));
}

#[test]
fn a_file_that_a_commit_or_a_lineage_names_must_be_there() {
    for (missing, told) in [
        ("state/0/1/7_bbbb.zip", "state/0/1/7_bbbb.changelog"),
        ("state/0/0/7_aaaa.changelog", "state/0/0/7_aaaa.changelog"),
        ("state/0/0/6_a6.changelog", "state/0/0/6_a6.changelog"),
    ] {
        let mut view = named();
        remove(&mut view, missing);
        assert_eq!(c18(&view).as_deref(), Some(told), "{missing}");
    }
}

#[test]
fn a_lineage_without_an_archive_must_begin_with_version_1() {
    let mut view = named();
    remove(&mut view, "state/0/0/5_a5.zip");
    let findings = judged(&view);
    let finding = one(&findings, "C18");
    assert!(
        finding.message.contains("base snapshot"),
        "{}",
        finding.message
    );
    // From version 1 on no archive is needed.
    let whole: Vec<(i64, String)> = (1..7).map(|v| (v, format!("a{v}"))).collect();
    let lineage = |upto: usize| -> Vec<(i64, &str)> {
        let items = whole[..upto].iter();
        items.map(|(version, id)| (*version, id.as_str())).collect()
    };
    put_bytes(
        &mut view,
        "state/0/0/7_aaaa.changelog",
        changelog(&lineage(6)),
    );
    for (version, id) in &whole {
        let upto = usize::try_from(*version).unwrap() - 1;
        let key = format!("state/0/0/{version}_{id}.changelog");
        put_bytes(&mut view, &key, changelog(&lineage(upto)));
    }
    assert!(judged(&view).iter().all(|f| f.severity == Severity::Info));
}

fn put_bytes(view: &mut CheckpointView, key: &str, bytes: Vec<u8>) {
    remove(view, key);
    view.read(key, bytes);
}

#[test]
fn a_commit_that_names_nothing_leaves_names_that_spark_cannot_read() {
    let mut view = named();
    commit(&mut view, 6, "v2\n{\"nextBatchWatermarkMs\":0}");
    assert_eq!(c18(&view).as_deref(), Some("commits/6"));
    // Without an archive there is no name to be read, and nothing to be loaded.
    view.listing.retain(|key, _| !key.ends_with(".zip"));
    assert_eq!(c18(&view).as_deref(), Some("state/0/0/7.changelog"));
}

#[test]
fn the_ids_are_those_of_the_newest_commit_whatever_batch_is_next() {
    let mut view = named();
    remove(&mut view, "commits/6");
    let text = "v2\n{\"nextBatchWatermarkMs\":0,\"stateUniqueIds\":{\"0\":[[\"a6\"]]}}";
    commit(&mut view, 5, text);
    assert!(judged(&view).iter().all(|f| f.severity == Severity::Info));
}

#[test]
fn a_changelog_that_is_cut_off_is_told() {
    let mut view = named();
    let mut bytes = changelog(&[(5, "a5")]);
    bytes.truncate(bytes.len() - 30);
    put_bytes(&mut view, "state/0/0/6_a6.changelog", bytes);
    let findings = judged(&view);
    let path = one(&findings, "C34").path.as_deref();
    assert_eq!(path, Some("state/0/0/6_a6.changelog"));
}
