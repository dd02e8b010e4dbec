//! Every server function that changes something, asked for by those who may not and in
//! ways in which no page of Sluice's asks: refused, and the journal has no row of it.
//!
//! The functions are read out of the sources, so that a new one is a new case.

use domain::ids::RunId;
use domain::plan::PlanKind;
use reqwest::header::{ACCEPT, CONTENT_TYPE, ORIGIN};
use reqwest::{Method, RequestBuilder, StatusCode};
use tests::{Ground, Guided, Person};

/// Pages and data that nobody sees without having signed in.
const READS: [&str; 11] = [
    "/fn/streams",
    "/fn/stream?name=orders",
    "/fn/log-tail?name=orders",
    "/fn/runs?filter[stream]=&filter[outcome]=&filter[option]=",
    "/fn/run?run=",
    "/fn/report?run=",
    "/live/streams",
    "/fn/troubleshoot?name=orders",
    "/streams/orders",
    "/streams/orders/troubleshoot",
    "/runs",
];

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_something_is_refused_to_others_and_to_other_sites() {
    let ground = Ground::new().await;
    let _sluice = ground.serve().await;
    let people = People::signed_in(&ground).await;
    let orders = "orders".parse().expect("a name");
    let run = Guided::opened(&people.operator, &orders).await;
    run.chooses("earliest", &[]).await;
    let plan = run.plans(PlanKind::Secure).await;
    let mut journal = ground.journal().await;
    let before = journal.rows().await;

    let functions = mutating_functions();
    assert!(functions.len() >= 9, "{functions:?}");
    for function in &functions {
        let body = body_of(function, &run.run, plan.id.as_str());
        let path = format!("/fn/{function}");
        for (who, status) in people.who_may_not(function) {
            let request =
                from_a_page(who.person, &path, &ground.origin).body(body.clone());
            assert_eq!(sent(request).await, status, "{path} by {}", who.name);
        }
        let may = people.who_may(function);
        for (how, request, status) in as_no_page_asks(may, &path, &body, &ground.origin) {
            assert_eq!(sent(request).await, status, "{path} {how}");
        }
        assert_eq!(journal.rows().await, before, "{path} left a row");
    }

    // The same request of the right person from a page is taken, so that what was
    // refused above was refused for what was wrong with it.
    let body = body_of("answer", &run.run, "");
    let request = from_a_page(&people.operator, "/fn/answer", &ground.origin).body(body);
    assert_eq!(sent(request).await, StatusCode::OK);
    assert_eq!(journal.rows().await, before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_shown_to_strangers_nor_to_who_has_no_role() {
    let ground = Ground::new().await;
    let _sluice = ground.serve().await;
    let stranger = Person::stranger(&ground);
    let nora = Person::signed_in(&ground, "nora").await;
    for path in READS {
        let ask = |person: &Person| {
            let request = person.request(Method::GET, path);
            request
                .header("x-sluice", "1")
                .header(ACCEPT, "application/json")
        };
        assert_eq!(
            sent(ask(&stranger)).await,
            StatusCode::UNAUTHORIZED,
            "{path}"
        );
        let status = sent(ask(&nora)).await;
        // A page is drawn for everybody who has signed in, with what they may see.
        let is_page = path.starts_with("/runs") || path.starts_with("/streams/");
        let shown = is_page && status == StatusCode::OK;
        assert!(shown || status == StatusCode::FORBIDDEN, "{path}: {status}");
    }
    let page = stranger.open("/streams/orders").await;
    assert_eq!(page.status(), StatusCode::SEE_OTHER);
    let location = page.headers()["location"].to_str().expect("ASCII");
    assert!(location.starts_with("/sign-in?return_to="), "{location}");
    let unknown = nora.request(Method::GET, "/fn/no-such-function");
    assert_eq!(sent(unknown).await, StatusCode::NOT_FOUND);
}

/// One person of each kind.
struct People {
    stranger: Person,
    viewer: Person,
    nobody: Person,
    operator: Person,
    stakeholder: Person,
}

struct Named<'a> {
    name: &'static str,
    person: &'a Person,
}

impl People {
    async fn signed_in(ground: &Ground) -> Self {
        Self {
            stranger: Person::stranger(ground),
            viewer: Person::signed_in(ground, "vera").await,
            nobody: Person::signed_in(ground, "nora").await,
            operator: Person::signed_in(ground, "oda").await,
            stakeholder: Person::signed_in(ground, "stella").await,
        }
    }

    /// Who may call a function, as far as roles go.
    fn who_may(&self, function: &str) -> &Person {
        match function {
            "vote" => &self.stakeholder,
            _ => &self.operator,
        }
    }

    fn who_may_not(&self, function: &str) -> Vec<(Named<'_>, StatusCode)> {
        let of = |name, person, status| (Named { name, person }, status);
        let other = match function {
            "vote" => of("an operator", &self.operator, StatusCode::FORBIDDEN),
            _ => of("a stakeholder", &self.stakeholder, StatusCode::FORBIDDEN),
        };
        vec![
            of("a stranger", &self.stranger, StatusCode::UNAUTHORIZED),
            of("a viewer", &self.viewer, StatusCode::FORBIDDEN),
            of("one without a role", &self.nobody, StatusCode::FORBIDDEN),
            other,
        ]
    }
}

/// The endpoints of `app/src/api/act.rs`.
fn mutating_functions() -> Vec<String> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../app/src/api/act.rs");
    let source = std::fs::read_to_string(file).expect("the sources lie beside the tests");
    source
        .split("endpoint = \"")
        .skip(1)
        .map(|rest| rest.split('"').next().expect("a literal ends").to_owned())
        .collect()
}

/// A body that the function would take.
fn body_of(function: &str, run: &RunId, plan: &str) -> String {
    let run = run.as_str();
    let fields = match function {
        "open-run" => vec![("stream", "payments")],
        "answer" => vec![
            ("run", run),
            ("item", "stuck"),
            ("by", "word"),
            ("text", "Seen."),
        ],
        "choose" => vec![
            ("run", run),
            ("option", "latest"),
            ("reason", "It is stuck."),
        ],
        "import-plan" => vec![("run", run), ("plan", "{}")],
        "adopt-plan" => vec![("run", run), ("plan", plan), ("reason", "As planned.")],
        "preflight" => vec![("run", run), ("plan", plan), ("trial", "")],
        "make-plan" => vec![("run", run), ("kind", "secure")],
        "request-agreement" => vec![("run", run), ("plan", plan)],
        "vote" => vec![("run", run), ("plan", plan), ("answer", "agree")],
        "start" => vec![
            ("run", run),
            ("kind", "secure"),
            ("plan", plan),
            ("typed_name", "orders"),
        ],
        "try-write" => vec![("stream", "orders")],
        "abort" | "resume" => vec![("run", run), ("reason", "It is over.")],
        other => panic!("{other} is new: say here what it takes"),
    };
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields {
        form.append_pair(&format!("request[{name}]"), value);
    }
    form.finish()
}

/// A request as the browser's part sends it.
fn from_a_page(person: &Person, path: &str, origin: &str) -> RequestBuilder {
    person
        .request(Method::POST, path)
        .header(ORIGIN, origin)
        .header("sec-fetch-site", "same-origin")
        .header("x-sluice", "1")
        .header(ACCEPT, "application/json")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
}

/// Requests with the right person's cookies that come from elsewhere, or that another
/// site could have its visitors' browsers send.
fn as_no_page_asks(
    person: &Person,
    path: &str,
    body: &str,
    origin: &str,
) -> Vec<(&'static str, RequestBuilder, StatusCode)> {
    let form = "application/x-www-form-urlencoded";
    let post = |kind: &'static str| {
        let request = person.request(Method::POST, path);
        request.header(CONTENT_TYPE, kind).body(body.to_owned())
    };
    let with_token = |token: &str| {
        let request = person.request(Method::POST, path).header(ORIGIN, origin);
        let body = format!("{body}&csrf={token}");
        request.header(CONTENT_TYPE, form).body(body)
    };
    let evil = "https://evil.example";
    vec![
        (
            "from another origin",
            post(form).header(ORIGIN, evil).header("x-sluice", "1"),
            StatusCode::FORBIDDEN,
        ),
        (
            "from a page of another site",
            post(form)
                .header(ORIGIN, origin)
                .header("sec-fetch-site", "cross-site")
                .header("x-sluice", "1"),
            StatusCode::FORBIDDEN,
        ),
        (
            "from nowhere",
            post(form).header("x-sluice", "1"),
            StatusCode::FORBIDDEN,
        ),
        (
            "from an origin that hides itself",
            post(form).header(ORIGIN, "null").header("x-sluice", "1"),
            StatusCode::FORBIDDEN,
        ),
        (
            "as text/plain",
            post("text/plain").header(ORIGIN, origin),
            StatusCode::FORBIDDEN,
        ),
        (
            "by a form without its token",
            post(form).header(ORIGIN, origin),
            StatusCode::FORBIDDEN,
        ),
        (
            "by a form with a token of nobody's",
            with_token("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
            StatusCode::FORBIDDEN,
        ),
        (
            "by GET",
            person
                .request(Method::GET, &format!("{path}?{body}"))
                .header("x-sluice", "1"),
            StatusCode::NOT_FOUND,
        ),
    ]
}

async fn sent(request: RequestBuilder) -> StatusCode {
    request.send().await.expect("Sluice answers").status()
}
