//! Sessions, and who is asking by them.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use domain::access::{Actor, Person, PersonId};
use domain::time::Millis;
use serde::{Deserialize, Serialize};
use time::Duration;
use tower_sessions::cookie::SameSite;
use tower_sessions::{Expiry, Session, SessionManagerLayer};

use super::claims;
use crate::config::SignIn;
use crate::http::AppState;
use crate::store::DatabaseSessions;
use crate::telemetry::chain;
use crate::{clock, security};

const SIGNED_IN: &str = "signed_in";
const LAST_SEEN: &str = "last_seen";
const BROWSER: &str = "browser";

/// How exactly the idle time is kept: a session is written at most this often.
const LAST_SEEN_GRAIN_MS: i64 = 60_000;
/// How long a browser may stay at the provider.
pub(super) const ATTEMPT_MINUTES: i64 = 10;

/// What a session remembers of a sign-in. The roles are worked out anew for each
/// request, so that a change of the configuration holds at once.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct SignedIn {
    pub(super) id: PersonId,
    pub(super) name: String,
    pub(super) email: Option<String>,
    pub(super) role_values: Vec<String>,
    pub(super) authenticated_at: Option<Millis>,
    pub(super) began_at: Millis,
    pub(super) csrf: String,
    pub(super) id_token: String,
}

/// Who makes a request, for the layers and handlers after `load_visitor`.
#[derive(Clone, Default)]
pub struct Visitor {
    signed_in: Option<(Actor, String)>,
}

impl Visitor {
    /// `None`: nobody has signed in.
    pub fn actor(&self) -> Option<&Actor> {
        self.signed_in.as_ref().map(|(actor, _)| actor)
    }

    /// The token of the session's forms.
    pub fn csrf(&self) -> Option<&str> {
        self.signed_in.as_ref().map(|(_, csrf)| csrf.as_str())
    }
}

/// Cookies and the sessions table.
pub fn session_layer(state: &AppState) -> SessionManagerLayer<DatabaseSessions> {
    let https = state.config().server.public_origin.is_https();
    // The prefix makes browsers insist on Secure, on the path and on the very
    // host; they refuse it over plain http, which only a loopback origin uses.
    let name = if https { "__Host-sluice" } else { "sluice" };
    SessionManagerLayer::new(DatabaseSessions::new(state.store().clone()))
        .with_name(name)
        .with_secure(https)
        .with_http_only(true)
        // Lax, since the provider sends the browser back from another site.
        .with_same_site(SameSite::Lax)
        .with_path("/")
        .with_expiry(idle_expiry(&state.config().sign_in))
}

/// Finds out who is asking. A session that is over or cannot be read is nobody's.
pub async fn load_visitor(
    State(state): State<AppState>,
    mut request: Request,
    next: Next,
) -> Response {
    let session = request.extensions().get::<Session>().cloned();
    let visitor = match session {
        None => Visitor::default(),
        Some(session) => visitor_of(&session, &state.config().sign_in)
            .await
            .unwrap_or_else(|error| {
                tracing::error!(error = chain(&error), "a session cannot be read");
                Visitor::default()
            }),
    };
    request.extensions_mut().insert(visitor);
    next.run(request).await
}

async fn visitor_of(
    session: &Session,
    settings: &SignIn,
) -> Result<Visitor, tower_sessions::session::Error> {
    let now = clock::now();
    let Some(signed_in) = session.get::<SignedIn>(SIGNED_IN).await? else {
        return Ok(Visitor::default());
    };
    let absolute_ms = i64::from(settings.session_absolute_minutes) * 60_000;
    if now.since(signed_in.began_at) > absolute_ms {
        session.flush().await?;
        return Ok(Visitor::default());
    }
    let last_seen: Millis = session.get(LAST_SEEN).await?.unwrap_or(signed_in.began_at);
    if now.since(last_seen) > LAST_SEEN_GRAIN_MS {
        // Writing moves the idle limit on.
        session.insert(LAST_SEEN, now).await?;
    }
    let actor = Actor {
        grants: claims::grants(&signed_in.role_values, &settings.roles),
        person: Person {
            id: signed_in.id,
            name: signed_in.name,
        },
        email: signed_in.email,
        // Where the provider does not tell, no sign-in is ever fresh.
        signed_in_at: signed_in.authenticated_at.unwrap_or_default(),
    };
    Ok(Visitor {
        signed_in: Some((actor, signed_in.csrf)),
    })
}

/// What binds a sign-in that is under way to the browser that began it: a secret
/// of its session. It is drawn here if there is none.
pub(super) async fn bind_browser(
    session: &Session,
) -> Result<String, tower_sessions::session::Error> {
    if let Some(browser) = browser_of(session).await? {
        return Ok(browser);
    }
    let browser = security::random_token();
    session.insert(BROWSER, &browser).await?;
    if session.get_value(SIGNED_IN).await?.is_none() {
        let minutes = Duration::minutes(ATTEMPT_MINUTES);
        session.set_expiry(Some(Expiry::OnInactivity(minutes)));
    }
    Ok(browser)
}

pub(super) async fn browser_of(
    session: &Session,
) -> Result<Option<String>, tower_sessions::session::Error> {
    session.get(BROWSER).await
}

/// Makes a new session for who has signed in. The old one, whose id somebody may
/// have planted, is gone.
pub(super) async fn begin(
    session: &Session,
    signed_in: SignedIn,
    settings: &SignIn,
) -> Result<(), tower_sessions::session::Error> {
    // Not `flush`: what is inserted after it would be kept under the old id.
    session.clear().await;
    session.cycle_id().await?;
    session.insert(LAST_SEEN, signed_in.began_at).await?;
    session.insert(SIGNED_IN, signed_in).await?;
    session.set_expiry(Some(idle_expiry(settings)));
    Ok(())
}

/// Ends the session and returns the ID token of its sign-in.
pub(super) async fn end(
    session: &Session,
) -> Result<Option<String>, tower_sessions::session::Error> {
    let signed_in = session.get::<SignedIn>(SIGNED_IN).await?;
    session.flush().await?;
    Ok(signed_in.map(|signed_in| signed_in.id_token))
}

fn idle_expiry(settings: &SignIn) -> Expiry {
    Expiry::OnInactivity(Duration::minutes(i64::from(settings.session_idle_minutes)))
}
