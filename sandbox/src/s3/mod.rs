//! S3 on plain files.
//!
//! `Store` is the storage and knows no protocol; `service` puts Amazon's REST protocol
//! in front of it.

mod digest;
mod error;
mod fate;
mod key;
mod listing;
mod meta;
mod multipart;
mod object;
mod service;
mod store;
mod walk;

pub use digest::{Algorithm, Digests, Hasher, digests_of};
pub use error::StoreError;
pub use fate::Fate;
pub use listing::{ListQuery, PAGE_MAX, Page, Token};
pub use meta::{Meta, StoredChecksum, Written};
pub use multipart::{Part, Upload};
pub use object::{CopyOptions, Object, Staged};
pub use service::service;
pub use store::{Bucket, Condition, Match, SINGLE_BYTES_MAX, Store};
