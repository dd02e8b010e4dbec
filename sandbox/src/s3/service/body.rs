//! Bytes on their way in and out.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::StreamExt;
use s3s::dto::{ETag, ETagCondition, StreamingBlob};
use s3s::{S3Error, S3ErrorCode, S3Result, TrailingHeaders};
use tokio::io::AsyncWriteExt;

use super::super::condition::{Condition, Match};
use super::super::digest::{Algorithm, Hasher};
use super::super::object::Staged;
use super::super::store::{SINGLE_BYTES_MAX, Store};

/// How much of a file is read at once, in bytes.
const CHUNK_BYTES: usize = 256 * 1024;

/// The checksums that a client says its body has.
#[derive(Debug, Default)]
pub(super) struct Claims {
    /// `Content-MD5`, in base64.
    pub(super) md5: Option<String>,
    /// In headers.
    pub(super) checksums: Vec<(Algorithm, String)>,
    /// After the body.
    pub(super) trailer: Option<TrailingHeaders>,
    /// The algorithm that the client names; its checksum may come in the trailer.
    pub(super) algorithm: Option<Algorithm>,
}

impl Claims {
    /// The one checksum that the object is to keep.
    pub(super) fn kept(&self) -> Option<Algorithm> {
        self.checksums
            .first()
            .map(|(algorithm, _)| *algorithm)
            .or(self.algorithm)
    }
}

/// The claims of an input that has the usual fields.
macro_rules! claims_of {
    ($input:expr, $trailer:expr) => {{
        use $crate::s3::digest::Algorithm;
        let input = &$input;
        let given = [
            (Algorithm::CRC32, &input.checksum_crc32),
            (Algorithm::CRC32C, &input.checksum_crc32c),
            (Algorithm::CRC64NVME, &input.checksum_crc64nvme),
            (Algorithm::SHA1, &input.checksum_sha1),
            (Algorithm::SHA256, &input.checksum_sha256),
        ];
        $crate::s3::service::body::Claims {
            md5: input.content_md5.clone(),
            checksums: given
                .into_iter()
                .filter_map(|(one, value)| Some((one, value.clone()?)))
                .collect(),
            trailer: $trailer,
            algorithm: input
                .checksum_algorithm
                .as_ref()
                .and_then(|one| Algorithm::parse(one.as_str())),
        }
    }};
}
pub(super) use claims_of;

/// Writes a body to a staged file and checks it against what the client claims.
pub(super) async fn stage(
    store: &Store,
    body: Option<StreamingBlob>,
    claims: &Claims,
    kept: Algorithm,
) -> S3Result<Staged> {
    let mut algorithms = vec![kept];
    for (claimed, _) in &claims.checksums {
        if !algorithms.contains(claimed) {
            algorithms.push(*claimed);
        }
    }
    let path = store.temporary();
    let mut staged = Staged {
        digests: Hasher::new(&[]).finish(),
        path,
    };
    let mut file = tokio::fs::File::create(&staged.path)
        .await
        .map_err(S3Error::internal_error)?;
    let mut hasher = Hasher::new(&algorithms);
    let mut size = 0_u64;
    if let Some(mut body) = body {
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|error| {
                S3Error::with_source(S3ErrorCode::IncompleteBody, error)
            })?;
            size += chunk.len() as u64;
            if size > SINGLE_BYTES_MAX {
                return Err(S3Error::new(S3ErrorCode::EntityTooLarge));
            }
            hasher.update(&chunk);
            file.write_all(&chunk)
                .await
                .map_err(S3Error::internal_error)?;
        }
    }
    file.flush().await.map_err(S3Error::internal_error)?;
    staged.digests = hasher.finish();
    check(&staged, claims, kept)?;
    Ok(staged)
}

fn check(staged: &Staged, claims: &Claims, kept: Algorithm) -> S3Result<()> {
    let bad = |what: &str| {
        let message = format!("the {what} that was given is not that of the body");
        Err(S3Error::with_message(S3ErrorCode::BadDigest, message))
    };
    if let Some(claimed) = &claims.md5 {
        let actual = hex::decode(&staged.digests.md5).unwrap_or_default();
        if *claimed != STANDARD.encode(actual) {
            return bad("Content-MD5");
        }
    }
    let computed = &staged.digests.checksums;
    for (algorithm, claimed) in &claims.checksums {
        if computed.get(algorithm) != Some(claimed) {
            return bad(algorithm.name());
        }
    }
    let trailer = claims.trailer.as_ref().and_then(TrailingHeaders::take);
    for (name, claimed) in trailer.iter().flatten() {
        let algorithm = Algorithm::ALL
            .into_iter()
            .find(|one| one.header() == name.as_str());
        match algorithm {
            Some(one) if one == kept => {
                let claimed = claimed.to_str().unwrap_or_default();
                if computed.get(&one).map(String::as_str) != Some(claimed) {
                    return bad(one.name());
                }
            }
            Some(one) => {
                let message = format!("the trailer has {} but was not to", one.name());
                return Err(S3Error::with_message(S3ErrorCode::InvalidRequest, message));
            }
            None => {}
        }
    }
    Ok(())
}

/// A range of a file as a body.
pub(super) fn stream(mut file: File, first: u64, length: u64) -> StreamingBlob {
    let (send, mut receive) = tokio::sync::mpsc::channel::<std::io::Result<Bytes>>(4);
    tokio::task::spawn_blocking(move || {
        let mut left = length;
        if let Err(error) = file.seek(SeekFrom::Start(first)) {
            let _ = send.blocking_send(Err(error));
            return;
        }
        while left > 0 {
            let wanted =
                usize::try_from(left).map_or(CHUNK_BYTES, |n| n.min(CHUNK_BYTES));
            let mut chunk = vec![0; wanted];
            let read = match file.read(&mut chunk) {
                // The file was cut short under our hands.
                Ok(0) => Err(std::io::ErrorKind::UnexpectedEof.into()),
                Ok(read) => {
                    chunk.truncate(read);
                    left -= read as u64;
                    Ok(Bytes::from(chunk))
                }
                Err(error) => Err(error),
            };
            let failed = read.is_err();
            // The receiver is gone when the client has hung up.
            if send.blocking_send(read).is_err() || failed {
                return;
            }
        }
    });
    StreamingBlob::wrap(futures::stream::poll_fn(move |context| {
        receive.poll_recv(context)
    }))
}

/// The condition of two headers that `s3s` has parsed.
pub(super) fn condition(
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
) -> Condition {
    Condition {
        if_match: if_match.map(matching),
        if_none_match: if_none_match.map(matching),
    }
}

/// The condition of a write: `If-None-Match` takes only `*` there, as in S3.
pub(super) fn write_condition(
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
) -> S3Result<Condition> {
    let condition = condition(if_match, if_none_match);
    if matches!(condition.if_none_match, Some(Match::ETag(_))) {
        let message = "If-None-Match of a write takes only *";
        return Err(S3Error::with_message(S3ErrorCode::NotImplemented, message));
    }
    Ok(condition)
}

fn matching(condition: &ETagCondition) -> Match {
    match condition {
        ETagCondition::Any => Match::Any,
        ETagCondition::ETag(ETag::Strong(etag)) => Match::ETag(etag.clone()),
        // A weak tag is equal to none in the strong comparison that S3 uses.
        ETagCondition::ETag(ETag::Weak(etag)) => Match::ETag(format!("W/{etag}")),
    }
}
