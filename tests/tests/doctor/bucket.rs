//! Checkpoints in the sandbox's S3.

use std::ffi::OsStr;
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
    assert!(
        calls.len() > 2 * count,
        "the record has {} calls",
        calls.len()
    );
    let other: Vec<_> = calls
        .iter()
        .filter(|entry| entry.call.effect != Effect::Read || entry.call.service != "s3")
        .collect();
    assert!(other.is_empty(), "{other:?}");
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
        assert_eq!(
            (said.code, said.prognosis("outcome")),
            (2, &"unknown".into())
        );
        let error = said.report["error"].as_str().unwrap_or_default();
        assert!(error.contains(word), "{error}");
    }
    // A prefix without anything is no error: that is how a query begins.
    let said = ask(on_s3(&ground, "doctor/nothing", &[])).await;
    assert_eq!(
        (said.code, said.prognosis("outcome")),
        (0, &"starts_fresh".into())
    );
}
