//! A provider, a browser that keeps its cookies, and a client of
//! openidconnect.

use std::sync::Mutex;

use openidconnect::{
    AdditionalClaims, AuthorizationCode, ClientId, ClientSecret, CsrfToken,
    EmptyExtraTokenFields, HttpRequest, HttpResponse, IdTokenFields, IssuerUrl, Nonce,
    OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
    StandardErrorResponse, StandardTokenResponse,
    core::{
        CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreErrorResponseType,
        CoreGenderClaim, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm, CoreProviderMetadata, CoreRevocableToken,
        CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
    },
};
use reqwest::{Response, header, redirect};
use sandbox::{
    clock::Clock,
    oidc::{Client as Registered, Provider, ProviderConfig},
};
use serde::{Deserialize, Serialize};

pub(crate) const REDIRECT: &str = "http://localhost:3000/sign-in/callback";
pub(crate) const SIGNED_OUT: &str = "http://localhost:3000/signed-out";
pub(crate) const CLIENT: &str = "sluice";
/// With characters that must be encoded in a Basic header.
pub(crate) const SECRET: &str = "a secret: of + the % tests";

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Roles {
    pub(crate) sluice_roles: Vec<String>,
}

impl AdditionalClaims for Roles {}

type Fields = IdTokenFields<
    Roles,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

pub(crate) type Tokens = StandardTokenResponse<Fields, CoreTokenType>;

pub(crate) type Client = openidconnect::Client<
    Roles,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    openidconnect::EndpointSet,
    openidconnect::EndpointNotSet,
    openidconnect::EndpointNotSet,
    openidconnect::EndpointNotSet,
    openidconnect::EndpointMaybeSet,
    openidconnect::EndpointMaybeSet,
>;

pub(crate) async fn provider() -> Provider {
    let config = ProviderConfig::new(Registered {
        id: CLIENT.to_owned(),
        secret: SECRET.to_owned(),
        redirect_uris: vec![REDIRECT.to_owned()],
        post_logout_redirect_uris: vec![SIGNED_OUT.to_owned()],
    });
    Provider::start("127.0.0.1:0".parse().unwrap(), config, Clock::new(1))
        .await
        .unwrap()
}

/// What openidconnect sends, sent by reqwest.
pub(crate) async fn send(request: HttpRequest) -> Result<HttpResponse, reqwest::Error> {
    let response = plain_http().execute(request.try_into()?).await?;
    let mut answer = openidconnect::http::Response::builder().status(response.status());
    if let Some(headers) = answer.headers_mut() {
        headers.extend(response.headers().clone());
    }
    Ok(answer.body(response.bytes().await?.to_vec()).unwrap())
}

pub(crate) fn plain_http() -> reqwest::Client {
    reqwest::Client::builder()
        .redirect(redirect::Policy::none())
        .build()
        .unwrap()
}

pub(crate) async fn discover(provider: &Provider) -> CoreProviderMetadata {
    let issuer = IssuerUrl::new(provider.issuer().to_owned()).unwrap();
    CoreProviderMetadata::discover_async(issuer, &send)
        .await
        .unwrap()
}

pub(crate) async fn client(provider: &Provider) -> Client {
    openidconnect::Client::from_provider_metadata(
        discover(provider).await,
        ClientId::new(CLIENT.to_owned()),
        Some(ClientSecret::new(SECRET.to_owned())),
    )
    .set_redirect_uri(RedirectUrl::new(REDIRECT.to_owned()).unwrap())
}

/// A sign-in that was begun.
pub(crate) struct Begun {
    pub(crate) url: String,
    pub(crate) state: String,
    pub(crate) nonce: Nonce,
    pub(crate) verifier: PkceCodeVerifier,
}

pub(crate) fn begin(client: &Client, change: &[(&str, &str)]) -> Begun {
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let mut request = client
        .authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            CsrfToken::new_random,
            Nonce::new_random,
        )
        .add_scope(Scope::new("profile".to_owned()))
        .add_scope(Scope::new("email".to_owned()))
        .set_pkce_challenge(challenge);
    for (name, value) in change {
        request = request.add_extra_param(*name, *value);
    }
    let (url, state, nonce) = request.url();
    Begun {
        url: url.to_string(),
        state: state.secret().clone(),
        nonce,
        verifier,
    }
}

pub(crate) async fn exchange(
    client: &Client,
    code: &str,
    verifier: PkceCodeVerifier,
) -> Tokens {
    client
        .exchange_code(AuthorizationCode::new(code.to_owned()))
        .unwrap()
        .set_pkce_verifier(verifier)
        .request_async(&send)
        .await
        .unwrap()
}

/// Signs someone in from a fresh browser and exchanges the code.
pub(crate) async fn sign_in(
    provider: &Provider,
    client: &Client,
    login: &str,
) -> (Tokens, Nonce) {
    let begun = begin(client, &[]);
    let browser = Browser::new(provider);
    let answer = browser.sign_in(&begun.url, login).await;
    let tokens = exchange(client, &answer["code"], begun.verifier).await;
    assert!(!tokens.access_token().secret().is_empty());
    (tokens, begun.nonce)
}

/// A browser at the provider: it keeps the session's cookie.
pub(crate) struct Browser {
    base: String,
    http: reqwest::Client,
    cookie: Mutex<Option<String>>,
}

impl Browser {
    pub(crate) fn new(provider: &Provider) -> Self {
        let base = format!("http://{}", provider.address());
        Self {
            base,
            http: plain_http(),
            cookie: Mutex::default(),
        }
    }

    pub(crate) async fn get(&self, url: &str) -> Response {
        self.send(self.http.get(url)).await
    }

    pub(crate) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Response {
        let request = self
            .http
            .post(format!("{}{path}", self.base))
            .header("sec-fetch-site", "same-origin")
            .form(form);
        self.send(request).await
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Response {
        let cookie = self.cookie.lock().unwrap().clone();
        let request = match cookie {
            Some(cookie) => request.header(header::COOKIE, cookie),
            None => request,
        };
        let response = request.send().await.unwrap();
        if let Some(cookie) = response.headers().get(header::SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let ended = pair.ends_with('=');
            *self.cookie.lock().unwrap() = (!ended).then(|| pair.to_owned());
        }
        response
    }

    /// Opens the sign-in page and clicks on a person. Returns what is sent to
    /// the client.
    pub(crate) async fn sign_in(&self, url: &str, login: &str) -> Answer {
        let page = self.get(url).await;
        assert_eq!(page.status(), 200, "nobody was asked");
        let html = page.text().await.unwrap();
        assert!(html.contains(&format!("value=\"{login}\"")), "{html}");
        let asked = asked(&html);
        let form = [("asked", asked.as_str()), ("login", login)];
        answer(&self.post("/sign-in", &form).await)
    }
}

/// What the sign-in page's form carries.
pub(crate) fn asked(html: &str) -> String {
    let (_, rest) = html.split_once("name=\"asked\" value=\"").unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

pub(crate) type Answer = std::collections::HashMap<String, String>;

/// The parameters of an answer to the client's address.
pub(crate) fn answer(response: &Response) -> Answer {
    assert_eq!(response.status(), 303);
    let location = response.headers()[header::LOCATION].to_str().unwrap();
    let (address, query) = location.split_once('?').unwrap();
    assert_eq!(address, REDIRECT);
    url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}
