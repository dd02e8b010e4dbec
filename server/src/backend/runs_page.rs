//! The list of Runs.

use app::backend::Answered;
use app::view::{RunFilter, RunRow, RunsPage};
use domain::access::Actor;
use domain::ids::StreamName;
use domain::plan::PlanKind;
use domain::report::report;

use super::Server;
use super::failure::{internal, invalid, of_run};
use crate::clock;
use crate::runs::Loaded;

/// How many Runs a page holds.
const ROWS_MAX: u32 = 500;

impl Server {
    pub(super) async fn runs_page(
        &self,
        actor: &Actor,
        filter: &RunFilter,
    ) -> Answered<RunsPage> {
        let stream = match filter.stream.as_str() {
            "" => None,
            name => Some(
                name.parse()
                    .map_err(|e: domain::ids::InvalidId| invalid(e.to_string(), ""))?,
            ),
        };
        let streams: Vec<StreamName> = self
            .visible_streams(actor)
            .iter()
            .map(|s| s.name.clone())
            .collect();
        let mut runs = self.rows_of(stream).await?;
        runs.retain(|row| {
            let outcome = row.ending.map_or("open", domain::run::Ending::word);
            streams.contains(&row.stream)
                && (filter.outcome.is_empty() || filter.outcome == outcome)
                && (filter.option.is_empty()
                    || row.option.as_deref() == Some(filter.option.as_str()))
        });
        Ok(RunsPage {
            now: clock::now(),
            filter: filter.clone(),
            runs,
            streams,
        })
    }

    /// The newest Runs, of one stream or of all.
    pub(super) async fn rows_of(
        &self,
        stream: Option<StreamName>,
    ) -> Answered<Vec<RunRow>> {
        let filter = crate::store::RunFilter {
            stream,
            ..Default::default()
        };
        let listed = self
            .runs
            .store()
            .runs(&filter, ROWS_MAX)
            .await
            .map_err(|e| internal("runs.list", &e))?;
        let mut rows = Vec::with_capacity(listed.len());
        for row in listed {
            let loaded = self
                .runs
                .load(&row.run)
                .await
                .map_err(|e| of_run("runs.load", e))?;
            if let Some(loaded) = loaded {
                rows.push(self.run_row(&loaded).await?);
            }
        }
        Ok(rows)
    }

    async fn run_row(&self, loaded: &Loaded) -> Answered<RunRow> {
        let state = &loaded.state;
        let reset = self
            .runs
            .plan_of(state, PlanKind::Reset)
            .await
            .map_err(|e| of_run("runs.plan", e))?;
        let cost = reset.as_ref().map(domain::plan::Plan::cost);
        let plans: Vec<_> = reset.into_iter().collect();
        let told = report(
            &loaded.run,
            state,
            &[],
            &plans,
            loaded.head.as_str(),
            clock::now(),
        );
        Ok(RunRow {
            run: loaded.run.clone(),
            stream: state.stream.clone(),
            verdict: state.verdict.clone(),
            option: state
                .intent
                .as_ref()
                .map(|i| i.way_out.letter().to_string()),
            stage: state.stage(),
            parked: state.parked.is_some(),
            ending: state.ended.as_ref().map(|(ending, _, _)| *ending),
            opened_by: state.opened_by.name.clone(),
            opened_at: state.opened_at,
            ended_at: state.ended.as_ref().map(|(_, at, _)| *at),
            skipped: cost.map(|c| c.skipped),
            repeated: cost.map(|c| c.repeated),
            within_rto: told.durations.within_rto,
        })
    }
}
