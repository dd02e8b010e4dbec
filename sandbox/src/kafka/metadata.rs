//! Metadata: which topics there are, with their ids and partitions.

use kafka_protocol::{
    ResponseError,
    messages::{
        MetadataRequest, MetadataResponse, TopicName,
        metadata_request::MetadataRequestTopic,
        metadata_response::{
            MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
        },
    },
};
use uuid::Uuid;

use super::{
    Topic, Topics,
    answers::{Broker, NODE_ID, OPERATIONS, OPERATIONS_UNKNOWN, text},
    topics::is_topic_name,
};

/// Topics have ids from this version on.
const IDS_FROM: i16 = 10;
/// Topics can be asked for by id, and be nameless in the answer, from this
/// version on.
const BY_ID_FROM: i16 = 12;
const LEADER_EPOCHS_FROM: i16 = 7;

/// A topic that is asked for is never created: the cluster has
/// `auto.create.topics.enable=false`, as MSK does by default.
pub(super) fn answer(
    request: &MetadataRequest,
    version: i16,
    topics: &Topics,
    broker: &Broker,
) -> MetadataResponse {
    let asked = Asked {
        version,
        operations: if request.include_topic_authorized_operations {
            OPERATIONS
        } else {
            OPERATIONS_UNKNOWN
        },
    };
    let described = match &request.topics {
        None => topics.read(|all| all.values().map(|topic| asked.found(topic)).collect()),
        Some(wanted) => wanted
            .iter()
            .map(|wanted| asked.look_up(wanted, topics))
            .collect(),
    };
    let mut answer = MetadataResponse::default()
        .with_cluster_id(Some(text(topics.cluster_id())))
        .with_controller_id(NODE_ID)
        .with_topics(described)
        .with_brokers(vec![
            MetadataResponseBroker::default()
                .with_node_id(NODE_ID)
                .with_host(text(&broker.host))
                .with_port(i32::from(broker.port)),
        ]);
    if request.include_cluster_authorized_operations {
        answer.cluster_authorized_operations = OPERATIONS;
    }
    answer
}

/// What the request wants to know of each topic.
struct Asked {
    version: i16,
    operations: i32,
}

impl Asked {
    fn look_up(
        &self,
        wanted: &MetadataRequestTopic,
        topics: &Topics,
    ) -> MetadataResponseTopic {
        let name = wanted.name.as_ref().map(|name| name.0.as_str());
        match name {
            Some(name) if !is_topic_name(name) => self.missing(
                Some(name),
                Uuid::nil(),
                ResponseError::InvalidTopicException,
            ),
            Some(name) => topics.topic(name).map_or_else(
                || {
                    let error = ResponseError::UnknownTopicOrPartition;
                    self.missing(Some(name), Uuid::nil(), error)
                },
                |topic| self.found(&topic),
            ),
            None if self.version < BY_ID_FROM => {
                self.missing(Some(""), wanted.topic_id, ResponseError::InvalidRequest)
            }
            None => topics.topic_by_id(wanted.topic_id).map_or_else(
                || self.missing(None, wanted.topic_id, ResponseError::UnknownTopicId),
                |topic| self.found(&topic),
            ),
        }
    }

    fn missing(
        &self,
        name: Option<&str>,
        id: Uuid,
        error: ResponseError,
    ) -> MetadataResponseTopic {
        let mut answer = MetadataResponseTopic::default()
            .with_error_code(error.code())
            .with_name(name.map(|name| TopicName(text(name))));
        if self.version >= IDS_FROM {
            answer.topic_id = id;
        }
        answer
    }

    fn found(&self, topic: &Topic) -> MetadataResponseTopic {
        let mut answer = MetadataResponseTopic::default()
            .with_name(Some(TopicName(text(&topic.name))))
            .with_topic_authorized_operations(self.operations)
            .with_partitions(
                (0..)
                    .zip(&topic.partitions)
                    .map(|(index, _)| self.partition(index))
                    .collect(),
            );
        if self.version >= IDS_FROM {
            answer.topic_id = topic.id;
        }
        answer
    }

    fn partition(&self, index: i32) -> MetadataResponsePartition {
        let mut answer = MetadataResponsePartition::default()
            .with_partition_index(index)
            .with_leader_id(NODE_ID)
            .with_replica_nodes(vec![NODE_ID])
            .with_isr_nodes(vec![NODE_ID]);
        if self.version >= LEADER_EPOCHS_FROM {
            answer.leader_epoch = 0;
        }
        answer
    }
}
