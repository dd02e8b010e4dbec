//! What the catalogue must recognise and what it must not: for each failure,
//! texts as Spark, Kafka and AWS log them, and texts that only look alike.

mod near_misses;
mod samples;

use std::collections::BTreeSet;

use near_misses::NEAR_MISSES;
use samples::{LOG_FRAMES, SAMPLES};

use super::catalogue::ANY;
use super::{entries, entry_of};

fn with_frames(text: &str) -> String {
    text.replace("$FRAMES", LOG_FRAMES)
}

#[test]
fn each_failure_is_recognised_by_its_texts_and_by_no_other_entry() {
    let mut met = BTreeSet::new();
    for (id, texts) in SAMPLES {
        assert!(!texts.is_empty() && met.insert(*id), "{id}");
        for text in *texts {
            let text = with_frames(text);
            let fitting: Vec<_> = entries().filter(|entry| entry.fits(&text)).collect();
            let ahead: Vec<&str> = fitting
                .iter()
                .filter(|entry| !fitting.iter().any(|other| entry.yields_to_entry(other)))
                .map(|entry| entry.id)
                .collect();
            assert_eq!(ahead, [*id], "{text}");
            assert_eq!(entry_of(&text).map(|entry| entry.id), Some(*id));
        }
    }
    let all: BTreeSet<&str> = entries().map(|entry| entry.id).collect();
    assert_eq!(met, all, "each entry has texts");
}

#[test]
fn what_only_looks_alike_is_not_taken_for_it() {
    let mut met = BTreeSet::new();
    for (id, text) in NEAR_MISSES {
        let entry = entries().find(|entry| entry.id == *id).unwrap();
        assert!(!entry.fits(text), "{id} in {text:?}");
        met.insert(*id);
    }
    let all: BTreeSet<&str> = entries().map(|entry| entry.id).collect();
    assert_eq!(met, all, "each entry has a near miss");
    for text in [
        "",
        "25/01/15 00:00:00 INFO SparkContext: Running Spark version 3.5.2",
        "Traceback (most recent call last):\nKeyError: 'order_id'",
        "[STREAM_FAILED] Query [id = 1, runId = 2] terminated with exception: null",
    ] {
        assert!(entry_of(text).is_none(), "{text}");
    }
}

#[test]
fn the_catalogue_is_whole() {
    let all: Vec<_> = entries().collect();
    assert!(all.len() >= 35, "{}", all.len());
    let ids: BTreeSet<&str> = all.iter().map(|entry| entry.id).collect();
    assert_eq!(ids.len(), all.len(), "an id stands twice");
    for entry in all {
        let id = entry.id;
        let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(id.chars().all(kebab), "{id}");
        assert!(!entry.name.is_empty() && !entry.name.ends_with('.'), "{id}");
        for text in [entry.meaning, entry.action] {
            assert!(text.ends_with('.') && !text.contains('!'), "{id}: {text}");
            assert!(!text.to_lowercase().contains("please"), "{id}: {text}");
        }
        assert!(!entry.reports.is_empty() || id == "gate-closed", "{id}");
        assert!(
            entry
                .reports
                .iter()
                .all(|(_, url)| url.starts_with("https://"))
        );
        assert!(!entry.signs.is_empty(), "{id}");
        for sign in entry.signs {
            assert!(!sign.all.is_empty(), "{id}");
            let texts = sign.all.iter().chain(sign.none);
            assert!(texts.into_iter().all(|text| !text.starts_with('{')), "{id}");
        }
        for other in entry.yields_to {
            assert!(
                *other == ANY || ids.contains(other),
                "{id} yields to {other}"
            );
        }
    }
}
