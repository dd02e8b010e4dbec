//! One attempt of a job run: the driver from its start to its end.

use std::sync::Arc;
use std::time::Duration;

use domain::checkpoint::QueryShape;
use futures::stream::{FuturesUnordered, StreamExt};
use uuid::Uuid;

use super::controls::Controls;
use super::driver_log::DriverLog;
use super::failure::{Failure, QueryIdentity};
use super::kafka::KafkaSource;
use super::order::{AttemptOrder, StopSignal};
use super::outside::Outside;
use super::progress::{Listener, WorkerMetrics};
use super::query::{MicroBatchQuery, QueryPlan};
use super::script::{QueryDefinition, Script, Surroundings};
use super::sinks::Sink;
use super::source::Source;
use super::storage::{Location, Storage};
use super::timeline::Timeline;
use super::worker::Worker;
use crate::clock::Clock;
use crate::cloudwatch::Metrics;
use crate::faults::Faults;
use crate::kafka::Topics;
use crate::logs::Logs;
use crate::s3::Store;
use crate::wire::Principal;

/// What every job of the sandbox can reach.
#[derive(Clone)]
pub struct JobEnvironment {
    /// The one clock.
    pub clock: Clock,
    /// S3.
    pub store: Arc<Store>,
    /// Switched-on faults, which strike jobs too.
    pub faults: Arc<Faults>,
    /// Kafka.
    pub topics: Topics,
    /// CloudWatch Logs.
    pub logs: Logs,
    /// CloudWatch.
    pub metrics: Metrics,
    /// The console's switches on drivers.
    pub controls: Controls,
    /// Drivers that somebody else runs.
    pub outside: Outside,
}

/// How an attempt ended by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptEnd {
    /// The script ran to its end.
    Finished,
    /// It failed, with what EMR keeps of the reason.
    Failed(String),
}

/// Runs one attempt. Dropping the future is the kill: it stops at whatever it is doing.
pub async fn run_attempt(
    environment: JobEnvironment,
    order: AttemptOrder,
    timeline: Timeline,
    stop: StopSignal,
) -> AttemptEnd {
    let driver = Driver::new(environment, order, timeline, stop);
    match driver.run().await {
        Ok(end) => end,
        Err(Death { failure, identity }) => {
            for event in failure.log_events(driver.order.line, &identity) {
                match event.starts_with("ERROR") {
                    true => driver.log.spark(&event),
                    false => driver.log.raw(&event),
                }
            }
            AttemptEnd::Failed(failure.state_details(driver.order.line, &identity))
        }
    }
}

struct Driver {
    environment: JobEnvironment,
    order: AttemptOrder,
    timeline: Timeline,
    stop: StopSignal,
    storage: Storage,
    log: DriverLog,
}

/// A failure with the query that it befell.
struct Death {
    failure: Failure,
    identity: QueryIdentity,
}

impl From<Failure> for Death {
    /// Something failed before there was a query.
    fn from(failure: Failure) -> Self {
        Self {
            failure: failure.at_start(),
            identity: QueryIdentity {
                name: None,
                id: "null".into(),
                run_id: "null".into(),
            },
        }
    }
}

impl Driver {
    fn new(
        environment: JobEnvironment,
        order: AttemptOrder,
        timeline: Timeline,
        stop: StopSignal,
    ) -> Self {
        let by = Principal::session(&order.role, &order.job_run_id);
        let storage = Storage::new(
            environment.store.clone(),
            environment.faults.clone(),
            by,
            timeline.clone(),
        );
        let log = DriverLog::open(
            environment.logs.clone(),
            &order.log_group,
            &order.log_stream,
            timeline.clone(),
            environment.clock.clone(),
        );
        Self {
            environment,
            order,
            timeline,
            stop,
            storage,
            log,
        }
    }

    async fn run(&self) -> Result<AttemptEnd, Death> {
        for key in &self.order.ignored_confs {
            self.log.raw(&format!(
                "Warning: Ignoring non-Spark config property: {key}"
            ));
        }
        let text = self.script_text().await?;
        if Outside::is_marked(&text) {
            let (order, stop) = (self.order.clone(), self.stop.clone());
            let outside = &self.environment.outside;
            return Ok(outside.run(order, self.log.clone(), stop).await);
        }
        let script = self.script(&text)?;
        let line = self.order.line;
        self.log.spark(&format!(
            "INFO SparkContext: Running Spark version {line}-amzn"
        ));
        let app_name = script.app_name.as_deref().unwrap_or("job.py");
        self.log.spark(&format!(
            "INFO SparkContext: Submitted application: {app_name} (application {}, attempt \
             {})",
            self.order.application_id, self.order.number
        ));
        let mut workers = FuturesUnordered::new();
        for definition in &script.queries {
            let worker = self.start(&script, definition).await?;
            let identity = worker.query.identity().clone();
            workers.push(async move {
                worker
                    .run()
                    .await
                    .map_err(|failure| Death { failure, identity })
            });
        }
        // `awaitAnyTermination`: the first query that ends takes the others along.
        let ended = async { workers.next().await.unwrap_or(Ok(())) };
        tokio::select! {
            biased;
            () = self.stop.terminated(), if !script.graceful_stop => {
                self.log.spark("ERROR ApplicationMaster: RECEIVED SIGNAL TERM");
            }
            ended = ended => ended?,
        }
        Ok(AttemptEnd::Finished)
    }

    async fn script_text(&self) -> Result<String, Death> {
        let entry = Location::parse(&self.order.entry_point)?;
        // A location is read as a prefix; the entry point is the key without its slash.
        let key = entry.prefix.trim_end_matches('/');
        let at = Location {
            bucket: entry.bucket.clone(),
            prefix: String::new(),
        };
        let Some(bytes) = self.storage.get(&at, key).await? else {
            let text = format!("File {} does not exist", self.order.entry_point);
            return Err(Failure::new("java.io.FileNotFoundException", text).into());
        };
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn script(&self, text: &str) -> Result<Script, Death> {
        let around = Surroundings {
            confs: self.order.confs.clone(),
            arguments: self.order.arguments.clone(),
        };
        Script::parse(text, &around).map_err(|error| {
            Failure::new("org.apache.spark.SparkUserAppException", error.to_string())
                .into()
        })
    }

    async fn start(
        &self,
        script: &Script,
        definition: &QueryDefinition,
    ) -> Result<Worker, Death> {
        let line = self.order.line;
        let checkpoint = checkpoint_of(script, definition)?;
        let sink = definition.sink_path.as_deref().unwrap_or_default();
        let sink = Location::parse(sink)?;
        let topics = self.environment.topics.clone();
        let source: Arc<dyn Source> =
            Arc::new(KafkaSource::new(topics, definition, line)?);
        let plan = QueryPlan {
            name: definition.name.clone(),
            line,
            checkpoint,
            sources: vec![source],
            shape: shape_of(script, definition),
            trigger: Duration::from_secs(u64::from(definition.trigger_seconds)),
            shuffle_partitions: number(script, "spark.sql.shuffle.partitions", 200),
            keeps_state: definition.stateful,
        };
        let uri = plan.checkpoint.uri();
        let started =
            MicroBatchQuery::start(plan, self.storage.clone(), self.timeline.clone())
                .await;
        let query = started.map_err(|(failure, identity)| Death { failure, identity })?;
        let sink = Sink {
            format: definition.sink,
            at: sink,
            query_id: query.identity().id.clone(),
        };
        self.log.spark(&format!(
            "INFO MicroBatchExecution: Starting {}. Use {uri} to store the query \
             checkpoint.",
            query.identity().in_brackets_with_name(),
        ));
        let starts = query
            .next_starts()
            .iter()
            .cloned()
            .map(Option::unwrap_or_default);
        self.log.spark(&format!(
            "INFO MicroBatchExecution: Resuming at batch {} with committed offsets {{{}}}",
            query.next_batch_id(),
            starts.collect::<Vec<_>>().join(", ")
        ));
        Ok(Worker {
            query,
            storage: self.storage.clone(),
            sink,
            trigger: Duration::from_secs(u64::from(definition.trigger_seconds)),
            timeline: self.timeline.clone(),
            clock: self.environment.clock.clone(),
            controls: self.environment.controls.clone(),
            job_run_id: self.order.job_run_id.clone(),
            log: self.log.clone(),
            listener: self.listener(script, definition),
            workers: WorkerMetrics::new(
                self.environment.metrics.clone(),
                &self.order.application_id,
                &self.order.job_run_id,
            ),
            graceful: script.graceful_stop,
            stop: self.stop.clone(),
        })
    }

    /// Where a script has more than one query, each publishes under its own name.
    fn listener(
        &self,
        script: &Script,
        definition: &QueryDefinition,
    ) -> Option<Listener> {
        let mut keywords = script.listener.clone();
        if script.queries.len() > 1
            && let (Some(stream), Some(name)) =
                (keywords.get_mut("stream"), &definition.name)
        {
            stream.clone_from(name);
        }
        Listener::new(self.environment.metrics.clone(), &keywords)
    }
}

/// The writer's option names the checkpoint itself; the conf names a root under which
/// the query's name, or a new UUID, is the checkpoint.
fn checkpoint_of(
    script: &Script,
    definition: &QueryDefinition,
) -> Result<Location, Failure> {
    if let Some(uri) = definition.writer_option("checkpointLocation") {
        return Location::parse(uri);
    }
    let Some(root) = script.confs.get("spark.sql.streaming.checkpointLocation") else {
        return Err(Failure::new(
            "org.apache.spark.sql.AnalysisException",
            "checkpointLocation must be specified either through option(\
             \"checkpointLocation\", ...) or SparkSession.conf.set(\
             \"spark.sql.streaming.checkpointLocation\", ...).",
        ));
    };
    let name = definition
        .name
        .clone()
        .unwrap_or_else(|| Uuid::new_v4().to_string());
    Ok(Location::parse(root)?.below(&name))
}

fn shape_of(script: &Script, definition: &QueryDefinition) -> QueryShape {
    const SQL: &str = "spark.sql.streaming.";
    let verify = format!("{SQL}verifyCheckpointDirectoryEmptyOnStart");
    QueryShape {
        stateful: definition.stateful,
        async_progress: definition.writer_option("asyncProgressTrackingEnabled")
            == Some("true"),
        state_checkpoint_format: number(
            script,
            &format!("{SQL}stateStore.checkpointFormatVersion"),
            1,
        ),
        verify_empty_on_start: script
            .confs
            .get(&verify)
            .is_none_or(|value| value != "false"),
        max_offsets_per_trigger: definition
            .reader_option("maxOffsetsPerTrigger")
            .and_then(|text| text.trim().parse().ok()),
        min_batches_to_retain: number(script, &format!("{SQL}minBatchesToRetain"), 100),
        ..QueryShape::stateless(1)
    }
}

fn number(script: &Script, key: &str, default: u32) -> u32 {
    script
        .confs
        .get(key)
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(default)
}
