//! What a way out, and a start, do to each sink.

use super::*;
use crate::snapshot::Observed;
use crate::stream::Sink;

#[test]
fn a_name_that_the_code_fixes_outlives_a_new_query_id() {
    let commit = delta("orders-writer", 12);
    let files = [("_delta_log/00000000000000000000.json", commit.as_str())];
    for next in [13, 3] {
        let seen = seen(&files).beside(&checkpoint(next, false));
        assert_eq!(seen.remembered[0].whose, Whose::FixedName);
        let effect = seen.effect(&CLEARED);
        assert!(
            matches!(effect, Effect::Drops { upto: 12, .. }),
            "{effect:?}"
        );
    }
    // Beside a memory under the query's id it is somebody else's.
    let both = format!("{commit}{}", delta(QUERY, 40));
    let files = [("_delta_log/00000000000000000000.json", both.as_str())];
    let seen = seen(&files).beside(&checkpoint(41, false));
    assert_eq!(seen.remembered[0].whose, Whose::ThisQuery);
    assert_eq!(seen.remembered[1].whose, Whose::Another);
    assert_eq!(seen.effect(&CLEARED), Effect::Writes);
}

#[test]
fn what_was_not_read_is_said_and_is_no_absence() {
    let commit = delta(OTHER, 1);
    let late = seen(&[("_delta_log/00000000000000000080.json", commit.as_str())])
        .beside(&checkpoint(5, false));
    let reason = late.unread.clone().unwrap();
    assert!(reason.contains("before version 80"), "{reason}");
    let same = Beginning {
        batch: 5,
        same_query: true,
        replay: false,
        rises: true,
    };
    assert_eq!(late.effect(&same), Effect::Unknown(reason));
    assert_eq!(late.effect(&CLEARED), Effect::Writes);
    let avro = seen(&[
        (".hoodie/hoodie.properties", ""),
        (
            ".hoodie/timeline/20250115000000000_20250115000001000.commit",
            "Obj\u{1}",
        ),
    ])
    .beside(&checkpoint(5, false));
    assert!(avro.unread.as_ref().unwrap().contains("Avro"));
    let effect = avro.effect(&CLEARED);
    assert!(matches!(effect, Effect::Unknown(_)), "{effect:?}");
}

#[test]
fn a_way_out_is_refused_where_its_batches_would_be_dropped() {
    let sink = |kind| Sink {
        kind,
        location: PLACE.into(),
    };
    let now = crate::time::Millis(0);
    let commit = delta(QUERY, 12);
    let hudi = hudi("default_single_writer", "12");
    let begins = CLEARED;
    for (files, refused, words) in [
        (
            vec![("_spark_metadata/0", LINE)],
            true,
            "move _spark_metadata aside",
        ),
        (
            vec![("_delta_log/00000000000000000000.json", commit.as_str())],
            false,
            "a new id, so that no batch is dropped",
        ),
        (
            vec![(".hoodie/20250115000000000.commit", hudi.as_str())],
            true,
            "streaming checkpoint identifier",
        ),
        (
            vec![("dt=1/part-0.json", "x")],
            false,
            "written a second time",
        ),
        (vec![], false, "Nothing lies at"),
    ] {
        let value = seen(&files).beside(&checkpoint(13, false));
        let observed = Observed::Seen { at: now, value };
        let told = told(&sink(SinkKind::PlainFiles), &observed, &begins, Again::Yes);
        assert_eq!(told.refused, refused, "{files:?}");
        assert!(told.said.contains(words), "{}", told.said);
    }
    let unseen = Observed::Unknown {
        at: now,
        reason: "Access was denied.".into(),
    };
    for (kind, refused) in [
        (SinkKind::FileSink, true),
        (SinkKind::PlainFiles, false),
        (SinkKind::Delta, false),
        (SinkKind::Iceberg, false),
        (SinkKind::Hudi, false),
    ] {
        let told = told(&sink(kind), &unseen, &begins, Again::Yes);
        assert_eq!(told.refused, refused, "{kind:?}");
        assert!(told.said.contains("Access was denied."), "{}", told.said);
    }
}
