//! Reading, writing, copying and deleting one object.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::digest::{Algorithm, Digests, Hasher};
use super::error::StoreError;
use super::key::{is_path, is_plain, side_path};
use super::meta::{Meta, StoredChecksum};
use super::store::{Condition, SINGLE_BYTES_MAX, State, Store, open_file, target};
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

/// What a copy does beside copying.
#[derive(Debug, Clone, Default)]
pub struct CopyOptions {
    /// On the source.
    pub source: Condition,
    /// On the destination.
    pub destination: Condition,
    /// In place of the source's headers, tags kept.
    pub replace_meta: Option<Meta>,
    /// In place of the source's tags.
    pub replace_tags: Option<std::collections::BTreeMap<String, String>>,
    /// Which checksum the copy keeps; absent means the source's.
    pub checksum: Option<Algorithm>,
    /// The copy's storage class; absent means STANDARD, as in S3.
    pub storage_class: Option<String>,
    /// The copy's encryption and KMS key; absent means the bucket's.
    pub encryption: Option<(String, Option<String>)>,
    /// A fault: other bytes of the same size are stored.
    pub wrong_bytes: bool,
    /// A fault: nothing is stored.
    pub lose: bool,
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

    /// Copies an object on the server.
    pub fn copy(
        &self,
        by: &Principal,
        from: (&str, &str),
        to: (&str, &str),
        options: CopyOptions,
    ) -> Result<Object, StoreError> {
        let destination = options.destination.clone();
        let source = options.source.text();
        let result = self.copy_object(from, to, options);
        let params = [
            ("source", format!("{}/{}", from.0, from.1)),
            ("source_condition", source.unwrap_or_default()),
        ];
        self.note_write(by, "CopyObject", to, &destination, &params, &result);
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
        let result = (|| {
            let state = self.write();
            state.need(bucket)?;
            let (object, _) = self
                .look_in(&state, bucket, key)?
                .ok_or_else(|| StoreError::no_such_key(key))?;
            let meta = Meta {
                tags,
                ..object.meta
            };
            meta.write(&self.meta_path(bucket, key), &self.temporary())
        })();
        let target = target(bucket, key);
        self.note(by, action, Effect::Change, target, &[], &result);
        result
    }

    fn copy_object(
        &self,
        from: (&str, &str),
        to: (&str, &str),
        options: CopyOptions,
    ) -> Result<Object, StoreError> {
        let (source, mut file) = self.look(from.0, from.1)?;
        options.source.check(from.1, Some(&source.etag))?;
        if source.meta.is_archived() {
            let message = format!("{} is archived and must be restored first", from.1);
            return Err(StoreError::refused("InvalidObjectState", message));
        }
        if source.size > SINGLE_BYTES_MAX {
            let message = format!(
                "the copy source is larger than the maximum of {SINGLE_BYTES_MAX} bytes"
            );
            return Err(StoreError::refused("InvalidRequest", message));
        }
        let replaces = options.replace_meta.is_some();
        if from == to && !replaces && options.storage_class.is_none() {
            let message = "an object cannot be copied to itself without a change";
            return Err(StoreError::refused("InvalidRequest", message));
        }
        let algorithm = options
            .checksum
            .or(source.meta.checksum)
            .unwrap_or(Algorithm::CRC64NVME);
        let tags = options.replace_tags.unwrap_or(source.meta.tags.clone());
        let mut meta = options.replace_meta.unwrap_or(source.meta);
        meta.tags = tags;
        meta.checksum = Some(algorithm);
        meta.written = None;
        meta.storage_class = options.storage_class;
        (meta.encryption, meta.kms_key) = match options.encryption {
            Some((encryption, kms_key)) => (Some(encryption), kms_key),
            None => (None, None),
        };
        let staged = self.stage_file(&mut file, algorithm, options.wrong_bytes)?;
        if options.lose {
            // The answer is that of the object that is not there.
            let state = self.read();
            state.need(to.0)?;
            let meta = self.with_bucket_encryption(&state, to.0, meta);
            return Ok(self.describe(to.1, &meta, &staged.digests, self.clock.now_ms()));
        }
        self.commit(to.0, to.1, staged, meta, &options.destination)
    }

    /// Copies an open file's bytes into a staged one.
    fn stage_file(
        &self,
        file: &mut File,
        algorithm: Algorithm,
        wrong_bytes: bool,
    ) -> Result<Staged, StoreError> {
        let path = self.temporary();
        let mut copy = || -> std::io::Result<Digests> {
            file.seek(SeekFrom::Start(0))?;
            let mut written = File::create(&path)?;
            let mut hasher = Hasher::new(&[algorithm]);
            let mut buffer = vec![0; 64 * 1024];
            let mut first = true;
            loop {
                let read = file.read(&mut buffer)?;
                if read == 0 {
                    return Ok(hasher.finish());
                }
                if wrong_bytes && std::mem::take(&mut first) {
                    buffer[0] ^= 0xff;
                }
                hasher.update(&buffer[..read]);
                written.write_all(&buffer[..read])?;
            }
        };
        let digests = copy().map_err(StoreError::io("copy into", &path))?;
        Ok(Staged { path, digests })
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

    fn with_bucket_encryption(&self, state: &State, bucket: &str, meta: Meta) -> Meta {
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

    fn describe(
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
