//! Copies on the server.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};

use super::condition::Condition;
use super::digest::{Algorithm, Digests, Hasher};
use super::error::StoreError;
use super::meta::Meta;
use super::object::{Object, Staged};
use super::store::{SINGLE_BYTES_MAX, Store};
use crate::wire::Principal;

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
    pub replace_tags: Option<BTreeMap<String, String>>,
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
        self.read().usable(source.meta.kms_key.as_deref())?;
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
        meta.legal_hold = false;
        meta.retained = None;
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
}
