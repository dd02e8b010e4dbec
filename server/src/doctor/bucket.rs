//! A checkpoint under a prefix.

use domain::checkpoint::ListedObject;

use super::gathered::Gathered;
use super::progress::Step;
use super::source::Read;
use crate::aws::{AwsError, AwsErrorKind, S3};

/// A prefix and the client that reads it.
pub(super) struct Bucket {
    pub(super) s3: S3,
    pub(super) bucket: String,
    pub(super) prefix: String,
}

impl Bucket {
    pub(super) async fn list(
        &self,
        tell: &(dyn Fn(Step) + Sync),
    ) -> Result<Gathered, AwsError> {
        let mut gathered = Gathered::default();
        self.s3
            .list_each(&self.bucket, &self.prefix, |page| {
                for object in page {
                    let name = &object.key[self.prefix.len()..];
                    // The prefix's own marker.
                    if name.is_empty() {
                        continue;
                    }
                    let listed = ListedObject {
                        size: object.size,
                        last_modified_ms: object.last_modified.0,
                        etag: object.etag,
                    };
                    gathered.add(name.to_owned(), listed);
                }
                tell(Step::Listed(gathered.objects));
            })
            .await?;
        Ok(gathered)
    }

    pub(super) async fn read(&self, name: &str, listed: &ListedObject) -> Read {
        let key = format!("{}{name}", self.prefix);
        match self.s3.get(&self.bucket, &key, listed.size).await {
            // Files of the state are never written twice, and their ETags are
            // not kept.
            Ok(got) if listed.etag.is_empty() || got.etag == listed.etag => {
                Read::Bytes(got.bytes)
            }
            Ok(_) => Read::Moved,
            Err(error) => match error.kind {
                // Larger than it was listed: it was written again.
                AwsErrorKind::NotFound | AwsErrorKind::Invalid => Read::Moved,
                _ => Read::No(error.to_string()),
            },
        }
    }
}
