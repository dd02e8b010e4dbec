//! EMR Serverless: job runs are recognised, started once and cancelled.

use std::collections::BTreeSet;

use domain::ids::{Digest, JobRunId, RunId};
use domain::plan::RestartStep;
use domain::snapshot::{JobRunState, Tie};
use sandbox::emr::StartJobRun;
use server::aws::{AwsErrorKind, Emr};

use crate::place::{Whole, stream, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_is_one_job_run_however_often_it_is_asked_for() {
    let whole = Whole::open().await;
    let name = stream("orders");
    let emr = whole.eyes.aws.changing(&name, "sluice-test").emr();
    let seen = whole.eyes.observer.look(&name).await;
    let jobs = seen.jobs.seen().expect("job runs");
    let base = &jobs.runs[0];
    assert_eq!(base.state, JobRunState::Failed);
    assert_eq!(jobs.others, []);
    let run: RunId = "orders-20261124-031200-7f3a".parse().unwrap();
    let step = RestartStep {
        application: jobs.application.clone(),
        base: base.id.clone(),
        driver: base.driver.clone(),
        name: base.name.clone(),
        client_token: "orders-20261124-031200-7f3a".to_owned(),
        tag: run.clone(),
        setting: None,
    };
    let since = seen.taken_at;
    assert_eq!(
        emr.find_tagged(&step.application, &run, since)
            .await
            .unwrap(),
        None
    );

    let other = RestartStep {
        driver: Digest::of(b"another"),
        ..step.clone()
    };
    let refused = emr.start(&other).await.unwrap_err();
    assert_eq!(refused.kind, AwsErrorKind::Invalid);

    let first = emr.start(&step).await.unwrap();
    let second = emr.start(&step).await.unwrap();
    assert_eq!(first, second);
    let found = emr
        .find_tagged(&step.application, &run, since)
        .await
        .unwrap();
    assert_eq!(found.as_ref(), Some(&first));

    let full = emr
        .job_run(&step.application, &first)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(full.seen.driver, base.driver);
    assert_eq!(full.seen.mode, base.mode);
    assert_eq!(full.tags["sluice-run"], run.as_str());
    let now = whole.eyes.observer.look(&name).await;
    assert_eq!(
        now.jobs.seen().unwrap().runs[0].id,
        first,
        "newest first, and recognised"
    );
    ends(&emr, &step.application, &first).await;
}

/// The driver of a base job run is changed where the plan says, and nowhere else; one
/// that cannot be changed safely is refused before anything is started.
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_carries_the_starting_offsets_or_is_refused() {
    let whole = Whole::open().await;
    let name = stream("loyalty_points");
    let definition = sandbox::streams::streams()
        .into_iter()
        .find(|definition| definition.name == name.as_str())
        .unwrap();
    let world = &whole.world().emr;
    let application = world.application(definition.application).unwrap();
    let emr = whole.eyes.aws.changing(&name, "sluice-test").emr();
    let key = "spark.loyalty.startingOffsets";
    let value = r#"{"loyalty_points":{"0":1,"1":2,"2":3}}"#;
    let memory = "--conf spark.executor.memory=8g";
    for (number, (given, kept)) in [
        (format!("{memory} --conf {key}=latest"), Some(memory)),
        (format!("{memory} --conf '{key}=latest"), None),
    ]
    .into_iter()
    .enumerate()
    {
        let mut body = definition.submission(&format!("base-{number}"));
        body["jobDriver"]["sparkSubmit"]["sparkSubmitParameters"] = given.into();
        let request = StartJobRun::parse(&body, &application).unwrap();
        let base = world
            .start_job_run(&application.id, request, "arn:aws:iam::123456789012:user/x")
            .unwrap();
        let base: JobRunId = base.job_run_id.parse().unwrap();
        let seen = emr.job_run(&application.id, &base).await.unwrap().unwrap();
        let step = RestartStep {
            application: application.id.clone(),
            base,
            driver: seen.seen.driver,
            name: None,
            client_token: format!("carried-{number}"),
            tag: "orders-20261124-031200-7f3a".parse().unwrap(),
            setting: Some(domain::plan::Setting::Conf {
                key: key.to_owned(),
                value: value.to_owned(),
            }),
        };
        let Some(kept) = kept else {
            for refused in [emr.rehearse(&step).await, emr.start(&step).await.map(drop)] {
                let refused = refused.unwrap_err();
                assert_eq!(refused.kind, AwsErrorKind::Invalid);
                assert!(refused.message.contains("quoting"), "{refused:?}");
            }
            continue;
        };
        emr.rehearse(&step).await.unwrap();
        let started = emr.start(&step).await.unwrap();
        let run = world.job_run(&application.id, started.as_str()).unwrap();
        assert_eq!(run.spark_submit("sparkSubmitParameters"), kept);
        assert_eq!(
            run.configuration_overrides["applicationConfiguration"],
            serde_json::json!([
                { "classification": "spark-defaults", "properties": { key: value } }
            ])
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_job_run_ends_and_is_not_cancelled_twice() {
    let whole = Whole::open().await;
    let name = stream("payments");
    let emr = whole.eyes.aws.changing(&name, "sluice-test").emr();
    let seen = whole.eyes.observer.look(&name).await;
    let jobs = seen.jobs.seen().unwrap();
    let run = jobs.alive().next().expect("payments runs").clone();
    emr.cancel(&jobs.application, &run.id, Some(15))
        .await
        .unwrap();
    let state = ends(&emr, &jobs.application, &run.id).await;
    assert_eq!(state, JobRunState::Cancelled);
    let again = emr.cancel(&jobs.application, &run.id, None).await;
    assert!(
        again
            .as_ref()
            .is_err_and(|e| e.kind == AwsErrorKind::Invalid),
        "{again:?}"
    );
    let nobody: JobRunId = "00f0000000000000".parse().unwrap();
    assert!(
        emr.job_run(&jobs.application, &nobody)
            .await
            .unwrap()
            .is_none()
    );
    let looking = whole.eyes.aws.reading(&name).emr();
    let refused = looking
        .cancel(&jobs.application, &run.id, None)
        .await
        .unwrap_err();
    assert_eq!(refused.kind, AwsErrorKind::Denied);
    assert!(refused.request_id.is_some(), "AWS's support asks for it");
}

/// More than one page of job runs, of a script that is no stream's.
#[tokio::test(flavor = "multi_thread")]
async fn job_runs_are_listed_whole_and_foreign_ones_are_unexplained() {
    let whole = Whole::open().await;
    let name = stream("payments");
    let emr = &whole.world().emr;
    let definition = sandbox::streams::streams().remove(0);
    let application = emr.application(definition.application).unwrap();
    for n in 0..60 {
        let mut body = definition.submission(&format!("foreign-{n}"));
        body["name"] = "foreign".into();
        body["jobDriver"]["sparkSubmit"]["entryPoint"] =
            "s3://bucket/jobs/foreign.py".into();
        let request = StartJobRun::parse(&body, &application).unwrap();
        emr.start_job_run(&application.id, request, "arn:aws:iam::123456789012:user/x")
            .unwrap();
    }
    let seen = whole.eyes.observer.look_at_jobs(&name).await;
    let jobs = seen.seen().expect("EMR answers");
    assert!(jobs.others.iter().any(|run| run.tie == Tie::Application));
    assert!(
        jobs.runs
            .iter()
            .all(|run| run.name.as_deref() != Some("foreign"))
    );
    assert_eq!(jobs.alive().count(), 1);

    let looking = whole.eyes.aws.reading(&name).emr();
    let all = looking.job_runs(&application.id, None).await.unwrap();
    let foreign: BTreeSet<&JobRunId> = all
        .iter()
        .filter(|run| run.name.as_deref() == Some("foreign"))
        .map(|run| &run.id)
        .collect();
    assert_eq!(foreign.len(), 60);
    // Each ends by itself, for there is no such script; what was alive at the
    // look before and is in no listing now is asked for by its id.
    until("the end of the foreign job runs", || async {
        let seen = whole.eyes.observer.look_at_jobs(&name).await;
        seen.seen().unwrap().others.is_empty().then_some(())
    })
    .await;
}

/// Waits for the end, cancelling what would go on.
async fn ends(emr: &Emr, application: &str, id: &JobRunId) -> JobRunState {
    until("the end of the job run", || async {
        let state = emr
            .job_run(application, id)
            .await
            .unwrap()
            .unwrap()
            .seen
            .state;
        if state.is_terminal() {
            return Some(state);
        }
        // Refused while it is being cancelled already.
        let _ = emr.cancel(application, id, None).await;
        None
    })
    .await
}
