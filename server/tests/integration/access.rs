//! The access table, walked.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use domain::access::Action;
use server::http::{own_routes, page_routes};
use server::security::access_table::TABLE;
use server::security::{Access, CrossSite, Rule};

use crate::site::{Browser, ORIGIN, Site, from_our_page};

/// The sandbox's people, by their one role.
const PEOPLE: [(&str, Option<&str>); 6] = [
    ("vera", Some("viewer")),
    ("oda", Some("operator")),
    ("adam", Some("approver")),
    ("stella", Some("stakeholder")),
    ("ada", Some("admin")),
    ("nora", None),
];

/// An address that the rule's route matches.
fn address(rule: &Rule) -> String {
    rule.path
        .split('/')
        .map(|segment| {
            if segment.starts_with('{') {
                "orders"
            } else {
                segment
            }
        })
        .collect::<Vec<_>>()
        .join("/")
}

fn admits(access: Access, role: Option<&str>) -> bool {
    match access {
        Access::Public | Access::SignedIn => true,
        Access::May(actions) => actions.iter().any(|action: &Action| {
            action
                .roles()
                .iter()
                .any(|allowed| Some(allowed.word()) == role)
        }),
    }
}

fn guarded() -> impl Iterator<Item = &'static Rule> {
    TABLE.iter().filter(|rule| rule.access != Access::Public)
}

fn changing() -> impl Iterator<Item = &'static Rule> {
    TABLE.iter().filter(|rule| rule.method != Method::GET)
}

#[tokio::test]
async fn the_table_and_the_routes_are_the_same() {
    let mut routes: BTreeSet<(String, String)> = BTreeSet::new();
    for (method, path, _) in own_routes() {
        routes.insert((method.to_string(), path.to_owned()));
    }
    for listing in page_routes() {
        for method in listing.methods() {
            let method = format!("{method:?}").to_uppercase();
            routes.insert((method, listing.path().to_owned()));
        }
    }
    for (path, method) in leptos::server_fn::axum::server_fn_paths() {
        routes.insert((method.to_string(), path.to_owned()));
    }
    routes.insert(("GET".to_owned(), "/pkg/{*file}".to_owned()));
    let table: BTreeSet<(String, String)> = TABLE
        .iter()
        .map(|rule| (rule.method.to_string(), rule.path.to_owned()))
        .collect();
    assert_eq!(
        table.len(),
        TABLE.len(),
        "no route stands twice in the table"
    );
    let missing: Vec<_> = routes.difference(&table).collect();
    let extra: Vec<_> = table.difference(&routes).collect();
    assert!(
        missing.is_empty() && extra.is_empty(),
        "not in the access table: {missing:?}\nin the table only: {extra:?}"
    );
}

/// The only routes that change something and may be called from another site.
#[test]
fn the_exceptions_are_the_known_ones() {
    let exceptions: Vec<&str> = TABLE
        .iter()
        .filter(|rule| matches!(rule.cross_site, CrossSite::Allowed(_)))
        .map(|rule| rule.path)
        .collect();
    assert_eq!(exceptions, ["/sign-in/callback"]);
}

#[tokio::test]
async fn without_a_sign_in_nothing_but_the_public_part_answers() {
    let site = Site::start().await;
    for rule in guarded() {
        let called = Browser::default()
            .call(&site, rule.method.clone(), &address(rule))
            .await;
        assert_eq!(called.status, StatusCode::UNAUTHORIZED, "{rule:?}");
    }
    assert_eq!(site.calls(), 0);
}

#[tokio::test]
async fn a_person_who_opens_a_page_is_led_to_the_sign_in_and_back() {
    let site = Site::start().await;
    let rule = TABLE
        .iter()
        .find(|rule| rule.path == "/fn/streams")
        .unwrap();
    let opened = Browser::default()
        .get(&site, &format!("{}?a=b", rule.path))
        .await;
    assert_eq!(opened.status, StatusCode::SEE_OTHER);
    assert_eq!(
        opened.location(),
        "/sign-in?return_to=%2Ffn%2Fstreams%3Fa%3Db"
    );
}

#[tokio::test]
async fn too_small_a_role_is_refused_and_a_fitting_one_is_let_through() {
    let site = Site::start().await;
    for (login, role) in PEOPLE {
        let mut browser = Browser::default();
        assert_eq!(
            browser.sign_in(&site, login).await.status,
            StatusCode::SEE_OTHER
        );
        for rule in guarded().filter(|rule| rule.path != "/sign-out") {
            let before = site.calls();
            let called = browser
                .call(&site, rule.method.clone(), &address(rule))
                .await;
            if admits(rule.access, role) {
                let stopped = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN];
                assert!(!stopped.contains(&called.status), "{login} {rule:?}");
            } else {
                assert_eq!(called.status, StatusCode::FORBIDDEN, "{login} {rule:?}");
                assert_eq!(site.calls(), before, "{login} {rule:?}");
            }
        }
    }
}

#[tokio::test]
async fn another_site_can_change_nothing() {
    let site = Site::start().await;
    let mut browser = Browser::default();
    browser.sign_in(&site, "ada").await;
    let csrf = browser.csrf(&site).await;
    let form = "application/x-www-form-urlencoded";
    for rule in changing() {
        let path = &address(rule);
        let plain = || Request::post(path);
        let with_token = || Body::from(format!("csrf={csrf}"));
        let ours = || from_our_page(Method::POST, path);
        let requests = [
            // A page of another site, by script and by form, even with the token.
            plain()
                .header("sec-fetch-site", "cross-site")
                .header("x-sluice", "1")
                .body(Body::empty()),
            plain()
                .header("sec-fetch-site", "same-site")
                .header("x-sluice", "1")
                .body(Body::empty()),
            plain()
                .header("sec-fetch-site", "cross-site")
                .header(header::CONTENT_TYPE, form)
                .body(with_token()),
            plain()
                .header(header::ORIGIN, "https://evil.example")
                .header("x-sluice", "1")
                .body(Body::empty()),
            plain()
                .header(header::ORIGIN, "null")
                .header("x-sluice", "1")
                .body(Body::empty()),
            // Who does not say where it comes from.
            plain().header("x-sluice", "1").body(Body::empty()),
            // Our own origin, without what only our pages know.
            ours().body(Body::empty()),
            ours().header("x-sluice", "0").body(Body::empty()),
            ours()
                .header(header::CONTENT_TYPE, form)
                .body(Body::from("csrf=")),
            ours()
                .header(header::CONTENT_TYPE, form)
                .body(Body::from("csrf=guess")),
            ours()
                .header(header::CONTENT_TYPE, "text/plain")
                .body(with_token()),
            ours()
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::from("{}")),
        ];
        for (index, request) in requests.into_iter().enumerate() {
            let answer = browser.send(&site, request.unwrap()).await;
            assert_eq!(
                answer.status,
                StatusCode::FORBIDDEN,
                "request {index} on {path}"
            );
        }
    }
    assert_eq!(site.calls(), 0);
}

#[tokio::test]
async fn a_plain_form_with_its_token_is_let_through() {
    let site = Site::start().await;
    let mut browser = Browser::default();
    browser.sign_in(&site, "oda").await;
    let csrf = browser.csrf(&site).await;
    let fields = format!("csrf={csrf}&request%5Bstream%5D=orders");
    let answer = browser.post_form(&site, "/fn/open-run", &fields).await;
    assert_eq!(site.calls(), 1, "{}", answer.body);
}

#[tokio::test]
async fn nothing_is_changed_by_get() {
    let site = Site::start().await;
    let mut browser = Browser::default();
    browser.sign_in(&site, "ada").await;
    for rule in changing() {
        for method in [Method::GET, Method::HEAD] {
            let answer = browser.call(&site, method, &address(rule)).await;
            assert!(
                answer.status.is_client_error(),
                "{rule:?}: {}",
                answer.status
            );
        }
    }
    assert_eq!(site.calls(), 0);
    let still = browser.call(&site, Method::GET, "/fn/streams").await;
    assert_ne!(
        still.status,
        StatusCode::UNAUTHORIZED,
        "the session is still there"
    );
}

#[tokio::test]
async fn what_is_not_in_the_table_is_not_there() {
    let site = Site::start().await;
    let mut browser = Browser::default();
    browser.sign_in(&site, "ada").await;
    for path in [
        "/fn/streams/extra",
        "/fn/streams/",
        "/fn//streams",
        "/fn/unknown",
        "/healthz/",
        "/pkg/",
        "/pkg",
        "/%2e%2e/sluice.db",
        "/pkg/..%2fsluice.db",
        "/metrics",
    ] {
        let answer = browser.get(&site, path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
    for method in [Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS] {
        let request = Request::builder().method(method.clone()).uri("/fn/start");
        let request = request
            .header(header::ORIGIN, ORIGIN)
            .body(Body::empty())
            .unwrap();
        let answer = browser.send(&site, request).await;
        assert!(answer.status.is_client_error(), "{method}");
        assert!(!answer.headers.contains_key("access-control-allow-origin"));
    }
    assert_eq!(site.calls(), 0);
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let site = Site::start().await;
    let mut browser = Browser::default();
    browser.sign_in(&site, "oda").await;
    let csrf = browser.csrf(&site).await;
    let fields = format!("csrf={csrf}&filler={}", "x".repeat(2 * 1024 * 1024));
    let answer = browser.post_form(&site, "/fn/open-run", &fields).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(site.calls(), 0);
}
