//! What a sink remembers, where it decides what becomes of the next batches.

use domain::snapshot::Observed;
use domain::stream::SinkKind;
use domain::verdict::{ResetHelps, VerdictKind as Kind};
use uuid::Uuid;

use super::super::case::{Case, ago, fails};
use super::{ended, tell};

const QUERY: Uuid = Uuid::from_u128(7);

/// The query has an id, under which a table remembers.
fn with_id(case: Case) -> Case {
    case.checkpoint(|c| c.query_id = Some(QUERY))
}

#[test]
fn a_sink_that_drops_the_next_batches_is_silent_loss_and_not_health() {
    let id = QUERY.to_string();
    tell(vec![
        (
            "the file sink is ahead of a live job",
            Case::well().sink(SinkKind::FileSink, 40, None),
            Kind::LosingData,
            &[
                "losing data without an error",
                "batches 9 to 40",
                "Stop the job",
                "rising batch numbers",
            ],
        ),
        (
            "Delta is ahead of a live job under its id",
            with_id(Case::well()).sink(SinkKind::Delta, 40, Some(&id)),
            Kind::LosingData,
            &["Delta remembers", "new id"],
        ),
        (
            "Iceberg is ahead, and the job has ended",
            with_id(ended("FAILED")).sink(SinkKind::Iceberg, 40, Some(&id)),
            Kind::Corrupt,
            &["would lose records without an error", "Do not just start"],
        ),
    ]);
    let helps = |case: Case| case.judged().reset_helps;
    let delta = with_id(Case::well()).sink(SinkKind::Delta, 40, Some(&id));
    assert_eq!(helps(delta), ResetHelps::Yes);
    let files = Case::well().sink(SinkKind::FileSink, 40, None);
    assert_eq!(helps(files), ResetHelps::Perhaps);
}

#[test]
fn a_sink_that_is_where_the_query_is_changes_no_verdict() {
    let id = QUERY.to_string();
    let other = Uuid::from_u128(8).to_string();
    let mut unread = Case::well();
    unread.now.sink = Observed::Unknown {
        at: ago(0),
        reason: "Access denied.".to_owned(),
    };
    tell(vec![
        (
            "the file sink has the committed batch",
            Case::well().sink(SinkKind::FileSink, 8, None),
            Kind::Healthy,
            &["is healthy"],
        ),
        (
            "another query is far ahead in the table",
            with_id(Case::well()).sink(SinkKind::Delta, 400, Some(&other)),
            Kind::Healthy,
            &["is healthy"],
        ),
        (
            "it has the batch that is run again",
            with_id(ended("FAILED"))
                .checkpoint(|c| {
                    c.prognosis = domain::checkpoint::Prognosis::Starts {
                        batch_id: 9,
                        start_offsets: Vec::new(),
                        end_offsets: None,
                        replay: true,
                    };
                })
                .sink(SinkKind::Delta, 9, Some(&id)),
            Kind::Down,
            &["is sound"],
        ),
        ("the sink is unread", unread, Kind::Healthy, &["is healthy"]),
        (
            "a start that fails writes nothing",
            Case::well()
                .prognosis(fails())
                .sink(SinkKind::FileSink, 40, None),
            Kind::Corrupt,
            &["corrupt checkpoint"],
        ),
    ]);
}

/// A name that only seems to be this job's is told, and judges nothing.
#[test]
fn what_is_only_likely_stands_in_the_evidence() {
    tell(vec![
        (
            "a fixed name is ahead of a live job",
            with_id(Case::well()).sink(SinkKind::Delta, 40, Some("orders-writer")),
            Kind::Healthy,
            &["C46", "orders-writer"],
        ),
        (
            "a fixed name is ahead, and the job has ended",
            with_id(ended("FAILED")).sink(SinkKind::Delta, 40, Some("orders-writer")),
            Kind::Down,
            &["C46", "Read this first"],
        ),
    ]);
}
