//! All topics of the sandbox's one cluster, shared by producers, jobs and the
//! listener.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use uuid::Uuid;

use super::{PartitionLog, RecordAt, Topic, TopicSettings};

/// The cluster's topics. Clones share one state; every call takes its time as
/// an argument.
#[derive(Clone)]
pub struct Topics {
    cluster_id: Arc<str>,
    topics: Arc<Mutex<BTreeMap<String, Topic>>>,
}

/// Why a topic could not be created, changed or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TopicError {
    #[error("the topic {0} exists already")]
    Exists(String),
    #[error("there is no topic {0}")]
    UnknownTopic(String),
    #[error("the topic {topic} has no partition {partition}")]
    UnknownPartition { topic: String, partition: i32 },
    #[error(
        "{0:?} is no name of a topic: 1 to 249 of the characters a-z, A-Z, 0-9, '.', '_' \
         and '-', other than '.' and '..'"
    )]
    InvalidName(String),
    #[error("the topic {topic} has {has} partitions, and {asked} would not be more")]
    PartitionsNotRaised { topic: String, has: u32, asked: u32 },
    #[error("a topic has at least one partition")]
    NoPartitions,
}

impl Topics {
    /// An empty cluster. Kafka's cluster ids are 22 characters of base64.
    pub fn new(cluster_id: &str) -> Self {
        Self {
            cluster_id: cluster_id.into(),
            topics: Arc::default(),
        }
    }

    pub fn cluster_id(&self) -> &str {
        &self.cluster_id
    }

    /// Creates a topic and returns its new id.
    pub fn create(
        &self,
        name: &str,
        partitions: u32,
        settings: TopicSettings,
    ) -> Result<Uuid, TopicError> {
        if !is_topic_name(name) {
            return Err(TopicError::InvalidName(name.to_owned()));
        }
        if partitions == 0 {
            return Err(TopicError::NoPartitions);
        }
        let mut topics = self.lock();
        if topics.contains_key(name) {
            return Err(TopicError::Exists(name.to_owned()));
        }
        let topic = Topic::new(name, partitions, settings);
        let id = topic.id;
        topics.insert(name.to_owned(), topic);
        Ok(id)
    }

    /// Deletes a topic with all of its records.
    pub fn delete(&self, name: &str) -> Result<(), TopicError> {
        let removed = self.lock().remove(name);
        removed
            .map(drop)
            .ok_or_else(|| TopicError::UnknownTopic(name.to_owned()))
    }

    /// Deletes every topic, to begin anew.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// Deletes and creates a topic with the settings and the number of
    /// partitions that it had. Its offsets start at zero and its id is new.
    pub fn recreate(&self, name: &str) -> Result<Uuid, TopicError> {
        self.change(name, |topic| {
            let partitions = u32::try_from(topic.partitions.len()).unwrap_or(u32::MAX);
            *topic = Topic::new(name, partitions, topic.settings.clone());
            Ok(topic.id)
        })
    }

    /// Raises the number of partitions to `total`.
    pub fn add_partitions(&self, name: &str, total: u32) -> Result<(), TopicError> {
        self.change(name, |topic| {
            let has = u32::try_from(topic.partitions.len()).unwrap_or(u32::MAX);
            if total <= has {
                let topic = name.to_owned();
                return Err(TopicError::PartitionsNotRaised {
                    topic,
                    has,
                    asked: total,
                });
            }
            topic
                .partitions
                .resize(total as usize, PartitionLog::default());
            Ok(())
        })
    }

    /// Replaces the settings of a topic.
    pub fn set(&self, name: &str, settings: TopicSettings) -> Result<(), TopicError> {
        self.change(name, |topic| {
            topic.settings = settings;
            Ok(())
        })
    }

    /// Appends `count` records with timestamps spread evenly over `from_ms`
    /// (inclusive) to `to_ms` (exclusive), and returns the new end offset.
    pub fn append(
        &self,
        topic: &str,
        partition: i32,
        count: u64,
        from_ms: i64,
        to_ms: i64,
    ) -> Result<i64, TopicError> {
        self.change_log(topic, partition, |log| {
            log.append(count, from_ms, to_ms);
            log.end()
        })
    }

    /// Lets an empty partition begin at an offset other than zero, as one does
    /// whose earlier records are gone. Without effect once it has records.
    pub fn begin_at(
        &self,
        topic: &str,
        partition: i32,
        offset: i64,
    ) -> Result<(), TopicError> {
        self.change_log(topic, partition, |log| log.begin_at(offset))
    }

    /// Moves the log start forward to `offset`, at most to the end, and
    /// returns where it is now.
    pub fn advance_log_start(
        &self,
        topic: &str,
        partition: i32,
        offset: i64,
    ) -> Result<i64, TopicError> {
        self.change_log(topic, partition, |log| {
            log.advance_start(offset);
            log.start()
        })
    }

    /// Applies `retention.ms` and `retention.bytes` on every topic.
    pub fn enforce_retention(&self, now_ms: i64) {
        for topic in self.lock().values_mut() {
            topic.enforce_retention(now_ms);
        }
    }

    /// Opens a transaction whose first record is at `first_offset`, or at the
    /// end where that is `None`. It holds the last stable offset there until
    /// [`Topics::end_transactions`]. Returns the offset.
    pub fn open_transaction(
        &self,
        topic: &str,
        partition: i32,
        first_offset: Option<i64>,
    ) -> Result<i64, TopicError> {
        self.change_log(topic, partition, |log| {
            log.open_transaction(first_offset.unwrap_or(log.end()))
        })
    }

    /// Ends all open transactions of a partition and returns how many there
    /// were. Each marker takes one offset.
    pub fn end_transactions(
        &self,
        topic: &str,
        partition: i32,
        now_ms: i64,
    ) -> Result<usize, TopicError> {
        self.change_log(topic, partition, |log| log.end_transactions(now_ms))
    }

    /// The topic as it is now, with all of its partitions at one moment.
    pub fn topic(&self, name: &str) -> Option<Topic> {
        self.lock().get(name).cloned()
    }

    /// The topic with this id.
    pub fn topic_by_id(&self, id: Uuid) -> Option<Topic> {
        self.lock().values().find(|topic| topic.id == id).cloned()
    }

    /// The names of all topics, in order.
    pub fn names(&self) -> Vec<String> {
        self.lock().keys().cloned().collect()
    }

    pub fn log_start(&self, topic: &str, partition: i32) -> Result<i64, TopicError> {
        self.read_log(topic, partition, PartitionLog::start)
    }

    pub fn log_end(&self, topic: &str, partition: i32) -> Result<i64, TopicError> {
        self.read_log(topic, partition, PartitionLog::end)
    }

    pub fn last_stable_offset(
        &self,
        topic: &str,
        partition: i32,
    ) -> Result<i64, TopicError> {
        self.read_log(topic, partition, PartitionLog::last_stable_offset)
    }

    /// The first record at or after a timestamp, or `None` where all are older.
    pub fn offset_for_timestamp(
        &self,
        topic: &str,
        partition: i32,
        timestamp_ms: i64,
    ) -> Result<Option<RecordAt>, TopicError> {
        self.read_log(topic, partition, |log| {
            log.offset_for_timestamp(timestamp_ms)
        })
    }

    /// The timestamp of a record, or `None` outside of the log.
    pub fn timestamp_of(
        &self,
        topic: &str,
        partition: i32,
        offset: i64,
    ) -> Result<Option<i64>, TopicError> {
        self.read_log(topic, partition, |log| log.timestamp_of(offset))
    }

    pub(super) fn read<T>(
        &self,
        reader: impl FnOnce(&BTreeMap<String, Topic>) -> T,
    ) -> T {
        reader(&self.lock())
    }

    fn change<T>(
        &self,
        name: &str,
        change: impl FnOnce(&mut Topic) -> Result<T, TopicError>,
    ) -> Result<T, TopicError> {
        let mut topics = self.lock();
        let topic = topics
            .get_mut(name)
            .ok_or_else(|| TopicError::UnknownTopic(name.to_owned()))?;
        change(topic)
    }

    fn change_log<T>(
        &self,
        name: &str,
        partition: i32,
        change: impl FnOnce(&mut PartitionLog) -> T,
    ) -> Result<T, TopicError> {
        self.change(name, |topic| {
            let log = usize::try_from(partition)
                .ok()
                .and_then(|index| topic.partitions.get_mut(index))
                .ok_or_else(|| TopicError::UnknownPartition {
                    topic: name.to_owned(),
                    partition,
                })?;
            Ok(change(log))
        })
    }

    fn read_log<T>(
        &self,
        name: &str,
        partition: i32,
        read: impl FnOnce(&PartitionLog) -> T,
    ) -> Result<T, TopicError> {
        self.change_log(name, partition, |log| read(log))
    }

    /// A panic while the lock was held cannot leave a topic half changed, so a
    /// poisoned lock is taken all the same.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Topic>> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Kafka's rule (`org.apache.kafka.common.internals.Topic`).
pub(super) fn is_topic_name(name: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    (1..=249).contains(&name.len())
        && name != "."
        && name != ".."
        && name.chars().all(legal)
}

#[cfg(test)]
#[path = "topics_tests.rs"]
mod tests;
