//! A stream and a snapshot of it, to build plans on.

use std::collections::BTreeMap;

use domain::access::{Person, PersonId};
use domain::checkpoint::{Prognosis, QueryShape};
use domain::ids::{Digest, RunId};
use domain::intent::{Intent, WayOut};
use domain::keyset::{KeyEntry, KeySet};
use domain::manifest::{Sealed, manifest_location};
use domain::offsets::PartitionOffsets;
use domain::policy::Policy;
use domain::sink::{Found, Remembered, SinkSeen, Whose};
use domain::snapshot::{
    BatchSeen, CheckpointSeen, JobRunSeen, JobRunState, JobsSeen, KafkaSeen, Observed,
    PartitionSeen, Snapshot, TopicSeen,
};
use domain::stream::{Carrier, Sink, SinkKind, Stream};
use domain::time::Millis;

pub(crate) const NOW: Millis = Millis(1_764_000_000_000);

pub(crate) fn run() -> RunId {
    "orders-20251124-160000-00af".parse().unwrap()
}

pub(crate) fn person(subject: &str) -> Person {
    Person {
        id: PersonId {
            issuer: "https://idp.example".into(),
            subject: subject.into(),
        },
        name: subject.into(),
    }
}

pub(crate) fn stream() -> Stream {
    Stream {
        name: "orders".parse().unwrap(),
        title: "Orders".into(),
        environment: "prod".into(),
        region: "eu-central-1".into(),
        application: "00f1".into(),
        checkpoint: "s3://bucket/ck/orders/".parse().unwrap(),
        backup_root: "s3://bucket/ck/".parse().unwrap(),
        shape: QueryShape::stateless(1),
        spark: None,
        sources: vec![vec!["orders_events".into()]],
        kafka_cluster: "msk".into(),
        read_committed: false,
        trigger_ms: 10_000,
        sink: Sink {
            kind: SinkKind::PlainFiles,
            location: "s3://bucket/bronze/orders/".into(),
        },
        carrier: Carrier::Seed,
        siblings: Vec::new(),
        owner: "Orders team".into(),
        contacts: Vec::new(),
        downstream: vec!["orders_daily".into()],
    }
}

pub(crate) fn offsets(of: &[i64]) -> PartitionOffsets {
    (0..)
        .zip(of)
        .map(|(p, o)| ("orders_events".to_owned(), p, *o))
        .collect()
}

pub(crate) fn job_run(state: &str) -> JobRunSeen {
    JobRunSeen {
        id: "run-1".parse().unwrap(),
        name: Some("orders".into()),
        state: JobRunState::from(state.to_owned()),
        state_details: String::new(),
        mode: "STREAMING".into(),
        attempt: 1,
        created_at: NOW.plus(-3_600_000),
        updated_at: NOW.plus(-600_000),
        created_by: "arn:aws:iam::123456789012:user/airflow".into(),
        driver: Digest::of(b"driver"),
        role: None,
        started_at: None,
        used: None,
    }
}

/// The stream committed up to `before`; Kafka holds `from..to`.
pub(crate) fn snapshot(
    state: &str,
    before: Option<&[i64]>,
    from: &[i64],
    to: &[i64],
) -> Snapshot {
    let partitions = (0..)
        .zip(from.iter().zip(to))
        .map(|(p, (earliest, latest))| {
            let seen = PartitionSeen {
                earliest: *earliest,
                latest: *latest,
                high_watermark: *latest,
                ..PartitionSeen::default()
            };
            (p, seen)
        })
        .collect();
    let seen = |at| at;
    Snapshot {
        stream: stream().name,
        taken_at: NOW,
        checkpoint: Observed::Seen {
            at: NOW,
            value: CheckpointSeen {
                location: "s3://bucket/ck/orders/".into(),
                objects: 5,
                bytes: 700,
                changed_at: Some(NOW.plus(-600_000)),
                query_id: None,
                gate_of: None,
                decisive: BTreeMap::from([
                    ("metadata".to_owned(), "m1".to_owned()),
                    ("offsets/8".to_owned(), "o8".to_owned()),
                    ("offsets/9".to_owned(), "o9".to_owned()),
                ]),
                newest_offsets: Some(9),
                newest_commit: Some(8),
                batches: before
                    .map(|before| BatchSeen {
                        batch: 8,
                        committed: true,
                        planned_at: NOW.plus(-3_600_000),
                        ends: vec![Some(offsets(before))],
                    })
                    .into_iter()
                    .collect(),
                prognosis: Prognosis::StartsFresh {
                    why: "test".into(),
                    start: None,
                },
                findings: Vec::new(),
                nested: Vec::new(),
                rollbacks: Vec::new(),
            },
        },
        jobs: Observed::Seen {
            at: seen(NOW),
            value: JobsSeen {
                application: "00f1".into(),
                application_state: "STARTED".into(),
                release: "emr-7.9.0".into(),
                runs: vec![job_run(state)],
                others: Vec::new(),
                elsewhere: None,
                executors: None,
            },
        },
        kafka: Observed::Seen {
            at: NOW,
            value: KafkaSeen {
                cluster_id: Some("c1".into()),
                topics: BTreeMap::from([(
                    "orders_events".to_owned(),
                    TopicSeen {
                        topic_id: None,
                        former: None,
                        retention_ms: Some(604_800_000),
                        retention_bytes: None,
                        compacted: Some(false),
                        partitions,
                    },
                )]),
                missing: Vec::new(),
            },
        },
        progress: Observed::Seen {
            at: NOW,
            value: Vec::new(),
        },
        sink: sink(SinkKind::PlainFiles, None),
    }
}

/// A sink of a kind that remembers a batch, whatever the query's id.
pub(crate) fn sink(kind: SinkKind, remembers: Option<i64>) -> Observed<SinkSeen> {
    Observed::Seen {
        at: NOW,
        value: SinkSeen {
            location: stream().sink.location,
            found: Some(Found {
                kind,
                by: "the test".into(),
                beside: Vec::new(),
            }),
            remembered: remembers
                .map(|batch| Remembered {
                    name: None,
                    batch,
                    file: format!("_spark_metadata/{batch}"),
                    whose: Whose::AnyQuery,
                })
                .into_iter()
                .collect(),
            unread: None,
            changed_at: None,
            findings: Vec::new(),
        },
    }
}

pub(crate) fn keys() -> Vec<KeyEntry> {
    [
        "commits/8",
        "metadata",
        "offsets/8",
        "offsets/9",
        "sources/0/0",
    ]
    .iter()
    .map(|key| KeyEntry {
        key: (*key).to_owned(),
        etag: format!("etag-{key}"),
        size: 100,
    })
    .collect()
}

pub(crate) fn sealed() -> Sealed {
    let backup = "s3://bucket/ck/orders_backup_20251124_160000Z/"
        .parse()
        .unwrap();
    Sealed {
        manifest: manifest_location(&backup),
        sha256: Digest::of(b"manifest"),
        backup,
        keys: KeySet::of(&keys()),
    }
}

pub(crate) fn intent(way_out: WayOut) -> Intent {
    Intent {
        way_out,
        reason: "offsets/9 is empty".into(),
        person: person("oda"),
    }
}

pub(crate) fn policy() -> Policy {
    Policy::default()
}
