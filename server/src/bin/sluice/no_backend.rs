//! Stands where the backend will: says of everything that it is not there.

use app::backend::{Answered, Backend};
use app::forms::{
    Abort, AnswerItem, Choose, MakePlan, OpenRun, RequestAgreement, Resume, StartPlan,
    Vote,
};
use app::view::{LogTail, RunFilter, RunPage, RunsPage, StreamPage, StreamsPage};
use async_trait::async_trait;
use domain::access::Actor;
use domain::error::{ErrorKind, WireError};
use domain::ids::{RunId, StreamName};
use domain::report::Report;

pub(crate) struct NoBackend;

fn absent<T>() -> Answered<T> {
    Err(WireError::new(
        ErrorKind::Internal,
        "This build of Sluice cannot observe or change streams.",
        "",
    ))
}

#[async_trait]
impl Backend for NoBackend {
    async fn streams(&self, _: &Actor) -> Answered<StreamsPage> {
        absent()
    }
    async fn stream(&self, _: &Actor, _: &StreamName) -> Answered<StreamPage> {
        absent()
    }
    async fn log_tail(&self, _: &Actor, _: &StreamName) -> Answered<LogTail> {
        absent()
    }
    async fn runs(&self, _: &Actor, _: &RunFilter) -> Answered<RunsPage> {
        absent()
    }
    async fn run(&self, _: &Actor, _: &RunId) -> Answered<RunPage> {
        absent()
    }
    async fn report(&self, _: &Actor, _: &RunId) -> Answered<Report> {
        absent()
    }
    async fn open_run(&self, _: &Actor, _: &OpenRun) -> Answered<RunId> {
        absent()
    }
    async fn answer(&self, _: &Actor, _: &AnswerItem) -> Answered<()> {
        absent()
    }
    async fn choose(&self, _: &Actor, _: &Choose) -> Answered<()> {
        absent()
    }
    async fn make_plan(&self, _: &Actor, _: &MakePlan) -> Answered<()> {
        absent()
    }
    async fn request_agreement(&self, _: &Actor, _: &RequestAgreement) -> Answered<()> {
        absent()
    }
    async fn vote(&self, _: &Actor, _: &Vote) -> Answered<()> {
        absent()
    }
    async fn start(&self, _: &Actor, _: &StartPlan) -> Answered<()> {
        absent()
    }
    async fn abort(&self, _: &Actor, _: &Abort) -> Answered<()> {
        absent()
    }
    async fn resume(&self, _: &Actor, _: &Resume) -> Answered<()> {
        absent()
    }
}
