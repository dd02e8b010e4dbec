//! What the pages need of the server. The one trait with a single
//! implementation: `app` must not know `server`.
//!
//! Who is asking is the first argument, and the implementation decides first
//! whether they may.

use async_trait::async_trait;
use domain::access::Actor;
use domain::error::WireError;
use domain::ids::{Digest, RunId, StreamName};
use domain::report::Report;

use crate::forms::{
    Abort, AdoptPlan, AnswerItem, AskPreflight, Choose, ImportPlan, MakePlan, OpenRun,
    RequestAgreement, Resume, StartPlan, TryWrite, Vote,
};
use crate::view::{
    ComparePage, FilePage, LogTail, OffsetsPage, PlanPage, RunFilter, RunPage, RunsPage,
    StreamPage, StreamsPage, TroubleshootPage, Weighed,
};

/// The result of a call.
pub type Answered<T> = Result<T, WireError>;

/// The server, as the pages see it.
#[async_trait]
pub trait Backend: Send + Sync + 'static {
    /// Every stream that the actor may see, worst first.
    async fn streams(&self, actor: &Actor) -> Answered<StreamsPage>;
    /// One stream.
    async fn stream(&self, actor: &Actor, name: &StreamName) -> Answered<StreamPage>;
    /// The end of a stream's driver log.
    async fn log_tail(&self, actor: &Actor, name: &StreamName) -> Answered<LogTail>;
    /// A file of a stream's checkpoint; `key` is relative to it.
    async fn file(
        &self,
        actor: &Actor,
        name: &StreamName,
        key: &str,
    ) -> Answered<FilePage>;
    /// Where a stream got to, by its checkpoint and by what its sink holds.
    async fn offsets(&self, actor: &Actor, name: &StreamName) -> Answered<OffsetsPage>;
    /// What is asked of everything around a stream, and what came of it.
    async fn troubleshoot(
        &self,
        actor: &Actor,
        name: &StreamName,
    ) -> Answered<TroubleshootPage>;
    /// Runs, newest first.
    async fn runs(&self, actor: &Actor, filter: &RunFilter) -> Answered<RunsPage>;
    /// One Run, every stage of it.
    async fn run(&self, actor: &Actor, run: &RunId) -> Answered<RunPage>;
    /// A plan by itself, judged as it is now.
    async fn plan(&self, actor: &Actor, plan: &Digest) -> Answered<PlanPage>;
    /// Two plans side by side.
    async fn compare(
        &self,
        actor: &Actor,
        left: &Digest,
        right: &Digest,
    ) -> Answered<ComparePage>;
    /// The report of a Run.
    async fn report(&self, actor: &Actor, run: &RunId) -> Answered<Report>;

    /// Opens a Run on a stream, or gives the one that is open.
    async fn open_run(&self, actor: &Actor, request: &OpenRun) -> Answered<RunId>;
    /// Answers an item of the checklist.
    async fn answer(&self, actor: &Actor, request: &AnswerItem) -> Answered<()>;
    /// What a way out would do now, before it is chosen.
    async fn weigh(&self, actor: &Actor, request: &Choose) -> Answered<Weighed>;
    /// Chooses a way out.
    async fn choose(&self, actor: &Actor, request: &Choose) -> Answered<()>;
    /// Takes a plan in from a file. It is kept to be judged and compared, and is
    /// never carried out itself.
    async fn import_plan(&self, actor: &Actor, request: &ImportPlan) -> Answered<Digest>;
    /// Chooses the way out of another plan; gives the Run.
    async fn adopt_plan(&self, actor: &Actor, request: &AdoptPlan) -> Answered<RunId>;
    /// Makes a plan, or makes it anew.
    async fn make_plan(&self, actor: &Actor, request: &MakePlan) -> Answered<()>;
    /// Asks what stands before the start of a plan. What came of it stands in
    /// [`Backend::run`].
    async fn preflight(&self, actor: &Actor, request: &AskPreflight) -> Answered<()>;
    /// Asks for agreement.
    async fn request_agreement(
        &self,
        actor: &Actor,
        request: &RequestAgreement,
    ) -> Answered<()>;
    /// Agrees or declines.
    async fn vote(&self, actor: &Actor, request: &Vote) -> Answered<()>;
    /// Starts a plan.
    async fn start(&self, actor: &Actor, request: &StartPlan) -> Answered<()>;
    /// Asks for an abort.
    async fn abort(&self, actor: &Actor, request: &Abort) -> Answered<()>;
    /// Lets a parked Run go on.
    async fn resume(&self, actor: &Actor, request: &Resume) -> Answered<()>;
    /// Tries a write where a stream's backups go; gives the stream. What came of
    /// it stands in [`Backend::troubleshoot`].
    async fn try_write(&self, actor: &Actor, request: &TryWrite) -> Answered<StreamName>;
}
