//! DescribeLogDirs: how many bytes each partition has. There is one directory.

use kafka_protocol::messages::{
    DescribeLogDirsRequest, DescribeLogDirsResponse, TopicName,
    describe_log_dirs_response::{
        DescribeLogDirsPartition, DescribeLogDirsResult, DescribeLogDirsTopic,
    },
};

use super::{Topic, Topics, answers::text};

/// The broker's only `log.dirs`.
const DIRECTORY: &str = "/kafka/datalogs";
/// Sizes of the volume are told from this version on.
const VOLUME_FROM: i16 = 4;
/// A volume as MSK gives at least: 100 GiB.
const VOLUME_BYTES: i64 = 100 << 30;

pub(super) fn answer(
    request: &DescribeLogDirsRequest,
    version: i16,
    topics: &Topics,
) -> DescribeLogDirsResponse {
    let asked: Vec<(String, Option<Vec<i32>>)> = match &request.topics {
        None => topics
            .names()
            .into_iter()
            .map(|name| (name, None))
            .collect(),
        Some(asked) => asked
            .iter()
            .map(|one| (one.topic.to_string(), Some(one.partitions.clone())))
            .collect(),
    };
    // As in Kafka, what is not there is left out.
    let described: Vec<DescribeLogDirsTopic> = asked
        .iter()
        .filter_map(|(name, wanted)| {
            Some(describe(&topics.topic(name)?, wanted.as_deref()))
        })
        .collect();
    let mut result = DescribeLogDirsResult::default()
        .with_log_dir(text(DIRECTORY))
        .with_topics(described);
    if version >= VOLUME_FROM {
        result = result
            .with_total_bytes(VOLUME_BYTES)
            .with_usable_bytes(VOLUME_BYTES / 2);
    }
    DescribeLogDirsResponse::default().with_results(vec![result])
}

/// No list of partitions, or an empty one, stands for all of them.
fn describe(topic: &Topic, wanted: Option<&[i32]>) -> DescribeLogDirsTopic {
    let partitions = (0..)
        .zip(&topic.partitions)
        .filter(|(index, _)| {
            wanted.is_none_or(|wanted| wanted.is_empty() || wanted.contains(index))
        })
        .map(|(index, log)| {
            let records = log.end() - log.start();
            DescribeLogDirsPartition::default()
                .with_partition_index(index)
                .with_partition_size(records * i64::from(topic.settings.record_bytes))
        })
        .collect();
    DescribeLogDirsTopic::default()
        .with_name(TopicName(text(&topic.name)))
        .with_partitions(partitions)
}
