//! What was done to the sandbox, kept for the tests to judge by.
//!
//! The record is written by the sandbox's own services and never by the product, so
//! a test can hold the journal of a Run against it. Reads are kept too, but they are
//! the first to go when the record is full; changes go only when nothing else is left.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use crate::clock::Clock;

/// How many entries are kept.
const ENTRIES_MAX: usize = 200_000;

/// Whether a call could change anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// The call only looked.
    Read,
    /// The call changed something, or asked to.
    Change,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The call was carried out.
    Done,
    /// The call was refused, with the error code that the caller was given.
    Refused(String),
}

/// The object that an S3 call was about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct S3Target {
    /// The bucket.
    pub bucket: String,
    /// The key, or the prefix of a listing.
    pub key: String,
    /// ETag of the object after a write, or before a delete; without quotes.
    pub etag: Option<String>,
    /// The condition that the call carried, such as `If-Match: "abc"`.
    pub condition: Option<String>,
}

/// One call, before it is given its number and time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The service as it stands in a signature's scope: `s3`, `emr-serverless`.
    pub service: String,
    /// The operation by its AWS name: `PutObject`.
    pub action: String,
    /// ARN of whoever called.
    pub principal: String,
    /// The parameters in short.
    pub params: BTreeMap<String, String>,
    /// Whether it could change anything.
    pub effect: Effect,
    /// How it ended.
    pub outcome: Outcome,
    /// The object, where the service is S3.
    pub s3: Option<S3Target>,
}

/// One call in the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number, from 1, without gaps at the time of writing.
    pub seq: u64,
    /// When it ended, in milliseconds since the epoch.
    pub at_ms: i64,
    /// What it was.
    pub call: Call,
}

/// Which entries to give back; an absent field allows everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Query {
    /// Only entries after this number.
    pub after_seq: Option<u64>,
    /// Only this service.
    pub service: Option<String>,
    /// Only this action.
    pub action: Option<String>,
    /// Only principals whose ARN contains this text.
    pub principal: Option<String>,
    /// Only S3 calls on this bucket.
    pub bucket: Option<String>,
    /// Only S3 calls on keys that start so.
    pub key_prefix: Option<String>,
    /// Only calls with this effect.
    pub effect: Option<Effect>,
    /// At most so many, the oldest first.
    pub limit: Option<u64>,
}

/// Append-only list of calls.
#[derive(Debug)]
pub struct Record {
    clock: Clock,
    entries_max: usize,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    next_seq: u64,
    dropped: u64,
    entries: VecDeque<Entry>,
}

impl Record {
    /// An empty record.
    pub fn new(clock: Clock) -> Self {
        Self::with_capacity(clock, ENTRIES_MAX)
    }

    /// An empty record that keeps at most `entries_max` entries.
    pub fn with_capacity(clock: Clock, entries_max: usize) -> Self {
        Self {
            clock,
            entries_max: entries_max.max(1),
            inner: Mutex::default(),
        }
    }

    /// Appends a call and gives its number.
    pub fn add(&self, call: Call) -> u64 {
        let at_ms = self.clock.now_ms();
        let mut inner = self.lock();
        inner.next_seq += 1;
        let seq = inner.next_seq;
        inner.entries.push_back(Entry { seq, at_ms, call });
        if inner.entries.len() > self.entries_max {
            inner.make_room(self.entries_max);
        }
        seq
    }

    /// The entries that match, oldest first.
    pub fn query(&self, query: &Query) -> Vec<Entry> {
        let limit = query
            .limit
            .and_then(|limit| usize::try_from(limit).ok())
            .unwrap_or(usize::MAX);
        self.lock()
            .entries
            .iter()
            .filter(|entry| query.matches(entry))
            .take(limit)
            .cloned()
            .collect()
    }

    /// Every change, oldest first.
    pub fn changes(&self) -> Vec<Entry> {
        self.query(&Query {
            effect: Some(Effect::Change),
            ..Query::default()
        })
    }

    /// The number of the newest entry; zero when there is none.
    pub fn last_seq(&self) -> u64 {
        self.lock().next_seq
    }

    /// How many entries had to be dropped to stay within bounds.
    pub fn dropped(&self) -> u64 {
        self.lock().dropped
    }

    /// Forgets the entries but goes on counting, so that numbers stay unique.
    pub fn clear(&self) {
        self.lock().entries.clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Inner {
    /// Frees a tenth at once, so that the walk over the entries is rare: reads
    /// first, then refused changes and done changes by age.
    fn make_room(&mut self, entries_max: usize) {
        let mut surplus = self.entries.len() - (entries_max - entries_max / 10);
        let before = self.entries.len();
        self.entries.retain(|entry| {
            let goes = surplus > 0 && entry.call.effect == Effect::Read;
            surplus -= usize::from(goes);
            !goes
        });
        while self.entries.len() > entries_max {
            self.entries.pop_front();
        }
        self.dropped += u64::try_from(before - self.entries.len()).unwrap_or(u64::MAX);
    }
}

impl Query {
    fn matches(&self, entry: &Entry) -> bool {
        let call = &entry.call;
        let s3 = call.s3.as_ref();
        let is = |wanted: &Option<String>, got: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == got)
        };
        self.after_seq.is_none_or(|after| entry.seq > after)
            && is(&self.service, &call.service)
            && is(&self.action, &call.action)
            && self.effect.is_none_or(|effect| effect == call.effect)
            && self
                .principal
                .as_deref()
                .is_none_or(|part| call.principal.contains(part))
            && self
                .bucket
                .as_deref()
                .is_none_or(|wanted| s3.is_some_and(|s3| s3.bucket == wanted))
            && self
                .key_prefix
                .as_deref()
                .is_none_or(|prefix| s3.is_some_and(|s3| s3.key.starts_with(prefix)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(action: &str, effect: Effect, key: &str) -> Call {
        Call {
            service: "s3".into(),
            action: action.into(),
            principal: "arn:aws:iam::123456789012:user/oncall".into(),
            params: BTreeMap::new(),
            effect,
            outcome: Outcome::Done,
            s3: Some(S3Target {
                bucket: "bucket".into(),
                key: key.into(),
                ..S3Target::default()
            }),
        }
    }

    #[test]
    fn a_query_filters_by_every_field() {
        let record = Record::new(Clock::new(1));
        record.add(call("GetObject", Effect::Read, "a/1"));
        record.add(call("PutObject", Effect::Change, "a/2"));
        record.add(call("PutObject", Effect::Change, "b/2"));
        let found = record.query(&Query {
            action: Some("PutObject".into()),
            key_prefix: Some("a/".into()),
            bucket: Some("bucket".into()),
            service: Some("s3".into()),
            principal: Some("user/oncall".into()),
            effect: Some(Effect::Change),
            after_seq: Some(1),
            limit: Some(10),
        });
        assert_eq!(found.iter().map(|e| e.seq).collect::<Vec<_>>(), [2]);
        assert_eq!(record.changes().len(), 2);
    }

    #[test]
    fn reads_are_dropped_before_changes() {
        let record = Record::with_capacity(Clock::new(1), 20);
        record.add(call("PutObject", Effect::Change, "first"));
        for _ in 0..40 {
            record.add(call("GetObject", Effect::Read, "x"));
        }
        record.add(call("DeleteObject", Effect::Change, "last"));
        let changes = record.changes();
        assert_eq!(changes.len(), 2);
        assert_eq!(changes[0].seq, 1);
        assert!(record.query(&Query::default()).len() <= 20);
        assert!(record.dropped() > 0);
        assert_eq!(record.last_seq(), 42);
    }

    #[test]
    fn changes_alone_stay_within_bounds() {
        let record = Record::with_capacity(Clock::new(1), 10);
        for _ in 0..30 {
            record.add(call("PutObject", Effect::Change, "x"));
        }
        let kept = record.query(&Query::default());
        assert_eq!(kept.len(), 10);
        assert_eq!(kept[9].seq, 30);
    }
}
