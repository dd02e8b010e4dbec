//! The levers on topics and their producers.

use domain::offsets::PartitionOffsets;

use super::World;
use super::lever::{CheckpointFileChoice, Lever, LeverError};
use crate::kafka::TopicError;
use crate::streams::BUCKET;

impl World {
    pub(super) fn pull_kafka(&self, lever: Lever) -> Result<String, LeverError> {
        match lever {
            Lever::Producer { stream, on } => {
                let topic = self.topic_of(&stream)?;
                self.producers.set_on(topic, on);
                Ok(format!(
                    "the producer of {topic} is {}",
                    if on { "on" } else { "off" }
                ))
            }
            Lever::Pace { stream, percent } => {
                let topic = self.topic_of(&stream)?;
                self.producers.set_pace(topic, f64::from(percent) / 100.0);
                Ok(format!("{topic} fills at {percent}% of its pace"))
            }
            Lever::Flood { stream, records } => {
                let topic = self.topic_of(&stream)?;
                let count = self.partitions(topic)?.count() as u64;
                let now_ms = self.clock.now_ms();
                for partition in self.partitions(topic)? {
                    let each = records / count.max(1);
                    self.topics
                        .append(topic, partition, each, now_ms - 1000, now_ms)
                        .map_err(LeverError::Topic)?;
                }
                Ok(format!("{records} records came into {topic}"))
            }
            Lever::CutRetention { stream } => self.cut_retention(&stream),
            Lever::OpenTransaction { stream } => {
                let topic = self.topic_of(&stream)?;
                for partition in self.partitions(topic)? {
                    self.topics
                        .open_transaction(topic, partition, None)
                        .map_err(LeverError::Topic)?;
                }
                Ok(format!("{topic} has an open transaction"))
            }
            Lever::EndTransactions { stream } => {
                let topic = self.topic_of(&stream)?;
                let now_ms = self.clock.now_ms();
                for partition in self.partitions(topic)? {
                    self.topics
                        .end_transactions(topic, partition, now_ms)
                        .map_err(LeverError::Topic)?;
                }
                Ok(format!("{topic} has no open transaction"))
            }
            Lever::RecreateTopic { stream } => {
                let topic = self.topic_of(&stream)?;
                self.topics.recreate(topic).map_err(LeverError::Topic)?;
                Ok(format!("{topic} was deleted and made anew"))
            }
            Lever::AddPartitions { stream, total } => {
                let topic = self.topic_of(&stream)?;
                let added = self.topics.add_partitions(topic, total);
                added.map_err(LeverError::Topic)?;
                Ok(format!("{topic} has {total} partitions"))
            }
            _ => unreachable!("only levers on topics come here"),
        }
    }

    /// The log starts a hundred records behind where the stream would go on, or at the
    /// end where there are not so many.
    fn cut_retention(&self, stream: &str) -> Result<String, LeverError> {
        let topic = self.topic_of(stream)?;
        let key = self.checkpoint_file(stream, CheckpointFileChoice::NewestOffsets)?;
        let by = Self::console();
        let (_, bytes) = self
            .store
            .get(&by, BUCKET, &key)
            .map_err(LeverError::Store)?;
        let read = domain::checkpoint::OffsetSeq::parse(&bytes).value;
        let next: PartitionOffsets = read
            .and_then(|sequence| sequence.kafka_offsets(0)?.value)
            .unwrap_or_default();
        for partition in self.partitions(topic)? {
            let end = self
                .topics
                .log_end(topic, partition)
                .map_err(LeverError::Topic)?;
            let start = next.get(topic, partition).map_or(end, |next| next + 100);
            self.topics
                .advance_log_start(topic, partition, start)
                .map_err(LeverError::Topic)?;
        }
        Ok(format!(
            "{topic} keeps nothing that {stream} has yet to read first"
        ))
    }

    fn partitions(
        &self,
        topic: &str,
    ) -> Result<impl Iterator<Item = i32> + use<>, LeverError> {
        let found = self.topics.topic(topic);
        let unknown = || LeverError::Topic(TopicError::UnknownTopic(topic.to_owned()));
        let count = found.ok_or_else(unknown)?.partitions.len();
        Ok(0..i32::try_from(count).unwrap_or(i32::MAX))
    }

    /// The first topic of a stream.
    fn topic_of(&self, stream: &str) -> Result<&'static str, LeverError> {
        Ok(self.stream_named(stream)?.topics[0].name)
    }
}
