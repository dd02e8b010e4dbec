//! Whether a job went on while the checkpoint was listed.

use domain::checkpoint::{CheckpointView, ListedObject, Standing};

use super::bucket::Bucket;
use crate::aws::AwsError;

/// The two logs as they are now.
pub(super) async fn now(bucket: &Bucket) -> Result<Standing, AwsError> {
    let mut view = CheckpointView::new("");
    for log in ["offsets/", "commits/"] {
        let prefix = format!("{}{log}", bucket.prefix);
        for object in bucket.s3.list(&bucket.bucket, &prefix).await? {
            let key = &object.key[bucket.prefix.len()..];
            view.list(key, ListedObject::default());
        }
    }
    Ok(Standing::of(&view))
}
