//! Signing in, and all the ways in which it must not come about.

use axum::http::StatusCode;
use sandbox::oidc::TokenFault;

use crate::site::{Browser, Site, at_the_provider};

async fn is_signed_in(browser: &mut Browser, site: &Site) -> bool {
    let answer = browser
        .call(site, axum::http::Method::GET, "/fn/streams")
        .await;
    answer.status != StatusCode::UNAUTHORIZED
}

#[tokio::test]
async fn a_person_signs_in_and_is_led_back() {
    let site = Site::start().await;
    let mut browser = Browser::default();
    assert!(!is_signed_in(&mut browser, &site).await);
    let answer = browser
        .sign_in_by(&site, "oda", "/sign-in?return_to=/gallery")
        .await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    assert_eq!(answer.location(), "/gallery");
    assert!(is_signed_in(&mut browser, &site).await);
}

#[tokio::test]
async fn the_request_to_the_provider_is_bound_and_proved() {
    let site = Site::start().await;
    let away = Browser::default().get(&site, "/sign-in").await;
    let url = url::Url::parse(away.location()).unwrap();
    let value = |name: &str| {
        let found = url.query_pairs().find(|(key, _)| key == name);
        found
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default()
    };
    assert_eq!(value("response_type"), "code");
    assert_eq!(value("code_challenge_method"), "S256");
    assert_eq!(
        value("redirect_uri"),
        "http://localhost:3000/sign-in/callback"
    );
    assert!(value("scope").split(' ').any(|scope| scope == "openid"));
    for name in ["state", "nonce", "code_challenge"] {
        assert!(value(name).len() >= 22, "{name} holds 128 bits or more");
    }
}

#[tokio::test]
async fn a_sign_in_leads_to_no_other_site() {
    let site = Site::start().await;
    for wanted in [
        "https://evil.example/",
        "//evil.example",
        "/%5Cevil.example",
    ] {
        let path = format!("/sign-in?return_to={wanted}");
        let answer = Browser::default().sign_in_by(&site, "oda", &path).await;
        assert_eq!(answer.location(), "/", "{wanted}");
    }
}

#[tokio::test]
async fn a_token_that_is_not_sound_signs_nobody_in() {
    let site = Site::start().await;
    for fault in [
        TokenFault::WrongIssuer,
        TokenFault::WrongAudience,
        TokenFault::WrongNonce,
        TokenFault::Expired,
        TokenFault::AlgNone,
        TokenFault::UnknownKeyId,
        TokenFault::WrongSignature,
        TokenFault::OldAuthTime,
    ] {
        site.provider.faulty_tokens().set(Some(fault));
        let mut browser = Browser::default();
        let answer = browser.sign_in(&site, "ada").await;
        assert!(!answer.status.is_success(), "{fault:?}");
        assert!(!answer.status.is_redirection(), "{fault:?}");
        assert!(
            answer.body.contains("Reference"),
            "{fault:?}: {}",
            answer.body
        );
        assert!(!is_signed_in(&mut browser, &site).await, "{fault:?}");
    }
    site.provider.faulty_tokens().set(None);
    let mut browser = Browser::default();
    browser.sign_in(&site, "ada").await;
    assert!(
        is_signed_in(&mut browser, &site).await,
        "and without a fault it does"
    );
}

#[tokio::test]
async fn a_way_back_is_used_once() {
    let site = Site::start().await;
    let mut browser = Browser::default();
    let away = browser.get(&site, "/sign-in").await;
    let before = browser.clone();
    let back = at_the_provider(&site, away.location(), "oda").await;
    assert_eq!(
        browser.get(&site, &back).await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(
        browser.get(&site, &back).await.status,
        StatusCode::BAD_REQUEST
    );
    let mut replayed = before;
    assert_eq!(
        replayed.get(&site, &back).await.status,
        StatusCode::BAD_REQUEST
    );
}

/// An attacker's own way back, opened in the victim's browser, would sign the
/// victim in as the attacker.
#[tokio::test]
async fn a_way_back_serves_only_the_browser_that_began() {
    let site = Site::start().await;
    let mut attacker = Browser::default();
    let away = attacker.get(&site, "/sign-in").await;
    let back = at_the_provider(&site, away.location(), "otto").await;
    let mut victim = Browser::default();
    assert_eq!(
        victim.get(&site, &back).await.status,
        StatusCode::BAD_REQUEST
    );
    victim.get(&site, "/sign-in").await;
    assert_eq!(
        victim.get(&site, &back).await.status,
        StatusCode::BAD_REQUEST
    );
    assert!(!is_signed_in(&mut victim, &site).await);
    assert_eq!(
        attacker.get(&site, &back).await.status,
        StatusCode::SEE_OTHER
    );
}

#[tokio::test]
async fn an_answer_of_another_issuer_is_refused() {
    let site = Site::start().await;
    let mut browser = Browser::default();
    let away = browser.get(&site, "/sign-in").await;
    let back = at_the_provider(&site, away.location(), "oda").await;
    let (path, query) = back.split_once('?').unwrap();
    let others: Vec<&str> = query
        .split('&')
        .filter(|pair| !pair.starts_with("iss="))
        .collect();
    let mixed_up = format!("{path}?{}&iss=https%3A%2F%2Fevil.example", others.join("&"));
    assert_eq!(
        browser.get(&site, &mixed_up).await.status,
        StatusCode::BAD_GATEWAY
    );
}

#[tokio::test]
async fn a_refusal_of_the_provider_is_text() {
    let site = Site::start().await;
    let mut browser = Browser::default();
    let away = browser.get(&site, "/sign-in").await;
    let url = url::Url::parse(away.location()).unwrap();
    let (_, state) = url.query_pairs().find(|(name, _)| name == "state").unwrap();
    let path = format!("/sign-in/callback?error=%3Cscript%3E&state={state}");
    let answer = browser.get(&site, &path).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(!answer.body.contains("<script>"));
}

#[tokio::test]
async fn a_fresh_sign_in_asks_again_although_the_provider_knows_the_person() {
    let site = Site::start().await;
    let away = Browser::default().get(&site, "/sign-in?fresh=1").await;
    assert!(away.location().contains("max_age=0"), "{}", away.location());
    site.provider
        .faulty_tokens()
        .set(Some(TokenFault::OldAuthTime));
    let answer = Browser::default()
        .sign_in_by(&site, "oda", "/sign-in?fresh=1")
        .await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn the_server_starts_while_the_provider_is_down() {
    let down = Site::start_without_provider().await;
    let answer = Browser::default().get(&down, "/sign-in").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    let health = Browser::default().get(&down, "/readyz").await;
    assert_eq!(health.status, StatusCode::OK);
    assert!(
        health.body.contains("\"sign_in\":\"unknown\""),
        "{}",
        health.body
    );
}
