//! Puts a backup's objects back into the cleared checkpoint, all or nothing:
//! the gate stays closed until a listing has proved that exactly they lie there.

use std::collections::BTreeMap;

use domain::backup::{in_order, intact, read_manifest};
use domain::ids::Digest;
use domain::keyset::{KeyEntry, KeySet};
use domain::manifest::{Manifest, ManifestEntry};
use domain::plan::{RestoreStep, StepKind};
use domain::run::Facts;
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;

use super::{Effect, Work};
use crate::aws::{AwsErrorKind, Object};
use crate::executor::problem::Stopped;

const COPIES_AT_ONCE: usize = 8;
/// How often progress is told, in objects.
const TELL_EVERY: u64 = 500;
/// As much as is read of one where backups are listed.
const MANIFEST_BYTES_MAX: u64 = 64 * 1024 * 1024;

impl Work<'_> {
    pub(super) async fn restore(&self, step: &RestoreStep) -> Result<Effect, Stopped> {
        let manifest = self.chosen(step).await?;
        self.refuse_writers().await?;
        let there = self.lies_there(step, &manifest).await?;
        let total = step.keys.count;
        let adopted = there.len() as u64;
        let mut done = adopted;
        self.progress(done, total, "objects put back").await;
        for group in in_order(&manifest.entries) {
            let mut missing = group.iter();
            let mut under_way = FuturesUnordered::new();
            loop {
                while under_way.len() < COPIES_AT_ONCE
                    && let Some(entry) = missing.next()
                {
                    if !there.contains_key(&entry.key) {
                        under_way.push(self.put_back(step, entry));
                    }
                }
                let Some(result) = under_way.next().await else {
                    break;
                };
                result?;
                done += 1;
                if done.is_multiple_of(TELL_EVERY) {
                    self.progress(done, total, "objects put back").await;
                }
            }
        }
        self.progress(done, total, "objects put back").await;
        self.prove(step, &manifest).await?;
        Ok(Effect::done(Facts::Restored {
            objects: total,
            adopted,
            bytes: step.keys.bytes,
        }))
    }

    /// Before the first change: refuses a plan whose backup is not whole.
    pub(super) async fn refuse_torn_backup(&self) -> Result<(), Stopped> {
        let restores = self.plan.body.steps.iter().find_map(|s| match &s.kind {
            StepKind::Restore(restore) => Some(restore),
            _ => None,
        });
        let Some(step) = restores else {
            return Ok(());
        };
        let manifest = self.chosen(step).await?;
        let listed = self.list(&step.from).await?.into_iter().map(|o| KeyEntry {
            key: o.key,
            etag: o.etag,
            size: o.size,
        });
        intact(&manifest, &listed.collect::<Vec<_>>()).map_err(|why| {
            Stopped::person(
                format!("The backup cannot be put back. {why}"),
                "Nothing was changed. Abort this Run, and choose another way out.",
            )
        })
    }

    /// The manifest of the plan's backup, proved to be the plan's by its SHA-256.
    async fn chosen(&self, step: &RestoreStep) -> Result<Manifest, Stopped> {
        let other = |why: String| {
            Stopped::person(
                format!("The backup's manifest is not the plan's. {why}"),
                "Nothing more is put back. Find out who wrote it; the backup that this Run has sealed holds what was there before.",
            )
        };
        let bucket = step.from.bucket();
        let key = step.manifest.strip_prefix(&format!("s3://{bucket}/"));
        let key = key.ok_or_else(|| other("It lies in another bucket.".to_owned()))?;
        let got = match self.aws.s3().get(bucket, key, MANIFEST_BYTES_MAX).await {
            Ok(got) => got,
            Err(error) if error.kind == AwsErrorKind::NotFound => {
                return Err(other(format!("{} is gone.", step.manifest)));
            }
            Err(error) => return Err(error.into()),
        };
        if Digest::of(&got.bytes) != step.sha256 {
            return Err(other("It was written again.".to_owned()));
        }
        let manifest =
            read_manifest(&got.bytes, &step.manifest, self.stream).map_err(other)?;
        match KeySet::of(&manifest.restored_entries()) == step.keys {
            true => Ok(manifest),
            false => Err(other("Its keys are others.".to_owned())),
        }
    }

    /// What of the backup lies in the checkpoint already, by an earlier attempt.
    /// Anything else there means that somebody is writing.
    async fn lies_there(
        &self,
        step: &RestoreStep,
        manifest: &Manifest,
    ) -> Result<BTreeMap<String, Object>, Stopped> {
        let wanted: BTreeMap<&str, &ManifestEntry> = manifest
            .entries
            .iter()
            .map(|e| (e.key.as_str(), e))
            .collect();
        let mut there = BTreeMap::new();
        for object in self.list(&step.prefix).await? {
            if object.key == "metadata" {
                continue;
            }
            match wanted.get(object.key.as_str()) {
                Some(entry) if entry.size == object.size => {
                    there.insert(object.key.clone(), object);
                }
                Some(_) => return Err(somebody(&object.key, "has another size")),
                None => return Err(somebody(&object.key, "is new")),
            }
        }
        Ok(there)
    }

    async fn put_back(
        &self,
        step: &RestoreStep,
        entry: &ManifestEntry,
    ) -> Result<(), Stopped> {
        self.held.world.pace.turn(1).await;
        let s3 = self.aws.s3();
        let from = format!("{}{}", step.from.key(), entry.key);
        let to = format!("{}{}", step.prefix.key(), entry.key);
        let (bucket, etag) = (step.from.bucket(), &entry.copy_etag);
        let copied = s3.copy(bucket, &from, etag, step.prefix.bucket(), &to);
        match copied.await {
            Ok(_) => Ok(()),
            // An earlier attempt of ours was first, which the proof will tell; or
            // the backup has changed.
            Err(error) if error.kind == AwsErrorKind::PreconditionFailed => {
                let source = s3.head(bucket, &from).await?;
                match source.is_some_and(|s| s.etag == *etag) {
                    true => Ok(()),
                    false => Err(torn(&entry.key, "has changed")),
                }
            }
            Err(error) if error.kind == AwsErrorKind::NotFound => {
                Err(torn(&entry.key, "is gone"))
            }
            Err(error) => {
                if error.kind == AwsErrorKind::Throttled {
                    self.held.world.pace.slower();
                }
                Err(error.into())
            }
        }
    }

    /// Proves that exactly the backup lies there, each object by its checksum.
    async fn prove(
        &self,
        step: &RestoreStep,
        manifest: &Manifest,
    ) -> Result<(), Stopped> {
        let there = self.lies_there(step, manifest).await?;
        let mut wanted = manifest.entries.iter();
        let mut under_way = FuturesUnordered::new();
        let mut done: u64 = 0;
        loop {
            while under_way.len() < COPIES_AT_ONCE
                && let Some(entry) = wanted.next()
            {
                if entry.key != "metadata" {
                    under_way.push(self.prove_one(step, entry, there.get(&entry.key)));
                }
            }
            let Some(result) = under_way.next().await else {
                break;
            };
            result?;
            done += 1;
            if done.is_multiple_of(TELL_EVERY) {
                self.progress(done, step.keys.count, "objects verified")
                    .await;
            }
        }
        Ok(())
    }

    async fn prove_one(
        &self,
        step: &RestoreStep,
        entry: &ManifestEntry,
        there: Option<&Object>,
    ) -> Result<(), Stopped> {
        let Some(there) = there else {
            return Err(Stopped::retry(
                format!(
                    "{} is not there, and S3 said that it was copied.",
                    entry.key
                ),
                "It is copied again.",
            ));
        };
        // The same ETag on both sides is the MD5 of the same bytes: see the seal.
        let by_md5 = entry.checksum == format!("md5:{}", there.etag);
        if by_md5 {
            return Ok(());
        }
        let s3 = self.aws.s3();
        let key = format!("{}{}", step.prefix.key(), entry.key);
        let now = s3.checksum(step.prefix.bucket(), &key, &there.etag).await?;
        let sealed = match entry.checksum.starts_with("sha256:") {
            true => entry.checksum.clone(),
            // Copied under another encryption, its ETag is no MD5 any more: both
            // sides are compared.
            false => {
                let key = format!("{}{}", step.from.key(), entry.key);
                s3.checksum(step.from.bucket(), &key, &entry.copy_etag)
                    .await?
            }
        };
        match now == sealed {
            true => Ok(()),
            false => Err(somebody(&entry.key, "is not equal to the sealed copy")),
        }
    }
}

fn somebody(key: &str, what: &str) -> Stopped {
    Stopped::person(
        format!("{key} {what}: somebody is writing the checkpoint."),
        "The gate stays closed. Find out who, then resume; the backup that this Run has sealed holds everything that was there.",
    )
}

fn torn(key: &str, what: &str) -> Stopped {
    Stopped::person(
        format!("{key} {what} in the backup that is put back."),
        "The gate stays closed. The backup that this Run has sealed holds everything that was there; close this Run and open another, which can put that back.",
    )
}
