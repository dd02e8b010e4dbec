//! The token endpoint, and userinfo, which takes its tokens.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::State as Shared,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use rsa::sha2::{Digest, Sha256};
use serde_json::json;

use super::{
    config::Client,
    grants::ACCESS_TOKEN_MS,
    params::Params,
    provider::State,
    routes::{header_text, not_stored},
    tokens::{IdToken, person_claims},
};

pub(super) async fn token(
    Shared(state): Shared<Arc<State>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let params = match Params::parse(&body) {
        Ok(params) => params,
        Err(error) => return token_error("invalid_request", &error.to_string()),
    };
    let client = match authenticate(&state, &headers, &params) {
        Ok(client) => client,
        Err(response) => return *response,
    };
    match params.get("grant_type") {
        Some("authorization_code") => {}
        Some(_) => {
            let text = "The sandbox knows the grant type authorization_code only.";
            return token_error("unsupported_grant_type", text);
        }
        None => return token_error("invalid_request", "grant_type is required."),
    }
    let (Some(code), Some(redirect_uri), Some(verifier)) = (
        params.get("code"),
        params.get("redirect_uri"),
        params.get("code_verifier"),
    ) else {
        let text = "code, redirect_uri and code_verifier are required.";
        return token_error("invalid_request", text);
    };
    let now_ms = state.clock.now_ms();
    let exchanged =
        state
            .grants()
            .exchange(code, &client.id, redirect_uri, verifier, now_ms);
    let (access_token, grant) = match exchanged {
        Ok(exchanged) => exchanged,
        Err(error) => return token_error("invalid_grant", &error.to_string()),
    };
    let Some(user) = state.config.user(&grant.session.login) else {
        return token_error("invalid_grant", "The person is not known any more.");
    };
    let id_token = IdToken {
        issuer: &state.issuer,
        config: &state.config,
        user,
        grant: &grant,
        access_token: &access_token,
        fault: state.faulty.get(),
    };
    let answer = json!({
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": ACCESS_TOKEN_MS / 1000,
        "scope": grant.request.scopes.join(" "),
        "id_token": id_token.write(&state.key, now_ms),
    });
    not_stored(Json(answer).into_response())
}

pub(super) async fn userinfo(
    Shared(state): Shared<Arc<State>>,
    headers: HeaderMap,
) -> Response {
    let token = header_text(&headers, header::AUTHORIZATION)
        .and_then(|value| value.strip_prefix("Bearer "))
        .unwrap_or("");
    let now_ms = state.clock.now_ms();
    let grant = state.grants().access(token, now_ms).cloned();
    let user = grant
        .as_ref()
        .and_then(|grant| state.config.user(&grant.session.login));
    match grant.as_ref().zip(user) {
        Some((grant, user)) => {
            let claims = person_claims(user, &grant.request.scopes, &state.config);
            not_stored(Json(claims).into_response())
        }
        None => {
            let challenge =
                [(header::WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"")];
            (StatusCode::UNAUTHORIZED, challenge).into_response()
        }
    }
}

/// By `client_secret_basic` or `client_secret_post`, not by both.
fn authenticate<'a>(
    state: &'a State,
    headers: &HeaderMap,
    params: &Params,
) -> Result<&'a Client, Box<Response>> {
    let basic = header_text(headers, header::AUTHORIZATION)
        .and_then(|value| value.strip_prefix("Basic "));
    let (id, secret) = match (basic, params.get("client_secret")) {
        (Some(_), Some(_)) => {
            let text = "The client authenticates itself in two ways.";
            return Err(Box::new(token_error("invalid_request", text)));
        }
        (Some(basic), None) => match read_basic(basic) {
            Some(pair) => pair,
            None => return Err(Box::new(invalid_client())),
        },
        (None, Some(secret)) => (
            params.get("client_id").unwrap_or("").to_owned(),
            secret.to_owned(),
        ),
        (None, None) => return Err(Box::new(invalid_client())),
    };
    // Digests, so that the time of the comparison tells nothing.
    let digest = |secret: &str| Sha256::digest(secret);
    state
        .config
        .client(&id)
        .filter(|client| digest(&client.secret) == digest(&secret))
        .ok_or_else(|| Box::new(invalid_client()))
}

/// RFC 6749, 2.3.1: both halves are form-encoded first.
fn read_basic(text: &str) -> Option<(String, String)> {
    let pair = String::from_utf8(STANDARD.decode(text).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    let decode = |half: &str| {
        let (name, _) = url::form_urlencoded::parse(half.as_bytes()).next()?;
        Some(name.into_owned())
    };
    Some((decode(id)?, decode(secret)?))
}

fn token_error(error: &str, description: &str) -> Response {
    let body = json!({ "error": error, "error_description": description });
    not_stored((StatusCode::BAD_REQUEST, Json(body)).into_response())
}

fn invalid_client() -> Response {
    let body = json!({
        "error": "invalid_client",
        "error_description": "The client is not known or its secret is wrong.",
    });
    let challenge = [(header::WWW_AUTHENTICATE, "Basic realm=\"sandbox\"")];
    not_stored((StatusCode::UNAUTHORIZED, challenge, Json(body)).into_response())
}
