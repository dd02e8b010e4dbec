//! The whole sandbox, opened and closed as `sluice sandbox` does it.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use aws_sdk_s3::config::{Credentials, Region};
use sandbox::oidc::Client;
use sandbox::{Config, Sandbox, StartError, iam, wire};

fn config(data_dir: &Path, ip: [u8; 4]) -> Config {
    let any = SocketAddr::from((ip, 0));
    Config {
        data_dir: data_dir.to_owned(),
        bare: false,
        time_factor: 60,
        seed: 1,
        aws_addr: any,
        kafka_addr: any,
        console_addr: any,
        oidc_addr: any,
        client: Client {
            id: "sluice".to_owned(),
            secret: "secret".to_owned(),
            redirect_uris: vec!["http://localhost:3000/auth/callback".to_owned()],
            post_logout_redirect_uris: Vec::new(),
        },
        sluice_url: None,
    }
}

async fn text(url: String) -> String {
    let answer = reqwest::get(&url).await.expect("an answer");
    assert!(answer.status().is_success(), "{url}: {}", answer.status());
    answer.text().await.expect("a body")
}

/// The keys of the stuck stream's checkpoint, by the front door.
async fn checkpoint(sandbox: &Sandbox) -> Vec<String> {
    let key = iam::SLUICE;
    let config = aws_sdk_s3::config::Builder::new()
        .behavior_version_latest()
        .endpoint_url(sandbox.aws_url())
        .region(Region::new(wire::REGION))
        .credentials_provider(Credentials::new(key.id, key.secret, None, None, "test"))
        .build();
    let page = aws_sdk_s3::Client::from_conf(config)
        .list_objects_v2()
        .bucket("bucket")
        .prefix("_checkpoints/streaming/orders/")
        .send()
        .await
        .expect("a listing");
    let keys = page.contents().iter();
    keys.map(|one| one.key().expect("a key").to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sandbox_starts_stops_and_starts_anew_on_its_directory() {
    let directory = tempfile::tempdir().expect("a directory");
    let first = Sandbox::start(config(directory.path(), [127, 0, 0, 1])).await;
    let first = first.expect("a sandbox");
    let metadata = "_checkpoints/streaming/orders/metadata";
    let before = checkpoint(&first).await;
    assert!(before.iter().any(|key| key == metadata), "{before:?}");
    let discovery = format!("{}/.well-known/openid-configuration", first.issuer());
    assert!(text(discovery).await.contains(first.issuer()));
    assert!(text(first.console_url()).await.contains("orders"));
    let brokers = first.msk.cluster().bootstrap_brokers;
    assert_eq!(brokers, first.kafka_address().to_string());
    let file = first.world.store.bucket_directory("bucket").join(metadata);
    std::fs::remove_file(&file).expect("removed by hand");
    let closed = first.aws_url();
    first.stop().await;
    reqwest::get(closed).await.expect_err("the port is closed");

    let second = Sandbox::start(config(directory.path(), [127, 0, 0, 1])).await;
    let second = second.expect("a sandbox");
    let after = checkpoint(&second).await;
    assert!(after.iter().any(|key| key == metadata), "{after:?}");
    second.stop().await;
}

#[tokio::test]
async fn an_address_that_others_reach_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let refused = Sandbox::start(config(directory.path(), [0, 0, 0, 0])).await;
    let refused = refused.err().expect("refused");
    assert!(matches!(refused, StartError::NotLoopback(_)), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bare_sandbox_has_no_streams_and_its_job_is_run_by_who_asks_for_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let bare = Config {
        bare: true,
        ..config(directory.path(), [127, 0, 0, 1])
    };
    let sandbox = Sandbox::start(bare).await.expect("a sandbox");
    sandbox.world.reset().await.expect("a reset");
    assert!(sandbox.world.streams().is_empty());
    assert_eq!(checkpoint(&sandbox).await, [""; 0]);
    let bucket = sandbox.world.store.bucket_directory("bucket");
    std::fs::create_dir_all(bucket.join("jobs")).expect("a folder");
    let script = format!("{}\n", sandbox::job::OUTSIDE_MARK);
    std::fs::write(bucket.join("jobs/mine.py"), script).expect("a script");

    let console = sandbox.console_url();
    let body = serde_json::json!({
        "application": "00fstreaming0709",
        "body": {
            "executionRoleArn": "arn:aws:iam::123456789012:role/mine",
            "jobDriver": { "sparkSubmit": { "entryPoint": "s3://bucket/jobs/mine.py" } },
        },
    });
    let submit = post(&format!("{console}/api/levers/submit"), &body).await;
    assert_eq!(submit, 200);
    let looked = tokio::time::timeout(Duration::from_secs(60), async {
        loop {
            let told = text(format!("{console}/api/outside")).await;
            let told: serde_json::Value = serde_json::from_str(&told).expect("JSON");
            if let Some(driver) = told["drivers"].get(0) {
                return driver.clone();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let driver = looked.await.expect("the driver is to run");
    assert_eq!(driver["entry_point"], "s3://bucket/jobs/mine.py");
    let run = driver["job_run_id"].as_str().expect("a job run");
    let at = |what: &str| format!("{console}/api/outside/{run}/1/{what}");
    let lines = serde_json::json!({ "lines": ["read 3"] });
    assert_eq!(post(&at("log"), &lines).await, 204);
    let end = serde_json::json!({ "exceptions": [] });
    assert_eq!(post(&at("end"), &end).await, 204);
    assert_eq!(post(&at("end"), &end).await, 404);
    sandbox.stop().await;
}

async fn post(url: &str, body: &serde_json::Value) -> u16 {
    let request = reqwest::Client::new().post(url);
    let request = request.header("content-type", "application/json");
    let answer = request.body(body.to_string()).send().await;
    answer.expect("an answer").status().as_u16()
}
