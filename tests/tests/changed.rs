//! What changed since the last good run: told key by key, and no secret with it.

use domain::changed::{CancelledBy, Changed, FileNow, Setting, Value};
use sandbox::emr::StartJobRun;
use sandbox::iam::NARROWED_ROLE;
use sandbox::s3::{Condition, Meta};
use sandbox::streams::{BUCKET, StreamDefinition};
use sandbox::wire::ACCOUNT;
use sandbox::world::World;
use serde::Deserialize;
use serde_json::json;
use std::time::Duration;
use tests::{Ground, Person, until};

const HUSH: &str = "hush-hush-4711";

/// What a page is drawn from, as far as these tests look at it.
#[derive(Deserialize)]
struct Page {
    changed: Result<Changed, String>,
}

async fn changed(person: &Person, stream: &str) -> Result<Changed, String> {
    let page: Page = person
        .read("troubleshoot", &[("name", stream)])
        .await
        .unwrap_or_else(|refused| panic!("{refused:?}"));
    page.changed
}

/// The comparison, once the checkpoint was looked at.
async fn compared(person: &Person, stream: &str) -> Changed {
    let mut last = None;
    until("a comparison", Duration::from_secs(60), async || {
        last = Some(changed(person, stream).await?);
        Ok(())
    })
    .await;
    last.expect("it came")
}

/// Starts the stream's job with other parameters, arguments and role.
fn start_otherwise(world: &World, stream: &StreamDefinition) -> String {
    let mut body = stream.submission("changed");
    let spark = &mut body["jobDriver"]["sparkSubmit"];
    spark["sparkSubmitParameters"] = json!(format!(
        "--conf spark.executor.memory=16g --jars s3://{BUCKET}/jobs/none.jar \
         --conf spark.kafka.sasl.jaas.config={HUSH}"
    ));
    spark["entryPointArguments"] = json!(["--since=monday", "--api-token", HUSH]);
    body["executionRoleArn"] =
        json!(format!("arn:aws:iam::{ACCOUNT}:role/{NARROWED_ROLE}"));
    let application = world
        .emr
        .application(stream.application)
        .expect("it is there");
    let request = StartJobRun::parse(&body, &application).expect("a submission");
    let by = format!("arn:aws:iam::{ACCOUNT}:user/airflow");
    let started = world.emr.start_job_run(&application.id, request, &by);
    started.expect("it is taken").job_run_id
}

fn of<'a>(settings: &'a [Setting], key: &str) -> (&'a Value, &'a Value) {
    let found = settings.iter().find(|setting| setting.key == key);
    let found = found.unwrap_or_else(|| panic!("{key} is not told: {settings:?}"));
    (&found.before, &found.after)
}

#[tokio::test(flavor = "multi_thread")]
async fn another_start_is_told_key_by_key_and_its_secrets_are_not() {
    let ground = Ground::new().await;
    let _sluice = ground.serve().await;
    let vera = Person::signed_in(&ground, "vera").await;
    let world = &ground.sandbox.world;
    let orders = ground.orders();

    // The run that failed on the torn file is the one that did its work before.
    let before = compared(&vera, "orders").await;
    assert!(before.is_one_run(), "{before:?}");
    assert_eq!(before.settings, []);

    let id = start_otherwise(world, &orders);
    let script = format!("jobs/{}", orders.script_name);
    let by = World::console();
    world
        .store
        .put(
            &by,
            BUCKET,
            &script,
            orders.script.as_bytes(),
            Meta::default(),
            &Condition::default(),
        )
        .expect("the script is written anew");

    let now = compared(&vera, "orders").await;
    assert_eq!(now.newest.id.as_str(), id);
    assert_eq!(now.good.id, before.newest.id);
    let shown = |text: &str| Value::Shown(text.to_owned());
    let settings = &now.settings;
    assert_eq!(
        of(settings, "spark.executor.memory"),
        (&shown("8g"), &shown("16g"))
    );
    assert_eq!(
        of(settings, "argument --since"),
        (&Value::Absent, &shown("monday"))
    );
    let (_, role) = of(settings, "role");
    assert!(format!("{role:?}").contains(NARROWED_ROLE), "{role:?}");
    for key in ["argument --api-token", "spark.kafka.sasl.jaas.config"] {
        assert_eq!(of(settings, key), (&Value::Absent, &Value::Hidden));
    }
    let files: Vec<(&str, &FileNow)> = now
        .files
        .iter()
        .map(|f| (f.what.as_str(), &f.now))
        .collect();
    let [
        ("script", FileNow::There { written_at, .. }),
        ("jar", FileNow::Missing),
    ] = files[..]
    else {
        panic!("{files:?}");
    };
    assert!(*written_at > now.good.submitted_at, "{now:?}");

    let html = vera.open("/streams/orders/troubleshoot").await;
    let html = html.text().await.expect("a page");
    assert!(html.contains("it may be a secret") && html.contains("written anew"));
    assert!(!html.contains(HUSH), "a secret is on the page");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cancelled_the_last_good_run_is_unknown_where_emr_does_not_say() {
    let ground = Ground::new().await;
    let _sluice = ground.serve().await;
    let vera = Person::signed_in(&ground, "vera").await;
    let now = compared(&vera, "telemetry").await;
    assert!(!now.is_one_run(), "{now:?}");
    assert_eq!(now.good.state, "CANCELLED");
    assert_eq!(now.good.cancelled, Some(CancelledBy::Unknown));
    assert_eq!(now.newest.cancelled, None);
    let memory = of(&now.settings, "spark.executor.memory");
    assert_eq!(
        memory,
        (
            &Value::Shown("8g".to_owned()),
            &Value::Shown("16g".to_owned())
        )
    );
    let html = vera.open("/streams/telemetry/troubleshoot").await;
    let html = html.text().await.expect("a page");
    assert!(html.contains("Who cancelled it is unknown"), "{html}");
    // A stream whose newest run does its work is compared with nothing.
    let payments = compared(&vera, "payments").await;
    assert!(payments.is_one_run(), "{payments:?}");
    assert!(
        payments.files.iter().all(|file| matches!(
            file.now,
            FileNow::There { written_at, .. } if written_at < payments.good.submitted_at
        )),
        "{payments:?}"
    );
}
