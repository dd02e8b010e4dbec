//! Deletes the manifest's keys, each on its ETag, and nothing else.

use std::collections::BTreeMap;

use domain::keyset::{CHUNK_KEYS, KeyEntry, KeySet};
use domain::plan::ClearStep;
use domain::run::Facts;
use domain::stream::Prefix;
use domain::text::thousands;

use super::{Effect, Work};
use crate::aws::{AwsErrorKind, DeleteOutcome};
use crate::executor::problem::Stopped;

impl Work<'_> {
    pub(super) async fn clear(&self, step: &ClearStep) -> Result<Effect, Stopped> {
        let wanted = self.sealed_keys(step).await?;
        self.refuse_writers().await?;
        let left = self.left(step, &wanted).await?;
        let total = step.keys.count;
        let mut done = total - left.len() as u64;
        self.progress(done, total, "objects deleted").await;
        for chunk in left.chunks(CHUNK_KEYS) {
            self.delete(&step.prefix, chunk).await?;
            done += chunk.len() as u64;
            self.progress(done, total, "objects deleted").await;
        }
        let rest = self.left(step, &wanted).await?;
        if let Some(rest) = rest.first() {
            return Err(Stopped::retry(
                format!("{}{} is still there.", step.prefix.uri(), rest.key),
                "It is deleted again.",
            ));
        }
        Ok(Effect::done(Facts::Cleared { objects: total }))
    }

    /// The keys that may be deleted, proved to be the plan's and to be in the
    /// sealed backup.
    async fn sealed_keys(&self, step: &ClearStep) -> Result<Vec<KeyEntry>, Stopped> {
        let wanted = self.sealed().await?;
        if KeySet::of(&wanted) != step.keys {
            return Err(not_sealed("the keys are not those of the sealed backup."));
        }
        Ok(wanted)
    }

    /// The sealed backup's keys without `metadata`, which is the gate's; sorted.
    pub(super) async fn sealed(&self) -> Result<Vec<KeyEntry>, Stopped> {
        let state = self.held.loaded.lock().await.state.sealed.clone();
        let sealed = state.ok_or_else(|| not_sealed("no backup was sealed."))?;
        if self.plan.body.sealed.as_ref() != Some(&sealed) {
            return Err(not_sealed("the plan stands on another backup."));
        }
        let mut backed_up = self.held.world.runs.keys(&sealed.keys.sha256).await?;
        backed_up.retain(|e| e.key != "metadata");
        Ok(backed_up)
    }

    /// What is still there of the wanted keys. Anything else under the prefix,
    /// or a wanted key with other bytes, means that somebody is writing.
    async fn left(
        &self,
        step: &ClearStep,
        wanted: &[KeyEntry],
    ) -> Result<Vec<KeyEntry>, Stopped> {
        let by_key: BTreeMap<&str, &KeyEntry> =
            wanted.iter().map(|e| (e.key.as_str(), e)).collect();
        let mut left = Vec::new();
        for object in self.list(&step.prefix).await? {
            if object.key == "metadata" {
                continue;
            }
            match by_key.get(object.key.as_str()) {
                Some(entry) if entry.etag == object.etag => left.push((*entry).clone()),
                Some(_) => return Err(somebody_writes(&object.key, "was written again")),
                None => return Err(somebody_writes(&object.key, "is new")),
            }
        }
        Ok(left)
    }

    /// DeleteObjects of these keys below `prefix`, each on its ETag.
    pub(super) async fn delete(
        &self,
        prefix: &Prefix,
        chunk: &[KeyEntry],
    ) -> Result<(), Stopped> {
        let weight = u32::try_from(chunk.len()).unwrap_or(u32::MAX);
        self.held.world.pace.turn(weight).await;
        let keys: Vec<KeyEntry> = chunk
            .iter()
            .map(|e| KeyEntry {
                key: format!("{}{}", prefix.key(), e.key),
                ..e.clone()
            })
            .collect();
        let deleted = match self.aws.s3().delete(prefix.bucket(), &keys).await {
            Ok(deleted) => deleted,
            Err(error) => {
                if error.kind == AwsErrorKind::Throttled {
                    self.held.world.pace.slower();
                }
                return Err(error.into());
            }
        };
        let mut refused = Vec::new();
        for outcome in deleted {
            match outcome.outcome {
                DeleteOutcome::Gone => {}
                DeleteOutcome::Changed => {
                    return Err(somebody_writes(&outcome.key, "was written again"));
                }
                DeleteOutcome::Failed(why) => {
                    refused.push(format!("{}: {why}", outcome.key))
                }
            }
        }
        match refused.first() {
            None => Ok(()),
            Some(first) => Err(Stopped::retry(
                format!(
                    "S3 did not delete {} of {} keys, such as {first}",
                    thousands(refused.len() as u64),
                    thousands(chunk.len() as u64)
                ),
                "It is tried again; check the role's right to delete and any Object Lock.",
            )),
        }
    }
}

fn not_sealed(why: &str) -> Stopped {
    Stopped::person(
        format!("Nothing is deleted: {why}"),
        "Abort this Run and open another, which secures the stream anew.",
    )
}

fn somebody_writes(key: &str, what: &str) -> Stopped {
    Stopped::person(
        format!("{key} {what}: somebody is writing the checkpoint."),
        "The gate stays closed. Find out who, then resume; the backup holds everything that was there.",
    )
}
