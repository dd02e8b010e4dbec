//! What can be switched on to go wrong.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use sandbox::faults::{FaultKind, When};

use crate::client::{code, etag, get, put, start, unquoted};
use crate::door::BUCKET;

#[tokio::test]
async fn faults_strike_as_they_are_set() {
    let (door, client) = start().await;
    put(&client, "k", b"0123456789").await;
    let get = || client.get_object().bucket(BUCKET).key("k").send();
    door.fault("GetObject", FaultKind::Throttle, When::Times(1));
    assert_eq!(code(get().await), "SlowDown");
    get().await.expect("once only");
    door.fault("GetObject", FaultKind::CutBefore, When::Times(1));
    let error = get().await.expect_err("cut");
    assert!(error.raw_response().is_none(), "{error:?}");
    door.fault("GetObject", FaultKind::CutBody, When::Times(1));
    let half = get().await.expect("headers");
    half.body.collect().await.expect_err("the body breaks off");
    door.fault("ListObjectsV2", FaultKind::BrokenXml, When::Times(1));
    // The SDK takes XML that breaks off for a shorter answer: whoever lists has to see
    // by itself that a key is missing.
    if let Ok(page) = client.list_objects_v2().bucket(BUCKET).send().await {
        assert!(
            page.contents().iter().all(|one| one.key().is_none()),
            "{page:?}"
        );
    }
    let lost = door.fault("ListObjectsV2", FaultKind::ListWithoutToken, When::Always);
    let page = client
        .list_objects_v2()
        .bucket(BUCKET)
        .send()
        .await
        .expect("a page");
    assert_eq!(page.is_truncated(), Some(true));
    assert_eq!(page.next_continuation_token(), None);
    assert!(door.shared.faults.clear(lost));
}

#[tokio::test]
async fn a_write_can_be_done_and_its_answer_lost() {
    let (door, client) = start().await;
    door.fault("PutObject", FaultKind::CutAfter, When::Times(1));
    let put = client
        .put_object()
        .bucket(BUCKET)
        .key("k")
        .body(ByteStream::from_static(b"x"))
        .send()
        .await;
    put.expect_err("no answer");
    assert_eq!(get(&client, "k").await, b"x");
}

#[tokio::test]
async fn copies_can_go_wrong_in_every_listed_way() {
    let (door, client) = start().await;
    let source = put(&client, "from", b"0123456789").await;
    let copy = || {
        client
            .copy_object()
            .copy_source(format!("{BUCKET}/from"))
            .bucket(BUCKET)
            .key("to")
            .if_none_match("*")
            .send()
    };
    let inside = FaultKind::ErrorInside200 {
        code: "InternalError".to_owned(),
    };
    door.fault("CopyObject", inside, When::Times(1));
    assert_eq!(code(copy().await), "InternalError");
    door.fault("CopyObject", FaultKind::CopyMissing, When::Times(1));
    let said = copy().await.expect("it says so");
    let said = unquoted(said.copy_object_result().expect("a result").e_tag());
    assert_eq!(said, source);
    assert_eq!(etag(&client, "to").await, None);
    door.fault("CopyObject", FaultKind::WrongBytesOnCopy, When::Times(1));
    copy().await.expect("copied");
    let copied = get(&client, "to").await;
    assert_eq!(copied.len(), 10);
    assert_ne!(copied, b"0123456789");
    door.fault("CopyObject", FaultKind::IgnoreConditions, When::Times(1));
    copy().await.expect("the condition is ignored");
    let one = FaultKind::DeleteKeyError {
        code: "AccessDenied".to_owned(),
    };
    door.fault("DeleteObjects", one, When::Times(1));
    let keys = ["from", "to"]
        .map(|key| ObjectIdentifier::builder().key(key).build().expect("one"));
    let delete = Delete::builder().set_objects(Some(keys.to_vec())).build();
    let answer = client
        .delete_objects()
        .bucket(BUCKET)
        .delete(delete.expect("a delete"))
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.errors()[0].code(), Some("AccessDenied"));
    assert_eq!(answer.deleted().len(), 1);
}
