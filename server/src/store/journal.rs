//! Appending to the journal, and reading it.

use domain::access::Person;
use domain::canonical;
use domain::ids::{Digest, RunId};
use domain::time::Millis;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::chain::{ChainFields, genesis};
use super::runs::{self, RunRow};
use super::{Lease, Store, StoreError, leases};

/// Who caused a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "by", content = "person")]
pub enum Author {
    /// Somebody who was signed in.
    Person(Person),
    /// The executor, or a clock: an expiry, a step's outcome.
    Sluice,
}

/// A row before it has its place.
#[derive(Clone, Debug)]
pub struct NewRow<'a> {
    pub run: &'a RunId,
    /// The row's number in its Run, from 1: one more than that of the last row
    /// that the writer has seen.
    pub run_seq: i64,
    pub at: Millis,
    pub author: &'a Author,
    /// The event's name, for filters; it stands in the body as well.
    pub kind: &'a str,
    pub plan: Option<&'a Digest>,
    /// Held by the executor: the row is refused when the lease has been taken
    /// by another.
    pub lease: Option<&'a Lease>,
    pub body: &'a Value,
    /// What the list of Runs shows after this row.
    pub index: &'a RunRow,
}

/// A row in its place.
#[derive(Clone, Debug, PartialEq)]
pub struct JournalRow {
    /// In the whole journal, from 1 without gaps.
    pub seq: i64,
    pub run: RunId,
    /// In its Run, from 1 without gaps.
    pub run_seq: i64,
    pub at: Millis,
    pub author: Author,
    pub kind: String,
    pub plan: Option<Digest>,
    /// The epoch of the lease under which it was written.
    pub epoch: Option<i64>,
    pub body: Value,
    pub prev_hash: Digest,
    pub hash: Digest,
}

/// Why a row was not appended. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Somebody else has written to the Run since. Read it again and decide anew.
    #[error("run {run} has {found} rows, and row {wanted} was to be the next")]
    Conflict { run: RunId, wanted: i64, found: i64 },
    /// The writer's lease is no longer its own. It must stop acting.
    #[error("the lease on {resource} with epoch {epoch} has been taken by another")]
    LeaseLost { resource: String, epoch: i64 },
    #[error("an event has no canonical form")]
    NotCanonical(#[source] canonical::NotCanonical),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Appends one row and updates the list of Runs, in one transaction. The row
    /// is on the disk when this returns.
    pub async fn append(&self, row: NewRow<'_>) -> Result<JournalRow, AppendError> {
        let actor =
            canonical::to_string(row.author).map_err(AppendError::NotCanonical)?;
        let body = canonical::to_string(row.body).map_err(AppendError::NotCanonical)?;
        let failed = StoreError::of(StoreError::Append);
        // The write lock is taken at once: with a later upgrade, two readers
        // could each wait for the other.
        let mut transaction = self
            .pool
            .begin_with("BEGIN IMMEDIATE")
            .await
            .map_err(&failed)?;
        if let Some(lease) = row.lease
            && !leases::is_held(&mut transaction, lease).await?
        {
            return Err(AppendError::LeaseLost {
                resource: lease.resource.clone(),
                epoch: lease.epoch,
            });
        }
        let found = last_run_seq(&mut transaction, row.run).await?;
        if row.run_seq != found + 1 {
            return Err(AppendError::Conflict {
                run: row.run.clone(),
                wanted: row.run_seq,
                found,
            });
        }
        let (last_seq, prev_hash) = last_row(&mut transaction).await?;
        let fields = ChainFields {
            prev_hash: prev_hash.as_str(),
            seq: last_seq + 1,
            run_id: row.run.as_str(),
            run_seq: row.run_seq,
            at_ms: row.at.0,
            actor: &actor,
            kind: row.kind,
            plan_hash: row.plan.map(Digest::as_str),
            epoch: row.lease.map(|lease| lease.epoch),
            body: &body,
        };
        let hash = fields.hash();
        insert(&mut transaction, fields, &hash)
            .await
            .map_err(&failed)?;
        runs::upsert(&mut transaction, row.index).await?;
        transaction.commit().await.map_err(&failed)?;
        self.head.send_if_modified(|head| {
            let newer = fields.seq > *head;
            *head = fields.seq.max(*head);
            newer
        });
        Ok(JournalRow {
            seq: fields.seq,
            run: row.run.clone(),
            run_seq: row.run_seq,
            at: row.at,
            author: row.author.clone(),
            kind: row.kind.to_owned(),
            plan: row.plan.cloned(),
            epoch: fields.epoch,
            body: row.body.clone(),
            prev_hash,
            hash,
        })
    }

    /// The rows of a Run, oldest first. Empty where there is no such Run.
    pub async fn read(&self, run: &RunId) -> Result<Vec<JournalRow>, StoreError> {
        self.read_after(run, 0).await
    }

    /// The rows of a Run after row `run_seq`, oldest first.
    pub async fn read_after(
        &self,
        run: &RunId,
        run_seq: i64,
    ) -> Result<Vec<JournalRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT seq, run_id, run_seq, at_ms, actor, kind, plan_hash, epoch, body, \
             prev_hash, hash FROM journal WHERE run_id = $1 AND run_seq > $2 \
             ORDER BY run_seq",
        )
        .bind(run.as_str())
        .bind(run_seq)
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::of(StoreError::ReadJournal))?;
        rows.iter().map(parse).collect()
    }

    /// At most `limit` rows of all Runs from row `seq` on, oldest first.
    pub async fn read_all(
        &self,
        seq: i64,
        limit: u32,
    ) -> Result<Vec<JournalRow>, StoreError> {
        let rows = self.raw_rows(seq, limit).await?;
        rows.iter().map(parse).collect()
    }

    pub(super) async fn raw_rows(
        &self,
        seq: i64,
        limit: u32,
    ) -> Result<Vec<AnyRow>, StoreError> {
        sqlx::query(
            "SELECT seq, run_id, run_seq, at_ms, actor, kind, plan_hash, epoch, body, \
             prev_hash, hash FROM journal WHERE seq >= $1 ORDER BY seq LIMIT $2",
        )
        .bind(seq)
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::of(StoreError::ReadJournal))
    }

    /// The number of the journal's newest row; 0 when it is empty.
    pub async fn head_seq(&self) -> Result<i64, StoreError> {
        let mut connection = self
            .pool
            .acquire()
            .await
            .map_err(StoreError::of(StoreError::ReadJournal))?;
        Ok(last_row(&mut connection).await?.0)
    }
}

async fn insert(
    connection: &mut AnyConnection,
    fields: ChainFields<'_>,
    hash: &Digest,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO journal (seq, run_id, run_seq, at_ms, actor, kind, plan_hash, \
         epoch, body, prev_hash, hash) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(fields.seq)
    .bind(fields.run_id)
    .bind(fields.run_seq)
    .bind(fields.at_ms)
    .bind(fields.actor)
    .bind(fields.kind)
    .bind(fields.plan_hash)
    .bind(fields.epoch)
    .bind(fields.body)
    .bind(fields.prev_hash)
    .bind(hash.as_str())
    .execute(connection)
    .await
    .map(|_| ())
}

async fn last_run_seq(
    connection: &mut AnyConnection,
    run: &RunId,
) -> Result<i64, StoreError> {
    let last: Option<i64> = sqlx::query_scalar(
        "SELECT run_seq FROM journal WHERE run_id = $1 ORDER BY run_seq DESC LIMIT 1",
    )
    .bind(run.as_str())
    .fetch_optional(connection)
    .await
    .map_err(StoreError::of(StoreError::ReadJournal))?;
    Ok(last.unwrap_or(0))
}

async fn last_row(connection: &mut AnyConnection) -> Result<(i64, Digest), StoreError> {
    let row = sqlx::query("SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1")
        .fetch_optional(connection)
        .await
        .map_err(StoreError::of(StoreError::ReadJournal))?;
    match row {
        None => Ok((0, genesis())),
        Some(row) => Ok((
            column(&row, "seq")?,
            digest(column::<String>(&row, "hash")?)?,
        )),
    }
}

fn parse(row: &AnyRow) -> Result<JournalRow, StoreError> {
    let seq: i64 = column(row, "seq")?;
    let malformed = |what: &str| StoreError::Malformed {
        what: format!("in row {seq} of the journal {what}"),
    };
    let run: String = column(row, "run_id")?;
    let author: String = column(row, "actor")?;
    let body: String = column(row, "body")?;
    Ok(JournalRow {
        seq,
        run: run.parse().map_err(|_| malformed("a run id"))?,
        run_seq: column(row, "run_seq")?,
        at: Millis(column(row, "at_ms")?),
        author: serde_json::from_str(&author).map_err(|_| malformed("an actor"))?,
        kind: column(row, "kind")?,
        plan: column::<Option<String>>(row, "plan_hash")?
            .map(digest)
            .transpose()?,
        epoch: column(row, "epoch")?,
        body: serde_json::from_str(&body).map_err(|_| malformed("a body"))?,
        prev_hash: digest(column(row, "prev_hash")?)?,
        hash: digest(column(row, "hash")?)?,
    })
}

pub(super) fn column<'r, T>(row: &'r AnyRow, name: &str) -> Result<T, StoreError>
where
    T: sqlx::Decode<'r, sqlx::Any> + sqlx::Type<sqlx::Any>,
{
    row.try_get(name).map_err(StoreError::ReadJournal)
}

fn digest(text: String) -> Result<Digest, StoreError> {
    text.parse().map_err(|_| StoreError::Malformed {
        what: "a hash that is no SHA-256".to_owned(),
    })
}
