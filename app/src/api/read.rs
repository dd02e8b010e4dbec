//! What the pages read. Each is a GET, since it changes nothing.

use domain::ids::{Digest, RunId, StreamName};
use domain::report::Report;
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Json};

use super::AppError;
use super::client::SluiceClient;
use crate::forms::Choose;
use crate::view::{
    ComparePage, FilePage, Frame, LogTail, OffsetsPage, PlanPage, RunFilter, RunPage,
    RunsPage, StreamPage, StreamsPage, TroubleshootPage, Weighed,
};

/// What the frame of every page is drawn from, signed in or not.
///
/// # Errors
/// When the server does not answer.
#[server(prefix = "/fn", endpoint = "frame", input = GetUrl, output = Json, client = SluiceClient)]
pub async fn fetch_frame() -> Result<Frame, AppError> {
    Ok(super::context::frame().await)
}

/// Every stream, for the home page.
///
/// # Errors
/// When it cannot be read, or not by this person.
#[server(prefix = "/fn", endpoint = "streams", input = GetUrl, output = Json, client = SluiceClient)]
pub async fn fetch_streams() -> Result<StreamsPage, AppError> {
    let (actor, backend) = super::context::ask()?;
    super::context::answer(backend.streams(&actor).await)
}

/// One stream.
///
/// # Errors
/// When it cannot be read, or not by this person.
#[server(prefix = "/fn", endpoint = "stream", input = GetUrl, output = Json, client = SluiceClient)]
pub async fn fetch_stream(name: StreamName) -> Result<StreamPage, AppError> {
    let (actor, backend) = super::context::ask()?;
    super::context::answer(backend.stream(&actor, &name).await)
}

/// The end of a stream's driver log.
///
/// # Errors
/// When it cannot be read, or not by this person.
#[server(prefix = "/fn", endpoint = "log-tail", input = GetUrl, output = Json, client = SluiceClient)]
pub async fn fetch_log_tail(name: StreamName) -> Result<LogTail, AppError> {
    let (actor, backend) = super::context::ask()?;
    super::context::answer(backend.log_tail(&actor, &name).await)
}

/// A file of a stream's checkpoint; `key` is relative to it.
///
/// # Errors
/// When it cannot be read, or not by this person.
#[server(prefix = "/fn", endpoint = "file", input = GetUrl, output = Json, client = SluiceClient)]
pub async fn fetch_file(name: StreamName, key: String) -> Result<FilePage, AppError> {
    let (actor, backend) = super::context::ask()?;
    super::context::answer(backend.file(&actor, &name, &key).await)
}

/// Where a stream got to, by its checkpoint and by what its sink holds.
///
/// # Errors
/// When it cannot be read, or not by this person.
#[server(prefix = "/fn", endpoint = "offsets", input = GetUrl, output = Json, client = SluiceClient)]
pub async fn fetch_offsets(name: StreamName) -> Result<OffsetsPage, AppError> {
    let (actor, backend) = super::context::ask()?;
    super::context::answer(backend.offsets(&actor, &name).await)
}

/// Asks everything around a stream, and gives what came of it.
///
/// # Errors
/// When it cannot be asked by this person.
#[server(prefix = "/fn", endpoint = "troubleshoot", input = GetUrl, output = Json, client = SluiceClient)]
pub async fn fetch_troubleshoot(name: StreamName) -> Result<TroubleshootPage, AppError> {
    let (actor, backend) = super::context::ask()?;
    super::context::answer(backend.troubleshoot(&actor, &name).await)
}

/// Runs, newest first.
///
/// # Errors
/// When it cannot be read, or not by this person.
#[server(prefix = "/fn", endpoint = "runs", input = GetUrl, output = Json, client = SluiceClient)]
pub async fn fetch_runs(filter: RunFilter) -> Result<RunsPage, AppError> {
    let (actor, backend) = super::context::ask()?;
    super::context::answer(backend.runs(&actor, &filter).await)
}

/// One Run, every stage of it.
///
/// # Errors
/// When it cannot be read, or not by this person.
#[server(prefix = "/fn", endpoint = "run", input = GetUrl, output = Json, client = SluiceClient)]
pub async fn fetch_run(run: RunId) -> Result<RunPage, AppError> {
    let (actor, backend) = super::context::ask()?;
    super::context::answer(backend.run(&actor, &run).await)
}

/// What a way out would do now, before it is chosen.
///
/// # Errors
/// When its parameters cannot be read, it could never become a plan, or this
/// person may not see the Run.
#[server(prefix = "/fn", endpoint = "weigh", input = GetUrl, output = Json, client = SluiceClient)]
pub async fn fetch_weighed(request: Choose) -> Result<Weighed, AppError> {
    let (actor, backend) = super::context::ask()?;
    super::context::answer(backend.weigh(&actor, &request).await)
}

/// A plan by itself, judged as it is now.
///
/// # Errors
/// When there is none of this id, or not for this person.
#[server(prefix = "/fn", endpoint = "plan", input = GetUrl, output = Json, client = SluiceClient)]
pub async fn fetch_plan(plan: Digest) -> Result<PlanPage, AppError> {
    let (actor, backend) = super::context::ask()?;
    super::context::answer(backend.plan(&actor, &plan).await)
}

/// Two plans side by side.
///
/// # Errors
/// As [`fetch_plan`].
#[server(prefix = "/fn", endpoint = "compare", input = GetUrl, output = Json, client = SluiceClient)]
pub async fn fetch_comparison(
    left: Digest,
    right: Digest,
) -> Result<ComparePage, AppError> {
    let (actor, backend) = super::context::ask()?;
    super::context::answer(backend.compare(&actor, &left, &right).await)
}

/// The report of a Run.
///
/// # Errors
/// When it cannot be read, or not by this person.
#[server(prefix = "/fn", endpoint = "report", input = GetUrl, output = Json, client = SluiceClient)]
pub async fn fetch_report(run: RunId) -> Result<Report, AppError> {
    let (actor, backend) = super::context::ask()?;
    super::context::answer(backend.report(&actor, &run).await)
}
