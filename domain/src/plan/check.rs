//! Judges a finished plan, whoever built or edited it: the rules that must
//! hold before any step is carried out.

use thiserror::Error;

use super::edit::offsets_of;
use super::{
    ConfirmStep, EditStep, FileWrite, OpenGateStep, Plan, PlanKind, RestoreStep, Setting,
    Step, StepKind,
};
use crate::checkpoint::{CheckpointFile, InitialOffset, OffsetSeq, StreamMetadata};
use crate::ids::Digest;
use crate::intent::{Touch, WayOut};
use crate::manifest::manifest_location;
use crate::offsets::PartitionOffsets;
use crate::stream::Stream;

/// A rule that a plan breaks.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    /// The id is not the hash of the body.
    #[error("The plan's id is not the hash of what it says.")]
    NotGenuine,
    /// It is for another stream.
    #[error("The plan is for {0}.")]
    OtherStream(String),
    /// Its version is unknown.
    #[error("The plan's format {0} is not known to this release.")]
    Format(u32),
    /// The steps are not the ones of its kind, in their order.
    #[error("The steps are out of order: {0}.")]
    Order(String),
    /// A step reaches outside the stream.
    #[error(
        "Step {0} reaches outside the stream's checkpoint, backup root or application."
    )]
    Outside(String),
    /// It deletes what the backup does not hold.
    #[error("It clears {cleared} keys, but the sealed backup holds {sealed}.")]
    NotBackedUp {
        /// How many keys are cleared.
        cleared: u64,
        /// How many were sealed.
        sealed: u64,
    },
    /// It puts back what was not chosen.
    #[error("It puts back another backup than the one that was chosen.")]
    OtherBackup,
    /// It goes on elsewhere than the way out says, or than it promises.
    #[error("The job would go on elsewhere than the plan promises.")]
    Onward,
    /// It writes what is no file of the log, or other bytes than promised.
    #[error(
        "{0} is written with other bytes than the plan promises, or is no file of the log."
    )]
    Write(String),
    /// A seed's bytes or offsets are not those promised.
    #[error("Source {0} is seeded with other offsets than the plan promises.")]
    Seed(u32),
    /// What the driver is given is not what was promised.
    #[error("The driver is given other starting offsets than the plan promises.")]
    Setting,
    /// The driver is changed where nothing says that the job reads it.
    #[error(
        "The driver is changed in {0}, which the stream's configuration does not name."
    )]
    OtherCarrier(String),
    /// An id stands twice.
    #[error("Step {0} stands in the plan twice.")]
    Twice(String),
}

const SECURE: &[&str] = &["hold", "stop", "wait", "copy", "seal"];
const RESET: &[&str] = &[
    "close-gate",
    "clear",
    "seed",
    "open-gate",
    "restart",
    "read-back",
    "watch",
];

/// As [`RESET`], where the checkpoint's log is changed instead of cleared.
const EDIT: &[&str] = &[
    "close-gate",
    "edit",
    "open-gate",
    "restart",
    "confirm",
    "watch",
];
/// As [`RESET`], where a backup is put in the checkpoint's place.
const RESTORE: &[&str] = &[
    "close-gate",
    "clear",
    "restore",
    "open-gate",
    "restart",
    "confirm",
    "watch",
];
/// As [`RESET`], where the checkpoint stays as it is.
const RESTART: &[&str] = &["restart", "confirm", "watch"];

/// The rules that `plan` breaks; empty for a plan that may be carried out.
#[must_use]
pub fn check(plan: &Plan, stream: &Stream) -> Vec<Fault> {
    let mut faults = Vec::new();
    if !plan.is_genuine() {
        faults.push(Fault::NotGenuine);
    }
    if plan.body.format != super::FORMAT {
        faults.push(Fault::Format(plan.body.format));
    }
    if plan.body.stream != stream.name {
        faults.push(Fault::OtherStream(plan.body.stream.to_string()));
    }
    faults.extend(order(plan));
    faults.extend(outside(plan, stream));
    faults.extend(promises(plan));
    faults.extend(settings(plan, stream));
    faults
}

fn order(plan: &Plan) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut words: Vec<&str> = plan.body.steps.iter().map(|s| s.kind.word()).collect();
    words.dedup_by(|a, b| a == b && *a == "seed");
    let without = |steps: &[&'static str], left_out: &str| -> Vec<&'static str> {
        steps.iter().copied().filter(|w| *w != left_out).collect()
    };
    // A job that has ended needs no stop. A start is carried by seeds or by the
    // driver: by both, Spark would not look at the driver; by neither, the job
    // would begin where it likes.
    let expected = match plan.body.kind {
        PlanKind::Secure => vec![SECURE.to_vec(), without(SECURE, "stop")],
        PlanKind::Reset if touch(plan) == Touch::Log => vec![EDIT.to_vec()],
        PlanKind::Reset if touch(plan) == Touch::Backup => vec![RESTORE.to_vec()],
        PlanKind::Reset if touch(plan) == Touch::Nothing => vec![RESTART.to_vec()],
        PlanKind::Reset if plan.setting().is_some() => vec![without(RESET, "seed")],
        PlanKind::Reset => vec![RESET.to_vec()],
    };
    if !expected.contains(&words) {
        faults.push(Fault::Order(words.join(", ")));
    }
    let mut ids: Vec<&str> = plan
        .body
        .steps
        .iter()
        .chain(&plan.body.undo)
        .map(|s| s.id.as_str())
        .collect();
    ids.sort_unstable();
    faults.extend(
        ids.windows(2)
            .filter(|pair| pair[0] == pair[1])
            .map(|pair| Fault::Twice(pair[0].to_owned())),
    );
    faults
}

fn outside(plan: &Plan, stream: &Stream) -> Vec<Fault> {
    let checkpoint = &stream.checkpoint;
    let in_root = |to: &crate::stream::Prefix| {
        to.bucket() == stream.backup_root.bucket()
            && to.key().len() > stream.backup_root.key().len()
            && to.key().starts_with(stream.backup_root.key())
            && !to.overlaps(checkpoint)
    };
    let inside = |kind: &StepKind| match kind {
        StepKind::Hold(_) => true,
        StepKind::Stop(s) => s.application == stream.application,
        StepKind::Wait(s) => {
            s.application == stream.application && s.prefix == *checkpoint
        }
        StepKind::Copy(s) => s.from == *checkpoint && in_root(&s.to),
        StepKind::Seal(s) => s.from == *checkpoint && in_root(&s.to),
        StepKind::CloseGate(s) => s.prefix == *checkpoint,
        StepKind::Clear(s) => s.prefix == *checkpoint,
        StepKind::Seed(s) => s.prefix == *checkpoint,
        StepKind::Edit(s) => s.prefix == *checkpoint,
        StepKind::Restore(s) => s.prefix == *checkpoint && in_root(&s.from),
        StepKind::OpenGate(s) => s.prefix == *checkpoint,
        StepKind::Restart(s) => {
            s.application == stream.application && s.tag == plan.body.run
        }
        StepKind::ReadBack(s) => s.prefix == *checkpoint,
        StepKind::Confirm(s) => s.prefix == *checkpoint,
        StepKind::Watch(s) => s.prefix == *checkpoint,
    };
    plan.body
        .steps
        .iter()
        .chain(&plan.body.undo)
        .filter(|step| !inside(&step.kind))
        .map(|step| Fault::Outside(step.id.to_string()))
        .collect()
}

fn promises(plan: &Plan) -> Vec<Fault> {
    let mut faults = Vec::new();
    let sealed = plan.body.sealed.as_ref();
    for step in &plan.body.steps {
        match &step.kind {
            StepKind::Clear(clear) => {
                let held = sealed.map_or(0, |s| s.keys.count);
                // The closed gate stands in for `metadata`, which the backup
                // holds and the clear leaves.
                let allowed = clear.keys.count == held
                    || clear.keys.count.checked_add(1) == Some(held);
                if !allowed {
                    faults.push(Fault::NotBackedUp {
                        cleared: clear.keys.count,
                        sealed: held,
                    });
                }
            }
            StepKind::Seed(seed) => {
                let bytes = InitialOffset {
                    offsets: seed.offsets.clone(),
                }
                .render();
                if Digest::of(&bytes) != seed.sha256 || !promised(plan, &seed.offsets) {
                    faults.push(Fault::Seed(seed.source));
                }
            }
            StepKind::Edit(edit) => faults.extend(edited(plan, edit)),
            StepKind::Restore(restore) if !is_the_chosen(plan, restore) => {
                faults.push(Fault::OtherBackup);
            }
            StepKind::OpenGate(gate) if !is_its_own(plan, gate) => {
                faults.push(Fault::Write("metadata".to_owned()));
            }
            StepKind::Confirm(confirm) if !goes_on_as_promised(plan, confirm) => {
                faults.push(Fault::Onward);
            }
            _ => {}
        }
    }
    faults
}

/// Whether what is put back is the backup that was asked for, and not the one
/// that this Run has made of what is there now.
fn is_the_chosen(plan: &Plan, restore: &RestoreStep) -> bool {
    let chosen = match plan.body.intent.as_ref().map(|i| &i.way_out) {
        Some(WayOut::Restore { backup, manifest }) => {
            *backup == restore.from && *manifest == restore.sha256
        }
        _ => false,
    };
    let made = plan.body.sealed.as_ref().map(|s| &s.backup);
    chosen
        && restore.manifest == manifest_location(&restore.from)
        && made != Some(&restore.from)
}

/// Whether a `metadata` of other bytes than Sluice's is a backup's, and tells the
/// query id that the plan says.
fn is_its_own(plan: &Plan, gate: &OpenGateStep) -> bool {
    let Some(text) = &gate.text else {
        return true;
    };
    let told = StreamMetadata::parse(text.as_bytes()).value.map(|m| m.id);
    touch(plan) == Touch::Backup && told == Some(gate.query_id)
}

/// What the way out of a plan does; one without an intent clears.
fn touch(plan: &Plan) -> Touch {
    let intent = plan.body.intent.as_ref();
    intent.map_or(Touch::All, |i| i.way_out.touch())
}

/// The deletes are some of what was sealed (which, is proved against the list
/// itself before any of it is deleted), and what is written is a log file of
/// exactly these bytes.
fn edited(plan: &Plan, edit: &EditStep) -> Vec<Fault> {
    let mut faults = Vec::new();
    let held = plan.body.sealed.as_ref().map_or(0, |s| s.keys.count);
    if edit.deletes.count > held {
        faults.push(Fault::NotBackedUp {
            cleared: edit.deletes.count,
            sealed: held,
        });
    }
    for write in &edit.writes {
        let is_log = match CheckpointFile::of_key(&write.key) {
            CheckpointFile::Commits(_) => true,
            CheckpointFile::Offsets(_) => {
                OffsetSeq::parse(write.body.as_bytes()).issues.is_empty()
            }
            _ => false,
        };
        if !is_log || Digest::of(write.body.as_bytes()) != write.sha256 {
            faults.push(Fault::Write(write.key.clone()));
        }
    }
    faults
}

/// Whether the batch and the offsets at which the job is to go on are those of
/// the way out and of the effects.
fn goes_on_as_promised(plan: &Plan, confirm: &ConfirmStep) -> bool {
    let batch = match plan.body.intent.as_ref().map(|i| &i.way_out) {
        Some(WayOut::RollBack { batch }) => batch.checked_add(1),
        _ => Some(confirm.batch),
    };
    // Where the end of the batch before is written, it is where this one begins.
    let written = plan.body.steps.iter().all(|step| match &step.kind {
        StepKind::Edit(edit) => edit.writes.iter().all(|w| ends_at(w, confirm)),
        _ => true,
    });
    let watched = plan.body.steps.iter().all(|step| match &step.kind {
        StepKind::Watch(watch) => watch.from_batch == confirm.batch,
        _ => true,
    });
    let offsets = || confirm.sources.iter().filter(|offsets| !offsets.is_empty());
    batch == Some(confirm.batch)
        && watched
        && written
        && offsets().next().is_some()
        && offsets().all(|offsets| promised(plan, offsets))
}

/// Whether what is written is no offsets, or offsets that end where the plan says
/// that the next batch begins.
fn ends_at(write: &FileWrite, confirm: &ConfirmStep) -> bool {
    if !matches!(
        CheckpointFile::of_key(&write.key),
        CheckpointFile::Offsets(_)
    ) {
        return true;
    }
    let log = OffsetSeq::parse(write.body.as_bytes()).value;
    let ends = log.and_then(|log| offsets_of(&log.sources));
    ends.as_ref() == Some(&confirm.sources)
}

/// What restarts change in the driver: in the steps what was promised and
/// configured, in the undo nothing, since its checkpoint is untouched.
fn settings(plan: &Plan, stream: &Stream) -> Vec<Fault> {
    let of = |steps: &[Step]| -> Vec<Setting> {
        let restarts = steps.iter().filter_map(|s| match &s.kind {
            StepKind::Restart(restart) => restart.setting.clone(),
            _ => None,
        });
        restarts.collect()
    };
    let mut faults: Vec<Fault> = of(&plan.body.undo)
        .iter()
        .map(|setting| Fault::OtherCarrier(setting.place()))
        .collect();
    for setting in of(&plan.body.steps) {
        if !setting.is_by(&stream.carrier) {
            faults.push(Fault::OtherCarrier(setting.place()));
        }
        let whole = setting.offsets().is_some_and(|offsets| {
            offsets.len() == plan.body.effects.len()
                && promised(plan, &offsets)
                && plan.starting_offsets() == [offsets]
        });
        if !whole {
            faults.push(Fault::Setting);
        }
    }
    faults
}

/// Whether the plan's effects say the same of each of these offsets.
fn promised(plan: &Plan, offsets: &PartitionOffsets) -> bool {
    offsets.iter().all(|(topic, partition, offset)| {
        plan.body
            .effects
            .iter()
            .any(|e| e.topic == topic && e.partition == partition && e.after.0 == offset)
    })
}
