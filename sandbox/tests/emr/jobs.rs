//! What a job does, looked at in S3 and in bronze, never in its memory.

use aws_sdk_emrserverless::types::{JobRunMode, JobRunState};
use domain::checkpoint::{InitialOffset, StreamMetadata};
use domain::offsets::PartitionOffsets;
use sandbox::record::Query;
use std::time::Duration;

use super::bench::{APPLICATION, bench};

#[tokio::test(flavor = "multi_thread")]
async fn a_job_writes_its_checkpoint_and_bronze_as_spark_does() {
    let bench = bench().await;
    let id = bench.start(JobRunMode::Streaming, "one").await;
    let (first, _) = bench.state(&id).await;
    assert!(
        matches!(first, JobRunState::Submitted | JobRunState::Pending),
        "{first:?}"
    );
    bench.until_state(&id, &JobRunState::Running).await;
    bench.until_commit(0).await;
    bench.arrive(500);
    bench.until_commit(1).await;
    let metadata = bench.bytes(&bench.checkpoint("metadata"));
    StreamMetadata::parse(&metadata)
        .flawless()
        .expect("as Spark writes it");
    let initial = InitialOffset::parse(&bench.bytes(&bench.checkpoint("sources/0/0")));
    let initial = initial.flawless().expect("as Spark writes it").offsets;
    assert_eq!(
        initial.get("orders_events", 3),
        Some(1000),
        "latest, as the script says"
    );
    let commit = bench.bytes(&bench.checkpoint("commits/0"));
    assert_eq!(commit, b"v1\n{\"nextBatchWatermarkMs\":0}");
    let bronze: Vec<_> = bench.bronze();
    let expected: Vec<_> = (0..6).map(|p| (1, p, 1000, 1500)).collect();
    assert_eq!(bronze, expected);
    let by_job = bench.world.record.query(&Query {
        principal: Some(format!("assumed-role/EmrServerlessJobExecutionRole/{id}")),
        action: Some("PutObject".into()),
        key_prefix: Some(bench.checkpoint("offsets/")),
        ..Query::default()
    });
    assert!(by_job.iter().all(|entry| {
        entry
            .call
            .s3
            .as_ref()
            .is_some_and(|s3| s3.condition.is_some())
    }));
    assert!(by_job.len() >= 2, "the role's writes are in the record");
    bench.cancel(&id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_goes_on_where_the_checkpoint_ends() {
    let bench = bench().await;
    let id = bench.start(JobRunMode::Streaming, "one").await;
    bench.until_commit(0).await;
    bench.arrive(100);
    bench.until_commit(1).await;
    bench.cancel(&id).await;
    bench.arrive(50);
    let id = bench.start(JobRunMode::Streaming, "two").await;
    bench.until_commit(2).await;
    bench.cancel(&id).await;
    let ranges: Vec<_> = bench
        .bronze()
        .into_iter()
        .filter(|range| range.0 == 2)
        .collect();
    assert_eq!(
        ranges,
        (0..6).map(|p| (2, p, 1100, 1150)).collect::<Vec<_>>()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seeded_checkpoint_decides_the_start_and_the_options_do_not() {
    let bench = bench().await;
    let offsets: PartitionOffsets = (0..6)
        .map(|p| ("orders_events".to_owned(), p, 200 + i64::from(p)))
        .collect();
    bench.put(
        &bench.checkpoint("sources/0/0"),
        &InitialOffset { offsets }.render(),
    );
    let id = bench.start(JobRunMode::Streaming, "one").await;
    bench.until_commit(0).await;
    bench.cancel(&id).await;
    let expected: Vec<_> = (0..6).map(|p| (0, p, 200 + p, 1000)).collect();
    assert_eq!(bench.bronze(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_of_the_script_is_seen_at_the_next_start() {
    let bench = bench().await;
    bench.edit_script(
        "\"startingOffsets\", \"latest\"",
        "\"startingOffsets\", \"earliest\"",
    );
    let id = bench.start(JobRunMode::Streaming, "one").await;
    bench.until_commit(0).await;
    bench.cancel(&id).await;
    assert_eq!(
        bench.bronze(),
        (0..6).map(|p| (0, p, 0, 1000)).collect::<Vec<_>>()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limit_of_a_trigger_is_kept_over_batches() {
    let bench = bench().await;
    bench.edit_script(
        "\"startingOffsets\", \"latest\"",
        "\"startingOffsets\", \"earliest\"",
    );
    let script =
        String::from_utf8(bench.bytes("jobs/kafka_orders_stream.py")).expect("text");
    bench.put(
        "jobs/kafka_orders_stream.py",
        script.replace("600_000", "2400").as_bytes(),
    );
    let id = bench.start(JobRunMode::Streaming, "one").await;
    bench.until_commit(2).await;
    bench.cancel(&id).await;
    assert_eq!(bench.end_of(0).get("orders_events", 0), Some(400));
    assert_eq!(bench.end_of(2).get("orders_events", 0), Some(1000));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_gate_lets_no_attempt_write() {
    let bench = bench().await;
    let gate = b"SLUICE GATE CLOSED run 42: do not start this job; see the run page";
    bench.put(&bench.checkpoint("metadata"), gate);
    let id = bench.start(JobRunMode::Streaming, "one").await;
    let details = bench.until_state(&id, &JobRunState::Failed).await;
    assert!(details.contains("Unrecognized token 'SLUICE'"), "{details}");
    assert_eq!(
        bench.keys(&bench.checkpoint("")),
        [bench.checkpoint("metadata")]
    );
    let attempts = bench
        .emr
        .list_job_run_attempts()
        .application_id(APPLICATION)
        .job_run_id(&id)
        .send()
        .await
        .expect("attempts");
    assert_eq!(
        attempts.job_run_attempts.len(),
        2,
        "the retry policy allows two"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_runs_on_one_checkpoint_conflict() {
    let bench = bench().await;
    bench.edit_script(
        "\"startingOffsets\", \"latest\"",
        "\"startingOffsets\", \"earliest\"",
    );
    let first = bench.start(JobRunMode::Batch, "one").await;
    let second = bench.start(JobRunMode::Batch, "two").await;
    let world = bench.world.clone();
    let filling = tokio::spawn(async move {
        loop {
            let now_ms = world.clock.now_ms();
            let _ = world
                .topics
                .append("orders_events", 0, 10, now_ms - 10, now_ms);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    let details = bench
        .until("a conflict", async || {
            for id in [&first, &second] {
                let (state, details) = bench.state(id).await;
                if state == JobRunState::Failed {
                    return Some(details);
                }
            }
            None
        })
        .await;
    filling.abort();
    assert!(
        details.contains("CONCURRENT_STREAM_LOG_UPDATE")
            || details.contains("Multiple streaming queries are concurrently using"),
        "{details}"
    );
    bench.world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recreated_topic_fails_the_job_with_kafkas_loss() {
    let bench = bench().await;
    let id = bench.start(JobRunMode::Streaming, "one").await;
    bench.until_commit(0).await;
    bench
        .world
        .topics
        .recreate("orders_events")
        .expect("made anew");
    bench.arrive(7);
    let details = bench.until_state(&id, &JobRunState::Failed).await;
    let text = "offset was changed from 1000 to 7, some data may have been missed";
    assert!(details.contains(text), "{details}");
}
