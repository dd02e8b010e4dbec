//! A listener on a cluster whose content all the tests know.

use std::sync::Arc;

use sandbox::{
    faults::Faults,
    kafka::{Listener, TopicSettings, Topics},
};

pub(crate) const CLUSTER_ID: &str = "c2FuZGJveC1jbHVzdGVyMQ";
/// When the first record of partition 0 was written.
pub(crate) const BEGAN_MS: i64 = 1_700_000_000_000;

pub(crate) struct Cluster {
    pub(crate) topics: Topics,
    pub(crate) faults: Arc<Faults>,
    pub(crate) listener: Listener,
}

impl Cluster {
    /// `orders_events` has three partitions. 0 has 1,000 records, 10 each
    /// second, of which 100 are gone and the last 200 are in an open
    /// transaction; 1 begins at five billion; 2 is empty.
    pub(crate) async fn start() -> Self {
        let topics = Topics::new(CLUSTER_ID);
        let day_ms = 24 * 60 * 60 * 1000;
        let settings = TopicSettings {
            retention_ms: 3 * day_ms,
            ..TopicSettings::default()
        };
        topics.create("orders_events", 3, settings).unwrap();
        topics
            .append("orders_events", 0, 1000, BEGAN_MS, BEGAN_MS + 100_000)
            .unwrap();
        topics.advance_log_start("orders_events", 0, 100).unwrap();
        topics
            .open_transaction("orders_events", 0, Some(800))
            .unwrap();
        topics.begin_at("orders_events", 1, 5_000_000_000).unwrap();
        topics
            .append("orders_events", 1, 7, BEGAN_MS, BEGAN_MS + 7)
            .unwrap();
        topics
            .create("clicks", 1, TopicSettings::default())
            .unwrap();
        let faults = Arc::new(Faults::new(1));
        let address = "127.0.0.1:0".parse().unwrap();
        let listener = Listener::start(address, topics.clone(), Arc::clone(&faults))
            .await
            .unwrap();
        Self {
            topics,
            faults,
            listener,
        }
    }

    pub(crate) fn bootstrap(&self) -> String {
        self.listener.address().to_string()
    }
}
