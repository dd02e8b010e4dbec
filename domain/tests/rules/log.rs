//! Logs of checkpoints, and the plans that go on from them.

use crate::world::{NOW, intent, offsets, policy, run, sealed, snapshot, stream};
use domain::checkpoint::{
    CheckpointView, ListedObject, Prognosis, QueryShape, SparkLine, predict,
};
use domain::estimate::Measured;
use domain::intent::WayOut;
use domain::keyset::{KeyEntry, KeySet};
use domain::plan::{
    BuildReset, Edit, Foreseen, Plan, RecordTimes, Refusal, build_reset, rollbacks,
};
use domain::snapshot::{BatchSeen, CheckpointSeen, Observed, Snapshot};
use uuid::Uuid;

/// A checkpoint's log: the end offsets by batch, and the newest that is committed.
pub(crate) struct Log {
    pub(crate) view: CheckpointView,
    pub(crate) snapshot: Snapshot,
}

const ID: &str = r#"{"id":"5b0c4824-5d6d-4f9e-b1a4-0a53ef144619"}"#;

fn line() -> SparkLine {
    SparkLine::V3_5
}

pub(crate) fn shape() -> QueryShape {
    QueryShape::stateless(1)
}

/// Batch `b` ends at `ends[b]`; Kafka holds `0..to`.
pub(crate) fn log(ends: &[&[i64]], committed: usize, to: &[i64]) -> Log {
    let mut view = CheckpointView::new("s3://bucket/ck/orders");
    let mut put = |key: String, text: String| {
        let object = ListedObject {
            size: text.len() as u64,
            etag: format!("etag-{key}"),
            ..ListedObject::default()
        };
        view.list(key.clone(), object);
        view.read(key, text.into_bytes());
    };
    put("metadata".into(), ID.into());
    put(
        "sources/0/0".into(),
        "\0v1\n{\"orders_events\":{\"0\":0,\"1\":0}}".into(),
    );
    let mut batches = Vec::new();
    for (batch, end) in ends.iter().enumerate() {
        let end = offsets(end);
        put(
            format!("offsets/{batch}"),
            format!(
                "v1\n{{\"batchWatermarkMs\":0,\"batchTimestampMs\":{batch},\"conf\":{{\"a\":\"b\"}}}}\n{}",
                end.to_spark_json()
            ),
        );
        if batch <= committed {
            put(
                format!("commits/{batch}"),
                "v1\n{\"nextBatchWatermarkMs\":0}".into(),
            );
        }
        batches.push(BatchSeen {
            batch: batch as i64,
            committed: batch <= committed,
            planned_at: NOW.plus(60_000 * (batch as i64 - 1_000)),
            ends: vec![Some(end)],
        });
    }
    batches.reverse();
    let from = vec![0; to.len()];
    let mut snapshot = snapshot("FAILED", None, &from, to);
    seen(&mut snapshot, |c| {
        c.batches = batches;
        c.newest_offsets = ends.len().checked_sub(1).map(|b| b as i64);
        c.newest_commit = Some(committed as i64);
    });
    let mut log = Log { view, snapshot };
    log.look();
    log
}

fn seen(snapshot: &mut Snapshot, change: impl FnOnce(&mut CheckpointSeen)) {
    if let Observed::Seen { value, .. } = &mut snapshot.checkpoint {
        change(value);
    }
}

impl Log {
    /// As the observer does it.
    fn look(&mut self) {
        let view = &self.view;
        seen(&mut self.snapshot, |c| {
            c.prognosis = predict(view, line(), &shape());
            c.rollbacks = rollbacks(view, line(), &shape());
            c.query_id = Some("5b0c4824-5d6d-4f9e-b1a4-0a53ef144619".parse().unwrap());
        });
    }

    pub(crate) fn tear(&mut self, key: &str) {
        self.view.listing.get_mut(key).unwrap().size = 0;
        self.view.bytes.remove(key);
        let batch: i64 = key.rsplit('/').next().unwrap().parse().unwrap();
        seen(&mut self.snapshot, |c| {
            c.batches.retain(|b| b.batch != batch)
        });
        self.look();
    }

    pub(crate) fn keys(&self) -> Vec<KeyEntry> {
        self.view
            .listing
            .iter()
            .map(|(key, object)| KeyEntry {
                key: key.clone(),
                etag: object.etag.clone(),
                size: object.size,
            })
            .collect()
    }

    pub(crate) fn plan(&self, way_out: WayOut) -> Result<Plan, Refusal> {
        self.plan_on(&self.keys(), way_out)
    }

    /// A plan on a backup that holds these.
    pub(crate) fn plan_on(
        &self,
        keys: &[KeyEntry],
        way_out: WayOut,
    ) -> Result<Plan, Refusal> {
        let edit = Edit::of(&way_out, &self.view).map_err(Refusal::Log)?;
        let after = edit.applied_to(&self.view);
        let foreseen = Foreseen {
            edit,
            prognosis: predict(&after, line(), &shape()),
        };
        let mut sealed = sealed();
        sealed.keys = KeySet::of(keys);
        build_reset(&BuildReset {
            run: &run(),
            stream: &stream(),
            snapshot: &self.snapshot,
            policy: &policy(),
            intent: &intent(way_out),
            sealed: &sealed,
            keys,
            times: None,
            record_times: &RecordTimes::default(),
            measured: &Measured::default(),
            explained: &[],
            foreseen: Some(&foreseen),
            backup: None,
            query_id: Uuid::from_u128(7),
            run_page: "https://sluice.example/runs/orders-20251124-160000-00af",
            now: NOW,
        })
    }
}

/// What Spark would do on these files.
pub(crate) fn predicted(view: &CheckpointView) -> Prognosis {
    predict(view, line(), &shape())
}

/// A log of two partitions that grew by steps, and where Kafka ends.
pub(crate) struct Grown {
    pub(crate) log: Log,
    pub(crate) ends: Vec<[i64; 2]>,
    pub(crate) committed: usize,
    pub(crate) to: [i64; 2],
}

/// Each step is a batch; Kafka has so many `more` records than the newest.
pub(crate) fn grown(steps: &[(i64, i64)], uncommitted: bool, more: (i64, i64)) -> Grown {
    let mut at = [0, 0];
    let mut ends = Vec::new();
    for (a, b) in steps {
        at = [at[0] + a, at[1] + b];
        ends.push(at);
    }
    let newest = ends.len() - 1;
    let committed = newest - usize::from(uncommitted && newest > 0);
    let to = [at[0] + more.0, at[1] + more.1];
    let slices: Vec<&[i64]> = ends.iter().map(|e| &e[..]).collect();
    Grown {
        log: log(&slices, committed, &to),
        ends,
        committed,
        to,
    }
}

/// Batch 4 was planned, and its file is torn.
pub(crate) fn torn() -> Log {
    let ends: [&[i64]; 5] = [&[10, 20], &[30, 40], &[50, 60], &[70, 80], &[90, 90]];
    let mut log = log(&ends, 3, &[100, 100]);
    log.tear("offsets/4");
    log
}
