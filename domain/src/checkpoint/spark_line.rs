//! Which Spark will start the query, and what kind of query it is.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A minor line of Spark whose rules are known. Ordered by age.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum SparkLine {
    #[serde(rename = "3.3")]
    V3_3,
    #[serde(rename = "3.4")]
    V3_4,
    #[serde(rename = "3.5")]
    V3_5,
    #[serde(rename = "4.0")]
    V4_0,
    #[serde(rename = "4.1")]
    V4_1,
    #[serde(rename = "4.2")]
    V4_2,
}

impl SparkLine {
    /// Every line, rising.
    pub const ALL: [Self; 6] = [
        Self::V3_3,
        Self::V3_4,
        Self::V3_5,
        Self::V4_0,
        Self::V4_1,
        Self::V4_2,
    ];

    /// The line that refuses the most. It stands in for a release that is not
    /// known, and is then named as what was assumed.
    pub const STRICTEST: Self = Self::V4_1;

    pub fn as_str(self) -> &'static str {
        match self {
            Self::V3_3 => "3.3",
            Self::V3_4 => "3.4",
            Self::V3_5 => "3.5",
            Self::V4_0 => "4.0",
            Self::V4_1 => "4.1",
            Self::V4_2 => "4.2",
        }
    }

    /// The line that an EMR (Serverless) release label runs, such as
    /// `emr-7.9.0` or `emr-spark-8.0.0`. AWS patches these, so an EMR Spark
    /// can differ from the open-source one of the same number.
    pub fn from_emr_release(label: &str) -> SparkGuess {
        let known = emr_line(label);
        SparkGuess {
            line: known.unwrap_or(Self::STRICTEST),
            known: known.is_some(),
        }
    }
}

/// The line that is reckoned with, and whether it is known or assumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SparkGuess {
    pub line: SparkLine,
    /// False: the release is unknown, and [`SparkLine::STRICTEST`] is used.
    pub known: bool,
}

fn emr_line(label: &str) -> Option<SparkLine> {
    let (spark_only, version) = match label.strip_prefix("emr-spark-") {
        Some(rest) => (true, rest),
        None => (false, label.strip_prefix("emr-")?),
    };
    let mut parts = version.split(['.', '-']);
    let major: u32 = parts.next()?.parse().ok()?;
    let minor: u32 = parts.next()?.parse().ok()?;
    match (spark_only, major, minor) {
        (false, 6, 8..=11) => Some(SparkLine::V3_3),
        (false, 6, 12..=15) => Some(SparkLine::V3_4),
        (false, 7, _) => Some(SparkLine::V3_5),
        (true, 8, _) => Some(SparkLine::V4_0),
        _ => None,
    }
}

impl fmt::Display for SparkLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A Spark version whose rules are not known here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Spark {0} is not one of 3.3, 3.4, 3.5, 4.0, 4.1, 4.2")]
pub struct UnknownSparkVersion(pub String);

impl FromStr for SparkLine {
    type Err = UnknownSparkVersion;

    /// From `3.5.6`, `3.5` or `3.5.4-amzn-0`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.trim().split(['.', '-']);
        match (parts.next(), parts.next()) {
            (Some("3"), Some("3")) => Ok(Self::V3_3),
            (Some("3"), Some("4")) => Ok(Self::V3_4),
            (Some("3"), Some("5")) => Ok(Self::V3_5),
            (Some("4"), Some("0")) => Ok(Self::V4_0),
            (Some("4"), Some("1")) => Ok(Self::V4_1),
            (Some("4"), Some("2")) => Ok(Self::V4_2),
            _ => Err(UnknownSparkVersion(text.to_owned())),
        }
    }
}

/// What must be known of the query to foretell its start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryShape {
    /// Source occurrences in the plan, which is the number of offset lines: a
    /// self-union of one stream counts twice.
    pub sources: u32,
    /// Whether it keeps state (aggregation, deduplication, join, ...).
    pub stateful: bool,
    /// The writer option `asyncProgressTrackingEnabled`.
    pub async_progress: bool,
    /// The conf `spark.sql.streaming.stateStore.checkpointFormatVersion`.
    pub state_checkpoint_format: u32,
    /// The conf `spark.sql.streaming.verifyCheckpointDirectoryEmptyOnStart`.
    pub verify_empty_on_start: bool,
    /// The query's id as it was last seen elsewhere (a backup, the progress
    /// log), to tell a checkpoint that was swapped.
    pub last_seen_id: Option<Uuid>,
    /// The reader option `maxOffsetsPerTrigger` of Kafka, if it is set.
    pub max_offsets_per_trigger: Option<u64>,
    /// The conf `spark.sql.streaming.minBatchesToRetain`.
    pub min_batches_to_retain: u32,
}

impl QueryShape {
    /// A query without state, all confs at their defaults.
    pub fn stateless(sources: u32) -> Self {
        Self {
            sources,
            stateful: false,
            async_progress: false,
            state_checkpoint_format: 1,
            verify_empty_on_start: true,
            last_seen_id: None,
            max_offsets_per_trigger: None,
            min_batches_to_retain: 100,
        }
    }

    /// A query that keeps state, all confs at their defaults.
    pub fn stateful(sources: u32) -> Self {
        Self {
            stateful: true,
            ..Self::stateless(sources)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_releases_name_their_line() {
        assert_eq!("3.5.6".parse(), Ok(SparkLine::V3_5));
        assert_eq!("4.0.1-amzn-0".parse(), Ok(SparkLine::V4_0));
        assert!("3.2.1".parse::<SparkLine>().is_err());
        assert!("".parse::<SparkLine>().is_err());
        for (label, line) in [
            ("emr-6.8.0", SparkLine::V3_3),
            ("emr-6.15.0", SparkLine::V3_4),
            ("emr-7.10.0", SparkLine::V3_5),
            ("emr-spark-8.0.0", SparkLine::V4_0),
        ] {
            let guess = SparkLine::from_emr_release(label);
            assert_eq!(guess, SparkGuess { line, known: true }, "{label}");
        }
    }

    #[test]
    fn an_unknown_release_gets_the_strictest_line_and_says_so() {
        for label in [
            "emr-6.6.0",
            "emr-9.0.0",
            "emr-7",
            "7.9.0",
            "emr-spark-7.0.0",
            "",
        ] {
            let guess = SparkLine::from_emr_release(label);
            assert!(!guess.known, "{label}");
            assert_eq!(guess.line, SparkLine::STRICTEST);
        }
    }
}
