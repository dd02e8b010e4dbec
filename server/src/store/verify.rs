//! Proves the journal's chain, or names the first row that breaks it.

use domain::ids::Digest;
use sqlx::any::AnyRow;

use super::chain::{ChainFields, genesis};
use super::journal::column;
use super::{Store, StoreError};

/// How many rows are read at once.
const PAGE_ROWS: u32 = 500;

/// The journal's end. Kept outside the database, it also proves that no rows
/// were cut off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// 0 for an empty journal.
    pub seq: i64,
    pub hash: Digest,
}

/// What is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("it is missing; the next row that is there is {next}")]
    Missing { next: i64 },
    #[error("it does not follow the row before it")]
    OutOfOrder,
    #[error("its content is not what its hash was made of")]
    Altered,
    #[error("its number in its Run is {found}, and {wanted} was the next")]
    RunSequence { wanted: i64, found: i64 },
    #[error("the journal ends at row {end}, and row {wanted} was known to exist")]
    CutOff { end: i64, wanted: i64 },
    #[error("its hash is not the one that was known")]
    OtherHistory,
}

/// The first row at which the chain is broken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("row {seq} of the journal is bad: {fault}")]
pub struct FirstBadRow {
    pub seq: i64,
    pub fault: Fault,
}

#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    #[error(transparent)]
    Bad(#[from] FirstBadRow),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Walks the whole chain. With `known`, a head that was exported earlier,
    /// the journal must also still contain it.
    pub async fn verify(&self, known: Option<&Head>) -> Result<Head, VerifyError> {
        let mut walk = Walk::new(known);
        loop {
            let rows = self.raw_rows(walk.head.seq + 1, PAGE_ROWS).await?;
            for row in &rows {
                walk.step(row)?;
            }
            if rows.len() < PAGE_ROWS as usize {
                return Ok(walk.finish()?);
            }
        }
    }
}

struct Walk<'a> {
    head: Head,
    known: Option<&'a Head>,
    run_seqs: std::collections::HashMap<String, i64>,
}

impl<'a> Walk<'a> {
    fn new(known: Option<&'a Head>) -> Self {
        Self {
            head: Head {
                seq: 0,
                hash: genesis(),
            },
            known,
            run_seqs: std::collections::HashMap::new(),
        }
    }

    fn step(&mut self, row: &AnyRow) -> Result<(), VerifyError> {
        let wanted = self.head.seq + 1;
        let bad = |fault| FirstBadRow { seq: wanted, fault };
        let seq: i64 = column(row, "seq")?;
        if seq != wanted {
            return Err(bad(Fault::Missing { next: seq }).into());
        }
        let text = |name: &str| column::<String>(row, name);
        let (run_id, actor, kind) = (text("run_id")?, text("actor")?, text("kind")?);
        let (body, prev_hash, stored) =
            (text("body")?, text("prev_hash")?, text("hash")?);
        let plan_hash: Option<String> = column(row, "plan_hash")?;
        let fields = ChainFields {
            prev_hash: &prev_hash,
            seq,
            run_id: &run_id,
            run_seq: column(row, "run_seq")?,
            at_ms: column(row, "at_ms")?,
            actor: &actor,
            kind: &kind,
            plan_hash: plan_hash.as_deref(),
            epoch: column(row, "epoch")?,
            body: &body,
        };
        let hash = fields.hash();
        if prev_hash != self.head.hash.as_str() {
            return Err(bad(Fault::OutOfOrder).into());
        }
        if stored != hash.as_str() {
            return Err(bad(Fault::Altered).into());
        }
        let last = self.run_seqs.entry(run_id.clone()).or_insert(0);
        if fields.run_seq != *last + 1 {
            let fault = Fault::RunSequence {
                wanted: *last + 1,
                found: fields.run_seq,
            };
            return Err(bad(fault).into());
        }
        *last = fields.run_seq;
        if self
            .known
            .is_some_and(|known| known.seq == seq && known.hash != hash)
        {
            return Err(bad(Fault::OtherHistory).into());
        }
        self.head = Head { seq, hash };
        Ok(())
    }

    fn finish(self) -> Result<Head, FirstBadRow> {
        match self.known {
            Some(known) if known.seq > self.head.seq => Err(FirstBadRow {
                seq: self.head.seq + 1,
                fault: Fault::CutOff {
                    end: self.head.seq,
                    wanted: known.seq,
                },
            }),
            _ => Ok(self.head),
        }
    }
}
