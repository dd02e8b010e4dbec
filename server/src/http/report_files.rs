//! The report of a Run as a file.

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use domain::error::{ErrorKind, WireError};
use domain::ids::RunId;
use domain::report::Report;

use super::AppState;
use super::files::{Disposition, actor, file, refused};
use crate::auth::Visitor;

const CANNOT: &str = "The report cannot be shown";

/// `/runs/{run}/report.md`
pub(super) async fn markdown(
    state: State<AppState>,
    visitor: Extension<Visitor>,
    run: Path<String>,
) -> Response {
    match read(&state, &visitor, &run).await {
        Ok(report) => shown(
            &run,
            "md",
            "text/markdown; charset=utf-8",
            report.markdown(),
        ),
        Err(error) => refused(CANNOT, &error),
    }
}

/// `/runs/{run}/report.json`
pub(super) async fn json(
    state: State<AppState>,
    visitor: Extension<Visitor>,
    run: Path<String>,
) -> Response {
    let read = read(&state, &visitor, &run).await.and_then(|report| {
        serde_json::to_string_pretty(&report).map_err(|_| {
            WireError::new(ErrorKind::Internal, "The report has no JSON form.", "")
        })
    });
    match read {
        Ok(text) => shown(&run, "json", "application/json", text),
        Err(error) => refused(CANNOT, &error),
    }
}

async fn read(
    state: &AppState,
    visitor: &Visitor,
    run: &str,
) -> Result<Report, WireError> {
    let actor = actor(visitor)?;
    let run: RunId = run
        .parse()
        .map_err(|_| WireError::new(ErrorKind::NotFound, "There is no such Run.", ""))?;
    state.backend().report(actor, &run).await
}

fn shown(run: &str, extension: &str, kind: &'static str, body: String) -> Response {
    let name = format!("report-{run}.{extension}");
    file(Disposition::Inline, &name, kind, body)
}
