//! Whoever writes into the topics: the past in broad strokes, the present tick by tick.
//!
//! A factor of 10 makes everything ten times as fast, so that ten times as many records
//! arrive in a second of real time. The records themselves are nowhere kept; a topic knows
//! only how many there are and when they came.

use std::collections::BTreeMap;
use std::f64::consts::TAU;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock::Clock;
use crate::kafka::{TopicError, TopicSettings, Topics};
use crate::streams::TopicDefinition;

/// The producers of all topics.
#[derive(Debug)]
pub struct Producers {
    clock: Clock,
    producers: Mutex<BTreeMap<String, Producer>>,
}

/// What can be seen of one producer.
#[derive(Debug, Clone, PartialEq)]
pub struct ProducerView {
    /// The topic.
    pub topic: String,
    /// Whether it writes.
    pub is_on: bool,
    /// How many times its usual rate it writes.
    pub pace: f64,
}

#[derive(Debug)]
struct Producer {
    rate: f64,
    is_on: bool,
    pace: f64,
    last_ms: i64,
    /// Fractions of records that are not written yet, by partition.
    owed: Vec<f64>,
}

const MINUTE_MS: i64 = 60_000;
const DAY_MS: f64 = 86_400_000.0;
/// The past is written in stretches of this length.
const STRETCH_MS: i64 = 10 * MINUTE_MS;
/// A tick never makes up for more than this: a machine that slept does not flood.
const TICK_MAX_MS: i64 = 5_000;

impl Producers {
    /// No producers.
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            producers: Mutex::default(),
        }
    }

    /// Creates a topic with its past, from `since_ms` to now, and its producer.
    pub fn create(
        &self,
        topics: &Topics,
        topic: &TopicDefinition,
        since_ms: i64,
        now_ms: i64,
    ) -> Result<(), TopicError> {
        let settings = TopicSettings {
            retention_ms: topic.retention_minutes * MINUTE_MS,
            ..TopicSettings::default()
        };
        topics.create(topic.name, topic.partitions, settings)?;
        for partition in partitions(topic) {
            // The records before are long gone, so that no log starts at zero.
            let first = 1_000_000 + 7_919 * i64::from(partition);
            topics.begin_at(topic.name, partition, first)?;
        }
        let quiet = topic
            .quiet_minutes
            .map(|minutes| now_ms - minutes * MINUTE_MS);
        let end_ms = quiet.unwrap_or(now_ms);
        let mut producer = Producer {
            rate: topic.rate,
            is_on: quiet.is_none(),
            pace: 1.0,
            last_ms: now_ms,
            owed: vec![0.0; topic.partitions as usize],
        };
        let mut from_ms = since_ms;
        if let Some((minutes, records)) = topic.import {
            let import_ms = now_ms - minutes * MINUTE_MS;
            self.fill(topics, topic, &mut producer, (from_ms, import_ms))?;
            from_ms = import_ms;
            for partition in partitions(topic) {
                let each = records / u64::from(topic.partitions);
                topics.append(topic.name, partition, each, import_ms, import_ms)?;
            }
        }
        self.fill(topics, topic, &mut producer, (from_ms, end_ms))?;
        self.lock().insert(topic.name.to_owned(), producer);
        Ok(())
    }

    /// Writes the past between two moments, stretch by stretch.
    fn fill(
        &self,
        topics: &Topics,
        topic: &TopicDefinition,
        producer: &mut Producer,
        (mut from_ms, end_ms): (i64, i64),
    ) -> Result<(), TopicError> {
        while from_ms < end_ms {
            let until_ms = (from_ms + STRETCH_MS).min(end_ms);
            self.write(topics, topic.name, producer, from_ms, until_ms)?;
            from_ms = until_ms;
        }
        Ok(())
    }

    /// Lets every producer write what is due.
    pub fn tick(&self, topics: &Topics) {
        let now_ms = self.clock.now_ms();
        for (name, producer) in self.lock().iter_mut() {
            let from_ms = producer.last_ms.max(now_ms - TICK_MAX_MS);
            producer.last_ms = now_ms.max(producer.last_ms);
            if !producer.is_on || from_ms >= now_ms {
                continue;
            }
            if let Err(error) = self.write(topics, name, producer, from_ms, now_ms) {
                // The topic was deleted under its producer, as can happen.
                tracing::debug!(%error, topic = name, "world.producer_failed");
            }
        }
    }

    /// Switches a producer on or off.
    pub fn set_on(&self, topic: &str, is_on: bool) {
        if let Some(producer) = self.lock().get_mut(topic) {
            producer.is_on = is_on;
        }
    }

    /// Lets a producer write at so many times its usual rate.
    pub fn set_pace(&self, topic: &str, pace: f64) {
        if let Some(producer) = self.lock().get_mut(topic) {
            producer.pace = pace;
        }
    }

    /// Every producer by its topic.
    pub fn list(&self) -> Vec<ProducerView> {
        self.lock()
            .iter()
            .map(|(topic, producer)| ProducerView {
                topic: topic.clone(),
                is_on: producer.is_on,
                pace: producer.pace,
            })
            .collect()
    }

    /// Forgets every producer.
    pub fn clear(&self) {
        self.lock().clear();
    }

    fn write(
        &self,
        topics: &Topics,
        name: &str,
        producer: &mut Producer,
        from_ms: i64,
        until_ms: i64,
    ) -> Result<(), TopicError> {
        let seconds = (until_ms - from_ms) as f64 / 1000.0;
        let factor = f64::from(self.clock.factor());
        let all = producer.rate * producer.pace * factor * time_of_day(from_ms) * seconds;
        let weights: f64 = (0..producer.owed.len()).map(weight).sum();
        for (index, owed) in producer.owed.iter_mut().enumerate() {
            *owed += all * weight(index) / weights;
            let whole = owed.floor();
            *owed -= whole;
            let partition = i32::try_from(index).unwrap_or(i32::MAX);
            topics.append(name, partition, whole as u64, from_ms, until_ms)?;
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Producer>> {
        self.producers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// A day has a busy half and a quiet one.
fn time_of_day(ms: i64) -> f64 {
    1.0 + 0.25 * (ms as f64 / DAY_MS * TAU).sin()
}

/// Keys are never spread quite evenly.
fn weight(partition: usize) -> f64 {
    1.0 + 0.15 * ((partition % 4) as f64)
}

fn partitions(topic: &TopicDefinition) -> impl Iterator<Item = i32> {
    0..i32::try_from(topic.partitions).unwrap_or(i32::MAX)
}
