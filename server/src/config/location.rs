//! Locations in S3, as the configuration may name them.

use std::fmt;

use serde::Deserialize;

/// A bucket and a prefix that ends in `/`.
///
/// The rules are strict because whole prefixes are copied and cleared by what is
/// written here: an empty prefix would be the bucket, and `orders` without its
/// slash would also match `orders_backup_…/`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct S3Location {
    bucket: String,
    prefix: String,
}

impl S3Location {
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// Without a leading `/`, with a trailing one.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The location one level up, or `None` where that would be the whole bucket.
    pub fn parent(&self) -> Option<Self> {
        let inner = self.prefix.strip_suffix('/')?;
        let (parent, _) = inner.rsplit_once('/')?;
        Some(Self {
            bucket: self.bucket.clone(),
            prefix: format!("{parent}/"),
        })
    }

    /// The last segment, without its slash.
    pub fn last_segment(&self) -> &str {
        let inner = self.prefix.strip_suffix('/').unwrap_or(&self.prefix);
        inner.rsplit_once('/').map_or(inner, |(_, last)| last)
    }

    /// The location `name/` below this one.
    pub fn child(&self, name: &str) -> Result<Self, LocationError> {
        format!("{self}{name}/").try_into()
    }

    /// Whether `self` is `other` or lies below it.
    pub fn is_within(&self, other: &Self) -> bool {
        self.bucket == other.bucket && self.prefix.starts_with(&other.prefix)
    }

    /// Whether a key can lie in both.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.is_within(other) || other.is_within(self)
    }
}

impl fmt::Display for S3Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.prefix)
    }
}

impl TryFrom<String> for S3Location {
    type Error = LocationError;

    fn try_from(value: String) -> Result<Self, LocationError> {
        let rest = value.strip_prefix("s3://").ok_or(LocationError::Scheme)?;
        let (bucket, prefix) = rest.split_once('/').ok_or(LocationError::EmptyPrefix)?;
        if !is_bucket_name(bucket) {
            return Err(LocationError::Bucket);
        }
        if prefix.is_empty() {
            return Err(LocationError::EmptyPrefix);
        }
        let inner = prefix.strip_suffix('/').ok_or(LocationError::NoSlash)?;
        if inner.split('/').any(str::is_empty) {
            return Err(LocationError::EmptySegment);
        }
        if inner
            .split('/')
            .any(|segment| segment == "." || segment == "..")
        {
            return Err(LocationError::DotSegment);
        }
        if prefix.chars().any(char::is_control) {
            return Err(LocationError::Control);
        }
        Ok(Self {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
        })
    }
}

/// The bucket naming rules of S3 (general purpose buckets), without the rarer
/// bans on prefixes and suffixes, which S3 itself will refuse.
fn is_bucket_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    (3..=63).contains(&name.len())
        && name.chars().all(|c| allowed(c) || c == '-' || c == '.')
        && name.starts_with(allowed)
        && name.ends_with(allowed)
        && !name.contains("..")
}

/// Why a text is not a location; each says what is allowed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum LocationError {
    #[error("a location begins with \"s3://\"")]
    Scheme,
    #[error(
        "a bucket name has 3 to 63 lower-case letters, digits, \"-\" and \".\", \
         and begins and ends with a letter or digit"
    )]
    Bucket,
    #[error("a location names a prefix, never a whole bucket: \"s3://bucket/prefix/\"")]
    EmptyPrefix,
    #[error("a location ends in \"/\", so that it matches no longer name")]
    NoSlash,
    #[error("a location holds no \"//\"")]
    EmptySegment,
    #[error("a location holds no \".\" or \"..\" segment")]
    DotSegment,
    #[error("a location holds no control characters")]
    Control,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> S3Location {
        text.to_owned().try_into().unwrap()
    }

    #[test]
    fn dangerous_locations_are_refused() {
        for (text, why) in [
            ("bucket/orders/", LocationError::Scheme),
            ("s3a://bucket/orders/", LocationError::Scheme),
            ("s3://bucket", LocationError::EmptyPrefix),
            ("s3://bucket/", LocationError::EmptyPrefix),
            ("s3://b/orders/", LocationError::Bucket),
            ("s3://Bucket/orders/", LocationError::Bucket),
            ("s3://bucket/orders", LocationError::NoSlash),
            ("s3://bucket//", LocationError::EmptySegment),
            ("s3://bucket/a//b/", LocationError::EmptySegment),
            ("s3://bucket/a/../b/", LocationError::DotSegment),
            ("s3://bucket/a\n/", LocationError::Control),
        ] {
            assert_eq!(S3Location::try_from(text.to_owned()), Err(why), "{text}");
        }
    }

    #[test]
    fn a_longer_name_is_not_within() {
        assert!(!at("s3://bucket/orders_backup/").overlaps(&at("s3://bucket/orders/")));
        assert!(at("s3://bucket/orders/a/").is_within(&at("s3://bucket/orders/")));
        assert!(at("s3://bucket/a/").overlaps(&at("s3://bucket/a/b/")));
        assert!(!at("s3://bucket/a/").overlaps(&at("s3://other/a/")));
    }

    #[test]
    fn the_parent_is_never_the_bucket() {
        assert_eq!(at("s3://bucket/a/b/").parent(), Some(at("s3://bucket/a/")));
        assert_eq!(at("s3://bucket/a/").parent(), None);
        assert_eq!(at("s3://bucket/a/b/").last_segment(), "b");
    }
}
