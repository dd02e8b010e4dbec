//! The Kafka listener, driven by clients that are not ours: krafka, which is
//! written in Rust, and confluent-kafka, which is librdkafka. What no client
//! would send is sent by hand.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod by_hand;
mod by_krafka;
mod cluster;

use std::{path::PathBuf, process::Stdio};

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use cluster::Cluster;

#[tokio::test]
async fn confluent_kafka_reads_topics_offsets_and_settings() {
    let cluster = Cluster::start().await;
    let python = std::env::var_os("SLUICE_PY").map(PathBuf::from).expect(
        "SLUICE_PY names no Python: run the tests by ./dev test, or set it to a Python \
         that has the packages of dev.d/requirements.txt",
    );
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/kafka/confluent.py");
    let topic = cluster.topics.topic("orders_events").unwrap();
    let output = tokio::process::Command::new(python)
        .arg(script)
        .arg(cluster.bootstrap())
        .arg(STANDARD_NO_PAD.encode(topic.id))
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    assert!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
}
