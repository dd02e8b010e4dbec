//! How past resets of a stream went, and what else an estimate rests on.

use app::backend::Answered;
use domain::estimate::{Measured, PastReset, Rates, start_up};
use domain::plan::{Plan, PlanKind};
use domain::snapshot::Snapshot;
use domain::stream::Stream;

use super::Server;
use super::failure::{internal, of_run};
use crate::runs::Loaded;

/// So many of a stream's newest Runs are looked at, and so many resets shown.
const RUNS_MAX: u32 = 20;
const PAST_MAX: usize = 5;

impl Server {
    /// What the estimate of a plan rests on.
    pub(super) async fn measured(
        &self,
        stream: &Stream,
        snapshot: &Snapshot,
    ) -> Answered<Measured> {
        let jobs = snapshot.jobs.seen();
        let runs = jobs.map_or(&[][..], |jobs| &jobs.runs);
        Ok(Measured {
            rates: Rates::measured(snapshot, &self.poller.samples(&stream.name)),
            past: self.past(stream).await?,
            start_up: start_up(runs),
            used: runs.iter().find_map(|run| run.used),
            prices: self.config.prices.clone(),
        })
    }

    /// The stream's resets that were carried out, newest first.
    pub(super) async fn past(&self, stream: &Stream) -> Answered<Vec<PastReset>> {
        let filter = crate::store::RunFilter {
            stream: Some(stream.name.clone()),
            ..Default::default()
        };
        let listed = self.runs.store().runs(&filter, RUNS_MAX).await;
        let listed = listed.map_err(|e| internal("past.list", &e))?;
        let mut past = Vec::new();
        for row in listed {
            let loaded = self.runs.load(&row.run).await;
            let Some(loaded) = loaded.map_err(|e| of_run("past.load", e))? else {
                continue;
            };
            if loaded.state.ended.is_none() {
                continue;
            }
            let plans = self.plans_of(&loaded).await?;
            let reset = PastReset::of(&loaded.run, &loaded.state, &plans);
            past.extend(reset.filter(|reset| reset.took_ms.is_some()));
            if past.len() == PAST_MAX {
                break;
            }
        }
        Ok(past)
    }

    async fn plans_of(&self, loaded: &Loaded) -> Answered<Vec<Plan>> {
        let mut plans = Vec::new();
        for kind in [PlanKind::Secure, PlanKind::Reset] {
            let plan = self.runs.plan_of(&loaded.state, kind).await;
            plans.extend(plan.map_err(|e| of_run("past.plan", e))?);
        }
        Ok(plans)
    }
}
