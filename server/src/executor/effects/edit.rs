//! Changes some files of a checkpoint: deletes keys of the sealed backup, each on
//! its ETag and in the order that leaves no silent harm, then writes small files.

use std::collections::BTreeMap;

use domain::ids::Digest;
use domain::keyset::{CHUNK_KEYS, KeyEntry, KeySet};
use domain::plan::{EditStep, FileWrite, in_order};
use domain::run::Facts;

use super::{Effect, Work};
use crate::aws::{AwsErrorKind, PutOn};
use crate::executor::problem::Stopped;

/// More than any file of a log, and little to read.
const LOG_FILE_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// What may lie in the checkpoint while it is changed.
struct Allowed {
    /// The sealed backup's keys, without `metadata`.
    sealed: Vec<KeyEntry>,
    /// Those of them that are to go.
    deletes: Vec<KeyEntry>,
}

impl Work<'_> {
    pub(super) async fn edit(&self, step: &EditStep) -> Result<Effect, Stopped> {
        let allowed = self.allowed(step).await?;
        self.refuse_writers().await?;
        let left = self.left_to_delete(step, &allowed).await?;
        let total = step.deletes.count;
        let mut done = total.saturating_sub(left.len() as u64);
        self.progress(done, total, "objects deleted").await;
        for group in in_order(&left) {
            for chunk in group.chunks(CHUNK_KEYS) {
                self.delete(&step.prefix, chunk).await?;
                done += chunk.len() as u64;
                self.progress(done, total, "objects deleted").await;
            }
        }
        if let Some(rest) = self.left_to_delete(step, &allowed).await?.first() {
            return Err(Stopped::retry(
                format!("{}{} is still there.", step.prefix.uri(), rest.key),
                "It is deleted again.",
            ));
        }
        for write in &step.writes {
            self.write(step, write).await?;
        }
        Ok(Effect::done(Facts::Edited {
            deleted: total,
            written: step.writes.iter().map(|w| w.key.clone()).collect(),
        }))
    }

    /// The keys that the plan deletes, proved to be the plan's and each to be in
    /// the sealed backup.
    async fn allowed(&self, step: &EditStep) -> Result<Allowed, Stopped> {
        let sealed = self.sealed().await?;
        let deletes = match step.deletes.count {
            0 => Vec::new(),
            _ => self.held.world.runs.keys(&step.deletes.sha256).await?,
        };
        let backed_up = |entry: &KeyEntry| sealed.binary_search(entry).is_ok();
        let as_planned = KeySet::of(&deletes) == step.deletes;
        let writes_backed_up = step.writes.iter().all(|w| {
            let before = sealed.iter().find(|e| e.key == w.key);
            w.replaces.as_ref() == before.map(|e| &e.etag)
        });
        if as_planned && deletes.iter().all(backed_up) && writes_backed_up {
            Ok(Allowed { sealed, deletes })
        } else {
            Err(Stopped::person(
                "Nothing is changed: not everything that the plan touches is in the sealed backup.",
                "Abort this Run and open another, which secures the stream anew.",
            ))
        }
    }

    /// What is still there of the keys that go. All else must be as it was sealed,
    /// or as the plan writes it; otherwise somebody is writing.
    async fn left_to_delete(
        &self,
        step: &EditStep,
        allowed: &Allowed,
    ) -> Result<Vec<KeyEntry>, Stopped> {
        let mut kept: BTreeMap<&str, &KeyEntry> =
            allowed.sealed.iter().map(|e| (e.key.as_str(), e)).collect();
        let mut going = BTreeMap::new();
        for entry in &allowed.deletes {
            kept.remove(entry.key.as_str());
            going.insert(entry.key.as_str(), entry);
        }
        let mut left = Vec::new();
        for object in self.list(&step.prefix).await? {
            let key = object.key.as_str();
            if key == "metadata" {
                continue;
            }
            let before = kept.remove(key).or_else(|| going.get(key).copied());
            match before {
                Some(entry) if entry.etag == object.etag => {
                    if going.contains_key(key) {
                        left.push(entry.clone());
                    }
                }
                _ if self.is_written(step, key).await? => {}
                Some(_) => return Err(somebody(key, "was written again")),
                None => return Err(somebody(key, "is new")),
            }
        }
        match kept.keys().next() {
            None => Ok(left),
            Some(gone) => Err(somebody(
                gone,
                "is gone, and nothing in the plan deletes it",
            )),
        }
    }

    /// Whether an object holds what the plan writes there: an earlier attempt did.
    async fn is_written(&self, step: &EditStep, key: &str) -> Result<bool, Stopped> {
        let Some(write) = step.writes.iter().find(|w| w.key == key) else {
            return Ok(false);
        };
        let there = self.file(step, key).await?;
        Ok(there.is_some_and(|bytes| bytes == write.body.as_bytes()))
    }

    async fn write(&self, step: &EditStep, write: &FileWrite) -> Result<(), Stopped> {
        let bytes = write.body.clone().into_bytes();
        if Digest::of(&bytes) != write.sha256 {
            return Err(Stopped::person(
                format!("{} is not what the plan promises.", write.key),
                "It was not written. This is a defect; report it with this reference.",
            ));
        }
        let on = write.replaces.clone().map_or(PutOn::Absent, PutOn::Match);
        let key = format!("{}{}", step.prefix.key(), write.key);
        let put = self
            .aws
            .s3()
            .put(step.prefix.bucket(), &key, bytes, on)
            .await;
        match put {
            Ok(_) => Ok(()),
            Err(error) if error.kind == AwsErrorKind::PreconditionFailed => {
                match self.is_written(step, &write.key).await? {
                    true => Ok(()),
                    false => Err(somebody(&write.key, "was written again")),
                }
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn file(&self, step: &EditStep, key: &str) -> Result<Option<Vec<u8>>, Stopped> {
        let key = format!("{}{key}", step.prefix.key());
        let got = self
            .aws
            .s3()
            .get(step.prefix.bucket(), &key, LOG_FILE_BYTES_MAX)
            .await;
        match got {
            Ok(got) => Ok(Some(got.bytes)),
            Err(error) if error.kind == AwsErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

fn somebody(key: &str, what: &str) -> Stopped {
    Stopped::person(
        format!("{key} {what}: somebody is writing the checkpoint."),
        "The gate stays closed. Find out who, then resume; the backup holds everything that was there.",
    )
}
