//! The catalogue: three applications and twelve streams.

use std::collections::BTreeMap;

use serde_json::json;

use super::{
    CheckpointPlace, LOG_GROUP, Starting, Story, StreamDefinition, TopicDefinition,
};
use crate::emr::{Application, ApplicationState};
use crate::iam::{JOB_ROLE, NARROWED_ROLE};
use crate::job::SinkFormat;

/// Most streams run here, on Spark 3.5.
const STREAMING: &str = "00fstreaming0709";
/// The next release, on Spark 4.0.
const NEXT: &str = "00fstreaming0800";
/// An old release that knows neither STREAMING mode nor a grace period.
const LEGACY: &str = "00fstreaming0615";

const HOUR: i64 = 60;
const DAY: i64 = 24 * HOUR;

/// The applications, started.
pub fn applications(now_ms: i64) -> Vec<Application> {
    [
        (STREAMING, "streaming", "emr-7.9.0"),
        (NEXT, "streaming-next", "emr-spark-8.0.0"),
        (LEGACY, "streaming-legacy", "emr-6.15.0"),
    ]
    .into_iter()
    .map(|(id, name, release_label)| Application {
        id: id.to_owned(),
        name: name.to_owned(),
        release_label: release_label.to_owned(),
        state: ApplicationState::Started,
        state_details: String::new(),
        created_at_ms: now_ms - 90 * DAY * 60_000,
        updated_at_ms: now_ms - DAY * 60_000,
        auto_start: true,
        concurrent_runs_max: Some(25),
        monitoring: json!({ "cloudWatchLoggingConfiguration": {
            "enabled": true,
            "logGroupName": LOG_GROUP,
        } }),
        tags: BTreeMap::from([("team".to_owned(), "streaming".to_owned())]),
    })
    .collect()
}

/// The streams, `orders` first.
pub fn streams() -> Vec<StreamDefinition> {
    let mut all = vec![orders()];
    all.extend(running());
    all.extend(broken());
    all.extend(under_one_root());
    all
}

fn orders() -> StreamDefinition {
    StreamDefinition {
        topics: vec![topic("orders_events", 6, 40.0, DAY)],
        downstream: vec!["silver.orders", "gold.revenue_daily"],
        story: Story::Corrupt,
        ..plain(
            "orders",
            "Orders",
            include_str!("scripts/kafka_orders_stream.py"),
            "kafka_orders_stream.py",
            "_checkpoints/streaming/orders/",
        )
    }
}

/// Those whose job runs as it should; what arrives makes the verdict.
fn running() -> Vec<StreamDefinition> {
    vec![
        StreamDefinition {
            topics: vec![topic("payments_events", 6, 25.0, 3 * DAY)],
            downstream: vec!["silver.payments"],
            ..plain(
                "payments",
                "Payments",
                include_str!("scripts/kafka_payments_stream.py"),
                "kafka_payments_stream.py",
                "_checkpoints/streaming/payments/",
            )
        },
        StreamDefinition {
            topics: vec![TopicDefinition {
                quiet_minutes: Some(2 * HOUR),
                ..topic("refunds_events", 3, 0.5, 7 * DAY)
            }],
            sink: SinkFormat::Iceberg,
            downstream: vec!["silver.refunds"],
            ..plain(
                "refunds",
                "Refunds",
                include_str!("scripts/kafka_refunds_stream.py"),
                "kafka_refunds_stream.py",
                "_checkpoints/streaming/refunds/",
            )
        },
        StreamDefinition {
            topics: vec![topic("clicks_raw", 12, 900.0, DAY)],
            application: NEXT,
            records_metric: ("records_processed", false),
            sink: SinkFormat::Json,
            downstream: vec!["silver.clicks"],
            ..plain(
                "clicks",
                "Clicks",
                include_str!("scripts/kafka_clicks_stream.py"),
                "kafka_clicks_stream.py",
                "_checkpoints/streaming/clicks/",
            )
        },
        StreamDefinition {
            topics: vec![topic("basket_events", 4, 20.0, 2 * DAY)],
            stateful: true,
            downstream: vec!["gold.baskets_by_segment"],
            ..plain(
                "baskets",
                "Baskets",
                include_str!("scripts/kafka_baskets_stream.py"),
                "kafka_baskets_stream.py",
                "_checkpoints/streaming/baskets/",
            )
        },
    ]
}

fn broken() -> Vec<StreamDefinition> {
    vec![
        StreamDefinition {
            topics: vec![topic("shipment_updates", 6, 30.0, 3 * DAY)],
            downstream: vec!["silver.shipments"],
            story: Story::Stuck,
            starting: Starting::Argument("starting-offsets"),
            ..plain(
                "shipments",
                "Shipments",
                include_str!("scripts/kafka_shipments_stream.py"),
                "kafka_shipments_stream.py",
                "_checkpoints/streaming/shipments/",
            )
        },
        StreamDefinition {
            topics: vec![topic("inventory_changes", 4, 15.0, 7 * DAY)],
            application: LEGACY,
            streaming: false,
            downstream: vec!["silver.inventory"],
            story: Story::BatchMode,
            ..plain(
                "inventory",
                "Inventory",
                include_str!("scripts/kafka_inventory_stream.py"),
                "kafka_inventory_stream.py",
                "_checkpoints/streaming/inventory/",
            )
        },
        StreamDefinition {
            topics: vec![TopicDefinition {
                import: Some((11, 4_800_000)),
                ..topic("catalog_prices", 8, 5.0, 3 * DAY)
            }],
            downstream: vec!["silver.prices"],
            story: Story::BigBatch,
            ..plain(
                "catalog",
                "Catalogue prices",
                include_str!("scripts/kafka_catalog_stream.py"),
                "kafka_catalog_stream.py",
                "_checkpoints/streaming/catalog/",
            )
        },
        StreamDefinition {
            topics: vec![topic("web_sessions", 6, 60.0, DAY)],
            read_committed: true,
            downstream: vec!["silver.sessions"],
            story: Story::Blocked,
            ..plain(
                "sessions",
                "Web sessions",
                include_str!("scripts/kafka_sessions_stream.py"),
                "kafka_sessions_stream.py",
                "_checkpoints/streaming/sessions/",
            )
        },
        StreamDefinition {
            topics: vec![topic("device_telemetry", 8, 50.0, 2 * HOUR)],
            sink: SinkFormat::Delta,
            role: NARROWED_ROLE,
            downstream: vec!["silver.telemetry"],
            story: Story::DataLost,
            ..plain(
                "telemetry",
                "Locker telemetry",
                include_str!("scripts/kafka_telemetry_stream.py"),
                "kafka_telemetry_stream.py",
                "_checkpoints/streaming/telemetry/",
            )
        },
    ]
}

/// Two queries of one job, set up through a checkpoint root.
fn under_one_root() -> Vec<StreamDefinition> {
    let query = |name: &'static str, title, rate, sibling| StreamDefinition {
        topics: vec![topic(name, 3, rate, 3 * DAY)],
        checkpoint: CheckpointPlace::Root {
            root: "_checkpoints/loyalty/",
            query: name,
        },
        siblings: vec![sibling],
        ..plain(
            name,
            title,
            include_str!("scripts/kafka_loyalty_stream.py"),
            "kafka_loyalty_stream.py",
            "",
        )
    };
    vec![
        StreamDefinition {
            starting: Starting::Conf("spark.loyalty.startingOffsets"),
            ..query("loyalty_points", "Loyalty points", 8.0, "loyalty_tiers")
        },
        query("loyalty_tiers", "Loyalty tiers", 2.0, "loyalty_points"),
    ]
}

/// A stream as most are: one query, no state, healthy.
fn plain(
    name: &'static str,
    title: &'static str,
    script: &'static str,
    script_name: &'static str,
    checkpoint: &'static str,
) -> StreamDefinition {
    StreamDefinition {
        name,
        title,
        topics: Vec::new(),
        script_name,
        script,
        application: STREAMING,
        role: JOB_ROLE,
        streaming: true,
        checkpoint: CheckpointPlace::Location(checkpoint),
        stateful: false,
        read_committed: false,
        records_metric: ("records_processed_total", true),
        siblings: Vec::new(),
        starting: Starting::Script,
        sink: SinkFormat::Bronze,
        downstream: Vec::new(),
        story: Story::Runs,
    }
}

fn topic(
    name: &'static str,
    partitions: u32,
    rate: f64,
    retention_minutes: i64,
) -> TopicDefinition {
    TopicDefinition {
        name,
        partitions,
        rate,
        retention_minutes,
        quiet_minutes: None,
        import: None,
    }
}
