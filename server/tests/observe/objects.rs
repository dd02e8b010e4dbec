//! S3: conditions, odd keys, listings that are whole or an error.

use domain::keyset::KeyEntry;
use sandbox::world::World;
use server::aws::{AwsErrorKind, DeleteOutcome, Deleted, Object, PutOn};
use sha2::Digest as _;

use crate::place::{BUCKET, Bare, stream};

fn sha256(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(sha2::Sha256::digest(bytes)))
}

pub(crate) fn entry(object: &Object) -> KeyEntry {
    KeyEntry {
        key: object.key.clone(),
        etag: object.etag.clone(),
        size: object.size,
    }
}

fn odd_keys() -> Vec<String> {
    let mut keys: Vec<String> = [
        "plain",
        "a b",
        "a+b",
        "a%2Fb",
        "100%",
        "x?versionId=1",
        "x&y=<z>'\"",
        "caf\u{e9}",
        "cafe\u{301}",
        "\u{1f600}",
        "//",
        "a//b",
        "..",
        "../up",
        "trailing ",
        "tab\tstop",
        "line\nfeed",
        "return\r",
        "bell\u{7}",
        "dir/",
        "x_$folder$",
        "#hash",
    ]
    .iter()
    .map(|name| format!("ck/orders/{name}"))
    .collect();
    keys.push(format!("ck/orders/{}", "long".repeat(240)));
    keys.sort_unstable();
    keys
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_keys_are_listed_copied_and_deleted_exactly() {
    let place = Bare::open().await;
    let s3 = place.eyes.s3();
    let keys = odd_keys();
    for key in &keys {
        s3.put(BUCKET, key, key.as_bytes().to_vec(), PutOn::Absent)
            .await
            .unwrap();
    }
    let neighbours = ["ck/orders2/a", "ck/orders_backup_1/a", "ck/orders"];
    for key in neighbours {
        s3.put(BUCKET, key, b"neighbour".to_vec(), PutOn::Absent)
            .await
            .unwrap();
    }
    let listed = s3.list(BUCKET, "ck/orders/").await.unwrap();
    let names: Vec<&String> = listed.iter().map(|o| &o.key).collect();
    assert_eq!(names, keys.iter().collect::<Vec<_>>());

    for object in &listed {
        let to = object.key.replacen("ck/orders/", "b/", 1);
        let copied = s3
            .copy(BUCKET, &object.key, &object.etag, BUCKET, &to)
            .await
            .unwrap();
        let expected = sha256(object.key.as_bytes());
        assert_eq!(copied.checksum, Some(expected.clone()), "{:?}", object.key);
        assert_eq!(
            s3.checksum(BUCKET, &to, &copied.etag).await.unwrap(),
            expected
        );
        let bytes = s3.get(BUCKET, &to, 5_000).await.unwrap().bytes;
        assert_eq!(bytes, object.key.as_bytes());
    }
    let copies = s3.list(BUCKET, "b/").await.unwrap();
    assert_eq!(copies.len(), keys.len());

    let entries: Vec<KeyEntry> = listed.iter().map(entry).collect();
    let deleted = s3.delete(BUCKET, &entries).await.unwrap();
    for (deleted, key) in deleted.iter().zip(&keys) {
        assert_eq!(
            *deleted,
            Deleted {
                key: key.clone(),
                outcome: DeleteOutcome::Gone
            }
        );
    }
    assert_eq!(s3.list(BUCKET, "ck/orders/").await.unwrap(), []);
    assert_eq!(s3.list(BUCKET, "b/").await.unwrap(), copies);
    for key in neighbours {
        assert!(s3.head(BUCKET, key).await.unwrap().is_some(), "{key}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_takes_effect_only_on_its_condition() {
    let place = Bare::open().await;
    let s3 = place.eyes.s3();
    let put = |body: &str, on| s3.put(BUCKET, "a", body.as_bytes().to_vec(), on);
    let refused = put("0", PutOn::Match("0123".to_owned())).await.unwrap_err();
    assert!(
        matches!(
            refused.kind,
            AwsErrorKind::PreconditionFailed | AwsErrorKind::NotFound
        ),
        "{refused:?}"
    );
    let first = put("1", PutOn::Absent).await.unwrap();
    for on in [PutOn::Absent, PutOn::Match("0123".to_owned())] {
        let refused = put("2", on).await.unwrap_err();
        assert_eq!(refused.kind, AwsErrorKind::PreconditionFailed);
        assert!(!refused.is_retryable());
    }
    assert_eq!(s3.get(BUCKET, "a", 10).await.unwrap().bytes, b"1");
    let second = put("2", PutOn::Match(first.clone())).await.unwrap();
    assert_ne!(first, second);
    assert_eq!(s3.head(BUCKET, "a").await.unwrap().unwrap().etag, second);
    put("3", PutOn::Always).await.unwrap();
    assert_eq!(s3.get(BUCKET, "a", 10).await.unwrap().bytes, b"3");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_is_of_the_source_that_was_listed_and_overwrites_nothing() {
    let place = Bare::open().await;
    let s3 = place.eyes.s3();
    let old = s3
        .put(BUCKET, "from", b"old".to_vec(), PutOn::Absent)
        .await
        .unwrap();
    s3.put(BUCKET, "from", b"new".to_vec(), PutOn::Always)
        .await
        .unwrap();
    let refused = s3
        .copy(BUCKET, "from", &old, BUCKET, "to")
        .await
        .unwrap_err();
    assert_eq!(refused.kind, AwsErrorKind::PreconditionFailed);
    assert_eq!(s3.head(BUCKET, "to").await.unwrap(), None);

    s3.put(BUCKET, "to", b"theirs".to_vec(), PutOn::Absent)
        .await
        .unwrap();
    let now = s3.head(BUCKET, "from").await.unwrap().unwrap().etag;
    let refused = s3
        .copy(BUCKET, "from", &now, BUCKET, "to")
        .await
        .unwrap_err();
    assert_eq!(refused.kind, AwsErrorKind::PreconditionFailed);
    assert_eq!(s3.get(BUCKET, "to", 10).await.unwrap().bytes, b"theirs");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_object_is_not_deleted_and_the_others_are() {
    let place = Bare::open().await;
    let s3 = place.eyes.s3();
    for key in ["a", "b", "c", "d\n"] {
        s3.put(BUCKET, key, b"1".to_vec(), PutOn::Absent)
            .await
            .unwrap();
    }
    let mut entries: Vec<KeyEntry> = s3
        .list(BUCKET, "")
        .await
        .unwrap()
        .iter()
        .map(entry)
        .collect();
    s3.put(BUCKET, "b", b"2".to_vec(), PutOn::Always)
        .await
        .unwrap();
    s3.put(BUCKET, "d\n", b"2".to_vec(), PutOn::Always)
        .await
        .unwrap();
    entries.push(KeyEntry {
        key: "never".to_owned(),
        etag: "00".to_owned(),
        size: 1,
    });
    let outcomes: Vec<DeleteOutcome> = s3
        .delete(BUCKET, &entries)
        .await
        .unwrap()
        .into_iter()
        .map(|d| d.outcome)
        .collect();
    use DeleteOutcome::{Changed, Gone};
    assert_eq!(outcomes, [Gone, Changed, Gone, Changed, Gone]);
    let left: Vec<String> = s3
        .list(BUCKET, "")
        .await
        .unwrap()
        .into_iter()
        .map(|o| o.key)
        .collect();
    assert_eq!(left, ["b", "d\n"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_has_every_page() {
    let place = Bare::open().await;
    for n in 0..1_001 {
        place.write(&format!("many/{n:05}"), b"x");
    }
    let s3 = place.eyes.s3();
    let listed = s3.list(BUCKET, "many/").await.unwrap();
    assert_eq!(listed.len(), 1_001);
    assert_eq!(listed.last().unwrap().key, "many/01000");
    let entries: Vec<KeyEntry> = listed.iter().map(entry).collect();
    let refused = s3.delete(BUCKET, &entries).await.unwrap_err();
    assert_eq!(refused.kind, AwsErrorKind::Invalid);
    assert_eq!(s3.list(BUCKET, "many/").await.unwrap().len(), 1_001);
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_without_a_stored_sha256_are_hashed() {
    let place = Bare::open().await;
    let bytes = vec![7_u8; 300_000];
    place.write("a", &bytes);
    let s3 = place.eyes.s3();
    let head = s3.head(BUCKET, "a").await.unwrap().unwrap();
    assert!(!head.checksum.unwrap_or_default().starts_with("sha256:"));
    assert_eq!(
        s3.checksum(BUCKET, "a", &head.etag).await.unwrap(),
        sha256(&bytes)
    );
    let error = s3.checksum(BUCKET, "a", "0123").await.unwrap_err();
    assert_eq!(error.kind, AwsErrorKind::PreconditionFailed);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_and_what_is_too_large_are_told_apart() {
    let place = Bare::open().await;
    let s3 = place.eyes.s3();
    s3.put(BUCKET, "a", b"12345".to_vec(), PutOn::Absent)
        .await
        .unwrap();
    let kind = |error: server::aws::AwsError| error.kind;
    assert_eq!(
        kind(s3.get(BUCKET, "b", 10).await.err().unwrap()),
        AwsErrorKind::NotFound
    );
    assert_eq!(
        kind(s3.get(BUCKET, "a", 4).await.err().unwrap()),
        AwsErrorKind::Invalid
    );
    assert_eq!(s3.head(BUCKET, "b").await.unwrap(), None);
    let error = s3.list("another-bucket", "a/").await.unwrap_err();
    assert_eq!(error.kind, AwsErrorKind::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_of_another_account_is_refused() {
    let place = Bare::open().await;
    let by = World::console();
    place
        .store
        .create_bucket_of(&by, "theirs", "999999999999")
        .unwrap();
    let s3 = place.eyes.s3();
    let listed = s3.list("theirs", "a/").await.unwrap_err();
    let put = s3
        .put("theirs", "a", vec![1], PutOn::Absent)
        .await
        .unwrap_err();
    assert_eq!(
        (listed.kind, put.kind),
        (AwsErrorKind::Denied, AwsErrorKind::Denied)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_role_that_looks_can_change_nothing() {
    let place = Bare::open().await;
    let looking = place.eyes.aws.reading(&stream("orders")).s3();
    place.write("a", b"1");
    let listed = looking.list(BUCKET, "").await.unwrap();
    let put = looking
        .put(BUCKET, "b", vec![1], PutOn::Absent)
        .await
        .unwrap_err();
    assert_eq!(put.kind, AwsErrorKind::Denied);
    let deleted = looking.delete(BUCKET, &[entry(&listed[0])]).await;
    assert!(
        !matches!(&deleted, Ok(d) if d[0].outcome == DeleteOutcome::Gone),
        "{deleted:?}"
    );
    assert!(looking.head(BUCKET, "a").await.unwrap().is_some());
    let sessions: Vec<String> = place
        .record
        .query(&sandbox::record::Query {
            action: Some("PutObject".to_owned()),
            ..Default::default()
        })
        .into_iter()
        .map(|entry| entry.call.principal)
        .filter(|principal| principal.contains("SluiceObserver"))
        .collect();
    assert!(!sessions.is_empty(), "the read role was assumed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_assumes_its_role_once_for_all_its_calls() {
    let place = Bare::open().await;
    for n in 0..5 {
        let key = format!("a{n}");
        let s3 = place.eyes.s3();
        s3.put(BUCKET, &key, vec![1], PutOn::Absent).await.unwrap();
    }
    let query = sandbox::record::Query {
        action: Some("AssumeRole".to_owned()),
        ..Default::default()
    };
    assert_eq!(place.record.query(&query).len(), 1);
}
