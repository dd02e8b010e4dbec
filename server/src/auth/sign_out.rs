//! `/sign-out`: ends the session here and, where it can be, at the provider.

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use tower_sessions::Session;

use super::session;
use crate::http::{AppState, PlainPage, RequestId};
use crate::telemetry::chain;

/// A POST of a page's own form, as the gate has seen to.
pub async fn sign_out(
    State(state): State<AppState>,
    session: Extension<Session>,
    Extension(reference): Extension<RequestId>,
) -> Response {
    match session::end(&session).await {
        Ok(id_token) => {
            let url = id_token.and_then(|token| state.provider().end_session_url(&token));
            Redirect::to(url.as_ref().map_or("/signed-out", |url| url.as_str()))
                .into_response()
        }
        Err(error) => {
            tracing::error!(error = chain(&error), "a session cannot be ended");
            PlainPage::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "You may still be signed in",
                "Sluice could not end the session. Close the browser, or try again.",
            )
            .with_reference(reference.0)
            .into_response()
        }
    }
}

/// Where the provider sends the browser after that.
pub async fn signed_out() -> Response {
    PlainPage::new(
        StatusCode::OK,
        "You have signed out",
        "This browser no longer has access.",
    )
    .with_link("/sign-in", "Sign in")
    .into_response()
}
