//! What the home page says when many streams fall at once.

use std::time::Duration;

use domain::ids::StreamName;
use domain::verdict::{CommonCause, Shared};
use sandbox::streams::{Story, streams};
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
