//! By krafka.

use std::time::Duration;

use krafka::{
    Kafka,
    admin::{
        AdminClient, ConfigResource, DescribeLogDirsOptions, ListOffsetsOptions,
        ListedOffset, OffsetSpec, TopicPartition,
    },
    error::{ErrorCode, KrafkaError},
};
use sandbox::{
    faults::{Fault, FaultKind, When},
    kafka::TopicSettings,
};

use crate::cluster::{BEGAN_MS, CLUSTER_ID, Cluster};

const TIMEOUT: Duration = Duration::from_secs(20);
/// `ConfigEntry.ConfigSource`.
const DYNAMIC_TOPIC_CONFIG: i8 = 1;
const DEFAULT_CONFIG: i8 = 5;

async fn connect(cluster: &Cluster) -> Kafka {
    Kafka::builder(cluster.bootstrap()).connect().await.unwrap()
}

/// Where there is no such record krafka asks again until its time is up, so
/// that it is asked only about partitions that have one. That there is none is
/// asked of confluent-kafka.
async fn offsets<const N: usize>(
    admin: &AdminClient,
    spec: OffsetSpec,
    read_committed: bool,
    partitions: [i32; N],
) -> [ListedOffset; N] {
    let at = |index| TopicPartition::new("orders_events", index);
    let options = ListOffsetsOptions::default()
        .read_committed(read_committed)
        .timeout(TIMEOUT);
    let asked = partitions.map(|index| (at(index), spec));
    let mut listed = admin.list_offsets(asked, options).await.unwrap();
    partitions.map(|index| listed.remove(&at(index)).unwrap().unwrap())
}

fn found<const N: usize>(listed: &[ListedOffset; N]) -> [i64; N] {
    listed.each_ref().map(|listed| listed.offset)
}

#[tokio::test]
async fn cluster_and_topics_are_described_with_their_ids() {
    let cluster = Cluster::start().await;
    let kafka = connect(&cluster).await;
    let admin = kafka.admin();
    let described = admin.describe_cluster(Default::default()).await.unwrap();
    assert_eq!(described.cluster_id, CLUSTER_ID);
    assert_eq!(described.brokers.len(), 1);
    let mut names = admin.list_topics(Default::default()).await.unwrap();
    names.sort();
    assert_eq!(names, ["clicks", "orders_events"]);
    let topics = admin
        .describe_topics(["orders_events"], Default::default())
        .await
        .unwrap();
    let topic = topics["orders_events"].as_ref().unwrap();
    let id = cluster.topics.topic("orders_events").unwrap().id;
    assert_eq!(topic.topic_id, *id.as_bytes());
    assert_eq!(topic.partitions.len(), 3);
}

#[tokio::test]
async fn a_topic_made_anew_has_a_new_id_and_more_partitions_are_seen() {
    let cluster = Cluster::start().await;
    let kafka = connect(&cluster).await;
    let describe = async || {
        let admin = kafka.admin();
        let mut topics = admin
            .describe_topics(["orders_events"], Default::default())
            .await
            .unwrap();
        topics.remove("orders_events").unwrap().unwrap()
    };
    let before = describe().await;
    cluster.topics.recreate("orders_events").unwrap();
    let after = describe().await;
    assert_ne!(before.topic_id, after.topic_id);
    cluster.topics.add_partitions("orders_events", 8).unwrap();
    assert_eq!(describe().await.partitions.len(), 8);
    cluster.topics.delete("orders_events").unwrap();
    let gone = kafka
        .admin()
        .describe_topics(["orders_events"], Default::default())
        .await
        .unwrap();
    assert!(matches!(
        gone["orders_events"],
        Err(KrafkaError::Broker {
            code: ErrorCode::UnknownTopicOrPartition,
            ..
        })
    ));
}

#[tokio::test]
async fn offsets_are_found_by_place_and_by_time() {
    let cluster = Cluster::start().await;
    let kafka = connect(&cluster).await;
    let admin = kafka.admin();
    let all = [0, 1, 2];
    let earliest = offsets(&admin, OffsetSpec::Earliest, false, all).await;
    assert_eq!(found(&earliest), [100, 5_000_000_000, 0]);
    let latest = offsets(&admin, OffsetSpec::Latest, false, all).await;
    assert_eq!(found(&latest), [1000, 5_000_000_007, 0]);
    let at = OffsetSpec::Timestamp(BEGAN_MS + 50_001);
    let [timed] = offsets(&admin, at, false, [0]).await;
    assert_eq!(
        (timed.offset, timed.timestamp),
        (501, Some(BEGAN_MS + 50_100))
    );
    // Older than what is left: the first that there is.
    let timed = offsets(&admin, OffsetSpec::Timestamp(BEGAN_MS), false, [0, 1]).await;
    assert_eq!(found(&timed), [100, 5_000_000_000]);
    let newest = offsets(&admin, OffsetSpec::MaxTimestamp, false, [0, 1]).await;
    assert_eq!(found(&newest), [999, 5_000_000_006]);
}

#[tokio::test]
async fn an_open_transaction_holds_back_those_who_read_committed() {
    let cluster = Cluster::start().await;
    let kafka = connect(&cluster).await;
    let admin = kafka.admin();
    let latest = offsets(&admin, OffsetSpec::Latest, true, [0, 1, 2]).await;
    assert_eq!(found(&latest), [800, 5_000_000_007, 0]);
    let at = OffsetSpec::Timestamp(BEGAN_MS + 79_900);
    assert_eq!(found(&offsets(&admin, at, true, [0]).await), [799]);
    cluster
        .topics
        .end_transactions("orders_events", 0, BEGAN_MS + 200_000)
        .unwrap();
    let latest = offsets(&admin, OffsetSpec::Latest, true, [0]).await;
    assert_eq!(found(&latest), [1001]);
}

#[tokio::test]
async fn what_is_set_on_a_topic_is_told_apart_from_defaults() {
    let cluster = Cluster::start().await;
    let kafka = connect(&cluster).await;
    let settings = TopicSettings {
        retention_bytes: 1_000_000,
        ..TopicSettings::default()
    };
    cluster.topics.set("clicks", settings).unwrap();
    let resource = ConfigResource::topic("clicks");
    let missing = ConfigResource::topic("none");
    let described = kafka
        .admin()
        .describe_configs([resource.clone(), missing.clone()], Default::default())
        .await
        .unwrap();
    let entries = described[&resource].as_ref().unwrap();
    let entry = |name: &str| entries.iter().find(|entry| entry.name == name).unwrap();
    assert_eq!(entry("retention.ms").value.as_deref(), Some("604800000"));
    assert_eq!(entry("retention.ms").config_source, DEFAULT_CONFIG);
    assert_eq!(entry("retention.bytes").value.as_deref(), Some("1000000"));
    assert_eq!(entry("retention.bytes").config_source, DYNAMIC_TOPIC_CONFIG);
    assert_eq!(entry("cleanup.policy").value.as_deref(), Some("delete"));
    assert_eq!(
        entry("message.timestamp.type").value.as_deref(),
        Some("CreateTime")
    );
    assert!(matches!(
        described[&missing],
        Err(KrafkaError::Broker {
            code: ErrorCode::UnknownTopicOrPartition,
            ..
        })
    ));
}

#[tokio::test]
async fn the_size_of_a_log_is_that_of_the_records_in_it() {
    let cluster = Cluster::start().await;
    let kafka = connect(&cluster).await;
    let record_bytes = i64::from(TopicSettings::default().record_bytes);
    let wanted = vec![TopicPartition::new("orders_events", 0)];
    for options in [
        DescribeLogDirsOptions::default().partitions(wanted),
        DescribeLogDirsOptions::default(),
    ] {
        let dirs = kafka.admin().describe_log_dirs([1], options).await.unwrap();
        let dir = dirs[&1].as_ref().unwrap().values().next().unwrap();
        let replicas = &dir.as_ref().unwrap().replicas;
        let replica = &replicas[&TopicPartition::new("orders_events", 0)];
        assert_eq!(replica.size, 900 * record_bytes);
        assert!(!replica.is_future);
    }
}

#[tokio::test]
async fn a_client_gets_over_connections_that_are_cut() {
    let cluster = Cluster::start().await;
    let kafka = connect(&cluster).await;
    let admin = kafka.admin();
    cluster.faults.set(Fault {
        service: sandbox::kafka::listener::FAULT_SERVICE.to_owned(),
        action: Some("ListOffsets".to_owned()),
        key_prefix: None,
        does: FaultKind::CutBefore,
        when: When::Times(1),
    });
    let latest = offsets(&admin, OffsetSpec::Latest, false, [0]).await;
    assert_eq!(found(&latest), [1000]);
    assert!(cluster.faults.list().is_empty(), "nothing was cut");
}

#[tokio::test]
async fn a_stopped_listener_lets_nobody_in_and_none_stay() {
    let cluster = Cluster::start().await;
    let kafka = connect(&cluster).await;
    let address = cluster.listener.address();
    cluster.listener.stop().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
    let asked = [(TopicPartition::new("clicks", 0), OffsetSpec::Latest)];
    let options = ListOffsetsOptions::default().timeout(Duration::from_secs(2));
    let listed = kafka.admin().list_offsets(asked, options).await;
    assert!(listed.is_err() || listed.unwrap().values().all(Result::is_err));
}
