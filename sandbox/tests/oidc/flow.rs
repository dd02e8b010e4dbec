//! Signing in and out as it should go.

use openidconnect::{
    AuthorizationCode, OAuth2TokenResponse, TokenResponse, UserInfoClaims,
    core::CoreGenderClaim,
};
use sandbox::oidc::User;

use crate::browser::{
    Answer, Browser, CLIENT, Roles, SIGNED_OUT, answer, begin, client, discover,
    exchange, plain_http, provider, send, sign_in,
};

#[tokio::test]
async fn everyone_signs_in_and_the_token_tells_name_and_roles() {
    let provider = provider().await;
    let client = client(&provider).await;
    for (login, roles) in [
        ("oda", vec!["operator"]),
        ("otto", vec!["operator"]),
        ("adam", vec!["approver"]),
        ("stella", vec!["stakeholder"]),
        ("vera", vec!["viewer"]),
        ("ada", vec!["admin"]),
        ("nora", vec![]),
    ] {
        let (tokens, nonce) = sign_in(&provider, &client, login).await;
        let token = tokens.id_token().unwrap();
        let claims = token.claims(&client.id_token_verifier(), &nonce).unwrap();
        assert_eq!(claims.additional_claims().sluice_roles, roles);
        let email = format!("{login}@example.com");
        assert_eq!(
            claims.email().map(|claim| claim.as_str()),
            Some(email.as_str())
        );
        let known = User::all()
            .into_iter()
            .find(|user| user.login == login)
            .unwrap();
        assert_eq!(claims.subject().as_str(), known.subject());
        let name = claims.name().and_then(|name| name.get(None)).unwrap();
        assert_eq!(name.as_str(), known.name);
        assert!(claims.auth_time().is_some());
        let hash = openidconnect::AccessTokenHash::from_token(
            tokens.access_token(),
            token.signing_alg().unwrap(),
            token.signing_key(&client.id_token_verifier()).unwrap(),
        );
        assert_eq!(claims.access_token_hash(), Some(&hash.unwrap()));
        let info: UserInfoClaims<Roles, CoreGenderClaim> = client
            .user_info(
                tokens.access_token().clone(),
                Some(claims.subject().clone()),
            )
            .unwrap()
            .request_async(&send)
            .await
            .unwrap();
        assert_eq!(info.additional_claims().sluice_roles, roles);
    }
}

#[tokio::test]
async fn the_answer_carries_state_and_issuer_and_the_code_counts_once() {
    let provider = provider().await;
    let client = client(&provider).await;
    let begun = begin(&client, &[]);
    let answer: Answer = Browser::new(&provider).sign_in(&begun.url, "oda").await;
    assert_eq!(answer["state"], begun.state);
    assert_eq!(answer["iss"], provider.issuer());
    let again = openidconnect::PkceCodeVerifier::new(begun.verifier.secret().clone());
    let tokens = exchange(&client, &answer["code"], begun.verifier).await;
    let second = client
        .exchange_code(AuthorizationCode::new(answer["code"].clone()))
        .unwrap()
        .set_pkce_verifier(again)
        .request_async(&send)
        .await;
    assert!(second.is_err());
    // The first exchange's token is withdrawn, for one of the two was a thief.
    let info = plain_http()
        .get(format!("{}/userinfo", provider.issuer()))
        .bearer_auth(tokens.access_token().secret())
        .send()
        .await
        .unwrap();
    assert_eq!(info.status(), 401);
}

#[tokio::test]
async fn a_person_is_asked_once_unless_the_client_wants_it_fresh() {
    let provider = provider().await;
    let client = client(&provider).await;
    let browser = Browser::new(&provider);
    browser.sign_in(&begin(&client, &[]).url, "oda").await;
    let silent = browser.get(&begin(&client, &[]).url).await;
    assert!(answer(&silent).contains_key("code"));
    let none = browser
        .get(&begin(&client, &[("prompt", "none")]).url)
        .await;
    assert!(answer(&none).contains_key("code"));
    for fresh in [
        ("prompt", "login"),
        ("prompt", "select_account"),
        ("max_age", "0"),
    ] {
        let page = browser.get(&begin(&client, &[fresh]).url).await;
        assert_eq!(page.status(), 200, "{fresh:?}");
    }
    provider.end_sessions();
    let none = browser
        .get(&begin(&client, &[("prompt", "none")]).url)
        .await;
    assert_eq!(answer(&none)["error"], "login_required");
}

#[tokio::test]
async fn signing_out_ends_the_session_and_leads_back() {
    let provider = provider().await;
    let client = client(&provider).await;
    let browser = Browser::new(&provider);
    let begun = begin(&client, &[]);
    let answered = browser.sign_in(&begun.url, "oda").await;
    let tokens = exchange(&client, &answered["code"], begun.verifier).await;
    let hint = tokens.id_token().unwrap().to_string();
    let end = format!("{}/end-session", provider.issuer());
    let url = url::Url::parse_with_params(
        &end,
        [
            ("id_token_hint", hint.as_str()),
            ("client_id", CLIENT),
            ("post_logout_redirect_uri", SIGNED_OUT),
            ("state", "back"),
        ],
    )
    .unwrap();
    let response = browser.get(url.as_str()).await;
    assert_eq!(response.status(), 303);
    assert_eq!(
        response.headers()["location"],
        format!("{SIGNED_OUT}?state=back")
    );
    let page = browser.get(&begin(&client, &[]).url).await;
    assert_eq!(page.status(), 200, "the session was not ended");
}

#[tokio::test]
async fn without_a_hint_the_person_is_asked_before_signing_out() {
    let provider = provider().await;
    let client = client(&provider).await;
    let browser = Browser::new(&provider);
    browser.sign_in(&begin(&client, &[]).url, "oda").await;
    let page = browser
        .get(&format!("{}/end-session", provider.issuer()))
        .await;
    assert!(page.text().await.unwrap().contains("action=\"/sign-out\""));
    assert_eq!(browser.get(&begin(&client, &[]).url).await.status(), 303);
    assert_eq!(browser.post("/sign-out", &[]).await.status(), 200);
    assert_eq!(browser.get(&begin(&client, &[]).url).await.status(), 200);
}

#[tokio::test]
async fn the_metadata_names_what_there_is() {
    let provider = provider().await;
    let metadata = discover(&provider).await;
    assert_eq!(metadata.issuer().as_str(), provider.issuer());
    assert_eq!(metadata.jwks().keys().len(), 1);
    let page = plain_http()
        .get(format!("{}/style.css", provider.issuer()))
        .send()
        .await
        .unwrap();
    assert_eq!(page.headers()["content-type"], "text/css; charset=utf-8");
}
