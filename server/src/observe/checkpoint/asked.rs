//! What a checkpoint is judged with, beside its own files.

use std::collections::BTreeMap;

use domain::checkpoint::checks::{BrokerPartition, BrokerSaid, BrokerTopic, Known};
use domain::checkpoint::{Given, QueryShape, SparkGuess};
use domain::snapshot::{JobsSeen, KafkaSeen, TopicSeen};
use domain::time::Millis;
use uuid::Uuid;

use crate::clock;

/// What is known of a stream beside its checkpoint.
pub(in crate::observe) struct Asked<'a> {
    pub(in crate::observe) guess: SparkGuess,
    /// The application's release label, where the line is guessed from it.
    pub(in crate::observe) release: Option<&'a str>,
    pub(in crate::observe) shape: QueryShape,
    /// What of the shape must not be inferred.
    pub(in crate::observe) given: Given,
    /// Ids that Sluice itself has given the query.
    pub(in crate::observe) query_ids: Vec<Uuid>,
    /// What Kafka said, and when it was asked at the earliest.
    pub(in crate::observe) kafka: Option<(&'a KafkaSeen, Millis)>,
    pub(in crate::observe) jobs: Option<&'a JobsSeen>,
    /// What the newest job run sets of Spark SQL's confs.
    pub(in crate::observe) job_conf: BTreeMap<String, String>,
    /// The trigger interval, in milliseconds.
    pub(in crate::observe) trigger_ms: i64,
}

impl Asked<'_> {
    pub(super) fn known(&self) -> Known {
        Known {
            now_ms: Some(clock::now().0),
            job_is_alive: self.jobs.map(|jobs| jobs.alive().next().is_some()),
            rivals: self.jobs.map(JobsSeen::rivals).unwrap_or_default(),
            query_ids: self.query_ids.clone(),
            kafka: self.kafka.map(|(seen, at)| broker_said(seen, at)),
            line_assumed: self.line_assumed(),
            job_conf: self.job_conf.clone(),
            trigger_ms: Some(self.trigger_ms),
            ..Known::default()
        }
    }

    fn line_assumed(&self) -> Option<String> {
        if self.guess.known {
            return None;
        }
        let release = match self.release {
            Some(release) if !release.is_empty() => {
                format!("The Spark version of the release {release} is not known here")
            }
            _ => "The application's release is not known".to_owned(),
        };
        Some(format!(
            "{release}; the rules of Spark {}, which refuses the most, are assumed. The \
             configuration can name the version.",
            self.guess.line
        ))
    }
}

fn broker_said(seen: &KafkaSeen, asked_at: Millis) -> BrokerSaid {
    let topic = |topic: &TopicSeen| BrokerTopic {
        topic_id: topic.topic_id,
        topic_id_before: topic.former.map(|former| former.topic_id),
        before_until_ms: topic.former.map(|former| former.until.0),
        partitions: topic
            .partitions
            .iter()
            .map(|(partition, range)| {
                let there = BrokerPartition {
                    earliest: range.earliest,
                    latest: range.high_watermark,
                };
                (*partition, there)
            })
            .collect(),
    };
    let missing = seen
        .missing
        .iter()
        .map(|name| (name.clone(), BrokerTopic::default()));
    let there = seen
        .topics
        .iter()
        .map(|(name, seen)| (name.clone(), topic(seen)));
    BrokerSaid {
        asked_at_ms: Some(asked_at.0),
        topics: there.chain(missing).collect(),
    }
}
