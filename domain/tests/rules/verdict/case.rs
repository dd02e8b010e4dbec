//! A stream that runs well, and what can be changed of it.

use domain::checkpoint::{Action, Finding, Prognosis, Remedy, Severity};
use domain::sink::{Remembered, Whose};
use domain::snapshot::{
    BatchSeen, CheckpointSeen, ExecutorsSeen, JobRunSeen, JobsSeen, KafkaSeen, Observed,
    Progress, Snapshot,
};
use domain::stream::{SinkKind, Stream};
use domain::time::Millis;
use domain::verdict::{Sample, Thresholds, Verdict, judge, sample};

use crate::world::{NOW, offsets, snapshot, stream};

pub(super) const SECOND: i64 = 1_000;
pub(super) const MINUTE: i64 = 60 * SECOND;
pub(super) const HOUR: i64 = 60 * MINUTE;

/// Ten seconds between triggers; five of them are the patience.
pub(super) struct Case {
    pub(super) stream: Stream,
    pub(super) now: Snapshot,
    pub(super) samples: Vec<Sample>,
    pub(super) thresholds: Thresholds,
    pub(super) log: Vec<String>,
}

impl Case {
    /// The job runs, batch 8 was planned 4 seconds ago, and nothing waits.
    pub(super) fn well() -> Self {
        let mut now = snapshot("RUNNING", Some(&[100, 200]), &[50, 60], &[100, 200]);
        let Observed::Seen { value, .. } = &mut now.checkpoint else {
            unreachable!("it is seen");
        };
        value.newest_offsets = Some(8);
        value.batches[0].planned_at = NOW.plus(-4 * SECOND);
        value.prognosis = Prognosis::Starts {
            batch_id: 9,
            start_offsets: Vec::new(),
            end_offsets: None,
            replay: false,
        };
        Self {
            stream: stream(),
            now,
            samples: Vec::new(),
            thresholds: Thresholds::default(),
            log: Vec::new(),
        }
    }

    pub(super) fn checkpoint(mut self, change: impl FnOnce(&mut CheckpointSeen)) -> Self {
        match &mut self.now.checkpoint {
            Observed::Seen { value, .. } => change(value),
            Observed::Unknown { .. } => unreachable!("it is seen"),
        }
        self
    }

    pub(super) fn jobs(mut self, change: impl FnOnce(&mut JobsSeen)) -> Self {
        match &mut self.now.jobs {
            Observed::Seen { value, .. } => change(value),
            Observed::Unknown { .. } => unreachable!("they are seen"),
        }
        self
    }

    pub(super) fn run(self, change: impl FnOnce(&mut JobRunSeen)) -> Self {
        self.jobs(|jobs| change(&mut jobs.runs[0]))
    }

    pub(super) fn kafka(mut self, change: impl FnOnce(&mut KafkaSeen)) -> Self {
        match &mut self.now.kafka {
            Observed::Seen { value, .. } => change(value),
            Observed::Unknown { .. } => unreachable!("it is seen"),
        }
        self
    }

    /// The newest committed batch was planned so long ago.
    pub(super) fn last_batch(self, ago_ms: i64) -> Self {
        self.checkpoint(|c| c.batches[0].planned_at = NOW.plus(-ago_ms))
    }

    /// So many records wait in partition 0, the oldest written so long ago.
    pub(super) fn waiting(self, records: i64, oldest_ms: Option<i64>) -> Self {
        self.kafka(|kafka| {
            let topic = kafka.topics.get_mut("orders_events").unwrap();
            let at = topic.partitions.get_mut(&0).unwrap();
            at.latest = 100 + records;
            at.high_watermark = 100 + records;
            at.unread_at = oldest_ms.map(|ms| NOW.plus(-ms));
        })
    }

    /// An open transaction holds so many records of partition 0 back.
    pub(super) fn held(mut self, records: i64, since_ms: Option<i64>) -> Self {
        self.stream.read_committed = true;
        self.kafka(|kafka| {
            let topic = kafka.topics.get_mut("orders_events").unwrap();
            let at = topic.partitions.get_mut(&0).unwrap();
            at.high_watermark = 100 + records;
            at.held_at = since_ms.map(|ms| NOW.plus(-ms));
        })
    }

    /// Batch 9 is planned since so long, takes so many records of partition 0,
    /// and is not committed.
    pub(super) fn pending(self, records: i64, ago_ms: i64) -> Self {
        self.waiting(records, Some(ago_ms)).checkpoint(|c| {
            c.newest_offsets = Some(9);
            c.batches.insert(
                0,
                BatchSeen {
                    batch: 9,
                    committed: false,
                    planned_at: NOW.plus(-ago_ms),
                    ends: vec![Some(offsets(&[100 + records, 200]))],
                },
            );
        })
    }

    /// Past batches, each of so many records and milliseconds.
    pub(super) fn paced(mut self, rows: u64, duration_ms: i64) -> Self {
        let batch = |batch| Progress {
            at: NOW.plus(-HOUR),
            batch,
            query_id: None,
            input_rows: rows,
            duration_ms,
            start: None,
            end: None,
        };
        self.now.progress = Observed::Seen {
            at: NOW,
            value: (0..3).map(batch).collect(),
        };
        self
    }

    /// A sink that remembers a batch, held against the checkpoint.
    pub(super) fn sink(
        mut self,
        kind: SinkKind,
        remembers: i64,
        name: Option<&str>,
    ) -> Self {
        let Observed::Seen { value, .. } = &mut self.now.sink else {
            unreachable!("it is seen");
        };
        value.found.as_mut().expect("it is found").kind = kind;
        value.remembered = vec![Remembered {
            name: name.map(str::to_owned),
            batch: remembers,
            file: "the log".into(),
            whose: Whose::Another,
        }];
        if name.is_none() {
            value.remembered[0].whose = Whose::AnyQuery;
        }
        let checkpoint = self.now.checkpoint.seen().expect("it is seen").clone();
        *value = value.clone().beside(&checkpoint);
        self
    }

    pub(super) fn executors(self, busy_percent: u8, idle_ms: Option<i64>) -> Self {
        self.jobs(|jobs| {
            jobs.executors = Some(ExecutorsSeen {
                at: NOW.plus(-MINUTE),
                busy_percent,
                idle_since: idle_ms.map(|ms| NOW.plus(-ms)),
            });
        })
    }

    /// As now, so long before.
    pub(super) fn seen_before(self, ago_ms: i64) -> Self {
        self.seen_otherwise(ago_ms, |_| {})
    }

    pub(super) fn seen_otherwise(
        mut self,
        ago_ms: i64,
        change: impl FnOnce(&mut Sample),
    ) -> Self {
        let mut before = sample(&self.now);
        before.at = NOW.plus(-ago_ms);
        change(&mut before);
        self.samples.push(before);
        self.samples.sort_by_key(|s| s.at);
        self
    }

    pub(super) fn finding(self, id: &str, action: Action) -> Self {
        self.checkpoint(|c| {
            let found = Finding::new(id, Severity::Error, format!("{id} is found."));
            c.findings
                .push(found.mended_by([Remedy::new(action, "Because.")]));
        })
    }

    pub(super) fn prognosis(self, prognosis: Prognosis) -> Self {
        self.checkpoint(|c| c.prognosis = prognosis)
    }

    pub(super) fn judged(&self) -> Verdict {
        // As the poller does: the look itself is the newest sample.
        let mut samples = self.samples.clone();
        samples.push(sample(&self.now));
        judge(
            &self.stream,
            &self.now,
            &samples,
            self.thresholds,
            &self.log,
        )
    }
}

pub(super) fn fresh() -> Prognosis {
    Prognosis::StartsFresh {
        why: "there is no batch in offsets/".to_owned(),
        start: None,
    }
}

pub(super) fn fails() -> Prognosis {
    Prognosis::Fails {
        when: domain::checkpoint::FailsWhen::Start,
        error_class: "java.lang.IllegalStateException".to_owned(),
        error_condition: None,
        text: "Failed to read log file".to_owned(),
        path: Some("offsets/9".to_owned()),
        first_batch: None,
    }
}

pub(super) fn unknown() -> Prognosis {
    Prognosis::Unknown {
        unread: vec!["state/0/0/8.delta".to_owned()],
    }
}

/// When something was so long ago.
pub(super) fn ago(ms: i64) -> Millis {
    NOW.plus(-ms)
}
