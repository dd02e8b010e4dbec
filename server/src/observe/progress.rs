//! The newest progress events of a stream's query, from its driver's log.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use domain::ids::JobRunId;
use domain::snapshot::{JobsSeen, Progress};
use domain::stream::Stream;
use domain::time::Millis;
use uuid::Uuid;

use super::progress_charts::Rates;
use super::progress_lines::{self, MARK, Told};
use crate::aws::{AwsError, LogEvent, Logs};
use crate::clock;
use crate::config;

/// How far back the log is read at the first look.
const HISTORY_MS: i64 = 3_600_000;
/// Events come late into CloudWatch; each look begins this long before the
/// newest that is known.
const OVERLAP_MS: i64 = 120_000;
/// As many as Spark itself keeps.
const EVENTS_MAX: usize = 100;
/// As far back as the charts go, speeds are kept.
const RATES_MS: i64 = 3 * 3_600_000;
/// One in three seconds over that time.
const RATES_MAX: usize = 3_600;
/// Where the JSON is spread over many log events, so many are read.
const LINES_MAX: usize = 5_000;

/// The events that were read so far.
#[derive(Default)]
pub(super) struct Recent(Mutex<State>);

#[derive(Default)]
struct State {
    /// Of this job run; another one begins anew.
    job_run: Option<JobRunId>,
    events: BTreeMap<(Millis, i64), Progress>,
    query_id: Option<Uuid>,
    /// Of every job run, so that a chart goes on over a restart.
    rates: BTreeMap<(Millis, i64), Rates>,
}

impl Recent {
    /// The query id in the newest event that was ever read.
    pub(super) fn query_id(&self) -> Option<Uuid> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .query_id
    }

    /// The speeds that the events of the last three hours tell, oldest first.
    pub(super) fn rates(&self) -> Vec<Rates> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.rates.values().cloned().collect()
    }

    /// The newest events of the newest job run, oldest first.
    pub(super) async fn look(
        &self,
        logs: &Logs,
        place: &config::Logs,
        stream: &Stream,
        jobs: &JobsSeen,
    ) -> Result<Vec<Progress>, AwsError> {
        let Some(run) = jobs.runs.first() else {
            return Ok(Vec::new());
        };
        let from = self.from(&run.id);
        let prefix = log_prefix(place, &jobs.application, &run.id);
        let pattern = format!("\"{}\"", MARK.trim());
        let found = logs
            .newest(&place.group, Some(&prefix), &pattern, from, LINES_MAX)
            .await?;
        let (mut told, cut_off) = parse(&found);
        if cut_off {
            let all = logs
                .newest(&place.group, Some(&prefix), "", from, LINES_MAX)
                .await?;
            told = parse(&all).0;
        }
        Ok(self.merge(&run.id, told, stream))
    }

    fn from(&self, run: &JobRunId) -> Millis {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match state.events.last_key_value() {
            Some(((at, _), _)) if state.job_run.as_ref() == Some(run) => {
                at.plus(-OVERLAP_MS)
            }
            _ => clock::now().plus(-HISTORY_MS),
        }
    }

    fn merge(&self, run: &JobRunId, told: Vec<Told>, stream: &Stream) -> Vec<Progress> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.job_run.as_ref() != Some(run) {
            state.events.clear();
            state.job_run = Some(run.clone());
        }
        for event in told.into_iter().filter(|told| is_of(told, stream)) {
            let progress = event.progress;
            let key = (progress.at, progress.batch);
            state.rates.insert(key, event.rates);
            state.events.insert(key, progress);
        }
        while state.events.len() > EVENTS_MAX {
            state.events.pop_first();
        }
        let from = clock::now().plus(-RATES_MS);
        state.rates.retain(|(at, _), _| *at >= from);
        while state.rates.len() > RATES_MAX {
            state.rates.pop_first();
        }
        if let Some(id) = state.events.values().rev().find_map(|p| p.query_id) {
            state.query_id = Some(id);
        }
        state.events.values().cloned().collect()
    }
}

/// A driver may run several queries; this one's read its topics. An event
/// without offsets (nothing came in yet) tells nothing to rely on.
fn is_of(told: &Told, stream: &Stream) -> bool {
    !told.topics.is_empty()
        && told
            .topics
            .iter()
            .all(|topic| stream.sources.iter().any(|source| source.contains(topic)))
}

/// Where EMR Serverless puts the logs of a job run: the configured prefix and
/// the job run's id.
pub(super) fn log_prefix(
    place: &config::Logs,
    application: &str,
    run: &JobRunId,
) -> String {
    match &place.stream_prefix {
        Some(prefix) if prefix.ends_with('/') => format!("{prefix}{run}/"),
        Some(prefix) => prefix.clone(),
        None => format!("applications/{application}/jobs/{run}/"),
    }
}

/// Log streams are told apart: the lines of two drivers never make one event.
fn parse(events: &[LogEvent]) -> (Vec<Told>, bool) {
    let mut by_stream: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for event in events {
        by_stream
            .entry(&event.stream)
            .or_default()
            .push(&event.message);
    }
    let mut told = Vec::new();
    let mut cut_off = false;
    for messages in by_stream.into_values() {
        let (more, cut) = progress_lines::parse(messages.into_iter());
        told.extend(more);
        cut_off |= cut;
    }
    (told, cut_off)
}
