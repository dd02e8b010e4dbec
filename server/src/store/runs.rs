//! The list of Runs: a cache of what the folds of the journal say.

use domain::ids::{RunId, StreamName};
use domain::time::Millis;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::journal::column;
use super::{Store, StoreError};

/// One line of the list. The writer of a row takes it from the fold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRow {
    pub run: RunId,
    pub stream: StreamName,
    /// The state's word.
    pub state: String,
    /// The option's word, once one was chosen.
    pub option: Option<String>,
    /// The name of who opened it.
    pub opened_by: String,
    pub opened_at: Millis,
    pub ended_at: Option<Millis>,
    /// The number of the Run's newest row.
    pub last_run_seq: i64,
}

/// What to list. The default is everything.
#[derive(Clone, Debug, Default)]
pub struct RunFilter {
    pub stream: Option<StreamName>,
    /// Only Runs that have not ended.
    pub open_only: bool,
    /// Only Runs opened before this time, for the next page.
    pub opened_before: Option<Millis>,
}

impl Store {
    /// At most `limit` Runs, newest first.
    pub async fn runs(
        &self,
        filter: &RunFilter,
        limit: u32,
    ) -> Result<Vec<RunRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT run_id, stream, state, option_word, opened_by, opened_at_ms, \
             ended_at_ms, last_run_seq FROM runs \
             WHERE ($1 = '' OR stream = $1) AND ($2 = 0 OR ended_at_ms IS NULL) \
             AND opened_at_ms < $3 ORDER BY opened_at_ms DESC, run_id DESC LIMIT $4",
        )
        .bind(filter.stream.as_ref().map_or("", StreamName::as_str))
        .bind(i64::from(filter.open_only))
        .bind(filter.opened_before.map_or(i64::MAX, |time| time.0))
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::of(StoreError::ReadRuns))?;
        rows.iter().map(parse).collect()
    }

    /// Replaces the whole list, in one transaction, by what the journal's folds
    /// say.
    pub async fn rebuild_runs(&self, rows: &[RunRow]) -> Result<(), StoreError> {
        let failed = StoreError::of(StoreError::WriteRuns);
        let mut transaction = self
            .pool
            .begin_with("BEGIN IMMEDIATE")
            .await
            .map_err(&failed)?;
        sqlx::query("DELETE FROM runs")
            .execute(&mut *transaction)
            .await
            .map_err(&failed)?;
        for row in rows {
            upsert(&mut transaction, row).await?;
        }
        transaction.commit().await.map_err(&failed)
    }
}

pub(super) async fn upsert(
    connection: &mut AnyConnection,
    row: &RunRow,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO runs (run_id, stream, state, option_word, opened_by, \
         opened_at_ms, ended_at_ms, last_run_seq) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
         ON CONFLICT (run_id) DO UPDATE SET stream = excluded.stream, \
         state = excluded.state, option_word = excluded.option_word, \
         opened_by = excluded.opened_by, opened_at_ms = excluded.opened_at_ms, \
         ended_at_ms = excluded.ended_at_ms, last_run_seq = excluded.last_run_seq",
    )
    .bind(row.run.as_str())
    .bind(row.stream.as_str())
    .bind(&row.state)
    .bind(row.option.as_deref())
    .bind(&row.opened_by)
    .bind(row.opened_at.0)
    .bind(row.ended_at.map(|time| time.0))
    .bind(row.last_run_seq)
    .execute(connection)
    .await
    .map(|_| ())
    .map_err(StoreError::of(StoreError::WriteRuns))
}

fn parse(row: &AnyRow) -> Result<RunRow, StoreError> {
    let malformed = |what: &str| StoreError::Malformed {
        what: format!("in the list of Runs {what}"),
    };
    let run: String = column(row, "run_id")?;
    let stream: String = column(row, "stream")?;
    Ok(RunRow {
        run: run.parse().map_err(|_| malformed("a run id"))?,
        stream: stream.parse().map_err(|_| malformed("a stream"))?,
        state: column(row, "state")?,
        option: column(row, "option_word")?,
        opened_by: column(row, "opened_by")?,
        opened_at: Millis(column(row, "opened_at_ms")?),
        ended_at: column::<Option<i64>>(row, "ended_at_ms")?.map(Millis),
        last_run_seq: column(row, "last_run_seq")?,
    })
}
