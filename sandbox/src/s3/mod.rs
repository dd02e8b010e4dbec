//! S3 on plain files.
//!
//! `Store` is the storage and knows no protocol; `service` puts Amazon's REST protocol
//! in front of it.

mod condition;
mod copy;
mod digest;
mod error;
mod fate;
mod key;
mod listing;
mod lock;
mod meta;
mod multipart;
mod object;
mod service;
mod store;
mod upload;
mod walk;

pub use condition::{Condition, Match};
pub use copy::CopyOptions;
pub use digest::{Algorithm, Digests, Hasher, digests_of};
pub use error::StoreError;
pub use fate::Fate;
pub use listing::{ListQuery, PAGE_MAX, Page, Token};
pub use lock::{DefaultHold, Protection, Retained};
pub use meta::{Meta, StoredChecksum, Written};
pub use object::{Object, Staged};
pub use service::service;
pub use store::{Bucket, SINGLE_BYTES_MAX, Store};
pub use upload::{Part, Upload};
