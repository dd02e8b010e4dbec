//! What people type: times, and offsets by partition.
#![no_main]

use domain::offsets::PartitionOffsets;
use domain::time::Millis;
use domain::when::parse_time;
use libfuzzer_sys::fuzz_target;

/// In November 2025.
const NOW: Millis = Millis(1_764_000_000_000);

fuzz_target!(|text: &str| {
    // What is echoed can be typed, to the second.
    if let Ok(at) = parse_time(text, NOW) {
        let again = parse_time(&at.utc(), NOW);
        let second = |at: Millis| at.0.div_euclid(1_000);
        assert_eq!(again.map(second), Ok(second(at)), "{}", at.utc());
    }
    if let Some(offsets) = PartitionOffsets::parse(text).flawless() {
        let again = PartitionOffsets::parse(&offsets.to_spark_json()).flawless();
        assert_eq!(again, Some(offsets));
    }
});
