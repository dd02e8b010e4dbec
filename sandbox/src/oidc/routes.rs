//! The provider's endpoints.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, RawQuery, State as Shared},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use serde_json::json;

use super::{
    authorize::{AuthorizeRequest, Refusal, SCOPES},
    grants::Next,
    logout, page,
    params::{Params, with_query},
    provider::State,
    token_endpoint,
};

const MAX_BODY_BYTES: usize = 64 * 1024;
/// Its own name, since cookies are shared by all ports of a host.
const COOKIE: &str = "sandbox_idp_session";

pub(super) fn router(state: Arc<State>) -> Router {
    Router::new()
        .route("/.well-known/openid-configuration", get(metadata))
        .route("/jwks", get(jwks))
        .route("/authorize", get(authorize).post(authorize))
        .route("/sign-in", post(sign_in))
        .route("/token", post(token_endpoint::token))
        .route(
            "/userinfo",
            get(token_endpoint::userinfo).post(token_endpoint::userinfo),
        )
        .route(
            "/end-session",
            get(logout::end_session).post(logout::end_session),
        )
        .route("/sign-out", post(logout::sign_out))
        .route("/style.css", get(style))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(state)
}

async fn metadata(Shared(state): Shared<Arc<State>>) -> Response {
    let issuer = &state.issuer;
    let at = |path: &str| format!("{issuer}{path}");
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"),
        "userinfo_endpoint": at("/userinfo"),
        "end_session_endpoint": at("/end-session"),
        "jwks_uri": at("/jwks"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported":
            ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": ["none", "login", "select_account", "consent"],
        "scopes_supported": SCOPES,
        "claims_supported": [
            "iss", "sub", "aud", "exp", "iat", "nonce", "auth_time", "sid", "at_hash",
            "name", "preferred_username", "email", "email_verified",
            state.config.roles_claim.as_str(),
        ],
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "authorization_response_iss_parameter_supported": true,
    }))
    .into_response()
}

async fn jwks(Shared(state): Shared<Arc<State>>) -> Response {
    Json(state.key.jwks()).into_response()
}

async fn style() -> Response {
    (
        [(header::CONTENT_TYPE, "text/css; charset=utf-8")],
        page::STYLE,
    )
        .into_response()
}

/// By GET, or by POST with a form.
async fn authorize(
    Shared(state): Shared<Arc<State>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = query.map_or(body, Bytes::from);
    let params = match Params::parse(&form) {
        Ok(params) => params,
        Err(error) => return refused(&error.to_string()),
    };
    let request = match AuthorizeRequest::read(&params, &state.config) {
        Ok(request) => request,
        Err(Refusal::OnPage(reason)) => return refused(&reason),
        Err(Refusal::AtClient {
            redirect_uri,
            state: client_state,
            error,
            description,
        }) => {
            return redirect_error(
                &state,
                &redirect_uri,
                client_state.as_deref(),
                error,
                &description,
            );
        }
    };
    let now_ms = state.clock.now_ms();
    let next = state
        .grants()
        .begin(request.clone(), cookie(&headers), now_ms);
    match next {
        Next::Code(code) => redirect_code(&state, &request, &code),
        Next::LoginRequired => redirect_error(
            &state,
            &request.redirect_uri,
            Some(&request.state),
            "login_required",
            "The person would have to sign in.",
        ),
        Next::Ask(asked) => match state.config.client(&request.client_id) {
            Some(client) => own_page(
                StatusCode::OK,
                page::sign_in(
                    client,
                    &state.config.users,
                    &asked,
                    request.login_hint.as_deref(),
                ),
            ),
            None => refused("The client is not known here."),
        },
    }
}

/// The sign-in page's own form.
async fn sign_in(
    Shared(state): Shared<Arc<State>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !is_from_own_page(&headers) {
        return refused("The form came from another site.");
    }
    let params = match Params::parse(&body) {
        Ok(params) => params,
        Err(error) => return refused(&error.to_string()),
    };
    let Some(user) = params
        .get("login")
        .and_then(|login| state.config.user(login))
    else {
        return refused("There is no such person.");
    };
    let asked = params.get("asked").unwrap_or("");
    let now_ms = state.clock.now_ms();
    let signed_in = state.grants().sign_in(asked, &user.login, now_ms);
    let Some((session, code, request)) = signed_in else {
        return refused("The sign-in page has been answered or has ended. Start again.");
    };
    let mut response = redirect_code(&state, &request, &code);
    set_cookie(
        &mut response,
        &format!("{COOKIE}={session}; Path=/; HttpOnly; SameSite=Lax"),
    );
    response
}

fn redirect_code(state: &State, request: &AuthorizeRequest, code: &str) -> Response {
    redirect(&with_query(
        &request.redirect_uri,
        &[
            ("code", Some(code)),
            ("state", Some(&request.state)),
            ("iss", Some(&state.issuer)),
        ],
    ))
}

fn redirect_error(
    state: &State,
    redirect_uri: &str,
    client_state: Option<&str>,
    error: &str,
    description: &str,
) -> Response {
    redirect(&with_query(
        redirect_uri,
        &[
            ("error", Some(error)),
            ("error_description", Some(description)),
            ("state", client_state),
            ("iss", Some(&state.issuer)),
        ],
    ))
}

/// 303, so that a form is not posted once more to the client.
pub(super) fn redirect(to: &str) -> Response {
    not_stored((StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response())
}

pub(super) fn refused(reason: &str) -> Response {
    own_page(StatusCode::BAD_REQUEST, page::refused(reason))
}

/// A page of the provider, which no other page may frame.
pub(super) fn own_page(status: StatusCode, html: String) -> Response {
    let policy = "default-src 'none'; style-src 'self'; frame-ancestors 'none'; \
                  base-uri 'none'";
    let headers = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    not_stored((status, headers, Html(html)).into_response())
}

pub(super) fn not_stored(mut response: Response) -> Response {
    let no_store = HeaderValue::from_static("no-store");
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, no_store);
    response
}

pub(super) fn set_cookie(response: &mut Response, cookie: &str) {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

/// A cookie that takes the session's place and ends at once.
pub(super) fn ended_cookie() -> String {
    format!("{COOKIE}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0")
}

pub(super) fn cookie(headers: &HeaderMap) -> Option<&str> {
    header_text(headers, header::COOKIE)?
        .split(';')
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, value)| value)
}

/// Browsers name the origin of a form. A client that is no browser need not.
pub(super) fn is_from_own_page(headers: &HeaderMap) -> bool {
    header_text(headers, header::HeaderName::from_static("sec-fetch-site"))
        .is_none_or(|site| site == "same-origin")
}

pub(super) fn header_text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}
