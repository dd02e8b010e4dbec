//! What the pages read. Each is a GET, since it changes nothing.

use domain::ids::{RunId, StreamName};
use domain::report::Report;
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Json};

use super::AppError;
use super::client::SluiceClient;
use crate::view::{
    FilePage, Frame, LogTail, RunFilter, RunPage, RunsPage, StreamPage, StreamsPage,
    TroubleshootPage,
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

/// The report of a Run.
///
/// # Errors
/// When it cannot be read, or not by this person.
#[server(prefix = "/fn", endpoint = "report", input = GetUrl, output = Json, client = SluiceClient)]
pub async fn fetch_report(run: RunId) -> Result<Report, AppError> {
    let (actor, backend) = super::context::ask()?;
    super::context::answer(backend.report(&actor, &run).await)
}
