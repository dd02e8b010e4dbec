//! What a person does. Each is a POST of one value, which a plain form can
//! send as well as the WASM. After it the person is led to where it shows.

use leptos::prelude::*;
use leptos::server_fn::codec::{Json, PostUrl};

use super::AppError;
use super::client::SluiceClient;
use crate::forms::{
    Abort, AdoptPlan, AnswerItem, AskPreflight, Choose, ImportPlan, MakePlan, OpenRun,
    RequestAgreement, Resume, StartPlan, TryWrite, Vote,
};

/// Opens a Run, and leads to its first stage.
///
/// # Errors
/// When it is refused; the message says what is in the way.
#[server(prefix = "/fn", endpoint = "open-run", input = PostUrl, output = Json, client = SluiceClient, name = OpenNewRun)]
pub async fn open_new_run(request: OpenRun) -> Result<(), AppError> {
    let (actor, backend) = super::context::ask()?;
    let run = super::context::answer(backend.open_run(&actor, &request).await)?;
    leptos_axum::redirect(&crate::paths::run(&run));
    Ok(())
}

/// Answers an item of the checklist.
///
/// # Errors
/// When it is refused; the message says what is in the way.
#[server(prefix = "/fn", endpoint = "answer", input = PostUrl, output = Json, client = SluiceClient, name = AnswerChecklist)]
pub async fn answer_checklist(request: AnswerItem) -> Result<(), AppError> {
    let (actor, backend) = super::context::ask()?;
    super::context::answer(backend.answer(&actor, &request).await)
}

/// Chooses a way out.
///
/// # Errors
/// When it is refused; the message says what is in the way.
#[server(prefix = "/fn", endpoint = "choose", input = PostUrl, output = Json, client = SluiceClient, name = ChooseWayOut)]
pub async fn choose_way_out(request: Choose) -> Result<(), AppError> {
    let (actor, backend) = super::context::ask()?;
    super::context::answer(backend.choose(&actor, &request).await)
}

/// Takes a plan in from a file, and leads to it as it is judged.
///
/// # Errors
/// When it is no plan for the Run's stream; the message says what is wrong.
#[server(prefix = "/fn", endpoint = "import-plan", input = PostUrl, output = Json, client = SluiceClient, name = ImportPlanFile)]
pub async fn import_plan_file(request: ImportPlan) -> Result<(), AppError> {
    let (actor, backend) = super::context::ask()?;
    let plan = super::context::answer(backend.import_plan(&actor, &request).await)?;
    leptos_axum::redirect(&crate::paths::plan(&plan));
    Ok(())
}

/// Chooses the way out of another plan, and leads to the Run.
///
/// # Errors
/// When it is refused; the message says what is in the way.
#[server(prefix = "/fn", endpoint = "adopt-plan", input = PostUrl, output = Json, client = SluiceClient, name = AdoptPlanOfFile)]
pub async fn adopt_plan_of_file(request: AdoptPlan) -> Result<(), AppError> {
    let (actor, backend) = super::context::ask()?;
    let run = super::context::answer(backend.adopt_plan(&actor, &request).await)?;
    leptos_axum::redirect(&crate::paths::stage(&run, domain::run::Stage::WayOut));
    Ok(())
}

/// Makes a plan, or makes it anew.
///
/// # Errors
/// When it is refused; the message says what is in the way.
#[server(prefix = "/fn", endpoint = "make-plan", input = PostUrl, output = Json, client = SluiceClient, name = MakeRunPlan)]
pub async fn make_run_plan(request: MakePlan) -> Result<(), AppError> {
    let (actor, backend) = super::context::ask()?;
    super::context::answer(backend.make_plan(&actor, &request).await)
}

/// Asks what stands before the start of a plan.
///
/// # Errors
/// When it is refused; the message says what is in the way.
#[server(prefix = "/fn", endpoint = "preflight", input = PostUrl, output = Json, client = SluiceClient, name = AskPlanPreflight)]
pub async fn ask_plan_preflight(request: AskPreflight) -> Result<(), AppError> {
    let (actor, backend) = super::context::ask()?;
    super::context::answer(backend.preflight(&actor, &request).await)
}

/// Asks for agreement to a plan.
///
/// # Errors
/// When it is refused; the message says what is in the way.
#[server(prefix = "/fn", endpoint = "request-agreement", input = PostUrl, output = Json, client = SluiceClient, name = RequestPlanAgreement)]
pub async fn request_plan_agreement(request: RequestAgreement) -> Result<(), AppError> {
    let (actor, backend) = super::context::ask()?;
    super::context::answer(backend.request_agreement(&actor, &request).await)
}

/// Agrees to a plan or declines it.
///
/// # Errors
/// When it is refused; the message says what is in the way.
#[server(prefix = "/fn", endpoint = "vote", input = PostUrl, output = Json, client = SluiceClient, name = CastVote)]
pub async fn cast_vote(request: Vote) -> Result<(), AppError> {
    let (actor, backend) = super::context::ask()?;
    super::context::answer(backend.vote(&actor, &request).await)
}

/// Starts a plan.
///
/// # Errors
/// When it is refused; the message says what is in the way.
#[server(prefix = "/fn", endpoint = "start", input = PostUrl, output = Json, client = SluiceClient, name = StartRunPlan)]
pub async fn start_run_plan(request: StartPlan) -> Result<(), AppError> {
    let (actor, backend) = super::context::ask()?;
    super::context::answer(backend.start(&actor, &request).await)
}

/// Asks for an abort.
///
/// # Errors
/// When it is refused; the message says what is in the way.
#[server(prefix = "/fn", endpoint = "abort", input = PostUrl, output = Json, client = SluiceClient, name = AbortRun)]
pub async fn abort_run(request: Abort) -> Result<(), AppError> {
    let (actor, backend) = super::context::ask()?;
    super::context::answer(backend.abort(&actor, &request).await)
}

/// Lets a parked Run go on.
///
/// # Errors
/// When it is refused; the message says what is in the way.
#[server(prefix = "/fn", endpoint = "resume", input = PostUrl, output = Json, client = SluiceClient, name = ResumeRun)]
pub async fn resume_run(request: Resume) -> Result<(), AppError> {
    let (actor, backend) = super::context::ask()?;
    super::context::answer(backend.resume(&actor, &request).await)
}

/// Tries a write where a stream's backups go, and leads to what came of it.
///
/// # Errors
/// When it is refused; the message says what is in the way.
#[server(prefix = "/fn", endpoint = "try-write", input = PostUrl, output = Json, client = SluiceClient, name = TryBackupWrite)]
pub async fn try_backup_write(request: TryWrite) -> Result<(), AppError> {
    let (actor, backend) = super::context::ask()?;
    let stream = super::context::answer(backend.try_write(&actor, &request).await)?;
    leptos_axum::redirect(&crate::paths::troubleshoot(&stream));
    Ok(())
}
