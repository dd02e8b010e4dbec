//! Signing out: RP-Initiated Logout 1.0.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{RawQuery, State as Shared},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde_json::Value;

use super::{
    page,
    params::{Params, with_query},
    provider::State,
    routes::{
        cookie, ended_cookie, is_from_own_page, own_page, redirect, refused, set_cookie,
    },
};

/// By GET, or by POST with a form. With an ID token as a hint it signs out at
/// once; without one anybody could have made the link, so the person is asked.
pub(super) async fn end_session(
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
    let hint = match params.get("id_token_hint") {
        None => None,
        Some(token) => match state.key.read(token) {
            Some(claims) => Some(claims),
            None => return refused("The id_token_hint was not issued here."),
        },
    };
    let target = match target(&state, &params, hint.as_ref()) {
        Ok(target) => target,
        Err(reason) => return refused(reason),
    };
    let Some(hint) = hint else {
        return own_page(StatusCode::OK, page::sign_out());
    };
    state
        .grants()
        .sign_out(cookie(&headers), hint["sid"].as_str());
    let mut response = match target {
        Some(target) => redirect(&with_query(&target, &[("state", params.get("state"))])),
        None => own_page(StatusCode::OK, page::signed_out()),
    };
    set_cookie(&mut response, &ended_cookie());
    response
}

/// The answer of the person who was asked.
pub(super) async fn sign_out(
    Shared(state): Shared<Arc<State>>,
    headers: HeaderMap,
) -> Response {
    if !is_from_own_page(&headers) {
        return refused("The form came from another site.");
    }
    state.grants().sign_out(cookie(&headers), None);
    let mut response = own_page(StatusCode::OK, page::signed_out());
    set_cookie(&mut response, &ended_cookie());
    response
}

/// Where to send the person afterwards: only to an address registered for the
/// client that the hint or `client_id` names, and both must name the same.
fn target(
    state: &State,
    params: &Params,
    hint: Option<&Value>,
) -> Result<Option<String>, &'static str> {
    let hinted = hint.and_then(|claims| claims["aud"].as_str());
    let named = params.get("client_id");
    if hinted
        .zip(named)
        .is_some_and(|(hinted, named)| hinted != named)
    {
        return Err("The client_id is not the one of the id_token_hint.");
    }
    let Some(uri) = params.get("post_logout_redirect_uri") else {
        return Ok(None);
    };
    let client = hinted
        .or(named)
        .and_then(|id| state.config.client(id))
        .ok_or("The client is not known here.")?;
    if client
        .post_logout_redirect_uris
        .iter()
        .any(|registered| registered == uri)
    {
        Ok(Some(uri.to_owned()))
    } else {
        Err("The post-logout redirect URI is not registered for this client.")
    }
}
