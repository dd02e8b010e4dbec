//! Objects. Every call for a stream names the bucket's expected owner, every
//! write has its condition and its checksum, and a listing is whole or an error.

mod bucket;
mod checksum;
mod copy;
mod delete;
mod keys;
mod list;
mod list_some;
mod listing_parts;
mod read;
mod write;

use aws_sdk_s3::Client;
use domain::time::Millis;

pub(super) use keys::decode_listed;

pub use bucket::EncryptionSeen;
pub use copy::{COPY_BYTES_MAX, Copied};
pub use delete::{DeleteOutcome, Deleted};
pub use list_some::ListedSome;
pub use read::{Got, Head};
pub use write::PutOn;

/// One listed object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// The full key.
    pub key: String,
    /// The ETag without quotes.
    pub etag: String,
    /// In bytes.
    pub size: u64,
    /// By S3's clock; S3 gives whole seconds.
    pub last_modified: Millis,
    /// Its storage class in S3's words; `None` for `STANDARD`.
    pub class: Option<String>,
}

/// S3 in one region and one role.
#[derive(Clone)]
pub struct S3 {
    client: Client,
    /// The account that must own every bucket; `None` where a person named the
    /// bucket and no stream says whose it is.
    owner: Option<String>,
}

impl S3 {
    pub(super) fn new(client: Client, owner: Option<String>) -> Self {
        Self { client, owner }
    }
}

/// An ETag as Sluice keeps it.
fn bare(etag: &str) -> String {
    etag.trim_matches('"').to_owned()
}

/// An ETag as HTTP wants it in a condition.
fn quoted(etag: &str) -> String {
    format!("\"{etag}\"")
}
