//! Judges each request by the access table before anything else sees it.

use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use super::access_table::{self, CrossSite, Rule};
use super::cross_site::{self, CALL_HEADER, Refusal};
use crate::auth::Visitor;
use crate::http::{AppState, PlainPage};

/// Lets a request through, or answers it.
pub async fn gate(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let matched = request.extensions().get::<MatchedPath>();
    let Some(matched) = matched.map(|path| path.as_str().to_owned()) else {
        return not_found().await;
    };
    let Some(rule) = access_table::find(request.method(), &matched) else {
        tracing::debug!(route = matched, "a route that is not in the access table");
        return not_found().await;
    };
    let visitor = request
        .extensions()
        .get::<Visitor>()
        .cloned()
        .unwrap_or_default();
    // First whether it is a request of ours at all: an answer to another site
    // should not even tell whether its visitor is signed in.
    let request = match check_site(&state, rule, &visitor, request).await {
        Ok(request) => request,
        Err(refusal) => return refuse(refusal),
    };
    match check_access(rule, &visitor, &request) {
        Ok(()) => next.run(request).await,
        Err(response) => *response,
    }
}

async fn check_site(
    state: &AppState,
    rule: &Rule,
    visitor: &Visitor,
    request: Request,
) -> Result<Request, Refusal> {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if reads || matches!(rule.cross_site, CrossSite::Allowed(_)) {
        return Ok(request);
    }
    let server = &state.config().server;
    cross_site::check_origin(request.headers(), &server.public_origin.as_origin())?;
    cross_site::check_token(request, visitor.csrf(), server.body_limit_bytes as usize)
        .await
}

fn check_access(
    rule: &Rule,
    visitor: &Visitor,
    request: &Request,
) -> Result<(), Box<Response>> {
    if rule.access == access_table::Access::Public {
        return Ok(());
    }
    let Some(actor) = visitor.actor() else {
        return Err(Box::new(sign_in_first(request)));
    };
    if rule.access.admits(actor) {
        return Ok(());
    }
    let page = PlainPage::new(
        StatusCode::FORBIDDEN,
        "This is not open to you",
        "None of your roles allows it. Who gives out roles in your organisation can \
         change that.",
    );
    Err(Box::new(page.into_response()))
}

/// A page that a person opens leads to the sign-in and back; anything else gets
/// the status alone.
fn sign_in_first(request: &Request) -> Response {
    let is_page = *request.method() == Method::GET
        && !request.headers().contains_key(CALL_HEADER)
        && request
            .headers()
            .get(header::ACCEPT)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|accept| accept.contains("text/html"));
    if !is_page {
        return (StatusCode::UNAUTHORIZED, "Sign in first.").into_response();
    }
    let wanted = request
        .uri()
        .path_and_query()
        .map_or("/", |path| path.as_str());
    let query: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("return_to", wanted)
        .finish();
    Redirect::to(&format!("/sign-in?{query}")).into_response()
}

fn refuse(refusal: Refusal) -> Response {
    tracing::warn!(reason = %refusal, "a request that could change something is refused");
    let (status, message) = match refusal {
        Refusal::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "The request is too large."),
        Refusal::WrongToken | Refusal::NoToken => (
            StatusCode::FORBIDDEN,
            "This form does not belong to the current sign-in. Open the page again and \
             repeat the step.",
        ),
        Refusal::OtherSite | Refusal::NoOrigin => (
            StatusCode::FORBIDDEN,
            "The request did not come from a page of this server.",
        ),
    };
    PlainPage::new(status, "The request was refused", message).into_response()
}

pub(crate) async fn not_found() -> Response {
    PlainPage::new(
        StatusCode::NOT_FOUND,
        "There is no such page",
        "The address leads to nothing here.",
    )
    .into_response()
}
