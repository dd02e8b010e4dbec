//! Checkpoints in the sandbox's S3, and what Kafka says of them.

use std::ffi::OsStr;
use std::net::TcpListener;
use std::process::Command;

use sandbox::iam::ONCALL;
use sandbox::record::{Effect, Query};
use sandbox::streams::BUCKET;
use sandbox::wire::REGION;
use tests::Ground;

use crate::recorded::all;
use crate::tool::{self, Said, command};

fn on_s3(ground: &Ground, prefix: &str, more: &[&str]) -> Command {
    let mut call = command(format!("s3://{BUCKET}/{prefix}"), more);
    call.env("AWS_ENDPOINT_URL", ground.sandbox.aws_url())
        .env("AWS_REGION", REGION)
        .env("AWS_ACCESS_KEY_ID", ONCALL.id)
        .env("AWS_SECRET_ACCESS_KEY", ONCALL.secret);
    call
}

async fn ask(call: Command) -> Said {
    tokio::task::spawn_blocking(move || tool::ask(call))
        .await
        .expect("a call does not panic")
}

fn texts(options: &[String]) -> Vec<&str> {
    options.iter().map(String::as_str).collect()
}

/// Every version and every kind of restart; each tenth of all.
#[tokio::test(flavor = "multi_thread")]
async fn recorded_restarts_are_foretold_from_s3_by_reads_alone() {
    let ground = Ground::new().await;
    let bucket = ground.bucket();
    let mut wrong = String::new();
    let mut count = 0;
    for restart in all().iter().step_by(10) {
        let prefix = format!("doctor/{}/", restart.name);
        for (key, bytes) in &restart.files {
            bucket.put(&format!("{prefix}{key}"), bytes);
        }
        let said = ask(on_s3(&ground, &prefix, &texts(&restart.options()))).await;
        if let Some(difference) = restart.differs(&said) {
            wrong.push_str(&format!("{}: {difference}\n", restart.name));
        }
        count += 1;
    }
    assert!(count > 90 && wrong.is_empty(), "of {count}:\n{wrong}");
    let calls = ground.sandbox.shared.record.query(&Query {
        principal: Some(format!("user/{}", ONCALL.user)),
        ..Query::default()
    });
    assert!(calls.len() > 2 * count, "the record has {} calls", calls.len());
    let other: Vec<_> = calls
        .iter()
        .filter(|entry| entry.call.effect != Effect::Read || entry.call.service != "s3")
        .collect();
    assert!(other.is_empty(), "{other:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn positions_are_compared_with_kafka() {
    let ground = Ground::new().await;
    let kafka = ground.sandbox.kafka_address().to_string();
    let orders = ground.orders();
    let topic = orders.topics[0].name;
    let prefix = "doctor/kafka/";
    let told = ["--spark", "3.5", "--sources", "1", "--stateful", "false"];
    let lay = |line: &str| {
        let bucket = ground.bucket();
        let id = r#"{"id":"5b0c4824-5d6d-4f9e-b1a4-0a53ef144619"}"#;
        for (key, text) in [
            ("metadata", id.to_owned()),
            ("offsets/0", format!("v1\n{{}}\n{line}")),
            ("commits/0", "v1\n{}".to_owned()),
        ] {
            bucket.put(&format!("{prefix}{key}"), text.as_bytes());
        }
    };
    let with_kafka = [&told[..], &["--kafka", &kafka]].concat();

    lay(&format!("{{\"{topic}\":{{\"0\":9000000000}}}}"));
    let said = ask(on_s3(&ground, prefix, &with_kafka)).await;
    assert_eq!(said.prognosis("outcome"), "starts", "{:#}", said.report);
    let ids = said.ids("error");
    assert!(ids.contains(&"C24"), "{:#}", said.report);
    assert_eq!(said.code, 1);
    let first = &said.report["kafka"]["partitions"][0];
    assert_eq!((&first["topic"], &first["next"]), (&topic.into(), &9_000_000_000_i64.into()));
    assert!(first["lag"].as_i64().is_some_and(|lag| lag < 0), "{first}");

    lay("{\"no-such-topic\":{\"0\":1}}");
    let said = ask(on_s3(&ground, prefix, &with_kafka)).await;
    assert!(said.ids("error").contains(&"C25"), "{:#}", said.report);

    // Nobody listens there any more.
    let closed = TcpListener::bind("127.0.0.1:0").expect("a port");
    let nowhere = closed.local_addr().expect("it has one").to_string();
    drop(closed);
    let call = on_s3(&ground, prefix, &[&told[..], &["--kafka", &nowhere]].concat());
    let said = ask(call).await;
    assert_eq!((said.code, said.prognosis("outcome")), (0, &"starts".into()));
    assert!(said.report["kafka"].is_null());
    assert!(said.limits().contains("what Kafka still has"), "{}", said.limits());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_s3_refuses_is_unread() {
    let ground = Ground::new().await;
    let wrong_bucket = {
        let mut call = command(OsStr::new("s3://no-such-bucket/x/"), &[]);
        call.env("AWS_ENDPOINT_URL", ground.sandbox.aws_url())
            .env("AWS_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", ONCALL.id)
            .env("AWS_SECRET_ACCESS_KEY", ONCALL.secret);
        call
    };
    let mut wrong_key = on_s3(&ground, "x/", &[]);
    wrong_key.env("AWS_SECRET_ACCESS_KEY", "another");
    let mut no_region = on_s3(&ground, "x/", &[]);
    no_region.env_remove("AWS_REGION");
    for (call, word) in [
        (wrong_bucket, "NoSuchBucket"),
        (wrong_key, "SignatureDoesNotMatch"),
        (no_region, "AWS_REGION"),
    ] {
        let said = ask(call).await;
        assert_eq!((said.code, said.prognosis("outcome")), (2, &"unknown".into()));
        let error = said.report["error"].as_str().unwrap_or_default();
        assert!(error.contains(word), "{error}");
    }
    // A prefix without anything is no error: that is how a query begins.
    let said = ask(on_s3(&ground, "doctor/nothing", &[])).await;
    assert_eq!((said.code, said.prognosis("outcome")), (0, &"starts_fresh".into()));
}
