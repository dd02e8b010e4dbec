//! A file of a checkpoint as its page shows it: any bytes under any name.
#![no_main]

use domain::decoded::decode;
use libfuzzer_sys::fuzz_target;

const NAMES: [&str; 12] = [
    "metadata",
    "offsets/7",
    "commits/7",
    "sources/0/0",
    "state/0/0/7.delta",
    "state/0/0/7.snapshot",
    "state/0/0/7.zip",
    "state/0/0/7.changelog",
    "state/0/0/7.delta.crc",
    "state/0/0/_metadata/schema",
    "state/0/_metadata/metadata",
    "notes.txt",
];

fuzz_target!(|bytes: &[u8]| {
    let Some((name, bytes)) = bytes.split_first() else {
        return;
    };
    let _ = decode(NAMES[usize::from(*name) % NAMES.len()], bytes);
});
