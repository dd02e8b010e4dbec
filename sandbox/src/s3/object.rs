//! Reading, writing, copying and deleting one object.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::condition::Condition;
use super::digest::{Algorithm, Digests};
use super::error::StoreError;
use super::key::{is_path, is_plain, side_path};
use super::meta::{Meta, StoredChecksum};
use super::store::{State, Store, open_file, target};
use crate::record::Effect;
use crate::wire::Principal;

/// What S3 tells of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// The key.
    pub key: String,
    /// How many bytes.
    pub size: u64,
    /// The ETag, without quotes.
    pub etag: String,
    /// When it was last written, in milliseconds since the epoch.
    pub modified_at_ms: i64,
    /// The checksum that is kept, if any.
    pub checksum: Option<StoredChecksum>,
    /// Headers and tags.
    pub meta: Meta,
}

/// Bytes that are to become an object. The file goes when it is dropped unused.
#[derive(Debug)]
pub struct Staged {
    pub(super) path: PathBuf,
    pub(super) digests: Digests,
}

impl Drop for Staged {
    fn drop(&mut self) {
        // Gone already when it became an object.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Where an object's bytes are.
struct Place {
    path: PathBuf,
    odd: bool,
}

impl Store {
    /// Writes bytes to be put later.
    pub fn stage(
        &self,
        bytes: &[u8],
        algorithms: &[Algorithm],
    ) -> Result<Staged, StoreError> {
        let path = self.temporary();
        std::fs::write(&path, bytes).map_err(StoreError::io("write", &path))?;
        let digests = super::digest::digests_of(bytes, algorithms);
        Ok(Staged { path, digests })
    }

    /// Puts an object. Without a checksum in `meta` it gets CRC64NVME, as in S3.
    pub fn put(
        &self,
        by: &Principal,
        bucket: &str,
        key: &str,
        bytes: &[u8],
        meta: Meta,
        condition: &Condition,
    ) -> Result<Object, StoreError> {
        let algorithm = meta.checksum.unwrap_or(Algorithm::CRC64NVME);
        let staged = self.stage(bytes, &[algorithm])?;
        self.put_staged(by, bucket, key, staged, meta, condition)
    }

    /// Puts what was staged.
    pub fn put_staged(
        &self,
        by: &Principal,
        bucket: &str,
        key: &str,
        staged: Staged,
        meta: Meta,
        condition: &Condition,
    ) -> Result<Object, StoreError> {
        let result = self.commit(bucket, key, staged, meta, condition);
        self.note_write(by, "PutObject", (bucket, key), condition, &[], &result);
        result
    }

    /// What is known of an object, without its bytes.
    pub fn head(
        &self,
        by: &Principal,
        bucket: &str,
        key: &str,
    ) -> Result<Object, StoreError> {
        let result = self.look(bucket, key).map(|(object, _)| object);
        self.note_read(by, "HeadObject", (bucket, key), &result);
        result
    }

    /// An object and its bytes.
    pub fn get(
        &self,
        by: &Principal,
        bucket: &str,
        key: &str,
    ) -> Result<(Object, Vec<u8>), StoreError> {
        let (object, mut file) = self.open_object(by, bucket, key)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)
            .map_err(StoreError::io("read", Path::new(key)))?;
        Ok((object, bytes))
    }

    /// An object and its file, at the start. What is read is what the ETag is of, even
    /// if the object is replaced meanwhile.
    pub fn open_object(
        &self,
        by: &Principal,
        bucket: &str,
        key: &str,
    ) -> Result<(Object, File), StoreError> {
        let result = self.look(bucket, key).and_then(|(object, file)| {
            if object.meta.is_archived() {
                let message = format!("{key} is archived and must be restored first");
                return Err(StoreError::refused("InvalidObjectState", message));
            }
            self.read().usable(object.meta.kms_key.as_deref())?;
            Ok((object, file))
        });
        self.note_read(by, "GetObject", (bucket, key), &result);
        result
    }

    /// Deletes an object; what is not there counts as deleted unless a condition asks
    /// for it.
    pub fn delete(
        &self,
        by: &Principal,
        bucket: &str,
        key: &str,
        condition: &Condition,
    ) -> Result<(), StoreError> {
        self.delete_as(by, "DeleteObject", bucket, key, condition)
    }

    /// As `delete`, under the name of the operation that it is part of.
    pub(super) fn delete_as(
        &self,
        by: &Principal,
        action: &'static str,
        bucket: &str,
        key: &str,
        condition: &Condition,
    ) -> Result<(), StoreError> {
        let mut target = target(bucket, key);
        target.condition = condition.text();
        let result = (|| {
            let mut state = self.write();
            state.need(bucket)?;
            let etag = self
                .look_in(&state, bucket, key)?
                .map(|(object, _)| object.etag);
            target.etag.clone_from(&etag);
            condition.check(key, etag.as_deref())?;
            self.remove(&mut state, bucket, key)
        })();
        self.note(by, action, Effect::Change, target, &[], &result);
        result
    }

    /// Changes the tags of an object.
    pub fn set_tags(
        &self,
        by: &Principal,
        action: &'static str,
        bucket: &str,
        key: &str,
        tags: std::collections::BTreeMap<String, String>,
    ) -> Result<(), StoreError> {
        self.set_meta(by, action, bucket, key, |meta| meta.tags = tags)
    }

    /// Changes what is kept beside the bytes of an object.
    pub fn set_meta(
        &self,
        by: &Principal,
        action: &'static str,
        bucket: &str,
        key: &str,
        change: impl FnOnce(&mut Meta),
    ) -> Result<(), StoreError> {
        let result = (|| {
            let state = self.write();
            state.need(bucket)?;
            let (object, _) = self
                .look_in(&state, bucket, key)?
                .ok_or_else(|| StoreError::no_such_key(key))?;
            let mut meta = object.meta;
            change(&mut meta);
            meta.write(&self.meta_path(bucket, key), &self.temporary())
        })();
        let target = target(bucket, key);
        self.note(by, action, Effect::Change, target, &[], &result);
        result
    }

    /// Puts staged bytes in their place, if the condition holds.
    pub(super) fn commit(
        &self,
        bucket: &str,
        key: &str,
        staged: Staged,
        mut meta: Meta,
        condition: &Condition,
    ) -> Result<Object, StoreError> {
        if key.len() > 1024 {
            let message = "the key is longer than 1,024 bytes";
            return Err(StoreError::refused("KeyTooLongError", message));
        }
        let mut state = self.write();
        state.need(bucket)?;
        if !condition.is_empty() {
            let there = self.look_in(&state, bucket, key)?;
            let etag = there.as_ref().map(|(object, _)| object.etag.as_str());
            condition.check(key, etag)?;
        }
        if meta.checksum.is_none() {
            meta.checksum = Some(Algorithm::CRC64NVME);
        }
        meta = self.with_bucket_encryption(&state, bucket, meta);
        state.usable(meta.kms_key.as_deref())?;
        if meta.retained.is_none() {
            let protection = &state.need(bucket)?.protection;
            meta.retained = protection.of_a_new_object(self.clock.now_ms());
        }
        let place = self.place_for(bucket, key)?;
        meta.write(&self.meta_path(bucket, key), &self.temporary())?;
        std::fs::rename(&staged.path, &place.path)
            .map_err(StoreError::io("put in place", &place.path))?;
        let odd = state.odd.entry(bucket.to_owned()).or_default();
        if place.odd {
            odd.insert(key.to_owned());
        } else if odd.remove(key) {
            let path = side_path(&self.side(bucket, "odd"), key);
            std::fs::remove_file(&path).map_err(StoreError::io("remove", &path))?;
        }
        let (object, _) = self
            .look_in(&state, bucket, key)?
            .ok_or_else(|| StoreError::no_such_key(key))?;
        Ok(object)
    }

    pub(super) fn with_bucket_encryption(
        &self,
        state: &State,
        bucket: &str,
        meta: Meta,
    ) -> Meta {
        match state.buckets.get(bucket) {
            Some(bucket) if meta.encryption.is_none() => Meta {
                encryption: Some(bucket.encryption.clone()),
                kms_key: bucket.kms_key.clone(),
                ..meta
            },
            _ => meta,
        }
    }

    /// Where a key's bytes are to be written. The directories are made.
    fn place_for(&self, bucket: &str, key: &str) -> Result<Place, StoreError> {
        let path = self.root.join(bucket).join(key);
        // A hand-made file of an odd name is written where it is.
        if is_plain(key) || (is_path(key) && path.is_file()) {
            let parent = path.parent().unwrap_or(&self.root);
            // A key `a` beside a key `a/b`: one of the two cannot be a plain file.
            let made = std::fs::create_dir_all(parent).is_ok();
            if made && !path.is_dir() {
                return Ok(Place { path, odd: false });
            }
        }
        let path = side_path(&self.side(bucket, "odd"), key);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)
                .map_err(StoreError::io("make the directory of", &path))?;
        }
        Ok(Place { path, odd: true })
    }

    pub(super) fn look(
        &self,
        bucket: &str,
        key: &str,
    ) -> Result<(Object, File), StoreError> {
        let state = self.read();
        state.need(bucket)?;
        self.look_in(&state, bucket, key)?
            .ok_or_else(|| StoreError::no_such_key(key))
    }

    /// The object as it is now. The state is held, so that bytes and side file belong
    /// together.
    pub(super) fn look_in(
        &self,
        _held: &State,
        bucket: &str,
        key: &str,
    ) -> Result<Option<(Object, File)>, StoreError> {
        let plain = self.root.join(bucket).join(key);
        let mut file = None;
        if is_path(key) {
            file = open_file(&plain)?;
        }
        if file.is_none() {
            file = open_file(&side_path(&self.side(bucket, "odd"), key))?;
        }
        let Some(mut file) = file else {
            return Ok(None);
        };
        let meta = Meta::read(&self.meta_path(bucket, key)).unwrap_or_default();
        let algorithms: Vec<Algorithm> = meta.checksum.into_iter().collect();
        let digests = self
            .digests
            .of_file(&mut file, &algorithms)
            .map_err(StoreError::io("read", &plain))?;
        let modified = file
            .metadata()
            .and_then(|metadata| metadata.modified())
            .map_err(StoreError::io("look at", &plain))?;
        let modified_at_ms = modified
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |since| {
                i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
            });
        let object = self.describe(key, &meta, &digests, modified_at_ms);
        Ok(Some((object, file)))
    }

    pub(super) fn describe(
        &self,
        key: &str,
        meta: &Meta,
        digests: &Digests,
        modified_at_ms: i64,
    ) -> Object {
        Object {
            key: key.to_owned(),
            size: digests.size,
            etag: meta.etag(digests),
            modified_at_ms,
            checksum: meta.stored_checksum(digests),
            meta: meta.clone(),
        }
    }

    fn remove(
        &self,
        state: &mut State,
        bucket: &str,
        key: &str,
    ) -> Result<(), StoreError> {
        let root = self.root.join(bucket);
        if is_path(key) {
            remove_file_and_empty_parents(&root.join(key), &root)?;
        }
        let odd = self.side(bucket, "odd");
        if let Some(keys) = state.odd.get_mut(bucket)
            && keys.remove(key)
        {
            remove_file_and_empty_parents(&side_path(&odd, key), &odd)?;
        }
        let metas = self.side(bucket, "meta");
        remove_file_and_empty_parents(&self.meta_path(bucket, key), &metas)
    }

    fn meta_path(&self, bucket: &str, key: &str) -> PathBuf {
        side_path(&self.side(bucket, "meta"), key)
    }

    pub(super) fn note_write(
        &self,
        by: &Principal,
        action: &'static str,
        (bucket, key): (&str, &str),
        condition: &Condition,
        params: &[(&str, String)],
        result: &Result<Object, StoreError>,
    ) {
        let mut target = target(bucket, key);
        target.condition = condition.text();
        let mut params = params.to_vec();
        if let Ok(object) = result {
            target.etag = Some(object.etag.clone());
            params.push(("size", object.size.to_string()));
        }
        params.retain(|(_, value)| !value.is_empty());
        self.note(by, action, Effect::Change, target, &params, result);
    }

    fn note_read<T>(
        &self,
        by: &Principal,
        action: &'static str,
        (bucket, key): (&str, &str),
        result: &Result<T, StoreError>,
    ) {
        let target = target(bucket, key);
        self.note(by, action, Effect::Read, target, &[], result);
    }
}

/// Removes a file, and then the directories that are empty without it, up to `root`.
/// A directory in the file's place is no file and stays.
fn remove_file_and_empty_parents(path: &Path, root: &Path) -> Result<(), StoreError> {
    if open_file(path)?.is_none() {
        return Ok(());
    }
    std::fs::remove_file(path).map_err(StoreError::io("remove", path))?;
    let mut parent = path.parent();
    while let Some(directory) = parent
        && directory != root
        && directory.starts_with(root)
        && std::fs::remove_dir(directory).is_ok()
    {
        parent = directory.parent();
    }
    Ok(())
}
