//! Where a checkpoint lies, as a person writes it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// A directory or a prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A directory of this machine.
    Directory(PathBuf),
    /// A prefix, which is empty or ends in `/`: `orders` alone would also be
    /// `orders_backup`.
    Bucket { bucket: String, prefix: String },
}

/// Why a text names no place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    #[error("{0} names no bucket: write s3://bucket/prefix/")]
    NoBucket(String),
    #[error("{0} is neither a directory nor s3://bucket/prefix/")]
    OtherScheme(String),
}

impl Place {
    /// Takes a path, `file:` and a path, or `s3://bucket/prefix/`, in which the
    /// scheme may be spelled as Hadoop does.
    ///
    /// # Errors
    /// When it is an address of another kind.
    pub fn parse(text: &OsStr) -> Result<Self, PlaceError> {
        let Some(said) = text.to_str() else {
            return Ok(Self::Directory(PathBuf::from(text)));
        };
        let Some((scheme, rest)) = said.split_once(":/") else {
            return Ok(Self::Directory(PathBuf::from(text)));
        };
        match scheme {
            "s3" | "s3a" | "s3n" => {
                let rest = rest.strip_prefix('/').unwrap_or_default();
                let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
                if bucket.is_empty() {
                    return Err(PlaceError::NoBucket(said.to_owned()));
                }
                let mut prefix = prefix.to_owned();
                if !prefix.is_empty() && !prefix.ends_with('/') {
                    prefix.push('/');
                }
                Ok(Self::Bucket {
                    bucket: bucket.to_owned(),
                    prefix,
                })
            }
            "file" => {
                let path = format!("/{}", rest.trim_start_matches('/'));
                Ok(Self::Directory(PathBuf::from(path)))
            }
            // A file may well have such a name.
            _ if Path::new(text).exists() => Ok(Self::Directory(PathBuf::from(text))),
            _ => Err(PlaceError::OtherScheme(said.to_owned())),
        }
    }

    /// As Spark's messages name it.
    pub(super) fn uri(&self) -> String {
        match self {
            Self::Directory(path) => {
                let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
                format!("file:{}", path.display())
            }
            Self::Bucket { bucket, prefix } => format!("s3://{bucket}/{prefix}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_told_apart() {
        let bucket = |prefix: &str| Place::Bucket {
            bucket: "b".to_owned(),
            prefix: prefix.to_owned(),
        };
        let directory = |path: &str| Place::Directory(PathBuf::from(path));
        for (text, place) in [
            ("s3://b/x/y/", bucket("x/y/")),
            ("s3://b/x/y", bucket("x/y/")),
            ("s3a://b/x", bucket("x/")),
            ("s3://b", bucket("")),
            ("s3://b/", bucket("")),
            ("s3://b//x/", bucket("/x/")),
            ("/var/x", directory("/var/x")),
            ("x/y", directory("x/y")),
            ("file:/var/x", directory("/var/x")),
            ("file:///var/x", directory("/var/x")),
        ] {
            assert_eq!(Place::parse(OsStr::new(text)), Ok(place), "{text}");
        }
        for text in ["s3:///x", "s3:/x", "hdfs://n/x", "https://x/y"] {
            assert!(Place::parse(OsStr::new(text)).is_err(), "{text}");
        }
    }
}
