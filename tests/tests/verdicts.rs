//! What the home page says when many streams fall at once.

use std::time::Duration;

use domain::ids::StreamName;
use domain::verdict::{Cause, CauseKind, CommonCause, Shared};
use sandbox::emr::{JobRunState, StartJobRun};
use sandbox::streams::{LOG_GROUP, Story, streams};
use sandbox::world::Lever;
use tests::{Ground, Person, until};

/// The application that most of the sandbox's streams run on.
fn application() -> &'static str {
    streams()[0].application
}

#[tokio::test(flavor = "multi_thread")]
async fn what_streams_that_fall_at_once_share_is_named_first_and_leads_to_them() {
    let ground = Ground::new().await;
    let _sluice = ground.serve().await;
    let oda = Person::signed_in(&ground, "oda").await;
    // The jobs of one application are cancelled. Two of its streams had ended, and
    // for the driver that hangs time stands still.
    let fallen: Vec<StreamName> = streams()
        .iter()
        .filter(|stream| stream.application == application())
        .filter(|stream| stream.story != Story::Stuck)
        .filter(|stream| {
            let stream = stream.name.to_owned();
            ground.sandbox.world.pull(Lever::Cancel { stream }).is_ok()
        })
        .map(|stream| stream.name.parse().expect("a name"))
        .collect();
    assert!(fallen.len() >= 6, "{fallen:?}");
    let found = until("the common cause", Duration::from_secs(60), async || {
        let page: serde_json::Value =
            oda.read("streams", &[]).await.expect("the home page");
        let common: Vec<CommonCause> =
            serde_json::from_value(page["common"].clone()).expect("causes");
        let wide = common
            .iter()
            .find(|cause| fallen.iter().all(|name| cause.streams.contains(name)));
        wide.cloned().ok_or_else(|| {
            let kinds = page["streams"].as_array().into_iter().flatten();
            let kinds: Vec<String> = kinds
                .map(|row| {
                    let verdict = &row["verdict"];
                    format!("{} {} {}", row["name"], verdict["kind"], verdict["since"])
                })
                .collect();
            format!("{fallen:?}\n{common:?}\n{}", kinds.join("\n"))
        })
    })
    .await;
    let shared = Shared::Application(application().to_owned());
    assert!(found.shared.contains(&shared), "{found:?}");
    let html = oda.open("/").await.text().await.expect("a page");
    let strip = html.find("fell at once").expect("the strip stands there");
    let table = html.find("<table").expect("the list stands there");
    assert!(strip < table, "it stands before the list");
    for name in &fallen {
        let link = format!("href=\"/streams/{name}\"");
        assert!(html[strip..table].contains(&link), "{name} is not linked");
    }
}

/// More than is read of the end of a log.
const LINES_AFTER: i64 = 2_600;

#[tokio::test(flavor = "multi_thread")]
async fn why_a_job_failed_is_found_however_much_it_logged_after() {
    let ground = Ground::new().await;
    let world = &ground.sandbox.world;
    let payments = streams()
        .into_iter()
        .find(|stream| stream.name == "payments")
        .expect("the sandbox has payments");
    let stream = || payments.name.to_owned();
    world
        .pull(Lever::Cancel { stream: stream() })
        .expect("it runs");
    let before = world.job_run(payments.name).expect("it ran").id;
    world
        .emr
        .wait_until(&before, |run| run.state.is_terminal())
        .await;
    // A job run that is given up at its first failure.
    let mut body = payments.submission("given-up");
    body["retryPolicy"]["maxFailedAttemptsPerHour"] = 1.into();
    let application = world
        .emr
        .application(payments.application)
        .expect("it is there");
    let request = StartJobRun::parse(&body, &application).expect("a submission");
    let by = "arn:aws:iam::123456789012:user/x";
    let id = world
        .emr
        .start_job_run(&application.id, request, by)
        .expect("it is taken")
        .job_run_id;
    world
        .emr
        .wait_until(&id, |run| run.state == JobRunState::Running)
        .await;
    let began = ground.sandbox.shared.clock.now_ms();
    let log = format!(
        "applications/{}/jobs/{id}/attempts/1/SPARK_DRIVER/stderr",
        payments.application
    );
    let error = "25/01/15 00:00:00 ERROR MicroBatchExecution: Query terminated with \
                 error: org.apache.kafka.common.errors.SaslAuthenticationException: \
                 Authentication failed during authentication due to invalid credentials";
    let chatter = (1..=LINES_AFTER).map(|n| {
        let line = format!("25/01/15 00:00:01 INFO Worker: all is well, {n}");
        (began + 1 + n / 100, line)
    });
    let lines = std::iter::once((began, error.to_owned())).chain(chatter);
    let now = ground.sandbox.shared.clock.now_ms();
    world
        .logs
        .ensure_stream(LOG_GROUP, &log, now)
        .expect("the driver's log");
    world
        .logs
        .put(LOG_GROUP, &log, lines, now)
        .expect("the driver has a log");
    // A driver that is not up yet is lost by none of it.
    until(
        "the end of the job run",
        Duration::from_secs(60),
        async || {
            world
                .pull(Lever::Crash { stream: stream() })
                .map_err(|error| error.to_string())?;
            let run = world.emr.job_run(payments.application, &id);
            match run.map(|run| run.state) {
                Ok(JobRunState::Failed) => Ok(()),
                other => Err(format!("{other:?}")),
            }
        },
    )
    .await;

    let _sluice = ground.serve().await;
    let vera = Person::signed_in(&ground, "vera").await;
    let cause: Cause = until("the cause", Duration::from_secs(60), async || {
        let page: serde_json::Value = vera
            .read("stream", &[("name", payments.name)])
            .await
            .expect("the page");
        let verdict = &page["row"]["verdict"];
        serde_json::from_value(verdict["cause"].clone())
            .map_err(|_| format!("{verdict:#}"))
    })
    .await;
    assert_eq!(cause.kind, CauseKind::Secret);
    assert!(
        cause.line.contains("SaslAuthenticationException"),
        "{cause:?}"
    );
}
