//! ListOffsets: earliest, latest, by timestamp, and that of the greatest
//! timestamp, for readers of either isolation level.

use kafka_protocol::{
    ResponseError,
    messages::{
        ListOffsetsRequest, ListOffsetsResponse,
        list_offsets_request::ListOffsetsPartition,
        list_offsets_response::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse},
    },
};

use super::{PartitionLog, RecordAt, Topic, Topics};

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: i64 = -3;

const MAX_TIMESTAMP_FROM: i16 = 7;
const LEADER_EPOCHS_FROM: i16 = 4;
const READ_COMMITTED: i8 = 1;
/// There is one broker and it never lost the leadership.
const LEADER_EPOCH: i32 = 0;
/// Stands for "none" both as an offset and as a timestamp.
const NONE: i64 = -1;

pub(super) fn answer(
    request: &ListOffsetsRequest,
    version: i16,
    topics: &Topics,
) -> ListOffsetsResponse {
    let read_committed = request.isolation_level == READ_COMMITTED;
    let answered = request.topics.iter().map(|asked| {
        let topic = topics.topic(&asked.name.0);
        let partitions = asked.partitions.iter().map(|partition| {
            let found = find(partition, version, read_committed, topic.as_ref());
            let answer = ListOffsetsPartitionResponse::default()
                .with_partition_index(partition.partition_index);
            match found {
                Ok(record) => {
                    let answer = answer
                        .with_offset(record.map_or(NONE, |record| record.offset))
                        .with_timestamp(
                            record.map_or(NONE, |record| record.timestamp_ms),
                        );
                    if version >= LEADER_EPOCHS_FROM && record.is_some() {
                        answer.with_leader_epoch(LEADER_EPOCH)
                    } else {
                        answer
                    }
                }
                Err(error) => answer
                    .with_error_code(error.code())
                    .with_offset(NONE)
                    .with_timestamp(NONE),
            }
        });
        ListOffsetsTopicResponse::default()
            .with_name(asked.name.clone())
            .with_partitions(partitions.collect())
    });
    ListOffsetsResponse::default().with_topics(answered.collect())
}

fn find(
    asked: &ListOffsetsPartition,
    version: i16,
    read_committed: bool,
    topic: Option<&Topic>,
) -> Result<Option<RecordAt>, ResponseError> {
    let log = topic
        .zip(usize::try_from(asked.partition_index).ok())
        .and_then(|(topic, index)| topic.partitions.get(index))
        .ok_or(ResponseError::UnknownTopicOrPartition)?;
    if version >= LEADER_EPOCHS_FROM && asked.current_leader_epoch > LEADER_EPOCH {
        return Err(ResponseError::UnknownLeaderEpoch);
    }
    let readable_end = if read_committed {
        log.last_stable_offset()
    } else {
        log.end()
    };
    let without_time = |offset| {
        Some(RecordAt {
            offset,
            timestamp_ms: NONE,
        })
    };
    match asked.timestamp {
        LATEST => Ok(without_time(readable_end)),
        EARLIEST => Ok(without_time(log.start())),
        MAX_TIMESTAMP if version >= MAX_TIMESTAMP_FROM => {
            Ok(readable(log.max_timestamp(), readable_end))
        }
        timestamp if timestamp >= 0 => Ok(by_timestamp(log, timestamp, readable_end)),
        _ => Err(ResponseError::UnsupportedVersion),
    }
}

fn by_timestamp(
    log: &PartitionLog,
    timestamp_ms: i64,
    readable_end: i64,
) -> Option<RecordAt> {
    readable(log.offset_for_timestamp(timestamp_ms), readable_end)
}

/// As in Kafka, a record that the reader may not see yet is as if there were
/// none.
fn readable(record: Option<RecordAt>, readable_end: i64) -> Option<RecordAt> {
    record.filter(|record| record.offset < readable_end)
}
