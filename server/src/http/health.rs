//! For whoever watches over the process.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::Serialize;

use super::AppState;
use crate::telemetry::chain;

#[derive(Serialize)]
struct Readiness {
    database: &'static str,
    sign_in: &'static str,
}

/// The process answers.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// The process can serve pages. That the sign-in's provider was not reached yet
/// is said, but is no reason to take the server out of service: who is signed
/// in can work on.
pub(super) async fn readyz(State(state): State<AppState>) -> impl IntoResponse {
    let database = state.store().ping().await;
    if let Err(error) = &database {
        tracing::error!(error = chain(error), "the database does not answer");
    }
    let status = match database {
        Ok(()) => StatusCode::OK,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    let body = Readiness {
        database: if database.is_ok() {
            "ok"
        } else {
            "unavailable"
        },
        sign_in: if state.provider().is_known() {
            "ok"
        } else {
            "unknown"
        },
    };
    (status, Json(body))
}
