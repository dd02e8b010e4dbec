//! The state store's files: deltas, snapshots, changelogs and archives are
//! packed, and a claim of a length inside them must cost nothing.
#![no_main]

use domain::checkpoint::state::{
    ChecksumFile, OperatorMetadata, StateSchema, check_changelog, check_delta,
    check_snapshot, check_zip,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = check_delta(bytes);
    let _ = check_snapshot(bytes);
    let _ = check_changelog(bytes);
    let _ = check_zip(bytes);
    let _ = ChecksumFile::parse(bytes);
    let _ = OperatorMetadata::parse(bytes);
    let _ = StateSchema::parse(bytes);
});
