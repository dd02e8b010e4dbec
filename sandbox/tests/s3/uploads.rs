//! Multipart uploads.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};

use crate::client::{code, get, keys, put, start, unquoted};
use crate::door::BUCKET;

#[tokio::test]
async fn a_multipart_upload_becomes_one_object() {
    let (_door, client) = start().await;
    let body: Vec<u8> = (0..11_000_000_u32).map(|at| (at % 251) as u8).collect();
    let created = client
        .create_multipart_upload()
        .bucket(BUCKET)
        .key("big")
        .send()
        .await
        .expect("begun");
    let id = created.upload_id().expect("an id").to_owned();
    let mut parts = Vec::new();
    for (at, chunk) in body.chunks(5 * 1024 * 1024).enumerate() {
        let number = i32::try_from(at + 1).expect("a number");
        let part = client
            .upload_part()
            .bucket(BUCKET)
            .key("big")
            .upload_id(&id)
            .part_number(number)
            .checksum_algorithm(ChecksumAlgorithm::Crc64Nvme)
            .body(ByteStream::from(chunk.to_vec()))
            .send()
            .await
            .expect("a part");
        let etag = part.e_tag().expect("an ETag");
        parts.push(
            CompletedPart::builder()
                .part_number(number)
                .e_tag(etag)
                .build(),
        );
    }
    let open = client
        .list_multipart_uploads()
        .bucket(BUCKET)
        .prefix("bi")
        .send()
        .await
        .expect("uploads");
    assert_eq!(open.uploads().len(), 1);
    assert!(
        keys(&client, "").await.is_empty(),
        "not an object before it is complete"
    );
    let complete = |parts: Vec<CompletedPart>| {
        let parts = CompletedMultipartUpload::builder()
            .set_parts(Some(parts))
            .build();
        client
            .complete_multipart_upload()
            .bucket(BUCKET)
            .key("big")
            .upload_id(&id)
            .multipart_upload(parts)
            .if_none_match("*")
            .send()
    };
    let backwards: Vec<_> = parts.iter().rev().cloned().collect();
    assert_eq!(code(complete(backwards).await), "InvalidPartOrder");
    let done = complete(parts).await.expect("completed");
    assert!(unquoted(done.e_tag()).ends_with("-3"), "{done:?}");
    assert!(done.checksum_crc64_nvme().is_some(), "{done:?}");
    assert_eq!(get(&client, "big").await, body);
    let open = client.list_multipart_uploads().bucket(BUCKET).send().await;
    assert!(open.expect("uploads").uploads().is_empty());
    // A copy in one piece has the ETag of the whole.
    let copied = client
        .copy_object()
        .copy_source(format!("{BUCKET}/big"))
        .bucket(BUCKET)
        .key("whole")
        .send()
        .await
        .expect("copied");
    let etag = unquoted(copied.copy_object_result().expect("a result").e_tag());
    assert_eq!(etag.len(), 32, "{etag}");
}

#[tokio::test]
async fn small_parts_and_strange_uploads_are_refused() {
    let (_door, client) = start().await;
    let created = client
        .create_multipart_upload()
        .bucket(BUCKET)
        .key("k")
        .checksum_algorithm(ChecksumAlgorithm::Crc32)
        .send()
        .await
        .expect("begun");
    let id = created.upload_id().expect("an id").to_owned();
    put(&client, "source", &[7; 100]).await;
    let mut parts = Vec::new();
    for number in 1..=2 {
        let part = client
            .upload_part_copy()
            .copy_source(format!("{BUCKET}/source"))
            .copy_source_range("bytes=0-49")
            .bucket(BUCKET)
            .key("k")
            .upload_id(&id)
            .part_number(number)
            .send()
            .await
            .expect("a part");
        let result = part.copy_part_result().expect("a result");
        let etag = result.e_tag().expect("an ETag");
        parts.push(
            CompletedPart::builder()
                .part_number(number)
                .e_tag(etag)
                .build(),
        );
    }
    let complete = |id: String, parts: Vec<CompletedPart>| {
        let parts = CompletedMultipartUpload::builder()
            .set_parts(Some(parts))
            .build();
        client
            .complete_multipart_upload()
            .bucket(BUCKET)
            .key("k")
            .upload_id(id)
            .multipart_upload(parts)
            .send()
    };
    assert_eq!(
        code(complete(id.clone(), parts.clone()).await),
        "EntityTooSmall"
    );
    let strange = complete("../../etc".to_owned(), parts.clone()).await;
    assert_eq!(code(strange), "NoSuchUpload");
    let listed = client
        .list_parts()
        .bucket(BUCKET)
        .key("k")
        .upload_id(&id)
        .max_parts(1)
        .send()
        .await
        .expect("parts");
    assert_eq!(listed.parts().len(), 1);
    assert_eq!(listed.is_truncated(), Some(true));
    let one = complete(id, vec![parts[0].clone()])
        .await
        .expect("completed");
    // Without a word CRC32 is of the parts, not of the whole.
    let checksum = one.checksum_crc32().expect("a checksum");
    assert!(checksum.ends_with("-1"), "{checksum}");
    assert_eq!(get(&client, "k").await, vec![7; 50]);
}
