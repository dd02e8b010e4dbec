//! The text files of a checkpoint: no bytes make a parser panic, and what is
//! read without an issue is written and read back the same.
#![no_main]

use domain::checkpoint::reading::{
    read_commit, read_initial_offset, read_metadata, read_offsets,
};
use domain::checkpoint::{
    CommitMetadata, InitialOffset, OffsetSeq, SinkLog, SparkLine, StreamMetadata,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Some(read) = OffsetSeq::parse(bytes).flawless() {
        let again = OffsetSeq::parse(read.render().as_bytes()).flawless();
        assert_eq!(again.as_ref(), Some(&read));
        for source in 0..read.sources.len() {
            let _ = read.kafka_offsets(source);
        }
    }
    if let Some(read) = CommitMetadata::parse(bytes).flawless() {
        let again = CommitMetadata::parse(read.render().as_bytes()).flawless();
        assert_eq!(again, Some(read));
    }
    if let Some(read) = StreamMetadata::parse(bytes).flawless() {
        let again = StreamMetadata::parse(read.render().as_bytes()).flawless();
        assert_eq!(again, Some(read));
    }
    if let Some(read) = InitialOffset::parse(bytes).flawless() {
        let again = InitialOffset::parse(&read.render()).flawless();
        assert_eq!(again, Some(read));
    }
    if let Some(read) = SinkLog::parse(bytes).flawless() {
        let again = SinkLog::parse(read.render().as_bytes()).flawless();
        assert_eq!(again, Some(read));
    }
    for spark in SparkLine::ALL {
        let _ = read_metadata(bytes, spark);
        let _ = read_offsets(bytes, spark);
        let _ = read_initial_offset(bytes, spark);
        for version in [1, 2] {
            let _ = read_commit(bytes, spark, version);
        }
    }
});
