//! The whole sandbox, opened and closed as `sluice sandbox` does it.

use std::net::SocketAddr;
use std::path::Path;

use aws_sdk_s3::config::{Credentials, Region};
use sandbox::oidc::Client;
use sandbox::{Config, Sandbox, StartError, iam, wire};

fn config(data_dir: &Path, ip: [u8; 4]) -> Config {
    let any = SocketAddr::from((ip, 0));
    Config {
        data_dir: data_dir.to_owned(),
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
