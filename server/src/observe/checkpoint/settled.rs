//! Whether a listing can be what a job really left.

use domain::checkpoint::layout::CheckpointFile;
use domain::checkpoint::{CheckpointView, ListedObject};
use domain::stream::Stream;

use super::Unread;
use crate::aws::S3;

/// How far the two logs are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Standing {
    offsets: Option<i64>,
    commit: Option<i64>,
}

impl Standing {
    fn of(view: &CheckpointView) -> Self {
        Self {
            offsets: view.offset_batches().last().copied(),
            commit: view.commit_batches().last().copied(),
        }
    }

    /// As a running query leaves its logs at any moment.
    fn is_sound(self) -> bool {
        match (self.offsets, self.commit) {
            (None, None) | (Some(0), None) => true,
            (Some(offsets), Some(commit)) => {
                commit == offsets || commit.checked_add(1) == Some(offsets)
            }
            _ => false,
        }
    }
}

/// Whether there is state that is newer than the newest batch can have written.
fn state_is_ahead(view: &CheckpointView, standing: Standing) -> bool {
    let limit = standing.offsets.unwrap_or(-1).saturating_add(1);
    view.listing
        .keys()
        .any(|key| match CheckpointFile::of_key(key) {
            CheckpointFile::State(file) => file.version > limit,
            _ => false,
        })
}

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
    let ahead = state_is_ahead(view, before);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(offsets: Option<i64>, commit: Option<i64>) -> Standing {
        Standing { offsets, commit }
    }

    #[test]
    fn only_logs_that_a_running_query_never_has_are_listed_again() {
        for (offsets, commit) in [
            (None, None),
            (Some(0), None),
            (Some(6), Some(6)),
            (Some(6), Some(5)),
        ] {
            assert!(
                standing(offsets, commit).is_sound(),
                "{offsets:?} {commit:?}"
            );
        }
        for (offsets, commit) in [
            (Some(6), Some(4)),
            (Some(6), Some(7)),
            (Some(3), None),
            (None, Some(3)),
        ] {
            assert!(
                !standing(offsets, commit).is_sound(),
                "{offsets:?} {commit:?}"
            );
        }
    }

    #[test]
    fn state_that_the_newest_batch_cannot_have_written_is_seen() {
        let mut view = CheckpointView::new("s3://bucket/ck");
        view.list("offsets/6", ListedObject::default());
        view.list("state/0/0/7.delta", ListedObject::default());
        assert!(!state_is_ahead(&view, Standing::of(&view)));
        view.list("state/0/0/8.delta", ListedObject::default());
        assert!(state_is_ahead(&view, Standing::of(&view)));
    }
}
