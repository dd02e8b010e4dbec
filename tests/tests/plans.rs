//! What a way out would do before it is chosen, and plans as values: exported,
//! judged, compared and taken over.

use std::collections::{BTreeMap, BTreeSet};

use domain::ids::Digest;
use domain::offsets::PartitionOffsets;
use domain::plan::{Comparison, Cost, PartitionEffect, Plan, PlanKind, Ranges};
use domain::time::Millis;
use reqwest::StatusCode;
use serde::Deserialize;
use tests::{Guided, Person, Refused, Stage};

#[derive(Debug, Deserialize)]
struct Weighed {
    time: Option<Typed>,
    effects: Vec<PartitionEffect>,
    cost: Cost,
    ranges: Ranges,
}

#[derive(Debug, Deserialize)]
struct Typed {
    at: Millis,
    zoned: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Compared {
    comparison: Comparison,
}

#[derive(Debug, Deserialize)]
struct PlanPage {
    held: bool,
    faults: Vec<String>,
    drift: Option<Vec<String>>,
    others: Vec<Other>,
}

#[derive(Debug, Deserialize)]
struct OffsetsPage {
    sink: Result<Found, String>,
}

#[derive(Debug, Deserialize)]
struct Found {
    offsets: PartitionOffsets,
    from: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Other {
    id: Digest,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_is_weighed_by_partition_before_it_is_chosen() {
    let stage = Stage::set("orders").await;
    let run = stage.opens_a_run().await;
    let topics = &stage.ground.sandbox.world.topics;
    let topic = stage.definition.topics[0].name.to_owned();
    // Of a record that is certainly there, in a zone that is not UTC.
    let start = topics.log_start(&topic, 0).unwrap();
    let end = topics.log_end(&topic, 0).unwrap();
    let middle = topics
        .timestamp_of(&topic, 0, (start + end) / 2)
        .unwrap()
        .unwrap();
    let middle_s = middle / 1_000;
    let berlin = jiff::Timestamp::from_second(middle_s)
        .unwrap()
        .in_tz("Europe/Berlin")
        .unwrap();
    let typed = berlin
        .strftime("%Y-%m-%d %H:%M:%S Europe/Berlin")
        .to_string();
    let weighed = weigh(&run, "timestamp", ("at", &typed)).await.unwrap();
    let time = weighed.time.unwrap();
    assert_eq!(time.at, Millis(middle_s * 1_000));
    let offset = berlin.strftime("%Y-%m-%d %H:%M:%S %:z Europe/Berlin");
    assert_eq!(time.zoned, Some(offset.to_string()));
    // Where each partition begins, by the sandbox's own log.
    assert!(!weighed.effects.is_empty());
    for effect in &weighed.effects {
        let first = topics
            .offset_for_timestamp(&topic, effect.partition, middle_s * 1_000)
            .unwrap();
        let expected = first.map_or(effect.log_end.0, |record| record.offset);
        assert_eq!(effect.after.0, expected, "{effect:?}");
    }
    assert!(weighed.cost.repeated > 0, "{:?}", weighed.cost);
    // From when on is read again, a little too old at the most.
    let oldest = weighed
        .effects
        .iter()
        .filter(|effect| effect.repeated > 0)
        .map(|effect| {
            let at = topics.timestamp_of(&topic, effect.partition, effect.after.0);
            at.unwrap().unwrap()
        })
        .min()
        .unwrap();
    let from = weighed.ranges.repeated.unwrap().from.unwrap().0;
    let newest = stage.ground.sandbox.shared.clock.now_ms();
    let close = 2_000.max((newest - oldest) / 16);
    assert!(
        (0..=close).contains(&(oldest - from)),
        "{from} for {oldest}"
    );
    // Nothing was chosen by that.
    assert_eq!(run.state().await.intent, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_is_refused_before_it_is_chosen_with_the_reason() {
    let stage = Stage::set("orders").await;
    let run = stage.opens_a_run().await;
    for (option, field, said) in [
        (
            "timestamp",
            ("at", "2025-01-15 00:00:00"),
            "has no time zone",
        ),
        (
            "timestamp",
            ("at", "2025-03-30 02:30 Europe/Berlin"),
            "did not exist",
        ),
        ("offsets", ("offsets", "orders_events,0,1\n"), "is missing"),
        ("offsets", ("offsets", "orders_events,0,x\n"), "Line 1"),
        ("sideways", ("at", ""), "is no way out"),
    ] {
        let refused = weigh(&run, option, field).await.unwrap_err();
        let message = refused.error.expect("a server function said it").message;
        assert!(message.contains(said), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_exported_compared_judged_from_its_file_and_taken_over() {
    let stage = Stage::set("orders").await;
    let run = stage.opens_a_run().await;
    run.chooses("earliest", &[]).await;
    run.secures().await;
    let earliest = run.plans(PlanKind::Reset).await;
    // The offsets of one plan are the offsets of another, as lines.
    let lines = file(&run.person, &earliest, "offsets.csv").await;
    assert_eq!(lines.lines().count(), earliest.body.effects.len());
    run.chooses("offsets", &[("offsets", &lines)]).await;
    let given = run.plans(PlanKind::Reset).await;

    let json = file(&run.person, &earliest, "plan.json").await;
    let exported: Plan = serde_json::from_str(&json).expect("a plan");
    assert_eq!(exported, earliest);
    let compared: Compared = run
        .person
        .read(
            "compare",
            &[("left", earliest.id.as_str()), ("right", given.id.as_str())],
        )
        .await
        .unwrap();
    assert!(compared.comparison.is_same_work(), "{compared:?}");

    // The plan that was replaced is judged, and its way out taken over.
    let leads_to = run.person.post("import-plan", &import(&run, &json)).await;
    let address = leads_to.unwrap().location.unwrap();
    assert_eq!(address, format!("/plans/{}", earliest.id));
    let page = plan_page(&run.person, &earliest).await;
    assert!(!page.held);
    assert!(page.faults.is_empty(), "{:?}", page.faults);
    assert_eq!(page.drift, Some(Vec::new()));
    assert!(page.others.iter().any(|other| other.id == given.id));
    let adopt = [
        ("run", run.run.as_str()),
        ("plan", earliest.id.as_str()),
        ("reason", "As it was planned first."),
    ];
    run.person.post("adopt-plan", &adopt).await.unwrap();
    let intent = run.state().await.intent.unwrap();
    assert_eq!(
        Some(intent.way_out),
        earliest.body.intent.map(|i| i.way_out)
    );
    assert_eq!(intent.reason, "As it was planned first.");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hand_edited_plan_is_not_taken_in_and_a_strangers_is_not_shown() {
    let stage = Stage::set("orders").await;
    let run = stage.opens_a_run().await;
    run.chooses("earliest", &[]).await;
    run.secures().await;
    let plan = run.plans(PlanKind::Reset).await;
    // Under its old id, and under one that fits what it says now.
    let mut edited = plan.clone();
    edited.body.steps.remove(0);
    let renamed = Plan::new(edited.body.clone()).unwrap();
    for (plan, said) in [
        (edited, "not the hash of what it says"),
        (renamed, "out of order"),
    ] {
        let json = serde_json::to_string(&plan).unwrap();
        let refused = run.person.post("import-plan", &import(&run, &json)).await;
        let message = refused.unwrap_err().error.unwrap().message;
        assert!(message.contains(said), "{message}");
    }
    let refused = run.person.post("import-plan", &import(&run, "{}")).await;
    let message = refused.unwrap_err().error.unwrap().message;
    assert!(message.contains("no plan as Sluice writes it"), "{message}");
    let stranger = Person::stranger(&stage.ground);
    for name in ["plan.json", "offsets.csv"] {
        let answer = stranger.open(&format!("/plans/{}/{name}", plan.id)).await;
        assert_ne!(answer.status(), StatusCode::OK);
    }
    let nowhere = format!("/plans/{}/plan.json", "0".repeat(64));
    let answer = run.person.open(&nowhere).await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_offsets_are_found_in_what_the_sink_holds() {
    let stage = Stage::set("orders").await;
    let oda = Person::signed_in(&stage.ground, "oda").await;
    let query = [("name", stage.definition.name)];
    let page: OffsetsPage = oda.read("offsets", &query).await.unwrap();
    let found = page.sink.expect("it is told");
    // By every object that lies there, read by other code.
    let prefix = stage.definition.bronze_prefix();
    let all = stage.ground.bucket().bronze(&prefix, &BTreeSet::new());
    let mut ends: BTreeMap<(String, i32), i64> = BTreeMap::new();
    for range in &all {
        let end = ends
            .entry((range.topic.clone(), range.partition))
            .or_default();
        *end = range.until.max(*end);
    }
    assert!(!ends.is_empty());
    for (topic, partition, next) in found.offsets.iter() {
        let end = ends.remove(&(topic.to_owned(), partition));
        assert_eq!(end, Some(next), "{topic}-{partition}: {:?}", found.from);
    }
    assert!(ends.is_empty(), "{ends:?} were not found: {:?}", found.from);
    // A table's own log tells what is part of it, and its files alone do not.
    let query = [("name", "telemetry")];
    let page: OffsetsPage = oda.read("offsets", &query).await.unwrap();
    let why = page.sink.unwrap_err();
    assert!(why.contains("its own log"), "{why}");
}

async fn weigh(
    run: &Guided,
    option: &str,
    (name, value): (&str, &str),
) -> Result<Weighed, Refused> {
    let name = format!("request[{name}]");
    let query = [
        ("request[run]", run.run.as_str()),
        ("request[option]", option),
        (name.as_str(), value),
    ];
    run.person.read("weigh", &query).await
}

fn import<'a>(run: &'a Guided, json: &'a str) -> [(&'static str, &'a str); 2] {
    [("run", run.run.as_str()), ("plan", json)]
}

async fn plan_page(person: &Person, plan: &Plan) -> PlanPage {
    let query = [("plan", plan.id.as_str())];
    person
        .read("plan", &query)
        .await
        .expect("the plan is shown")
}

async fn file(person: &Person, plan: &Plan, name: &str) -> String {
    let answer = person.open(&format!("/plans/{}/{name}", plan.id)).await;
    assert_eq!(answer.status(), StatusCode::OK);
    answer.text().await.expect("a text")
}
