//! Pages of keys.

use crate::client::{code, keys, put, start};
use crate::door::BUCKET;

#[tokio::test]
async fn pages_hold_every_key_once_and_in_order() {
    let (door, client) = start().await;
    let by = sandbox::wire::Principal::user("test");
    let mut wanted = Vec::new();
    for at in 0..2500 {
        let odd = if at % 50 == 0 { "/odd" } else { "" };
        let key = format!("many/{}/{at:05}{odd}/x", at % 7);
        let meta = sandbox::s3::Meta::default();
        let any = sandbox::s3::Condition::default();
        door.store
            .put(&by, BUCKET, &key, b"x", meta, &any)
            .expect("put");
        wanted.push(key);
    }
    put(&client, "many", b"not under it").await;
    put(&client, "many2/x", b"nor this").await;
    wanted.sort_unstable();
    assert_eq!(keys(&client, "many/").await, wanted);
    let after = client
        .list_objects_v2()
        .bucket(BUCKET)
        .prefix("many/")
        .start_after(&wanted[1233])
        .max_keys(3)
        .send()
        .await
        .expect("a page");
    let found: Vec<_> = after
        .contents()
        .iter()
        .filter_map(|one| one.key())
        .collect();
    assert_eq!(found, wanted[1234..1237]);
    let wrong = client
        .list_objects_v2()
        .bucket(BUCKET)
        .continuation_token("nonsense")
        .send()
        .await;
    assert_eq!(code(wrong), "InvalidArgument");
}

#[tokio::test]
async fn keys_are_rolled_up_over_pages() {
    let (_door, client) = start().await;
    for key in ["a", "b/1", "b/2", "b-", "c/1/x", "c/2", "d//e", "d/"] {
        put(&client, key, b"").await;
    }
    let (mut found, mut token) = (Vec::new(), None);
    loop {
        let page = client
            .list_objects_v2()
            .bucket(BUCKET)
            .delimiter("/")
            .max_keys(1)
            .set_continuation_token(token)
            .send()
            .await
            .expect("a page");
        found.extend(
            page.contents()
                .iter()
                .map(|one| one.key().expect("k").to_owned()),
        );
        let groups = page.common_prefixes().iter();
        found.extend(groups.map(|one| one.prefix().expect("p").to_owned()));
        token = page.next_continuation_token().map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    assert_eq!(found, ["a", "b-", "b/", "c/", "d/"]);
    let (mut found, mut marker) = (Vec::new(), None);
    loop {
        let page = client
            .list_objects()
            .bucket(BUCKET)
            .delimiter("/")
            .max_keys(2)
            .set_marker(marker)
            .send()
            .await
            .expect("a page");
        found.extend(
            page.contents()
                .iter()
                .map(|one| one.key().expect("k").to_owned()),
        );
        let groups = page.common_prefixes().iter();
        found.extend(groups.map(|one| one.prefix().expect("p").to_owned()));
        marker = page.next_marker().map(str::to_owned);
        if marker.is_none() {
            break;
        }
    }
    assert_eq!(found, ["a", "b-", "b/", "c/", "d/"]);
}
