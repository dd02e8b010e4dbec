//! What would mend a checkpoint, rising in harm, each with why nothing less
//! will do.

use super::{Action, Exam, Remedy};
use crate::checkpoint::layout::CheckpointFile;
use crate::checkpoint::prognosis::{Prognosis, predict};
use crate::checkpoint::view::CheckpointView;

/// So many batches are tried, from the newest down.
const TRIES_MAX: usize = 12;

/// The batch whose end can be gone back to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RollBack {
    pub to: Option<i64>,
    /// As a sentence, where there is none.
    pub why_not: String,
}

impl Exam<'_> {
    /// For a start that ends at a file: the same files give the same end.
    pub(super) fn of_a_broken_start(&self) -> Vec<Remedy> {
        self.ladder("A restart, now or later, meets the same files.")
    }

    /// From a roll back, where there is one, to a full reset. To go back over a
    /// batch that the sink has does more harm than to put a lost file back, so
    /// a backup then comes first.
    pub(super) fn ladder(&self, why_no_restart: &str) -> Vec<Remedy> {
        let found = self.roll_back();
        let mut ladder = match found.to {
            None => vec![Remedy::new(
                Action::RestoreBackup,
                format!("{why_no_restart} {}", found.why_not),
            )],
            Some(batch) if self.newest_commit() > Some(batch) => vec![
                Remedy::new(
                    Action::RestoreBackup,
                    format!(
                        "{why_no_restart} To go back to batch {batch} runs committed \
                         batches anew; a backup that has what is missing does not."
                    ),
                ),
                Remedy::new(
                    Action::RollBackTo(batch),
                    format!(
                        "Where there is no such backup. {}",
                        self.about_going_back(batch)
                    ),
                ),
            ],
            Some(_) => self.back_then_backup(why_no_restart),
        };
        ladder.extend(self.without_a_backup());
        ladder
    }

    /// For state that is lost: what is committed after the newest version that
    /// can be loaded has to be run anew in any case.
    pub(super) fn of_lost_state(&self) -> Vec<Remedy> {
        let mut ladder =
            self.back_then_backup("A restart, now or later, meets the same files.");
        ladder.extend(self.without_a_backup());
        ladder
    }

    fn back_then_backup(&self, why_no_restart: &str) -> Vec<Remedy> {
        let found = self.roll_back();
        let Some(batch) = found.to else {
            return vec![Remedy::new(
                Action::RestoreBackup,
                format!("{why_no_restart} {}", found.why_not),
            )];
        };
        vec![
            Remedy::new(
                Action::RollBackTo(batch),
                format!("{why_no_restart} {}", self.about_going_back(batch)),
            ),
            Remedy::new(
                Action::RestoreBackup,
                format!(
                    "Where a backup is newer than batch {batch}, or that batch must not \
                     be gone back to."
                ),
            ),
        ]
    }

    /// The end of the ladder alone, for this reason: nothing older would do.
    pub(super) fn begun_anew(&self, why: &str) -> Vec<Remedy> {
        let mut ladder = self.without_a_backup();
        ladder[0].why = format!("{why}{}", self.state_goes());
        ladder
    }

    fn state_goes(&self) -> &'static str {
        if self.shape.stateful {
            " The state is lost with it."
        } else {
            ""
        }
    }

    /// The end of the ladder.
    pub(super) fn without_a_backup(&self) -> Vec<Remedy> {
        let state = self.state_goes();
        vec![
            Remedy::new(
                Action::NewStartAtOffsets,
                format!(
                    "Where there is no backup and the offsets are known, from an older \
                     batch or the driver's progress log.{state}"
                ),
            ),
            Remedy::new(
                Action::FullReset,
                "Where no offsets are known either: the job's own starting options then \
                 decide.",
            ),
        ]
    }

    fn about_going_back(&self, batch: i64) -> String {
        let there = if self.shape.stateful {
            "the file before, its commit and its state"
        } else {
            "the file before and its commit"
        };
        let first = batch.saturating_add(1);
        let again = match self.newest_commit() {
            Some(commit) if commit > batch => format!(
                "What was committed after it, up to batch {commit}, is planned and run \
                 anew: the sink gets those records twice. One that remembers the ids of \
                 batches drops all that is planned under the ids up to {commit}, records \
                 that were never written among them; there the query needs a new id, or \
                 the sink's memory has to go back too."
            ),
            _ if self.newest_offsets() > Some(batch) => {
                format!("Batch {first} was never committed; it is planned anew.")
            }
            _ => "No batch is run anew.".to_owned(),
        };
        format!(
            "Batch {batch} is the newest whose offsets, {there} are all there. {again}"
        )
    }

    /// The newest batch whose end the query could go on from, with all that is
    /// newer taken away.
    pub(super) fn roll_back(&self) -> &RollBack {
        self.roll_back.get_or_init(|| self.look_for_roll_back())
    }

    fn look_for_roll_back(&self) -> RollBack {
        let none = |why_not: String| RollBack { to: None, why_not };
        let (Some(offsets), Some(commit)) = (self.newest_offsets(), self.newest_commit())
        else {
            return none("No batch is both planned and committed.".to_owned());
        };
        let newest = offsets.min(commit);
        let candidates: Vec<i64> = self
            .commits
            .iter()
            .rev()
            .copied()
            .filter(|batch| *batch <= newest && *batch >= 0)
            .filter(|batch| self.offsets.binary_search(batch).is_ok())
            .take(TRIES_MAX)
            .collect();
        let mut view = self.view.clone();
        for batch in &candidates {
            cut_after(&mut view, *batch);
            match predict(&view, self.line, self.shape) {
                Prognosis::Starts {
                    batch_id,
                    replay: false,
                    ..
                } if batch.checked_add(1) == Some(batch_id) => {
                    return RollBack {
                        to: Some(*batch),
                        why_not: String::new(),
                    };
                }
                Prognosis::Unknown { .. } => {
                    return none(format!(
                        "Whether batch {batch} can be gone back to is unknown: its files \
                         were not read."
                    ));
                }
                _ => {}
            }
        }
        match candidates.last() {
            Some(last) => none(format!(
                "From {newest} down to {last}, no batch can be gone back to: what a start \
                 needs is not there."
            )),
            None => none("No batch is both planned and committed.".to_owned()),
        }
    }
}

/// Takes away what a roll back to the end of a batch removes: newer files of
/// both logs, and newer versions of the state, whose SST files stay.
fn cut_after(view: &mut CheckpointView, batch: i64) {
    let state = batch.saturating_add(1);
    view.listing
        .retain(|key, _| match CheckpointFile::of_key(key) {
            CheckpointFile::Offsets(id) | CheckpointFile::Commits(id) => id <= batch,
            CheckpointFile::InsideBatchDirectory { batch: id, .. } => id <= batch,
            CheckpointFile::State(file) | CheckpointFile::StateChecksum(file) => {
                file.version <= state || file.unique_id.is_some()
            }
            _ => true,
        });
    let listing = &view.listing;
    view.bytes.retain(|key, _| listing.contains_key(key));
}
