//! ETags and checksums from the bytes as they are now.
//!
//! Nothing about an object's bytes is believed from a side file: somebody may have
//! emptied the file with an editor a second ago, and S3 would show another ETag. What
//! was computed is remembered for as long as the file is the same by inode, size and
//! times.

use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::io::{Read, Seek, SeekFrom};
use std::sync::Mutex;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use s3s::crypto::{Checksum, Crc32, Crc32c, Crc64Nvme, Md5, Sha1, Sha256};
use serde::{Deserialize, Serialize};

use crate::clock::Clock;

/// How many files' digests are remembered.
const REMEMBERED_MAX: usize = 500_000;

/// How old a file's times must be for them to tell its states apart, in milliseconds:
/// well above the tick of any file system's clock.
const SETTLED_MS: i128 = 100;

/// A checksum that S3 can keep beside an object.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
pub enum Algorithm {
    /// CRC-32.
    CRC32,
    /// CRC-32C (Castagnoli).
    CRC32C,
    /// CRC-64/NVME, what S3 adds when nothing is asked for.
    CRC64NVME,
    /// SHA-1.
    SHA1,
    /// SHA-256.
    SHA256,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Self; 5] = [
        Self::CRC32,
        Self::CRC32C,
        Self::CRC64NVME,
        Self::SHA1,
        Self::SHA256,
    ];

    /// Its name in S3's API.
    pub fn name(self) -> &'static str {
        match self {
            Self::CRC32 => "CRC32",
            Self::CRC32C => "CRC32C",
            Self::CRC64NVME => "CRC64NVME",
            Self::SHA1 => "SHA1",
            Self::SHA256 => "SHA256",
        }
    }

    /// The header that carries it.
    pub fn header(self) -> &'static str {
        match self {
            Self::CRC32 => "x-amz-checksum-crc32",
            Self::CRC32C => "x-amz-checksum-crc32c",
            Self::CRC64NVME => "x-amz-checksum-crc64nvme",
            Self::SHA1 => "x-amz-checksum-sha1",
            Self::SHA256 => "x-amz-checksum-sha256",
        }
    }

    /// By name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

/// The digests of one sequence of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digests {
    /// How many bytes.
    pub size: u64,
    /// MD5 in hex: the ETag of a plain object.
    pub md5: String,
    /// The checksums that were asked for, in base64.
    pub checksums: HashMap<Algorithm, String>,
}

/// Computes digests while the bytes go by.
pub struct Hasher {
    size: u64,
    md5: Md5,
    checksums: Vec<Running>,
}

enum Running {
    Crc32(Crc32),
    Crc32c(Crc32c),
    Crc64Nvme(Crc64Nvme),
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Hasher {
    /// A hasher for MD5 and these algorithms.
    pub fn new(algorithms: &[Algorithm]) -> Self {
        Self {
            size: 0,
            md5: Md5::new(),
            checksums: algorithms.iter().map(|one| Running::new(*one)).collect(),
        }
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        self.md5.update(bytes);
        for checksum in &mut self.checksums {
            checksum.update(bytes);
        }
    }

    /// The digests of all the bytes.
    pub fn finish(self) -> Digests {
        Digests {
            size: self.size,
            md5: hex::encode(self.md5.finalize()),
            checksums: self.checksums.into_iter().map(Running::finish).collect(),
        }
    }
}

impl Running {
    fn new(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::CRC32 => Self::Crc32(Crc32::new()),
            Algorithm::CRC32C => Self::Crc32c(Crc32c::new()),
            Algorithm::CRC64NVME => Self::Crc64Nvme(Crc64Nvme::new()),
            Algorithm::SHA1 => Self::Sha1(Sha1::new()),
            Algorithm::SHA256 => Self::Sha256(Sha256::new()),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Crc32(one) => one.update(bytes),
            Self::Crc32c(one) => one.update(bytes),
            Self::Crc64Nvme(one) => one.update(bytes),
            Self::Sha1(one) => one.update(bytes),
            Self::Sha256(one) => one.update(bytes),
        }
    }

    fn finish(self) -> (Algorithm, String) {
        match self {
            Self::Crc32(one) => (Algorithm::CRC32, STANDARD.encode(one.finalize())),
            Self::Crc32c(one) => (Algorithm::CRC32C, STANDARD.encode(one.finalize())),
            Self::Crc64Nvme(one) => {
                (Algorithm::CRC64NVME, STANDARD.encode(one.finalize()))
            }
            Self::Sha1(one) => (Algorithm::SHA1, STANDARD.encode(one.finalize())),
            Self::Sha256(one) => (Algorithm::SHA256, STANDARD.encode(one.finalize())),
        }
    }
}

/// The digests of bytes in memory.
pub fn digests_of(bytes: &[u8], algorithms: &[Algorithm]) -> Digests {
    let mut hasher = Hasher::new(algorithms);
    hasher.update(bytes);
    hasher.finish()
}

/// What tells one state of a file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified_ns: i128,
    changed_ns: i128,
}

impl Stamp {
    #[cfg(unix)]
    pub(super) fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        let ns =
            |seconds: i64, ns: i64| i128::from(seconds) * 1_000_000_000 + i128::from(ns);
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified_ns: ns(metadata.mtime(), metadata.mtime_nsec()),
            changed_ns: ns(metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

/// Digests of files, remembered while the files are the same.
#[derive(Debug)]
pub(super) struct DigestCache {
    clock: Clock,
    known: Mutex<HashMap<Stamp, Digests>>,
}

impl DigestCache {
    /// Nothing known.
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            clock,
            known: Mutex::default(),
        }
    }

    /// The digests of an open file, from its start to its end.
    pub(super) fn of_file(
        &self,
        file: &mut File,
        algorithms: &[Algorithm],
    ) -> std::io::Result<Digests> {
        let stamp = Stamp::of(&file.metadata()?);
        let missing: Vec<Algorithm> = {
            let known = self.lock();
            match known.get(&stamp) {
                Some(digests) => algorithms
                    .iter()
                    .filter(|one| !digests.checksums.contains_key(one))
                    .copied()
                    .collect(),
                None => algorithms.to_vec(),
            }
        };
        if missing.is_empty()
            && let Some(digests) = self.lock().get(&stamp)
        {
            return Ok(digests.clone());
        }
        file.seek(SeekFrom::Start(0))?;
        let mut hasher = Hasher::new(&missing);
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = file.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            hasher.update(&buffer[..read]);
        }
        file.seek(SeekFrom::Start(0))?;
        let digests = hasher.finish();
        // Somebody may have written into the file meanwhile; then this is the digest of
        // no state of it and must not be remembered. Nor may that of a fresh file: a
        // second write within the same tick of the file system's clock would leave the
        // same times.
        if Stamp::of(&file.metadata()?) == stamp && self.is_settled(stamp) {
            return Ok(self.remember(stamp, digests));
        }
        Ok(digests)
    }

    fn is_settled(&self, stamp: Stamp) -> bool {
        let changed_ms = stamp.changed_ns.max(stamp.modified_ns) / 1_000_000;
        i128::from(self.clock.now_ms()) - changed_ms > SETTLED_MS
    }

    /// Adds what is known of a file, and gives all that is known.
    fn remember(&self, stamp: Stamp, digests: Digests) -> Digests {
        let mut known = self.lock();
        if known.len() >= REMEMBERED_MAX {
            known.clear();
        }
        let entry = known.entry(stamp).or_insert_with(|| Digests {
            checksums: HashMap::new(),
            ..digests.clone()
        });
        entry.checksums.extend(digests.checksums);
        entry.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Stamp, Digests>> {
        self.known
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// Check values of "123456789", from the catalogue of CRC algorithms and RFC 1321.
    #[test]
    fn digests_have_the_published_values() {
        let digests = digests_of(b"123456789", &Algorithm::ALL);
        assert_eq!(digests.md5, "25f9e794323b453885f5181f1b624d0b");
        let value = |one| digests.checksums[&one].clone();
        let base64 = |bytes: &[u8]| STANDARD.encode(bytes);
        assert_eq!(
            value(Algorithm::CRC32),
            base64(&0xcbf4_3926_u32.to_be_bytes())
        );
        assert_eq!(
            value(Algorithm::CRC32C),
            base64(&0xe306_9283_u32.to_be_bytes())
        );
        assert_eq!(
            value(Algorithm::CRC64NVME),
            base64(&0xae8b_1486_0a79_9888_u64.to_be_bytes())
        );
    }

    #[test]
    fn an_edited_file_has_another_digest() {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("file");
        std::fs::write(&path, "one").expect("written");
        let cache = DigestCache::new(Clock::new(1));
        let mut file = File::open(&path).expect("open");
        let one = cache
            .of_file(&mut file, &[Algorithm::CRC32])
            .expect("digests");
        // Same inode, same size.
        let mut again = std::fs::OpenOptions::new()
            .write(true)
            .open(&path)
            .expect("open");
        again.write_all(b"two").expect("written");
        drop(again);
        let two = cache
            .of_file(&mut file, &[Algorithm::CRC32])
            .expect("digests");
        assert_eq!(two, digests_of(b"two", &[Algorithm::CRC32]));
        assert_ne!(one, two);
    }

    #[test]
    fn a_later_algorithm_is_added_to_what_is_known() {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("file");
        std::fs::write(&path, "one").expect("written");
        let cache = DigestCache::new(Clock::new(1));
        let mut file = File::open(&path).expect("open");
        cache.of_file(&mut file, &[]).expect("digests");
        let more = cache
            .of_file(&mut file, &[Algorithm::SHA256])
            .expect("digests");
        assert_eq!(more, digests_of(b"one", &[Algorithm::SHA256]));
    }
}
