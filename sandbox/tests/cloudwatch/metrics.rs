//! Metrics by the Rust SDK, which speaks CBOR, and by boto3, which
//! speaks all three protocols.

use aws_sdk_cloudwatch::{
    primitives::DateTime,
    types::{
        Dimension, Entity, EntityMetricData, Metric, MetricDataQuery, MetricDatum,
        MetricStat, ScanBy, StandardUnit, Statistic, StatisticSet, StatusCode,
    },
};
use sandbox::{
    cloudwatch::{Datum, MetricId, Unit},
    record::{Outcome, Query},
};

use crate::door::Door;

const MINUTE_MS: i64 = 60_000;
const NAMESPACE: &str = "ETLPipelineMetrics";

fn dimension(name: &str, value: &str) -> Dimension {
    Dimension::builder().name(name).value(value).build()
}

fn at(ms: i64) -> DateTime {
    DateTime::from_millis(ms)
}

/// A whole minute some minutes ago.
fn minutes_ago(door: &Door, minutes: i64) -> i64 {
    let now_ms = door.clock.now_ms();
    now_ms - now_ms.rem_euclid(MINUTE_MS) - minutes * MINUTE_MS
}

#[tokio::test]
async fn a_metric_without_its_dimensions_is_another_metric() {
    let door = Door::open().await;
    let client = door.cloudwatch();
    let from_ms = minutes_ago(&door, 10);
    for (value, stream) in [(1.0, Some("orders")), (2.0, Some("clicks")), (100.0, None)] {
        let datum = MetricDatum::builder()
            .metric_name("records_processed_total")
            .timestamp(at(from_ms + 1500))
            .value(value)
            .unit(StandardUnit::Count)
            .set_dimensions(stream.map(|stream| vec![dimension("Stream", stream)]))
            .build();
        client
            .put_metric_data()
            .namespace(NAMESPACE)
            .metric_data(datum)
            .send()
            .await
            .unwrap();
    }
    for (expected, stream) in [(1.0, Some("orders")), (100.0, None)] {
        let answer = client
            .get_metric_statistics()
            .namespace(NAMESPACE)
            .metric_name("records_processed_total")
            .set_dimensions(stream.map(|stream| vec![dimension("Stream", stream)]))
            .start_time(at(from_ms))
            .end_time(at(from_ms + 5 * MINUTE_MS))
            .period(300)
            .statistics(Statistic::Sum)
            .statistics(Statistic::SampleCount)
            .send()
            .await
            .unwrap();
        let [point] = answer.datapoints() else {
            panic!("{answer:?}")
        };
        assert_eq!(point.sum(), Some(expected));
        assert_eq!(point.sample_count(), Some(1.0));
        assert_eq!(point.average(), None);
        assert_eq!(point.unit(), Some(&StandardUnit::Count));
        assert_eq!(point.timestamp(), Some(&at(from_ms)));
    }
}

#[tokio::test]
async fn a_body_that_is_compressed_arrives_whole() {
    let door = Door::open().await;
    let from_ms = minutes_ago(&door, 30);
    // Far above the 10 KiB from which the SDK compresses.
    let data = (0..600).map(|number| {
        MetricDatum::builder()
            .metric_name("lag_records")
            .dimensions(dimension("Partition", &(number % 6).to_string()))
            .timestamp(at(from_ms + number / 60 * MINUTE_MS))
            .value(number as f64)
            .build()
    });
    let sent = door
        .cloudwatch()
        .put_metric_data()
        .namespace(NAMESPACE)
        .set_metric_data(Some(data.collect()))
        .send()
        .await;
    sent.unwrap();
    let id = MetricId::new(NAMESPACE, "lag_records", &[("Partition", "0")]);
    let periods =
        door.metrics
            .aggregate(&id, from_ms, from_ms + 30 * MINUTE_MS, MINUTE_MS, None);
    assert_eq!(periods.len(), 10);
    let count: f64 = periods.values().map(|samples| samples.sample_count).sum();
    assert_eq!(count, 100.0);
}

#[tokio::test]
async fn values_with_counts_and_statistic_sets_are_added_up() {
    let door = Door::open().await;
    let client = door.cloudwatch();
    let from_ms = minutes_ago(&door, 10);
    let set = StatisticSet::builder()
        .sample_count(2.0)
        .sum(30.0)
        .minimum(10.0)
        .maximum(20.0)
        .build();
    let data = [
        MetricDatum::builder()
            .metric_name("m")
            .timestamp(at(from_ms))
            .statistic_values(set),
        MetricDatum::builder()
            .metric_name("m")
            .timestamp(at(from_ms))
            .set_values(Some(vec![1.0, 5.0]))
            .set_counts(Some(vec![3.0, 1.0])),
    ];
    client
        .put_metric_data()
        .namespace(NAMESPACE)
        .set_metric_data(Some(data.into_iter().map(|datum| datum.build()).collect()))
        .send()
        .await
        .unwrap();
    let answer = client
        .get_metric_statistics()
        .namespace(NAMESPACE)
        .metric_name("m")
        .start_time(at(from_ms))
        .end_time(at(from_ms + MINUTE_MS))
        .period(60)
        .statistics(Statistic::Sum)
        .statistics(Statistic::SampleCount)
        .statistics(Statistic::Minimum)
        .statistics(Statistic::Maximum)
        .statistics(Statistic::Average)
        .send()
        .await
        .unwrap();
    let [point] = answer.datapoints() else {
        panic!("{answer:?}")
    };
    assert_eq!(point.sum(), Some(38.0));
    assert_eq!(point.sample_count(), Some(6.0));
    assert_eq!(point.minimum(), Some(1.0));
    assert_eq!(point.maximum(), Some(20.0));
    assert_eq!(point.average(), Some(38.0 / 6.0));
}

#[tokio::test]
async fn more_than_1440_datapoints_are_refused() {
    let door = Door::open().await;
    let end_ms = minutes_ago(&door, 0);
    let ask = |minutes: i64| {
        door.cloudwatch()
            .get_metric_statistics()
            .namespace(NAMESPACE)
            .metric_name("m")
            .start_time(at(end_ms - minutes * MINUTE_MS))
            .end_time(at(end_ms))
            .period(60)
            .statistics(Statistic::Sum)
            .send()
    };
    assert!(ask(1440).await.unwrap().datapoints().is_empty());
    let error = ask(1441).await.unwrap_err().into_service_error();
    assert!(
        error.is_invalid_parameter_combination_exception(),
        "{error:?}"
    );
    let text = error.meta().message().unwrap();
    assert!(text.contains("up to 1,441 datapoints, which exceeds the limit of 1,440"));
}

#[tokio::test]
async fn what_the_sandbox_does_not_know_is_refused_and_recorded() {
    let door = Door::open().await;
    let entity = EntityMetricData::builder()
        .entity(Entity::builder().build())
        .build();
    let error = door
        .cloudwatch()
        .put_metric_data()
        .namespace(NAMESPACE)
        .entity_metric_data(entity)
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    assert!(
        error.meta().message().unwrap().contains("EntityMetricData"),
        "{error:?}"
    );
    let error = door
        .cloudwatch()
        .get_metric_data()
        .start_time(at(minutes_ago(&door, 5)))
        .end_time(at(minutes_ago(&door, 0)))
        .metric_data_queries(
            MetricDataQuery::builder()
                .id("e1")
                .expression("SUM(METRICS())")
                .build(),
        )
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    assert!(
        error.meta().message().unwrap().contains("Expression"),
        "{error:?}"
    );
    let error = door
        .cloudwatch()
        .describe_alarms()
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    assert!(
        error.meta().message().unwrap().contains("DescribeAlarms"),
        "{error:?}"
    );
    let recorded = door.record.query(&Query::default());
    let actions: Vec<&str> = recorded
        .iter()
        .map(|entry| entry.call.action.as_str())
        .collect();
    assert_eq!(
        actions,
        ["PutMetricData", "GetMetricData", "DescribeAlarms"]
    );
    assert!(
        recorded
            .iter()
            .all(|entry| matches!(entry.call.outcome, Outcome::Refused(_)))
    );
}

#[tokio::test]
async fn get_metric_data_gives_every_value_once_over_its_pages() {
    let door = Door::open().await;
    let from_ms = minutes_ago(&door, 60);
    let name = "records_processed_total";
    for stream in ["orders", "clicks"] {
        let id = MetricId::new(NAMESPACE, name, &[("Stream", stream)]);
        let data: Vec<Datum> = (0..30)
            .map(|minute| {
                let at_ms = from_ms + minute * MINUTE_MS;
                Datum::new(id.clone(), at_ms, minute as f64, Unit::COUNT)
            })
            .collect();
        door.metrics.put(&data, door.clock.now_ms()).unwrap();
    }
    let query = |id: &str, stream: &str| {
        let metric = Metric::builder()
            .namespace(NAMESPACE)
            .metric_name(name)
            .dimensions(dimension("Stream", stream))
            .build();
        let stat = MetricStat::builder()
            .metric(metric)
            .period(60)
            .stat("Sum")
            .build();
        MetricDataQuery::builder().id(id).metric_stat(stat).build()
    };
    for scan in [ScanBy::TimestampAscending, ScanBy::TimestampDescending] {
        let mut pages = door
            .cloudwatch()
            .get_metric_data()
            .metric_data_queries(query("orders", "orders"))
            .metric_data_queries(query("clicks", "clicks"))
            .metric_data_queries(query("none", "none"))
            .start_time(at(from_ms))
            .end_time(at(from_ms + 60 * MINUTE_MS))
            .scan_by(scan.clone())
            .max_datapoints(7)
            .into_paginator()
            .send();
        let (mut values, mut complete, mut count) = (Vec::new(), Vec::new(), 0);
        while let Some(page) = pages.next().await {
            let page = page.unwrap();
            count += 1;
            for result in page.metric_data_results() {
                let times = result.timestamps().iter().zip(result.values());
                values.extend(times.map(|(time, value)| {
                    (
                        result.id().unwrap().to_owned(),
                        time.to_millis().unwrap(),
                        *value,
                    )
                }));
                if result.status_code() == Some(&StatusCode::Complete) {
                    complete.push(result.id().unwrap().to_owned());
                }
            }
        }
        assert_eq!(count, 9);
        assert_eq!(complete, ["orders", "clicks", "none"]);
        let mut expected = Vec::new();
        for id in ["orders", "clicks"] {
            let minutes = (0..30).map(|minute| {
                (id.to_owned(), from_ms + minute * MINUTE_MS, minute as f64)
            });
            match scan {
                ScanBy::TimestampAscending => expected.extend(minutes),
                _ => expected.extend(minutes.rev()),
            }
        }
        assert_eq!(values, expected);
    }
}

#[tokio::test]
async fn metrics_are_listed_by_namespace_name_and_dimensions_over_pages() {
    let door = Door::open().await;
    let now_ms = door.clock.now_ms();
    let data: Vec<Datum> = (0..600)
        .map(|number: i32| {
            let number = number.to_string();
            let id =
                MetricId::new(NAMESPACE, "lag", &[("Stream", "orders"), ("P", &number)]);
            Datum::new(id, now_ms, 1.0, Unit::COUNT)
        })
        .collect();
    door.metrics.put(&data, now_ms).unwrap();
    let mut pages = door
        .cloudwatch()
        .list_metrics()
        .namespace(NAMESPACE)
        .dimensions(
            aws_sdk_cloudwatch::types::DimensionFilter::builder()
                .name("Stream")
                .value("orders")
                .build(),
        )
        .into_paginator()
        .send();
    let mut partitions = std::collections::BTreeSet::new();
    while let Some(page) = pages.next().await {
        for metric in page.unwrap().metrics() {
            let dimensions = metric.dimensions();
            let partition = dimensions
                .iter()
                .find(|one| one.name() == Some("P"))
                .unwrap();
            partitions.insert(partition.value().unwrap().to_owned());
        }
    }
    assert_eq!(partitions.len(), 600);
    let none = door
        .cloudwatch()
        .list_metrics()
        .metric_name("other")
        .send()
        .await
        .unwrap();
    assert!(none.metrics().is_empty());
}

/// Newer and older clients differ in nothing but the protocol.
#[tokio::test]
async fn boto3_puts_reads_and_pages_metrics_in_all_three_protocols() {
    for protocol in ["json", "smithy-rpc-v2-cbor", "query"] {
        Door::open()
            .await
            .python("metrics_boto3.py", &[protocol])
            .await;
    }
}
