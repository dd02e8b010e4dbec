//! Sessions: new at each sign-in, and over when they should be.

use axum::http::{Method, StatusCode};

use crate::site::{Browser, Site};

async fn status(browser: &mut Browser, site: &Site) -> StatusCode {
    browser.call(site, Method::GET, "/fn/streams").await.status
}

#[tokio::test]
async fn each_sign_in_has_a_new_session_and_the_old_id_is_dead() {
    let site = Site::start().await;
    let mut browser = Browser::default();
    browser.get(&site, "/sign-in").await;
    let planted = browser.clone();
    browser.sign_in(&site, "oda").await;
    assert_ne!(planted.cookie, browser.cookie);
    assert_eq!(
        status(&mut planted.clone(), &site).await,
        StatusCode::UNAUTHORIZED
    );
    let first = browser.clone();
    browser.sign_in(&site, "oda").await;
    assert_ne!(first.cookie, browser.cookie);
    assert_eq!(
        status(&mut first.clone(), &site).await,
        StatusCode::UNAUTHORIZED
    );
    assert_ne!(status(&mut browser, &site).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_made_up_session_id_is_not_taken_on() {
    let site = Site::start().await;
    let mut browser = Browser {
        cookie: Some("sluice=AAAAAAAAAAAAAAAAAAAAAA".into()),
    };
    browser.get(&site, "/sign-in").await;
    assert_ne!(
        browser.cookie.as_deref(),
        Some("sluice=AAAAAAAAAAAAAAAAAAAAAA")
    );
}

#[tokio::test]
async fn signing_out_ends_the_session_here_and_leads_to_the_provider() {
    let site = Site::start().await;
    let mut browser = Browser::default();
    browser.sign_in(&site, "oda").await;
    let stolen = browser.clone();
    let csrf = browser.csrf(&site).await;
    let answer = browser
        .post_form(&site, "/sign-out", &format!("csrf={csrf}"))
        .await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let away = answer.location();
    assert!(away.starts_with(site.provider.issuer()), "{away}");
    assert!(
        away.contains("id_token_hint=") && away.contains("post_logout_redirect_uri=")
    );
    assert_eq!(
        status(&mut stolen.clone(), &site).await,
        StatusCode::UNAUTHORIZED
    );
    let page = browser.get(&site, "/signed-out").await;
    assert!(page.body.contains("You have signed out"));
}

#[tokio::test]
async fn an_idle_session_is_over() {
    let site = Site::start().await;
    let mut browser = Browser::default();
    browser.sign_in(&site, "oda").await;
    site.tamper("UPDATE sessions SET expires_ms = 1").await;
    assert_eq!(status(&mut browser, &site).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_session_is_over_after_its_absolute_time_however_busy() {
    let site = Site::start().await;
    let mut browser = Browser::default();
    browser.sign_in(&site, "oda").await;
    // Thirteen hours back; the limit is twelve.
    site.tamper(
        "UPDATE sessions SET data = json_set(data, '$.signed_in.began_at', \
         json_extract(data, '$.signed_in.began_at') - 13 * 3600 * 1000)",
    )
    .await;
    assert_eq!(status(&mut browser, &site).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_request_after_a_while_moves_the_idle_limit() {
    let site = Site::start().await;
    let mut browser = Browser::default();
    browser.sign_in(&site, "oda").await;
    site.tamper(
        "UPDATE sessions SET data = json_set(data, '$.last_seen', \
         json_extract(data, '$.last_seen') - 120000), expires_ms = expires_ms - 120000",
    )
    .await;
    let answer = browser.call(&site, Method::GET, "/fn/streams").await;
    assert_ne!(answer.status, StatusCode::UNAUTHORIZED);
    assert!(answer.header("set-cookie").contains("Max-Age=3600"));
    let again = browser.call(&site, Method::GET, "/fn/streams").await;
    assert_eq!(
        again.header("set-cookie"),
        "",
        "not written at every request"
    );
}

#[tokio::test]
async fn the_database_holds_no_session_id() {
    let site = Site::start().await;
    let mut browser = Browser::default();
    browser.sign_in(&site, "oda").await;
    let id = browser
        .cookie
        .as_deref()
        .unwrap()
        .split_once('=')
        .unwrap()
        .1
        .to_owned();
    for file in ["sluice.db", "sluice.db-wal"] {
        let bytes = std::fs::read(site.dir.path().join(file)).unwrap_or_default();
        assert!(
            !bytes
                .windows(id.len())
                .any(|window| window == id.as_bytes()),
            "{file}"
        );
    }
}
