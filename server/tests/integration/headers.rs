//! The headers of every response, refusals included.

use axum::http::StatusCode;

use crate::site::{Browser, Site};

fn nonce(policy: &str) -> &str {
    policy
        .split("'nonce-")
        .nth(1)
        .and_then(|rest| rest.split('\'').next())
        .unwrap()
}

#[tokio::test]
async fn every_response_carries_the_policy_and_its_own_nonce() {
    let site = Site::start().await;
    let mut nonces = Vec::new();
    for path in [
        "/healthz",
        "/gallery",
        "/signed-out",
        "/fn/streams",
        "/nowhere",
    ] {
        let answer = Browser::default().get(&site, path).await;
        let policy = answer.header("content-security-policy").to_owned();
        for part in [
            "script-src 'strict-dynamic' 'nonce-",
            "'wasm-unsafe-eval'",
            "style-src 'self';",
            "object-src 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"));
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(answer.header(name), value, "{path} {name}");
        }
        assert_eq!(answer.header("x-request-id").len(), 32, "{path}");
        nonces.push(nonce(&policy).to_owned());
    }
    nonces.sort();
    nonces.dedup();
    assert_eq!(nonces.len(), 5, "each response has a nonce of its own");
}

#[tokio::test]
async fn the_scripts_of_a_page_carry_the_nonce_of_its_policy() {
    let site = Site::start().await;
    let answer = Browser::default().get(&site, "/gallery").await;
    assert_eq!(answer.status, StatusCode::OK);
    let nonce = nonce(answer.header("content-security-policy")).to_owned();
    let scripts: Vec<&str> = answer.body.split("<script").skip(1).collect();
    assert!(!scripts.is_empty());
    for script in scripts {
        let tag = script.split('>').next().unwrap();
        assert!(tag.contains(&format!("nonce=\"{nonce}\"")), "<script{tag}>");
    }
    assert!(
        !answer.body.contains(" style=\""),
        "the policy forbids inline styles"
    );
}

#[tokio::test]
async fn https_adds_transport_security_and_a_host_cookie() {
    let plain = Site::start().await;
    let mut browser = Browser::default();
    let answer = browser.get(&plain, "/sign-in").await;
    assert_eq!(answer.header("strict-transport-security"), "");
    let cookie = answer.header("set-cookie");
    assert!(
        cookie.starts_with("sluice=") && !cookie.contains("Secure"),
        "{cookie}"
    );

    let tls = Site::start_at("https://sluice.example").await;
    let answer = browser.get(&tls, "/sign-in").await;
    assert!(
        answer
            .header("strict-transport-security")
            .starts_with("max-age=")
    );
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-sluice="), "{cookie}");
    for part in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{part}: {cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
}
