//! The pages that only read: the list of streams, a stream, a report.

use app::backend::Answered;
use app::view::{Permission, StreamPage, StreamRow, StreamsPage, WaitingItem};
use domain::access::{Action, Actor};
use domain::agreement::AgreementState;
use domain::ids::{RunId, StreamName};
use domain::plan::PlanKind;
use domain::report::{Report, report};
use domain::run::Event;
use domain::stream::Stream;
use domain::time::Millis;
use domain::verdict::{CommonCause, Shared, VerdictKind, Watched, common_causes, lag};

use super::Server;
use super::failure::of_run;
use super::partitions::partitions;
use crate::clock;

impl Server {
    pub(super) async fn streams_page(&self, actor: &Actor) -> Answered<StreamsPage> {
        let mut streams = Vec::new();
        for stream in self.visible_streams(actor) {
            streams.push(self.row(&stream).await?);
        }
        streams.sort_by_key(|row| {
            let kind = row
                .verdict
                .as_ref()
                .map_or(VerdictKind::Unknown, |v| v.kind);
            (kind, row.name.clone())
        });
        Ok(StreamsPage {
            now: clock::now(),
            common: self.common_causes(actor),
            streams,
            waiting: self.waiting(actor).await?,
        })
    }

    /// What the streams that this person sees fell by together.
    fn common_causes(&self, actor: &Actor) -> Vec<CommonCause> {
        let seen: Vec<_> = self
            .visible_streams(actor)
            .into_iter()
            .filter_map(|stream| Some((self.poller.get(&stream.name)?, stream)))
            .collect();
        let watched: Vec<Watched<'_>> = seen
            .iter()
            .map(|(latest, stream)| {
                let mut stands_on = vec![
                    Shared::Application(stream.application.clone()),
                    Shared::Cluster(stream.kafka_cluster.clone()),
                ];
                let script = self
                    .config
                    .stream(&stream.name)
                    .and_then(|configured| configured.job.entry_point.clone());
                stands_on.extend(script.map(Shared::Script));
                let jobs = latest.snapshot.jobs.seen();
                let run = jobs.and_then(|jobs| jobs.runs.first());
                stands_on.extend(run.and_then(|r| r.role.clone()).map(Shared::Role));
                let cause = latest.verdict.cause.as_ref();
                stands_on.extend(cause.and_then(|c| c.about.clone()).map(Shared::Named));
                Watched {
                    name: &stream.name,
                    stands_on,
                    verdict: &latest.verdict,
                    seen_since: Some(latest.verdict_since),
                }
            })
            .collect();
        common_causes(&watched)
    }

    pub(super) async fn row(&self, stream: &Stream) -> Answered<StreamRow> {
        let latest = self.poller.get(&stream.name);
        let snapshot = latest.as_ref().map(|l| &l.snapshot);
        let batch = snapshot
            .and_then(|s| s.checkpoint.seen())
            .and_then(|c| c.last_committed())
            .map(|b| (b.batch, b.planned_at));
        Ok(StreamRow {
            name: stream.name.clone(),
            title: stream.title.clone(),
            environment: stream.environment.clone(),
            owner: stream.owner.clone(),
            seen_at: latest.as_ref().map(|l| l.seen_at),
            lag: snapshot.and_then(lag),
            batch: batch.map(|b| b.0),
            batch_at: batch.map(|b| b.1),
            job_state: snapshot
                .and_then(|s| s.jobs.seen())
                .and_then(|j| j.runs.first())
                .map(|r| r.state.word().to_owned()),
            spark: self.poller.sparkline(&stream.name),
            open_run: self.open_of(stream).await?,
            verdict: latest.map(|l| l.verdict.clone()),
        })
    }

    /// What waits for this person: requests that they may answer, and, for
    /// those who may start things, Runs that are parked.
    async fn waiting(&self, actor: &Actor) -> Answered<Vec<WaitingItem>> {
        let mut waiting = Vec::new();
        for run in self
            .runs
            .open_runs()
            .await
            .map_err(|e| of_run("runs.open", e))?
        {
            let Ok((loaded, stream)) = self.visible_run(actor, &run).await else {
                continue;
            };
            if let Some((reason, _)) = &loaded.state.parked
                && self.may(actor, Action::Prepare, &stream).is_ok()
            {
                waiting.push(WaitingItem {
                    run: run.clone(),
                    stream: stream.name.clone(),
                    what: format!("The reset needs a person: {reason}"),
                    until: None,
                });
            }
            let plan = self.runs.plan_of(&loaded.state, PlanKind::Reset).await;
            let Ok(Some(plan)) = plan else {
                continue;
            };
            let state = loaded.state.plan(PlanKind::Reset);
            let agreement =
                state.map(|p| p.agreement(&plan.body.agreement, clock::now()));
            if let Some(AgreementState::Waiting { expires_at, .. }) = agreement
                && self.may_vote(actor, &stream, &loaded, &plan).is_ok()
            {
                waiting.push(WaitingItem {
                    run,
                    stream: stream.name.clone(),
                    what: "Your answer to a reset is asked for.".to_owned(),
                    until: Some(expires_at),
                });
            }
        }
        Ok(waiting)
    }

    pub(super) async fn stream_page(
        &self,
        actor: &Actor,
        name: &StreamName,
    ) -> Answered<StreamPage> {
        let stream = self.visible(actor, name)?;
        let latest = self.poller.get(name);
        let runs = self.rows_of(Some(name.clone())).await?;
        let mut marks: Vec<(Millis, String)> = Vec::new();
        for row in runs.iter().take(10) {
            marks.extend(self.marks(&row.run).await?);
        }
        let may_open = match self.may(actor, Action::Prepare, &stream) {
            Ok(()) => Permission::yes(),
            Err(denial) => Permission::no(denial.reason),
        };
        Ok(StreamPage {
            now: clock::now(),
            row: self.row(&stream).await?,
            partitions: latest
                .as_ref()
                .map(|l| partitions(&l.snapshot))
                .unwrap_or_default(),
            snapshot: latest.map(|l| l.snapshot.clone()),
            tree: self
                .poller
                .observer()
                .tree(name)
                .map(|tree| (*tree).clone()),
            charts: self.poller.charts(name).await,
            marks,
            runs,
            may_open,
            stream: (*stream).clone(),
        })
    }

    /// The stop, the reset and the restart of a Run, for the charts.
    async fn marks(&self, run: &RunId) -> Answered<Vec<(Millis, String)>> {
        let Some(loaded) = self
            .runs
            .load(run)
            .await
            .map_err(|e| of_run("run.marks", e))?
        else {
            return Ok(Vec::new());
        };
        Ok(loaded
            .records
            .iter()
            .filter_map(|record| {
                let word = match &record.event {
                    Event::Started {
                        kind: PlanKind::Secure,
                        ..
                    } => "secured",
                    Event::GateClosed { .. } => "reset",
                    Event::StepDone {
                        facts: domain::run::Facts::StartedJob { .. },
                        ..
                    } => "restarted",
                    _ => return None,
                };
                Some((record.at, word.to_owned()))
            })
            .collect())
    }

    pub(super) async fn run_report(
        &self,
        actor: &Actor,
        run: &RunId,
    ) -> Answered<Report> {
        let (loaded, _) = self.visible_run(actor, run).await?;
        let mut plans = Vec::new();
        for kind in [PlanKind::Secure, PlanKind::Reset] {
            let plan = self
                .runs
                .plan_of(&loaded.state, kind)
                .await
                .map_err(|e| of_run("report.plan", e))?;
            plans.extend(plan);
        }
        Ok(report(
            run,
            &loaded.state,
            &loaded.records,
            &plans,
            loaded.head.as_str(),
            clock::now(),
        ))
    }
}
