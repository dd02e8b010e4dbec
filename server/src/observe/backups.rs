//! The backups of a stream that Sluice has sealed, as they lie there now.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::backup::{BackupSeen, Compared, FoundBackup, intact, read_manifest};
use domain::ids::StreamName;
use domain::keyset::KeyEntry;
use domain::manifest::Manifest;
use domain::stream::{Prefix, Stream};
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::configured::Configured;
use super::{Observer, Watched, checkpoint, reason};
use crate::aws::{Object, S3};

/// The newest so many are looked at.
const BACKUPS_MAX: usize = 10;
const AT_ONCE: usize = 3;
/// A manifest of a million objects is a few hundred megabytes; such a backup is
/// not put back by Sluice.
const MANIFEST_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// A page that is drawn again and again may show what was seen so long ago.
const AGE_MAX: Duration = Duration::from_secs(10);
const MANIFEST: &str = ".manifest.json";

/// What was looked at last, by the manifest's key: its ETag, when, and what was
/// found.
#[derive(Default)]
pub(super) struct Kept(Mutex<BTreeMap<String, (String, Instant, FoundBackup)>>);

impl Observer {
    /// The newest backups of a stream, newest first. Each is as it was at most
    /// ten seconds ago.
    ///
    /// # Errors
    /// Why they could not be listed, as a sentence.
    pub(crate) async fn backups(
        &self,
        name: &StreamName,
    ) -> Result<Vec<FoundBackup>, String> {
        let watched = self.watched(name)?;
        let s3 = self.0.aws.reading(name).s3();
        let manifests = manifests(&s3, &watched.configured.stream).await?;
        let mut kept = watched.backups.0.lock().await;
        kept.retain(|key, (etag, at, _)| {
            let there = manifests.iter().find(|m| m.key == *key);
            there.is_some_and(|m| m.etag == *etag) && at.elapsed() < AGE_MAX
        });
        let unknown: Vec<&Object> = manifests
            .iter()
            .filter(|object| !kept.contains_key(&object.key))
            .collect();
        for (object, found) in self.look_at_all(watched, &s3, unknown).await? {
            kept.insert(
                object.key.clone(),
                (object.etag.clone(), Instant::now(), found),
            );
        }
        let found = manifests.iter().filter_map(|m| kept.get(&m.key));
        Ok(found.map(|(_, _, found)| found.clone()).collect())
    }

    /// One backup as it is now: all its objects listed, and what decides a start
    /// read.
    ///
    /// # Errors
    /// Why it cannot be put back, or could not be read, as a sentence.
    pub(crate) async fn backup(
        &self,
        name: &StreamName,
        prefix: &Prefix,
    ) -> Result<BackupSeen, String> {
        let watched = self.watched(name)?;
        let stream = &watched.configured.stream;
        let s3 = self.0.aws.reading(name).s3();
        let key = format!("{}{MANIFEST}", prefix.key().trim_end_matches('/'));
        let is_of_stream = prefix.bucket() == stream.backup_root.bucket()
            && key.starts_with(&manifests_of(stream));
        if !is_of_stream {
            return Err(format!("{} is no backup of {name}.", prefix.uri()));
        }
        let head = s3.head(prefix.bucket(), &key).await;
        let head = head.map_err(|error| reason(&error))?;
        let Some(head) = head else {
            return Err(format!("No manifest lies beside {}.", prefix.uri()));
        };
        let object = Object {
            key,
            etag: head.etag,
            size: head.size,
            last_modified: head.last_modified,
            class: None,
        };
        let now = now(&s3, stream).await?;
        self.look_at(watched, &s3, &object, &now).await
    }

    fn watched(&self, name: &StreamName) -> Result<&Watched, String> {
        let watched = self.0.streams.get(name);
        watched.ok_or_else(|| "The stream is not configured.".to_owned())
    }

    async fn look_at_all<'a>(
        &self,
        watched: &Watched,
        s3: &S3,
        manifests: Vec<&'a Object>,
    ) -> Result<Vec<(&'a Object, FoundBackup)>, String> {
        if manifests.is_empty() {
            return Ok(Vec::new());
        }
        let stream = &watched.configured.stream;
        let now = now(s3, stream).await?;
        let mut rest = manifests.into_iter();
        let mut under_way = FuturesUnordered::new();
        let mut all = Vec::new();
        loop {
            while under_way.len() < AT_ONCE
                && let Some(object) = rest.next()
            {
                under_way.push(self.found(watched, s3, object, &now));
            }
            match under_way.next().await {
                Some(found) => all.extend(found),
                None => return Ok(all),
            }
        }
    }

    /// What a manifest is of; `None` where its name is none of a backup's.
    async fn found<'a>(
        &self,
        watched: &Watched,
        s3: &S3,
        object: &'a Object,
        now: &[KeyEntry],
    ) -> Option<(&'a Object, FoundBackup)> {
        let bucket = watched.configured.stream.backup_root.bucket();
        let path = object.key.strip_suffix(MANIFEST)?;
        let prefix = format!("s3://{bucket}/{path}/").parse().ok()?;
        let found = FoundBackup {
            prefix,
            sealed_at: object.last_modified,
            backup: self.look_at(watched, s3, object, now).await,
        };
        Some((object, found))
    }

    async fn look_at(
        &self,
        watched: &Watched,
        s3: &S3,
        object: &Object,
        now: &[KeyEntry],
    ) -> Result<BackupSeen, String> {
        let Configured { stream, given, .. } = &watched.configured;
        let bucket = stream.backup_root.bucket();
        let got = s3.get(bucket, &object.key, MANIFEST_BYTES_MAX).await;
        let got = got.map_err(|error| reason(&error))?;
        let location = format!("s3://{bucket}/{}", object.key);
        let manifest = read_manifest(&got.bytes, &location, stream)?;
        drop(got);
        let not_canonical = |_| "The manifest has no canonical form.".to_owned();
        let sealed = manifest.sealed().map_err(not_canonical)?;
        let listed = entries(s3, &manifest.to).await?;
        intact(&manifest, &listed)?;
        // As the checkpoint that it would be: under the stream's own place.
        let then = Stream {
            checkpoint: manifest.to.clone(),
            ..(**stream).clone()
        };
        let files = checkpoint::Files::default();
        let read = checkpoint::read(s3, &then, &files).await?;
        let read = read.placed_at(&stream.checkpoint);
        let metadata = metadata(s3, &manifest).await?;
        let asked = checkpoint::Asked {
            guess: watched.spark(),
            release: None,
            shape: stream.shape.clone(),
            given: *given,
            query_ids: Vec::new(),
            kafka: None,
            jobs: None,
            // What a job run of today sets tells nothing of a checkpoint of then.
            job_conf: BTreeMap::new(),
            trigger_ms: stream.trigger_ms,
        };
        let (checkpoint, _) = checkpoint::judge(s3, &then, read, &files, asked).await?;
        Ok(BackupSeen {
            run: manifest.run.clone(),
            sealed,
            entries: manifest.restored_entries(),
            sealed_at: object.last_modified,
            metadata,
            checkpoint,
            compared: Compared::of(&manifest, now),
        })
    }
}

/// Five thousand backups and their manifests.
const PAGES_MAX: usize = 10;

/// The newest manifests of a stream's backups, newest first.
async fn manifests(s3: &S3, stream: &Stream) -> Result<Vec<Object>, String> {
    let root = &stream.backup_root;
    // What lies in the backups themselves is left out.
    let listed = s3
        .list_some(root.bucket(), &manifests_of(stream), true, None, PAGES_MAX)
        .await
        .map_err(|error| reason(&error))?;
    if !listed.whole {
        return Err(format!(
            "More than {PAGES_MAX},000 names of backups lie under {}; move the oldest elsewhere.",
            root.uri()
        ));
    }
    let mut manifests = listed.objects;
    manifests.retain(|object| object.key.ends_with(MANIFEST));
    // Names hold the time at which they were begun.
    manifests.sort_by(|a, b| b.key.cmp(&a.key));
    manifests.truncate(BACKUPS_MAX);
    Ok(manifests)
}

/// What every backup of a stream begins with, in its bucket.
fn manifests_of(stream: &Stream) -> String {
    format!("{}{}_backup_", stream.backup_root.key(), stream.name)
}

/// The checkpoint as it lies there now.
async fn now(s3: &S3, stream: &Stream) -> Result<Vec<KeyEntry>, String> {
    entries(s3, &stream.checkpoint).await
}

async fn entries(s3: &S3, place: &Prefix) -> Result<Vec<KeyEntry>, String> {
    let listed = s3.list(place.bucket(), place.key()).await;
    let listed = listed.map_err(|error| reason(&error))?;
    let entry = |object: Object| {
        // The listing holds only keys under the prefix.
        let key = object.key.get(place.key().len()..)?.to_owned();
        Some(KeyEntry {
            key,
            etag: object.etag,
            size: object.size,
        })
    };
    Ok(listed.into_iter().filter_map(entry).collect())
}

/// The text of a backup's `metadata`, read as it was sealed.
async fn metadata(s3: &S3, manifest: &Manifest) -> Result<String, String> {
    const BYTES_MAX: u64 = 64 * 1024;
    let key = format!("{}metadata", manifest.to.key());
    let got = s3.get(manifest.to.bucket(), &key, BYTES_MAX).await;
    let got = got.map_err(|error| reason(&error))?;
    let sealed = manifest.entries.iter().find(|e| e.key == "metadata");
    if sealed.is_none_or(|e| e.copy_etag != got.etag) {
        return Err("metadata in the backup is not what was sealed.".to_owned());
    }
    String::from_utf8(got.bytes)
        .map_err(|_| "metadata in the backup is no text.".to_owned())
}
