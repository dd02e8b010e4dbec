//! A checkpoint's files, in a directory or under a prefix.

use std::collections::BTreeMap;

use domain::checkpoint::ListedObject;

use super::bucket::Bucket;
use super::directory::Directory;
use super::gathered::Gathered;
use super::place::Place;
use super::progress::Step;

/// What became of reading a file.
pub(super) enum Read {
    Bytes(Vec<u8>),
    /// It is gone or another one by now.
    Moved,
    /// Why it cannot be read.
    No(String),
}

/// Where the files come from.
pub(super) enum Source {
    Directory(Box<Directory>),
    Bucket(Bucket),
}

impl Source {
    /// Lists a place.
    pub(super) async fn list(
        place: &Place,
        tell: &(dyn Fn(Step) + Sync),
    ) -> Result<(Self, Gathered), String> {
        match place {
            Place::Directory(path) => {
                let (directory, gathered) =
                    Directory::walk(path, tell).map_err(|error| error.to_string())?;
                Ok((Self::Directory(Box::new(directory)), gathered))
            }
            Place::Bucket { bucket, prefix } => {
                let s3 = crate::aws::s3_by_the_chain()
                    .await
                    .map_err(|error| error.to_string())?;
                let bucket = Bucket {
                    s3,
                    bucket: bucket.clone(),
                    prefix: prefix.clone(),
                };
                let gathered =
                    bucket.list(tell).await.map_err(|error| error.to_string())?;
                Ok((Self::Bucket(bucket), gathered))
            }
        }
    }

    pub(super) async fn read(&self, key: &str, listed: &ListedObject) -> Read {
        match self {
            // Files of a local disk; nobody else waits for this thread.
            Self::Directory(directory) => directory.read(key, listed),
            Self::Bucket(bucket) => bucket.read(key, listed).await,
        }
    }

    pub(super) fn blocked(&self) -> BTreeMap<String, String> {
        match self {
            Self::Directory(directory) => directory.blocked.clone(),
            Self::Bucket(_) => BTreeMap::new(),
        }
    }

    pub(super) fn said(&self) -> &[String] {
        match self {
            Self::Directory(directory) => &directory.said,
            Self::Bucket(_) => &[],
        }
    }
}
