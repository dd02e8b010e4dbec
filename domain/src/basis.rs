//! The part of the world that a plan stands on, and in which ways it has moved.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ids::{Digest, JobRunId};
use crate::snapshot::Snapshot;

impl Snapshot {
    /// What a plan that is built on this depends on. Another value of it makes
    /// the plan stale; end offsets that move do not change it.
    #[must_use]
    pub fn basis(&self, configuration: &Digest, policy: &Digest) -> Basis {
        let checkpoint = self.checkpoint.seen();
        let jobs = self.jobs.seen();
        let kafka = self.kafka.seen();
        Basis {
            decisive: checkpoint.map(|c| c.decisive.clone()),
            topics: kafka.map(|k| {
                k.topics
                    .iter()
                    .map(|(name, topic)| {
                        let seen = TopicBasis {
                            topic_id: topic.topic_id,
                            partitions: topic.partitions.keys().copied().collect(),
                        };
                        (name.clone(), seen)
                    })
                    .collect()
            }),
            job_run: jobs.and_then(|j| j.runs.first()).map(|r| r.id.clone()),
            driver: jobs.and_then(|j| j.runs.first()).map(|r| r.driver.clone()),
            configuration: configuration.clone(),
            policy: policy.clone(),
        }
    }
}

/// The part of a snapshot, and of the settings, that a plan stands on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basis {
    /// Decisive checkpoint files and their ETags.
    pub decisive: Option<BTreeMap<String, String>>,
    /// Topic ids and partition sets.
    pub topics: Option<BTreeMap<String, TopicBasis>>,
    /// The newest job run of the stream.
    pub job_run: Option<JobRunId>,
    /// Its driver's digest.
    pub driver: Option<Digest>,
    /// The stream's configuration.
    pub configuration: Digest,
    /// The policy that applied.
    pub policy: Digest,
}

/// What is decisive about a topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicBasis {
    /// Its id.
    pub topic_id: Option<Uuid>,
    /// Its partitions.
    pub partitions: Vec<i32>,
}

impl Basis {
    /// In which ways `now` differs from this, as sentences; empty when a plan
    /// built on this still holds.
    #[must_use]
    pub fn drift(&self, now: &Basis) -> Vec<String> {
        let mut drift = Vec::new();
        drift.extend(self.checkpoint_drift(now));
        match (&self.topics, &now.topics) {
            (Some(then), Some(now)) => drift.extend(topic_drift(then, now)),
            (Some(_), None) => drift.push("Kafka can no longer be read.".to_owned()),
            (None, _) => {}
        }
        if self.job_run != now.job_run {
            let id = now.job_run.as_ref().map_or("none", JobRunId::as_str);
            drift.push(format!("The newest job run is now {id}."));
        } else if self.driver != now.driver {
            drift.push("The job run's driver or configuration changed.".to_owned());
        }
        if self.configuration != now.configuration {
            drift.push("The stream's configuration changed.".to_owned());
        }
        if self.policy != now.policy {
            drift.push("The policy changed.".to_owned());
        }
        drift
    }

    fn checkpoint_drift(&self, now: &Basis) -> Vec<String> {
        let (Some(then), Some(now)) = (&self.decisive, &now.decisive) else {
            return if self.decisive.is_some() {
                vec!["The checkpoint can no longer be read.".to_owned()]
            } else {
                Vec::new()
            };
        };
        let mut drift: Vec<String> = then
            .iter()
            .filter_map(|(file, etag)| match now.get(file) {
                None => Some(format!("{file} is no longer a decisive file or is gone.")),
                Some(other) if other != etag => {
                    Some(format!("{file} was written again."))
                }
                Some(_) => None,
            })
            .collect();
        drift.extend(
            now.keys()
                .filter(|file| !then.contains_key(*file))
                .map(|file| format!("{file} is new.")),
        );
        drift
    }
}

fn topic_drift(
    then: &BTreeMap<String, TopicBasis>,
    now: &BTreeMap<String, TopicBasis>,
) -> Vec<String> {
    then.iter()
        .filter_map(|(name, before)| match now.get(name) {
            None => Some(format!("Topic {name} is gone.")),
            Some(after) if after.topic_id != before.topic_id => {
                Some(format!("Topic {name} was made anew."))
            }
            Some(after) if after.partitions != before.partitions => Some(format!(
                "Topic {name} had {} partitions and now has {}.",
                before.partitions.len(),
                after.partitions.len()
            )),
            Some(_) => None,
        })
        .collect()
}
