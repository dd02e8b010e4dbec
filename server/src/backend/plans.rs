//! Makes a Run's plans, starts them, and tells whether they still fit.

use app::backend::Answered;
use app::forms::{MakePlan, StartPlan};
use domain::access::{Action, Actor};
use domain::agreement::AgreementState;
use domain::ids::{Digest, InvalidId};
use domain::intent::{Touch, WayOut};
use domain::plan::{
    BuildReset, BuildSecure, Foreseen, Plan, PlanKind, build_reset, build_secure, check,
};
use domain::run::{ChecklistItem, Event};
use domain::snapshot::Snapshot;
use domain::stream::Stream;
use uuid::Uuid;

use super::Server;
use super::failure::{internal, invalid, of_run, stale};
use super::forms::kind;
use super::preflight::Trial;
use crate::clock;
use crate::runs::Loaded;

impl Server {
    pub(super) async fn make(&self, actor: &Actor, request: &MakePlan) -> Answered<()> {
        let (loaded, stream) = self.run_for(actor, &request.run, Action::Prepare).await?;
        let latest = self.poller.refresh(&stream.name).await;
        let plan = match kind(&request.kind)? {
            PlanKind::Secure => {
                self.secure_plan(&loaded, &stream, &latest.snapshot).await?
            }
            PlanKind::Reset => {
                self.reset_plan(&loaded, &stream, &latest.snapshot).await?
            }
        };
        if let Some(fault) = check(&plan, &stream).first() {
            return Err(internal("plan.check", fault));
        }
        self.runs
            .keep_plan(&plan)
            .await
            .map_err(|e| of_run("plan.keep", e))?;
        let ids =
            |steps: &[domain::plan::Step]| steps.iter().map(|s| s.id.clone()).collect();
        let event = Event::Planned {
            kind: plan.body.kind,
            plan: plan.id.clone(),
            steps: ids(&plan.body.steps),
            undo: ids(&plan.body.undo),
        };
        let (by, mut loaded) = (&actor.person, loaded);
        self.runs
            .append(&mut loaded, Some(by), None, event)
            .await
            .map_err(|e| of_run("plan.append", e))?;
        // The plan is made, whatever becomes of the questions: they are asked again
        // before the start.
        let snapshot = &latest.snapshot;
        let asked = self.preflight(&mut loaded, &stream, &plan, snapshot, by, Trial::No);
        if let Err(error) = asked.await {
            tracing::warn!(run = %loaded.run, error = error.message, "preflight.not_asked");
        }
        Ok(())
    }

    async fn secure_plan(
        &self,
        loaded: &Loaded,
        stream: &Stream,
        snapshot: &Snapshot,
    ) -> Answered<Plan> {
        let measured = self.measured(stream, snapshot).await?;
        build_secure(&BuildSecure {
            run: &loaded.run,
            stream,
            snapshot,
            policy: &self.observer.policy(&stream.name),
            intent: loaded.state.intent.as_ref(),
            explained: loaded.state.explained(),
            measured: &measured,
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
        let (Some(intent), Some(sealed)) = (&loaded.state.intent, &loaded.state.sealed)
        else {
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
        let foreseen = self.foreseen(stream, &intent.way_out).await?;
        // What could be in the way is told by the plan's own refusal.
        let effects = self.weigh(stream, snapshot, &intent.way_out).await;
        let record_times = self
            .record_times(stream, snapshot, &effects.unwrap_or_default())
            .await
            .unwrap_or_default();
        let measured = self.measured(stream, snapshot).await?;
        let backup = self.backup_to_restore(stream, &intent.way_out).await?;
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
            explained: loaded.state.explained(),
            sealed,
            keys: &keys,
            times: times.as_ref(),
            record_times: &record_times,
            measured: &measured,
            foreseen: foreseen.as_ref(),
            backup: backup.as_ref(),
            query_id: Uuid::new_v4(),
            run_page: &run_page,
            now: clock::now(),
        })
        .map_err(|refusal| stale(refusal.to_string(), "No plan was made."))
    }

    /// What Spark does after a way out that goes on from the checkpoint's log.
    /// The list of what it deletes is kept, as a plan holds only its digest.
    async fn foreseen(
        &self,
        stream: &Stream,
        way_out: &WayOut,
    ) -> Answered<Option<Foreseen>> {
        if matches!(way_out.touch(), Touch::All | Touch::Backup) {
            return Ok(None);
        }
        let foreseen = self.observer.foresee(&stream.name, way_out).await;
        let foreseen = foreseen.map_err(|why| {
            stale(
                format!("The checkpoint could not be read: {why}"),
                "No plan was made.",
            )
        })?;
        self.runs
            .keep_keys(&foreseen.edit.deletes)
            .await
            .map_err(|e| of_run("plan.keys", e))?;
        Ok(Some(foreseen))
    }

    pub(super) async fn start_plan(
        &self,
        actor: &Actor,
        request: &StartPlan,
    ) -> Answered<()> {
        let (mut loaded, stream) =
            self.run_for(actor, &request.run, Action::Start).await?;
        let kind = kind(&request.kind)?;
        let plan = self.plan_named(&loaded, &request.plan).await?;
        if plan.body.kind != kind {
            return Err(stale(
                "This is the other plan of the Run.",
                "Look at it again.",
            ));
        }
        if request.typed_name.trim() != stream.name.as_str() {
            return Err(invalid(
                format!("The name that was typed is not {}.", stream.name),
                "Type the stream's name to confirm.",
            ));
        }
        self.startable(&loaded, &stream, &plan)
            .map_err(|why| stale(why, "Nothing was started."))?;
        let latest = self.poller.refresh(&stream.name).await;
        let drift = self.drift(&stream, &plan, &latest.snapshot)?;
        if !drift.is_empty() {
            return Err(stale(
                format!("The plan is stale. {}", drift.join(" ")),
                "Make the plan anew; agreement to the old one is void.",
            ));
        }
        let (by, snapshot) = (&actor.person, &latest.snapshot);
        let asked = self.preflight(&mut loaded, &stream, &plan, snapshot, by, Trial::Yes);
        if let Some(refusal) = asked.await?.refusal() {
            return Err(stale(
                format!("The pre-flight refuses the plan. {refusal}"),
                "Nothing of the stream was changed. Mend it as the pre-flight says, and start again.",
            ));
        }
        self.append(
            loaded,
            &actor.person,
            Event::Started {
                kind,
                plan: plan.id,
            },
        )
        .await
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

    pub(super) async fn plan_named(&self, loaded: &Loaded, id: &str) -> Answered<Plan> {
        let id: Digest = id
            .parse()
            .map_err(|e: InvalidId| invalid(e.to_string(), ""))?;
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
        self.runs
            .plan(&id)
            .await
            .map_err(|e| of_run("plan.read", e))
    }
}
