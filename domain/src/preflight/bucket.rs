//! What the buckets say: what a delete means there, what is held, and what
//! cannot be copied.

use serde::{Deserialize, Serialize};

use super::{Judged, OnFailure};
use crate::probe::Answer;
use crate::text::{bytes, counted};

/// What GetBucketVersioning tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersioningSeen {
    /// `Enabled` or `Suspended`; `None` where it was never on.
    pub status: Option<String>,
    /// Whether versions are deleted only with a second factor.
    pub mfa_delete: bool,
}

/// Says what it means that the plan deletes or replaces an object there.
#[must_use]
pub fn versioning(bucket: &str, seen: &VersioningSeen) -> Answer {
    let means = match seen.status.as_deref() {
        None => format!(
            "Versioning is off in {bucket}. A delete is final there; what is left is the sealed backup."
        ),
        Some("Enabled") => format!(
            "Versioning is on in {bucket}. What is deleted or replaced stays as an older version, until a lifecycle rule ends it; the sealed backup does not depend on that."
        ),
        Some("Suspended") => format!(
            "Versioning is suspended in {bucket}. What was written since then is gone when it is deleted; versions from before stay. What is left of the rest is the sealed backup."
        ),
        Some(other) => {
            return Answer::failed(
                format!(
                    "S3 says that versioning is {other} in {bucket}, which Sluice does not know."
                ),
                "Look at the bucket's properties in the console of S3.",
            );
        }
    };
    let mfa = if seen.mfa_delete {
        " MFA delete is on: it is asked of who deletes versions, which no plan does."
    } else {
        ""
    };
    Answer::passed(format!("{means}{mfa}"))
}

/// What GetObjectLockConfiguration tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockSeen {
    /// Whether the bucket can hold objects.
    pub enabled: bool,
    /// For how long it holds each new object, in words, such as
    /// `GOVERNANCE for 30 days`.
    pub default: Option<String>,
}

/// An object that is held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Its key.
    pub key: String,
    /// How.
    pub kind: HoldKind,
}

/// How an object is held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldKind {
    /// Until somebody takes the hold away.
    Legal,
    /// In a mode, until a time, both in words.
    Retained(String),
}

/// Judges Object Lock. It protects versions: a delete without a version leaves
/// a marker, and an overwrite a newer version, so a plan could be carried out. A
/// legal hold is somebody's word that an object has to stay, and no plan goes
/// over it. `looked_at` of `of` objects were asked about.
#[must_use]
pub fn object_lock(
    bucket: &str,
    lock: &LockSeen,
    holds: &[Hold],
    looked_at: usize,
    of: usize,
) -> Judged {
    if !lock.enabled {
        let off = format!("Object Lock is off in {bucket}.");
        return (Answer::passed(off), OnFailure::Refuses);
    }
    let default = match &lock.default {
        Some(default) => format!(" It holds each new object: {default}."),
        None => String::new(),
    };
    let looked = if looked_at < of {
        format!(" {looked_at} of {of} objects were asked about.")
    } else {
        String::new()
    };
    let is = format!("Object Lock is on in {bucket}.{default}");
    let named = |kind: fn(&HoldKind) -> bool| -> Vec<&str> {
        let held = holds.iter().filter(|hold| kind(&hold.kind));
        held.map(|hold| hold.key.as_str()).collect()
    };
    let legal = named(|kind| *kind == HoldKind::Legal);
    if let Some(first) = legal.first() {
        return (
            Answer::failed(
                format!(
                    "{is} {} under a legal hold, such as {first}.{looked}",
                    are(legal.len(), "object is", "objects are")
                ),
                "Ask who placed the hold. Once it is taken away (aws s3api put-object-legal-hold), ask again.",
            ),
            OnFailure::Refuses,
        );
    }
    let retained = holds.iter().find_map(|hold| match &hold.kind {
        HoldKind::Retained(how) => Some((&hold.key, how)),
        HoldKind::Legal => None,
    });
    if let Some((key, how)) = retained {
        return (
            Answer::failed(
                format!(
                    "{is} {} retained, such as {key}: {how}.{looked} A delete leaves a marker over the version, which stays and is paid for.",
                    are(holds.len(), "object is", "objects are")
                ),
                "The plan can be carried out. Ask who set the retention whether a checkpoint belongs under it.",
            ),
            OnFailure::Warns,
        );
    }
    (
        Answer::passed(format!("{is} No object of the checkpoint is held.{looked}")),
        OnFailure::Refuses,
    )
}

fn are(count: usize, one: &str, many: &str) -> String {
    counted(count as u64, one, many)
}

/// An object as far as its copy depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredObject {
    /// Its key.
    pub key: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its storage class, in S3's words; `None` where S3 names none.
    pub class: Option<String>,
}

/// Whether every object can be copied as it lies there. S3 refuses to read what
/// is archived (`InvalidObjectState`), and CopyObject takes no object larger
/// than `copy_bytes_max`.
#[must_use]
pub fn copyable(objects: &[StoredObject], copy_bytes_max: u64) -> Answer {
    let archived: Vec<&StoredObject> = objects.iter().filter(is_archived).collect();
    if let Some(first) = archived.first() {
        return Answer::failed(
            format!(
                "{} archived, such as {} in {}. S3 copies none of them before it is restored.",
                are(archived.len(), "object is", "objects are"),
                first.key,
                first.class.as_deref().unwrap_or_default()
            ),
            "Restore them (aws s3api restore-object) and wait until that is done, or take the checkpoint out of the lifecycle rule that archives it. Then ask again.",
        );
    }
    if let Some(large) = objects.iter().find(|object| object.size > copy_bytes_max) {
        return Answer::failed(
            format!(
                "{} has {}, and one call copies {} at the most.",
                large.key,
                bytes(large.size),
                bytes(copy_bytes_max)
            ),
            "Copying in parts is not built. Back this checkpoint up by hand.",
        );
    }
    Answer::passed(format!(
        "{}, and none is archived.",
        counted(objects.len() as u64, "object", "objects")
    ))
}

/// `GLACIER_IR` is read at once. What S3's intelligent tiering has archived is
/// not told in a listing.
fn is_archived(object: &&StoredObject) -> bool {
    matches!(object.class.as_deref(), Some("GLACIER" | "DEEP_ARCHIVE"))
}
