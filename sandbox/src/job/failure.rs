//! How a query dies, in Spark's words: the chain of causes, the driver's log with its
//! stack traces, and the short text that EMR keeps.

use domain::checkpoint::SparkLine;

/// A throwable as the JVM would print it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// Fully qualified class.
    pub class: String,
    /// Its message.
    pub text: String,
}

/// Why a query ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {}", self.root().class, self.root().text)]
pub struct Failure {
    /// The chain below `StreamingQueryException`, outermost first; never empty.
    pub causes: Vec<Cause>,
    /// Whether `start()` itself threw, so that no query ever ran.
    pub at_start: bool,
    /// Spark's frames under which it happened, innermost first.
    frames: &'static [&'static str],
}

/// A query as messages about it name it.
#[derive(Debug, Clone)]
pub struct QueryIdentity {
    /// The query's name, if it has one.
    pub name: Option<String>,
    /// The id in `metadata`.
    pub id: String,
    /// The id of this start.
    pub run_id: String,
}

impl Failure {
    /// A failure with one cause.
    pub fn new(class: &str, text: impl Into<String>) -> Self {
        Self {
            causes: vec![Cause {
                class: class.to_owned(),
                text: text.into(),
            }],
            at_start: false,
            frames: LOG_FRAMES,
        }
    }

    /// A failure as `domain::checkpoint::predict` foretells it: the class of the
    /// innermost cause, and the text of the outermost.
    pub fn foreseen(class: &str, condition: Option<&str>, text: &str) -> Self {
        let illegal = "java.lang.IllegalStateException";
        if let Some((_, inner)) = text.split_once(". [")
            && text.starts_with("Failed to read log file ")
            && class != illegal
        {
            return Self::new(illegal, text).caused_by(class, format!("[{inner}"));
        }
        match condition {
            Some("INTERNAL_ERROR") if !text.starts_with('[') => {
                Self::new("org.apache.spark.SparkException", INTERNAL_ERROR)
                    .caused_by(class, text)
            }
            Some(_) if class.starts_with("java.") => {
                Self::new("org.apache.spark.SparkException", text).caused_by(class, "")
            }
            _ => Self::new(class, text),
        }
    }

    /// The same, thrown by `start()`.
    pub fn at_start(mut self) -> Self {
        self.at_start = true;
        self.frames = START_FRAMES;
        self
    }

    /// The same, raised while Kafka's offsets were planned or read.
    pub fn from_kafka(mut self) -> Self {
        self.frames = KAFKA_FRAMES;
        self
    }

    /// The same, with a cause below the innermost.
    pub fn caused_by(mut self, class: &str, text: impl Into<String>) -> Self {
        self.causes.push(Cause {
            class: class.to_owned(),
            text: text.into(),
        });
        self
    }

    /// Two drivers wrote one log.
    pub fn concurrent_update(line: SparkLine, batch: i64, commit_log: bool) -> Self {
        let which = if commit_log {
            "to the commit log"
        } else {
            "to the log"
        };
        let jobs = format!("Multiple streaming jobs detected for {batch}");
        if line < SparkLine::V3_4 {
            return Self::new(
                "java.lang.AssertionError",
                format!("assertion failed: Concurrent update {which}. {jobs}"),
            );
        }
        Self::new(
            "org.apache.spark.SparkException",
            format!(
                "[CONCURRENT_STREAM_LOG_UPDATE] Concurrent update to the log. {jobs}.\n\
                 Please make sure only one streaming job runs on a specific checkpoint \
                 location at a time.{}",
                if line >= SparkLine::V4_0 {
                    " SQLSTATE: 40000"
                } else {
                    ""
                }
            ),
        )
    }

    /// The file came into being between the look and the write.
    pub fn concurrent_write(line: SparkLine, path: &str) -> Self {
        let class = match line < SparkLine::V3_4 {
            true => "java.util.ConcurrentModificationException",
            false => "org.apache.spark.SparkConcurrentModificationException",
        };
        Self::new(
            class,
            format!("Multiple streaming queries are concurrently using {path}"),
        )
    }

    /// An S3 call that did not succeed after the file system's own retries.
    pub fn storage(path: &str, reason: &str) -> Self {
        Self::new("java.io.IOException", format!("{path}: {reason}"))
    }

    /// The innermost cause.
    pub fn root(&self) -> &Cause {
        self.causes
            .last()
            .expect("a failure has at least one cause")
    }

    /// The message of the exception that reaches the script.
    pub fn surfaced(&self, line: SparkLine, query: &QueryIdentity) -> String {
        let text = &self.causes[0].text;
        if self.at_start {
            return text.clone();
        }
        if line < SparkLine::V3_5 {
            return format!(
                "Query {} terminated with exception: {text}",
                query.in_brackets()
            );
        }
        format!(
            "[STREAM_FAILED] Query {} terminated with exception: {text}{}",
            query.in_brackets(),
            if line >= SparkLine::V4_0 {
                " SQLSTATE: XXKST"
            } else {
                ""
            }
        )
    }

    /// What EMR keeps in `stateDetails`: the last exceptions, cut short.
    pub fn state_details(&self, line: SparkLine, query: &QueryIdentity) -> String {
        let exceptions: Vec<String> =
            self.causes
                .iter()
                .rev()
                .map(|cause| format!("{}: {}", cause.class, cause.text))
                .chain((!self.at_start).then(|| {
                    format!("{QUERY_EXCEPTION}: {}", self.surfaced(line, query))
                }))
                .collect();
        state_details(&exceptions)
    }

    /// What the driver writes when the query ends: the JVM's trace, then Python's.
    pub fn log_events(&self, line: SparkLine, query: &QueryIdentity) -> Vec<String> {
        let package = match line >= SparkLine::V4_1 {
            true => "org.apache.spark.sql.execution.streaming.runtime",
            false => "org.apache.spark.sql.execution.streaming",
        };
        let mut java = String::new();
        for (n, cause) in self.causes.iter().enumerate() {
            let lead = if n == 0 { "" } else { "\nCaused by: " };
            java.push_str(&format!("{lead}{}: {}", cause.class, cause.text));
            for frame in self.frames {
                java.push_str("\n\tat ");
                java.push_str(&frame.replace("$PACKAGE", package));
            }
            if n > 0 {
                java.push_str("\n\t... 1 more");
            }
        }
        let surfaced = self.surfaced(line, query);
        let (class, origin) = match self.at_start {
            true => (
                format!("py4j.protocol.Py4JJavaError: {}", self.causes[0].class),
                "start",
            ),
            false if line >= SparkLine::V3_4 => (
                "pyspark.errors.exceptions.captured.StreamingQueryException".to_owned(),
                "awaitAnyTermination",
            ),
            false => (
                "pyspark.sql.utils.StreamingQueryException".to_owned(),
                "awaitAnyTermination",
            ),
        };
        let python = format!(
            "Traceback (most recent call last):\n  File \"/tmp/spark/job.py\", line 71, in \
             <module>\n  File \"/usr/lib/spark/python/lib/pyspark.zip/pyspark/sql/streaming/\
             query.py\", line 596, in {origin}\n{class}: {surfaced}"
        );
        match self.at_start {
            true => vec![format!("ERROR Utils: {java}"), python],
            false => vec![
                format!(
                    "ERROR MicroBatchExecution: Query {} terminated with error\n{java}",
                    query.in_brackets_with_name()
                ),
                python,
            ],
        }
    }
}

/// What EMR keeps of these exceptions, the innermost first.
pub(super) fn state_details(exceptions: &[String]) -> String {
    let mut details = format!(
        "Job failed, please check complete logs in configured logging destination. \
         ExitCode: 1. Last few exceptions: Caused by: {}",
        exceptions.join("\n")
    );
    if details.len() > STATE_DETAILS_MAX {
        let end = details.floor_char_boundary(STATE_DETAILS_MAX - 3);
        details.truncate(end);
        details.push_str("...");
    }
    details
}

impl QueryIdentity {
    fn in_brackets(&self) -> String {
        format!("[id = {}, runId = {}]", self.id, self.run_id)
    }

    /// As Spark's own log lines name it: `orders [id = .., runId = ..]`.
    pub fn in_brackets_with_name(&self) -> String {
        match &self.name {
            Some(name) => format!("{name} {}", self.in_brackets()),
            None => self.in_brackets(),
        }
    }
}

const INTERNAL_ERROR: &str = "[INTERNAL_ERROR] The Spark SQL phase planning failed with \
     an internal error. You hit a bug in Spark or the Spark plugins you use. Please, report \
     this bug to the corresponding communities or vendors, and provide the full stack trace.";

/// EMR cuts `stateDetails` at this many characters.
const STATE_DETAILS_MAX: usize = 1000;

const QUERY_EXCEPTION: &str = "org.apache.spark.sql.streaming.StreamingQueryException";

const LOG_FRAMES: &[&str] = &[
    "org.apache.spark.sql.execution.streaming.HDFSMetadataLog.get(HDFSMetadataLog.scala:170)",
    "org.apache.spark.sql.execution.streaming.HDFSMetadataLog.getLatest(HDFSMetadataLog.scala:250)",
    "$PACKAGE.MicroBatchExecution.populateStartOffsets(MicroBatchExecution.scala:444)",
    "$PACKAGE.MicroBatchExecution.runActivatedStream(MicroBatchExecution.scala:262)",
    "$PACKAGE.StreamExecution.org$apache$spark$sql$execution$streaming$StreamExecution$$runStream(StreamExecution.scala:331)",
    "$PACKAGE.StreamExecution$$anon$1.run(StreamExecution.scala:226)",
];

const START_FRAMES: &[&str] = &[
    "org.apache.spark.sql.execution.streaming.StreamMetadata$.read(StreamMetadata.scala:55)",
    "$PACKAGE.StreamExecution.<init>(StreamExecution.scala:141)",
    "$PACKAGE.MicroBatchExecution.<init>(MicroBatchExecution.scala:50)",
    "org.apache.spark.sql.streaming.StreamingQueryManager.createQuery(StreamingQueryManager.scala:207)",
    "org.apache.spark.sql.streaming.DataStreamWriter.start(DataStreamWriter.scala:237)",
];

const KAFKA_FRAMES: &[&str] = &[
    "org.apache.spark.sql.kafka010.KafkaMicroBatchStream.reportDataLoss(KafkaMicroBatchStream.scala:307)",
    "org.apache.spark.sql.kafka010.KafkaMicroBatchStream.planInputPartitions(KafkaMicroBatchStream.scala:182)",
    "org.apache.spark.sql.execution.datasources.v2.MicroBatchScanExec.inputPartitions$lzycompute(MicroBatchScanExec.scala:46)",
    "$PACKAGE.MicroBatchExecution.runBatch(MicroBatchExecution.scala:708)",
    "$PACKAGE.StreamExecution$$anon$1.run(StreamExecution.scala:226)",
];
