//! Judges a finished plan, whoever built or edited it: the rules that must
//! hold before any step is carried out.

use thiserror::Error;

use super::{Plan, PlanKind, Setting, Step, StepKind};
use crate::checkpoint::InitialOffset;
use crate::ids::Digest;
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
        StepKind::OpenGate(s) => s.prefix == *checkpoint,
        StepKind::Restart(s) => {
            s.application == stream.application && s.tag == plan.body.run
        }
        StepKind::ReadBack(s) => s.prefix == *checkpoint,
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
            _ => {}
        }
    }
    faults
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
