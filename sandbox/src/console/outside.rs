//! The console's API for whoever runs drivers outside of the sandbox.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::Shared;
use crate::job::NotOutside;

/// Lines of a driver's log.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lines {
    lines: Vec<String>,
}

/// How a driver ended.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct End {
    /// The innermost first; none where the script ran to its end.
    exceptions: Vec<String>,
}

/// `GET /api/outside`: the drivers that are to run now.
pub(super) async fn list(State(shared): State<Shared>) -> Response {
    Json(json!({ "drivers": shared.world.outside.list() })).into_response()
}

/// `POST /api/outside/{job_run_id}/{attempt}/log`.
pub(super) async fn log(
    State(shared): State<Shared>,
    Path((job_run_id, attempt)): Path<(String, u32)>,
    Json(Lines { lines }): Json<Lines>,
) -> Response {
    answer(shared.world.outside.log(&job_run_id, attempt, &lines))
}

/// `POST /api/outside/{job_run_id}/{attempt}/end`.
pub(super) async fn end(
    State(shared): State<Shared>,
    Path((job_run_id, attempt)): Path<(String, u32)>,
    Json(End { exceptions }): Json<End>,
) -> Response {
    answer(shared.world.outside.end(&job_run_id, attempt, &exceptions))
}

fn answer(done: Result<(), NotOutside>) -> Response {
    match done {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => {
            let body = Json(json!({ "error": error.to_string() }));
            (StatusCode::NOT_FOUND, body).into_response()
        }
    }
}
