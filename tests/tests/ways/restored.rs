//! A backup that is put back: judged by the objects that then lie there, by the
//! bronze objects that the job writes, and by the sandbox's record.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::plan::PlanKind;
use domain::run::Gate;
use domain::sink::{SinkSeen, Whose};
use sandbox::streams::BUCKET;
use sandbox::world::Lever;
use serde_json::Value;
use tests::{Deeds, Guided, Objects, Stage, until};

use crate::{Went, carried_out, repeated_as_promised};

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_put_back_to_the_last_object_and_what_came_after_is_read_again() {
    puts_back(&Stage::set("payments").await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_with_state_is_put_back_with_its_state() {
    let sealed = puts_back(&Stage::set("baskets").await).await;
    let state = sealed
        .objects
        .keys()
        .filter(|key| key.starts_with("state/"));
    assert!(state.count() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn under_a_sink_that_remembers_later_batches_the_query_gets_another_id() {
    let stage = Stage::set("refunds").await;
    // Hardly anything comes by itself, and a start is watched for some batches.
    let stream = stage.definition.name.to_owned();
    let on = Lever::Producer { stream, on: true };
    stage.ground.sandbox.world.pull(on).expect("it produces");
    let run = stage.opens_a_run().await;
    chooses_to_restart(&run).await;
    run.secures().await;
    let plan = run.plans(PlanKind::Reset).await;
    run.starts(&plan).await;
    run.is_done().await;
    let sealed = run.state().await.sealed.expect("a backup");
    // The table remembers a batch that the backup does not hold.
    let remembered = remembers_another(&stage, &run).await;
    let id = stage.query_id();

    let run = stage.opens_a_run().await;
    let backup = format!("{}#{}", sealed.backup.uri(), sealed.sha256);
    run.chooses("restore", &[("backup", &backup)]).await;
    run.secures().await;
    let plan = run.plans(PlanKind::Reset).await;
    assert!(plan.cost().repeated > 0, "{:?}", plan.cost());
    run.starts(&plan).await;
    run.is_done().await;
    assert_ne!(stage.query_id(), id, "Iceberg would drop its batches");
    // Under the new id what was read again was written: a batch of an old number.
    let again = until("a batch", Duration::from_secs(60), async || {
        let seen = sink(&run).await;
        let newest = seen.newest_of_this_query().cloned();
        newest.ok_or_else(|| format!("{seen:?}"))
    })
    .await;
    assert_eq!(again.whose, Whose::ThisQuery);
    assert!(again.batch <= remembered, "{again:?} after {remembered}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_torn_backup_is_refused_before_anything_is_changed() {
    let stage = Stage::set("payments").await;
    let bucket = stage.ground.bucket();
    let sealed = seals_and_goes_on(&stage).await;
    let run = stage.opens_a_run().await;
    run.chooses("restore", &[("backup", &sealed.uri)]).await;
    run.secures().await;
    let plan = run.plans(PlanKind::Reset).await;
    let metadata = format!("{}metadata", sealed.prefix);
    let bytes = bucket.bytes(&metadata).expect("it was sealed");
    bucket.put(&metadata, b"{}");
    let before = stage.checkpoint();
    run.starts(&plan).await;
    let parked = until("a parked Run", Duration::from_secs(180), async || {
        let state = run.state().await;
        assert_eq!(state.gate, Gate::Untouched);
        let told = format!("{:?}", state.reset);
        state.parked.ok_or(told)
    })
    .await;
    assert!(parked.0.contains("not what was sealed"), "{parked:?}");
    assert_eq!(stage.checkpoint(), before);
    let touched = stage.deeds().changes_by("PutObject", &stage_prefix(&stage));
    assert_eq!(touched, BTreeMap::new());

    // Nor is it chosen, or planned, while it is so.
    let refused = run
        .asks(
            "choose",
            &[
                ("option", "restore"),
                ("backup", &sealed.uri),
                ("reason", "Again."),
            ],
        )
        .await;
    assert!(refused.is_err(), "a torn backup can be chosen");
    // Whole again, but under a manifest that nobody sealed.
    bucket.put(&metadata, &bytes);
    let manifest = format!("{}.manifest.json", sealed.prefix.trim_end_matches('/'));
    let sealed_as = bucket.bytes(&manifest).expect("a manifest");
    let text = String::from_utf8(sealed_as.clone()).expect("JSON");
    let run_of = "\"run\":\"payments-";
    assert!(text.contains(run_of));
    bucket.put(
        &manifest,
        text.replace(run_of, "\"run\":\"payments-x").as_bytes(),
    );
    let row = backup_row(&run.page().await, &sealed.uri);
    let why = row["not_possible"].as_str().unwrap_or_default();
    assert!(why.contains("knows no seal of it"), "{row}");
    bucket.put(&manifest, &sealed_as);
    until("an offer", Duration::from_secs(90), async || {
        let row = backup_row(&run.page().await, &sealed.uri);
        let possible = row["not_possible"].is_null();
        possible.then_some(()).ok_or_else(|| row.to_string())
    })
    .await;
}

/// Records come, and the table has a batch of them; its number.
async fn remembers_another(stage: &Stage, run: &Guided) -> i64 {
    let newest = sink(run).await.newest_of_this_query().map(|m| m.batch);
    let stream = stage.definition.name.to_owned();
    let flood = Lever::Flood {
        stream,
        records: 600,
    };
    let world = &stage.ground.sandbox.world;
    world.pull(flood).expect("they come");
    until("another batch", Duration::from_secs(120), async || {
        let seen = sink(run).await;
        let now = seen.newest_of_this_query().map(|m| m.batch);
        now.filter(|_| now > newest)
            .ok_or_else(|| format!("{seen:?}"))
    })
    .await
}

/// The sink as the stream's page has it.
async fn sink(run: &Guided) -> SinkSeen {
    let name = run.state().await.stream;
    let page: Value = run
        .person
        .read("stream", &[("name", name.as_str())])
        .await
        .expect("the stream's page");
    let seen = page["snapshot"]["sink"]["value"].clone();
    serde_json::from_value(seen).expect("it was looked at")
}

/// A backup that a Run has made, from which the job then went on.
struct Sealed {
    uri: String,
    prefix: String,
    objects: Objects,
}

/// Chooses to restart a job that is at work. What was seen last may be of a moment
/// at which Kafka was asked before the log was read, and then the log is ahead.
async fn chooses_to_restart(run: &Guided) {
    let fields = [("option", "restart"), ("reason", "For a backup.")];
    until("a choice", Duration::from_secs(120), async || {
        let refused = run.asks("choose", &fields).await.err();
        refused.map_or(Ok(()), |refused| Err(format!("{refused:?}")))
    })
    .await;
}

/// Makes a backup by a Run that only restarts.
async fn seals_and_goes_on(stage: &Stage) -> Sealed {
    let run = stage.opens_a_run().await;
    chooses_to_restart(&run).await;
    run.secures().await;
    carried_out(stage, &run).await;
    let sealed = run.state().await.sealed.expect("a backup");
    let prefix = sealed.backup.key().to_owned();
    Sealed {
        uri: format!("s3://{BUCKET}/{prefix}#{}", sealed.sha256),
        objects: stage.ground.bucket().objects(&prefix),
        prefix,
    }
}

async fn puts_back(stage: &Stage) -> Sealed {
    let sealed = seals_and_goes_on(stage).await;
    let run = stage.opens_a_run().await;
    // A page may show what was seen a few seconds ago.
    let row = until("an offer", Duration::from_secs(90), async || {
        let row = backup_row(&run.page().await, &sealed.uri);
        let possible = row["not_possible"].is_null();
        possible.then(|| row.clone()).ok_or_else(|| row.to_string())
    })
    .await;
    assert_eq!(row["held"]["objects"], sealed.objects.len());
    // The page offers it without script, under the name that it has in S3.
    let page = run.person.open(&format!("/runs/{}/way-out", run.run)).await;
    let html = page.text().await.expect("a page");
    assert!(html.contains("Backups of this stream, newest first"));
    assert!(html.contains(&sealed.uri), "it is not among the answers");
    run.chooses("restore", &[("backup", &sealed.uri)]).await;
    run.secures().await;
    let before = stage.checkpoint();
    let etags = stage.ground.bucket().etags(&stage_prefix(stage));
    let recorded = stage.ground.sandbox.shared.record.last_seq();
    let Went { plan, bronze, .. } = carried_out(stage, &run).await;
    repeated_as_promised(stage, &bronze, &plan);
    assert!(plan.cost().repeated > 0, "{:?}", plan.cost());

    // What was there went, each once; what was sealed came, each once; and when the
    // job was started, exactly that lay there.
    let prefix = stage_prefix(stage);
    let deeds = Deeds::since(&stage.ground.sandbox.shared.record, recorded);
    let once = |objects: &Objects| -> BTreeMap<String, usize> {
        let keys = objects.keys().filter(|key| *key != "metadata");
        keys.map(|key| (key.clone(), 1)).collect()
    };
    assert_eq!(deeds.changes_by("DeleteObjects", &prefix), once(&before));
    assert_eq!(
        deeds.changes_by("CopyObject", &prefix),
        once(&sealed.objects)
    );
    let written = deeds.changes_by("PutObject", &prefix);
    assert_eq!(written, BTreeMap::from([("metadata".to_owned(), 2)]));
    let there = deeds.etags_at_the_start(&prefix, &etags);
    assert_eq!(there, stage.ground.bucket().etags(&sealed.prefix));
    // The backup is as it was, and so is the one of what was there.
    assert_eq!(
        stage.ground.bucket().objects(&sealed.prefix),
        sealed.objects
    );
    let own = plan.body.sealed.as_ref().expect("a backup").backup.key();
    assert_eq!(stage.ground.bucket().objects(own), before);
    run.is_healthy_again().await;
    sealed
}

fn stage_prefix(stage: &Stage) -> String {
    stage.definition.checkpoint_prefix()
}

/// What the page says of a backup.
fn backup_row(page: &Value, uri: &str) -> Value {
    let rows = page["backups"].as_array().expect("backups");
    let place = uri.split('#').next().unwrap_or(uri);
    let is_there = |row: &&Value| {
        row["value"]
            .as_str()
            .is_some_and(|value| value.starts_with(place))
    };
    let row = rows.iter().find(is_there);
    row.unwrap_or_else(|| panic!("{uri} is not listed: {rows:?}"))
        .clone()
}
