//! What a person does to a Run. The request is parsed into the domain's types
//! first, then judged, then appended.

use std::sync::Arc;

use app::backend::Answered;
use app::forms::{
    Abort, AnswerItem, Choose, MakePlan, OpenRun, RequestAgreement, Resume, StartPlan,
    Vote,
};
use domain::access::{Action, Actor, Person, Role};
use domain::agreement::AgreementState;
use domain::checkpoint::Prognosis;
use domain::estimate::Rates;
use domain::ids::{Digest, RunId};
use domain::intent::{Intent, WayOut};
use domain::offsets::PartitionOffsets;
use domain::plan::{
    BuildReset, BuildSecure, Plan, PlanKind, build_reset, build_secure, check,
};
use domain::run::{Answer, ChecklistItem, Event};
use domain::snapshot::Snapshot;
use domain::stream::Stream;
use domain::verdict::VerdictKind;
use domain::when::parse_time;
use uuid::Uuid;

use super::Server;
use super::failure::{internal, invalid, of_run, stale};
use crate::clock;
use crate::runs::{Loaded, RunError};

impl Server {
    pub(super) async fn open(&self, actor: &Actor, request: &OpenRun) -> Answered<RunId> {
        let name = request
            .stream
            .parse()
            .map_err(|e: domain::ids::InvalidId| invalid(e.to_string(), ""))?;
        let stream = self.visible(actor, &name)?;
        self.may(actor, Action::Prepare, &stream)?;
        if let Some(open) = self.open_of(&stream).await? {
            return Ok(open);
        }
        let latest = self.poller.refresh(&name).await;
        let snapshot = domain::canonical::to_string(&latest.snapshot)
            .map_err(|e| internal("run.open.snapshot", &e))?;
        let snapshot = self
            .runs
            .store()
            .put_blob(snapshot.as_bytes())
            .await
            .map_err(|e| internal("run.open.snapshot", &e))?;
        let run = RunId::new(&name, clock::now(), rand::random());
        let event = Event::Opened {
            stream: name,
            verdict: latest.verdict.sentence.clone(),
            snapshot,
            since: latest.verdict.since,
        };
        match self.runs.open(&run, &actor.person, event).await {
            Ok(()) => Ok(run),
            Err(RunError::AlreadyOpen(open)) => Ok(open),
            Err(error) => Err(of_run("run.open", error)),
        }
    }

    pub(super) async fn open_of(&self, stream: &Stream) -> Answered<Option<RunId>> {
        self.runs.open_run(&stream.name).await.map_err(|e| of_run("run.open_of", e))
    }

    /// The Run that a request names, for somebody who may do `action`.
    async fn run_for(
        &self,
        actor: &Actor,
        run: &str,
        action: Action,
    ) -> Answered<(Loaded, Arc<Stream>)> {
        let run: RunId =
            run.parse().map_err(|e: domain::ids::InvalidId| invalid(e.to_string(), ""))?;
        let (loaded, stream) = self.visible_run(actor, &run).await?;
        self.may(actor, action, &stream)?;
        Ok((loaded, stream))
    }

    async fn append(
        &self,
        mut loaded: Loaded,
        by: &Person,
        event: Event,
    ) -> Answered<()> {
        let word = event.word();
        self.runs
            .append(&mut loaded, Some(by), None, event)
            .await
            .map_err(|e| of_run(word, e))
    }

    pub(super) async fn answer_item(
        &self,
        actor: &Actor,
        request: &AnswerItem,
    ) -> Answered<()> {
        let (loaded, stream) = self.run_for(actor, &request.run, Action::Prepare).await?;
        let item = ChecklistItem::ALL
            .into_iter()
            .find(|i| item_word(*i) == request.item)
            .ok_or_else(|| {
                invalid(
                    format!("{:?} is no item of the checklist.", request.item),
                    "Allowed: stuck, corruption, backup, stakeholders, reason.",
                )
            })?;
        let answer = if request.by == "accept" {
            self.offered(&stream, item).ok_or_else(|| {
                invalid("Sluice has nothing to offer here.", "Answer in your own words.")
            })?
        } else {
            let text = required(&request.text, "an answer")?;
            Answer::Word { text }
        };
        self.append(loaded, &actor.person, Event::Answered { item, answer }).await
    }

    /// What Sluice itself can say to an item of the checklist now.
    pub(super) fn offered(&self, stream: &Stream, item: ChecklistItem) -> Option<Answer> {
        let latest = self.poller.get(&stream.name)?;
        match item {
            ChecklistItem::Stuck => Some(Answer::Evidence {
                text: format!("{} {}.", stream.name, latest.verdict.sentence),
                supports: latest.verdict.kind <= VerdictKind::Stuck
                    && latest.verdict.kind != VerdictKind::Unknown,
            }),
            ChecklistItem::Corruption => corruption(&latest.snapshot),
            ChecklistItem::Backup => Some(Answer::Step {
                text: "The secure plan of this Run copies every object and proves each copy before anything is changed. It cannot be skipped.".to_owned(),
            }),
            ChecklistItem::Stakeholders => Some(Answer::Step {
                text: "Agreement is asked for under this Run before a plan that needs it can start.".to_owned(),
            }),
            ChecklistItem::Reason => None,
        }
    }

    pub(super) async fn choose_way_out(
        &self,
        actor: &Actor,
        request: &Choose,
    ) -> Answered<()> {
        let (loaded, stream) = self.run_for(actor, &request.run, Action::Prepare).await?;
        let reason = required(&request.reason, "a reason")?;
        let way_out = match request.option.as_str() {
            "latest" => WayOut::Latest,
            "earliest" => WayOut::Earliest,
            "timestamp" => WayOut::Timestamp {
                at: parse_time(&request.at, clock::now())
                    .map_err(|e| invalid(e.to_string(), ""))?,
            },
            "offsets" => WayOut::Offsets { offsets: parse_offsets(&request.offsets)? },
            other => {
                return Err(invalid(
                    format!("{other:?} is no way out."),
                    "Allowed: latest, timestamp, offsets, earliest.",
                ));
            }
        };
        // Refuse early what could never become a plan.
        if let Some(latest) = self.poller.get(&stream.name) {
            let times = self.times(&stream, &way_out).await?;
            domain::plan::preview(&stream, &latest.snapshot, &way_out, times.as_ref())
                .map_err(|refusal| {
                    invalid(refusal.to_string(), "Choose another way out, or other values.")
                })?;
        }
        let intent = Intent { way_out, reason, person: actor.person.clone() };
        self.append(loaded, &actor.person, Event::Intended { intent }).await
    }

    pub(super) async fn times(
        &self,
        stream: &Stream,
        way_out: &WayOut,
    ) -> Answered<Option<domain::plan::TimestampOffsets>> {
        match way_out {
            WayOut::Timestamp { at } => {
                self.observer.offsets_for_time(stream, *at).await.map(Some).map_err(|why| {
                    domain::error::WireError::new(
                        domain::error::ErrorKind::Upstream,
                        format!("Kafka could not resolve {}: {why}", at.utc()),
                        "Try again once it answers.",
                    )
                })
            }
            _ => Ok(None),
        }
    }

    pub(super) async fn make(&self, actor: &Actor, request: &MakePlan) -> Answered<()> {
        let (loaded, stream) = self.run_for(actor, &request.run, Action::Prepare).await?;
        let latest = self.poller.refresh(&stream.name).await;
        let plan = match kind(&request.kind)? {
            PlanKind::Secure => self.secure_plan(&loaded, &stream, &latest.snapshot)?,
            PlanKind::Reset => self.reset_plan(&loaded, &stream, &latest.snapshot).await?,
        };
        if let Some(fault) = check(&plan, &stream).first() {
            return Err(internal("plan.check", fault));
        }
        self.runs.keep_plan(&plan).await.map_err(|e| of_run("plan.keep", e))?;
        let ids = |steps: &[domain::plan::Step]| steps.iter().map(|s| s.id.clone()).collect();
        let event = Event::Planned {
            kind: plan.body.kind,
            plan: plan.id.clone(),
            steps: ids(&plan.body.steps),
            undo: ids(&plan.body.undo),
        };
        self.append(loaded, &actor.person, event).await
    }

    fn secure_plan(
        &self,
        loaded: &Loaded,
        stream: &Stream,
        snapshot: &Snapshot,
    ) -> Answered<Plan> {
        build_secure(&BuildSecure {
            run: &loaded.run,
            stream,
            snapshot,
            policy: &self.observer.policy(&stream.name),
            intent: loaded.state.intent.as_ref(),
            now: clock::now(),
        })
        .map_err(|refusal| stale(refusal.to_string(), "No plan was made."))
    }

    async fn reset_plan(
        &self,
        loaded: &Loaded,
        stream: &Stream,
        snapshot: &Snapshot,
    ) -> Answered<Plan> {
        let (Some(intent), Some(sealed)) = (&loaded.state.intent, &loaded.state.sealed) else {
            return Err(stale(
                "A reset plan stands on a way out and on a sealed backup.",
                "Choose the way out and secure the stream first.",
            ));
        };
        let keys = self
            .runs
            .keys(&sealed.keys.sha256)
            .await
            .map_err(|e| of_run("plan.keys", e))?;
        let times = self.times(stream, &intent.way_out).await?;
        let run_page = format!(
            "{}{}",
            self.config.server.public_origin.as_origin(),
            app::paths::run(&loaded.run)
        );
        build_reset(&BuildReset {
            run: &loaded.run,
            stream,
            snapshot,
            policy: &self.observer.policy(&stream.name),
            intent,
            sealed,
            keys: &keys,
            times: times.as_ref(),
            rates: Rates::measured(snapshot, &self.poller.samples(&stream.name)),
            query_id: Uuid::new_v4(),
            run_page: &run_page,
            now: clock::now(),
        })
        .map_err(|refusal| stale(refusal.to_string(), "No plan was made."))
    }

    pub(super) async fn ask(
        &self,
        actor: &Actor,
        request: &RequestAgreement,
    ) -> Answered<()> {
        let (loaded, _) = self.run_for(actor, &request.run, Action::Prepare).await?;
        let plan = self.plan_named(&loaded, &request.plan).await?;
        if plan.body.agreement.is_none() {
            return Err(invalid("This plan needs nobody's agreement.", "Start it."));
        }
        let event = Event::Requested {
            plan: plan.id,
            expires_at: clock::now().plus(plan.body.agreement.expires_after_ms),
        };
        self.append(loaded, &actor.person, event).await
    }

    pub(super) async fn cast(&self, actor: &Actor, request: &Vote) -> Answered<()> {
        let (loaded, stream) = self.run_for(actor, &request.run, Action::View).await?;
        let plan = self.plan_named(&loaded, &request.plan).await?;
        let role = self
            .may_vote(actor, &stream, &loaded, &plan)
            .map_err(domain::error::WireError::from)?;
        let event = match request.answer.as_str() {
            "agree" => Event::Agreed {
                plan: plan.id,
                role,
                comment: request.comment.trim().to_owned(),
            },
            "decline" => Event::Declined {
                plan: plan.id,
                role,
                reason: required(&request.comment, "a reason for declining")?,
            },
            other => {
                return Err(invalid(format!("{other:?} is no answer."), "Agree or decline."));
            }
        };
        self.append(loaded, &actor.person, event).await
    }

    /// In which role the actor may answer the request for this plan.
    pub(super) fn may_vote(
        &self,
        actor: &Actor,
        stream: &Stream,
        loaded: &Loaded,
        plan: &Plan,
    ) -> Result<Role, domain::access::Denial> {
        let deny = |reason: &str, roles: Vec<Role>| domain::access::Denial {
            reason: reason.to_owned(),
            roles,
            sign_in_again: false,
        };
        let state = loaded.state.plan(plan.body.kind);
        let asked = state.and_then(|p| p.asked.as_ref());
        let agreement = state.map(|p| p.agreement(&plan.body.agreement, clock::now()));
        let Some(AgreementState::Waiting { missing, .. }) = agreement else {
            return Err(deny("Nobody is being asked about this plan now.", Vec::new()));
        };
        let wanted: Vec<Role> = missing.iter().map(|m| m.role).collect();
        let me = &actor.person.id;
        if asked.is_some_and(|a| a.by.id == *me) {
            return Err(deny("Nobody agrees to a plan that they asked for themselves.", wanted));
        }
        if asked.is_some_and(|a| a.votes.iter().any(|v| v.person.id == *me)) {
            return Err(deny("You have answered already; one person counts once.", wanted));
        }
        let mut denied = deny("Nobody is missing.", Vec::new());
        for role in wanted {
            let action = match role {
                Role::Stakeholder => Action::SignOff,
                _ => Action::Approve,
            };
            match self.may(actor, action, stream) {
                Ok(()) if actor.has(role, &stream.scope()) => return Ok(role),
                Ok(()) => {}
                Err(denial) => denied = denial,
            }
        }
        Err(denied)
    }

    pub(super) async fn start_plan(
        &self,
        actor: &Actor,
        request: &StartPlan,
    ) -> Answered<()> {
        let (loaded, stream) = self.run_for(actor, &request.run, Action::Start).await?;
        let kind = kind(&request.kind)?;
        let plan = self.plan_named(&loaded, &request.plan).await?;
        if plan.body.kind != kind {
            return Err(stale("This is the other plan of the Run.", "Look at it again."));
        }
        if request.typed_name.trim() != stream.name.as_str() {
            return Err(invalid(
                format!("The name that was typed is not {}.", stream.name),
                "Type the stream's name to confirm.",
            ));
        }
        self.startable(&loaded, &stream, &plan).map_err(|why| {
            stale(why, "Nothing was started.")
        })?;
        let latest = self.poller.refresh(&stream.name).await;
        let drift = self.drift(&stream, &plan, &latest.snapshot)?;
        if !drift.is_empty() {
            return Err(stale(
                format!("The plan is stale. {}", drift.join(" ")),
                "Make the plan anew; agreement to the old one is void.",
            ));
        }
        self.append(loaded, &actor.person, Event::Started { kind, plan: plan.id }).await
    }

    /// Why a plan cannot be started, apart from who asks and from drift.
    pub(super) fn startable(
        &self,
        loaded: &Loaded,
        stream: &Stream,
        plan: &Plan,
    ) -> Result<(), String> {
        if loaded.state.ended.is_some() {
            return Err("The Run is over.".to_owned());
        }
        if !self.observer.changes_allowed(&stream.name) {
            return Err(format!(
                "The configuration allows no changes to {}.",
                stream.name
            ));
        }
        if loaded.state.abort.is_some() {
            return Err("An abort was asked for.".to_owned());
        }
        let reason = loaded.state.answers.contains_key(&ChecklistItem::Reason)
            || loaded.state.intent.is_some();
        if !reason {
            return Err("The reason for the reset is not documented yet.".to_owned());
        }
        let state = loaded.state.plan(plan.body.kind);
        if state.is_some_and(|p| p.started.is_some()) {
            return Err("The plan was started already.".to_owned());
        }
        match state.map(|p| p.agreement(&plan.body.agreement, clock::now())) {
            Some(AgreementState::NotNeeded | AgreementState::Agreed) => Ok(()),
            Some(AgreementState::NotRequested) => Err(format!(
                "It needs the agreement of {}. Ask for it first.",
                plan.body.agreement.words()
            )),
            Some(AgreementState::Waiting { .. }) => {
                Err("Not everybody has agreed yet.".to_owned())
            }
            Some(AgreementState::Declined { by, reason }) => {
                Err(format!("{} declined it: {reason}", by.name))
            }
            Some(AgreementState::Expired { at }) => Err(format!(
                "The request ran out of time at {}, which means No. Ask again.",
                at.utc()
            )),
            None => Err("There is no such plan in this Run.".to_owned()),
        }
    }

    pub(super) fn drift(
        &self,
        stream: &Stream,
        plan: &Plan,
        snapshot: &Snapshot,
    ) -> Answered<Vec<String>> {
        let configuration = stream.digest().map_err(|e| internal("plan.drift", &e))?;
        let policy = self
            .observer
            .policy(&stream.name)
            .digest()
            .map_err(|e| internal("plan.drift", &e))?;
        Ok(plan.drift(&snapshot.basis(&configuration, &policy)))
    }

    pub(super) async fn ask_abort(&self, actor: &Actor, request: &Abort) -> Answered<()> {
        let (loaded, _) = self.run_for(actor, &request.run, Action::Abort).await?;
        let reason = required(&request.reason, "a reason")?;
        self.append(loaded, &actor.person, Event::AbortAsked { reason }).await
    }

    pub(super) async fn let_go_on(&self, actor: &Actor, request: &Resume) -> Answered<()> {
        let (loaded, _) = self.run_for(actor, &request.run, Action::Start).await?;
        let reason = required(&request.reason, "what was looked at or mended")?;
        self.append(loaded, &actor.person, Event::Resumed { reason }).await
    }

    async fn plan_named(&self, loaded: &Loaded, id: &str) -> Answered<Plan> {
        let id: Digest =
            id.parse().map_err(|e: domain::ids::InvalidId| invalid(e.to_string(), ""))?;
        let held = [&loaded.state.secure, &loaded.state.reset]
            .into_iter()
            .flatten()
            .any(|p| p.id == id);
        if !held {
            return Err(stale(
                "The plan has been replaced since you looked.",
                "Look at the new one; what was agreed to the old one is void.",
            ));
        }
        self.runs.plan(&id).await.map_err(|e| of_run("plan.read", e))
    }
}

fn corruption(snapshot: &Snapshot) -> Option<Answer> {
    let checkpoint = snapshot.checkpoint.seen()?;
    let errors = checkpoint
        .findings
        .iter()
        .filter(|f| f.severity == domain::checkpoint::Severity::Error)
        .count();
    let (text, supports) = match (&checkpoint.prognosis, checkpoint.findings.first()) {
        (Prognosis::Fails { error_class, .. }, Some(finding)) => {
            (format!("{} Spark will fail with {error_class}.", finding.message), true)
        }
        (Prognosis::Fails { error_class, .. }, None) => {
            (format!("Spark will fail with {error_class}."), true)
        }
        (Prognosis::Starts { batch_id, .. }, _) => (
            format!(
                "Spark will start at batch {batch_id}. Findings of severity error: {errors}."
            ),
            false,
        ),
        (Prognosis::StartsFresh { why, .. }, _) => (why.clone(), false),
        (Prognosis::Unknown { .. }, _) => return None,
    };
    Some(Answer::Evidence { text, supports })
}

fn parse_offsets(text: &str) -> Answered<PartitionOffsets> {
    let parsed = PartitionOffsets::parse(text.trim());
    if let Some(issue) = parsed.issues.first() {
        return Err(invalid(
            format!("The offsets are not in Spark's form: {}", issue.message),
            "Allowed: {\"topic\":{\"0\":23,\"1\":45}}, with every partition.",
        ));
    }
    parsed.value.ok_or_else(|| {
        invalid(
            "The offsets could not be read.",
            "Allowed: {\"topic\":{\"0\":23,\"1\":45}}, with every partition.",
        )
    })
}

fn kind(word: &str) -> Answered<PlanKind> {
    match word {
        "secure" => Ok(PlanKind::Secure),
        "reset" => Ok(PlanKind::Reset),
        other => Err(invalid(format!("{other:?} is no plan."), "Allowed: secure, reset.")),
    }
}

/// The word of a checklist item in forms.
pub(super) fn item_word(item: ChecklistItem) -> &'static str {
    match item {
        ChecklistItem::Stuck => "stuck",
        ChecklistItem::Corruption => "corruption",
        ChecklistItem::Backup => "backup",
        ChecklistItem::Stakeholders => "stakeholders",
        ChecklistItem::Reason => "reason",
    }
}

/// More than anybody writes by hand, and little to keep.
const WORDS_MAX: usize = 4_000;

fn required(text: &str, what: &str) -> Answered<String> {
    let text = text.trim();
    if text.is_empty() {
        return Err(invalid(format!("It needs {what}."), "A sentence is enough."));
    }
    if text.chars().count() > WORDS_MAX {
        return Err(invalid(
            format!("The text is longer than {WORDS_MAX} characters."),
            "Say it shorter, and link to the rest.",
        ));
    }
    Ok(text.to_owned())
}
