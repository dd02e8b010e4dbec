//! The pre-flight of a plan: asked when it is made, when a person asks, and right
//! before the start; kept as a blob, so that the journal holds what was known.

use std::sync::Arc;

use app::backend::Answered;
use app::forms::AskPreflight;
use domain::access::{Action, Actor, Person};
use domain::error::{ErrorKind, WireError};
use domain::plan::{Plan, PlanKind};
use domain::preflight::{
    Conditions, OnFailure, Preflight, PreflightProbe, Tried, conditions_of,
    judge_conditions,
};
use domain::probe::Probe;
use domain::run::Event;
use domain::snapshot::Snapshot;
use domain::stream::Stream;
use uuid::Uuid;

use super::Server;
use super::failure::{internal, of_run, stale};
use crate::clock;
use crate::runs::{Loaded, RunError};

/// What the names of the objects of a trial begin with, below the backup root.
const OBJECTS: &str = "sluice-conditions-probe-";

/// Whether conditions are tried, which writes objects of Sluice's own.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Trial {
    /// They are.
    Yes,
    /// What an earlier trial showed stands.
    No,
}

impl Server {
    pub(super) async fn ask_preflight(
        &self,
        actor: &Actor,
        request: &AskPreflight,
    ) -> Answered<()> {
        let trial = match request.trial.as_str() {
            "yes" => Trial::Yes,
            _ => Trial::No,
        };
        let action = match trial {
            Trial::Yes => Action::TryWrite,
            Trial::No => Action::Prepare,
        };
        let (mut loaded, stream) = self.run_for(actor, &request.run, action).await?;
        if trial == Trial::Yes && !self.observer.changes_allowed(&stream.name) {
            return Err(WireError::new(
                ErrorKind::NotPermitted,
                format!("The configuration allows no changes to {}.", stream.name),
                "Whoever keeps the configuration can allow it.",
            ));
        }
        let plan = self.plan_named(&loaded, &request.plan).await?;
        let started = loaded.state.plan(plan.body.kind);
        if loaded.state.ended.is_some() || started.is_some_and(|p| p.started.is_some()) {
            return Err(stale(
                "The plan was started already, or the Run is over.",
                "Nothing was asked.",
            ));
        }
        let latest = self.poller.refresh(&stream.name).await;
        self.preflight(
            &mut loaded,
            &stream,
            &plan,
            &latest.snapshot,
            &actor.person,
            trial,
        )
        .await
        .map(drop)
    }

    /// Asks all that stands before the start of a plan, and journals the answers.
    pub(super) async fn preflight(
        &self,
        loaded: &mut Loaded,
        stream: &Arc<Stream>,
        plan: &Plan,
        snapshot: &Snapshot,
        by: &Person,
        trial: Trial,
    ) -> Answered<Preflight> {
        let conditions = conditions_of(plan);
        let tried = match trial {
            Trial::Yes if !conditions.is_empty() => {
                Some(self.tried(loaded, stream, plan, by).await?)
            }
            _ => self.tried_before(loaded).await?,
        };
        let snapshot = Arc::new(snapshot.clone());
        let asked = self
            .prober
            .preflight(stream.clone(), plan.clone(), snapshot);
        let mut probes = asked.await.ok_or_else(broke_off)?;
        probes.extend(tried.as_ref().and_then(|tried| told(&conditions, tried)));
        let preflight = Preflight {
            plan: plan.id.clone(),
            asked_at: clock::now(),
            probes,
            tried,
        };
        let answers = self
            .runs
            .keep_preflight(&preflight)
            .await
            .map_err(|e| of_run("preflight.keep", e))?;
        let refuses = preflight.refusals().map(|probe| probe.asks.clone());
        let event = Event::Preflighted {
            plan: plan.id.clone(),
            answers,
            refuses: refuses.collect(),
        };
        self.runs
            .append(loaded, Some(by), None, event)
            .await
            .map_err(|e| of_run("preflight.append", e))?;
        Ok(preflight)
    }

    /// What is to be written stands in the journal before it is.
    async fn tried(
        &self,
        loaded: &mut Loaded,
        stream: &Arc<Stream>,
        plan: &Plan,
        by: &Person,
    ) -> Answered<Tried> {
        let root = &stream.backup_root;
        let objects = format!("{}{OBJECTS}{}-", root.key(), Uuid::new_v4());
        let event = Event::TrialIntended {
            plan: plan.id.clone(),
            objects: format!("s3://{}/{objects}", root.bucket()),
        };
        self.runs
            .append(loaded, Some(by), None, event)
            .await
            .map_err(|e| of_run("preflight.trial", e))?;
        let trying = self
            .prober
            .try_conditions(stream.clone(), &loaded.run, objects);
        trying.await.ok_or_else(broke_off)
    }

    /// What the newest trial of this Run showed.
    async fn tried_before(&self, loaded: &Loaded) -> Answered<Option<Tried>> {
        let mut newest: Option<Tried> = None;
        for kind in [PlanKind::Secure, PlanKind::Reset] {
            let held = self.preflight_of(loaded, kind).await?;
            let tried = held.and_then(|preflight| preflight.tried);
            if tried.as_ref().map(|t| t.at) > newest.as_ref().map(|t| t.at) {
                newest = tried;
            }
        }
        Ok(newest)
    }

    /// What was asked last of the Run's plan of a kind.
    pub(super) async fn preflight_of(
        &self,
        loaded: &Loaded,
        kind: PlanKind,
    ) -> Answered<Option<Preflight>> {
        let asked = loaded.state.plan(kind).and_then(|p| p.preflight.as_ref());
        let Some((_, answers)) = asked else {
            return Ok(None);
        };
        match self.runs.preflight(answers).await {
            Ok(preflight) => Ok(Some(preflight)),
            // Answers of another release may have another form; they can be asked
            // for again.
            Err(RunError::Encode(error)) => {
                tracing::warn!(%error, run = %loaded.run, "preflight.unreadable");
                Ok(None)
            }
            Err(error) => Err(of_run("preflight.read", error)),
        }
    }
}

/// Nothing where the plan rests on no condition.
fn told(conditions: &Conditions, tried: &Tried) -> Option<PreflightProbe> {
    if conditions.is_empty() {
        return None;
    }
    let (answer, on_failure): (_, OnFailure) = judge_conditions(conditions, tried);
    Some(PreflightProbe {
        probe: Probe {
            id: "conditions".to_owned(),
            asks: "Does the endpoint of S3 honour conditional writes, copies and deletes"
                .to_owned(),
            calls: "PutObject, CopyObject, DeleteObjects".to_owned(),
            command: String::new(),
            answer,
            took_ms: None,
        },
        on_failure,
    })
}

fn broke_off() -> WireError {
    internal(
        "preflight",
        &std::io::Error::other("the asking broke off by a fault of Sluice"),
    )
}
