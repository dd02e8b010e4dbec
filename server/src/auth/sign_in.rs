//! `/sign-in` and the way back from the provider.

use axum::Extension;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::time::Millis;
use serde::Deserialize;
use tower_sessions::Session;

use super::provider::{Identity, ProviderError};
use super::return_to::local_path;
use super::session::{self, ATTEMPT_MINUTES, SignedIn};
use crate::config::SignIn;
use crate::http::{AppState, PlainPage, RequestId};
use crate::store::{LoginAttempt, StoreError};
use crate::telemetry::{chain, names};
use crate::{clock, security};

/// Why a sign-in did not come about.
#[derive(Debug, thiserror::Error)]
enum SignInError {
    #[error("the session cannot be read or written")]
    Session(#[source] tower_sessions::session::Error),
    #[error("the attempt cannot be kept")]
    Attempt(#[source] StoreError),
    #[error("the provider cannot be reached")]
    Depart(#[source] ProviderError),
    #[error("the provider's answer is refused")]
    Arrive(#[source] ProviderError),
    #[error("the answer carries no state of an attempt of this browser")]
    UnknownAttempt,
    #[error("the answer comes from the issuer {0:?}, and another was asked")]
    OtherIssuer(String),
    #[error("the provider refused: {0:?}")]
    Refused(String),
    #[error("the answer has neither a code nor an error")]
    Empty,
    #[error("the provider did not ask again who the person is")]
    NotFresh,
}

#[derive(Deserialize)]
pub struct SignInQuery {
    return_to: Option<String>,
    /// Any value: the person must prove anew who they are.
    fresh: Option<String>,
}

#[derive(Deserialize)]
pub struct CallbackQuery {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
    /// RFC 9207: who answers, where the provider says so.
    iss: Option<String>,
}

/// Sends the browser to the provider.
pub async fn sign_in(
    State(state): State<AppState>,
    session: Extension<Session>,
    Extension(reference): Extension<RequestId>,
    Query(query): Query<SignInQuery>,
) -> Response {
    let fresh = query.fresh.is_some();
    let return_to = local_path(query.return_to.as_deref());
    match depart(&state, &session, fresh, return_to).await {
        Ok(url) => Redirect::to(&url).into_response(),
        Err(error) => failure(&error, &reference),
    }
}

/// Takes the browser back, with a new session.
pub async fn callback(
    State(state): State<AppState>,
    session: Extension<Session>,
    Extension(reference): Extension<RequestId>,
    Query(query): Query<CallbackQuery>,
) -> Response {
    match arrive(&state, &session, query).await {
        Ok(return_to) => {
            metrics::counter!(names::SIGN_INS, "outcome" => "done").increment(1);
            Redirect::to(&return_to).into_response()
        }
        Err(error) => failure(&error, &reference),
    }
}

async fn depart(
    state: &AppState,
    session: &Session,
    fresh: bool,
    return_to: String,
) -> Result<String, SignInError> {
    let departure = state
        .provider()
        .depart(fresh)
        .await
        .map_err(SignInError::Depart)?;
    let browser = session::bind_browser(session)
        .await
        .map_err(SignInError::Session)?;
    let attempt = LoginAttempt {
        nonce: departure.nonce,
        pkce_verifier: departure.pkce_verifier,
        return_to,
        fresh,
    };
    let expires = clock::now().plus(ATTEMPT_MINUTES * 60_000);
    state
        .store()
        .begin_login(&departure.state, &browser, &attempt, expires)
        .await
        .map_err(SignInError::Attempt)?;
    Ok(departure.url.into())
}

async fn arrive(
    state: &AppState,
    session: &Session,
    query: CallbackQuery,
) -> Result<String, SignInError> {
    let now = clock::now();
    let browser = session::browser_of(session)
        .await
        .map_err(SignInError::Session)?;
    let (Some(browser), Some(sent)) = (browser, query.state) else {
        return Err(SignInError::UnknownAttempt);
    };
    let attempt = state
        .store()
        .take_login(&sent, &browser, now)
        .await
        .map_err(SignInError::Attempt)?
        .ok_or(SignInError::UnknownAttempt)?;
    let settings = state.provider().settings();
    if let Some(issuer) = query
        .iss
        .filter(|issuer| issuer != settings.issuer.as_str())
    {
        return Err(SignInError::OtherIssuer(issuer));
    }
    if let Some(error) = query.error {
        return Err(SignInError::Refused(error));
    }
    let code = query.code.ok_or(SignInError::Empty)?;
    let identity = state
        .provider()
        .arrive(code, attempt.nonce, attempt.pkce_verifier, now)
        .await
        .map_err(SignInError::Arrive)?;
    if !is_fresh_enough(identity.authenticated_at, now, attempt.fresh, settings) {
        return Err(SignInError::NotFresh);
    }
    tracing::info!(
        issuer = identity.id.issuer,
        subject = identity.id.subject,
        roles = identity.role_values.len(),
        "signed in"
    );
    session::begin(session, remembered(identity, now), settings)
        .await
        .map_err(SignInError::Session)?;
    Ok(attempt.return_to)
}

/// Whether the provider kept to the `max_age` that it was asked for: one that
/// ignores it must not pass for a fresh sign-in.
fn is_fresh_enough(
    authenticated_at: Option<Millis>,
    now: Millis,
    fresh: bool,
    settings: &SignIn,
) -> bool {
    let minutes = match fresh {
        true => settings.step_up_minutes,
        false => settings.session_absolute_minutes,
    };
    match authenticated_at {
        Some(time) => now.since(time) <= i64::from(minutes) * 60_000,
        // Who does not tell is let in, but nowhere that a fresh sign-in is needed.
        None => !fresh,
    }
}

fn remembered(identity: Identity, now: Millis) -> SignedIn {
    SignedIn {
        id: identity.id,
        name: identity.name,
        email: identity.email,
        role_values: identity.role_values,
        authenticated_at: identity.authenticated_at,
        began_at: now,
        csrf: security::random_token(),
        id_token: identity.id_token,
    }
}

fn failure(error: &SignInError, reference: &RequestId) -> Response {
    tracing::warn!(error = chain(error), "a sign-in failed");
    metrics::counter!(names::SIGN_INS, "outcome" => "failed").increment(1);
    let (status, message) = match error {
        SignInError::Session(_) | SignInError::Attempt(_) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "Sluice could not remember the sign-in.",
        ),
        SignInError::Depart(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "The sign-in provider cannot be reached. Whoever is signed in already can \
             work on.",
        ),
        SignInError::Arrive(_) | SignInError::OtherIssuer(_) | SignInError::Empty => (
            StatusCode::BAD_GATEWAY,
            "The sign-in provider's answer was not accepted.",
        ),
        SignInError::UnknownAttempt => (
            StatusCode::BAD_REQUEST,
            "This sign-in is over, was used before, or was begun in another browser.",
        ),
        SignInError::Refused(_) => (
            StatusCode::FORBIDDEN,
            "The sign-in provider did not let you in.",
        ),
        SignInError::NotFresh => (
            StatusCode::FORBIDDEN,
            "The sign-in provider did not ask again who you are, and this step needs that.",
        ),
    };
    PlainPage::new(status, "The sign-in did not come about", message)
        .with_reference(&reference.0)
        .with_link("/sign-in", "Sign in")
        .into_response()
}
