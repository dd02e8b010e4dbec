//! `[[streams]]`: what Sluice must know of a stream to judge and to reset it.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroU64};

use domain::ids::StreamName;
use domain::sink::OffsetColumns;
use serde::Deserialize;

use super::kafka::Isolation;
use super::location::S3Location;
use super::names::{AccountId, Name, Region, RoleArn};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stream {
    /// Stands in URLs, backup names and locks; never changed later.
    pub name: StreamName,
    /// What people call it.
    pub title: String,
    /// One of the `[policy.<environment>]` tables.
    pub environment: Name,
    /// The owner of the bucket; every S3 call names it.
    pub account: AccountId,
    /// Absent: the region of `[aws]`.
    #[serde(default)]
    pub region: Option<Region>,
    /// Assumed for reading. Absent: Sluice's own credentials.
    #[serde(default)]
    pub read_role: Option<RoleArn>,
    /// Assumed for an approved plan only. Absent: Sluice's own credentials.
    #[serde(default)]
    pub change_role: Option<RoleArn>,
    /// False: Sluice shows this stream and changes nothing of it.
    #[serde(default = "default_true")]
    pub changes_allowed: bool,
    pub job: Job,
    pub checkpoint: Checkpoint,
    pub kafka: StreamKafka,
    #[serde(default)]
    pub starting_position: StartingPosition,
    pub metrics: Metrics,
    pub logs: Logs,
    pub sink: Sink,
    /// Other queries of the same job: a stop stops them too.
    #[serde(default)]
    pub siblings: Vec<String>,
    /// Absent: the checkpoint's parent, as in the runbook.
    #[serde(default)]
    pub backup_root: Option<S3Location>,
    pub owners: Vec<String>,
    #[serde(default)]
    pub contacts: Vec<Contact>,
    #[serde(default)]
    pub downstream: Vec<Downstream>,
}

/// The EMR Serverless application, and which of its job runs are this stream's.
/// A job run belongs to the stream when every given mark fits.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    pub application_id: String,
    /// The job run's name, with `*` for any text.
    #[serde(default)]
    pub name_pattern: Option<String>,
    /// The job run's entry point, in full.
    #[serde(default)]
    pub entry_point: Option<String>,
    /// The role in which the job runs. It must fit where it is given, and is no
    /// mark by itself: many jobs share a role.
    #[serde(default)]
    pub execution_role: Option<RoleArn>,
    /// True: the checkpoint's location stands among the job run's arguments or
    /// Spark parameters.
    #[serde(default)]
    pub names_checkpoint: bool,
    /// Seconds between two triggers, as the job sets them.
    pub trigger_interval_seconds: u32,
    /// The Spark version, where the application's release label does not tell it.
    #[serde(default)]
    pub spark_line: Option<String>,
}

/// The query's checkpoint: its own location, or a root and the query's name.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// The writer's option `checkpointLocation`.
    #[serde(default)]
    pub location: Option<S3Location>,
    /// `spark.sql.streaming.checkpointLocation`: the checkpoint lies below it.
    #[serde(default)]
    pub root: Option<S3Location>,
    /// The query's name, with `root`. Without a name Spark draws a new id at
    /// every start, so that nothing can be reset.
    #[serde(default)]
    pub query_name: Option<String>,
    /// How many sources the query reads: `sources/0` to `sources/<n - 1>`.
    #[serde(default = "default_sources")]
    pub sources: u32,
    /// Whether the query keeps state (aggregation, join, deduplication).
    pub stateful: bool,
    /// The writer's option `asyncProgressTrackingEnabled`. Absent: inferred from
    /// the checkpoint, and said to be.
    #[serde(default)]
    pub async_progress_tracking: Option<bool>,
    /// `spark.sql.streaming.stateStore.checkpointFormatVersion`. Absent:
    /// inferred from the names of the state files, and said to be.
    #[serde(default)]
    pub state_checkpoint_format_version: Option<StateFormat>,
    /// `spark.sql.streaming.minBatchesToRetain`. Absent: Spark's own, 100.
    #[serde(default)]
    pub min_batches_to_retain: Option<NonZeroU32>,
    /// The reader's option `maxOffsetsPerTrigger`. Absent: no limit is reckoned
    /// with.
    #[serde(default)]
    pub max_offsets_per_trigger: Option<NonZeroU64>,
    /// `spark.sql.streaming.verifyCheckpointDirectoryEmptyOnStart`, from Spark
    /// 4.1 on. Absent: true, which is Spark's own.
    #[serde(default)]
    pub verify_empty_on_start: Option<bool>,
}

/// How the files of the state are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
pub enum StateFormat {
    /// By their version alone.
    One,
    /// With a unique id, which the commit names.
    Two,
}

impl StateFormat {
    /// The conf's value.
    pub fn number(self) -> u32 {
        match self {
            Self::One => 1,
            Self::Two => 2,
        }
    }
}

impl TryFrom<u32> for StateFormat {
    type Error = String;

    fn try_from(number: u32) -> Result<Self, Self::Error> {
        match number {
            1 => Ok(Self::One),
            2 => Ok(Self::Two),
            other => Err(format!("{other} is neither 1 nor 2")),
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamKafka {
    /// One of `[[kafka_clusters]]`.
    pub cluster: Name,
    pub topics: Vec<String>,
    /// Absent: the cluster's.
    #[serde(default)]
    pub isolation: Option<Isolation>,
}

/// How a new start learns its offsets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartingPosition {
    #[serde(default)]
    pub carrier: Carrier,
    /// The Spark conf key (`conf`), or the name of the argument without its
    /// dashes (`argument`), that this stream's code is known to read.
    #[serde(default)]
    pub key: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Carrier {
    /// `sources/0/0` is written into the cleared checkpoint.
    #[default]
    Seed,
    /// A Spark conf key, set in `spark-defaults` of the job run.
    Conf,
    /// An argument of the entry point, `--key value` or `--key=value`.
    Argument,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    pub namespace: String,
    pub records_processed: Metric,
    #[serde(default)]
    pub lag: Option<Metric>,
}

/// A metric without its dimensions is another metric in CloudWatch.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metric {
    pub name: String,
    pub kind: MetricKind,
    #[serde(default)]
    pub dimensions: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricKind {
    /// Each sample is what was added since the last: its sum means something.
    Delta,
    /// Each sample is the total so far: only differences mean something.
    Counter,
    /// Each sample is a state, such as a lag.
    Gauge,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Logs {
    pub group: String,
    #[serde(default)]
    pub stream_prefix: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sink {
    pub kind: SinkKind,
    pub location: S3Location,
    /// The pattern of the object keys below the location, with `{partition}`
    /// parts, such as `dt={date}/part-{batch}-{uuid}.json`. For people.
    #[serde(default)]
    pub layout: Option<String>,
    /// In which columns a record's place in Kafka stands. Absent: those of Spark's
    /// Kafka source, `topic`, `partition` and `offset`.
    #[serde(default)]
    pub columns: Columns,
}

/// See [`Sink::columns`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Columns {
    pub topic: String,
    pub partition: String,
    pub offset: String,
}

impl Default for Columns {
    fn default() -> Self {
        let OffsetColumns {
            topic,
            partition,
            offset,
        } = OffsetColumns::default();
        Self {
            topic,
            partition,
            offset,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SinkKind {
    /// Objects that the job writes itself, with `foreachBatch`.
    PlainFiles,
    /// Spark's own file sink, with `_spark_metadata`.
    FileSink,
    Delta,
    Iceberg,
    Hudi,
}

/// The runbook's contacts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    pub name: String,
    /// A mail address, a telephone number, or where to look.
    pub reach: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Downstream {
    pub table: String,
    #[serde(default)]
    pub owner: Option<String>,
}

impl Checkpoint {
    /// Where the query's own checkpoint lies. Validation has seen to it that
    /// there is one; `None` only before it.
    pub fn effective_location(&self) -> Option<S3Location> {
        match (&self.location, &self.root, &self.query_name) {
            (Some(location), None, None) => Some(location.clone()),
            (None, Some(root), Some(name)) => root.child(name).ok(),
            _ => None,
        }
    }
}

impl Stream {
    /// The checkpoint's prefix.
    pub fn checkpoint_location(&self) -> S3Location {
        self.checkpoint
            .effective_location()
            .expect("a stream without exactly one checkpoint is refused at the start")
    }

    /// Where backups lie: the configured root, or the checkpoint's parent.
    pub fn backup_root(&self) -> S3Location {
        self.backup_root
            .clone()
            .or_else(|| self.checkpoint_location().parent())
            .expect("a stream without a place for backups is refused at the start")
    }
}

fn default_true() -> bool {
    true
}

fn default_sources() -> u32 {
    1
}
