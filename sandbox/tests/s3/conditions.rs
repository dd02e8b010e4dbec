//! Writes, reads and deletes on a condition.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};

use crate::client::{code, etag, keys, put, start};
use crate::door::BUCKET;

#[tokio::test]
async fn writes_keep_their_conditions() {
    let (_door, client) = start().await;
    let put_if = |none: Option<&str>, matching: Option<&str>| {
        client
            .put_object()
            .bucket(BUCKET)
            .key("k")
            .set_if_none_match(none.map(str::to_owned))
            .set_if_match(matching.map(str::to_owned))
            .body(ByteStream::from_static(b"new"))
            .send()
    };
    assert_eq!(code(put_if(None, Some("\"abc\"")).await), "NoSuchKey");
    put_if(Some("*"), None).await.expect("absent");
    assert_eq!(code(put_if(Some("*"), None).await), "PreconditionFailed");
    assert_eq!(code(put_if(Some("\"abc\""), None).await), "NotImplemented");
    assert_eq!(
        code(put_if(None, Some("\"abc\"")).await),
        "PreconditionFailed"
    );
    let etag = etag(&client, "k").await.expect("an ETag");
    put_if(None, Some(&format!("\"{etag}\"")))
        .await
        .expect("matches");
}

#[tokio::test]
async fn reads_keep_their_conditions() {
    let (_door, client) = start().await;
    let etag = put(&client, "k", b"0123456789").await;
    let get = || client.get_object().bucket(BUCKET).key("k");
    get().if_match(&etag).send().await.expect("matches");
    let other = get().if_match("abc").send().await;
    assert_eq!(code(other), "PreconditionFailed");
    let unchanged = get().if_none_match(format!("\"{etag}\"")).send().await;
    let error = unchanged.expect_err("unchanged");
    assert_eq!(error.raw_response().expect("raw").status().as_u16(), 304);
    let part = get().range("bytes=2-4").send().await.expect("a range");
    assert_eq!(part.content_range(), Some("bytes 2-4/10"));
    assert_eq!(
        part.body.collect().await.expect("body").into_bytes(),
        "234"[..]
    );
    let tail = get().range("bytes=-3").send().await.expect("a range");
    assert_eq!(
        tail.body.collect().await.expect("body").into_bytes(),
        "789"[..]
    );
    assert_eq!(code(get().range("bytes=10-").send().await), "InvalidRange");
}

#[tokio::test]
async fn deletes_keep_their_conditions() {
    let (_door, client) = start().await;
    let etag = put(&client, "k", b"one").await;
    let delete = || client.delete_object().bucket(BUCKET).key("k");
    let wrong = delete().if_match("\"abc\"").send().await;
    assert_eq!(code(wrong), "PreconditionFailed");
    assert_eq!(keys(&client, "").await, ["k"]);
    delete().if_match(&etag).send().await.expect("deleted");
    assert!(keys(&client, "").await.is_empty());
    delete().send().await.expect("what is gone is gone");
    assert_eq!(code(delete().if_match(&etag).send().await), "NoSuchKey");
}

#[tokio::test]
async fn a_delete_of_many_judges_each_key_by_its_etag() {
    let (_door, client) = start().await;
    let mut identifiers = Vec::new();
    for at in 0..4 {
        let key = format!("k{at}");
        let etag = put(&client, &key, key.as_bytes()).await;
        let etag = if at == 2 { "0".repeat(32) } else { etag };
        identifiers.push(
            ObjectIdentifier::builder()
                .key(key)
                .e_tag(etag)
                .build()
                .expect("one"),
        );
    }
    let delete = Delete::builder()
        .set_objects(Some(identifiers))
        .build()
        .expect("a delete");
    let answer = client
        .delete_objects()
        .bucket(BUCKET)
        .delete(delete)
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.deleted().len(), 3);
    let error = &answer.errors()[0];
    assert_eq!(
        (error.key(), error.code()),
        (Some("k2"), Some("PreconditionFailed"))
    );
    assert_eq!(keys(&client, "").await, ["k2"]);
}
