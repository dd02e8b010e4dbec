//! The server as the pages see it. Each method decides first whether the actor
//! may, then does one thing.

mod act;
mod agreement;
mod backups;
mod failure;
mod file;
mod forms;
mod found;
mod headline;
mod options;
mod partitions;
mod past;
mod plan_page;
mod plans;
mod preflight;
mod read;
mod run_page;
mod runs_page;
mod troubleshoot;
mod weigh;

use std::sync::Arc;

use app::backend::{Answered, Backend};
use app::forms::{
    Abort, AdoptPlan, AnswerItem, AskPreflight, Choose, ImportPlan, MakePlan, OpenRun,
    RequestAgreement, Resume, StartPlan, TryWrite, Vote,
};
use app::view::{
    ComparePage, FilePage, LogTail, OffsetsPage, PlanPage, RunFilter, RunPage, RunsPage,
    StreamPage, StreamsPage, TroubleshootPage, Weighed,
};
use async_trait::async_trait;
use domain::access::{Action, Actor, Denial, StepUp, can};
use domain::error::{ErrorKind, WireError};
use domain::ids::{Digest, RunId, StreamName};
use domain::report::Report;
use domain::stream::Stream;

use crate::clock;
use crate::config::Config;
use crate::observe::{Observer, Poller};
use crate::probe::Prober;
use crate::runs::{Loaded, Runs};

/// The one implementation of [`Backend`].
pub struct Server {
    config: Arc<Config>,
    runs: Runs,
    observer: Observer,
    poller: Poller,
    prober: Prober,
}

impl Server {
    /// On these parts.
    #[must_use]
    pub fn new(
        config: Arc<Config>,
        runs: Runs,
        observer: Observer,
        poller: Poller,
        prober: Prober,
    ) -> Self {
        Self {
            config,
            runs,
            observer,
            poller,
            prober,
        }
    }

    fn step_up(&self) -> StepUp {
        StepUp {
            now: clock::now(),
            age_ms_max: i64::from(self.config.sign_in.step_up_minutes) * 60_000,
        }
    }

    fn may(&self, actor: &Actor, action: Action, stream: &Stream) -> Result<(), Denial> {
        can(actor, action, &stream.scope(), self.step_up())
    }

    /// Every stream that the actor may see.
    fn visible_streams(&self, actor: &Actor) -> Vec<Arc<Stream>> {
        self.observer
            .names()
            .filter_map(|name| self.observer.stream(name))
            .filter(|stream| self.may(actor, Action::View, stream).is_ok())
            .collect()
    }

    /// The stream of this name, if the actor may see it. A stream out of scope
    /// answers as one that is not there.
    fn visible(&self, actor: &Actor, name: &StreamName) -> Answered<Arc<Stream>> {
        self.observer
            .stream(name)
            .filter(|stream| self.may(actor, Action::View, stream).is_ok())
            .ok_or_else(|| {
                WireError::new(
                    ErrorKind::NotFound,
                    format!("There is no stream {name}, or it is not open to you."),
                    "Look at the list of streams.",
                )
            })
    }

    /// The Run of this id, if the actor may see its stream.
    async fn visible_run(
        &self,
        actor: &Actor,
        run: &RunId,
    ) -> Answered<(Loaded, Arc<Stream>)> {
        let missing = || {
            WireError::new(
                ErrorKind::NotFound,
                format!("There is no Run {run}, or it is not open to you."),
                "Look at the list of Runs.",
            )
        };
        let loaded = self
            .runs
            .load(run)
            .await
            .map_err(|error| failure::of_run("run.load", error))?
            .ok_or_else(missing)?;
        let stream = self
            .visible(actor, &loaded.state.stream)
            .map_err(|_| missing())?;
        Ok((loaded, stream))
    }
}

#[async_trait]
impl Backend for Server {
    async fn streams(&self, actor: &Actor) -> Answered<StreamsPage> {
        self.streams_page(actor).await
    }

    async fn stream(&self, actor: &Actor, name: &StreamName) -> Answered<StreamPage> {
        self.stream_page(actor, name).await
    }

    async fn log_tail(&self, actor: &Actor, name: &StreamName) -> Answered<LogTail> {
        let stream = self.visible(actor, name)?;
        Ok(self.observer.log_tail(&stream.name).await)
    }

    async fn file(
        &self,
        actor: &Actor,
        name: &StreamName,
        key: &str,
    ) -> Answered<FilePage> {
        self.file_page(actor, name, key).await
    }

    async fn offsets(&self, actor: &Actor, name: &StreamName) -> Answered<OffsetsPage> {
        self.offsets_page(actor, name).await
    }

    async fn troubleshoot(
        &self,
        actor: &Actor,
        name: &StreamName,
    ) -> Answered<TroubleshootPage> {
        self.troubleshoot_page(actor, name).await
    }

    async fn try_write(&self, actor: &Actor, request: &TryWrite) -> Answered<StreamName> {
        self.try_a_write(actor, request).await
    }

    async fn runs(&self, actor: &Actor, filter: &RunFilter) -> Answered<RunsPage> {
        self.runs_page(actor, filter).await
    }

    async fn run(&self, actor: &Actor, run: &RunId) -> Answered<RunPage> {
        self.run_page(actor, run).await
    }

    async fn report(&self, actor: &Actor, run: &RunId) -> Answered<Report> {
        self.run_report(actor, run).await
    }

    async fn open_run(&self, actor: &Actor, request: &OpenRun) -> Answered<RunId> {
        self.open(actor, request).await
    }

    async fn answer(&self, actor: &Actor, request: &AnswerItem) -> Answered<()> {
        self.answer_item(actor, request).await
    }

    async fn choose(&self, actor: &Actor, request: &Choose) -> Answered<()> {
        self.choose_way_out(actor, request).await
    }

    async fn plan(&self, actor: &Actor, plan: &Digest) -> Answered<PlanPage> {
        self.plan_page(actor, plan).await
    }

    async fn compare(
        &self,
        actor: &Actor,
        left: &Digest,
        right: &Digest,
    ) -> Answered<ComparePage> {
        self.compare_page(actor, left, right).await
    }

    async fn import_plan(&self, actor: &Actor, request: &ImportPlan) -> Answered<Digest> {
        self.take_in(actor, request).await
    }

    async fn adopt_plan(&self, actor: &Actor, request: &AdoptPlan) -> Answered<RunId> {
        self.adopt(actor, request).await
    }

    async fn weigh(&self, actor: &Actor, request: &Choose) -> Answered<Weighed> {
        self.weighed(actor, request).await
    }

    async fn make_plan(&self, actor: &Actor, request: &MakePlan) -> Answered<()> {
        self.make(actor, request).await
    }

    async fn preflight(&self, actor: &Actor, request: &AskPreflight) -> Answered<()> {
        self.ask_preflight(actor, request).await
    }

    async fn request_agreement(
        &self,
        actor: &Actor,
        request: &RequestAgreement,
    ) -> Answered<()> {
        self.ask(actor, request).await
    }

    async fn vote(&self, actor: &Actor, request: &Vote) -> Answered<()> {
        self.cast(actor, request).await
    }

    async fn start(&self, actor: &Actor, request: &StartPlan) -> Answered<()> {
        self.start_plan(actor, request).await
    }

    async fn abort(&self, actor: &Actor, request: &Abort) -> Answered<()> {
        self.ask_abort(actor, request).await
    }

    async fn resume(&self, actor: &Actor, request: &Resume) -> Answered<()> {
        self.let_go_on(actor, request).await
    }
}
