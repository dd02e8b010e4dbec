//! Runs as the server keeps them: their records in the journal, their state by
//! the fold, their plans as blobs.

mod error;

pub use error::RunError;

use domain::access::Person;
use domain::ids::{Digest, RunId, StreamName};
use domain::keyset::{self, KeyEntry};
use domain::plan::{Plan, PlanBody, PlanKind};
use domain::preflight::Preflight;
use domain::run::{Event, RECORD_VERSION, Record, RunState, Stage};
use serde::{Deserialize, Serialize};

use crate::clock;
use crate::failpoint::{self, Moment};
use crate::store::{
    AppendError, Author, JournalRow, Lease, NewRow, RunFilter, RunRow, Store,
};

/// What a journal row's body holds of a record; the rest stands in columns.
#[derive(Debug, Serialize, Deserialize)]
struct Body {
    version: u32,
    event: Event,
}

/// A Run as read.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The Run.
    pub run: RunId,
    /// Its state.
    pub state: RunState,
    /// Its records, oldest first.
    pub records: Vec<Record>,
    /// The hash of its newest journal row.
    pub head: Digest,
}

/// Reads and appends to Runs.
#[derive(Clone, Debug)]
pub struct Runs {
    store: Store,
}

impl Runs {
    /// On this store.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// The store beneath.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Reads a Run; `None` where there is no such Run.
    ///
    /// # Errors
    /// When the journal cannot be read, or holds a record that cannot stand
    /// where it stands: such a Run is refused rather than guessed.
    pub async fn load(&self, run: &RunId) -> Result<Option<Loaded>, RunError> {
        let rows = self.store.read(run).await.map_err(RunError::Read)?;
        let Some(last) = rows.last() else {
            return Ok(None);
        };
        let head = last.hash.clone();
        let records = rows.iter().map(record).collect::<Result<Vec<_>, _>>()?;
        let state = RunState::fold(&records).map_err(RunError::Illegal)?;
        Ok(Some(Loaded {
            run: run.clone(),
            state,
            records,
            head,
        }))
    }

    /// Opens a Run.
    ///
    /// # Errors
    /// [`RunError::AlreadyOpen`] when the stream has an open Run.
    pub async fn open(
        &self,
        run: &RunId,
        by: &Person,
        event: Event,
    ) -> Result<(), RunError> {
        let Event::Opened { stream, .. } = &event else {
            return Err(RunError::NotAnOpening);
        };
        let record = Record {
            version: RECORD_VERSION,
            run_seq: 1,
            at: clock::now(),
            actor: Some(by.clone()),
            event: event.clone(),
        };
        let state =
            RunState::fold(std::slice::from_ref(&record)).map_err(RunError::Illegal)?;
        let result = self.write(run, &record, None, None, &state).await;
        match result {
            Err(error) => match self.open_run(stream).await? {
                Some(open) => Err(RunError::AlreadyOpen(open)),
                None => Err(error),
            },
            Ok(()) => Ok(()),
        }
    }

    /// Appends one event to a Run as it was loaded, and brings `loaded` up to
    /// it. An event that the fold refuses is not written.
    ///
    /// # Errors
    /// When the event cannot follow, another writer was faster, the lease is
    /// lost, or the row cannot be written.
    pub async fn append(
        &self,
        loaded: &mut Loaded,
        by: Option<&Person>,
        lease: Option<&Lease>,
        event: Event,
    ) -> Result<(), RunError> {
        let record = Record {
            version: RECORD_VERSION,
            run_seq: loaded.state.last_seq + 1,
            at: clock::now(),
            actor: by.cloned(),
            event,
        };
        let mut state = loaded.state.clone();
        state.apply(&record).map_err(RunError::Illegal)?;
        let plan = plan_of(&record.event, &state);
        self.write(&loaded.run, &record, lease, plan.as_ref(), &state)
            .await?;
        loaded.state = state;
        loaded.records.push(record);
        Ok(())
    }

    async fn write(
        &self,
        run: &RunId,
        record: &Record,
        lease: Option<&Lease>,
        plan: Option<&Digest>,
        state: &RunState,
    ) -> Result<(), RunError> {
        let body = Body {
            version: record.version,
            event: record.event.clone(),
        };
        let body = serde_json::to_value(&body).map_err(RunError::Encode)?;
        let author = record.actor.clone().map_or(Author::Sluice, Author::Person);
        failpoint::reached(Moment::Before, record.run_seq);
        self.store
            .append(NewRow {
                run,
                run_seq: record.run_seq,
                at: record.at,
                author: &author,
                kind: record.event.word(),
                plan,
                lease,
                body: &body,
                index: &index_row(run, state),
            })
            .await
            .map_err(|error| match error {
                AppendError::Conflict { .. } => RunError::Conflict,
                AppendError::LeaseLost { .. } => RunError::LeaseLost,
                other => RunError::Append(other),
            })?;
        failpoint::reached(Moment::After, record.run_seq);
        Ok(())
    }

    /// The Run that is open on a stream.
    ///
    /// # Errors
    /// When the list cannot be read.
    pub async fn open_run(&self, stream: &StreamName) -> Result<Option<RunId>, RunError> {
        let filter = RunFilter {
            stream: Some(stream.clone()),
            open_only: true,
            opened_before: None,
        };
        let rows = self.store.runs(&filter, 1).await.map_err(RunError::Read)?;
        Ok(rows.into_iter().next().map(|row| row.run))
    }

    /// Every open Run, at most a thousand.
    ///
    /// # Errors
    /// When the list cannot be read.
    pub async fn open_runs(&self) -> Result<Vec<RunId>, RunError> {
        let filter = RunFilter {
            open_only: true,
            ..RunFilter::default()
        };
        let rows = self
            .store
            .runs(&filter, 1_000)
            .await
            .map_err(RunError::Read)?;
        Ok(rows.into_iter().map(|row| row.run).collect())
    }

    /// Keeps a plan under its id.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn keep_plan(&self, plan: &Plan) -> Result<(), RunError> {
        let text = domain::canonical::to_string(&plan.body)
            .map_err(|_| RunError::PlanMissing(plan.id.clone()))?;
        let kept = self
            .store
            .put_blob(text.as_bytes())
            .await
            .map_err(RunError::Read)?;
        debug_assert_eq!(kept, plan.id);
        Ok(())
    }

    /// Reads the plan of this id, proved to be that very plan.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub async fn plan(&self, id: &Digest) -> Result<Plan, RunError> {
        let bytes = self
            .store
            .blob(id)
            .await
            .map_err(RunError::Read)?
            .ok_or_else(|| RunError::PlanMissing(id.clone()))?;
        let body: PlanBody = serde_json::from_slice(&bytes).map_err(RunError::Encode)?;
        let plan = Plan {
            id: id.clone(),
            body,
        };
        if plan.is_genuine() {
            Ok(plan)
        } else {
            Err(RunError::PlanMissing(id.clone()))
        }
    }

    /// Keeps the answers of a pre-flight under their digest.
    ///
    /// # Errors
    /// When they cannot be written.
    pub async fn keep_preflight(
        &self,
        preflight: &Preflight,
    ) -> Result<Digest, RunError> {
        let text = serde_json::to_vec(preflight).map_err(RunError::Encode)?;
        self.store.put_blob(&text).await.map_err(RunError::Read)
    }

    /// Reads the answers of a pre-flight.
    ///
    /// # Errors
    /// When there are none under this digest, or not in this release's form.
    pub async fn preflight(&self, digest: &Digest) -> Result<Preflight, RunError> {
        let bytes = self.store.blob(digest).await.map_err(RunError::Read)?;
        let bytes = bytes.ok_or_else(|| RunError::AnswersMissing(digest.clone()))?;
        serde_json::from_slice(&bytes).map_err(RunError::Encode)
    }

    /// The plan of a kind that a Run holds.
    ///
    /// # Errors
    /// As [`Runs::plan`].
    pub async fn plan_of(
        &self,
        state: &RunState,
        kind: PlanKind,
    ) -> Result<Option<Plan>, RunError> {
        match state.plan(kind) {
            Some(plan) => self.plan(&plan.id).await.map(Some),
            None => Ok(None),
        }
    }

    /// Keeps a list of keys under the digest of its lines.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn keep_keys(&self, entries: &[KeyEntry]) -> Result<Digest, RunError> {
        self.store
            .put_blob(&keyset::lines(entries))
            .await
            .map_err(RunError::Read)
    }

    /// Reads a list of keys.
    ///
    /// # Errors
    /// When there is none under this digest.
    pub async fn keys(&self, digest: &Digest) -> Result<Vec<KeyEntry>, RunError> {
        self.store
            .blob(digest)
            .await
            .map_err(RunError::Read)?
            .and_then(|bytes| keyset::parse_lines(&bytes))
            .ok_or_else(|| RunError::KeysMissing(digest.clone()))
    }
}

fn record(row: &JournalRow) -> Result<Record, RunError> {
    let body: Body =
        serde_json::from_value(row.body.clone()).map_err(RunError::Encode)?;
    Ok(Record {
        version: body.version,
        run_seq: row.run_seq,
        at: row.at,
        actor: match &row.author {
            Author::Person(person) => Some(person.clone()),
            Author::Sluice => None,
        },
        event: body.event,
    })
}

/// The plan that an event belongs to, for the journal's column.
fn plan_of(event: &Event, state: &RunState) -> Option<Digest> {
    match event {
        Event::Planned { plan, .. }
        | Event::Requested { plan, .. }
        | Event::Agreed { plan, .. }
        | Event::Declined { plan, .. }
        | Event::Expired { plan }
        | Event::Withdrawn { plan, .. }
        | Event::TrialIntended { plan, .. }
        | Event::Preflighted { plan, .. }
        | Event::Started { plan, .. } => Some(plan.clone()),
        Event::StepIntended { step, .. }
        | Event::StepProgressed { step, .. }
        | Event::StepDone { step, .. }
        | Event::StepWarned { step, .. }
        | Event::StepFailed { step, .. }
        | Event::OutcomeUnknown { step, .. } => [&state.secure, &state.reset]
            .into_iter()
            .flatten()
            .find(|p| p.steps.iter().chain(&p.undo).any(|s| s.id == *step))
            .map(|p| p.id.clone()),
        _ => None,
    }
}

fn index_row(run: &RunId, state: &RunState) -> RunRow {
    RunRow {
        run: run.clone(),
        stream: state.stream.clone(),
        state: state_word(state).to_owned(),
        option: state
            .intent
            .as_ref()
            .map(|i| i.way_out.letter().to_string()),
        opened_by: state.opened_by.name.clone(),
        opened_at: state.opened_at,
        ended_at: state.ended.as_ref().map(|(_, at, _)| *at),
        last_run_seq: state.last_seq,
    }
}

/// The word for a Run's state in a list.
#[must_use]
pub fn state_word(state: &RunState) -> &'static str {
    if let Some((ending, _, _)) = &state.ended {
        return ending.word();
    }
    if state.parked.is_some() {
        return "needs a person";
    }
    match state.stage() {
        Stage::Checklist => "checklist",
        Stage::WayOut => "way out",
        Stage::Secure => "secure",
        Stage::Plan => "plan",
        Stage::Agreement => "agreement",
        Stage::Run => "run",
        Stage::Report => "report",
    }
}
