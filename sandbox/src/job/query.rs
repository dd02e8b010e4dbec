//! A micro-batch query: the checkpoint as Spark's `MicroBatchExecution` keeps it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::checkpoint::{
    CheckpointView, CommitMetadata, FailsWhen, OffsetSeq, OffsetSeqMetadata, Prognosis,
    QueryShape, SparkLine, predict,
};
use uuid::Uuid;

use super::failure::{Failure, QueryIdentity};
use super::planner::OffsetRange;
use super::resume::{self, NextBatch, Resumed};
use super::source::Source;
use super::state_store::StateStore;
use super::storage::{Location, Put, Storage};
use super::timeline::Timeline;

/// What a query is, before it starts.
pub struct QueryPlan {
    /// The query's name, if it has one.
    pub name: Option<String>,
    /// The Spark that runs it.
    pub line: SparkLine,
    /// Where its checkpoint lies.
    pub checkpoint: Location,
    /// Its sources, in the order of the plan.
    pub sources: Vec<Arc<dyn Source>>,
    /// Number of sources, state, and the confs that decide a start.
    pub shape: QueryShape,
    /// The time between two triggers, before scaling.
    pub trigger: Duration,
    /// Shuffle partitions, where the checkpoint does not pin them.
    pub shuffle_partitions: u32,
    /// Whether state is kept by this job; a test of starts may leave it out.
    pub keeps_state: bool,
}

/// A query that has started.
pub struct MicroBatchQuery {
    plan: QueryPlan,
    storage: Storage,
    timeline: Timeline,
    identity: QueryIdentity,
    next: NextBatch,
    /// Confs that the checkpoint pins.
    pinned: BTreeMap<String, String>,
    watermark_ms: i64,
    state: Option<StateStore>,
    /// A failure that is foreseen for the moment when state is loaded.
    state_failure: Option<Failure>,
    purged_below: Option<i64>,
}

/// A batch whose offsets are in the log.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Its id.
    pub id: i64,
    /// Where it starts, by source; `None` is void.
    pub starts: Vec<Option<String>>,
    /// Where it ends, by source; `None` is void.
    pub ends: Vec<Option<String>>,
    /// What is read of it.
    pub ranges: Vec<OffsetRange>,
    /// What the log says about lost data.
    pub warnings: Vec<String>,
    /// Whether its offsets were in the log before.
    pub replay: bool,
}

impl MicroBatchQuery {
    /// Starts a query: reads its checkpoint and decides where to go on. The second part
    /// of an error names the query as far as it was known.
    pub async fn start(
        plan: QueryPlan,
        storage: Storage,
        timeline: Timeline,
    ) -> Result<Self, (Failure, QueryIdentity)> {
        let mut identity = QueryIdentity {
            name: plan.name.clone(),
            id: "null".to_owned(),
            run_id: Uuid::new_v4().to_string(),
        };
        let begun = Self::begin(&plan, &storage, &mut identity).await;
        let (resumed, view) = match begun {
            Ok(begun) => begun,
            Err(failure) => return Err((failure, identity)),
        };
        let (pinned, watermark_ms) = resume::pinned(&view, &plan);
        Ok(Self {
            plan,
            storage,
            timeline,
            identity,
            next: resumed.next,
            pinned,
            watermark_ms,
            state: None,
            state_failure: resumed.state_failure,
            purged_below: None,
        })
    }

    async fn begin(
        plan: &QueryPlan,
        storage: &Storage,
        identity: &mut QueryIdentity,
    ) -> Result<(Resumed, CheckpointView), Failure> {
        let view = storage
            .checkpoint(&plan.checkpoint, plan.shape.stateful)
            .await?;
        let prognosis = predict(&view, plan.line, &plan.shape);
        if let Prognosis::Fails {
            when: FailsWhen::Start,
            error_class,
            error_condition,
            text,
            ..
        } = &prognosis
        {
            let condition = error_condition.as_deref();
            return Err(Failure::foreseen(error_class, condition, text).at_start());
        }
        identity.id = resume::query_id(&view, plan, storage).await?;
        Ok((resume::resumed(prognosis, &view, plan)?, view))
    }

    /// The query as messages name it.
    pub fn identity(&self) -> &QueryIdentity {
        &self.identity
    }

    /// What the query is.
    pub fn plan(&self) -> &QueryPlan {
        &self.plan
    }

    /// The id of the batch that would run next.
    pub fn next_batch_id(&self) -> i64 {
        self.next.id
    }

    /// Where the next batch starts, by source.
    pub fn next_starts(&self) -> &[Option<String>] {
        &self.next.starts
    }

    /// How many keys the state holds; zero without state.
    pub fn state_keys(&self) -> usize {
        self.state.as_ref().map_or(0, StateStore::keys)
    }

    /// Plans the next batch and writes its offsets. `None` when nothing is new.
    pub async fn next_batch(&mut self) -> Result<Option<Batch>, Failure> {
        let now_ms = self.timeline.past_ms();
        let triggers = self.timeline.triggers_at_once(self.plan.trigger);
        let mut starts = Vec::new();
        for (index, source) in self.plan.sources.iter().enumerate() {
            let start = match self.next.starts.get(index).cloned().flatten() {
                Some(line) => line,
                None => self.initial(index, source.as_ref(), now_ms).await?,
            };
            starts.push(start);
        }
        let (ends, replay) = match &self.next.ends {
            Some(ends) => (ends.clone(), true),
            None => {
                let mut ends = Vec::new();
                for (source, start) in self.plan.sources.iter().zip(&starts) {
                    ends.push(Some(source.next_end(start, now_ms, triggers)?));
                }
                (ends, false)
            }
        };
        let moved = ends
            .iter()
            .zip(&starts)
            .any(|(end, start)| end.as_ref() != Some(start));
        if !replay && !moved && !self.next.is_first {
            return Ok(None);
        }
        let id = self.next.id;
        if !replay {
            self.write_offsets(id, &ends).await?;
        }
        // From here the batch is in the log: whatever happens, it is run again.
        self.next.starts = starts.iter().cloned().map(Some).collect();
        self.next.ends = Some(ends.clone());
        self.purge(id).await?;
        let (ranges, warnings) = self.ranges(&starts, &ends)?;
        if self.plan.shape.stateful {
            self.load_state(id).await?;
        }
        Ok(Some(Batch {
            id,
            starts: self.next.starts.clone(),
            ends,
            ranges,
            warnings,
            replay,
        }))
    }

    /// Records that the sink holds the batch.
    pub async fn commit(&mut self, batch: &Batch) -> Result<(), Failure> {
        if let Some(state) = &mut self.state {
            let mut changed = Vec::new();
            for range in &batch.ranges {
                let key = i64::from(range.at.partition);
                state.add(key, range.until - range.from);
                changed.push(key);
            }
            let retain = i64::from(self.plan.shape.min_batches_to_retain);
            state.commit(&self.storage, &changed, retain).await?;
        }
        let bytes = CommitMetadata::v1(self.watermark_ms).render();
        self.add("commits", batch.id, bytes.as_bytes(), true)
            .await?;
        self.next = NextBatch {
            id: batch.id + 1,
            starts: batch.ends.clone(),
            ends: None,
            is_first: false,
        };
        Ok(())
    }

    /// Where a source without an offset begins: by the file that says so, or by its own
    /// options, which are then written down.
    async fn initial(
        &self,
        index: usize,
        source: &dyn Source,
        now_ms: Option<i64>,
    ) -> Result<String, Failure> {
        let name = format!("sources/{index}/0");
        let at = &self.plan.checkpoint;
        if let Some(bytes) = self.storage.get(at, &name).await? {
            return source.initial_from(&bytes);
        }
        let line = source.initial(now_ms)?;
        if let Some(bytes) = source.initial_file(&line)
            && self.storage.put_if_absent(at, &name, &bytes).await? == Put::Exists
        {
            let path = format!("{}/{name}", at.uri());
            return Err(Failure::concurrent_write(self.plan.line, &path));
        }
        Ok(line)
    }

    async fn write_offsets(
        &self,
        id: i64,
        ends: &[Option<String>],
    ) -> Result<(), Failure> {
        let now_ms = self.timeline.now_ms();
        let sequence = OffsetSeq {
            version: 1,
            metadata: Some(OffsetSeqMetadata::new(
                self.watermark_ms,
                now_ms,
                self.pinned.clone(),
            )),
            sources: ends.to_vec(),
            source_ids: Vec::new(),
        };
        self.add("offsets", id, sequence.render().as_bytes(), false)
            .await
    }

    /// Spark's `HDFSMetadataLog.add`: a batch that is there already is another driver's.
    async fn add(
        &self,
        log: &str,
        batch: i64,
        bytes: &[u8],
        is_commit: bool,
    ) -> Result<(), Failure> {
        let name = format!("{log}/{batch}");
        let (at, line) = (&self.plan.checkpoint, self.plan.line);
        if self.storage.exists(at, &name).await? {
            return Err(Failure::concurrent_update(line, batch, is_commit));
        }
        match self.storage.put_if_absent(at, &name, bytes).await? {
            Put::Written => Ok(()),
            Put::Exists => {
                let path = format!("{}/{name}", at.uri());
                Err(Failure::concurrent_write(line, &path))
            }
        }
    }

    /// Deletes offsets and commits that are older than is retained.
    async fn purge(&mut self, id: i64) -> Result<(), Failure> {
        let below = id - i64::from(self.plan.shape.min_batches_to_retain);
        if below <= 0 || self.purged_below.is_some_and(|purged| purged >= below) {
            return Ok(());
        }
        for log in ["offsets", "commits"] {
            let at = self.plan.checkpoint.below(log);
            let old: Vec<i64> = match self.purged_below {
                Some(purged) => (purged..below).collect(),
                None => {
                    let mut old = self.storage.numbers(&at).await?;
                    old.retain(|batch| *batch < below);
                    old
                }
            };
            for batch in old {
                self.storage.delete(&at, &batch.to_string()).await?;
            }
        }
        self.purged_below = Some(below);
        Ok(())
    }

    fn ranges(
        &self,
        starts: &[String],
        ends: &[Option<String>],
    ) -> Result<(Vec<OffsetRange>, Vec<String>), Failure> {
        let (mut all, mut warnings) = (Vec::new(), Vec::new());
        for ((source, start), end) in self.plan.sources.iter().zip(starts).zip(ends) {
            let Some(end) = end else {
                continue;
            };
            let (planned, mut lost) = source.plan(start, end)?;
            warnings.append(&mut lost);
            let (mut read, mut skipped) = source.read(&planned)?;
            all.append(&mut read);
            warnings.append(&mut skipped);
        }
        Ok((all, warnings))
    }

    /// Batch `id` needs version `id` of the state.
    async fn load_state(&mut self, id: i64) -> Result<(), Failure> {
        if let Some(failure) = self.state_failure.take() {
            return Err(failure);
        }
        if self.plan.keeps_state && self.state.is_none() {
            let partitions = self
                .pinned
                .get("spark.sql.shuffle.partitions")
                .and_then(|number| number.parse().ok())
                .unwrap_or(self.plan.shuffle_partitions);
            let at = &self.plan.checkpoint;
            let loaded = StateStore::load(&self.storage, at, partitions, id).await?;
            self.state = Some(loaded);
        }
        Ok(())
    }
}
