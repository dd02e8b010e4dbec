//! What the provider refuses.

use openidconnect::AuthorizationCode;
use reqwest::{Response, header};
use serde_json::Value;

use crate::browser::{
    Browser, CLIENT, REDIRECT, SECRET, answer, asked, begin, client, plain_http,
    provider, send,
};

/// The URL with one parameter changed, or taken out where it is empty.
fn with(url: &str, name: &str, value: &str) -> String {
    let mut url = url::Url::parse(url).unwrap();
    let mut pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    pairs.retain(|(known, _)| known != name);
    if !value.is_empty() {
        pairs.push((name.to_owned(), value.to_owned()));
    }
    url.query_pairs_mut().clear().extend_pairs(pairs);
    url.to_string()
}

#[tokio::test]
async fn a_code_goes_to_no_address_that_is_not_registered() {
    let provider = provider().await;
    let client = client(&provider).await;
    let browser = Browser::new(&provider);
    let url = begin(&client, &[]).url;
    for wrong in [
        "http://localhost:3000/sign-in/callback/",
        "http://localhost:3000/sign-in/callback?x=1",
        "http://localhost:3001/sign-in/callback",
        "https://evil.example/",
        "",
    ] {
        let response = browser.get(&with(&url, "redirect_uri", wrong)).await;
        assert_eq!(response.status(), 400, "{wrong}");
        assert!(!response.headers().contains_key(header::LOCATION));
    }
    let response = browser.get(&with(&url, "client_id", "other")).await;
    assert_eq!(response.status(), 400);
}

#[tokio::test]
async fn a_request_that_lacks_a_safeguard_is_sent_back() {
    let provider = provider().await;
    let client = client(&provider).await;
    let browser = Browser::new(&provider);
    let url = begin(&client, &[]).url;
    for (name, value, error) in [
        ("state", "", "invalid_request"),
        ("nonce", "", "invalid_request"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("scope", "profile", "invalid_scope"),
        ("response_type", "token", "unsupported_response_type"),
        ("request", "e30.e30.", "request_not_supported"),
    ] {
        let response = browser.get(&with(&url, name, value)).await;
        assert_eq!(answer(&response)["error"], error, "{name}");
    }
    let repeated = browser.get(&format!("{url}&state=other")).await;
    assert_eq!(repeated.status(), 400);
}

#[tokio::test]
async fn a_sign_in_form_from_another_site_or_answered_twice_is_refused() {
    let provider = provider().await;
    let client = client(&provider).await;
    let browser = Browser::new(&provider);
    let page = browser.get(&begin(&client, &[]).url).await;
    let policy = page.headers()[header::CONTENT_SECURITY_POLICY]
        .to_str()
        .unwrap();
    assert!(policy.contains("frame-ancestors 'none'"));
    let asked = asked(&page.text().await.unwrap());
    let form = [("asked", asked.as_str()), ("login", "oda")];
    let foreign = plain_http()
        .post(format!("{}/sign-in", provider.issuer()))
        .header("sec-fetch-site", "cross-site")
        .form(&form)
        .send()
        .await
        .unwrap();
    assert_eq!(foreign.status(), 400);
    let stranger = browser
        .post("/sign-in", &[form[0], ("login", "mallory")])
        .await;
    assert_eq!(stranger.status(), 400);
    assert_eq!(browser.post("/sign-in", &form).await.status(), 303);
    assert_eq!(browser.post("/sign-in", &form).await.status(), 400);
}

#[tokio::test]
async fn a_wrong_verifier_gets_no_token() {
    let provider = provider().await;
    let client = client(&provider).await;
    let begun = begin(&client, &[]);
    let answer = Browser::new(&provider).sign_in(&begun.url, "oda").await;
    let other = begin(&client, &[]).verifier;
    let refused = client
        .exchange_code(AuthorizationCode::new(answer["code"].clone()))
        .unwrap()
        .set_pkce_verifier(other)
        .request_async(&send)
        .await;
    assert!(refused.is_err());
}

async fn ask_token(
    issuer: &str,
    basic: Option<(&str, &str)>,
    form: &[(&str, &str)],
) -> Response {
    let request = plain_http().post(format!("{issuer}/token")).form(form);
    let request = match basic {
        Some((id, secret)) => request.basic_auth(id, Some(secret)),
        None => request,
    };
    request.send().await.unwrap()
}

#[tokio::test]
async fn only_the_client_itself_may_exchange_a_code() {
    let provider = provider().await;
    let issuer = provider.issuer();
    let client = client(&provider).await;
    let begun = begin(&client, &[]);
    let answer = Browser::new(&provider).sign_in(&begun.url, "oda").await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", answer["code"].as_str()),
        ("redirect_uri", REDIRECT),
        ("code_verifier", begun.verifier.secret().as_str()),
    ];
    let refused = async |basic, extra: &[(&str, &str)], status: u16, error: &str| {
        let response = ask_token(issuer, basic, &[&form, extra].concat()).await;
        assert_eq!(response.status(), status);
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        let body: Value = response.json().await.unwrap();
        assert_eq!(body["error"], error);
    };
    refused(None, &[], 401, "invalid_client").await;
    refused(Some((CLIENT, "guess")), &[], 401, "invalid_client").await;
    refused(Some(("other", SECRET)), &[], 401, "invalid_client").await;
    let both = [("client_secret", SECRET)];
    refused(Some((CLIENT, SECRET)), &both, 400, "invalid_request").await;
    // None of that used the code up, for nobody had shown to be the client.
    let post = [("client_id", CLIENT), ("client_secret", SECRET)];
    let response = ask_token(issuer, None, &[&form[..], &post].concat()).await;
    assert_eq!(response.status(), 200);
    let refresh = [("grant_type", "refresh_token"), post[0], post[1]];
    let response = ask_token(issuer, None, &refresh).await;
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["error"], "unsupported_grant_type");
}

#[tokio::test]
async fn signing_out_leads_to_no_address_that_is_not_registered() {
    let provider = provider().await;
    let browser = Browser::new(&provider);
    let end = format!("{}/end-session", provider.issuer());
    let elsewhere = format!(
        "{end}?client_id={CLIENT}&post_logout_redirect_uri=https://evil.example/"
    );
    assert_eq!(browser.get(&elsewhere).await.status(), 400);
    let forged = format!("{end}?id_token_hint=e30.e30.AAAA");
    assert_eq!(browser.get(&forged).await.status(), 400);
}
