//! What EMR itself answers, lists and refuses.

use aws_sdk_emrserverless::types::{JobRunMode, JobRunState, RetryPolicy};
use sandbox::wire::ACCOUNT;
use std::time::Duration;

use super::bench::{APPLICATION, LEGACY, ROLE, bench, code, driver};

#[tokio::test(flavor = "multi_thread")]
async fn one_client_token_is_one_job_run() {
    let bench = bench().await;
    let first = bench.start(JobRunMode::Streaming, "same").await;
    let again = bench.start(JobRunMode::Streaming, "same").await;
    assert_eq!(first, again);
    let other = bench
        .emr
        .start_job_run()
        .application_id(APPLICATION)
        .client_token("same")
        .execution_role_arn(ROLE)
        .job_driver(driver())
        .send()
        .await
        .expect_err("another body under the same token");
    assert_eq!(code(&other), Some("ConflictException"));
    let runs = bench
        .emr
        .list_job_runs()
        .application_id(APPLICATION)
        .send()
        .await;
    assert_eq!(runs.expect("runs").job_runs.len(), 1);
    bench.world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn job_runs_are_listed_by_filters_and_pages() {
    let bench = bench().await;
    for n in 0..5 {
        bench.start(JobRunMode::Batch, &format!("token-{n}")).await;
    }
    let page = bench
        .emr
        .list_job_runs()
        .application_id(APPLICATION)
        .mode(JobRunMode::Batch)
        .max_results(2)
        .into_paginator()
        .items()
        .send()
        .collect::<Result<Vec<_>, _>>()
        .await
        .expect("pages");
    assert_eq!(page.len(), 5);
    let later = aws_sdk_emrserverless::primitives::DateTime::from_secs(4_000_000_000);
    let none = bench
        .emr
        .list_job_runs()
        .application_id(APPLICATION)
        .created_at_after(later)
        .send()
        .await
        .expect("runs");
    assert!(none.job_runs.is_empty());
    bench.world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_run_is_cancelling_first_and_can_be_kept_alive() {
    let bench = bench().await;
    let id = bench.start(JobRunMode::Streaming, "one").await;
    bench.until_commit(0).await;
    bench.world.emr.set_levers(|levers| {
        levers.will_not_die.insert(id.clone());
    });
    let request = bench
        .emr
        .cancel_job_run()
        .application_id(APPLICATION)
        .job_run_id(&id);
    request
        .shutdown_grace_period_in_seconds(60)
        .send()
        .await
        .expect("accepted");
    bench.until_state(&id, &JobRunState::Cancelling).await;
    let before = *bench.commits().last().expect("a commit");
    bench.arrive(10);
    bench.until_commit(before + 1).await;
    assert_eq!(bench.state(&id).await.0, JobRunState::Cancelling);
    bench
        .world
        .emr
        .set_levers(|levers| levers.will_not_die.clear());
    bench.until_state(&id, &JobRunState::Cancelled).await;
    let ended = bench.commits();
    bench.arrive(10);
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(bench.commits(), ended, "a cancelled job writes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_run_ends_with_its_time_out() {
    let bench = bench().await;
    let started = bench
        .emr
        .start_job_run()
        .application_id(APPLICATION)
        .client_token("short")
        .execution_role_arn(ROLE)
        .execution_timeout_minutes(5)
        .job_driver(driver())
        .send()
        .await
        .expect("started");
    let details = bench
        .until_state(&started.job_run_id, &JobRunState::Cancelled)
        .await;
    assert!(
        details.contains("execution timeout of 5 minutes"),
        "{details}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_aws_would_refuse_is_refused() {
    let bench = bench().await;
    let start = || {
        bench
            .emr
            .start_job_run()
            .execution_role_arn(ROLE)
            .job_driver(driver())
    };
    let error = start()
        .application_id(LEGACY)
        .mode(JobRunMode::Streaming)
        .send()
        .await;
    assert_eq!(
        code(&error.expect_err("too old")),
        Some("ValidationException")
    );
    let retry = RetryPolicy::builder().max_attempts(3).build();
    let error = start()
        .application_id(APPLICATION)
        .mode(JobRunMode::Streaming)
        .retry_policy(retry)
        .send()
        .await;
    assert_eq!(
        code(&error.expect_err("of the other mode")),
        Some("ValidationException")
    );
    let error = start().application_id("00fnosuch").send().await;
    assert_eq!(
        code(&error.expect_err("unknown")),
        Some("ResourceNotFoundException")
    );
    let id = bench.start(JobRunMode::Streaming, "one").await;
    for seconds in [14, 1801] {
        let error = bench
            .emr
            .cancel_job_run()
            .application_id(APPLICATION)
            .job_run_id(&id)
            .shutdown_grace_period_in_seconds(seconds)
            .send()
            .await;
        assert_eq!(
            code(&error.expect_err("out of range")),
            Some("ValidationException")
        );
    }
    bench.world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_and_attempts_and_the_dashboard_are_there() {
    let bench = bench().await;
    let started = bench
        .emr
        .start_job_run()
        .application_id(APPLICATION)
        .client_token("tagged")
        .execution_role_arn(ROLE)
        .job_driver(driver())
        .tags("sluice-run", "42")
        .send()
        .await
        .expect("started");
    assert!(
        started
            .arn
            .contains(&format!(":{ACCOUNT}:/applications/{APPLICATION}/jobruns/"))
    );
    let arn = &started.arn;
    bench
        .emr
        .tag_resource()
        .resource_arn(arn)
        .tags("a", "b c/d")
        .send()
        .await
        .expect("tagged");
    let tags = bench
        .emr
        .list_tags_for_resource()
        .resource_arn(arn)
        .send()
        .await;
    let tags = tags.expect("tags").tags.expect("tags");
    assert_eq!(tags["sluice-run"], "42");
    assert_eq!(tags["a"], "b c/d");
    let dashboard = bench
        .emr
        .get_dashboard_for_job_run()
        .application_id(APPLICATION)
        .job_run_id(&started.job_run_id)
        .send()
        .await;
    assert!(dashboard.expect("a dashboard").url.is_some());
    bench.world.stop().await;
}
