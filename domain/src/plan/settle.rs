//! Chooses what a secure plan copies, once the job has ended: a pure function
//! of the plan and the listing, so that the executor still decides nothing.

use thiserror::Error;

use super::{Plan, StepKind};
use crate::keyset::{KeyEntry, KeySet};
use crate::stream::{Prefix, Stream};
use crate::time::Millis;

/// Why a plan no longer fits the world.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Stale(pub String);

/// The listing that a secure plan settles on, and its summary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Every object under the prefix, sorted by key.
    pub entries: Vec<KeyEntry>,
    /// Its summary.
    pub keys: KeySet,
}

/// Settles a secure plan on what lies under its prefix after the stop.
///
/// Batches that were committed during the stop are expected. A decisive file
/// that was there when the plan was built must still be there as it was:
/// Spark never rewrites one, so another hand was at work.
///
/// # Errors
/// [`Stale`] with what moved.
pub fn settle(plan: &Plan, mut entries: Vec<KeyEntry>) -> Result<Listed, Stale> {
    let copies = plan
        .body
        .steps
        .iter()
        .any(|s| matches!(s.kind, StepKind::Copy(_)));
    if !copies {
        return Err(Stale("The plan copies nothing.".to_owned()));
    }
    entries.sort();
    if entries.windows(2).any(|pair| pair[0].key == pair[1].key) {
        return Err(Stale("The listing names a key twice.".to_owned()));
    }
    if entries.is_empty() {
        return Err(Stale("Nothing lies under the prefix any more.".to_owned()));
    }
    let decisive = plan.body.basis.decisive.as_ref();
    for (file, etag) in decisive.into_iter().flatten() {
        let now = entries.binary_search_by(|e| e.key.as_str().cmp(file));
        match now {
            Err(_) => return Err(Stale(format!("{file} is gone."))),
            Ok(at) if entries[at].etag != *etag => {
                return Err(Stale(format!("{file} was written again by somebody.")));
            }
            Ok(_) => {}
        }
    }
    let keys = KeySet::of(&entries);
    Ok(Listed { entries, keys })
}

/// Where the backup of `stream` lies that is begun at `at`:
/// `<backup root>/<stream>_backup_<YYYYMMDD_HHMMSS>Z/`.
#[must_use]
pub fn backup_prefix(stream: &Stream, at: Millis) -> Prefix {
    let name = format!("{}_backup_{}Z", stream.name, at.compact());
    stream
        .backup_root
        .child(&name)
        .expect("a stream name and a date make one plain segment")
}
