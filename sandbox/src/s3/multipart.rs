//! Multipart uploads.
//!
//! An upload lies in the side tree until it is completed: its parts as files, and what
//! was asked at the start as JSON. It outlives a restart, as an upload that nobody
//! completes does in S3.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::condition::Condition;
use super::digest::{Algorithm, Digests, Hasher};
use super::error::StoreError;
use super::meta::{Meta, Written};
use super::object::{Object, Staged};
use super::store::{SINGLE_BYTES_MAX, Store, target};
use super::upload::{Part, Upload, composite_checksum, joint_etag};
use crate::record::Effect;
use crate::wire::Principal;

/// The smallest part but the last, in bytes (5 MiB).
const PART_BYTES_MIN: u64 = 5 * 1024 * 1024;

/// The highest number of a part.
const PART_NUMBER_MAX: u32 = 10_000;

impl Store {
    /// Begins an upload. Without a checksum in `meta` it will have CRC64NVME.
    pub fn create_upload(
        &self,
        by: &Principal,
        bucket: &str,
        key: &str,
        mut meta: Meta,
        full_object: bool,
    ) -> Result<Upload, StoreError> {
        let algorithm = *meta.checksum.get_or_insert(Algorithm::CRC64NVME);
        let result = (|| {
            self.bucket(bucket)?;
            if full_object && matches!(algorithm, Algorithm::SHA1 | Algorithm::SHA256) {
                let message = "a SHA checksum of parts cannot be of the full object";
                return Err(StoreError::refused("InvalidRequest", message));
            }
            let upload = Upload {
                id: uuid::Uuid::new_v4().simple().to_string(),
                key: key.to_owned(),
                initiated_at_ms: self.clock.now_ms(),
                meta,
                full_object,
            };
            let folder = self.upload_folder(bucket, &upload.id);
            std::fs::create_dir_all(&folder)
                .map_err(StoreError::io("make the directory", &folder))?;
            write_json(&folder.join("upload.json"), &upload)?;
            Ok(upload)
        })();
        let action = "CreateMultipartUpload";
        let target = target(bucket, key);
        self.note(by, action, Effect::Change, target, &[], &result);
        result
    }

    /// The upload of this id and key.
    pub fn upload(
        &self,
        bucket: &str,
        key: &str,
        id: &str,
    ) -> Result<Upload, StoreError> {
        self.bucket(bucket)?;
        let missing = || {
            let message = format!("there is no upload {id} of {key}");
            StoreError::refused("NoSuchUpload", message)
        };
        // The id becomes a path.
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(missing());
        }
        let path = self.upload_folder(bucket, id).join("upload.json");
        let upload: Upload = std::fs::read(&path)
            .ok()
            .and_then(|json| serde_json::from_slice(&json).ok())
            .ok_or_else(missing)?;
        if upload.key == key {
            Ok(upload)
        } else {
            Err(missing())
        }
    }

    /// Takes a part; one of the same number is replaced.
    pub fn put_part(
        &self,
        by: &Principal,
        bucket: &str,
        upload: &Upload,
        number: u32,
        staged: Staged,
    ) -> Result<Part, StoreError> {
        let result = self.keep_part(bucket, upload, number, &staged);
        let mut target = target(bucket, &upload.key);
        target.etag = result.as_ref().ok().map(|part| part.etag.clone());
        let params = [("upload", upload.id.clone()), ("part", number.to_string())];
        self.note(by, "UploadPart", Effect::Change, target, &params, &result);
        result
    }

    /// Stages a range of an object, to be a part. `range` is first and last byte.
    pub fn stage_range(
        &self,
        bucket: &str,
        key: &str,
        condition: &Condition,
        range: Option<(u64, u64)>,
        algorithm: Algorithm,
    ) -> Result<Staged, StoreError> {
        let (object, mut file) = self.look(bucket, key)?;
        condition.check(key, Some(&object.etag))?;
        let (first, length) = match range {
            None => (0, object.size),
            Some((first, last)) if first <= last && last < object.size => {
                (first, last - first + 1)
            }
            Some(_) => {
                let message = format!("the source has {} bytes", object.size);
                return Err(StoreError::refused("InvalidRange", message));
            }
        };
        if length > SINGLE_BYTES_MAX {
            let message = "the copy source is larger than a part may be";
            return Err(StoreError::refused("InvalidRequest", message));
        }
        let path = self.temporary();
        let copy = || -> std::io::Result<Digests> {
            file.seek(SeekFrom::Start(first))?;
            let mut hasher = Hasher::new(&[algorithm]);
            let mut written = File::create(&path)?;
            pump(&mut file.take(length), &mut written, &mut hasher)?;
            Ok(hasher.finish())
        };
        let digests = copy().map_err(StoreError::io("copy into", &path))?;
        Ok(Staged { path, digests })
    }

    /// The parts that have arrived, by number.
    pub fn parts(&self, bucket: &str, upload: &Upload) -> Result<Vec<Part>, StoreError> {
        let folder = self.upload_folder(bucket, &upload.id);
        let mut parts = BTreeMap::new();
        for path in files_in(&folder)? {
            if path.extension().is_some_and(|end| end == "json")
                && path.file_name().is_some_and(|name| name != "upload.json")
                && let Ok(json) = std::fs::read(&path)
                && let Ok(part) = serde_json::from_slice::<Part>(&json)
            {
                parts.insert(part.number, part);
            }
        }
        Ok(parts.into_values().collect())
    }

    /// Every upload that is not completed, by key and time.
    pub fn uploads(&self, bucket: &str) -> Result<Vec<Upload>, StoreError> {
        self.bucket(bucket)?;
        let mut uploads = Vec::new();
        for folder in files_in(&self.side(bucket, "uploads"))? {
            if let Ok(json) = std::fs::read(folder.join("upload.json"))
                && let Ok(upload) = serde_json::from_slice::<Upload>(&json)
            {
                uploads.push(upload);
            }
        }
        uploads.sort_by(|a, b| {
            (&a.key, a.initiated_at_ms, &a.id).cmp(&(&b.key, b.initiated_at_ms, &b.id))
        });
        Ok(uploads)
    }

    /// Makes the object of the parts that are named, each with its ETag.
    pub fn complete_upload(
        &self,
        by: &Principal,
        bucket: &str,
        upload: &Upload,
        named: &[(u32, String)],
        condition: &Condition,
    ) -> Result<Object, StoreError> {
        let result = self.assemble(bucket, upload, named, condition);
        let params = [
            ("upload", upload.id.clone()),
            ("parts", named.len().to_string()),
        ];
        let to = (bucket, upload.key.as_str());
        let action = "CompleteMultipartUpload";
        self.note_write(by, action, to, condition, &params, &result);
        result
    }

    /// Gives an upload up.
    pub fn abort_upload(
        &self,
        by: &Principal,
        bucket: &str,
        upload: &Upload,
    ) -> Result<(), StoreError> {
        let folder = self.upload_folder(bucket, &upload.id);
        let result = std::fs::remove_dir_all(&folder)
            .map_err(StoreError::io("remove the upload in", &folder));
        let target = target(bucket, &upload.key);
        let params = [("upload", upload.id.clone())];
        let action = "AbortMultipartUpload";
        self.note(by, action, Effect::Change, target, &params, &result);
        result
    }

    fn keep_part(
        &self,
        bucket: &str,
        upload: &Upload,
        number: u32,
        staged: &Staged,
    ) -> Result<Part, StoreError> {
        if !(1..=PART_NUMBER_MAX).contains(&number) {
            let message = "a part's number is from 1 to 10,000";
            return Err(StoreError::refused("InvalidArgument", message));
        }
        let algorithm = upload.algorithm();
        let checksum = staged.digests.checksums.get(&algorithm).cloned();
        let part = Part {
            number,
            size: staged.digests.size,
            etag: staged.digests.md5.clone(),
            checksum: checksum.unwrap_or_default(),
            modified_at_ms: self.clock.now_ms(),
        };
        let path = self.part_path(bucket, upload, number);
        std::fs::rename(&staged.path, &path)
            .map_err(StoreError::io("put in place", &path))?;
        write_json(&path.with_extension("json"), &part)?;
        Ok(part)
    }

    fn assemble(
        &self,
        bucket: &str,
        upload: &Upload,
        named: &[(u32, String)],
        condition: &Condition,
    ) -> Result<Object, StoreError> {
        let parts = self.chosen_parts(bucket, upload, named)?;
        let algorithm = upload.algorithm();
        let path = self.temporary();
        let mut hasher = Hasher::new(&[algorithm]);
        let mut join = || -> std::io::Result<()> {
            let mut written = File::create(&path)?;
            for part in &parts {
                let from = self.part_path(bucket, upload, part.number);
                pump(&mut File::open(from)?, &mut written, &mut hasher)?;
            }
            Ok(())
        };
        join().map_err(StoreError::io("join the parts into", &path))?;
        let digests = hasher.finish();
        let meta = Meta {
            written: Some(Written {
                md5: digests.md5.clone(),
                etag: joint_etag(&parts),
                composite: (!upload.full_object)
                    .then(|| composite_checksum(algorithm, &parts)),
            }),
            ..upload.meta.clone()
        };
        let staged = Staged { path, digests };
        let object = self.commit(bucket, &upload.key, staged, meta, condition)?;
        let folder = self.upload_folder(bucket, &upload.id);
        std::fs::remove_dir_all(&folder)
            .map_err(StoreError::io("remove the upload in", &folder))?;
        Ok(object)
    }

    /// The parts that a completion names, in order and with the ETags that they have.
    fn chosen_parts(
        &self,
        bucket: &str,
        upload: &Upload,
        named: &[(u32, String)],
    ) -> Result<Vec<Part>, StoreError> {
        if named.is_empty() {
            let message = "a completion must name at least one part";
            return Err(StoreError::refused("MalformedXML", message));
        }
        if !named.is_sorted_by(|a, b| a.0 < b.0) {
            let message = "the parts are not in ascending order";
            return Err(StoreError::refused("InvalidPartOrder", message));
        }
        let arrived = self.parts(bucket, upload)?;
        let mut chosen = Vec::with_capacity(named.len());
        for (number, etag) in named {
            let part = arrived
                .iter()
                .find(|part| part.number == *number && part.etag == *etag)
                .ok_or_else(|| {
                    let message = format!("part {number} with ETag {etag} has not come");
                    StoreError::refused("InvalidPart", message)
                })?;
            chosen.push(part.clone());
        }
        let all_but_last = &chosen[..chosen.len() - 1];
        if let Some(small) = all_but_last.iter().find(|one| one.size < PART_BYTES_MIN) {
            let message = format!(
                "part {} has {} bytes, fewer than {PART_BYTES_MIN}",
                small.number, small.size
            );
            return Err(StoreError::refused("EntityTooSmall", message));
        }
        Ok(chosen)
    }

    fn upload_folder(&self, bucket: &str, id: &str) -> PathBuf {
        self.side(bucket, "uploads").join(id)
    }

    fn part_path(&self, bucket: &str, upload: &Upload, number: u32) -> PathBuf {
        self.upload_folder(bucket, &upload.id)
            .join(format!("{number:05}.part"))
    }
}

fn pump(
    from: &mut impl Read,
    to: &mut impl Write,
    hasher: &mut Hasher,
) -> std::io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = from.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        hasher.update(&buffer[..read]);
        to.write_all(&buffer[..read])?;
    }
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<(), StoreError> {
    let json = serde_json::to_vec_pretty(value)
        .map_err(std::io::Error::other)
        .map_err(StoreError::io("render", path))?;
    std::fs::write(path, json).map_err(StoreError::io("write", path))
}

fn files_in(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(StoreError::io("list", folder)(error)),
    };
    entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<_>>()
        .map_err(StoreError::io("list", folder))
}
