//! Whether the stream gets on.

use domain::verdict::VerdictKind as Kind;

use super::super::case::{Case, HOUR, MINUTE, SECOND, ago};
use super::{quiet, tell};

#[test]
fn idle_is_not_stuck_and_stuck_is_seen_more_than_once() {
    let one_record = || quiet().waiting(1, Some(3 * SECOND));
    let long = || quiet().waiting(17, Some(15 * MINUTE));
    tell(vec![
        (
            "nothing comes in",
            quiet(),
            Kind::Idle,
            &["nothing is waiting"],
        ),
        (
            "nothing comes in, for long",
            quiet().seen_before(10 * MINUTE),
            Kind::Idle,
            &["have not moved for 10 m"],
        ),
        (
            "a quiet stream gets one record",
            one_record().seen_otherwise(10 * SECOND, |s| s.lag = Some(0)),
            Kind::Healthy,
            &["1 record waiting"],
        ),
        (
            "the same at the first look",
            one_record(),
            Kind::Healthy,
            &["1 record waiting"],
        ),
        (
            "the same where Kafka does not tell its time, at the first look",
            quiet().waiting(1, None),
            Kind::Unknown,
            &["one look does not tell"],
        ),
        (
            "old records come in at once: nothing waited a look ago",
            long().seen_otherwise(20 * SECOND, |s| s.lag = Some(0)),
            Kind::Healthy,
            &[],
        ),
        (
            "long waiting, seen once",
            long(),
            Kind::Unknown,
            &["one look does not tell"],
        ),
        (
            "long waiting, seen twice",
            long().seen_before(MINUTE),
            Kind::Stuck,
            &["stuck for 15 m", "17 records"],
        ),
        (
            "right after a restart, whatever waited before it",
            long()
                .run(|run| {
                    run.created_at = ago(40 * SECOND);
                    run.updated_at = ago(30 * SECOND);
                })
                .seen_before(20 * SECOND),
            Kind::Healthy,
            &[],
        ),
        (
            "the same a while after the restart",
            long()
                .run(|run| {
                    run.created_at = ago(3 * MINUTE);
                    run.updated_at = ago(2 * MINUTE);
                })
                .seen_before(20 * SECOND),
            Kind::Stuck,
            &["stuck for 2 m"],
        ),
        (
            "no record's time, and looks for long enough",
            quiet().waiting(17, None).seen_before(5 * MINUTE),
            Kind::Stuck,
            &["stuck for 5 m"],
        ),
    ]);
}

#[test]
fn slow_is_not_stuck_and_a_hung_batch_is_no_big_one() {
    let big = || {
        Case::well()
            .last_batch(12 * MINUTE)
            .pending(6_000, 11 * MINUTE)
    };
    tell(vec![
        (
            "a batch under way for a moment",
            Case::well().pending(50, 15 * SECOND),
            Kind::Healthy,
            &[],
        ),
        (
            "a batch that takes what its records should",
            // 100 records in 20 seconds, so 6,000 in twenty minutes.
            big().paced(100, 20 * SECOND),
            Kind::WorkingOnABigBatch,
            &[
                "batch 9 for 11 m",
                "executors are at work is unknown",
                "6,000",
            ],
        ),
        (
            "executors at work are let alone, however long",
            big().paced(100, SECOND).executors(92, None),
            Kind::WorkingOnABigBatch,
            &["used 92 %"],
        ),
        (
            "longer than three times what its records should",
            big().paced(100, SECOND),
            Kind::Stuck,
            &["stuck in batch 9 for 11 m", "should have taken"],
        ),
        (
            "its executors do nothing",
            big().paced(100, 20 * SECOND).executors(1, Some(8 * MINUTE)),
            Kind::Stuck,
            &["done nothing for 8 m"],
        ),
        (
            "its executors just ended",
            big().paced(100, 20 * SECOND).executors(1, Some(2 * MINUTE)),
            Kind::WorkingOnABigBatch,
            &[],
        ),
        (
            "no pace is known",
            big(),
            Kind::WorkingOnABigBatch,
            &["unknown"],
        ),
        (
            "no pace is known, and a day has gone by",
            Case::well()
                .run(|run| run.created_at = ago(40 * HOUR))
                .last_batch(26 * HOUR)
                .pending(6_000, 25 * HOUR),
            Kind::Stuck,
            &["no past batch tells"],
        ),
        (
            "planned by an earlier run: this one has just begun to repeat it",
            big().run(|run| {
                run.created_at = ago(15 * SECOND);
                run.updated_at = ago(12 * SECOND);
            }),
            Kind::Healthy,
            &[],
        ),
    ]);
}

#[test]
fn blocked_is_an_end_that_stood_still_before_our_eyes() {
    let long = || quiet().held(40, Some(15 * MINUTE));
    tell(vec![
        (
            "a transaction of a moment, on a busy stream",
            Case::well().held(40, Some(2 * SECOND)),
            Kind::Healthy,
            &["hold 40 offsets back"],
        ),
        (
            "a transaction of a moment, on a quiet stream",
            quiet().held(40, Some(2 * SECOND)),
            Kind::Healthy,
            &[],
        ),
        (
            "seen once",
            long(),
            Kind::Unknown,
            &["one look does not tell"],
        ),
        (
            "stood still over two looks",
            long().seen_before(MINUTE),
            Kind::Blocked,
            &["blocked for 15 m", "40 records"],
        ),
        (
            "the end moved since",
            long().seen_otherwise(20 * SECOND, |s| s.end = s.end.map(|e| e - 5)),
            Kind::Healthy,
            &[],
        ),
        (
            "a big batch behind which a transaction is open",
            Case::well()
                .last_batch(12 * MINUTE)
                .held(40, Some(15 * MINUTE))
                .pending(6_000, 11 * MINUTE)
                .seen_before(MINUTE),
            Kind::WorkingOnABigBatch,
            &[],
        ),
    ]);
}

#[test]
fn a_stream_that_reads_less_than_arrives_is_behind() {
    tell(vec![(
        "the lag grows",
        Case::well()
            .waiting(5_000, Some(4 * MINUTE))
            .seen_otherwise(3 * MINUTE, |s| {
                s.lag = Some(1_000);
                s.commit = Some(2);
                s.end = s.end.map(|e| e - 5_000);
            }),
        Kind::Behind,
        &["4,000 more than 3 m ago"],
    )]);
}
