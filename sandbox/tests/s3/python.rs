//! boto3 and the AWS CLI.
//!
//! The clients come from a Python environment that `./dev` sets up; `SLUICE_PY` names
//! its interpreter. Each script under `wire/` is one test and asserts by itself.

use std::path::Path;

use sandbox::iam;
use sandbox::record::{Effect, Query};

use crate::door::Door;

/// Runs a script against a fresh front door, as the engineer on call.
async fn run(script: &str) -> Door {
    let python = std::env::var("SLUICE_PY").unwrap_or_else(|_| {
        panic!(
            "SLUICE_PY is not set: it names the interpreter of the Python environment \
             with boto3 and the AWS CLI, which `./dev test` sets up"
        )
    });
    let door = Door::open().await;
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/wire")
        .join(script);
    let output = tokio::process::Command::new(&python)
        .arg(&path)
        .env("AWS_ENDPOINT_URL", door.door.endpoint_url())
        .env("AWS_ACCESS_KEY_ID", iam::ONCALL.id)
        .env("AWS_SECRET_ACCESS_KEY", iam::ONCALL.secret)
        .env("AWS_DEFAULT_REGION", sandbox::wire::REGION)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("AWS_PAGER", "")
        .env("NO_PROXY", "127.0.0.1")
        .output()
        .await
        .unwrap_or_else(|error| panic!("{python} cannot be run: {error}"));
    assert!(
        output.status.success(),
        "{script} failed\n{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    door
}

#[tokio::test(flavor = "multi_thread")]
async fn boto3_finds_s3_as_it_knows_it() {
    run("boto3_s3.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn boto3_finds_roles_policies_and_the_cluster() {
    run("boto3_identity.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_finds_s3_as_it_knows_it() {
    let door = run("cli.py").await;
    let changes = door.shared.record.query(&Query {
        principal: Some("user/oncall".to_owned()),
        effect: Some(Effect::Change),
        ..Query::default()
    });
    assert!(!changes.is_empty(), "the record has what the engineer did");
}
