//! A Run's pages.

use app::backend::Answered;
use app::view::{
    AgreementView, BackupRow, ChecklistRow, Permission, Permissions, PlanView, RunPage,
    StepView, Weighed,
};
use domain::access::{Action, Actor};
use domain::agreement::AgreementState;
use domain::estimate::{Estimate, RtoClass};
use domain::ids::RunId;
use domain::intent::{Touch, WayOut};
use domain::plan::{Plan, PlanKind, render};
use domain::preflight::Preflight;
use domain::report::{did, happened};
use domain::run::{ChecklistItem, Event, Gate, RunState};
use domain::snapshot::Snapshot;
use domain::stream::Stream;
use domain::time::human_duration;

use super::Server;
use super::failure::of_run;
use super::forms::backup_value;
use super::headline::headline;
use super::options::{Known, cards};
use crate::clock;
use crate::runs::Loaded;

impl Server {
    pub(super) async fn run_page(&self, actor: &Actor, run: &RunId) -> Answered<RunPage> {
        let (loaded, stream) = self.visible_run(actor, run).await?;
        let now = clock::now();
        let latest = self.poller.get(&stream.name);
        let snapshot = latest.as_ref().map(|l| &l.snapshot);
        let secure = self.held(&loaded, PlanKind::Secure).await?;
        let reset = self.held(&loaded, PlanKind::Reset).await?;
        let asked = (
            self.preflight_of(&loaded, PlanKind::Secure).await?,
            self.preflight_of(&loaded, PlanKind::Reset).await?,
        );
        let plans: Vec<Plan> = [&secure, &reset].into_iter().flatten().cloned().collect();
        let state = &loaded.state;
        let backups = self.backup_rows(&stream, state, snapshot).await;
        let backup = chosen_backup(state, &backups).cloned();
        let backup = backup.as_ref();
        let policy = self.observer.policy(&stream.name);
        let estimate = reset.as_ref().map(|p| &p.body.estimate);
        let weighed = self
            .weighed_so_far(&stream, state, snapshot, reset.as_ref())
            .await;
        Ok(RunPage {
            now,
            run: run.clone(),
            verdict: latest.as_ref().map(|l| l.verdict.clone()),
            stage: state.stage(),
            checklist: ChecklistItem::ALL
                .into_iter()
                .map(|item| ChecklistRow {
                    item,
                    answer: state.answers.get(&item).cloned(),
                    offered: self.offered(&stream, item),
                })
                .collect(),
            options: cards(&Known {
                stream: &stream,
                snapshot,
                policy: &policy,
                chosen: state.intent.as_ref().map(|i| &i.way_out),
                backups: &backups,
            }),
            backups: backups.unwrap_or_default(),
            cost: match (&reset, &weighed) {
                (Some(plan), _) => Some(plan.cost()),
                (None, Some(weighed)) => Some(weighed.cost),
                (None, None) => backup.and_then(|row| row.cost),
            },
            weighed,
            past: self.past(&stream).await?,
            takes: takes(state, snapshot, estimate, backup),
            agrees: state
                .intent
                .as_ref()
                .map(|i| policy.agreement_for(&i.way_out).words()),
            headline: headline(state, &plans, now),
            rto_at: estimate
                .and_then(|e| e.class.limit_ms())
                .map(|limit| state.opened_at.plus(limit)),
            may: self.permissions(actor, &stream, &loaded, secure.as_ref()),
            log: loaded
                .records
                .iter()
                .filter(|r| !matches!(r.event, Event::StepProgressed { .. }))
                .map(|r| {
                    let who = r.actor.as_ref().map_or("Sluice", |p| p.name.as_str());
                    (r.at, who.to_owned(), happened(&r.event, &plans))
                })
                .collect(),
            secure: self.plan_view(
                actor,
                &stream,
                &loaded,
                PlanKind::Secure,
                secure.map(|plan| (plan, asked.0)),
                snapshot,
            )?,
            reset: self.plan_view(
                actor,
                &stream,
                &loaded,
                PlanKind::Reset,
                reset.map(|plan| (plan, asked.1)),
                snapshot,
            )?,
            state: loaded.state.clone(),
            stream: (*stream).clone(),
        })
    }

    async fn held(&self, loaded: &Loaded, kind: PlanKind) -> Answered<Option<Plan>> {
        self.runs
            .plan_of(&loaded.state, kind)
            .await
            .map_err(|e| of_run("run.plan", e))
    }

    /// What the chosen way out would do by what was seen last, until a plan says
    /// it.
    async fn weighed_so_far(
        &self,
        stream: &Stream,
        state: &RunState,
        snapshot: Option<&Snapshot>,
        reset: Option<&Plan>,
    ) -> Option<Weighed> {
        if reset.is_some() || state.ended.is_some() {
            return None;
        }
        let way_out = &state.intent.as_ref()?.way_out;
        // What a backup would do stands beside it in the list.
        if way_out.touch() == Touch::Backup {
            return None;
        }
        self.weigh_fully(stream, snapshot?, way_out).await.ok()
    }

    fn plan_view(
        &self,
        actor: &Actor,
        stream: &Stream,
        loaded: &Loaded,
        kind: PlanKind,
        plan: Option<(Plan, Option<Preflight>)>,
        snapshot: Option<&Snapshot>,
    ) -> Answered<PlanView> {
        let Some((plan, preflight)) = plan else {
            return Ok(PlanView {
                plan: None,
                refusal: why_none(&loaded.state, kind),
                drift: Vec::new(),
                steps: Vec::new(),
                agreement: None,
                preflight: None,
                trial: Permission::no("There is no plan yet."),
                start: Permission::no("There is no plan yet."),
            });
        };
        let state = loaded.state.plan(kind);
        let started = state.is_some_and(|p| p.started.is_some());
        let drift = match snapshot.filter(|_| !started) {
            Some(snapshot) => self.drift(stream, &plan, snapshot)?,
            None => Vec::new(),
        };
        let steps = render(&plan)
            .steps
            .into_iter()
            .filter_map(|rendered| {
                let state = state?.steps.iter().find(|s| s.id == rendered.id)?.clone();
                Some(StepView {
                    id: rendered.id.clone(),
                    did: state.facts.as_ref().map(did),
                    rendered,
                    state,
                })
            })
            .collect();
        let start = match (
            self.may(actor, Action::Start, stream),
            self.startable(loaded, stream, &plan),
        ) {
            (Err(denial), _) => Permission::no(denial.reason),
            (Ok(()), Err(why)) => Permission::no(why),
            (Ok(()), Ok(())) if !drift.is_empty() => {
                Permission::no("The plan is stale. Make it anew.")
            }
            (Ok(()), Ok(())) => match preflight.as_ref().and_then(Preflight::refusal) {
                Some(refusal) => {
                    Permission::no(format!("The pre-flight refuses it. {refusal}"))
                }
                None => Permission::yes(),
            },
        };
        Ok(PlanView {
            trial: self.may_try_a_write(actor, stream),
            preflight,
            agreement: Some(self.agreement(actor, stream, loaded, &plan)),
            plan: Some(plan),
            refusal: None,
            drift,
            steps,
            start,
        })
    }

    fn agreement(
        &self,
        actor: &Actor,
        stream: &Stream,
        loaded: &Loaded,
        plan: &Plan,
    ) -> AgreementView {
        let needed = plan.body.agreement.clone();
        let state = loaded
            .state
            .plan(plan.body.kind)
            .map_or(AgreementState::NotRequested, |p| {
                p.agreement(&needed, clock::now())
            });
        let missing = match &state {
            AgreementState::Waiting { missing, .. } => missing.clone(),
            AgreementState::NotRequested => needed.roles.clone(),
            _ => Vec::new(),
        };
        let vote = self.may_vote(actor, stream, loaded, plan);
        AgreementView {
            needed,
            state,
            missing,
            my_role: vote.as_ref().ok().map(|role| role.word().to_owned()),
            may_vote: match vote {
                Ok(_) => Permission::yes(),
                Err(denial) => Permission::no(denial.reason),
            },
        }
    }

    fn permissions(
        &self,
        actor: &Actor,
        stream: &Stream,
        loaded: &Loaded,
        secure: Option<&Plan>,
    ) -> Permissions {
        let state = &loaded.state;
        let judged = |action, blocked: Option<&str>| match (
            self.may(actor, action, stream),
            blocked,
        ) {
            (Err(denial), _) => Permission::no(denial.reason),
            (Ok(()), Some(why)) => Permission::no(why),
            (Ok(()), None) => Permission::yes(),
        };
        let over = state.ended.as_ref().map(|_| "The Run is over.");
        let past = (state.gate != Gate::Untouched && state.parked.is_none()).then_some(
            "The checkpoint has been changed; from here the way is forward. It can be closed as it is once it waits for a person.",
        );
        let asked = state
            .abort
            .as_ref()
            .map(|_| "An abort was asked for already.");
        let parked = state
            .parked
            .is_none()
            .then_some("The Run is not waiting for a person.");
        Permissions {
            prepare: judged(Action::Prepare, over),
            start: judged(Action::Start, over),
            abort: judged(Action::Abort, over.or(past).or(asked)),
            abort_leaves: abort_leaves(state, secure),
            resume: judged(Action::Start, over.or(parked)),
        }
    }
}

/// The chosen backup, as it was found.
fn chosen_backup<'a>(
    state: &RunState,
    backups: &'a Result<Vec<BackupRow>, String>,
) -> Option<&'a BackupRow> {
    let WayOut::Restore { backup, manifest } = &state.intent.as_ref()?.way_out else {
        return None;
    };
    let value = backup_value(backup, manifest);
    backups.iter().flatten().find(|row| row.value == value)
}

/// How long it takes, in words: by the plan, or, before there is one, by the
/// row of the table of recovery times that the chosen option falls in.
fn takes(
    state: &RunState,
    snapshot: Option<&Snapshot>,
    estimate: Option<&Estimate>,
    backup: Option<&BackupRow>,
) -> Option<String> {
    if let Some(estimate) = estimate {
        let least = human_duration(estimate.least_ms);
        return Some(match estimate.most_ms {
            Some(most) => format!("{least} to {}", human_duration(most)),
            None => format!("at least {least}; the end is unknown"),
        });
    }
    let way_out = &state.intent.as_ref()?.way_out;
    if way_out.touch() == Touch::Backup {
        let (_, back_to) = backup?.held.as_ref()?.batch?;
        let class = RtoClass::of(way_out, Some(back_to), snapshot?.taken_at);
        return Some(class.expected().to_owned());
    }
    Some(class_of(way_out, snapshot?).expected().to_owned())
}

/// The row of the table of recovery times that a way out falls in, by what was
/// seen.
pub(super) fn class_of(way_out: &WayOut, snapshot: &Snapshot) -> RtoClass {
    let back_to = match way_out {
        WayOut::Timestamp { at } => Some(*at),
        _ => {
            let seen = snapshot.checkpoint.seen();
            seen.and_then(|c| c.last_committed()).map(|b| b.planned_at)
        }
    };
    RtoClass::of(way_out, back_to, snapshot.taken_at)
}

fn why_none(state: &RunState, kind: PlanKind) -> Option<String> {
    let why = match kind {
        PlanKind::Secure => return None,
        PlanKind::Reset if state.intent.is_none() => "Choose the way out first.",
        PlanKind::Reset if state.sealed.is_none() => {
            "The exact plan is made on the sealed backup. Secure the stream first."
        }
        PlanKind::Reset => return None,
    };
    Some(why.to_owned())
}

/// What an abort would leave behind now.
fn abort_leaves(state: &RunState, secure: Option<&Plan>) -> String {
    match state.gate {
        Gate::Untouched => {}
        Gate::Closed => {
            return "The Run is closed as it is. The gate stays closed, so no job starts here until another Run resets it; the sealed backup holds everything that was there.".to_owned();
        }
        Gate::Opened => {
            return "The Run is closed as it is. The checkpoint holds the planned start and whatever a job has written since; the sealed backup holds everything that was there before.".to_owned();
        }
    }
    let started = state.secure.as_ref().is_some_and(|p| p.started.is_some());
    let restarts = secure.is_some_and(|p| !p.body.undo.is_empty());
    match (started, restarts, state.sealed.is_some()) {
        (false, _, _) => "Nothing was changed. The Run is closed.",
        (true, true, _) => {
            "The checkpoint is untouched. The job is started again on it; a backup that was made stays."
        }
        (true, false, true) => {
            "The checkpoint is untouched and the job stays as it was. The sealed backup stays."
        }
        (true, false, false) => {
            "The checkpoint is untouched and the job stays as it was. A backup that was begun stays unsealed."
        }
    }
    .to_owned()
}
