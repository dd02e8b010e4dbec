//! S3 on plain files.

mod fate;

pub use fate::Fate;
