//! What S3 keeps of an object, whatever its key.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    ChecksumAlgorithm, ChecksumMode, EncodingType, MetadataDirective,
    ServerSideEncryption, StorageClass,
};

use crate::client::{code, etag, get, keys, put, start, unquoted};
use crate::door::BUCKET;

#[tokio::test]
async fn an_object_comes_back_with_what_was_put_beside_it() {
    let (_door, client) = start().await;
    client
        .put_object()
        .bucket(BUCKET)
        .key("a/b")
        .content_type("application/json")
        .content_encoding("gzip")
        .cache_control("no-store")
        .metadata("sluice-run", "7")
        .tagging("team=streaming&tier=a%20b")
        .body(ByteStream::from_static(b"{}"))
        .send()
        .await
        .expect("put");
    let got = client
        .get_object()
        .bucket(BUCKET)
        .key("a/b")
        .send()
        .await
        .expect("got");
    assert_eq!(got.content_type(), Some("application/json"));
    assert_eq!(got.content_encoding(), Some("gzip"));
    assert_eq!(got.cache_control(), Some("no-store"));
    assert_eq!(got.metadata().expect("metadata")["sluice-run"], "7");
    assert_eq!(got.tag_count(), Some(2));
    // MD5 of "{}".
    assert_eq!(unquoted(got.e_tag()), "99914b932bd37a50b983c5e7c90ae93b");
    let tags = client
        .get_object_tagging()
        .bucket(BUCKET)
        .key("a/b")
        .send()
        .await
        .expect("tags");
    assert!(
        tags.tag_set()
            .iter()
            .any(|t| t.key() == "tier" && t.value() == "a b")
    );
}

#[tokio::test]
async fn a_file_broken_by_hand_shows_another_etag() {
    let (door, client) = start().await;
    let key = "_checkpoints/streaming/orders/offsets/12";
    let before = put(&client, key, b"v1\n{}\n{}").await;
    let file = door.store.bucket_directory(BUCKET).join(key);
    assert_eq!(std::fs::read(&file).expect("a plain file"), b"v1\n{}\n{}");
    assert_eq!(etag(&client, key).await.as_deref(), Some(before.as_str()));
    std::fs::write(&file, b"v1\n{}\n[]").expect("broken by hand");
    assert_ne!(etag(&client, key).await.as_deref(), Some(before.as_str()));
    std::fs::write(&file, b"").expect("emptied by hand");
    let head = client
        .head_object()
        .bucket(BUCKET)
        .key(key)
        .checksum_mode(ChecksumMode::Enabled)
        .send()
        .await
        .expect("a head");
    assert_eq!(head.content_length(), Some(0));
    assert_eq!(unquoted(head.e_tag()), "d41d8cd98f00b204e9800998ecf8427e");
    assert_eq!(head.checksum_crc32(), Some("AAAAAA=="));
    assert_eq!(get(&client, key).await, b"");
    std::fs::remove_file(&file).expect("removed by hand");
    assert_eq!(etag(&client, key).await, None);
}

#[tokio::test]
async fn a_file_put_in_by_hand_is_an_object_without_a_checksum() {
    let (door, client) = start().await;
    let directory = door.store.bucket_directory(BUCKET).join("by/hand");
    std::fs::create_dir_all(&directory).expect("made");
    std::fs::write(directory.join("é.txt"), b"hello").expect("written");
    assert_eq!(keys(&client, "by/").await, ["by/hand/é.txt"]);
    let head = client
        .head_object()
        .bucket(BUCKET)
        .key("by/hand/é.txt")
        .checksum_mode(ChecksumMode::Enabled)
        .send()
        .await
        .expect("a head");
    assert_eq!(unquoted(head.e_tag()), "5d41402abc4b2a76b9719d911017c592");
    assert_eq!(head.checksum_crc64_nvme(), None);
    assert_eq!(head.checksum_crc32(), None);
}

#[tokio::test]
async fn a_copy_keeps_conditions_checksums_and_metadata() {
    let (_door, client) = start().await;
    client
        .put_object()
        .bucket(BUCKET)
        .key("from")
        .metadata("a", "1")
        .checksum_algorithm(ChecksumAlgorithm::Sha256)
        .body(ByteStream::from_static(b"bytes"))
        .send()
        .await
        .expect("put");
    let source = etag(&client, "from").await.expect("an ETag");
    let copy = || {
        client
            .copy_object()
            .copy_source(format!("{BUCKET}/from"))
            .bucket(BUCKET)
            .key("to")
    };
    let torn = copy().copy_source_if_match("\"abc\"").send().await;
    assert_eq!(code(torn), "PreconditionFailed");
    let copied = copy()
        .copy_source_if_match(&source)
        .if_none_match("*")
        .checksum_algorithm(ChecksumAlgorithm::Crc64Nvme)
        .send()
        .await
        .expect("copied");
    let result = copied.copy_object_result().expect("a result");
    assert_eq!(unquoted(result.e_tag()), source);
    assert!(result.checksum_crc64_nvme().is_some(), "{result:?}");
    let again = copy().if_none_match("*").send().await;
    assert_eq!(code(again), "PreconditionFailed");
    let head = || client.head_object().bucket(BUCKET).key("to").send();
    assert_eq!(
        head().await.expect("head").metadata().expect("metadata")["a"],
        "1"
    );
    let replaced = copy()
        .metadata_directive(MetadataDirective::Replace)
        .metadata("b", "2")
        .send()
        .await
        .expect("copied");
    // Without being asked for another, the copy keeps the source's algorithm.
    let result = replaced.copy_object_result().expect("a result");
    assert!(result.checksum_sha256().is_some(), "{result:?}");
    let metadata = head()
        .await
        .expect("head")
        .metadata()
        .cloned()
        .expect("metadata");
    assert_eq!(
        metadata.into_iter().collect::<Vec<_>>(),
        [("b".into(), "2".into())]
    );
    let onto_itself = client
        .copy_object()
        .copy_source(format!("{BUCKET}/from"))
        .bucket(BUCKET)
        .key("from")
        .send()
        .await;
    assert_eq!(code(onto_itself), "InvalidRequest");
}

#[tokio::test]
async fn odd_keys_are_kept_byte_for_byte() {
    let (door, client) = start().await;
    let long = "x".repeat(1024);
    let long_segment = format!("d/{}", "y".repeat(300));
    let odd = [
        "a",
        "a/b",
        "a/",
        "a//b",
        "/lead",
        "//",
        "dir/",
        "x_$folder$",
        "..",
        "../up",
        "a/./b",
        "plus+space %2F%",
        "t ",
        " l",
        "é",
        "e\u{301}",
        "\u{1F4A7}",
        "q?u&e=r#y",
        "back\\slash",
        "quote\"'<&>",
        "tab\there",
        "line\nbreak",
        "c\r",
        &long,
        &long_segment,
    ];
    for key in odd {
        put(&client, key, key.as_bytes()).await;
    }
    for key in odd {
        assert_eq!(get(&client, key).await, key.as_bytes(), "{key:?}");
    }
    let mut wanted: Vec<&str> = odd.to_vec();
    wanted.sort_unstable();
    // As XML cannot carry every byte, the keys come percent-encoded.
    let page = client
        .list_objects_v2()
        .bucket(BUCKET)
        .encoding_type(EncodingType::Url)
        .send()
        .await
        .expect("a page");
    let listed: Vec<String> = page
        .contents()
        .iter()
        .map(|one| decoded(one.key().expect("a key")))
        .collect();
    assert_eq!(listed, wanted);
    // A copy is named percent-encoded, and a restart forgets nothing.
    for key in odd {
        let source = format!("{BUCKET}/{}", encoded(key));
        client
            .copy_object()
            .copy_source(source)
            .bucket(BUCKET)
            .key(format!("{}copy", &key[..key.len().min(900)]))
            .send()
            .await
            .unwrap_or_else(|error| panic!("{key:?} is not copied: {error:?}"));
    }
    let record = door.shared.record.clone();
    let again = sandbox::s3::Store::open(
        door.directory.path(),
        door.shared.clock.clone(),
        record,
    )
    .expect("opened again");
    let by = sandbox::wire::Principal::user("test");
    for key in odd {
        let (_, bytes) = again.get(&by, BUCKET, key).expect("kept");
        assert_eq!(bytes, key.as_bytes(), "{key:?}");
    }
    for key in odd {
        let gone = client.delete_object().bucket(BUCKET).key(key).send().await;
        gone.unwrap_or_else(|error| panic!("{key:?} is not deleted: {error:?}"));
        assert_eq!(etag(&client, key).await, None, "{key:?}");
    }
    let too_long = "x".repeat(1025);
    let refused = client
        .put_object()
        .bucket(BUCKET)
        .key(too_long)
        .send()
        .await;
    assert_eq!(code(refused), "KeyTooLongError");
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'%' {
            out.push(u8::from_str_radix(&text[at + 1..at + 3], 16).expect("hex"));
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8(out).expect("UTF-8")
}

#[tokio::test]
async fn a_body_that_is_not_what_was_promised_is_refused() {
    let (_door, client) = start().await;
    let refused = client
        .put_object()
        .bucket(BUCKET)
        .key("k")
        .checksum_crc32_c("AAAAAA==")
        .body(ByteStream::from_static(b"bytes"))
        .send()
        .await;
    assert_eq!(code(refused), "BadDigest");
    assert!(keys(&client, "").await.is_empty());
}

#[tokio::test]
async fn what_is_not_understood_is_refused() {
    let (_door, client) = start().await;
    let acl = client
        .put_object()
        .bucket(BUCKET)
        .key("k")
        .acl(aws_sdk_s3::types::ObjectCannedAcl::PublicRead)
        .send()
        .await;
    assert_eq!(code(acl), "NotImplemented");
    let part = client
        .get_object()
        .bucket(BUCKET)
        .key("k")
        .part_number(1)
        .send()
        .await;
    assert_eq!(code(part), "NotImplemented");
    let policy = client.get_bucket_policy().bucket(BUCKET).send().await;
    assert_eq!(code(policy), "NotImplemented");
}

#[tokio::test]
async fn archived_and_kms_objects_behave_as_such() {
    let (_door, client) = start().await;
    client
        .put_object()
        .bucket(BUCKET)
        .key("cold")
        .storage_class(StorageClass::Glacier)
        .body(ByteStream::from_static(b"x"))
        .send()
        .await
        .expect("put");
    let get = client.get_object().bucket(BUCKET).key("cold").send().await;
    assert_eq!(code(get), "InvalidObjectState");
    let put = client
        .put_object()
        .bucket(BUCKET)
        .key("secret")
        .server_side_encryption(ServerSideEncryption::AwsKms)
        .ssekms_key_id("arn:aws:kms:eu-central-1:123456789012:key/k")
        .body(ByteStream::from_static(b"{}"))
        .send()
        .await
        .expect("put");
    assert_ne!(unquoted(put.e_tag()), "99914b932bd37a50b983c5e7c90ae93b");
}

#[tokio::test]
async fn settings_of_a_bucket_are_kept() {
    let (_door, client) = start().await;
    let versioning = client.get_bucket_versioning().bucket(BUCKET).send().await;
    assert_eq!(versioning.expect("an answer").status(), None);
    let none = client
        .get_bucket_lifecycle_configuration()
        .bucket(BUCKET)
        .send()
        .await;
    assert_eq!(code(none), "NoSuchLifecycleConfiguration");
    let rule = aws_sdk_s3::types::LifecycleRule::builder()
        .id("tidy")
        .filter(
            aws_sdk_s3::types::LifecycleRuleFilter::builder()
                .prefix("_checkpoints/")
                .build(),
        )
        .expiration(
            aws_sdk_s3::types::LifecycleExpiration::builder()
                .days(7)
                .build(),
        )
        .status(aws_sdk_s3::types::ExpirationStatus::Enabled)
        .build()
        .expect("a rule");
    let rules = aws_sdk_s3::types::BucketLifecycleConfiguration::builder()
        .rules(rule.clone())
        .build()
        .expect("rules");
    client
        .put_bucket_lifecycle_configuration()
        .bucket(BUCKET)
        .lifecycle_configuration(rules)
        .send()
        .await
        .expect("set");
    let kept = client
        .get_bucket_lifecycle_configuration()
        .bucket(BUCKET)
        .send()
        .await
        .expect("rules");
    assert_eq!(kept.rules(), [rule]);
    let encryption = client.get_bucket_encryption().bucket(BUCKET).send().await;
    let encryption = encryption.expect("an answer");
    let rules = encryption
        .server_side_encryption_configuration()
        .expect("one")
        .rules();
    assert_eq!(rules.len(), 1);
}
