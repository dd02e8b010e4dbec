//! What the checkpoint and its topics say.

use domain::checkpoint::Action;
use domain::snapshot::{FormerTopic, JobRunState, Observed, Progress};
use domain::verdict::{ResetHelps, VerdictKind as Kind};
use uuid::Uuid;

use super::super::case::{Case, HOUR, MINUTE, SECOND, ago, fails, fresh, unknown};
use super::{ended, quiet, tell};

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
