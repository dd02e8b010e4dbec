//! Copies the checkpoint and seals the copy by a manifest.

use std::collections::BTreeMap;

use domain::ids::Digest;
use domain::keyset::KeyEntry;
use domain::manifest::{Manifest, ManifestEntry};
use domain::plan::{CopyStep, Listed, SealStep, settle};
use domain::run::{Event, Facts};
use domain::stream::Prefix;
use domain::text::thousands;
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;

use super::{Effect, Work};
use crate::aws::{AwsErrorKind, Object, PutOn};
use crate::executor::problem::Stopped;

/// How many copies are under way at once.
const COPIES_AT_ONCE: usize = 8;
/// How often progress is told, in copies.
const TELL_EVERY: u64 = 500;

impl Work<'_> {
    pub(super) async fn copy(&self, step: &CopyStep) -> Result<Effect, Stopped> {
        self.refuse_writers().await?;
        let source = self.settled(&step.from).await?;
        let there = by_key(self.list(&step.to).await?);
        let foreign = there.keys().find(|key| {
            source
                .entries
                .binary_search_by(|e| e.key.as_str().cmp(key.as_str()))
                .is_err()
        });
        if let Some(foreign) = foreign {
            return Err(Stopped::person(
                format!("{}{foreign} is not from this backup.", step.to.uri()),
                "Somebody else writes there. Make the secure plan anew, with a new destination.",
            ));
        }
        let missing: Vec<KeyEntry> = source
            .entries
            .iter()
            .filter(|e| !there.contains_key(&e.key))
            .cloned()
            .collect();
        let total = source.entries.len() as u64;
        let adopted = total - missing.len() as u64;
        self.progress(adopted, total, "objects copied").await;
        let mut copied = adopted;
        let mut rest = missing.into_iter();
        let mut under_way = FuturesUnordered::new();
        loop {
            while under_way.len() < COPIES_AT_ONCE
                && let Some(entry) = rest.next()
            {
                under_way.push(self.copy_one(step, entry));
            }
            let Some(result) = under_way.next().await else {
                break;
            };
            result?;
            copied += 1;
            if copied.is_multiple_of(TELL_EVERY) {
                self.progress(copied, total, "objects copied").await;
            }
        }
        self.progress(copied, total, "objects copied").await;
        Ok(Effect::done(Facts::Copied {
            objects: total,
            adopted,
            bytes: source.keys.bytes,
        }))
    }

    async fn copy_one(&self, step: &CopyStep, entry: KeyEntry) -> Result<(), Stopped> {
        self.held.world.pace.turn(1).await;
        let from = format!("{}{}", step.from.key(), entry.key);
        let to = format!("{}{}", step.to.key(), entry.key);
        let result = self
            .aws
            .s3()
            .copy(
                step.from.bucket(),
                &from,
                &entry.etag,
                step.to.bucket(),
                &to,
            )
            .await;
        match result {
            Ok(_) => Ok(()),
            Err(error) if error.kind == AwsErrorKind::PreconditionFailed => {
                // Either an earlier attempt of ours was first, which the seal
                // will prove, or the source has changed.
                let source = self.aws.s3().head(step.from.bucket(), &from).await?;
                if source.is_some_and(|s| s.etag == entry.etag) {
                    Ok(())
                } else {
                    Err(Stopped::person(
                        format!("{from} has changed while it was copied."),
                        "Somebody is writing the checkpoint. Find out who, then make the secure plan anew.",
                    ))
                }
            }
            Err(error) => {
                if error.kind == AwsErrorKind::Throttled {
                    self.held.world.pace.slower();
                }
                Err(error.into())
            }
        }
    }

    /// The source as it lies there now, if the plan still fits it.
    async fn settled(&self, from: &Prefix) -> Result<Listed, Stopped> {
        let entries = self
            .list(from)
            .await?
            .into_iter()
            .map(|o| KeyEntry {
                key: o.key,
                etag: o.etag,
                size: o.size,
            })
            .collect();
        settle(self.plan, entries).map_err(|stale| {
            Stopped::person(
                format!("The plan is stale. {stale}"),
                "The checkpoint was not changed by this Run. Make the secure plan anew.",
            )
        })
    }

    pub(super) async fn seal(&self, step: &SealStep) -> Result<Effect, Stopped> {
        self.refuse_writers().await?;
        let source = self.settled(&step.from).await?;
        let copies = by_key(self.list(&step.to).await?);
        if let Some(missing) =
            source.entries.iter().find(|e| !copies.contains_key(&e.key))
        {
            return Err(Stopped::person(
                format!(
                    "{}{} is missing from the backup.",
                    step.to.uri(),
                    missing.key
                ),
                "S3 said that it was copied. Make the secure plan anew.",
            ));
        }
        if let Some(extra) = copies.keys().find(|k| {
            source
                .entries
                .binary_search_by(|e| e.key.as_str().cmp(k.as_str()))
                .is_err()
        }) {
            return Err(Stopped::person(
                format!(
                    "{}{extra} is in the backup and not in the checkpoint.",
                    step.to.uri()
                ),
                "Somebody is writing. Find out who, then make the secure plan anew.",
            ));
        }
        let total = source.entries.len() as u64;
        let mut entries = Vec::with_capacity(source.entries.len());
        let mut rest = source.entries.iter();
        let mut under_way = FuturesUnordered::new();
        loop {
            while under_way.len() < COPIES_AT_ONCE
                && let Some(entry) = rest.next()
            {
                under_way.push(self.proved(step, entry, &copies));
            }
            let Some(entry) = under_way.next().await else {
                break;
            };
            entries.push(entry?);
            let done = entries.len() as u64;
            if done.is_multiple_of(TELL_EVERY) {
                self.progress(done, total, "copies verified").await;
            }
        }
        drop(under_way);
        entries.sort_by(|a, b| a.key.cmp(&b.key));
        self.progress(total, total, "copies verified").await;
        let again = self.settled(&step.from).await?;
        if again.keys != source.keys {
            return Err(Stopped::person(
                format!(
                    "{} changed while its copy was verified: {} objects before, {} now.",
                    step.from.uri(),
                    thousands(source.keys.count),
                    thousands(again.keys.count)
                ),
                "Somebody is writing. Find out who, then make the secure plan anew.",
            ));
        }
        self.write_manifest(step, entries).await
    }

    /// Proves one copy equal to its source. Where both ETags are the MD5 of the
    /// bytes they are the proof; else checksums of both sides are compared.
    async fn proved(
        &self,
        step: &SealStep,
        entry: &KeyEntry,
        copies: &BTreeMap<String, Object>,
    ) -> Result<ManifestEntry, Stopped> {
        let differs = || {
            Stopped::person(
                format!("The copy of {} is not equal to its source.", entry.key),
                "Nothing is deleted. Make the secure plan anew, and tell AWS about it.",
            )
        };
        let copy = copies.get(&entry.key).ok_or_else(differs)?;
        if copy.size != entry.size {
            return Err(differs());
        }
        let checksum = if is_md5(&entry.etag) && entry.etag == copy.etag {
            format!("md5:{}", entry.etag)
        } else {
            let s3 = self.aws.s3();
            let from = format!("{}{}", step.from.key(), entry.key);
            let to = format!("{}{}", step.to.key(), entry.key);
            let source = s3.checksum(step.from.bucket(), &from, &entry.etag).await?;
            let copied = s3.checksum(step.to.bucket(), &to, &copy.etag).await?;
            if source != copied {
                return Err(differs());
            }
            source
        };
        Ok(ManifestEntry {
            key: entry.key.clone(),
            size: entry.size,
            etag: entry.etag.clone(),
            copy_etag: copy.etag.clone(),
            checksum,
        })
    }

    async fn write_manifest(
        &self,
        step: &SealStep,
        entries: Vec<ManifestEntry>,
    ) -> Result<Effect, Stopped> {
        let manifest = Manifest {
            format: Manifest::FORMAT,
            run: self.run().clone(),
            stream: self.stream.name.clone(),
            from: step.from.clone(),
            to: step.to.clone(),
            entries,
        };
        let no_form = |_| Stopped::person("The manifest has no canonical form.", "");
        let bytes = manifest.bytes().map_err(no_form)?;
        let sealed = manifest.sealed().map_err(no_form)?;
        self.held
            .world
            .runs
            .keep_keys(&manifest.source_entries())
            .await?;
        let key = step
            .manifest
            .strip_prefix(&format!("s3://{}/", step.to.bucket()))
            .ok_or_else(|| Stopped::person("The manifest lies in another bucket.", ""))?;
        let s3 = self.aws.s3();
        match s3
            .put(step.to.bucket(), key, bytes.clone(), PutOn::Absent)
            .await
        {
            Ok(_) => {}
            Err(error) if error.kind == AwsErrorKind::PreconditionFailed => {
                let there = s3
                    .get(step.to.bucket(), key, bytes.len() as u64 + 1)
                    .await?
                    .bytes;
                if there != bytes {
                    return Err(Stopped::person(
                        format!("{} holds another manifest.", step.manifest),
                        "Make the secure plan anew, with a new destination.",
                    ));
                }
            }
            Err(error) => return Err(error.into()),
        }
        let facts = Facts::SealedAs {
            manifest: Digest::of(&bytes),
        };
        let already = self.held.loaded.lock().await.state.sealed.clone();
        let before = match already {
            Some(there) if there == sealed => Vec::new(),
            Some(_) => {
                return Err(Stopped::person(
                    "Another backup was sealed in this Run.",
                    "",
                ));
            }
            None => vec![Event::Sealed { sealed }],
        };
        Ok(Effect {
            before,
            facts,
            warning: None,
        })
    }
}

/// A plain upload's ETag is the MD5 of its bytes: 32 hexadecimal digits and no
/// count of parts. Under SSE-KMS it looks the same and is not, but then it is
/// never equal on both sides.
fn is_md5(etag: &str) -> bool {
    etag.len() == 32 && etag.bytes().all(|b| b.is_ascii_hexdigit())
}

fn by_key(objects: Vec<Object>) -> BTreeMap<String, Object> {
    objects.into_iter().map(|o| (o.key.clone(), o)).collect()
}
