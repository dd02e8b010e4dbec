//! A bucket that holds one large checkpoint and answers ListObjectsV2 and GetObject
//! as S3 does. Its objects are made up when they are asked for.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Query, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Router, routing::get};
use domain::checkpoint::state::crc32c;

pub(crate) const NAME: &str = "bench";
pub(crate) const PREFIX: &str = "checkpoints/join/";

const PAGE: usize = 1000;
const NEWEST_BATCH: u64 = 1000;
/// As many as Spark keeps.
const BATCHES: u64 = 100;
const STORES: [&str; 4] = [
    "left-keyToNumValues",
    "left-keyWithIndexToValue",
    "right-keyToNumValues",
    "right-keyWithIndexToValue",
];
/// An HDFS-backed delta without any change, as Spark writes it with LZ4.
const EMPTY_DELTA: &[u8] =
    b"LZ4Block\x15\x04\0\0\0\x04\0\0\0\xdb\x80\x4d\x08\xff\xff\xff\xff\
    LZ4Block\x15\0\0\0\0\0\0\0\0\0\0\0\0";

/// See the module.
pub(crate) struct Bucket {
    /// Sorted.
    keys: Vec<String>,
    partitions: usize,
}

impl Bucket {
    /// About so many objects: the logs, and for each partition four stores with a
    /// delta for each batch, a snapshot for every tenth, and 4.1's checksums.
    pub(crate) fn generate(objects: usize) -> Self {
        let versions = NEWEST_BATCH + 2 - BATCHES..=NEWEST_BATCH + 1;
        let snapshots = versions.clone().filter(|version| version % 10 == 0).count();
        let each = STORES.len() * 2 * (usize::try_from(BATCHES).unwrap_or(0) + snapshots);
        let partitions = (objects / each).max(1);
        let mut keys = vec![format!("{PREFIX}metadata")];
        for batch in NEWEST_BATCH + 1 - BATCHES..=NEWEST_BATCH {
            keys.push(format!("{PREFIX}offsets/{batch}"));
            keys.push(format!("{PREFIX}commits/{batch}"));
        }
        for partition in 0..partitions {
            for store in STORES {
                let store = format!("{PREFIX}state/0/{partition}/{store}");
                for version in versions.clone() {
                    keys.push(format!("{store}/{version}.delta"));
                    keys.push(format!("{store}/{version}.delta.crc"));
                    if version % 10 == 0 {
                        keys.push(format!("{store}/{version}.snapshot"));
                        keys.push(format!("{store}/{version}.snapshot.crc"));
                    }
                }
            }
        }
        keys.sort_unstable();
        Self { keys, partitions }
    }

    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(crate) fn partitions(&self) -> usize {
        self.partitions
    }

    /// Serves it on a port of its own, for as long as this process lives.
    pub(crate) async fn serve(self: Arc<Self>, delay: Duration) -> String {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a port is free");
        let address = listener.local_addr().expect("it listens");
        let app = Router::new()
            .route("/{*path}", get(answer))
            .with_state((self, delay));
        tokio::spawn(async move { axum::serve(listener, app).await });
        format!("http://{address}")
    }

    fn bytes(&self, key: &str) -> Option<Vec<u8>> {
        self.keys
            .binary_search_by(|own| own.as_str().cmp(key))
            .ok()?;
        let name = key.strip_prefix(PREFIX)?;
        let text = match name.split('/').next()? {
            "metadata" => r#"{"id":"5b0c4824-5d6d-4f9e-b1a4-0a53ef144619"}"#.to_owned(),
            "commits" => "v1\n{\"nextBatchWatermarkMs\":0}".to_owned(),
            "offsets" => self.offsets(name.rsplit('/').next()?.parse().ok()?),
            _ if name.ends_with(".crc") => format!(
                "{{\"algorithm\":\"CRC32C\",\"value\":{},\"mainFileSize\":{}}}",
                crc32c(EMPTY_DELTA).cast_signed(),
                EMPTY_DELTA.len()
            ),
            _ => return Some(EMPTY_DELTA.to_owned()),
        };
        Some(text.into_bytes())
    }

    fn offsets(&self, batch: u64) -> String {
        let ends = |topic: &str| format!("{{\"{topic}\":{{\"0\":{}}}}}", batch * 1000);
        format!(
            "v1\n{{\"batchWatermarkMs\":0,\"batchTimestampMs\":{},\"conf\":{{\
             \"spark.sql.shuffle.partitions\":\"{}\",\
             \"spark.sql.streaming.join.stateFormatVersion\":\"2\",\
             \"spark.sql.streaming.stateStore.encodingFormat\":\"unsaferow\"}}}}\n{}\n{}",
            1_700_000_000_000 + batch * 60_000,
            self.partitions,
            ends("left"),
            ends("right")
        )
    }

    /// A page, in XML.
    fn page(&self, asked: &HashMap<String, String>) -> String {
        let text = |name: &str| asked.get(name).map(String::as_str).unwrap_or_default();
        let prefix = text("prefix");
        let by_folder = text("delimiter") == "/";
        let after = text("start-after");
        let mut at = match text("continuation-token").parse() {
            Ok(at) => at,
            Err(_) if after.is_empty() => self.first_from(prefix),
            Err(_) => self
                .keys
                .partition_point(|key| key.as_str() <= after)
                .max(self.first_from(prefix)),
        };
        let (mut entries, mut count) = (String::new(), 0);
        let mut next = None;
        while let Some(key) = self.keys.get(at).filter(|key| key.starts_with(prefix)) {
            if count == PAGE {
                next = Some(at);
                break;
            }
            count += 1;
            let rest = &key[prefix.len()..];
            match rest.find('/').filter(|_| by_folder) {
                Some(end) => {
                    let folder = &key[..prefix.len() + end];
                    let _ = write!(
                        entries,
                        "<CommonPrefixes><Prefix>{folder}/</Prefix></CommonPrefixes>"
                    );
                    // The next letter after the slash is the zero.
                    at = self.first_from(&format!("{folder}0"));
                }
                None => {
                    let size = self.bytes(key).map_or(0, |bytes| bytes.len());
                    let _ = write!(
                        entries,
                        "<Contents><Key>{key}</Key>\
                         <LastModified>2026-01-01T00:00:00.000Z</LastModified>\
                         <ETag>&quot;9bb58f26192e4ba00f01e2e7b136bbd8&quot;</ETag>\
                         <Size>{size}</Size><StorageClass>STANDARD</StorageClass>\
                         </Contents>"
                    );
                    at += 1;
                }
            }
        }
        let token = next.map_or_else(String::new, |next| {
            format!("<NextContinuationToken>{next}</NextContinuationToken>")
        });
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult \
             xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>{NAME}</Name>\
             <Prefix>{prefix}</Prefix><KeyCount>{count}</KeyCount><MaxKeys>{PAGE}</MaxKeys>\
             <IsTruncated>{}</IsTruncated>{token}{entries}</ListBucketResult>",
            next.is_some()
        )
    }

    fn first_from(&self, text: &str) -> usize {
        self.keys.partition_point(|key| key.as_str() < text)
    }
}

async fn answer(
    State((bucket, delay)): State<(Arc<Bucket>, Duration)>,
    Query(asked): Query<HashMap<String, String>>,
    request: Request,
) -> Response {
    tokio::time::sleep(delay).await;
    let path = request.uri().path();
    let key = path.strip_prefix(&format!("/{NAME}/")).unwrap_or_default();
    if key.is_empty() {
        let xml = bucket.page(&asked);
        return ([(header::CONTENT_TYPE, "application/xml")], xml).into_response();
    }
    match bucket.bytes(key) {
        Some(bytes) => (
            [(header::ETAG, "\"9bb58f26192e4ba00f01e2e7b136bbd8\"")],
            Body::from(bytes),
        )
            .into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
