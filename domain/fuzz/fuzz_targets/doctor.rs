//! Whole checkpoints: whatever lies in one, the prognosis and the checks come to
//! an end, and a start that fails is never without an error that says so.
#![no_main]

use arbitrary::Arbitrary;
use domain::checkpoint::checks::examine;
use domain::checkpoint::tree::tree;
use domain::checkpoint::{
    CheckpointView, Given, ListedObject, Prognosis, QueryShape, Severity, SparkLine,
    infer, predict,
};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Checkpoint {
    files: Vec<File>,
    sources: Option<u8>,
    stateful: Option<bool>,
    /// Whether its commits name the state files.
    unique_ids: bool,
    spark: u8,
}

#[derive(Arbitrary, Debug)]
struct File {
    name: Name,
    content: Content,
}

#[derive(Arbitrary, Debug)]
enum Name {
    Metadata,
    Offsets(u8),
    Commits(u8),
    Source(u8),
    State {
        partition: u8,
        version: u8,
        kind: u8,
    },
    UniqueState {
        partition: u8,
        version: u8,
        id: u8,
        kind: u8,
    },
    Schema,
    Operator,
    Other(String),
}

#[derive(Arbitrary, Debug)]
enum Content {
    /// Listed and not read.
    Unread(u16),
    Bytes(Vec<u8>),
    Metadata,
    Offsets(u8),
    Commit,
    /// By partition, the id of its state.
    NamingCommit(Vec<u8>),
    Seed(u8),
}

const KINDS: [&str; 6] = [
    "delta",
    "snapshot",
    "zip",
    "changelog",
    "delta.crc",
    "zip.crc",
];

impl Name {
    fn key(self) -> String {
        match self {
            Name::Metadata => "metadata".to_owned(),
            Name::Offsets(batch) => format!("offsets/{}", batch % 8),
            Name::Commits(batch) => format!("commits/{}", batch % 8),
            Name::Source(source) => format!("sources/{}/0", source % 3),
            Name::State {
                partition,
                version,
                kind,
            } => {
                let kind = KINDS[usize::from(kind) % KINDS.len()];
                format!("state/0/{}/{}.{kind}", partition % 3, version % 8)
            }
            Name::UniqueState {
                partition,
                version,
                id,
                kind,
            } => {
                let kind = ["zip", "changelog"][usize::from(kind) % 2];
                let (partition, version) = (partition % 3, version % 8);
                format!("state/0/{partition}/{version}_{}.{kind}", id % 4)
            }
            Name::Schema => "state/0/0/_metadata/schema".to_owned(),
            Name::Operator => "state/0/_metadata/metadata".to_owned(),
            Name::Other(key) => key,
        }
    }
}

impl Content {
    fn bytes(self) -> Option<Vec<u8>> {
        Some(match self {
            Content::Unread(_) => return None,
            Content::Bytes(bytes) => bytes,
            Content::Metadata => {
                b"{\"id\":\"7f9fdd9e-5b0a-4a2c-9d62-5cbd6a8f0b11\"}".to_vec()
            }
            Content::Offsets(to) => format!(
                "v1\n{{\"batchWatermarkMs\":0,\"batchTimestampMs\":1,\"conf\":{{}}}}\n{{\"orders\":{{\"0\":{to}}}}}"
            )
            .into_bytes(),
            Content::Commit => b"v1\n{\"nextBatchWatermarkMs\":0}".to_vec(),
            Content::NamingCommit(ids) => {
                let ids: Vec<String> =
                    ids.iter().map(|id| format!("[\"{}\"]", id % 4)).collect();
                format!(
                    "v2\n{{\"nextBatchWatermarkMs\":0,\"stateUniqueIds\":{{\"0\":[{}]}}}}",
                    ids.join(",")
                )
                .into_bytes()
            }
            Content::Seed(from) => {
                format!("\0v1\n{{\"orders\":{{\"0\":{from}}}}}").into_bytes()
            }
        })
    }
}

fuzz_target!(|checkpoint: Checkpoint| {
    let mut view = CheckpointView::new("s3://bucket/checkpoint");
    for file in checkpoint.files {
        let key = file.name.key();
        match file.content {
            Content::Unread(size) => {
                let size = u64::from(size);
                view.list(
                    key,
                    ListedObject {
                        size,
                        ..ListedObject::default()
                    },
                );
            }
            content => view.read(key, content.bytes().unwrap_or_default()),
        }
    }
    let spark = SparkLine::ALL[usize::from(checkpoint.spark) % SparkLine::ALL.len()];
    let shape = QueryShape::stateless(u32::from(checkpoint.sources.unwrap_or(1) % 4));
    let shape = QueryShape {
        stateful: checkpoint.stateful.unwrap_or(false),
        state_checkpoint_format: if checkpoint.unique_ids { 2 } else { 1 },
        ..shape
    };
    let _ = infer(&view, &shape, Given::default());
    let prognosis = predict(&view, spark, &shape);
    let findings = examine(&view, spark, &shape);
    let _ = tree(&view, &findings);
    if matches!(prognosis, Prognosis::Fails { .. }) {
        assert!(
            findings
                .iter()
                .any(|found| found.severity == Severity::Error)
        );
    }
});
