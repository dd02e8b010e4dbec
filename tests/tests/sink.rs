//! The sink, found by looking: what it is, what it remembers, and what that does to a
//! start and to each way out.

use std::time::Duration;

use domain::checkpoint::{Finding, SinkLogName};
use domain::ids::StreamName;
use domain::sink::{SinkSeen, Whose};
use domain::snapshot::Observed;
use domain::stream::SinkKind;
use sandbox::streams::{StreamDefinition, streams};
use sandbox::world::Lever;
use serde_json::Value;
use tests::{Ground, Guided, Person, until};

const WITHIN: Duration = Duration::from_secs(90);

#[tokio::test(flavor = "multi_thread")]
async fn each_sink_is_known_by_its_log_and_what_it_remembers_is_told() {
    let ground = Ground::new().await;
    let _sluice = ground.serve().await;
    let oda = Person::signed_in(&ground, "oda").await;
    for (name, kind, whose) in [
        ("orders", SinkKind::PlainFiles, None),
        ("clicks", SinkKind::FileSink, Some(Whose::AnyQuery)),
        ("telemetry", SinkKind::Delta, Some(Whose::ThisQuery)),
        ("refunds", SinkKind::Iceberg, Some(Whose::ThisQuery)),
    ] {
        let seen = sink(&oda, name).await;
        assert_eq!(seen.kind(), Some(kind), "{name}: {seen:?}");
        let newest = seen.newest_of_this_query();
        assert_eq!(newest.map(|memory| memory.whose), whose, "{name}: {seen:?}");
        assert_eq!(seen.findings, [], "{name}");
        // The newest file is another one by the next look at a stream at work.
        until("a page of the same look", WITHIN, async || {
            let by = sink(&oda, name).await.found.expect("a sink").by;
            let html = page(&oda, &format!("/streams/{name}")).await;
            let told = html.contains(kind.title()) && html.contains(&by);
            told.then_some(()).ok_or_else(|| format!("{name}: {by}"))
        })
        .await;
    }
    // A reset of the file sink's stream would lose batches, one of the table's none.
    for (name, refused, words) in [
        ("clicks", true, "move _spark_metadata aside"),
        ("telemetry", false, "a new id, so that no batch is dropped"),
    ] {
        let stream: StreamName = name.parse().expect("a name");
        let run = Guided::opened_bare(&oda, &stream).await;
        let options = run.page().await["options"].clone();
        let options = options.as_array().expect("the ways out").clone();
        let cleared = options.iter().filter(|option| clears(option));
        assert_eq!(cleared.clone().count(), 4, "{options:?}");
        for option in cleared {
            let reason = option["not_possible"].as_str();
            let said = reason.or(option["sink"].as_str()).unwrap_or_default();
            assert_eq!(reason.is_some(), refused, "{name}: {option}");
            assert!(said.contains(words), "{name}: {option}");
        }
        let html = page(&oda, &format!("/runs/{}/way-out", run.run)).await;
        assert!(html.contains(words), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_that_went_back_behind_its_sink_is_found_out() {
    let ground = Ground::new().await;
    let _sluice = ground.serve().await;
    let oda = Person::signed_in(&ground, "oda").await;
    for (name, id) in [("clicks", "C44"), ("telemetry", "C46"), ("refunds", "C47")] {
        let before = sink(&oda, name).await;
        stops(&ground, &oda, name).await;
        let definition = definition(name);
        let newest = goes_back(&ground, &definition, 5);
        let found = until("the finding", WITHIN, async || {
            let seen = sink(&oda, name).await;
            let found = seen.findings.iter().find(|finding| finding.id == id);
            found.cloned().ok_or_else(|| format!("{seen:?}"))
        })
        .await;
        let found: Finding = found;
        let first = format!("batch {} with new offsets", newest + 1);
        assert!(found.message.contains(&first), "{}", found.message);
        assert!(!found.why.is_empty());
        let seen = sink(&oda, name).await;
        assert_eq!(seen.kind(), before.kind());
        let html = page(&oda, &format!("/streams/{name}")).await;
        assert!(html.contains(&format!("check {id}")), "{name}");
        assert!(html.contains("drops batches in silence"), "{name}");
    }
    // A log with a gap is broken for whoever reads it.
    let sink_of_clicks = definition("clicks").bronze_prefix();
    let log = format!("{sink_of_clicks}_spark_metadata/");
    let keys = ground.bucket().keys(&log);
    let batches = |key: &String| SinkLogName::of(&key[log.len()..]);
    let newest = keys.iter().filter_map(batches).map(SinkLogName::batch);
    let newest = newest.max().expect("a batch");
    ground.bucket().put(&format!("{log}{}", newest + 2), b"v1");
    until("the gap", WITHIN, async || {
        let seen = sink(&oda, "clicks").await;
        let gap = seen.findings.iter().any(|finding| finding.id == "C45");
        gap.then_some(()).ok_or_else(|| format!("{seen:?}"))
    })
    .await;
}

/// A sink that lies elsewhere, or is another, than is configured.
#[tokio::test(flavor = "multi_thread")]
async fn another_kind_than_the_configured_is_said_and_plans_go_by_it() {
    let ground = Ground::new().await;
    let _sluice = ground.serve().await;
    let oda = Person::signed_in(&ground, "oda").await;
    let place = definition("orders").bronze_prefix();
    ground
        .bucket()
        .put(&format!("{place}_spark_metadata/0"), b"v1");
    until("the file sink", WITHIN, async || {
        let seen = sink(&oda, "orders").await;
        let kind = seen.kind() == Some(SinkKind::FileSink);
        kind.then_some(()).ok_or_else(|| format!("{seen:?}"))
    })
    .await;
    let html = page(&oda, "/streams/orders").await;
    let said = "file sink, and plain files is configured.";
    assert!(html.contains(said), "it is not said");
    let run = Guided::opened_bare(&oda, &"orders".parse().expect("a name")).await;
    let options = run.page().await["options"].clone();
    let options = options.as_array().expect("the ways out").clone();
    for option in options.iter().filter(|option| clears(option)) {
        let reason = option["not_possible"].as_str().unwrap_or_default();
        assert!(reason.contains("_spark_metadata"), "{option}");
    }
    // Numbers that go on above what it remembers are what it takes.
    let rises = options.iter().find(|option| option["value"] == "rise");
    let rises = rises.expect("option G");
    assert_eq!(rises["not_possible"].as_str(), None, "{rises}");
}

/// Whether a way out clears the checkpoint, so that batches are numbered anew.
fn clears(option: &Value) -> bool {
    let clearing = ["latest", "timestamp", "offsets", "earliest"];
    clearing.iter().any(|value| option["value"] == *value)
}

fn definition(name: &str) -> StreamDefinition {
    let mut all = streams().into_iter();
    all.find(|stream| stream.name == name).expect("a stream")
}

/// The sink as the stream's page has it.
async fn sink(person: &Person, name: &str) -> SinkSeen {
    until("a look at the sink", WITHIN, async || {
        let page: Value = person
            .read("stream", &[("name", name)])
            .await
            .expect("the stream's page");
        let seen = page["snapshot"]["sink"].clone();
        match serde_json::from_value(seen.clone()) {
            Ok(Observed::Seen { value, .. }) => Ok(value),
            _ => Err(seen.to_string()),
        }
    })
    .await
}

async fn page(person: &Person, path: &str) -> String {
    let html = person.open(path).await.text().await.expect("a page");
    html.replace("&#x27;", "'")
}

async fn stops(ground: &Ground, person: &Person, name: &str) {
    // One of them has ended by its story.
    let world = &ground.sandbox.world;
    let run = world.job_run(name).expect("a job run");
    if !run.state.is_terminal() {
        let stream = name.to_owned();
        world.pull(Lever::Cancel { stream }).expect("it runs");
    }
    until("the end of the job run", WITHIN, async || {
        let page: Value = person
            .read("stream", &[("name", name)])
            .await
            .expect("the stream's page");
        let runs = page["snapshot"]["jobs"]["value"]["runs"].clone();
        let state = runs[0]["state"].as_str().unwrap_or_default().to_owned();
        let ended = ["CANCELLED", "FAILED"].contains(&state.as_str());
        ended.then_some(()).ok_or(state)
    })
    .await;
}

/// Takes away the newest batches of a checkpoint, as a restored backup would; the
/// newest that is left.
fn goes_back(ground: &Ground, stream: &StreamDefinition, batches: i64) -> i64 {
    let place = stream.checkpoint_prefix();
    let bucket = ground.bucket();
    let numbers = |log: &str| -> Vec<i64> {
        let prefix = format!("{place}{log}/");
        let keys = bucket.keys(&prefix);
        let numbers = keys
            .iter()
            .filter_map(|key| key[prefix.len()..].parse().ok());
        numbers.collect()
    };
    let newest = numbers("commits").into_iter().max().expect("a commit");
    let left = newest - batches;
    for log in ["commits", "offsets"] {
        for batch in numbers(log).into_iter().filter(|batch| *batch > left) {
            bucket.delete(&format!("{place}{log}/{batch}"));
        }
    }
    left
}
