//! Files of a state store: whether their bytes are whole. Sources of the
//! formats: Spark's `HDFSBackedStateStoreProvider.scala`,
//! `RocksDBFileManager.scala`, `SchemaHelper.scala`.

use serde::{Deserialize, Serialize};

mod checksum;
mod delta;
mod lz4_block;
mod operator;
mod schema;
mod zip;

#[cfg(test)]
pub(super) use lz4_block::pack;

pub use checksum::{ChecksumFile, crc32c};
pub use delta::{
    Changelog, DeltaSummary, LineageItem, changelog_header_is_corrupted, check_changelog,
    check_delta, check_snapshot,
};
pub use operator::{OperatorMetadata, StateStoreInfo};
pub use schema::{StateField, StateSchema};
pub use zip::{LogFile, SstFile, ZipEntry, ZipSummary, check_zip};

/// Why bytes are not what they should be, in the terms of Java's readers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum StateFault {
    /// The stream ends where a number should stand.
    #[error("the file ends before its end marker")]
    EndMissing,
    /// The compressed stream ends inside a block.
    #[error("the file ends inside a compressed block")]
    EndedPrematurely,
    /// The compressed stream is no such stream, or a checksum inside it is off.
    #[error("the compressed stream is corrupted")]
    Corrupted,
    /// A length below zero that is no marker.
    #[error("a key or value has the size {0}")]
    BadSize(i32),
    /// A version line that cannot be read.
    #[error("the version line is {0:?}")]
    BadVersion(String),
    /// A JSON text inside is none.
    #[error("the text inside is not JSON")]
    BadJson,
    /// A zip lacks the file `metadata`.
    #[error("the archive has no metadata")]
    NoMetadata,
    /// More than is ever unpacked here.
    #[error("the file unpacks to more than {0} bytes and was not looked through")]
    TooLarge(u64),
}
