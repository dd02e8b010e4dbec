//! What the corpus does not hold: Kafka's lines, seeds, async progress tracking
//! and the rules of Spark 4.2.

use super::*;
use crate::checkpoint::{
    CommitMetadata, InitialOffset, OffsetSeq, OffsetSeqMetadata, StreamMetadata,
};
use crate::offsets::PartitionOffsets;

const TOPIC: &str = "orders_events";

fn at(zero: i64, one: i64) -> PartitionOffsets {
    [(TOPIC.to_owned(), 0, zero), (TOPIC.to_owned(), 1, one)]
        .into_iter()
        .collect()
}

fn line(zero: i64, one: i64) -> Option<String> {
    Some(at(zero, one).to_spark_json())
}

/// Written with the renderers, as a job does it.
struct Job {
    view: CheckpointView,
}

impl Job {
    fn new() -> Self {
        let mut view = CheckpointView::new("s3://bucket/_checkpoints/streaming/orders");
        let metadata = StreamMetadata {
            id: uuid::Uuid::from_u128(7),
        };
        view.read("metadata", metadata.render().into_bytes());
        Self { view }
    }

    fn seed(mut self, source: u32, offsets: PartitionOffsets) -> Self {
        let bytes = InitialOffset { offsets }.render();
        self.view.read(format!("sources/{source}/0"), bytes);
        self
    }

    fn offsets(mut self, batch: i64, sources: &[Option<PartitionOffsets>]) -> Self {
        let metadata =
            OffsetSeqMetadata::new(0, batch, std::collections::BTreeMap::new());
        let sources = sources
            .iter()
            .map(|s| s.as_ref().map(PartitionOffsets::to_spark_json));
        let sequence = OffsetSeq {
            version: 1,
            metadata: Some(metadata),
            sources: sources.collect(),
            source_ids: Vec::new(),
        };
        self.view
            .read(format!("offsets/{batch}"), sequence.render().into_bytes());
        self
    }

    fn commit(mut self, batch: i64) -> Self {
        let bytes = CommitMetadata::v1(0).render().into_bytes();
        self.view.read(format!("commits/{batch}"), bytes);
        self
    }

    fn starts(&self, spark: SparkLine, shape: &QueryShape) -> Prognosis {
        predict(&self.view, spark, shape)
    }
}

fn one() -> QueryShape {
    QueryShape::stateless(1)
}

#[test]
fn a_committed_batch_is_followed_by_the_next() {
    let job = Job::new()
        .seed(0, at(0, 0))
        .offsets(0, &[Some(at(10, 20))])
        .commit(0)
        .offsets(1, &[Some(at(30, 40))])
        .commit(1);
    for spark in [
        SparkLine::V3_3,
        SparkLine::V3_5,
        SparkLine::V4_1,
        SparkLine::V4_2,
    ] {
        assert_eq!(
            job.starts(spark, &one()),
            Prognosis::Starts {
                batch_id: 2,
                start_offsets: vec![line(30, 40)],
                end_offsets: None,
                replay: false,
            }
        );
    }
}

#[test]
fn batch_zero_is_run_again_from_where_it_was_seeded() {
    let job = Job::new().seed(0, at(5, 6)).offsets(0, &[Some(at(10, 20))]);
    assert_eq!(
        job.starts(SparkLine::V3_5, &one()),
        Prognosis::Starts {
            batch_id: 0,
            start_offsets: vec![line(5, 6)],
            end_offsets: Some(vec![line(10, 20)]),
            replay: true,
        }
    );
}

#[test]
fn a_self_union_shares_its_seed_and_another_topic_does_not() {
    let two = QueryShape::stateless(2);
    let both = [Some(at(10, 20)), Some(at(10, 20))];
    let job = Job::new().seed(0, at(5, 6)).offsets(0, &both);
    let Prognosis::Starts { start_offsets, .. } = job.starts(SparkLine::V3_5, &two)
    else {
        panic!("it starts");
    };
    assert_eq!(start_offsets, [line(5, 6), line(5, 6)]);

    let mut other = PartitionOffsets::new();
    other.set("payments", 0, 3);
    let job = Job::new()
        .seed(0, at(5, 6))
        .offsets(0, &[Some(at(10, 20)), Some(other)]);
    let Prognosis::Starts { start_offsets, .. } = job.starts(SparkLine::V3_5, &two)
    else {
        panic!("it starts");
    };
    assert_eq!(start_offsets, [line(5, 6), None]);
}

#[test]
fn a_seed_without_its_first_byte_stops_the_start() {
    let mut job = Job::new();
    job.view
        .read("sources/0/0", b"v1\n{\"orders_events\":{\"0\":1}}".to_vec());
    let Prognosis::Fails {
        when,
        error_class,
        text,
        path,
        ..
    } = job.starts(SparkLine::V4_1, &one())
    else {
        panic!("it fails");
    };
    assert_eq!(when, FailsWhen::BeforeFirstBatch);
    assert_eq!(error_class, "java.lang.IllegalArgumentException");
    assert_eq!(path.as_deref(), Some("sources/0/0"));
    assert!(
        text.starts_with("Expected e.g. {\"topicA\":{\"0\":23,\"1\":-1}"),
        "{text}"
    );
}

#[test]
fn a_broken_kafka_line_is_worded_as_kafka_words_it() {
    let mut job = Job::new().offsets(0, &[Some(at(1, 2))]).commit(0);
    let broken = "v1\n{}\n{\"orders_events\":{\"0\":";
    job.view.read("offsets/1", broken.as_bytes().to_vec());
    job = job.commit(1);
    let Prognosis::Fails {
        error_class, text, ..
    } = job.starts(SparkLine::V3_5, &one())
    else {
        panic!("it fails");
    };
    assert_eq!(error_class, "java.lang.IllegalArgumentException");
    assert!(text.ends_with("got {\"orders_events\":{\"0\":"), "{text}");
}

/// The limit is reckoned from the initial offsets up to 3.5.
#[test]
fn a_void_line_runs_backwards_only_where_the_batch_is_limited() {
    let job = Job::new()
        .seed(0, at(0, 0))
        .offsets(3, &[Some(at(500, 500))])
        .offsets(4, &[None])
        .commit(4);
    let limited = QueryShape {
        max_offsets_per_trigger: Some(100),
        ..one()
    };
    let roomy = QueryShape {
        max_offsets_per_trigger: Some(5000),
        ..one()
    };
    let from = |spark, shape: &QueryShape| match job.starts(spark, shape) {
        Prognosis::Starts {
            batch_id: 5,
            start_offsets,
            ..
        } => Some(start_offsets),
        _ => None,
    };
    assert_eq!(from(SparkLine::V3_5, &one()), Some(vec![line(500, 500)]));
    assert_eq!(from(SparkLine::V3_5, &roomy), Some(vec![line(500, 500)]));
    assert_eq!(from(SparkLine::V4_0, &limited), Some(vec![line(500, 500)]));
    let Prognosis::Fails { text, .. } = job.starts(SparkLine::V3_5, &limited) else {
        panic!("it fails");
    };
    assert!(text.contains("offset was changed from 500 to 0"), "{text}");
}

#[test]
fn sparse_logs_are_right_only_with_async_progress_tracking() {
    let job = Job::new()
        .offsets(24, &[Some(at(1, 1))])
        .commit(24)
        .offsets(32, &[Some(at(2, 2))])
        .commit(32);
    let shape = QueryShape {
        async_progress: true,
        ..one()
    };
    assert!(matches!(
        job.starts(SparkLine::V3_5, &shape),
        Prognosis::Starts { batch_id: 33, .. }
    ));
    let Prognosis::Fails { text, .. } = job.starts(SparkLine::V3_5, &one()) else {
        panic!("it fails");
    };
    assert_eq!(text, "batch 31 doesn't exist");
}

#[test]
fn spark_4_2_refuses_batches_without_metadata() {
    let mut job = Job::new().offsets(0, &[Some(at(1, 1))]).commit(0);
    job.view.listing.remove("metadata");
    job.view.bytes.remove("metadata");
    assert!(matches!(
        job.starts(SparkLine::V4_1, &one()),
        Prognosis::Starts { .. }
    ));
    assert!(matches!(
        job.starts(SparkLine::V4_2, &one()),
        Prognosis::Fails { when: FailsWhen::Start, error_condition: Some(condition), .. }
            if condition == "STREAMING_CHECKPOINT_MISSING_METADATA_FILE"
    ));
}

#[test]
fn spark_4_2_reads_version_2_of_the_offsets() {
    let mut job = Job::new();
    let text = "v2\n{\"batchWatermarkMs\":0}\n0:{\"orders_events\":{\"0\":1,\"1\":2}}";
    job.view.read("offsets/0", text.as_bytes().to_vec());
    job = job.commit(0);
    assert_eq!(
        job.starts(SparkLine::V4_2, &one()),
        Prognosis::Starts {
            batch_id: 1,
            start_offsets: vec![line(1, 2)],
            end_offsets: None,
            replay: false,
        }
    );
    assert!(matches!(
        job.starts(SparkLine::V4_1, &one()),
        Prognosis::Fails { .. }
    ));
}

/// The lines of a map have no order of their own.
#[test]
fn version_2_of_the_offsets_is_put_in_order_by_source() {
    let mut job = Job::new();
    let text = "v2\n{}\n1:{\"payments\":{\"0\":9}}\n0:{\"orders_events\":{\"0\":1}}";
    job.view.read("offsets/0", text.as_bytes().to_vec());
    job = job.commit(0);
    let Prognosis::Starts { start_offsets, .. } =
        job.starts(SparkLine::V4_2, &QueryShape::stateless(2))
    else {
        panic!("it starts");
    };
    let zero = start_offsets[0].as_deref().unwrap();
    assert!(zero.contains("orders_events"), "{start_offsets:?}");
}

/// Before 4.1 the state of an earlier life is left alone, but what describes it
/// is read at batch 0 all the same.
#[test]
fn a_broken_schema_of_an_earlier_life_stops_a_new_start() {
    let mut view = CheckpointView::new("s3://bucket/x");
    view.read("state/0/0/_metadata/schema", b"\0".to_vec());
    let shape = QueryShape::stateful(1);
    let Prognosis::Fails { path, .. } = predict(&view, SparkLine::V3_5, &shape) else {
        panic!("it fails");
    };
    assert_eq!(path.as_deref(), Some("state/0/0/_metadata/schema"));
    assert!(matches!(
        predict(&view, SparkLine::V3_5, &one()),
        Prognosis::StartsFresh { .. }
    ));
}

/// Directories beyond the pinned number are never opened.
#[test]
fn state_beyond_the_pinned_partitions_stops_nothing() {
    let mut job = Job::new();
    let text = |offset: i64| {
        format!(
            "v1\n{{\"conf\":{{\"spark.sql.shuffle.partitions\":\"2\"}}}}\n\
             {{\"orders_events\":{{\"0\":{offset}}}}}"
        )
    };
    for batch in 0..=1 {
        let bytes = text(batch).into_bytes();
        job.view.read(format!("offsets/{batch}"), bytes);
        job = job.commit(batch);
    }
    let object = crate::checkpoint::ListedObject {
        size: 46,
        ..Default::default()
    };
    for (partition, versions) in [(0, 1..=2), (1, 1..=2), (7, 1..=1)] {
        for version in versions {
            let key = format!("state/0/{partition}/{version}.delta");
            job.view.list(key, object.clone());
        }
    }
    assert!(matches!(
        job.starts(SparkLine::V3_5, &QueryShape::stateful(1)),
        Prognosis::Starts { batch_id: 2, .. }
    ));
}

#[test]
fn a_seed_for_some_sources_alone_is_not_said_to_be_for_all() {
    let job = Job::new().seed(0, at(5, 6));
    let Prognosis::StartsFresh { why, start } =
        job.starts(SparkLine::V3_5, &QueryShape::stateless(2))
    else {
        panic!("it starts afresh");
    };
    assert!(why.contains("not for source 1"), "{why}");
    assert_eq!(start, Some(vec![line(5, 6), None]));
}

/// All state files at once, the newest versions first, each with its checksum.
#[test]
fn the_state_that_was_taken_on_trust_is_named_in_one_go() {
    let mut job = Job::new()
        .offsets(1, &[Some(at(1, 1))])
        .commit(1)
        .offsets(2, &[Some(at(2, 2))])
        .commit(2);
    let object = crate::checkpoint::ListedObject {
        size: 46,
        ..Default::default()
    };
    for name in ["1.delta", "2.snapshot", "2.delta", "3.delta", "3.delta.crc"] {
        job.view.list(format!("state/0/0/{name}"), object.clone());
    }
    let shape = QueryShape::stateful(1);
    let told = foresee(&job.view, SparkLine::V4_1, &shape);
    assert!(matches!(told.prognosis, Prognosis::Starts { .. }));
    assert_eq!(
        told.unread_state,
        [
            "state/0/0/3.delta",
            "state/0/0/3.delta.crc",
            "state/0/0/2.snapshot"
        ]
    );
    // Once it is read, what is wrong with it is foreseen.
    job.view.read("state/0/0/3.delta", b"x".to_vec());
    let told = foresee(&job.view, SparkLine::V4_0, &shape);
    assert!(matches!(told.prognosis, Prognosis::Fails { .. }));
}

#[test]
fn outcomes_have_the_same_names_in_json_for_ever() {
    let outcome = |prognosis: Prognosis| {
        let json = serde_json::to_value(prognosis).unwrap();
        json["outcome"].as_str().unwrap().to_owned()
    };
    let job = Job::new();
    assert_eq!(outcome(job.starts(SparkLine::V3_5, &one())), "starts_fresh");
    let job = job.offsets(0, &[Some(at(1, 1))]).commit(0);
    assert_eq!(outcome(job.starts(SparkLine::V3_5, &one())), "starts");
    let two = QueryShape::stateless(2);
    assert_eq!(outcome(job.starts(SparkLine::V3_5, &two)), "fails");
    let unread = vec!["metadata".to_owned()];
    assert_eq!(outcome(Prognosis::Unknown { unread }), "unknown");
}

#[test]
fn the_closed_gate_stops_every_version() {
    for spark in [
        SparkLine::V3_3,
        SparkLine::V3_5,
        SparkLine::V4_0,
        SparkLine::V4_1,
    ] {
        let mut job = Job::new().seed(0, at(1, 1));
        job.view
            .read("metadata", b"SLUICE GATE CLOSED run 42".to_vec());
        let Prognosis::Fails { when, text, .. } = job.starts(spark, &one()) else {
            panic!("the gate holds");
        };
        assert_eq!(when, FailsWhen::Start);
        assert!(text.starts_with("Unrecognized token 'SLUICE'"), "{text}");
    }
}

#[test]
fn a_missing_state_file_is_seen_in_the_listing_alone() {
    let mut job = Job::new()
        .offsets(4, &[Some(at(1, 1))])
        .commit(4)
        .offsets(5, &[Some(at(2, 2))])
        .commit(5);
    for version in [1, 2, 3, 4, 6] {
        let object = crate::checkpoint::ListedObject {
            size: 46,
            ..Default::default()
        };
        job.view.list(format!("state/0/0/{version}.delta"), object);
    }
    let Prognosis::Fails { path, .. } =
        job.starts(SparkLine::V3_5, &QueryShape::stateful(1))
    else {
        panic!("it fails");
    };
    assert_eq!(path.as_deref(), Some("state/0/0/5.delta"));
}
