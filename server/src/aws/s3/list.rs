//! Listings, which are whole or an error: what is missing from one would be
//! missing from a backup.

use aws_sdk_s3::types::{EncodingType, ObjectStorageClass};
use domain::time::Millis;
use tokio::task::JoinSet;

use super::keys::decode_listed;
use super::listing_parts::{Page, Part};
use super::{Object, S3, bare};
use crate::aws::error::{AwsError, Effect};

const LIST: &str = "ListObjectsV2";
const UPLOADS: &str = "ListMultipartUploads";

/// More objects than any checkpoint has; a listing that does not end is a
/// fault somewhere.
const OBJECTS_MAX: usize = 5_000_000;
const UPLOAD_PAGES_MAX: usize = 1_000;
/// A prefix of a bucket takes 5,500 reads a second; a page takes S3 some tens of
/// milliseconds, so that this stays far below.
const PAGES_AT_ONCE: usize = 16;

impl S3 {
    /// Every object under `prefix`, sorted by key as S3 lists them: exactly what
    /// page after page would give, though large places are listed in parts at
    /// the same time.
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
        self.list_each(bucket, prefix, |page| objects.extend(page))
            .await?;
        objects.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        if objects.windows(2).any(|two| two[0].key == two[1].key) {
            return Err(odd("a key came twice"));
        }
        Ok(objects)
    }

    /// Gives every object under `prefix` to `each` as its page comes. The pages
    /// of a large place come in no order, their keys do; no key comes twice.
    ///
    /// # Errors
    /// As [`S3::list`]. What was given by then is not the whole.
    pub async fn list_each(
        &self,
        bucket: &str,
        prefix: &str,
        mut each: impl FnMut(Vec<Object>),
    ) -> Result<(), AwsError> {
        let mut count = 0_usize;
        let mut waiting = vec![Part::all_under(prefix)];
        // Tasks of their own, since reading a page's XML keeps a core busy.
        let mut asked = JoinSet::new();
        loop {
            while asked.len() < PAGES_AT_ONCE
                && let Some(part) = waiting.pop()
            {
                let (s3, bucket) = (self.clone(), bucket.to_owned());
                asked.spawn(async move { s3.page(&bucket, part).await });
            }
            let Some(answer) = asked.join_next().await else {
                return Ok(());
            };
            let (part, page) = answer.map_err(|_| odd("a page was given up"))??;
            let (objects, parts) = part.go_on(page).map_err(odd)?;
            count += objects.len();
            if count > OBJECTS_MAX {
                return Err(odd("there are more than five million objects"));
            }
            if !objects.is_empty() {
                each(objects);
            }
            waiting.extend(parts);
        }
    }

    /// The first page under `prefix`, and whether there is more: for who only
    /// wants to know whether it can be listed.
    ///
    /// # Errors
    /// As [`S3::list`].
    pub async fn first_page(
        &self,
        bucket: &str,
        prefix: &str,
    ) -> Result<(Vec<Object>, bool), AwsError> {
        let (_, page) = self.page(bucket, Part::all_under(prefix)).await?;
        Ok((page.objects, page.more))
    }

    /// The next page of a part.
    pub(super) async fn page(
        &self,
        bucket: &str,
        part: Part,
    ) -> Result<(Part, Page), AwsError> {
        let asks = part.asks();
        let answer = self
            .client
            .list_objects_v2()
            .bucket(bucket)
            .prefix(asks.prefix)
            .set_delimiter(asks.by_folder.then(|| "/".to_owned()))
            .set_start_after(asks.after.map(str::to_owned))
            .set_continuation_token(asks.token.map(str::to_owned))
            .encoding_type(EncodingType::Url)
            .set_expected_bucket_owner(self.owner.clone())
            .send()
            .await
            .map_err(|error| AwsError::of(LIST, Effect::Reads, error))?;
        let counted = answer.key_count().and_then(|n| usize::try_from(n).ok());
        let came = answer.contents().len() + answer.common_prefixes().len();
        if counted.is_some_and(|n| n != came) {
            return Err(odd("a page holds another number of keys than it says"));
        }
        let objects = answer
            .contents()
            .iter()
            .map(|listed| object(listed, asks.prefix))
            .collect::<Result<Vec<Object>, AwsError>>()?;
        let folders = answer
            .common_prefixes()
            .iter()
            .map(|folder| folder.prefix().and_then(decode_listed))
            .collect::<Option<Vec<String>>>()
            .ok_or_else(|| odd("a folder has no readable name"))?;
        let page = Page {
            objects,
            folders,
            more: answer.is_truncated() == Some(true),
            token: answer.next_continuation_token().map(str::to_owned),
        };
        Ok((part, page))
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
                .set_expected_bucket_owner(self.owner.clone())
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
        class: listed
            .storage_class()
            .filter(|class| **class != ObjectStorageClass::Standard)
            .map(|class| class.as_str().to_owned()),
    })
}

pub(super) fn odd(what: &str) -> AwsError {
    AwsError::odd_answer(
        LIST,
        Effect::Reads,
        format!("the listing is refused: {what}"),
    )
}
