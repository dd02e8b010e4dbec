//! The pages as the server draws them: the browser wakes a page by going through what
//! was drawn in the same order, so that the same page must be made of the same parts
//! each time, however busy the server is.

use futures::StreamExt as _;
use futures::stream;
use reqwest::header::ACCEPT;
use reqwest::{Method, StatusCode};
use tests::{Ground, Guided, Person};

/// How often each page is asked for, and how many at once.
const TIMES: usize = 60;
const AT_ONCE: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_made_of_the_same_resources_each_time() {
    let ground = Ground::new().await;
    let _sluice = ground.serve().await;
    let oda = Person::signed_in(&ground, "oda").await;
    let orders = "orders".parse().expect("a name");
    let run = Guided::opened(&oda, &orders).await.run;
    let stages = [
        "checklist",
        "way-out",
        "secure",
        "plan",
        "agreement",
        "run",
        "report",
        "sign-off",
    ];
    let mut paths: Vec<String> =
        stages.map(|stage| format!("/runs/{run}/{stage}")).into();
    paths.extend(["/", "/runs", "/streams/orders"].map(str::to_owned));
    for path in paths {
        let made: Vec<String> = stream::iter(0..TIMES)
            .map(|_| resources(&oda, &path))
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        assert!(made[0].contains('0'), "{path} has resources: {}", made[0]);
        let other = made.iter().find(|one| **one != made[0]);
        assert_eq!(
            other, None,
            "{path}, where another time {} were made",
            made[0]
        );
    }
}

/// The numbers of the resources that a page was made of, as it tells the browser.
async fn resources(person: &Person, path: &str) -> String {
    const LIST: &str = "__PENDING_RESOURCES=[";
    let request = person.request(Method::GET, path);
    let answer = request.header(ACCEPT, "text/html").send().await;
    let answer = answer.unwrap_or_else(|error| panic!("{path} is answered: {error}"));
    assert_eq!(answer.status(), StatusCode::OK, "{path}");
    let page = answer.text().await.expect("the whole page");
    let list = page
        .split_once(LIST)
        .and_then(|(_, rest)| rest.split_once(']'));
    list.unwrap_or_else(|| panic!("{path} has no {LIST}"))
        .0
        .to_owned()
}
