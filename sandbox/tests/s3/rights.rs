//! Who may do what, and the record of it.

use aws_sdk_s3::config::{Credentials, Region};
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use sandbox::iam;
use sandbox::record::{Effect, Outcome, Query};

use crate::client::{client_with, code, get, put, start};
use crate::door::BUCKET;

#[tokio::test]
async fn another_account_is_refused() {
    let (door, client) = start().await;
    put(&client, "k", b"x").await;
    let foreign = client
        .get_object()
        .bucket(BUCKET)
        .key("k")
        .expected_bucket_owner("999999999999")
        .send()
        .await;
    assert_eq!(code(foreign), "AccessDenied");
    let own = client
        .get_object()
        .bucket(BUCKET)
        .key("k")
        .expected_bucket_owner(sandbox::wire::ACCOUNT)
        .send()
        .await;
    own.expect("the right account");
    let stranger = Credentials::new("AKIANOBODYKNOWSTHIS0", "x", None, None, "test");
    let stranger = client_with(&door, stranger);
    let unknown = stranger.list_buckets().send().await;
    assert_eq!(code(unknown), "InvalidAccessKeyId");
    let wrong = Credentials::new(iam::SLUICE.id, "wrong", None, None, "test");
    let wrong = client_with(&door, wrong).list_buckets().send().await;
    assert_eq!(code(wrong), "SignatureDoesNotMatch");
}

#[tokio::test]
async fn the_record_tells_who_did_what_under_which_condition() {
    let (door, client) = start().await;
    let before = door.shared.record.last_seq();
    let etag = put(&client, "a/k", b"x").await;
    let wrong = client
        .delete_object()
        .bucket(BUCKET)
        .key("a/k")
        .if_match("abc")
        .send()
        .await;
    wrong.expect_err("refused");
    client
        .delete_object()
        .bucket(BUCKET)
        .key("a/k")
        .if_match(&etag)
        .send()
        .await
        .expect("deleted");
    let changes = door.shared.record.query(&Query {
        after_seq: Some(before),
        effect: Some(Effect::Change),
        key_prefix: Some("a/".to_owned()),
        principal: Some("user/sluice".to_owned()),
        ..Query::default()
    });
    let told: Vec<_> = changes
        .iter()
        .map(|entry| {
            let target = entry.call.s3.as_ref().expect("an object");
            let call = &entry.call;
            (
                call.action.as_str(),
                target.etag.as_deref(),
                target.condition.as_deref(),
            )
        })
        .collect();
    let tag = Some(etag.as_str());
    let right = format!("If-Match: \"{etag}\"");
    assert_eq!(
        told,
        [
            ("PutObject", tag, None),
            ("DeleteObject", tag, Some("If-Match: \"abc\"")),
            ("DeleteObject", tag, Some(right.as_str())),
        ]
    );
    let refused = Outcome::Refused("PreconditionFailed".to_owned());
    assert_eq!(changes[1].call.outcome, refused);
}

#[tokio::test]
async fn a_session_may_do_what_its_role_may() {
    let (door, client) = start().await;
    put(&client, "k", b"x").await;
    let config = aws_sdk_sts::config::Builder::new()
        .behavior_version_latest()
        .endpoint_url(door.door.endpoint_url())
        .region(Region::new(sandbox::wire::REGION))
        .credentials_provider(Credentials::new(
            iam::SLUICE.id,
            iam::SLUICE.secret,
            None,
            None,
            "test",
        ))
        .build();
    let sts = aws_sdk_sts::Client::from_conf(config);
    let role =
        |name: &str| format!("arn:aws:iam::{}:role/{name}", sandbox::wire::ACCOUNT);
    let session = sts
        .assume_role()
        .role_arn(role(iam::OBSERVER_ROLE))
        .role_session_name("look")
        .send()
        .await
        .expect("a session");
    let given = session.credentials().expect("credentials");
    let credentials = Credentials::new(
        given.access_key_id(),
        given.secret_access_key(),
        Some(given.session_token().to_owned()),
        None,
        "test",
    );
    let observer = client_with(&door, credentials);
    assert_eq!(get(&observer, "k").await, b"x");
    let delete = observer
        .delete_object()
        .bucket(BUCKET)
        .key("k")
        .send()
        .await;
    assert_eq!(code(delete), "AccessDenied");
    let put = observer.put_object().bucket(BUCKET).key("k").send().await;
    assert_eq!(code(put), "AccessDenied");
    let many = Delete::builder()
        .objects(ObjectIdentifier::builder().key("k").build().expect("one"))
        .build()
        .expect("a delete");
    let many = observer
        .delete_objects()
        .bucket(BUCKET)
        .delete(many)
        .send()
        .await;
    assert_eq!(
        many.expect("an answer").errors()[0].code(),
        Some("AccessDenied")
    );
    let tokenless = client_with(
        &door,
        Credentials::new(
            given.access_key_id(),
            given.secret_access_key(),
            None,
            None,
            "t",
        ),
    );
    assert_eq!(code(tokenless.list_buckets().send().await), "InvalidToken");
    let denied = door.shared.record.query(&Query {
        principal: Some("assumed-role/SluiceObserver/look".to_owned()),
        effect: Some(Effect::Change),
        ..Query::default()
    });
    let denied: Vec<_> = denied
        .iter()
        .map(|entry| (entry.call.action.as_str(), &entry.call.outcome))
        .collect();
    let refusal = Outcome::Refused("AccessDenied".to_owned());
    let wanted = ["DeleteObject", "PutObject", "DeleteObjects"];
    assert_eq!(denied, wanted.map(|action| (action, &refusal)));
    let identity = format!("role/{}", iam::OBSERVER_ROLE);
    assert_eq!(door.shared.keys.expire_sessions(&identity), 1);
    let expired = observer.get_object().bucket(BUCKET).key("k").send().await;
    assert_eq!(code(expired), "ExpiredToken");
    let untrusted = sts
        .assume_role()
        .role_arn(role(iam::JOB_ROLE))
        .role_session_name("look")
        .send()
        .await;
    let untrusted = untrusted.expect_err("the role trusts EMR only");
    assert_eq!(untrusted.code(), Some("AccessDenied"));
}
