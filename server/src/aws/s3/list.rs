//! Listings, which are whole or an error: what is missing from one would be
//! missing from a backup.

use aws_sdk_s3::types::EncodingType;
use domain::time::Millis;

use super::keys::decode_listed;
use super::{Object, S3, bare};
use crate::aws::error::{AwsError, Effect};

const LIST: &str = "ListObjectsV2";
const UPLOADS: &str = "ListMultipartUploads";

/// More objects than any checkpoint has; a listing that does not end is a
/// fault somewhere.
const OBJECTS_MAX: usize = 5_000_000;
const UPLOAD_PAGES_MAX: usize = 1_000;

impl S3 {
    /// Every object under `prefix`, sorted by key as S3 lists them.
    ///
    /// # Errors
    /// Also when the answer contradicts itself: a page that says that there is
    /// more and not where, a token that comes again, keys out of order or
    /// outside the prefix, a count that is not that of the keys.
    pub async fn list(
        &self,
        bucket: &str,
        prefix: &str,
    ) -> Result<Vec<Object>, AwsError> {
        let mut objects: Vec<Object> = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let page = self
                .client
                .list_objects_v2()
                .bucket(bucket)
                .prefix(prefix)
                .encoding_type(EncodingType::Url)
                .expected_bucket_owner(&self.owner)
                .set_continuation_token(token.clone())
                .send()
                .await
                .map_err(|error| AwsError::of(LIST, Effect::Reads, error))?;
            let contents = page.contents();
            let counted = page.key_count().and_then(|n| usize::try_from(n).ok());
            if counted.is_some_and(|n| n != contents.len()) {
                return Err(odd("a page holds another number of keys than it says"));
            }
            for listed in contents {
                let object = object(listed, prefix)?;
                if objects.last().is_some_and(|last| last.key >= object.key) {
                    return Err(odd("keys came twice or out of order"));
                }
                objects.push(object);
            }
            if objects.len() > OBJECTS_MAX {
                return Err(odd("there are more than five million objects"));
            }
            if page.is_truncated() != Some(true) {
                return Ok(objects);
            }
            let next = page.next_continuation_token().map(str::to_owned);
            if next.is_none() || next == token {
                return Err(odd(
                    "a page says that there is more, and not where it goes on",
                ));
            }
            if contents.is_empty() {
                return Err(odd("an empty page says that there is more"));
            }
            token = next;
        }
    }

    /// How many multipart uploads are open under `prefix`: somebody is still
    /// writing, or once began to.
    ///
    /// # Errors
    /// As [`S3::list`].
    pub async fn open_uploads(
        &self,
        bucket: &str,
        prefix: &str,
    ) -> Result<u64, AwsError> {
        let mut count: u64 = 0;
        let mut marker: (Option<String>, Option<String>) = (None, None);
        for _ in 0..UPLOAD_PAGES_MAX {
            let page = self
                .client
                .list_multipart_uploads()
                .bucket(bucket)
                .prefix(prefix)
                .expected_bucket_owner(&self.owner)
                .set_key_marker(marker.0.clone())
                .set_upload_id_marker(marker.1.clone())
                .send()
                .await
                .map_err(|error| AwsError::of(UPLOADS, Effect::Reads, error))?;
            count += page.uploads().len() as u64;
            if page.is_truncated() != Some(true) {
                return Ok(count);
            }
            let next = (
                page.next_key_marker().map(str::to_owned),
                page.next_upload_id_marker().map(str::to_owned),
            );
            if next.0.is_none() || next == marker {
                break;
            }
            marker = next;
        }
        Err(AwsError::odd_answer(
            UPLOADS,
            Effect::Reads,
            "a page says that there is more, and not where it goes on",
        ))
    }
}

fn object(listed: &aws_sdk_s3::types::Object, prefix: &str) -> Result<Object, AwsError> {
    let key = listed
        .key()
        .and_then(decode_listed)
        .ok_or_else(|| odd("an object has no readable key"))?;
    if !key.starts_with(prefix) {
        return Err(odd("a key is not under the prefix"));
    }
    let etag = listed.e_tag().ok_or_else(|| odd("an object has no ETag"))?;
    let size = listed
        .size()
        .and_then(|size| u64::try_from(size).ok())
        .ok_or_else(|| odd("an object has no size"))?;
    let modified = listed
        .last_modified()
        .and_then(|at| at.to_millis().ok())
        .ok_or_else(|| odd("an object has no time"))?;
    Ok(Object {
        key,
        etag: bare(etag),
        size,
        last_modified: Millis(modified),
    })
}

fn odd(what: &str) -> AwsError {
    AwsError::odd_answer(
        LIST,
        Effect::Reads,
        format!("the listing is refused: {what}"),
    )
}
