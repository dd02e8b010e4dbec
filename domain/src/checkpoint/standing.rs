//! How far the two logs of a listing are, and whether a job can have left it so.
//! A live job goes on while its checkpoint is listed, page by page: what looks
//! like lost batches or an abandoned run's state may be that alone.

use super::layout::CheckpointFile;
use super::view::CheckpointView;

/// The newest batches of the two logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The newest with a file in `offsets/`.
    pub offsets: Option<i64>,
    /// The newest with a file in `commits/`.
    pub commit: Option<i64>,
}

impl Standing {
    /// As listed.
    pub fn of(view: &CheckpointView) -> Self {
        Self {
            offsets: view.offset_batches().last().copied(),
            commit: view.commit_batches().last().copied(),
        }
    }

    /// As a running query leaves its logs at any moment.
    pub fn is_sound(self) -> bool {
        match (self.offsets, self.commit) {
            (None | Some(0), None) => true,
            (Some(offsets), Some(commit)) => {
                commit == offsets || commit.checked_add(1) == Some(offsets)
            }
            _ => false,
        }
    }

    /// Whether there is state that is newer than the newest batch can have
    /// written.
    pub fn is_behind_the_state(self, view: &CheckpointView) -> bool {
        let limit = self.offsets.unwrap_or(-1).saturating_add(1);
        view.listing
            .keys()
            .any(|key| match CheckpointFile::of_key(key) {
                CheckpointFile::State(file) => file.version > limit,
                _ => false,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::super::view::ListedObject;
    use super::*;

    fn view(keys: &[&str]) -> CheckpointView {
        let mut view = CheckpointView::new("s3://bucket/ck");
        for key in keys {
            view.list(*key, ListedObject::default());
        }
        view
    }

    #[test]
    fn only_logs_that_a_running_query_never_has_are_unsound() {
        for (keys, is_sound) in [
            (&[][..], true),
            (&["offsets/0"][..], true),
            (&["offsets/6", "commits/6"][..], true),
            (&["offsets/6", "commits/5"][..], true),
            (&["offsets/6", "commits/4"][..], false),
            (&["offsets/6", "commits/7"][..], false),
            (&["offsets/3"][..], false),
            (&["commits/3"][..], false),
        ] {
            assert_eq!(Standing::of(&view(keys)).is_sound(), is_sound, "{keys:?}");
        }
    }

    #[test]
    fn state_that_the_newest_batch_cannot_have_written_is_seen() {
        for (state, is_behind) in
            [("state/0/0/7.delta", false), ("state/0/0/8.delta", true)]
        {
            let view = view(&["offsets/6", state]);
            assert_eq!(
                Standing::of(&view).is_behind_the_state(&view),
                is_behind,
                "{state}"
            );
        }
    }
}
