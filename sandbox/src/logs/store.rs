//! All log groups of the sandbox's account and region.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use super::stream::{LogEvent, Stream};

/// Streams of one group at most. When one more is made, the one whose newest
/// event is oldest goes.
const MAX_STREAMS: usize = 500;
/// Groups at most; past it new ones are refused.
const MAX_GROUPS: usize = 200;

/// A log group with its streams by name.
#[derive(Debug, Clone)]
pub struct Group {
    pub name: String,
    pub created_ms: i64,
    pub streams: BTreeMap<String, Stream>,
}

/// The log groups. Clones share one state; times are passed in.
#[derive(Clone, Default)]
pub struct Logs {
    groups: Arc<Mutex<BTreeMap<String, Group>>>,
    next_id: Arc<AtomicU64>,
}

/// Why a call on the store failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogsError {
    #[error("The specified log group already exists")]
    GroupExists,
    #[error("The specified log stream already exists")]
    StreamExists,
    #[error("The specified log group does not exist.")]
    NoGroup,
    #[error("The specified log stream does not exist.")]
    NoStream,
    #[error("Resource limit exceeded.")]
    TooManyGroups,
    #[error(
        "{0:?} is no name of a log group: 1 to 512 of the characters a-z, A-Z, 0-9, '_', \
         '-', '/', '.' and '#'"
    )]
    InvalidGroupName(String),
    #[error(
        "{0:?} is no name of a log stream: 1 to 512 characters other than ':' and '*'"
    )]
    InvalidStreamName(String),
}

impl Logs {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn create_group(&self, name: &str, now_ms: i64) -> Result<(), LogsError> {
        if !is_group_name(name) {
            return Err(LogsError::InvalidGroupName(name.to_owned()));
        }
        let mut groups = self.lock();
        if groups.contains_key(name) {
            return Err(LogsError::GroupExists);
        }
        if groups.len() >= MAX_GROUPS {
            return Err(LogsError::TooManyGroups);
        }
        let group = Group {
            name: name.to_owned(),
            created_ms: now_ms,
            streams: BTreeMap::new(),
        };
        groups.insert(name.to_owned(), group);
        Ok(())
    }

    pub fn create_stream(
        &self,
        group: &str,
        name: &str,
        now_ms: i64,
    ) -> Result<(), LogsError> {
        if !is_stream_name(name) {
            return Err(LogsError::InvalidStreamName(name.to_owned()));
        }
        let mut groups = self.lock();
        let group = groups.get_mut(group).ok_or(LogsError::NoGroup)?;
        if group.streams.contains_key(name) {
            return Err(LogsError::StreamExists);
        }
        if group.streams.len() >= MAX_STREAMS {
            group.drop_the_quietest_stream();
        }
        group
            .streams
            .insert(name.to_owned(), Stream::new(name, now_ms));
        Ok(())
    }

    /// Creates group and stream where they are missing. An invalid name is an
    /// error still.
    pub fn ensure_stream(
        &self,
        group: &str,
        stream: &str,
        now_ms: i64,
    ) -> Result<(), LogsError> {
        match self.create_group(group, now_ms) {
            Ok(()) | Err(LogsError::GroupExists) => {}
            Err(error) => return Err(error),
        }
        match self.create_stream(group, stream, now_ms) {
            Ok(()) | Err(LogsError::StreamExists) => Ok(()),
            Err(error) => Err(error),
        }
    }

    pub fn delete_group(&self, name: &str) -> Result<(), LogsError> {
        self.lock().remove(name).map(drop).ok_or(LogsError::NoGroup)
    }

    /// Appends events, each a timestamp in epoch milliseconds and a message.
    /// `now_ms` is the time of ingestion.
    pub fn put(
        &self,
        group: &str,
        stream: &str,
        events: impl IntoIterator<Item = (i64, String)>,
        now_ms: i64,
    ) -> Result<(), LogsError> {
        let mut groups = self.lock();
        let group = groups.get_mut(group).ok_or(LogsError::NoGroup)?;
        let stream = group.streams.get_mut(stream).ok_or(LogsError::NoStream)?;
        for (timestamp_ms, message) in events {
            let id = self.next_id.fetch_add(1, Ordering::Relaxed);
            stream.push(LogEvent {
                timestamp_ms,
                ingestion_ms: now_ms,
                message,
                id,
            });
        }
        Ok(())
    }

    /// Forgets everything, to begin anew.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// The kept events of one stream, oldest first.
    pub fn events(&self, group: &str, stream: &str) -> Result<Vec<LogEvent>, LogsError> {
        self.read_group(group, |group| {
            let stream = group.streams.get(stream).ok_or(LogsError::NoStream)?;
            Ok(stream.events().iter().cloned().collect())
        })?
    }

    pub(super) fn read<T>(
        &self,
        reader: impl FnOnce(&BTreeMap<String, Group>) -> T,
    ) -> T {
        reader(&self.lock())
    }

    pub(super) fn read_group<T>(
        &self,
        name: &str,
        reader: impl FnOnce(&Group) -> T,
    ) -> Result<T, LogsError> {
        self.lock().get(name).map(reader).ok_or(LogsError::NoGroup)
    }

    /// A panic while the lock was held leaves whole events, so a poisoned lock
    /// is taken all the same.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Group>> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Group {
    fn drop_the_quietest_stream(&mut self) {
        let quietest = self
            .streams
            .values()
            .min_by_key(|stream| stream.last_event_ms().unwrap_or(stream.created_ms))
            .map(|stream| stream.name.clone());
        if let Some(name) = quietest {
            self.streams.remove(&name);
        }
    }
}

/// The pattern of `LogGroupName` in the API: `[\.\-_/#A-Za-z0-9]+`.
pub(super) fn is_group_name(name: &str) -> bool {
    let legal =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '/' | '.' | '#');
    (1..=512).contains(&name.len()) && name.chars().all(legal)
}

/// The pattern of `LogStreamName` in the API: `[^:*]*`.
pub(super) fn is_stream_name(name: &str) -> bool {
    (1..=512).contains(&name.len()) && !name.contains([':', '*'])
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
