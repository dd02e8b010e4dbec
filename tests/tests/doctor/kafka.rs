//! What Kafka says of a checkpoint's positions.

use std::fs::File;
use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, SystemTime};

use tests::Ground;

use crate::tool::{self, Said};

const TOLD: [&str; 6] = ["--spark", "3.5", "--sources", "1", "--stateful", "false"];
const DAY: Duration = Duration::from_secs(86_400);

/// A checkpoint of yesterday: a batch that was planned after Kafka was asked may
/// well be ahead of what it said.
fn lay(root: &Path, line: &str) {
    let id = r#"{"id":"5b0c4824-5d6d-4f9e-b1a4-0a53ef144619"}"#;
    for (key, text) in [
        ("metadata", id.to_owned()),
        ("offsets/0", format!("v1\n{{}}\n{line}")),
        ("commits/0", "v1\n{}".to_owned()),
    ] {
        let path = root.join(key);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(&path, text).expect("a file can be written");
        let file = File::options()
            .append(true)
            .open(&path)
            .expect("it is there");
        file.set_modified(SystemTime::now() - DAY)
            .expect("a file has a time");
    }
}

async fn ask(root: &Path, kafka: &str) -> Said {
    let root = root.to_owned();
    let kafka = kafka.to_owned();
    tokio::task::spawn_blocking(move || {
        tool::directory(&root, &[&TOLD[..], &["--kafka", &kafka]].concat())
    })
    .await
    .expect("a call does not panic")
}

#[tokio::test(flavor = "multi_thread")]
async fn positions_are_compared_with_kafka() {
    let ground = Ground::new().await;
    let kafka = ground.sandbox.kafka_address().to_string();
    let topic = ground.orders().topics[0].name;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path();

    lay(root, &format!("{{\"{topic}\":{{\"0\":9000000000}}}}"));
    let said = ask(root, &kafka).await;
    assert_eq!(said.prognosis("outcome"), "starts", "{:#}", said.report);
    // Ahead of the topic, and without its other partitions.
    let all = [said.ids("error"), said.ids("warning")].concat();
    assert!(
        all.contains(&"C24") && all.contains(&"C26"),
        "{:#}",
        said.report
    );
    assert_eq!(said.code, 1);
    let first = &said.report["kafka"]["partitions"][0];
    assert_eq!(first["topic"], topic);
    assert_eq!(first["next"], 9_000_000_000_i64);
    assert!(first["lag"].as_i64().is_some_and(|lag| lag < 0), "{first}");

    lay(root, "{\"no-such-topic\":{\"0\":1}}");
    let said = ask(root, &kafka).await;
    assert!(said.ids("error").contains(&"C25"), "{:#}", said.report);
    assert!(said.report["kafka"]["partitions"][0]["latest"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_kafka_limits_the_report_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    lay(folder.path(), "{\"orders\":{\"0\":1}}");
    // Nobody listens there any more.
    let closed = TcpListener::bind("127.0.0.1:0").expect("a port");
    let nowhere = closed.local_addr().expect("it has one").to_string();
    drop(closed);
    let said = ask(folder.path(), &nowhere).await;
    assert_eq!(
        (said.code, said.prognosis("outcome")),
        (0, &"starts".into())
    );
    assert!(said.report["kafka"].is_null());
    assert!(
        said.limits().contains("what Kafka still has"),
        "{}",
        said.limits()
    );
}
