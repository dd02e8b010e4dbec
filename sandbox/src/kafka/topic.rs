//! A topic: its identity, its settings and its partitions.

use uuid::Uuid;

use super::PartitionLog;

/// What becomes of old records (`cleanup.policy`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CleanupPolicy {
    Delete,
    Compact,
    CompactAndDelete,
}

/// Who sets a record's timestamp (`message.timestamp.type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimestampType {
    CreateTime,
    LogAppendTime,
}

/// What can be set on a topic. Names and units are those of Kafka's topic
/// configuration; -1 stands for "no limit" as it does there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicSettings {
    pub retention_ms: i64,
    pub retention_bytes: i64,
    pub cleanup_policy: CleanupPolicy,
    pub timestamp_type: TimestampType,
    /// The average size of a record in bytes, which is all that is known of
    /// its content. `retention_bytes` is measured by it.
    pub record_bytes: u32,
}

impl Default for TopicSettings {
    /// Kafka's defaults: seven days, no limit of size.
    fn default() -> Self {
        Self {
            retention_ms: 7 * 24 * 60 * 60 * 1000,
            retention_bytes: -1,
            cleanup_policy: CleanupPolicy::Delete,
            timestamp_type: TimestampType::CreateTime,
            record_bytes: 512,
        }
    }
}

/// A topic as it is at one moment.
#[derive(Debug, Clone)]
pub struct Topic {
    pub name: String,
    /// Made anew whenever the topic is created, so that a topic that was
    /// deleted and created again is seen to be another.
    pub id: Uuid,
    pub settings: TopicSettings,
    pub partitions: Vec<PartitionLog>,
}

impl CleanupPolicy {
    /// The value as Kafka spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delete => "delete",
            Self::Compact => "compact",
            Self::CompactAndDelete => "compact,delete",
        }
    }

    fn deletes(self) -> bool {
        matches!(self, Self::Delete | Self::CompactAndDelete)
    }
}

impl TimestampType {
    /// The value as Kafka spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CreateTime => "CreateTime",
            Self::LogAppendTime => "LogAppendTime",
        }
    }
}

impl Topic {
    pub(super) fn new(name: &str, partitions: u32, settings: TopicSettings) -> Self {
        Self {
            name: name.to_owned(),
            id: Uuid::new_v4(),
            settings,
            partitions: vec![PartitionLog::default(); partitions as usize],
        }
    }

    /// Drops what is older or more than the settings allow. Kafka drops whole
    /// segments and thus later; here the log start is exact.
    pub(super) fn enforce_retention(&mut self, now_ms: i64) {
        if !self.settings.cleanup_policy.deletes() {
            return;
        }
        for log in &mut self.partitions {
            if self.settings.retention_ms >= 0 {
                let oldest = now_ms.saturating_sub(self.settings.retention_ms);
                let start = log.offset_for_timestamp(oldest).map(|record| record.offset);
                log.advance_start(start.unwrap_or(log.end()));
            }
            if self.settings.retention_bytes >= 0 && self.settings.record_bytes > 0 {
                let kept =
                    self.settings.retention_bytes / i64::from(self.settings.record_bytes);
                log.advance_start(log.end().saturating_sub(kept));
            }
        }
    }
}
