//! What a query tells about itself: progress events in the log, and metrics.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::query::{Batch, MicroBatchQuery};
use crate::cloudwatch::{Datum, MetricId, Metrics, Unit};

/// How long the parts of a trigger took, in milliseconds.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Durations {
    pub(super) latest_offset: i64,
    pub(super) wal_commit: i64,
    pub(super) add_batch: i64,
    pub(super) commit_offsets: i64,
    pub(super) trigger_execution: i64,
}

/// Spark's progress event of a batch.
pub(super) fn event(
    query: &MicroBatchQuery,
    batch: &Batch,
    began_ms: i64,
    since_last_ms: i64,
    took: Durations,
    now_ms: Option<i64>,
    sink: &str,
) -> Value {
    let records = records(batch);
    let per_second = |ms: i64| match ms {
        ms if ms > 0 => json!(records as f64 * 1000.0 / ms as f64),
        _ => Value::Null,
    };
    let sources: Vec<Value> = (query.plan().sources.iter().enumerate())
        .map(|(index, source)| {
            let line = |lines: &[Option<String>]| {
                let line = lines.get(index).cloned().flatten();
                line.map_or(Value::Null, |line| parsed(&line))
            };
            let end = batch.ends.get(index).cloned().flatten().unwrap_or_default();
            json!({
                "description": source.description(),
                "startOffset": line(&batch.starts),
                "endOffset": line(&batch.ends),
                "latestOffset": source.latest(now_ms).map(|line| parsed(&line)),
                "numInputRows": records,
                "inputRowsPerSecond": per_second(since_last_ms),
                "processedRowsPerSecond": per_second(took.trigger_execution),
                "metrics": behind(source.waiting_after(&end, now_ms)),
            })
        })
        .collect();
    let identity = query.identity();
    json!({
        "id": identity.id,
        "runId": identity.run_id,
        "name": identity.name,
        "timestamp": iso(began_ms),
        "batchId": batch.id,
        "batchDuration": took.trigger_execution,
        "numInputRows": records,
        "inputRowsPerSecond": per_second(since_last_ms),
        "processedRowsPerSecond": per_second(took.trigger_execution),
        "durationMs": {
            "addBatch": took.add_batch,
            "commitOffsets": took.commit_offsets,
            "getBatch": 0,
            "latestOffset": took.latest_offset,
            "queryPlanning": 12,
            "triggerExecution": took.trigger_execution,
            "walCommit": took.wal_commit,
        },
        "stateOperators": operators(query, records),
        "sources": sources,
        "sink": { "description": sink, "numOutputRows": -1 },
    })
}

/// The records of a batch.
pub(super) fn records(batch: &Batch) -> i64 {
    batch
        .ranges
        .iter()
        .map(|range| range.until - range.from)
        .sum()
}

fn operators(query: &MicroBatchQuery, records: i64) -> Value {
    match query.plan().shape.stateful {
        false => json!([]),
        true => json!([{
            "operatorName": "stateStoreSave",
            "numRowsTotal": query.state_keys(),
            "numRowsUpdated": records.min(i64::try_from(query.state_keys()).unwrap_or(0)),
            "numRowsDroppedByWatermark": 0,
            "memoryUsedBytes": 1024 + 96 * query.state_keys(),
            "commitTimeMs": 41,
        }]),
    }
}

/// Spark gives these three as texts.
fn behind(waiting: Option<Vec<i64>>) -> Value {
    let waiting = waiting.unwrap_or_default();
    if waiting.is_empty() {
        return json!({});
    }
    let sum: i64 = waiting.iter().sum();
    let average = sum as f64 / waiting.len() as f64;
    let text = |number: Option<&i64>| number.map(ToString::to_string);
    json!({
        "avgOffsetsBehindLatest": format!("{average:.1}"),
        "maxOffsetsBehindLatest": text(waiting.iter().max()),
        "minOffsetsBehindLatest": text(waiting.iter().min()),
    })
}

fn parsed(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or(Value::Null)
}

fn iso(ms: i64) -> String {
    let at = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH);
    format!("{at:.3}")
}

/// The listener of a script that publishes metrics.
pub(super) struct Listener {
    metrics: Metrics,
    namespace: String,
    records_metric: String,
    lag_metric: String,
    dimensions: BTreeMap<String, String>,
    /// Whether the metric of records is a counter since the driver's start, as its
    /// name `.._total` says, or what each batch added.
    is_counter: bool,
    total: i64,
}

impl Listener {
    /// From the keywords of `CloudWatchListener(..)`; `None` where there is none.
    pub(super) fn new(
        metrics: Metrics,
        keywords: &BTreeMap<String, String>,
    ) -> Option<Self> {
        if keywords.is_empty() {
            return None;
        }
        let text = |key: &str, default: &str| {
            keywords.get(key).map_or(default, String::as_str).to_owned()
        };
        let records_metric = text("records_metric", "records_processed_total");
        let dimensions = ["environment", "stream"]
            .into_iter()
            .filter_map(|key| Some((key.to_owned(), keywords.get(key)?.clone())))
            .collect();
        Some(Self {
            metrics,
            namespace: text("namespace", "ETLPipelineMetrics"),
            is_counter: records_metric.ends_with("_total"),
            records_metric,
            lag_metric: text("lag_metric", "consumer_lag_records"),
            dimensions,
            total: 0,
        })
    }

    /// Publishes after a trigger. `lag` is what waits behind the batch's end.
    pub(super) fn publish(
        &mut self,
        records: i64,
        lag: Option<i64>,
        at_ms: i64,
        now_ms: i64,
    ) {
        self.total += records;
        let shown = if self.is_counter { self.total } else { records };
        let mut data = vec![self.datum(&self.records_metric, shown, at_ms)];
        data.extend(lag.map(|lag| self.datum(&self.lag_metric, lag, at_ms)));
        if let Err(error) = self.metrics.put(&data, now_ms) {
            tracing::warn!(%error, "job.metrics_not_put");
        }
    }

    fn datum(&self, name: &str, value: i64, at_ms: i64) -> Datum {
        let metric = MetricId {
            namespace: self.namespace.clone(),
            name: name.to_owned(),
            dimensions: self.dimensions.clone(),
        };
        Datum::new(metric, at_ms, value as f64, count_unit())
    }
}

/// What EMR Serverless itself says about a job's executors, once a minute.
pub(super) struct WorkerMetrics {
    metrics: Metrics,
    dimensions: BTreeMap<String, String>,
    last_ms: i64,
    every_ms: i64,
}

impl WorkerMetrics {
    /// For one job run.
    pub(super) fn new(metrics: Metrics, application: &str, job_run: &str) -> Self {
        let dimensions = [
            ("ApplicationId", application),
            ("JobId", job_run),
            ("WorkerType", "Spark_Executor"),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
        Self {
            metrics,
            dimensions,
            last_ms: 0,
            every_ms: 60_000,
        }
    }

    /// Publishes how many of the eight vCPUs are in use, if a minute has passed.
    pub(super) fn publish(&mut self, busy: bool, at_ms: i64, now_ms: i64) {
        if at_ms - self.last_ms < self.every_ms {
            return;
        }
        self.last_ms = at_ms;
        let used = if busy { 7.4 } else { 0.3 };
        let data = [("WorkerCpuUsed", used), ("WorkerCpuAllocated", 8.0)].map(
            |(name, value)| {
                let metric = MetricId {
                    namespace: "AWS/EMRServerless".into(),
                    name: name.into(),
                    dimensions: self.dimensions.clone(),
                };
                Datum::new(metric, at_ms, value, count_unit())
            },
        );
        if let Err(error) = self.metrics.put(&data, now_ms) {
            tracing::warn!(%error, "job.metrics_not_put");
        }
    }
}

fn count_unit() -> Unit {
    Unit::named("Count").expect("CloudWatch has the unit Count")
}

/// How long executors work on records, before scaling: a fixed part for each batch and
/// 20,000 records a second.
pub(super) fn work_time(records: i64) -> Duration {
    let records = u64::try_from(records).unwrap_or(0);
    Duration::from_millis(1500 + records / 20)
}
