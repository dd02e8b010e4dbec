//! What a sink is, by what lies at its place, and which batches it remembers.
//!
//! A sink that remembers batch ids drops a batch whose id it has: right when the
//! batch is the same, and silent loss when the checkpoint began anew or went
//! back. So the kind and the memory are looked up and not believed.
//!
//! Only names and the newest few files of a log are looked at; nothing is
//! allocated by what a file claims, and what was not read is said.

mod delta;
mod effect;
mod file_sink;
mod findings;
mod hudi;
mod iceberg;
mod largest;
mod view;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::checkpoint::{Finding, Prognosis};
use crate::snapshot::CheckpointSeen;
use crate::stream::SinkKind;
use crate::time::Millis;

pub use effect::{
    Again, Beginning, CLEARED, Effect, SinkTold, beginning_of, next_start, on_backup,
    told,
};
pub use findings::findings;
pub use largest::{Largest, OffsetColumns};
pub use view::{FILE_BYTES_MAX, LogFolder, SinkView};

pub use delta::list_after as delta_list_after;

/// A sink as it was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SinkSeen {
    /// Where, as configured.
    pub location: String,
    /// What lies there; `None` where nothing does.
    pub found: Option<Found>,
    /// The batches that it remembers, this query's first. A query's newest
    /// batch is at least the one here: more may stand in what was not read.
    pub remembered: Vec<Remembered>,
    /// Why its memory may hold more than was read, as a sentence; `None` where
    /// all of it was read, or where it keeps none.
    pub unread: Option<String>,
    /// When the newest of the objects that were listed was written.
    pub changed_at: Option<Millis>,
    /// What its log and the checkpoint foretell together, worst first.
    pub findings: Vec<Finding>,
}

/// What lies at the place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The kind that it is.
    pub kind: SinkKind,
    /// The key that tells, relative to the place.
    pub by: String,
    /// Other kinds that have left a log here too.
    pub beside: Vec<SinkKind>,
}

/// A batch id that the sink remembers, and drops when it comes again; as it
/// drops every lower one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    /// Under which name: a query id, a `txnAppId`, a writer's identifier. `None`
    /// where the id of the batch alone counts.
    pub name: Option<String>,
    /// The newest batch under that name.
    pub batch: i64,
    /// Where that stands, relative to the place.
    pub file: String,
    /// Whom it concerns.
    pub whose: Whose,
}

/// Whom a memory concerns.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    /// This query, by its id.
    ThisQuery,
    /// Whoever writes here: the id of the batch alone counts.
    AnyQuery,
    /// This query, it seems, under a name that the job's code fixes and that no
    /// new query id changes: it stands at the newest batch of the checkpoint, or
    /// is the only one of its sort.
    FixedName,
    /// Another query, or this one before it was given its id.
    Another,
}

/// What of a checkpoint counts for the sink that it feeds.
#[derive(Clone, Copy, Debug)]
pub struct Feed<'a> {
    /// The query's id, where it can be read.
    pub query_id: Option<Uuid>,
    /// The newest batch in `offsets/`.
    pub newest_offsets: Option<i64>,
    /// The newest batch in `commits/`.
    pub newest_commit: Option<i64>,
    /// What the next start does.
    pub prognosis: &'a Prognosis,
}

/// So many memories are kept of a table that many queries write.
const REMEMBERED_MAX: usize = 10;

impl SinkSeen {
    /// By its listing and the files that were read. Where more than one kind
    /// has left a log, the configured one is taken to be in use.
    #[must_use]
    pub fn of(view: &SinkView, configured: SinkKind) -> Self {
        let mut logs: Vec<Log> = [
            delta::log(view),
            file_sink::log(view),
            iceberg::log(view),
            hudi::log(view),
        ]
        .into_iter()
        .flatten()
        .collect();
        if let Some(at) = logs.iter().position(|log| log.kind == configured) {
            logs.swap(0, at);
        }
        let beside = logs.iter().skip(1).map(|log| log.kind).collect();
        let (found, remembered, unread) = match logs.into_iter().next() {
            Some(log) => {
                let found = Found {
                    kind: log.kind,
                    by: log.by,
                    beside,
                };
                (Some(found), log.remembered, log.unread)
            }
            None => (view.plain_files(), Vec::new(), None),
        };
        // Another writer's log may be broken without harm to this one.
        let reads_it = found
            .as_ref()
            .is_some_and(|found| found.kind == SinkKind::FileSink);
        let gap = file_sink::gap(view).filter(|_| reads_it);
        Self {
            location: view.location.clone(),
            found,
            remembered,
            unread,
            changed_at: view.changed_at(),
            findings: gap.into_iter().collect(),
        }
    }

    /// As it stands to the checkpoint that feeds it: whose memory is whose, and
    /// what the next start does with it.
    #[must_use]
    pub fn beside(self, checkpoint: &CheckpointSeen) -> Self {
        self.fed_by(&Feed {
            query_id: checkpoint.query_id,
            newest_offsets: checkpoint.newest_offsets,
            newest_commit: checkpoint.newest_commit,
            prognosis: &checkpoint.prognosis,
        })
    }

    /// As [`SinkSeen::beside`], with no more than counts of the checkpoint.
    #[must_use]
    pub fn fed_by(mut self, feed: &Feed<'_>) -> Self {
        let newest = [feed.newest_offsets, feed.newest_commit];
        for memory in &mut self.remembered {
            memory.whose = whose(memory, feed.query_id, &newest);
        }
        self.guess_the_fixed_name();
        self.remembered.sort_by_key(|memory| memory.whose);
        self.remembered.truncate(REMEMBERED_MAX);
        let found = findings(&self, feed.prognosis);
        self.findings.extend(found);
        self
    }

    /// A query whose id is unknown to the table, and the one name in it that is
    /// no query's id: that is taken to be this job's.
    fn guess_the_fixed_name(&mut self) {
        let told = |whose| matches!(whose, Whose::ThisQuery | Whose::FixedName);
        if self.remembered.iter().any(|memory| told(memory.whose)) {
            return;
        }
        let mut named = self.remembered.iter_mut().filter(|memory| {
            memory.whose == Whose::Another
                && memory.name.as_ref().is_some_and(|name| !is_uuid(name))
        });
        if let (Some(only), None) = (named.next(), named.next()) {
            only.whose = Whose::FixedName;
        }
    }

    /// The kind that was found; `None` where nothing lies there.
    #[must_use]
    pub fn kind(&self) -> Option<SinkKind> {
        self.found.as_ref().map(|found| found.kind)
    }

    /// The newest batch that it remembers of this query, as far as it was read.
    #[must_use]
    pub fn newest_of_this_query(&self) -> Option<&Remembered> {
        self.remembered
            .iter()
            .filter(|memory| memory.whose != Whose::Another)
            .max_by_key(|memory| memory.batch)
    }
}

fn whose(memory: &Remembered, query: Option<Uuid>, newest: &[Option<i64>]) -> Whose {
    let Some(name) = &memory.name else {
        return Whose::AnyQuery;
    };
    if memory.whose == Whose::AnyQuery {
        return Whose::AnyQuery;
    }
    let id = name.parse::<Uuid>().ok();
    if id.is_some() && id == query {
        return Whose::ThisQuery;
    }
    // A query id is always a UUID, so that a name which is none was fixed by
    // somebody; that it is this job's, the equal batch suggests.
    match newest.contains(&Some(memory.batch)) && id.is_none() {
        true => Whose::FixedName,
        false => Whose::Another,
    }
}

fn is_uuid(name: &str) -> bool {
    name.parse::<Uuid>().is_ok()
}

/// One kind's log at a place.
struct Log {
    kind: SinkKind,
    by: String,
    remembered: Vec<Remembered>,
    unread: Option<String>,
}

#[cfg(test)]
mod tests;
