//! One row a story: what is so, the verdict, and what its words must hold.

use domain::checkpoint::Action;
use domain::snapshot::{FormerTopic, JobRunState, Observed, Progress};
use domain::verdict::{ResetHelps, Verdict, VerdictKind as Kind};
use uuid::Uuid;

use super::case::{Case, HOUR, MINUTE, SECOND, ago, fails, fresh, unknown};

type Story = (&'static str, Case, Kind, &'static [&'static str]);

/// Each story must come to its verdict, and say each of the words somewhere.
fn tell(stories: Vec<Story>) {
    let mut wrong = Vec::new();
    for (name, case, kind, words) in stories {
        let verdict = case.judged();
        let said = said(&verdict);
        let missing: Vec<_> = words.iter().filter(|w| !said.contains(**w)).collect();
        if verdict.kind != kind || !missing.is_empty() {
            wrong.push(format!(
                "{name}: expected {kind:?} with {missing:?}\n{verdict:#?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

fn said(verdict: &Verdict) -> String {
    let mut said = format!("{} | {}", verdict.sentence, verdict.advice);
    for evidence in &verdict.evidence {
        said.push_str(" | ");
        said.push_str(evidence);
    }
    said
}

fn quiet() -> Case {
    Case::well().last_batch(20 * MINUTE)
}

fn ended(state: &str) -> Case {
    quiet().run(|run| run.state = JobRunState::from(state.to_owned()))
}

#[test]
fn a_stream_without_data_is_unknown_and_never_well() {
    let mut kafka_unread = Case::well();
    kafka_unread.now.kafka = Observed::Unknown {
        at: ago(0),
        reason: "No broker answered.".to_owned(),
    };
    tell(vec![
        ("it runs well", Case::well(), Kind::Healthy, &["is healthy"]),
        (
            "Kafka is unread",
            kafka_unread,
            Kind::Unknown,
            &["No broker"],
        ),
        (
            "no batch is committed",
            Case::well().checkpoint(|c| {
                c.batches.clear();
                c.newest_offsets = None;
                c.newest_commit = None;
                c.prognosis = fresh();
            }),
            Kind::Unknown,
            &["no batch is committed"],
        ),
        (
            "its batches cannot be read",
            Case::well().checkpoint(|c| c.batches.clear()),
            Kind::Unknown,
            &["no batch is committed that can be read"],
        ),
        (
            "what a restart does is unread",
            Case::well().prognosis(unknown()),
            Kind::Unknown,
            &["state/0/0/8.delta could not be read"],
        ),
        (
            "a state that came with a later API",
            Case::well().run(|run| run.state = JobRunState::from("PAUSED".to_owned())),
            Kind::Unknown,
            &["PAUSED"],
        ),
    ]);
}

#[test]
fn silent_loss_is_corrupt_and_never_called_sound() {
    let reported = |case: Case| {
        let id = Uuid::from_u128(7);
        let mut case = case.checkpoint(|c| {
            c.query_id = Some(id);
            c.batches.clear();
            c.newest_offsets = None;
            c.newest_commit = None;
        });
        case.now.progress = Observed::Seen {
            at: ago(0),
            value: vec![Progress {
                at: ago(HOUR),
                batch: 8,
                query_id: Some(id),
                input_rows: 1,
                duration_ms: 1,
                start: None,
                end: None,
            }],
        };
        case
    };
    tell(vec![
        (
            "batches are skipped, job ended",
            ended("FAILED").finding("C14", Action::RollBackTo(7)),
            Kind::Corrupt,
            &["C14 is found", "end of batch 7", "does not fail"],
        ),
        (
            "a commit missing from one listing of a live job",
            Case::well().finding("C14", Action::RollBackTo(7)),
            Kind::Healthy,
            &[],
        ),
        (
            "the same at the look before, with a commit in between",
            Case::well()
                .finding("C14", Action::RollBackTo(7))
                .seen_otherwise(10 * SECOND, |s| s.commit = Some(7)),
            Kind::Healthy,
            &[],
        ),
        (
            "the same at the look before, and no commit in between",
            Case::well()
                .finding("C14", Action::RollBackTo(7))
                .seen_before(10 * SECOND),
            Kind::Corrupt,
            &["C14 is found"],
        ),
        (
            "a seed that would be passed over",
            Case::well().finding("C28", Action::NewStartAtOffsets),
            Kind::Corrupt,
            &["C28 is found"],
        ),
        (
            "offsets/ is empty and commits/ is not",
            ended("CANCELLED")
                .checkpoint(|c| {
                    c.newest_offsets = None;
                    c.batches.clear();
                })
                .prognosis(fresh()),
            Kind::Corrupt,
            &["begin at batch 0", "passes over"],
        ),
        (
            "both logs are gone, and the driver's log tells of batch 8",
            reported(ended("CANCELLED").prognosis(fresh())),
            Kind::Corrupt,
            &["begin at batch 0"],
        ),
        (
            "it will fail",
            ended("FAILED").prognosis(fails()),
            Kind::Corrupt,
            &["A restart fails in the same way", "IllegalStateException"],
        ),
    ]);
    let set_a_conf = ended("FAILED")
        .prognosis(fails())
        .finding("C17", Action::Nothing);
    assert_eq!(set_a_conf.judged().reset_helps, ResetHelps::Perhaps);
    let roll_back = ended("FAILED")
        .prognosis(fails())
        .finding("C05", Action::RollBackTo(7));
    assert_eq!(roll_back.judged().reset_helps, ResetHelps::Yes);
}

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
fn a_job_that_is_not_at_work_is_down_in_its_own_words() {
    let alive = |state: &str, for_ms| {
        quiet().run(|run| {
            run.state = JobRunState::from(state.to_owned());
            run.updated_at = ago(for_ms);
        })
    };
    let attempt = |case: Case, attempt| case.run(|run| run.attempt = attempt);
    tell(vec![
        (
            "failed",
            ended("FAILED"),
            Kind::Down,
            &[
                "failed (FAILED)",
                "Its checkpoint is sound",
                "goes on with batch 9",
            ],
        ),
        (
            "cancelled",
            ended("CANCELLED"),
            Kind::Down,
            &["was cancelled"],
        ),
        (
            "timed out",
            ended("CANCELLED").run(|run| {
                run.mode = "BATCH".to_owned();
                run.state_details =
                    "it exceeded its execution timeout of 720 minutes".to_owned();
            }),
            Kind::Down,
            &["timed out", "BATCH mode"],
        ),
        (
            "a restart is unknown",
            ended("FAILED").prognosis(unknown()),
            Kind::Down,
            &["What a restart would do is unknown"],
        ),
        (
            "no run was found",
            quiet().jobs(|jobs| jobs.runs.clear()),
            Kind::Down,
            &["no job run of it was found"],
        ),
        (
            "queued for hours",
            alive("QUEUED", 3 * HOUR),
            Kind::Down,
            &["waits for capacity", "QUEUED for 3 h"],
        ),
        (
            "coming up",
            alive("SCHEDULED", 20 * SECOND),
            Kind::Down,
            &["is coming up", "Wait until"],
        ),
        (
            "not coming up",
            alive("SCHEDULED", HOUR),
            Kind::Down,
            &["does not come up"],
        ),
        (
            "being cancelled",
            alive("CANCELLING", MINUTE),
            Kind::Down,
            &["may still write"],
        ),
        (
            "attempt after attempt",
            attempt(alive("RUNNING", 20 * SECOND), 4)
                .seen_otherwise(10 * MINUTE, |s| s.attempt = Some(2)),
            Kind::Down,
            &["keeps failing for 10 m", "attempt 4"],
        ),
        (
            "between two attempts, at the first look",
            attempt(alive("PENDING", 20 * SECOND), 4),
            Kind::Down,
            &["keeps failing", "attempt 4"],
        ),
        (
            "many attempts long ago, and batches since",
            attempt(Case::well(), 4).seen_otherwise(10 * MINUTE, |s| {
                s.attempt = Some(2);
                s.commit = Some(3);
            }),
            Kind::Healthy,
            &[],
        ),
    ]);
    assert_eq!(
        ended("FAILED").prognosis(unknown()).judged().reset_helps,
        ResetHelps::Unknown
    );
}

#[test]
fn a_failed_job_says_what_would_help_instead_of_a_reset() {
    let denied = "Job failed. AccessDenied: not authorized to perform: kms:Decrypt on arn:aws:kms:eu-central-1:1:key/9";
    let by_emr = ended("FAILED")
        .run(|run| run.state_details = denied.to_owned())
        .judged();
    let cause = by_emr.cause.clone().expect("EMR says it");
    assert_eq!(cause.kind.word(), "a KMS key");
    assert_eq!(
        cause.about.as_deref(),
        Some("arn:aws:kms:eu-central-1:1:key/9")
    );
    assert!(by_emr.advice.contains("Enable the KMS key"), "{by_emr:?}");
    assert_eq!(by_emr.reset_helps, ResetHelps::No);

    let mut by_log = ended("FAILED");
    by_log.log = vec!["KeyError: 'currency'".to_owned()];
    let by_log = by_log.judged();
    assert!(by_log.advice.contains("Mend the job's code"), "{by_log:?}");

    // A run that somebody cancelled did not fail.
    let mut cancelled = ended("CANCELLED");
    cancelled.log = vec!["KeyError: 'currency'".to_owned()];
    assert_eq!(cancelled.judged().cause, None);
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
fn a_checkpoint_that_does_not_fit_its_topics_is_corrupt() {
    let beyond = |case: Case| {
        case.kafka(|kafka| {
            let topic = kafka.topics.get_mut("orders_events").unwrap();
            let at = topic.partitions.get_mut(&0).unwrap();
            (at.earliest, at.latest, at.high_watermark) = (0, 30, 30);
        })
    };
    let made_anew = |case: Case, until_ms| {
        case.kafka(|kafka| {
            let topic = kafka.topics.get_mut("orders_events").unwrap();
            topic.former = Some(FormerTopic {
                topic_id: Uuid::from_u128(1),
                until: ago(until_ms),
            });
        })
    };
    tell(vec![
        (
            "past the end",
            beyond(quiet()),
            Kind::Corrupt,
            &["past the end of 1 partition", "70 offsets past the end"],
        ),
        (
            "a batch that was planned while Kafka was asked",
            beyond(Case::well().last_batch(SECOND)),
            Kind::Healthy,
            &[],
        ),
        (
            "made anew, and filled past the committed offset",
            made_anew(quiet(), 5 * MINUTE),
            Kind::Corrupt,
            &["deleted and made anew", "other records at these offsets"],
        ),
        (
            "made anew, and read since",
            made_anew(Case::well(), 5 * MINUTE),
            Kind::Healthy,
            &["was deleted and made anew"],
        ),
        (
            "a partition vanished",
            quiet().kafka(|kafka| {
                let topic = kafka.topics.get_mut("orders_events").unwrap();
                topic.partitions.remove(&1);
            }),
            Kind::Corrupt,
            &["no longer has orders_events-1"],
        ),
        (
            "the topic vanished",
            quiet().kafka(|kafka| {
                kafka.topics.clear();
                kafka.missing.push("orders_events".to_owned());
            }),
            Kind::Corrupt,
            &["no longer has 2 of its partitions"],
        ),
        (
            "a topic that never was",
            Case::well().kafka(|kafka| kafka.missing.push("orders_evnts".to_owned())),
            Kind::Unknown,
            &["orders_evnts is not on the Kafka cluster"],
        ),
    ]);
}

#[test]
fn a_root_and_a_closed_gate_are_said_to_be_what_they_are() {
    tell(vec![
        (
            "a root",
            Case::well().checkpoint(|c| {
                c.nested = vec!["points".to_owned(), "tiers".to_owned()];
            }),
            Kind::Unknown,
            &["a root with 2 checkpoints below it: points, tiers"],
        ),
        (
            "a closed gate",
            ended("CANCELLED")
                .prognosis(fails())
                .checkpoint(|c| c.gate_of = Some("orders-1".to_owned())),
            Kind::Down,
            &["held by the closed gate of orders-1"],
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
