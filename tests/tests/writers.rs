//! Who else may write a checkpoint: a job run that nobody knows is answered for by a
//! person, and one that writes it stands in the way whatever anybody says.

use domain::plan::PlanKind;
use domain::run::ChecklistItem;
use domain::snapshot::{OtherRun, Tie};
use sandbox::emr::StartJobRun;
use sandbox::streams::streams;
use serde_json::{Value, json};
use std::time::Duration;
use tests::{Ground, Guided, Person, until};

const STARTED_BY: &str = "arn:aws:iam::123456789012:user/x";

#[tokio::test(flavor = "multi_thread")]
async fn a_job_run_that_nobody_knows_is_answered_for_before_anything_is_stopped() {
    let ground = Ground::new().await;
    let _sluice = ground.serve().await;
    let oda = Person::signed_in(&ground, "oda").await;
    let orders = "orders".parse().expect("a name");
    let run = Guided::opened(&oda, &orders).await;
    run.chooses("latest", &[]).await;
    let stranger = stranger(&ground);
    let seen = other_run(&oda, &stranger, Tie::Application).await;
    // Payments' job runs in the role that orders' does: that alone ties nothing.
    assert_eq!(seen.same_role, Some(true));
    assert_eq!(seen.starter.expect("EMR tells").by, STARTED_BY);

    let refused = run
        .asks("make-plan", &[("kind", PlanKind::Secure.word())])
        .await
        .expect_err("nobody has said what it is");
    assert!(refused.body.contains(&stranger), "{refused:?}");

    let word = [
        ("item", "writers"),
        ("by", "word"),
        (
            "text",
            "The backfill of last week; it has a checkpoint of its own.",
        ),
    ];
    run.does("answer", &word).await;
    let answer = run.state().await.answers[&ChecklistItem::Writers].clone();
    assert!(answer.text().contains("The backfill"), "{answer:?}");

    let plan = run.plans(PlanKind::Secure).await;
    assert_eq!(plan.body.explained, [stranger.parse().expect("an id")]);
    let note = plan.body.notes.iter().find(|note| note.contains(&stranger));
    assert!(
        note.is_some_and(|note| note.contains("person's word")),
        "{note:?}"
    );
    run.starts(&plan).await;
    run.is_sealed().await;

    // Another that came later is not what was answered for.
    let second = stranger_named(&ground, "backfill-2");
    other_run(&oda, &second, Tie::Application).await;
    let refused = run
        .asks("make-plan", &[("kind", PlanKind::Reset.word())])
        .await
        .expect_err("the word was for the first");
    assert!(refused.body.contains(&second), "{refused:?}");
    assert!(!refused.body.contains(&stranger), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_on_another_application_stands_in_the_way_whatever_is_said() {
    let ground = Ground::new().await;
    let orders = ground.orders();
    let emr = &ground.sandbox.world.emr;
    let elsewhere = streams()
        .into_iter()
        .map(|stream| stream.application)
        .find(|application| *application != orders.application)
        .expect("the sandbox has other applications");
    // A script that goes on, told to write the checkpoint of orders.
    let mut body = backfill(&ground, "copy-of-orders");
    let checkpoint = format!(
        "s3://{}/{}",
        sandbox::streams::BUCKET,
        orders.checkpoint_prefix()
    );
    body["jobDriver"]["sparkSubmit"]["entryPointArguments"] =
        json!(["--checkpoint", checkpoint]);
    let writer = started(&ground, elsewhere, &body);
    assert!(emr.application(elsewhere).is_ok());

    let _sluice = ground.serve().await;
    let oda = Person::signed_in(&ground, "oda").await;
    let found = other_run(&oda, &writer, Tie::Checkpoint).await;
    assert_eq!(found.application, elsewhere);
    let page = oda
        .open("/streams/orders")
        .await
        .text()
        .await
        .expect("a page");
    assert!(page.contains("Another job writes this checkpoint"));
    assert!(page.contains("C48"), "it is a finding too");

    let run = Guided::opened(&oda, &"orders".parse().expect("a name")).await;
    run.chooses("latest", &[]).await;
    let word = [
        ("item", "writers"),
        ("by", "word"),
        ("text", "It will be all right."),
    ];
    run.does("answer", &word).await;
    let refused = run
        .asks("make-plan", &[("kind", PlanKind::Secure.word())])
        .await
        .expect_err("two writers destroy a checkpoint");
    assert!(refused.body.contains(&writer), "{refused:?}");
    assert!(refused.body.contains("Stop it"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_of_airflow_is_told_by_what_it_left_at_emr() {
    let ground = Ground::new().await;
    let _sluice = ground.serve().await;
    let oda = Person::signed_in(&ground, "oda").await;
    let mut body = backfill(&ground, "emr_serverless_job_airflow_4e77370e");
    body["tags"] = json!({ "dag_id": "orders_backfill", "task_id": "start" });
    body["executionRoleArn"] =
        json!("arn:aws:iam::123456789012:role/sluice-sandbox-airflow-jobs");
    let id = started(&ground, ground.orders().application, &body);
    let seen = other_run(&oda, &id, Tie::Application).await;
    assert_eq!(seen.same_role, Some(false));
    let page = oda.open("/streams/orders").await;
    let html = page.text().await.expect("a page");
    assert!(
        html.contains(
            "Airflow&#x27;s task start of the DAG orders_backfill, by its tags"
        ) || html
            .contains("Airflow's task start of the DAG orders_backfill, by its tags")
    );
    assert!(html.contains("another role than this stream"));
}

/// A conf that the job was submitted with and that its checkpoint overrules.
#[tokio::test(flavor = "multi_thread")]
async fn a_conf_that_the_checkpoint_overrules_is_a_finding() {
    let ground = Ground::new().await;
    let baskets = streams()
        .into_iter()
        .find(|stream| stream.name == "baskets")
        .expect("the sandbox has baskets");
    let mut body = baskets.submission("more-partitions");
    body["jobDriver"]["sparkSubmit"]["sparkSubmitParameters"] = json!(
        "--conf spark.sql.shuffle.partitions=977 --conf spark.sql.x.token=hush-hush"
    );
    let _sluice = ground.serve().await;
    let oda = Person::signed_in(&ground, "oda").await;
    let findings = async || {
        let page: Value = oda
            .read("stream", &[("name", baskets.name)])
            .await
            .expect("the page of baskets");
        page["snapshot"]["checkpoint"]["value"]["findings"].to_string()
    };
    until("a look", Duration::from_secs(60), async || {
        let found = findings().await;
        if found.contains("C12") {
            Ok(())
        } else {
            Err(found)
        }
    })
    .await;
    assert!(
        !findings().await.contains("C50"),
        "nothing is overruled yet"
    );
    started(&ground, baskets.application, &body);
    let found = until("C50", Duration::from_secs(60), async || {
        let found = findings().await;
        if found.contains("C50") {
            Ok(found)
        } else {
            Err(found)
        }
    })
    .await;
    assert!(found.contains("and 977 in the job"), "{found}");
    assert!(!found.contains("hush"), "{found}");
}

/// A job run on the application of orders that is no stream's and goes on.
fn stranger(ground: &Ground) -> String {
    stranger_named(ground, "backfill-1")
}

fn stranger_named(ground: &Ground, name: &str) -> String {
    let body = backfill(ground, name);
    started(ground, ground.orders().application, &body)
}

/// The submission of a healthy stream's job under another name, with a script and a
/// checkpoint of its own.
fn backfill(ground: &Ground, name: &str) -> Value {
    let payments = streams()
        .into_iter()
        .find(|stream| stream.name == "payments")
        .expect("the sandbox has payments");
    let key = format!("jobs/{name}.py");
    let script = payments.script.replace(
        &payments.checkpoint_prefix(),
        &format!("_checkpoints/{name}/"),
    );
    assert_ne!(script, payments.script);
    ground.bucket().put(&key, script.as_bytes());
    let mut body = payments.submission(name);
    body["name"] = name.into();
    body["jobDriver"]["sparkSubmit"]["entryPoint"] =
        format!("s3://{}/{key}", sandbox::streams::BUCKET).into();
    body
}

fn started(ground: &Ground, application: &str, body: &Value) -> String {
    let emr = &ground.sandbox.world.emr;
    let application = emr.application(application).expect("an application");
    let request = StartJobRun::parse(body, &application).expect("a submission");
    let started = emr
        .start_job_run(&application.id, request, STARTED_BY)
        .expect("it starts");
    started.job_run_id
}

/// Waits until the stream's page tells of the job run.
async fn other_run(person: &Person, id: &str, tie: Tie) -> OtherRun {
    until("the other job run", Duration::from_secs(120), async || {
        let page: Value = person
            .read("stream", &[("name", "orders")])
            .await
            .expect("the page of orders");
        let jobs = &page["snapshot"]["jobs"]["value"]["others"];
        let others: Vec<OtherRun> = serde_json::from_value(jobs.clone())
            .map_err(|error| format!("{error}: {}", page["snapshot"]["jobs"]))?;
        let found = others.iter().find(|run| run.id.as_str() == id);
        match found {
            Some(run) if run.tie == tie => Ok(run.clone()),
            _ => Err(format!("{others:?}")),
        }
    })
    .await
}
