//! A stream as configured: what a snapshot is read from and a plan is built
//! for. Credentials and endpoints are no part of it.

use serde::{Deserialize, Serialize};

use crate::access::StreamScope;
use crate::canonical::{self, NotCanonical};
use crate::checkpoint::{QueryShape, SparkLine};
use crate::ids::{Digest, StreamName};

/// One streaming query and everything around it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stream {
    /// Its name, unique in the configuration.
    pub name: StreamName,
    /// A title for people.
    pub title: String,
    /// Its environment, such as `prod`.
    pub environment: String,
    /// The AWS region.
    pub region: String,
    /// The EMR Serverless application that runs it.
    pub application: String,
    /// Where the checkpoint lies.
    pub checkpoint: Prefix,
    /// Where its backups are made.
    pub backup_root: Prefix,
    /// How many sources the query has today and whether it keeps state.
    pub shape: QueryShape,
    /// The Spark line, where the release label must not decide.
    pub spark: Option<SparkLine>,
    /// The topics, one list a source, in the order of the query's sources.
    pub sources: Vec<Vec<String>>,
    /// The name of the Kafka cluster in the configuration.
    pub kafka_cluster: String,
    /// Whether the query reads `read_committed`.
    pub read_committed: bool,
    /// The trigger interval in milliseconds.
    pub trigger_ms: i64,
    /// How the sink keeps what it is given.
    pub sink: Sink,
    /// How a new start learns where to begin. Left out of the digest where it
    /// is by seeding, so that plans older than this field stay what they were.
    #[serde(default, skip_serializing_if = "Carrier::is_seed")]
    pub carrier: Carrier,
    /// Other queries of the same job, which stop when it is stopped.
    pub siblings: Vec<String>,
    /// People and teams, by what they are for.
    pub owner: String,
    /// How to reach somebody, as on the runbook's last page.
    pub contacts: Vec<Contact>,
    /// Tables and jobs downstream, named for the people who use them.
    pub downstream: Vec<String>,
}

impl Stream {
    /// The part that access looks at.
    #[must_use]
    pub fn scope(&self) -> StreamScope {
        StreamScope {
            name: self.name.clone(),
            environment: self.environment.clone(),
        }
    }

    /// The digest that a plan carries, so that another configuration makes it
    /// stale.
    ///
    /// # Errors
    /// Never for a parsed configuration; see [`canonical::digest`].
    pub fn digest(&self) -> Result<Digest, NotCanonical> {
        canonical::digest(self)
    }
}

/// A place in S3: a bucket and a prefix that ends in a slash.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Prefix {
    bucket: String,
    prefix: String,
}

/// Why a text is no usable place in S3.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{value:?} is no usable S3 prefix: {reason}")]
pub struct InvalidPrefix {
    /// What was given.
    pub value: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl Prefix {
    /// The bucket.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The key prefix, ending in a slash.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.prefix
    }

    /// `s3://bucket/prefix/`.
    #[must_use]
    pub fn uri(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix)
    }

    /// Whether one lies in the other, or they are the same.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.bucket == other.bucket
            && (self.prefix.starts_with(&other.prefix)
                || other.prefix.starts_with(&self.prefix))
    }

    /// The prefix above; `None` at the top of the bucket.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        let without = self.prefix.strip_suffix('/')?;
        let (parent, _) = without.rsplit_once('/')?;
        Some(Self {
            bucket: self.bucket.clone(),
            prefix: format!("{parent}/"),
        })
    }

    /// Its last segment.
    #[must_use]
    pub fn name(&self) -> &str {
        let path = self.prefix.trim_end_matches('/');
        path.rsplit('/').next().unwrap_or(path)
    }

    /// The prefix `name/` below this.
    ///
    /// # Errors
    /// When `name` is not one plain segment.
    pub fn child(&self, name: &str) -> Result<Self, InvalidPrefix> {
        format!("{}{name}/", self.uri()).parse()
    }
}

impl std::str::FromStr for Prefix {
    type Err = InvalidPrefix;

    fn from_str(value: &str) -> Result<Self, InvalidPrefix> {
        let refuse = |reason| InvalidPrefix {
            value: value.chars().take(200).collect(),
            reason,
        };
        let rest = value
            .strip_prefix("s3://")
            .or_else(|| value.strip_prefix("s3a://"))
            .ok_or_else(|| refuse("it must begin with s3://"))?;
        let (bucket, prefix) = rest
            .split_once('/')
            .ok_or_else(|| refuse("it must name a bucket and a prefix"))?;
        let bucket_form = |b: u8| {
            b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-')
        };
        if !(3..=63).contains(&bucket.len()) || !bucket.bytes().all(bucket_form) {
            return Err(refuse(
                "a bucket has 3 to 63 lower-case letters, digits, '.' or '-'",
            ));
        }
        if prefix.is_empty() {
            return Err(refuse("the prefix is empty: a whole bucket is never meant"));
        }
        let Some(path) = prefix.strip_suffix('/') else {
            return Err(refuse("the prefix must end in '/'"));
        };
        if prefix.len() > 900 {
            return Err(refuse("the prefix is longer than 900 bytes"));
        }
        if path
            .split('/')
            .any(|s| s.is_empty() || s == "." || s == "..")
        {
            return Err(refuse("no segment may be empty, '.' or '..'"));
        }
        if prefix.chars().any(char::is_control) || path.ends_with(' ') {
            return Err(refuse("no control characters and no space at the end"));
        }
        Ok(Self {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
        })
    }
}

impl TryFrom<String> for Prefix {
    type Error = InvalidPrefix;

    fn try_from(value: String) -> Result<Self, InvalidPrefix> {
        value.parse()
    }
}

impl From<Prefix> for String {
    fn from(prefix: Prefix) -> Self {
        prefix.uri()
    }
}

/// Where the stream's rows go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sink {
    /// How it keeps them.
    pub kind: SinkKind,
    /// Where: an S3 prefix, or a name.
    pub location: String,
}

/// The kinds of sink, by what they do with a batch that comes twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SinkKind {
    /// Files written by `foreachBatch`: a repeated batch is written again.
    PlainFiles,
    /// Spark's file sink with `_spark_metadata`: batch ids that it remembers
    /// are skipped in silence.
    FileSink,
    /// Delta, which remembers the newest batch id by query id.
    Delta,
    /// Iceberg, which remembers the newest epoch by query id.
    Iceberg,
    /// Hudi.
    Hudi,
}

impl SinkKind {
    /// The name for people.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            SinkKind::PlainFiles => "plain files",
            SinkKind::FileSink => "Spark's file sink",
            SinkKind::Delta => "Delta",
            SinkKind::Iceberg => "Iceberg",
            SinkKind::Hudi => "Hudi",
        }
    }
}

/// What carries the starting offsets to a query whose checkpoint was cleared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "by")]
pub enum Carrier {
    /// `sources/<i>/0`, written into the cleared checkpoint. The job's code
    /// has no part in it.
    #[default]
    Seed,
    /// A Spark conf key, which the job's code reads.
    Conf {
        /// The key, which begins with `spark.`.
        key: String,
    },
    /// An argument of the entry point, which the job's code reads.
    Argument {
        /// Its name, without the dashes.
        name: String,
    },
}

impl Carrier {
    /// Whether the job's code has no part in it.
    #[must_use]
    pub fn is_seed(&self) -> bool {
        *self == Carrier::Seed
    }
}

/// Somebody to reach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// What for.
    pub name: String,
    /// A mail address, a telephone number, or the name of a policy.
    pub reach: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dangerous_prefixes_are_refused_with_the_reason() {
        for (value, reason) in [
            ("bucket/x/", "begin with s3://"),
            ("s3://bucket", "a bucket and a prefix"),
            ("s3://bucket/", "prefix is empty"),
            ("s3://b/x/", "3 to 63"),
            ("s3://bucket/x", "end in '/'"),
            ("s3://bucket/a//b/", "no segment may be empty"),
            ("s3://bucket/a/../b/", "no segment may be empty"),
            ("s3://bucket//", "no segment may be empty"),
            ("s3://bucket/a /", "no space at the end"),
            ("s3://bucket/a\u{0}b/", "no control characters"),
        ] {
            let error = value.parse::<Prefix>().unwrap_err().to_string();
            assert!(error.contains(reason), "{value}: {error}");
        }
    }

    #[test]
    fn a_neighbour_with_a_longer_name_does_not_overlap() {
        let orders: Prefix = "s3://bucket/ck/orders/".parse().unwrap();
        for (other, overlaps) in [
            ("s3://bucket/ck/orders_backup_20260101_000000Z/", false),
            ("s3://bucket/ck/orders2/", false),
            ("s3://bucket/ck/", true),
            ("s3://bucket/ck/orders/sub/", true),
            ("s3://other/ck/orders/", false),
        ] {
            assert_eq!(
                orders.overlaps(&other.parse().unwrap()),
                overlaps,
                "{other}"
            );
        }
        assert_eq!(orders.parent().unwrap().uri(), "s3://bucket/ck/");
    }
}
