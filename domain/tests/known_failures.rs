//! The catalogue of known failures against what real Spark said when it was
//! restarted on a broken checkpoint. An archive that is added is read by itself.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read its data has failed"
)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use domain::failures::recognise;
use serde_json::Value;

/// What tells nothing without the frames below it, which the recordings leave
/// out: it could come from anybody's code. In a log the frames are there.
const NAMELESS: &[&str] = &[
    "com.fasterxml.jackson.",
    "org.json4s.MappingException",
    "java.lang.NumberFormatException",
    "java.nio.charset.MalformedInputException",
    "java.lang.NullPointerException",
    "java.util.NoSuchElementException: next on empty iterator",
    "java.io.EOFException",
    "Unsupported data type",
    // The source that the recordings were made with; Kafka says other things.
    "RatePerMicroBatchStreamOffset",
    "assertion failed: startOffset(",
    "java.lang.IllegalArgumentException: UUID string too large",
    "java.lang.IllegalArgumentException: Invalid UUID string",
    "IllegalArgumentException: Invalid UUID string",
];

/// The chain of causes as a log has it, outermost first.
fn trace(error: &Value) -> String {
    let causes: Vec<String> = error
        .as_array()
        .unwrap()
        .iter()
        .map(|cause| {
            let part = |at: usize| cause[at].as_str().unwrap();
            format!("{}: {}", part(0), part(1))
        })
        .collect();
    causes.join("\nCaused by: ")
}

fn failures() -> Vec<(String, String)> {
    let tests = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests");
    let archives = ["corpus", "restarts"]
        .into_iter()
        .flat_map(|folder| std::fs::read_dir(tests.join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(".tar.gz"));
    let mut found = Vec::new();
    for archive in archives {
        let file = std::fs::File::open(archive).unwrap();
        let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(file));
        for entry in tar.entries().unwrap() {
            let entry = entry.unwrap();
            let path = entry.path().unwrap().to_string_lossy().into_owned();
            if !path.ends_with("/expected.json") {
                continue;
            }
            let expected: Value = serde_json::from_reader(entry).unwrap();
            if expected["outcome"] == "fails" {
                found.push((path, trace(&expected["error"])));
            }
        }
    }
    found
}

#[test]
fn what_real_spark_said_is_recognised_unless_it_says_nothing() {
    let mut met: BTreeMap<String, u32> = BTreeMap::new();
    let mut unknown = Vec::new();
    let failures = failures();
    for (case, text) in &failures {
        match recognise(text) {
            Some(known) => *met.entry(known.id.into_owned()).or_default() += 1,
            None if NAMELESS.iter().any(|nameless| text.contains(nameless)) => {
                *met.entry("(nameless)".to_owned()).or_default() += 1;
            }
            None => unknown.push(format!(
                "{case}: {}",
                text.chars().take(200).collect::<String>()
            )),
        }
    }
    assert!(
        unknown.is_empty(),
        "{} of {}:\n{}",
        unknown.len(),
        failures.len(),
        unknown.join("\n")
    );
    assert!(failures.len() > 300, "{}", failures.len());
    for id in [
        "offset-log-empty",
        "commit-log-empty",
        "log-header-malformed",
        "offset-predecessor-missing",
        "concurrent-log-update",
        "state-delta-missing",
        "state-file-damaged",
        "state-schema-changed",
    ] {
        assert!(met.contains_key(id), "{id}: {met:#?}");
    }
}

#[test]
fn a_case_is_recognised_by_what_was_done_to_it() {
    let failures = failures();
    let mut met = 0;
    for (part, id) in [
        ("-offsets-last-empty/", "offset-log-empty"),
        ("-commits-last-empty/", "commit-log-empty"),
        ("-predecessor-missing/", "offset-predecessor-missing"),
        ("-extra-offset-line/", "source-count-differs"),
        ("-commits-garbage/", "log-header-malformed"),
        ("-state-dir-missing/", "state-delta-missing"),
        ("own-sst-missing/", "state-sst-missing"),
        ("own-delta-half/", "state-file-damaged"),
        ("-name-leading-zeros/", "batch-name-odd"),
    ] {
        for (case, text) in failures.iter().filter(|(case, _)| case.contains(part)) {
            let known = recognise(text).map(|known| known.id.into_owned());
            // 4.1 finds a torn file by its checksum, and 3.3 has no changelog.
            let may = [
                Some(id),
                Some("state-checksum-differs"),
                Some("state-rocksdb-missing"),
            ];
            assert!(may.contains(&known.as_deref()), "{case}: {known:?}\n{text}");
            met += u32::from(known.as_deref() == Some(id));
        }
    }
    assert!(met > 30, "{met}");
}
