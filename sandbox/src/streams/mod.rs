//! The streams of the sandbox, so that each verdict can be seen.
//!
//! What a stream *does* stands in its script, which lies in the bucket. Here is only what
//! surrounds it: topics and how they fill, the application, how the job is submitted, and
//! the story by which it came into its state. The breaking is done by the levers that the
//! console has; see `world::histories`.

mod catalogue;
mod sluice_toml;

use serde_json::{Value, json};

use crate::job::SinkFormat;

pub use catalogue::{applications, streams};
pub use sluice_toml::{Addresses, sluice_toml, sluice_toml_of};

/// The bucket that everything lies in, by the runbook's name.
pub const BUCKET: &str = "bucket";

/// The role that every job has but one.
pub use crate::iam::JOB_ROLE;

/// The log group of every job.
pub const LOG_GROUP: &str = "/aws/emr-serverless/application-logs";

/// Seconds between two triggers of every stream, before scaling.
pub const TRIGGER_SECONDS: u32 = 60;

/// A topic and how it fills.
#[derive(Debug, Clone, PartialEq)]
pub struct TopicDefinition {
    /// The name.
    pub name: &'static str,
    /// How many partitions.
    pub partitions: u32,
    /// Records a second over all partitions, before scaling: under a factor of 10 ten
    /// times as many arrive, as everything is ten times as fast.
    pub rate: f64,
    /// How long records are kept, in minutes of real time.
    pub retention_minutes: i64,
    /// No record for so many minutes before the start, nor after it.
    pub quiet_minutes: Option<i64>,
    /// An import so many minutes before the start, and how many records it brought.
    pub import: Option<(i64, u64)>,
}

/// How a stream came into the state in which it is first seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Story {
    /// It runs, and its topics decide the verdict: healthy, idle or behind.
    Runs,
    /// The newest offsets file has no bytes, and the job failed until EMR gave up.
    Corrupt,
    /// The driver hangs between two batches.
    Stuck,
    /// It was submitted as a batch run, which EMR ended.
    BatchMode,
    /// A flood came in, and the executors are still at it.
    BigBatch,
    /// A producer left a transaction open.
    Blocked,
    /// It was stopped for longer than its topic keeps records, and then started.
    DataLost,
}

/// Where a stream's checkpoint is said to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckpointPlace {
    /// The writer's option names the checkpoint itself: its key prefix.
    Location(&'static str),
    /// The conf names a root; the query's name is below it.
    Root {
        /// Key prefix of the root.
        root: &'static str,
        /// The query.
        query: &'static str,
    },
}

/// What a stream's code reads for where a query without a checkpoint begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Starting {
    /// Nothing: it stands in the script.
    Script,
    /// A Spark conf.
    Conf(&'static str),
    /// An argument: its name without dashes. It is given at every submission.
    Argument(&'static str),
}

/// One stream.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamDefinition {
    /// The name in Sluice.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// Its own topics; the first is what the levers act on.
    pub topics: Vec<TopicDefinition>,
    /// The script's file name, below `jobs/`.
    pub script_name: &'static str,
    /// The script's text.
    pub script: &'static str,
    /// The application's id.
    pub application: &'static str,
    /// The name of the role that its job runs in.
    pub role: &'static str,
    /// Whether it is submitted with `--mode STREAMING`.
    pub streaming: bool,
    /// Where its checkpoint lies.
    pub checkpoint: CheckpointPlace,
    /// Whether the query keeps state.
    pub stateful: bool,
    /// Whether it reads whole transactions only.
    pub read_committed: bool,
    /// The metric of records, and whether it is a counter.
    pub records_metric: (&'static str, bool),
    /// Other queries of the same job.
    pub siblings: Vec<&'static str>,
    /// What its code reads for where to begin.
    pub starting: Starting,
    /// How it writes.
    pub sink: SinkFormat,
    /// Tables made from it.
    pub downstream: Vec<&'static str>,
    /// How it came into its state.
    pub story: Story,
}

impl StreamDefinition {
    /// The name of its job runs. Two streams of one job share it.
    pub fn job_name(&self) -> String {
        let stem = self.script_name.trim_start_matches("kafka_");
        stem.trim_end_matches(".py").replace('_', "-")
    }

    /// Where the script lies.
    pub fn entry_point(&self) -> String {
        format!("s3://{BUCKET}/jobs/{}", self.script_name)
    }

    /// Key prefix of the checkpoint, with a slash at the end.
    pub fn checkpoint_prefix(&self) -> String {
        match self.checkpoint {
            CheckpointPlace::Location(prefix) => prefix.to_owned(),
            CheckpointPlace::Root { root, query } => format!("{root}{query}/"),
        }
    }

    /// Key prefix of its bronze objects.
    pub fn bronze_prefix(&self) -> String {
        let name = match self.checkpoint {
            CheckpointPlace::Location(_) => self.name,
            CheckpointPlace::Root { query, .. } => query,
        };
        format!("bronze/kafka/{name}/")
    }

    /// The body of the `StartJobRun` that starts it.
    pub fn submission(&self, client_token: &str) -> Value {
        let mut parameters = String::from("--conf spark.executor.memory=8g");
        if let CheckpointPlace::Root { root, .. } = self.checkpoint {
            parameters.push_str(&format!(
                " --conf spark.sql.streaming.checkpointLocation=s3://{BUCKET}/{root}"
            ));
        }
        let mut body = json!({
            "clientToken": client_token,
            "name": self.job_name(),
            "executionRoleArn":
                format!("arn:aws:iam::{}:role/{}", crate::wire::ACCOUNT, self.role),
            "jobDriver": { "sparkSubmit": {
                "entryPoint": self.entry_point(),
                "sparkSubmitParameters": parameters,
            } },
            "tags": { "stream": self.name, "team": "streaming" },
        });
        if let Starting::Argument(name) = self.starting {
            body["jobDriver"]["sparkSubmit"]["entryPointArguments"] =
                json!([format!("--{name}"), "latest"]);
        }
        if self.streaming {
            body["mode"] = json!("STREAMING");
            body["retryPolicy"] = json!({ "maxFailedAttemptsPerHour": 5 });
        }
        body
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{Script, Surroundings};

    #[test]
    fn every_script_does_what_its_definition_says() {
        for stream in streams() {
            let submitted = stream.submission("token");
            let arguments = &submitted["jobDriver"]["sparkSubmit"]["entryPointArguments"];
            let around = Surroundings {
                arguments: serde_json::from_value(arguments.clone()).unwrap_or_default(),
                ..Surroundings::default()
            };
            let script = Script::parse(stream.script, &around)
                .unwrap_or_else(|error| panic!("{}: {error}", stream.name));
            let query = script
                .queries
                .iter()
                .find(|query| match stream.checkpoint {
                    CheckpointPlace::Location(_) => true,
                    CheckpointPlace::Root { query: name, .. } => {
                        query.name.as_deref() == Some(name)
                    }
                })
                .expect("the stream's query");
            assert_eq!(
                query.reader_option("subscribe"),
                Some(stream.topics[0].name)
            );
            reads_its_start(&stream);
            assert_eq!(query.trigger_seconds, TRIGGER_SECONDS);
            assert_eq!(query.stateful, stream.stateful, "{}", stream.name);
            let bronze = format!("s3://{BUCKET}/{}", stream.bronze_prefix());
            assert_eq!(query.sink_path.as_deref(), Some(bronze.as_str()));
            assert_eq!(query.sink, stream.sink, "{}", stream.name);
            assert_eq!(
                query.reader_option("kafka.isolation.level") == Some("read_committed"),
                stream.read_committed
            );
            if let CheckpointPlace::Location(prefix) = stream.checkpoint {
                let uri = format!("s3://{BUCKET}/{prefix}");
                assert_eq!(
                    query.writer_option("checkpointLocation"),
                    Some(uri.as_str())
                );
            }
            assert_eq!(script.listener["records_metric"], stream.records_metric.0);
        }
    }

    /// What the stream's definition says is what its query begins by.
    fn reads_its_start(stream: &StreamDefinition) {
        let value = r#"{"t":{"0":1}}"#.to_owned();
        let mut around = Surroundings {
            arguments: vec!["--x".to_owned(), "latest".to_owned()],
            ..Surroundings::default()
        };
        match stream.starting {
            Starting::Script => {}
            Starting::Conf(key) => {
                around.confs.insert(key.to_owned(), value.clone());
            }
            Starting::Argument(_) => around.arguments[1].clone_from(&value),
        }
        let script = Script::parse(stream.script, &around).expect("a script");
        let begin: Vec<_> = script
            .queries
            .iter()
            .filter(|query| {
                query.reader_option("subscribe") == Some(stream.topics[0].name)
            })
            .map(|query| query.reader_option("startingOffsets") == Some(value.as_str()))
            .collect();
        let expected = stream.starting != Starting::Script;
        assert_eq!(begin, [expected], "{}", stream.name);
    }

    #[test]
    fn names_are_those_of_the_runbook() {
        let orders = streams()
            .into_iter()
            .find(|s| s.name == "orders")
            .expect("orders");
        assert_eq!(orders.checkpoint_prefix(), "_checkpoints/streaming/orders/");
        assert_eq!(orders.bronze_prefix(), "bronze/kafka/orders/");
        assert_eq!(
            orders.entry_point(),
            "s3://bucket/jobs/kafka_orders_stream.py"
        );
        assert_eq!(orders.job_name(), "orders-stream");
    }
}
