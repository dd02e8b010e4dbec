//! The SDK that the product uses, against a fresh front door.

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Builder, Credentials, Region, retry::RetryConfig};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use sandbox::iam::{self, StaticKey};

use crate::door::{BUCKET, Door};

pub(crate) fn client_with(door: &Door, credentials: Credentials) -> Client {
    let config = Builder::new()
        .behavior_version_latest()
        .endpoint_url(door.door.endpoint_url())
        .region(Region::new(sandbox::wire::REGION))
        .credentials_provider(credentials)
        .retry_config(RetryConfig::disabled())
        .build();
    Client::from_conf(config)
}

pub(crate) fn client_of(door: &Door, key: StaticKey) -> Client {
    let credentials = Credentials::new(key.id, key.secret, None, None, "test");
    client_with(door, credentials)
}

pub(crate) async fn start() -> (Door, Client) {
    let door = Door::open().await;
    let client = client_of(&door, iam::SLUICE);
    (door, client)
}

pub(crate) async fn put(client: &Client, key: &str, body: &[u8]) -> String {
    let output = client
        .put_object()
        .bucket(BUCKET)
        .key(key)
        .body(ByteStream::from(body.to_vec()))
        .send()
        .await
        .unwrap_or_else(|error| panic!("{key:?} is not put: {error:?}"));
    unquoted(output.e_tag())
}

pub(crate) async fn get(client: &Client, key: &str) -> Vec<u8> {
    let output = client
        .get_object()
        .bucket(BUCKET)
        .key(key)
        .send()
        .await
        .unwrap_or_else(|error| panic!("{key:?} is not got: {error:?}"));
    let body = output.body.collect().await.expect("a body");
    body.into_bytes().to_vec()
}

pub(crate) async fn etag(client: &Client, key: &str) -> Option<String> {
    let head = client.head_object().bucket(BUCKET).key(key).send().await;
    head.ok().map(|head| unquoted(head.e_tag()))
}

pub(crate) fn unquoted(etag: Option<&str>) -> String {
    etag.expect("an ETag").trim_matches('"').to_owned()
}

/// The code of a refusal.
pub(crate) fn code<T: std::fmt::Debug, E>(result: Result<T, SdkError<E>>) -> String
where
    E: ProvideErrorMetadata + std::fmt::Debug,
{
    let error = result.expect_err("refused");
    match error.code() {
        Some(code) => code.to_owned(),
        None => panic!("no code in {error:?}"),
    }
}

/// Every key of the bucket under a prefix, page by page.
pub(crate) async fn keys(client: &Client, prefix: &str) -> Vec<String> {
    let mut keys = Vec::new();
    let mut token = None;
    loop {
        let page = client
            .list_objects_v2()
            .bucket(BUCKET)
            .prefix(prefix)
            .set_continuation_token(token)
            .send()
            .await
            .expect("a page");
        keys.extend(
            page.contents()
                .iter()
                .map(|one| one.key().expect("key").to_owned()),
        );
        token = page.next_continuation_token().map(str::to_owned);
        assert_eq!(page.is_truncated(), Some(token.is_some()));
        if token.is_none() {
            return keys;
        }
    }
}
