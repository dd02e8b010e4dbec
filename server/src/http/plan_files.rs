//! A plan as a file.

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use domain::error::{ErrorKind, WireError};
use domain::ids::Digest;
use domain::offsets::PartitionOffsets;
use domain::plan::Plan;

use super::AppState;
use super::files::{Disposition, actor, file, refused};
use crate::auth::Visitor;

const CANNOT: &str = "The plan cannot be shown";

/// `/plans/{plan}/plan.json`
pub(super) async fn json(
    state: State<AppState>,
    visitor: Extension<Visitor>,
    plan: Path<String>,
) -> Response {
    let read = read(&state, &visitor, &plan).await.and_then(|plan| {
        let text = serde_json::to_string_pretty(&plan).map_err(|_| {
            WireError::new(ErrorKind::Internal, "The plan has no JSON form.", "")
        })?;
        Ok((plan, text))
    });
    match read {
        Ok((plan, text)) => saved(&plan, "json", "application/json", text),
        Err(error) => refused(CANNOT, &error),
    }
}

/// `/plans/{plan}/offsets.csv`: where the plan lets the job begin.
pub(super) async fn offsets(
    state: State<AppState>,
    visitor: Extension<Visitor>,
    plan: Path<String>,
) -> Response {
    match read(&state, &visitor, &plan).await {
        Ok(plan) => {
            let sources = plan.starting_offsets().iter();
            let lines = sources.map(PartitionOffsets::to_csv).collect();
            saved(&plan, "csv", "text/csv; charset=utf-8", lines)
        }
        Err(error) => refused(CANNOT, &error),
    }
}

async fn read(
    state: &AppState,
    visitor: &Visitor,
    plan: &str,
) -> Result<Plan, WireError> {
    let actor = actor(visitor)?;
    let plan: Digest = plan
        .parse()
        .map_err(|_| WireError::new(ErrorKind::NotFound, "There is no such plan.", ""))?;
    let page = state.backend().plan(actor, &plan).await?;
    Ok(page.plan)
}

fn saved(plan: &Plan, extension: &str, kind: &'static str, body: String) -> Response {
    let name = format!("plan-{}-{}.{extension}", plan.body.run, plan.id.short());
    file(Disposition::Attachment, &name, kind, body)
}
