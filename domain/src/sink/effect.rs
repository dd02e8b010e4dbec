//! What a sink does with the batches of a query that begins somewhere: it
//! writes them, or drops those whose ids it has.
//!
//! Source of the rules: those of each kind's log, in the modules beside this.

use super::{SinkSeen, Whose};
use crate::checkpoint::Prognosis;
use crate::intent::WayOut;
use crate::snapshot::{CheckpointSeen, Observed, Snapshot};
use crate::stream::{Sink, SinkKind};

/// How a query begins, as far as a sink minds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beginning {
    /// The id of its first batch.
    pub batch: i64,
    /// Whether it has the query id that the checkpoint has now.
    pub same_query: bool,
    /// Whether that batch was begun before and is the same again.
    pub replay: bool,
    /// Whether the log's numbers go on above all that were used.
    pub rises: bool,
}

/// What the sink then does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It drops each batch up to this one, whatever it holds.
    Drops {
        /// The last that it drops.
        upto: i64,
        /// By whose memory.
        whose: Whose,
        /// Where that stands.
        file: String,
    },
    /// It drops only the batch that is run again, which it has.
    DropsTheSame,
    /// It writes every batch.
    Writes,
    /// It cannot be told, for this reason.
    Unknown(String),
}

/// Whether records are read a second time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// None are.
    No,
    /// Some are, or may be.
    Yes,
}

/// What is said of the sink beside a way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SinkTold {
    /// In sentences.
    pub said: String,
    /// Why it must not be done; the same as `said` then.
    pub refused: bool,
}

/// How the query begins under a way out. Those that clear the checkpoint begin
/// at batch 0 and give the query a new id; the others go on from its log. `None`
/// where the log does not tell, or was not read.
///
/// A plan gives the query the id that is meant here.
#[must_use]
pub fn beginning_of(
    way_out: &WayOut,
    sink: &Sink,
    snapshot: &Snapshot,
) -> Option<Beginning> {
    let checkpoint = snapshot.checkpoint.seen();
    // What was found there, else what is configured.
    let found = snapshot.sink.seen().and_then(SinkSeen::kind);
    let kind = found.unwrap_or(sink.kind);
    // Batches that are planned anew under old numbers are another query's, where
    // the sink remembers by the query's id: it would drop them otherwise.
    let by_query = matches!(kind, SinkKind::Delta | SinkKind::Iceberg);
    let after = |batch: i64, rises: bool| Beginning {
        batch: batch.saturating_add(1),
        same_query: rises || !by_query,
        replay: false,
        rises,
    };
    let logs = checkpoint.map(|seen| (seen.newest_offsets, seen.newest_commit));
    match way_out {
        WayOut::Latest
        | WayOut::Timestamp { .. }
        | WayOut::Offsets { .. }
        | WayOut::Earliest => Some(CLEARED),
        WayOut::Restart => next_start(&checkpoint?.prognosis),
        // What a backup begins with stands in the backup: see `on_backup`.
        WayOut::Restore { .. } => None,
        WayOut::RollBack { batch } => Some(after(*batch, false)),
        WayOut::Move { .. } => {
            let (offsets, commit) = logs?;
            Some(after(commit.unwrap_or(-1), offsets == commit))
        }
        WayOut::Rise { .. } => {
            let (offsets, commit) = logs?;
            Some(after(offsets.max(commit).unwrap_or(-1), true))
        }
    }
}

/// How a query begins on a checkpoint that was cleared.
pub const CLEARED: Beginning = Beginning {
    batch: 0,
    same_query: false,
    replay: false,
    rises: false,
};

/// How the query begins when it is just started; `None` where no batch is run.
#[must_use]
pub fn next_start(prognosis: &Prognosis) -> Option<Beginning> {
    let (batch, replay) = match prognosis {
        Prognosis::Starts {
            batch_id, replay, ..
        } => (*batch_id, *replay),
        Prognosis::StartsFresh { .. } => (0, false),
        Prognosis::Fails { first_batch, .. } => {
            let first = first_batch.as_ref()?;
            (first.batch_id, first.replay)
        }
        Prognosis::Unknown { .. } => return None,
    };
    Some(Beginning {
        batch,
        same_query: true,
        replay,
        rises: true,
    })
}

/// How the query begins on a backup that is put back, and the sink as it stands to
/// that. The query gets its id of then, but for a sink that remembers by the
/// query's id and may hold later batches of it: under that id it would drop them.
///
/// `None` where the backup starts no batch.
#[must_use]
pub fn on_backup(
    backup: &CheckpointSeen,
    sink: &Sink,
    snapshot: &Snapshot,
) -> Option<(Beginning, Observed<SinkSeen>)> {
    let own = Beginning {
        rises: false,
        ..next_start(&backup.prognosis)?
    };
    let seen = match &snapshot.sink {
        Observed::Seen { at, value } => Observed::Seen {
            at: *at,
            value: value.clone().beside(backup),
        },
        unknown @ Observed::Unknown { .. } => unknown.clone(),
    };
    let may_drop = match seen.seen() {
        Some(value) => {
            let by_query =
                matches!(value.kind(), Some(SinkKind::Delta | SinkKind::Iceberg));
            // Of a table with many queries only some memories are kept.
            let whole = value.remembered.len() < super::REMEMBERED_MAX;
            let known =
                matches!(value.effect(&own), Effect::Writes | Effect::DropsTheSame);
            by_query && !(known && whole)
        }
        None => matches!(sink.kind, SinkKind::Delta | SinkKind::Iceberg),
    };
    let begins = Beginning {
        same_query: !may_drop,
        ..own
    };
    Some((begins, seen))
}

impl SinkSeen {
    /// What the sink does with a query that begins so.
    #[must_use]
    pub fn effect(&self, beginning: &Beginning) -> Effect {
        let counts = |whose: Whose| match whose {
            Whose::AnyQuery | Whose::FixedName => true,
            Whose::ThisQuery => beginning.same_query,
            Whose::Another => false,
        };
        let newest = self
            .remembered
            .iter()
            .filter(|memory| counts(memory.whose))
            .max_by_key(|memory| memory.batch);
        if let Some(memory) = newest.filter(|memory| memory.batch >= beginning.batch) {
            if beginning.replay && memory.batch == beginning.batch {
                return Effect::DropsTheSame;
            }
            return Effect::Drops {
                upto: memory.batch,
                whose: memory.whose,
                file: memory.file.clone(),
            };
        }
        // What was not read can only raise what is remembered, and a new query
        // id is remembered by none of the kinds that go by it.
        let by_query = matches!(self.kind(), Some(SinkKind::Delta | SinkKind::Iceberg));
        let asks = beginning.same_query || !by_query;
        match &self.unread {
            Some(reason) if newest.is_none() && asks => Effect::Unknown(reason.clone()),
            _ => Effect::Writes,
        }
    }
}

/// What the sink does under a way out: by what was seen of it, else by what is
/// configured.
#[must_use]
pub fn told(
    sink: &Sink,
    seen: &Observed<SinkSeen>,
    beginning: &Beginning,
    again: Again,
) -> SinkTold {
    let plain = |said: String| SinkTold {
        said,
        refused: false,
    };
    let seen = match seen {
        Observed::Seen { value, .. } => value,
        Observed::Unknown { reason, .. } => {
            return by_configuration(sink, reason, beginning, again);
        }
    };
    let Some(kind) = seen.kind() else {
        return plain(format!(
            "Nothing lies at {}, so the sink remembers no batch: every batch is written.{}",
            seen.location,
            twice(None, again)
        ));
    };
    match seen.effect(beginning) {
        Effect::Drops { upto, whose, file } => SinkTold {
            said: drops(seen, kind, upto, whose, &file),
            refused: true,
        },
        Effect::DropsTheSame => plain(format!(
            "The sink is {}: it has the batch that is run again, and drops it, so that \
             nothing is there twice.",
            kind.title()
        )),
        Effect::Writes => plain(format!(
            "The sink is {}: {}{}",
            kind.title(),
            why_written(kind, beginning),
            twice(Some(kind), again)
        )),
        Effect::Unknown(reason) => plain(format!(
            "The sink is {}, and whether it drops the first batches in silence is \
             unknown. {reason}",
            kind.title()
        )),
    }
}

fn drops(seen: &SinkSeen, kind: SinkKind, upto: i64, whose: Whose, file: &str) -> String {
    let (title, place) = (kind.title(), &seen.location);
    let memory = match (kind, whose) {
        (SinkKind::FileSink, _) => {
            "its _spark_metadata remembers batch ids, whatever the query's id".to_owned()
        }
        (_, Whose::FixedName) => {
            "it remembers batches under a name that the job's code seems to fix \
             (txnAppId), which a new query id does not change"
                .to_owned()
        }
        (SinkKind::Hudi, _) => {
            "it remembers batch ids, whatever the query's id".to_owned()
        }
        _ => "it remembers this query's batches".to_owned(),
    };
    let step = match (kind, whose) {
        (SinkKind::FileSink, _) => {
            "What makes it right is to move _spark_metadata aside together with the \
             output, or to let the batch ids go on above it. Sluice changes checkpoints \
             only, so that step is yours."
        }
        (_, Whose::FixedName) => {
            "What makes it right is another txnAppId in the job's code, before the start."
        }
        (SinkKind::Hudi, _) => {
            "What makes it right is another streaming checkpoint identifier in the job's \
             code, from Hudi 0.13 on, or batch ids that go on above it."
        }
        _ => "What makes it right is a new query id.",
    };
    format!(
        "The sink {place} is {title}: {memory}, the newest {upto} by {file}. Every batch \
         up to {upto} would be read, committed and never written, in silence. {step}"
    )
}

fn why_written(kind: SinkKind, beginning: &Beginning) -> &'static str {
    match kind {
        SinkKind::PlainFiles => "it keeps no log of batches, and every batch is written.",
        SinkKind::Delta if !beginning.same_query => {
            "the query gets a new id, so that no batch is dropped, unless the job's code \
             fixes a txnAppId."
        }
        SinkKind::Iceberg if !beginning.same_query => {
            "the query gets a new id, so that no batch is dropped."
        }
        SinkKind::FileSink | SinkKind::Delta | SinkKind::Iceberg | SinkKind::Hudi => {
            "it remembers no batch that comes again, and every batch is written."
        }
    }
}

fn twice(kind: Option<SinkKind>, again: Again) -> &'static str {
    match (again, kind) {
        (Again::No, _) => "",
        (Again::Yes, Some(SinkKind::Hudi)) => {
            " What becomes of a record that comes twice depends on the table's key and \
             operation, and is unknown here."
        }
        (Again::Yes, _) => " Records that are read again are written a second time.",
    }
}

/// Where the sink could not be looked at.
fn by_configuration(
    sink: &Sink,
    reason: &str,
    beginning: &Beginning,
    again: Again,
) -> SinkTold {
    let title = sink.kind.title();
    if sink.kind == SinkKind::FileSink && !beginning.rises {
        return SinkTold {
            said: format!(
                "The sink {} is configured as Spark's file sink and could not be looked \
                 at: its _spark_metadata remembers batch ids and would drop every batch \
                 up to the newest in silence. {reason}",
                sink.location
            ),
            refused: true,
        };
    }
    let memory = match sink.kind {
        SinkKind::PlainFiles => "",
        _ if beginning.rises => {
            " Its batches are numbered after those that it can remember, so none is dropped."
        }
        SinkKind::Delta | SinkKind::Iceberg => {
            " By its kind, the new query id keeps batches from being dropped."
        }
        SinkKind::FileSink | SinkKind::Hudi => {
            " Whether it drops the first batches in silence is unknown."
        }
    };
    SinkTold {
        said: format!(
            "The sink is configured as {title} and could not be looked at.{memory}{} {reason}",
            twice(Some(sink.kind), again)
        ),
        refused: false,
    }
}
