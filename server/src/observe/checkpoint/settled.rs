//! Whether a listing can be what a job really left.

use domain::checkpoint::{CheckpointView, ListedObject, Standing};
use domain::stream::Stream;

use super::Unread;
use crate::aws::S3;

/// A live job goes on while it is listed, page by page: what looks like lost
/// batches or an abandoned run's state may be that alone. Both logs are then
/// listed once more. Where they went on, and it is about the logs, the look is
/// begun anew; where it is about the state, how far they are now is given.
pub(super) async fn settled(
    s3: &S3,
    stream: &Stream,
    view: &CheckpointView,
) -> Result<Option<i64>, Unread> {
    let before = Standing::of(view);
    let ahead = before.is_behind_the_state(view);
    if before.is_sound() && !ahead {
        return Ok(None);
    }
    let place = &stream.checkpoint;
    let mut again = CheckpointView::new(place.uri());
    for log in ["offsets/", "commits/"] {
        let prefix = format!("{}{log}", place.key());
        let objects = s3
            .list(place.bucket(), &prefix)
            .await
            .map_err(Unread::Aws)?;
        for object in objects {
            again.list(&object.key[place.key().len()..], ListedObject::default());
        }
    }
    let after = Standing::of(&again);
    if after != before && !before.is_sound() {
        return Err(Unread::Moved);
    }
    Ok(after.offsets)
}
