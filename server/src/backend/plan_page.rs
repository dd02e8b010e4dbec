//! A plan by itself, two side by side, and a plan that comes in from a file.

use std::sync::Arc;

use app::backend::Answered;
use app::forms::{AdoptPlan, ImportPlan};
use app::view::{ComparePage, Permission, PlanPage, PlanRef};
use domain::access::{Action, Actor};
use domain::error::{ErrorKind, WireError};
use domain::ids::{Digest, InvalidId, RunId};
use domain::intent::Intent;
use domain::plan::{Plan, check, compare, render};
use domain::run::Event;
use domain::stream::Stream;

use super::Server;
use super::failure::{invalid, of_run, stale};
use super::forms::required;
use crate::clock;
use crate::runs::{Loaded, RunError};

/// So many plans are offered to compare with at most.
const OTHERS_MAX: usize = 20;

impl Server {
    pub(super) async fn plan_page(
        &self,
        actor: &Actor,
        id: &Digest,
    ) -> Answered<PlanPage> {
        let (plan, stream) = self.visible_plan(actor, id).await?;
        let faults = check(&plan, &stream);
        let drift = match self.poller.get(&stream.name) {
            Some(latest) => Some(self.drift(&stream, &plan, &latest.snapshot)?),
            None => None,
        };
        let own = self.runs.load(&plan.body.run).await;
        let own = own.map_err(|e| of_run("plan.run", e))?;
        let open_run = self.open_of(&stream).await?;
        let open = match &open_run {
            Some(run) => self.runs.load(run).await,
            None => Ok(None),
        };
        let open = open.map_err(|e| of_run("plan.open_run", e))?;
        Ok(PlanPage {
            now: clock::now(),
            steps: render(&plan).steps,
            faults: faults.iter().map(ToString::to_string).collect(),
            drift,
            held: own.as_ref().is_some_and(|loaded| {
                let held = loaded.state.plan(plan.body.kind);
                held.is_some_and(|held| held.id == plan.id)
            }),
            may_adopt: self.may_adopt(actor, &stream, &plan, open_run.as_ref()),
            open_run,
            others: self.others(&plan, own.iter().chain(&open)).await,
            plan,
        })
    }

    pub(super) async fn compare_page(
        &self,
        actor: &Actor,
        left: &Digest,
        right: &Digest,
    ) -> Answered<ComparePage> {
        let (left, _) = self.visible_plan(actor, left).await?;
        let (right, _) = self.visible_plan(actor, right).await?;
        Ok(ComparePage {
            now: clock::now(),
            comparison: compare(&left, &right),
            left: PlanRef::of(&left),
            right: PlanRef::of(&right),
        })
    }

    /// Judges what a file says and keeps it, to be looked at. It is outside input:
    /// only its way out can be taken over, and Sluice plans that itself.
    pub(super) async fn take_in(
        &self,
        actor: &Actor,
        request: &ImportPlan,
    ) -> Answered<Digest> {
        let (_, stream) = self.run_for(actor, &request.run, Action::Prepare).await?;
        let plan: Plan = serde_json::from_str(request.plan.trim()).map_err(|error| {
            invalid(
                format!("This is no plan as Sluice writes it: {error}."),
                "Paste the whole file that a plan's page gives as JSON.",
            )
        })?;
        let faults = check(&plan, &stream);
        if !faults.is_empty() {
            let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
            return Err(invalid(
                format!("The plan breaks a rule. {}", faults.join(" ")),
                "It was not taken in. Export it again, or choose the way out by hand.",
            ));
        }
        self.runs
            .keep_plan(&plan)
            .await
            .map_err(|e| of_run("plan.import", e))?;
        Ok(plan.id)
    }

    /// Chooses the way out of another plan in an open Run.
    pub(super) async fn adopt(
        &self,
        actor: &Actor,
        request: &AdoptPlan,
    ) -> Answered<RunId> {
        let (loaded, stream) = self.run_for(actor, &request.run, Action::Prepare).await?;
        let reason = required(&request.reason, "a reason")?;
        let id: Digest = request
            .plan
            .parse()
            .map_err(|e: InvalidId| invalid(e.to_string(), ""))?;
        let (plan, of) = self.visible_plan(actor, &id).await?;
        if of.name != stream.name {
            return Err(invalid(
                format!(
                    "The plan is for {}, and the Run for {}.",
                    of.name, stream.name
                ),
                "A way out holds for one stream.",
            ));
        }
        let Some(intent) = plan.body.intent else {
            return Err(stale(
                "The plan names no way out: it was made before one was chosen.",
                "Choose one by hand.",
            ));
        };
        if let Some(latest) = self.poller.get(&stream.name) {
            self.weigh(&stream, &latest.snapshot, &intent.way_out)
                .await?;
        }
        let run = loaded.run.clone();
        let intent = Intent {
            way_out: intent.way_out,
            reason,
            person: actor.person.clone(),
        };
        self.append(loaded, &actor.person, Event::Intended { intent })
            .await?;
        Ok(run)
    }

    /// The plan of this id, if the actor may see its stream.
    async fn visible_plan(
        &self,
        actor: &Actor,
        id: &Digest,
    ) -> Answered<(Plan, Arc<Stream>)> {
        let missing = || {
            WireError::new(
                ErrorKind::NotFound,
                format!("There is no plan {}, or it is not open to you.", id.short()),
                "Look for it in the Run that made it.",
            )
        };
        let plan = self.runs.plan(id).await.map_err(|error| match error {
            // What is kept under this id, if anything is, is no plan.
            RunError::PlanMissing(_) | RunError::Encode(_) => missing(),
            other => of_run("plan.read", other),
        })?;
        let stream = self
            .visible(actor, &plan.body.stream)
            .map_err(|_| missing())?;
        Ok((plan, stream))
    }

    fn may_adopt(
        &self,
        actor: &Actor,
        stream: &Stream,
        plan: &Plan,
        open: Option<&RunId>,
    ) -> Permission {
        match (self.may(actor, Action::Prepare, stream), open) {
            (Err(denial), _) => Permission::no(denial.reason),
            (Ok(()), None) => Permission::no(format!(
                "No Run is open on {}. Open one first.",
                stream.name
            )),
            (Ok(()), Some(_)) if plan.body.intent.is_none() => {
                Permission::no("The plan names no way out.")
            }
            (Ok(()), Some(_)) => Permission::yes(),
        }
    }

    /// The plans of the Runs that are not this one, newest first.
    async fn others(
        &self,
        plan: &Plan,
        runs: impl Iterator<Item = &Loaded>,
    ) -> Vec<PlanRef> {
        let mut ids: Vec<Digest> = runs
            .flat_map(|loaded| &loaded.records)
            .filter_map(|record| match &record.event {
                Event::Planned { plan, kind, .. } => Some((*kind, plan.clone())),
                _ => None,
            })
            .filter(|(kind, id)| *kind == plan.body.kind && *id != plan.id)
            .map(|(_, id)| id)
            .collect();
        ids.sort();
        ids.dedup();
        let mut others = Vec::new();
        for id in ids {
            // One that can no longer be read cannot be compared with either.
            if let Ok(other) = self.runs.plan(&id).await {
                others.push(PlanRef::of(&other));
            }
        }
        others.sort_by_key(|other| std::cmp::Reverse(other.built_at));
        others.truncate(OTHERS_MAX);
        others
    }
}
