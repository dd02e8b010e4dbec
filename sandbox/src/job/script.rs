//! Reads a PySpark script the way a person would: which queries it starts, with
//! which options.
//!
//! The simulated job has no table of streams. It fetches its entry point from S3 and
//! takes what it does from the text, so that whoever edits the script in the bucket
//! sees the effect at the next start. Only the calls that matter are understood, and
//! only literal values (or `spark.conf.get("key", "default")`, `sys.argv[n]` and names
//! that were assigned such a value); anything else is an error, never a guess.

use std::collections::BTreeMap;

use super::python::{Call, PythonError, Value, chains};

/// What surrounds a script when it runs.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Spark confs from `sparkSubmitParameters`.
    pub confs: BTreeMap<String, String>,
    /// Entry-point arguments; `sys.argv[1]` is the first.
    pub arguments: Vec<String>,
}

/// One streaming query of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryDefinition {
    /// The name given by `.queryName(..)`, if any.
    pub name: Option<String>,
    /// The source's format; only `kafka` can run here.
    pub format: String,
    /// Reader options, keys in lower case since Spark takes them in any case.
    pub reader: BTreeMap<String, String>,
    /// Writer options, keys in lower case.
    pub writer: BTreeMap<String, String>,
    /// How it writes.
    pub sink: SinkFormat,
    /// Where the function of `foreachBatch`, or the sink's own format, writes.
    pub sink_path: Option<String>,
    /// Seconds between triggers, as the text says.
    pub trigger_seconds: u32,
    /// Whether the query keeps state between batches.
    pub stateful: bool,
}

/// How a query writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SinkFormat {
    /// By `foreachBatch`, into plain files.
    Bronze,
    /// Spark's own file sink.
    Json,
    /// A Delta table.
    Delta,
    /// An Iceberg table at a path.
    Iceberg,
}

/// A whole script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// `appName` of the session.
    pub app_name: Option<String>,
    /// Confs that the script itself sets, over those of the submission.
    pub confs: BTreeMap<String, String>,
    /// Values published by `CloudWatchListener(..)`: what the metrics are called.
    pub listener: BTreeMap<String, String>,
    /// Whether SIGTERM is handled by finishing the current batch.
    pub graceful_stop: bool,
    /// The queries in the order they are started.
    pub queries: Vec<QueryDefinition>,
}

/// Why a script cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// The text could not be read as the small Python that is understood.
    #[error(transparent)]
    Python(#[from] PythonError),
    /// A `spark.conf.get` without default names a key that is not set.
    #[error(
        "SparkNoSuchElementException: [SQL_CONF_NOT_FOUND] The SQL config \"{0}\" cannot be found. Please verify that the config exists."
    )]
    MissingConf(String),
    /// `sys.argv[n]` beyond the arguments.
    #[error("IndexError: list index out of range (sys.argv[{0}])")]
    MissingArgument(usize),
    /// An option whose value is known only by running the script.
    #[error("the sandbox cannot tell the value of {0} from the script's text")]
    NotPlain(String),
    /// A sink other than `foreachBatch(BronzeSink(path=..).write)` and the formats of
    /// [`SinkFormat`].
    #[error(
        "AnalysisException: the sandbox writes by foreachBatch, json, delta and iceberg, not to {0:?}"
    )]
    UnknownSink(String),
    /// A query whose source is not Kafka.
    #[error("AnalysisException: the sandbox runs Kafka sources only, not {0:?}")]
    UnknownSource(String),
    /// A trigger that is not understood.
    #[error("IllegalArgumentException: Error parsing '{0}' to interval")]
    BadTrigger(String),
    /// The script starts no streaming query.
    #[error("the script starts no streaming query")]
    NoQuery,
}

impl Script {
    /// Reads the script's text.
    pub fn parse(text: &str, around: &Surroundings) -> Result<Self, ScriptError> {
        let mut script = Self {
            app_name: None,
            confs: around.confs.clone(),
            listener: BTreeMap::new(),
            graceful_stop: text.contains("signal.signal(signal.SIGTERM"),
            queries: Vec::new(),
        };
        for chain in chains(text)? {
            let reads = chain.iter().any(|call| call.name == "readStream");
            // What goes on from a started query, such as `query.awaitTermination()`,
            // starts none.
            let starts = chain.last().is_some_and(|call| call.name == "start");
            if reads && starts {
                let query = script.query(&chain, around)?;
                script.queries.push(query);
            } else {
                script.session(&chain, around)?;
            }
        }
        if script.queries.is_empty() {
            return Err(ScriptError::NoQuery);
        }
        Ok(script)
    }

    /// Takes what a chain outside the queries says about the session.
    fn session(
        &mut self,
        chain: &[Call],
        around: &Surroundings,
    ) -> Result<(), ScriptError> {
        let under_conf = chain.iter().any(|call| call.name == "conf");
        for call in chain {
            match call.name.as_str() {
                "appName" => self.app_name = call.text(0, |v| self.value(v, around))?,
                "config" => self.set_conf(call, around)?,
                "set" if under_conf => self.set_conf(call, around)?,
                "CloudWatchListener" => {
                    for (key, value) in &call.keywords {
                        let value = self.value(value, around)?;
                        self.listener.insert(key.clone(), value);
                    }
                }
                // The listener is made where it is added.
                "addListener" => {
                    for argument in call.arguments.iter().flatten() {
                        if let Value::Chain(inner) = argument {
                            self.session(inner, around)?;
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn set_conf(
        &mut self,
        call: &Call,
        around: &Surroundings,
    ) -> Result<(), ScriptError> {
        let pair = (
            call.text(0, |v| self.value(v, around))?,
            call.text(1, |v| self.value(v, around))?,
        );
        if let (Some(key), Some(value)) = pair {
            self.confs.insert(key, value);
        }
        Ok(())
    }

    fn query(
        &self,
        chain: &[Call],
        around: &Surroundings,
    ) -> Result<QueryDefinition, ScriptError> {
        let mut query = QueryDefinition {
            name: None,
            format: String::new(),
            reader: BTreeMap::new(),
            writer: BTreeMap::new(),
            sink: SinkFormat::Bronze,
            sink_path: None,
            trigger_seconds: 0,
            stateful: false,
        };
        let mut writing = false;
        for call in chain {
            let text = |n: usize| call.text(n, |v| self.value(v, around));
            match call.name.as_str() {
                "writeStream" => writing = true,
                "format" if writing => query.sink = sink_format(text(0)?)?,
                "format" => query.format = text(0)?.unwrap_or_default(),
                "option" => {
                    let key = text(0)?.ok_or_else(|| not_plain("an option's name"))?;
                    let value = text(1)?.ok_or_else(|| not_plain(&key))?;
                    let options = match writing {
                        true => &mut query.writer,
                        false => &mut query.reader,
                    };
                    options.insert(key.to_lowercase(), value);
                }
                "foreachBatch" => query.sink_path = self.sink_path(call, around)?,
                "queryName" => query.name = text(0)?,
                "trigger" => query.trigger_seconds = self.trigger(call, around)?,
                "dropDuplicates" | "dropDuplicatesWithinWatermark" | "groupBy" => {
                    query.stateful = true;
                }
                _ => {}
            }
        }
        if query.sink != SinkFormat::Bronze {
            query.sink_path = query.writer_option("path").map(str::to_owned);
        }
        if query.format != "kafka" {
            return Err(ScriptError::UnknownSource(query.format));
        }
        Ok(query)
    }

    /// `foreachBatch(sink.write)` where `sink` is a `BronzeSink(path=..)`.
    fn sink_path(
        &self,
        call: &Call,
        around: &Surroundings,
    ) -> Result<Option<String>, ScriptError> {
        let Some(Some(Value::Chain(chain))) = call.arguments.first() else {
            return Err(not_plain("foreachBatch"));
        };
        let path = chain.iter().find_map(|call| call.keywords.get("path"));
        path.map(|value| self.value(value, around)).transpose()
    }

    fn trigger(&self, call: &Call, around: &Surroundings) -> Result<u32, ScriptError> {
        let Some(value) = call.keywords.get("processingTime") else {
            return Err(ScriptError::BadTrigger("not a processingTime".into()));
        };
        let text = self.value(value, around)?;
        let mut words = text.split_whitespace();
        let number: Option<u32> = words.next().and_then(|word| word.parse().ok());
        let unit = match words.next() {
            Some("second" | "seconds") => 1,
            Some("minute" | "minutes") => 60,
            Some("hour" | "hours") => 3600,
            _ => 0,
        };
        match number.and_then(|number| number.checked_mul(unit)) {
            Some(seconds) if unit > 0 && words.next().is_none() => Ok(seconds),
            _ => Err(ScriptError::BadTrigger(text)),
        }
    }

    /// What a value is at run time.
    fn value(&self, value: &Value, around: &Surroundings) -> Result<String, ScriptError> {
        match value {
            Value::Text(text) => Ok(text.clone()),
            Value::Conf { key, default } => self
                .confs
                .get(key)
                .or(default.as_ref())
                .cloned()
                .ok_or_else(|| ScriptError::MissingConf(key.clone())),
            Value::Argument(0) => Ok("script.py".into()),
            Value::Argument(n) => around
                .arguments
                .get(n - 1)
                .cloned()
                .ok_or(ScriptError::MissingArgument(*n)),
            Value::Chain(chain) => {
                let names: Vec<&str> = chain.iter().map(|c| c.name.as_str()).collect();
                Err(ScriptError::NotPlain(names.join(".")))
            }
        }
    }
}

fn sink_format(name: Option<String>) -> Result<SinkFormat, ScriptError> {
    match name.as_deref() {
        Some("json") => Ok(SinkFormat::Json),
        Some("delta") => Ok(SinkFormat::Delta),
        Some("iceberg") => Ok(SinkFormat::Iceberg),
        _ => Err(ScriptError::UnknownSink(name.unwrap_or_default())),
    }
}

fn not_plain(what: &str) -> ScriptError {
    ScriptError::NotPlain(what.to_owned())
}

impl QueryDefinition {
    /// A reader option by its name in any case.
    pub fn reader_option(&self, name: &str) -> Option<&str> {
        self.reader.get(&name.to_lowercase()).map(String::as_str)
    }

    /// A writer option by its name in any case.
    pub fn writer_option(&self, name: &str) -> Option<&str> {
        self.writer.get(&name.to_lowercase()).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::submitted_confs;

    const SCRIPT: &str = r#"
CHECKPOINT = "s3://bucket/_checkpoints/streaming/orders/"
spark = SparkSession.builder.appName("orders").config("a.b", "c").getOrCreate()
spark.conf.set("spark.sql.shuffle.partitions", "4")
sink = BronzeSink(path="s3://bucket/bronze/kafka/orders/")
raw = (
    spark.readStream.format("kafka")
    .option("subscribe", "orders_events")  # one topic
    .option("startingOffsets", spark.conf.get("orders.from", "latest"))
    .option("maxOffsetsPerTrigger", 5000)
    .load()
)
query = (
    raw.select("value")
    .writeStream.queryName("orders").foreachBatch(sink.write)
    .option("checkpointLocation", CHECKPOINT)
    .trigger(processingTime="2 minutes")
    .start()
)
query.awaitTermination()
"#;

    #[test]
    fn options_are_read_from_the_text() {
        let around = Surroundings {
            confs: submitted_confs("--conf orders.from=earliest --conf 'x=1 2'"),
            arguments: Vec::new(),
        };
        let script = Script::parse(SCRIPT, &around).expect("a script");
        assert_eq!(script.app_name.as_deref(), Some("orders"));
        assert_eq!(script.confs["a.b"], "c");
        assert_eq!(script.confs["x"], "1 2");
        assert_eq!(script.confs["spark.sql.shuffle.partitions"], "4");
        assert_eq!(script.queries.len(), 1, "awaiting a query starts none");
        let query = &script.queries[0];
        assert_eq!(query.name.as_deref(), Some("orders"));
        assert_eq!(query.reader_option("startingoffsets"), Some("earliest"));
        assert_eq!(query.reader_option("maxOffsetsPerTrigger"), Some("5000"));
        assert_eq!(
            query.writer_option("checkpointLocation"),
            Some("s3://bucket/_checkpoints/streaming/orders/")
        );
        assert_eq!(
            query.sink_path.as_deref(),
            Some("s3://bucket/bronze/kafka/orders/")
        );
        assert_eq!(query.trigger_seconds, 120);
        assert!(!query.stateful);
    }

    #[test]
    fn a_default_holds_where_no_conf_is_set() {
        let script = Script::parse(SCRIPT, &Surroundings::default()).expect("a script");
        assert_eq!(
            script.queries[0].reader_option("startingOffsets"),
            Some("latest")
        );
    }

    #[test]
    fn a_value_that_only_running_would_tell_is_refused() {
        let text = SCRIPT.replace("5000", "int(os.environ[\"MAX\"])");
        let error = Script::parse(&text, &Surroundings::default());
        assert!(matches!(error, Err(ScriptError::NotPlain(_))), "{error:?}");
    }

    #[test]
    fn a_script_without_a_query_is_refused() {
        let error = Script::parse("print('hello')", &Surroundings::default());
        assert!(matches!(error, Err(ScriptError::NoQuery)));
    }
}
