//! What holds of every input: what is rendered is read back, and no bytes make
//! a parser, the prognosis or the doctor panic.

use std::collections::BTreeMap;

use proptest::prelude::*;
use uuid::Uuid;

use super::checks::examine;
use super::commit_log::StateUniqueIds;
use super::reading::{read_commit, read_initial_offset, read_metadata, read_offsets};
use super::state::{
    ChecksumFile, OperatorMetadata, StateSchema, check_changelog, check_delta,
    check_snapshot, check_zip,
};
use super::tree::tree;
use super::*;
use crate::offsets::PartitionOffsets;

mod state_files;

fn kafka_offsets() -> impl Strategy<Value = PartitionOffsets> {
    let partitions = prop::collection::btree_map(0..=i32::MAX, 0..=i64::MAX, 1..5);
    prop::collection::btree_map("[a-zA-Z0-9._-]{1,20}", partitions, 1..3)
        .prop_map(PartitionOffsets)
}

fn conf() -> impl Strategy<Value = BTreeMap<String, String>> {
    prop::collection::btree_map("\\PC{0,20}", "\\PC{0,20}", 0..4)
}

fn unique_ids() -> impl Strategy<Value = Option<StateUniqueIds>> {
    let stores = prop::collection::vec("[0-9a-f-]{8}", 1..3);
    let partitions = prop::collection::vec(stores, 1..3);
    prop::option::of(prop::collection::btree_map(0..4_i64, partitions, 1..3))
}

/// Bytes near to what the files hold, so that the deeper branches are reached.
fn near_bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..120),
        "(v1|v2|v0|V1|)\n?(\\{\\}|\\{\"id\":\"x\"\\}|\\PC{0,12}|)(\n(-|\\{\"t\":\\{\"0\":1\\}\\}|))*"
            .prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..60).prop_map(|tail| {
            [b"LZ4Block\x25".as_slice(), &tail].concat()
        }),
        prop::collection::vec(any::<u8>(), 0..60).prop_map(|tail| {
            [b"PK\x05\x06".as_slice(), &tail].concat()
        }),
    ]
}

fn near_key() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("metadata".to_owned()),
        "(offsets|commits)/(0|1|2|3|006|-1|\\+2|3/x|\\.4\\.tmp)",
        "sources/(0|1)/0",
        "state/0/(0|1)/((1|2|3)\\.(delta|snapshot|zip|changelog)(\\.crc)?|_metadata/schema)",
        "state/0/(0|1)/(1|2|3)_(a|b)\\.(zip|changelog)",
        "state/0/_metadata/metadata",
        "\\PC{0,20}",
    ]
}

proptest! {
    #[test]
    fn rendered_offsets_are_read_back(
        times in any::<(i64, i64)>(),
        conf in conf(),
        lines in prop::collection::vec(kafka_offsets(), 1..4),
    ) {
        let metadata = OffsetSeqMetadata::new(times.0, times.1, conf);
        let sequence = OffsetSeq::kafka(metadata, &lines);
        let parsed = OffsetSeq::parse(sequence.render().as_bytes());
        prop_assert_eq!(&parsed.issues, &[]);
        let value = parsed.value.unwrap();
        prop_assert_eq!(&value, &sequence);
        for (index, line) in lines.iter().enumerate() {
            let read = value.kafka_offsets(index).unwrap();
            prop_assert_eq!(read.flawless(), Some(line.clone()));
        }
        for spark in SparkLine::ALL {
            let read = read_offsets(sequence.render().as_bytes(), spark).unwrap();
            prop_assert_eq!(&read.sources, &sequence.sources);
            let read = read.metadata.unwrap();
            let written = sequence.metadata.as_ref().unwrap();
            prop_assert_eq!(read.batch_watermark_ms, written.batch_watermark_ms);
            prop_assert_eq!(&read.conf, &written.conf);
        }
    }

    #[test]
    fn rendered_offsets_of_version_2_are_read_back(
        watermark in any::<i64>(),
        conf in conf(),
        lines in prop::collection::vec(prop::option::of(kafka_offsets()), 1..12),
        from in any::<prop::sample::Index>(),
    ) {
        let sources = lines.iter().map(|l| Some(l.as_ref()?.to_spark_json()));
        let sequence = OffsetSeq {
            version: 2,
            metadata: Some(OffsetSeqMetadata::new(watermark, 1, conf)),
            sources: sources.collect(),
            source_ids: (0..lines.len()).map(|index| index.to_string()).collect(),
        };
        let text = sequence.render();
        let parsed = OffsetSeq::parse(text.as_bytes());
        let odd = |issue: &&Issue| issue.code != IssueCode::VoidOffset;
        prop_assert_eq!(parsed.issues.iter().find(odd), None);
        prop_assert_eq!(parsed.value.as_ref(), Some(&sequence));
        // The lines of a map may stand in any order.
        let mut shuffled: Vec<&str> = text.split('\n').collect();
        let split = from.index(lines.len());
        shuffled[2..].rotate_left(split);
        let shuffled = shuffled.join("\n");
        prop_assert_eq!(OffsetSeq::parse(shuffled.as_bytes()).value, Some(sequence.clone()));
        for text in [text, shuffled] {
            let read = read_offsets(text.as_bytes(), SparkLine::V4_2).unwrap();
            prop_assert_eq!(&read.sources, &sequence.sources);
            prop_assert!(read_offsets(text.as_bytes(), SparkLine::V4_1).is_err());
        }
        for (index, line) in lines.iter().enumerate() {
            let read = sequence.kafka_offsets(index).and_then(Parsed::flawless);
            prop_assert_eq!(&read, line);
        }
    }

    #[test]
    fn rendered_commits_are_read_back(watermark in any::<i64>(), ids in unique_ids()) {
        let version = if ids.is_some() { 2 } else { 1 };
        let commit = CommitMetadata {
            version,
            next_batch_watermark_ms: watermark,
            state_unique_ids: ids,
        };
        let parsed = CommitMetadata::parse(commit.render().as_bytes());
        prop_assert_eq!(&parsed.issues, &[]);
        prop_assert_eq!(parsed.value, Some(commit.clone()));
        let named = read_commit(commit.render().as_bytes(), SparkLine::V4_0, version);
        prop_assert_eq!(named, Ok(version == 2));
    }

    #[test]
    fn rendered_metadata_is_read_back(id in any::<u128>()) {
        let metadata = StreamMetadata { id: Uuid::from_u128(id) };
        let parsed = StreamMetadata::parse(metadata.render().as_bytes());
        prop_assert_eq!(parsed.flawless(), Some(metadata.clone()));
        for spark in SparkLine::ALL {
            let read = read_metadata(metadata.render().as_bytes(), spark);
            prop_assert_eq!(read, Ok(metadata.id.to_string()));
        }
    }

    #[test]
    fn rendered_seeds_are_read_back(offsets in kafka_offsets()) {
        let seed = InitialOffset { offsets };
        let bytes = seed.render();
        prop_assert_eq!(InitialOffset::parse(&bytes).flawless(), Some(seed.clone()));
        for spark in SparkLine::ALL {
            let read = read_initial_offset(&bytes, spark);
            prop_assert_eq!(read, Ok(seed.offsets.to_spark_json()));
        }
    }

    /// Files of Spark 2.1 have no version line, and any first byte.
    #[test]
    fn seeds_of_spark_2_1_are_read_back(offsets in kafka_offsets(), first in any::<u8>()) {
        let json = offsets.to_spark_json();
        let bytes = [&[first], json.as_bytes(), b"\n"].concat();
        let parsed = InitialOffset::parse(&bytes);
        prop_assert!(parsed.issues.iter().all(|i| i.code == IssueCode::Unusual));
        prop_assert_eq!(parsed.value.map(|seed| seed.offsets), Some(offsets));
        for spark in SparkLine::ALL {
            let read = read_initial_offset(&bytes, spark).unwrap();
            prop_assert_eq!(read.trim_end(), &json);
        }
    }

    #[test]
    fn no_bytes_make_a_parser_panic(bytes in near_bytes()) {
        let _ = OffsetSeq::parse(&bytes);
        let _ = CommitMetadata::parse(&bytes);
        let _ = StreamMetadata::parse(&bytes);
        let _ = InitialOffset::parse(&bytes);
        let _ = ChecksumFile::parse(&bytes);
        let _ = OperatorMetadata::parse(&bytes);
        let _ = StateSchema::parse(&bytes);
        let _ = SinkLog::parse(&bytes);
        let _ = (check_delta(&bytes), check_snapshot(&bytes));
        let _ = (check_changelog(&bytes), check_zip(&bytes));
        for spark in SparkLine::ALL {
            let _ = read_metadata(&bytes, spark);
            let _ = read_offsets(&bytes, spark);
            let _ = read_commit(&bytes, spark, 1);
            let _ = read_initial_offset(&bytes, spark);
        }
    }

    #[test]
    fn no_checkpoint_makes_the_doctor_panic(
        files in prop::collection::btree_map(near_key(), near_bytes(), 0..12),
        unread in prop::collection::vec(near_key(), 0..4),
        stateful in any::<bool>(),
        sources in 0..3_u32,
        state_checkpoint_format in 1..3_u32,
    ) {
        let mut view = CheckpointView::new("s3://bucket/checkpoint");
        for (key, bytes) in files {
            view.read(key, bytes);
        }
        for key in unread {
            view.list(key, ListedObject { size: 9, ..ListedObject::default() });
        }
        let shape = QueryShape {
            stateful,
            state_checkpoint_format,
            ..QueryShape::stateless(sources)
        };
        for spark in SparkLine::ALL {
            let prognosis = predict(&view, spark, &shape);
            let findings = examine(&view, spark, &shape);
            let _ = tree(&view, &findings);
            if matches!(prognosis, Prognosis::Fails { .. }) {
                prop_assert!(findings.iter().any(|f| f.severity == Severity::Error));
            }
        }
    }
}

/// A claim of a length costs nothing.
#[test]
fn a_block_that_claims_a_gigabyte_is_corrupted() {
    let mut bytes = b"LZ4Block\x2f".to_vec();
    bytes.extend_from_slice(&4_i32.to_le_bytes());
    bytes.extend_from_slice(&(1_i32 << 30).to_le_bytes());
    bytes.extend_from_slice(&[0; 8]);
    assert!(check_delta(&bytes).is_err());
}
