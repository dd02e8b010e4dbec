//! Whether a listing can be what a job really left.

use domain::checkpoint::{CheckpointView, ListedObject, Standing};

use crate::aws::{AwsError, S3};

/// What a second look at the logs says of a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settled {
    /// It can stand as it is. The newest batch by now, where the state is ahead
    /// of the listing.
    Stands(Option<i64>),
    /// The job went on while its logs were listed: the look is begun anew.
    Moved,
}

/// A live job goes on while its checkpoint is listed, page by page: what looks
/// like lost batches or an abandoned run's state may be that alone. Both logs are
/// then listed once more.
///
/// # Errors
/// When S3 refuses to list the logs.
pub(crate) async fn settled(
    s3: &S3,
    bucket: &str,
    prefix: &str,
    view: &CheckpointView,
) -> Result<Settled, AwsError> {
    let before = Standing::of(view);
    if before.is_sound() && !before.is_behind_the_state(view) {
        return Ok(Settled::Stands(None));
    }
    let mut again = CheckpointView::new(view.uri.as_str());
    for log in ["offsets/", "commits/"] {
        for object in s3.list(bucket, &format!("{prefix}{log}")).await? {
            again.list(&object.key[prefix.len()..], ListedObject::default());
        }
    }
    let after = Standing::of(&again);
    Ok(match after != before && !before.is_sound() {
        true => Settled::Moved,
        false => Settled::Stands(after.offsets),
    })
}
