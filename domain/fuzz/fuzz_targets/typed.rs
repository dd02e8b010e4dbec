//! What people type: times, and offsets by partition.
#![no_main]

use domain::offsets::PartitionOffsets;
use domain::time::Millis;
use domain::when::parse_time;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(at) = parse_time(text, Millis(1_764_000_000_000)) {
        let again = parse_time(&at.utc(), Millis(0));
        assert_eq!(again.map(|at| at.0 / 1_000), Ok(at.0 / 1_000));
    }
    if let Some(offsets) = PartitionOffsets::parse(text).flawless() {
        let again = PartitionOffsets::parse(&offsets.to_spark_json()).flawless();
        assert_eq!(again, Some(offsets));
    }
});
