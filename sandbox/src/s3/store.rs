//! The store: buckets as directories, objects as files.
//!
//! It is synchronous and knows no protocol: the S3 service calls it on a blocking
//! thread, and the sandbox's own simulated jobs call it directly. Every call names who
//! makes it and lands in the record, whichever way it came.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};

use serde::{Deserialize, Serialize};

use super::digest::DigestCache;
use super::error::StoreError;
use super::key::side_keys;
use super::lock::Protection;
use crate::clock::Clock;
use crate::record::{Call, Effect, Outcome, Record, S3Target};
use crate::wire::{ACCOUNT, Principal};

/// The largest object that one PutObject or CopyObject takes, in bytes (5 GiB).
pub const SINGLE_BYTES_MAX: u64 = 5 * 1024 * 1024 * 1024;

/// The directory beside the buckets for all that is not an object's bytes. No bucket's
/// name can start with a dot.
const SIDE: &str = ".side";

/// S3 on a directory.
#[derive(Debug)]
pub struct Store {
    pub(super) root: PathBuf,
    pub(super) clock: Clock,
    pub(super) record: Arc<Record>,
    pub(super) digests: DigestCache,
    /// Written by whoever changes which files there are; read by whoever opens a file
    /// and its side file, so that the two belong together.
    state: RwLock<State>,
}

/// What is kept in memory beside the files.
#[derive(Debug, Default)]
pub(super) struct State {
    /// The keys in the side folder of each bucket.
    pub(super) odd: HashMap<String, BTreeSet<String>>,
    pub(super) buckets: BTreeMap<String, Bucket>,
    /// Keys of KMS that somebody disabled, by their ARNs.
    pub(super) disabled_keys: BTreeSet<String>,
}

/// A bucket and its settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// When it was made, in milliseconds since the epoch.
    pub created_at_ms: i64,
    /// The account that owns it.
    pub owner: String,
    /// `AES256` or `aws:kms`, for objects that ask for nothing.
    pub encryption: String,
    /// The key of `aws:kms`.
    pub kms_key: Option<String>,
    /// Versioning and Object Lock.
    #[serde(default)]
    pub protection: Protection,
    /// The lifecycle rules as S3's own JSON names, kept and shown but never applied.
    pub lifecycle: Option<serde_json::Value>,
}

impl Store {
    /// Opens the store on a directory, which is made when it is missing.
    pub fn open(
        root: &Path,
        clock: Clock,
        record: Arc<Record>,
    ) -> Result<Self, StoreError> {
        let store = Self {
            root: root.to_owned(),
            digests: DigestCache::new(clock.clone()),
            clock,
            record,
            state: RwLock::default(),
        };
        store.load()?;
        Ok(store)
    }

    /// The directory of a bucket, for whoever wants to look or to break a file.
    pub fn bucket_directory(&self, bucket: &str) -> PathBuf {
        self.root.join(bucket)
    }

    /// Makes a bucket of the sandbox's account.
    pub fn create_bucket(&self, by: &Principal, name: &str) -> Result<(), StoreError> {
        self.create_bucket_of(by, name, ACCOUNT)
    }

    /// Makes a bucket that belongs to another account.
    pub fn create_bucket_of(
        &self,
        by: &Principal,
        name: &str,
        owner: &str,
    ) -> Result<(), StoreError> {
        let result = self.make_bucket(name, owner);
        let target = target(name, "");
        self.note(by, "CreateBucket", Effect::Change, target, &[], &result);
        result
    }

    /// The bucket and its settings.
    pub fn bucket(&self, name: &str) -> Result<Bucket, StoreError> {
        self.read()
            .buckets
            .get(name)
            .cloned()
            .ok_or_else(|| StoreError::no_such_bucket(name))
    }

    /// Every bucket, by name.
    pub fn buckets(&self) -> Vec<Bucket> {
        self.read().buckets.values().cloned().collect()
    }

    /// Changes the settings of a bucket.
    pub fn set_bucket(
        &self,
        by: &Principal,
        action: &'static str,
        name: &str,
        change: impl FnOnce(&mut Bucket),
    ) -> Result<(), StoreError> {
        let result = (|| {
            let mut state = self.write();
            let bucket = state
                .buckets
                .get_mut(name)
                .ok_or_else(|| StoreError::no_such_bucket(name))?;
            let mut changed = bucket.clone();
            change(&mut changed);
            self.save_bucket(&changed)?;
            *bucket = changed;
            Ok(())
        })();
        let target = target(name, "");
        self.note(by, action, Effect::Change, target, &[], &result);
        result
    }

    /// Disables a key of KMS: what is under it can be neither read nor written.
    pub fn disable_key(&self, arn: &str) {
        self.write().disabled_keys.insert(arn.to_owned());
    }

    /// Enables it again.
    pub fn enable_key(&self, arn: &str) {
        self.write().disabled_keys.remove(arn);
    }

    /// Removes every bucket and object. For the sandbox's way back to its start.
    pub fn wipe(&self) -> Result<(), StoreError> {
        let mut state = self.write();
        *state = State::default();
        match std::fs::remove_dir_all(&self.root) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(StoreError::io("empty", &self.root)(error)),
        }
        self.make_directories()
    }

    fn make_bucket(&self, name: &str, owner: &str) -> Result<(), StoreError> {
        if !s3s::path::check_bucket_name(name) {
            let message = format!("{name} is not a valid name of a bucket");
            return Err(StoreError::refused("InvalidBucketName", message));
        }
        let mut state = self.write();
        if let Some(bucket) = state.buckets.get(name) {
            let code = if bucket.owner == owner {
                "BucketAlreadyOwnedByYou"
            } else {
                "BucketAlreadyExists"
            };
            return Err(StoreError::refused(code, format!("{name} exists")));
        }
        let directory = self.root.join(name);
        std::fs::create_dir_all(&directory)
            .map_err(StoreError::io("make the bucket", &directory))?;
        let bucket = Bucket {
            name: name.to_owned(),
            created_at_ms: self.clock.now_ms(),
            owner: owner.to_owned(),
            encryption: "AES256".to_owned(),
            kms_key: None,
            protection: Protection::default(),
            lifecycle: None,
        };
        self.save_bucket(&bucket)?;
        state.buckets.insert(name.to_owned(), bucket);
        Ok(())
    }

    fn save_bucket(&self, bucket: &Bucket) -> Result<(), StoreError> {
        let path = self.side(&bucket.name, "bucket.json");
        let json = serde_json::to_vec_pretty(bucket)
            .map_err(std::io::Error::other)
            .map_err(StoreError::io("render the settings of", &path))?;
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)
                .map_err(StoreError::io("make the directory of", &path))?;
        }
        let temporary = self.temporary();
        std::fs::write(&temporary, json).map_err(StoreError::io("write", &temporary))?;
        std::fs::rename(&temporary, &path).map_err(StoreError::io("replace", &path))
    }

    /// Reads the buckets and odd keys from the directory. A directory that was made by
    /// hand is a bucket too.
    fn load(&self) -> Result<(), StoreError> {
        self.make_directories()?;
        let mut state = self.write();
        let entries = std::fs::read_dir(&self.root)
            .map_err(StoreError::io("list the buckets in", &self.root))?;
        for entry in entries {
            let entry =
                entry.map_err(StoreError::io("list the buckets in", &self.root))?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            if !s3s::path::check_bucket_name(&name) || !entry.path().is_dir() {
                continue;
            }
            let settings = std::fs::read(self.side(&name, "bucket.json"))
                .ok()
                .and_then(|json| serde_json::from_slice(&json).ok());
            let bucket = settings.unwrap_or_else(|| Bucket {
                name: name.clone(),
                created_at_ms: self.clock.now_ms(),
                owner: ACCOUNT.to_owned(),
                encryption: "AES256".to_owned(),
                kms_key: None,
                protection: Protection::default(),
                lifecycle: None,
            });
            let folder = self.side(&name, "odd");
            let keys = side_keys(&folder).map_err(StoreError::io("list", &folder))?;
            state.odd.insert(name.clone(), keys.into_iter().collect());
            state.buckets.insert(name, bucket);
        }
        Ok(())
    }

    fn make_directories(&self) -> Result<(), StoreError> {
        let temporary = self.root.join(SIDE).join("tmp");
        std::fs::create_dir_all(&temporary)
            .map_err(StoreError::io("make the directory", &temporary))
    }

    /// A file or folder in the side tree of a bucket.
    pub(super) fn side(&self, bucket: &str, what: &str) -> PathBuf {
        self.root.join(SIDE).join(bucket).join(what)
    }

    /// The name of a new file on the same file system as the objects.
    pub(super) fn temporary(&self) -> PathBuf {
        self.root
            .join(SIDE)
            .join("tmp")
            .join(uuid::Uuid::new_v4().to_string())
    }

    pub(super) fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Puts a call into the record.
    pub(super) fn note<T>(
        &self,
        by: &Principal,
        action: &str,
        effect: Effect,
        target: S3Target,
        params: &[(&str, String)],
        result: &Result<T, StoreError>,
    ) {
        let outcome = match result {
            Ok(_) => Outcome::Done,
            Err(error) => Outcome::Refused(error.code().to_owned()),
        };
        self.record.add(Call {
            service: "s3".to_owned(),
            action: action.to_owned(),
            principal: by.arn.clone(),
            params: params
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect(),
            effect,
            outcome,
            s3: Some(target),
        });
    }
}

impl State {
    /// Refuses what is under a disabled key, as S3 does.
    pub(super) fn usable(&self, kms_key: Option<&str>) -> Result<(), StoreError> {
        match kms_key.filter(|key| self.disabled_keys.contains(*key)) {
            None => Ok(()),
            Some(key) => Err(StoreError::refused(
                "KMS.DisabledException",
                format!("{key} is disabled."),
            )),
        }
    }

    pub(super) fn need(&self, bucket: &str) -> Result<&Bucket, StoreError> {
        self.buckets
            .get(bucket)
            .ok_or_else(|| StoreError::no_such_bucket(bucket))
    }
}

/// The object that a call is about.
pub(super) fn target(bucket: &str, key: &str) -> S3Target {
    S3Target {
        bucket: bucket.to_owned(),
        key: key.to_owned(),
        ..S3Target::default()
    }
}

/// Opens a regular file; `None` when there is none, or a directory in its place.
pub(super) fn open_file(path: &Path) -> Result<Option<File>, StoreError> {
    let kind = match std::fs::symlink_metadata(path) {
        Ok(metadata) => metadata.file_type(),
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(StoreError::io("look at", path)(error)),
    };
    if !kind.is_file() {
        return Ok(None);
    }
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(StoreError::io("open", path)(error)),
    }
}

/// Whether there is nothing at a path: it is missing, or leads through a file.
fn is_absent(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{InvalidFilename, NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory | InvalidFilename)
}
