//! S3 that fails, lies or breaks off.

use domain::keyset::KeyEntry;
use sandbox::faults::{FaultKind, When};
use server::aws::{AwsErrorKind, DeleteOutcome, PutOn};

use crate::objects::entry;
use crate::place::{BUCKET, Bare};

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_cannot_be_deleted_is_named_with_the_reason() {
    let place = Bare::open().await;
    let s3 = place.eyes.s3();
    s3.put(BUCKET, "a", b"1".to_vec(), PutOn::Absent)
        .await
        .unwrap();
    let entries: Vec<KeyEntry> = s3
        .list(BUCKET, "")
        .await
        .unwrap()
        .iter()
        .map(entry)
        .collect();
    let code = "AccessDenied".to_owned();
    place.breaks("DeleteObjects", FaultKind::DeleteKeyError { code });
    let deleted = s3.delete(BUCKET, &entries).await.unwrap();
    let DeleteOutcome::Failed(why) = &deleted[0].outcome else {
        panic!("{deleted:?}");
    };
    assert!(why.contains("AccessDenied"), "{why}");
    assert!(s3.head(BUCKET, "a").await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_that_contradicts_itself_is_an_error() {
    let place = Bare::open().await;
    let s3 = place.eyes.s3();
    for key in ["p/a", "p/b"] {
        s3.put(BUCKET, key, b"1".to_vec(), PutOn::Absent)
            .await
            .unwrap();
    }
    for (fault, says) in [
        (FaultKind::ListWithoutToken, "not where it goes on"),
        (FaultKind::BrokenXml, ""),
        (FaultKind::CutBody, ""),
        (
            FaultKind::Error {
                status: 500,
                code: "InternalError".to_owned(),
            },
            "",
        ),
    ] {
        place.breaks("ListObjectsV2", fault.clone());
        let error = s3
            .list(BUCKET, "p/")
            .await
            .expect_err(&format!("{fault:?}"));
        assert!(error.message.contains(says), "{fault:?}: {error}");
        place.faults.clear_all();
    }
    assert_eq!(s3.list(BUCKET, "p/").await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_comes_again_is_an_error() {
    let place = Bare::open().await;
    for n in 0..1_001 {
        place.write(&format!("p/{n:05}"), b"x");
    }
    place.breaks("ListObjectsV2", FaultKind::ListTokenRepeated);
    place
        .eyes
        .s3()
        .list(BUCKET, "p/")
        .await
        .expect_err("it would not end");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_inside_a_200_is_no_copy() {
    let place = Bare::open().await;
    let s3 = place.eyes.s3();
    let etag = s3
        .put(BUCKET, "a", b"1".to_vec(), PutOn::Absent)
        .await
        .unwrap();
    let code = "InternalError".to_owned();
    place.breaks("CopyObject", FaultKind::ErrorInside200 { code });
    let error = s3.copy(BUCKET, "a", &etag, BUCKET, "b").await.unwrap_err();
    assert_eq!(error.kind, AwsErrorKind::OutcomeUnknown, "{error:?}");
    assert!(error.is_retryable());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_with_other_bytes_has_another_checksum() {
    let place = Bare::open().await;
    let s3 = place.eyes.s3();
    let etag = s3
        .put(BUCKET, "a", b"12345".to_vec(), PutOn::Absent)
        .await
        .unwrap();
    place.breaks("CopyObject", FaultKind::WrongBytesOnCopy);
    let copied = s3.copy(BUCKET, "a", &etag, BUCKET, "b").await.unwrap();
    let source = s3.checksum(BUCKET, "a", &etag).await.unwrap();
    let there = s3.head(BUCKET, "b").await.unwrap().unwrap();
    assert_eq!(there.size, 5);
    assert_ne!(s3.checksum(BUCKET, "b", &there.etag).await.unwrap(), source);
    drop(copied);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_not_taken_for_a_failure() {
    let place = Bare::open().await;
    let s3 = place.eyes.s3();
    // The first answer is lost: the retry finds the object of the first.
    place.breaks_when("PutObject", FaultKind::CutAfter, When::Times(1));
    let error = s3
        .put(BUCKET, "a", b"1".to_vec(), PutOn::Absent)
        .await
        .unwrap_err();
    assert_eq!(error.kind, AwsErrorKind::PreconditionFailed);
    assert_eq!(s3.get(BUCKET, "a", 10).await.unwrap().bytes, b"1");

    place.breaks("PutObject", FaultKind::CutAfter);
    let error = s3
        .put(BUCKET, "b", b"1".to_vec(), PutOn::Always)
        .await
        .unwrap_err();
    assert_eq!(error.kind, AwsErrorKind::OutcomeUnknown, "{error:?}");
    assert!(s3.head(BUCKET, "b").await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn throttling_and_a_closed_port_change_nothing_and_say_so() {
    let place = Bare::open().await;
    let s3 = place.eyes.s3();
    s3.put(BUCKET, "a", b"1".to_vec(), PutOn::Absent)
        .await
        .unwrap();
    place.breaks("PutObject", FaultKind::Throttle);
    let error = s3
        .put(BUCKET, "b", b"1".to_vec(), PutOn::Absent)
        .await
        .unwrap_err();
    assert_eq!(error.kind, AwsErrorKind::Throttled);
    place.faults.clear_all();
    let eyes = place.close().await;
    let error = s3
        .put(BUCKET, "b", b"1".to_vec(), PutOn::Absent)
        .await
        .unwrap_err();
    assert_eq!(error.kind, AwsErrorKind::Unreachable, "{error:?}");
    drop(eyes);
}
