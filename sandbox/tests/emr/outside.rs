//! A job whose driver runs outside of the sandbox: EMR's side is the sandbox's, all else
//! is told.

use aws_sdk_emrserverless::types::{JobRunMode, JobRunState};
use sandbox::job::{OUTSIDE_MARK, OutsideDriver};
use sandbox::streams::LOG_GROUP;

use super::bench::{APPLICATION, Bench, bench};

#[tokio::test(flavor = "multi_thread")]
async fn a_driver_outside_writes_nothing_by_itself_and_its_failure_is_an_attempt() {
    let bench = marked().await;
    let id = bench.start(JobRunMode::Streaming, "one").await;
    let first = driver_of(&bench, &id, 1).await;
    assert_eq!(first.entry_point, "s3://bucket/jobs/kafka_orders_stream.py");
    assert!(!first.terminated);
    let outside = &bench.world.outside;
    outside
        .log(&id, 1, &["read 3".to_owned()])
        .expect("it runs");
    let stream =
        format!("applications/{APPLICATION}/jobs/{id}/attempts/1/SPARK_DRIVER/stderr");
    let events = bench.world.logs.events(LOG_GROUP, &stream).expect("a log");
    let messages: Vec<_> = events.into_iter().map(|event| event.message).collect();
    assert_eq!(messages, ["read 3"]);

    outside
        .end(&id, 1, &["a.B: c".to_owned()])
        .expect("it runs");
    driver_of(&bench, &id, 2).await;
    outside.end(&id, 1, &[]).expect_err("the first is over");
    outside
        .end(&id, 2, &["a.B: c".to_owned()])
        .expect("it runs");
    let details = bench.until_state(&id, &JobRunState::Failed).await;
    assert!(details.ends_with("Caused by: a.B: c"), "{details}");
    assert_eq!(bench.keys(&bench.checkpoint("")), [""; 0]);
    assert_eq!(outside.list(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_driver_outside_is_alive_until_it_is_said_to_be_dead() {
    let bench = marked().await;
    let id = bench.start(JobRunMode::Streaming, "one").await;
    driver_of(&bench, &id, 1).await;
    let request = bench.emr.cancel_job_run().application_id(APPLICATION);
    request.job_run_id(&id).send().await.expect("cancelled");
    bench
        .until("the signal", async || {
            let drivers = bench.world.outside.list();
            drivers.first()?.terminated.then_some(())
        })
        .await;
    // Under the bench's factor a driver is killed after milliseconds.
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert_eq!(bench.state(&id).await.0, JobRunState::Cancelling);
    bench.world.outside.end(&id, 1, &[]).expect("it runs");
    bench.until_state(&id, &JobRunState::Cancelled).await;
}

/// A bench whose script says that it runs outside.
async fn marked() -> Bench {
    let bench = bench().await;
    let script = format!("{OUTSIDE_MARK}\nquery.awaitTermination()\n");
    bench.put("jobs/kafka_orders_stream.py", script.as_bytes());
    bench
}

async fn driver_of(bench: &Bench, id: &str, attempt: u32) -> OutsideDriver {
    bench
        .until("the driver", async || {
            let drivers = bench.world.outside.list();
            drivers
                .into_iter()
                .find(|driver| driver.job_run_id == id && driver.attempt == attempt)
        })
        .await
}
