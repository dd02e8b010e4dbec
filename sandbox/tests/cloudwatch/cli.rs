//! The runbook's own commands, as written, by the AWS CLI 1 and 2.

use std::{process::Stdio, time::Duration};

use sandbox::cloudwatch::{Datum, MetricId, Unit};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    time::timeout,
};

use crate::door::{Door, aws_cli_1, aws_cli_2};

const GROUP: &str = "/aws/emr-serverless/application-logs";
const STATISTICS: &str = "aws cloudwatch get-metric-statistics \
  --namespace ETLPipelineMetrics \
  --metric-name records_processed_total \
  --start-time $(date -u -d '1 hour ago' +%Y-%m-%dT%H:%M:%S) \
  --end-time $(date -u +%Y-%m-%dT%H:%M:%S) \
  --period 300 \
  --statistics Sum";

#[tokio::test]
async fn the_runbooks_statistics_are_read_by_both_clis() {
    let door = Door::open().await;
    let now_ms = door.clock.now_ms();
    let metric = |dimensions: &[(&str, &str)]| {
        MetricId::new("ETLPipelineMetrics", "records_processed_total", dimensions)
    };
    let data = [
        Datum::new(metric(&[]), now_ms - 1_800_000, 7.0, Unit::COUNT),
        Datum::new(
            metric(&[("Stream", "orders")]),
            now_ms - 1_800_000,
            35.5,
            Unit::COUNT,
        ),
    ];
    door.metrics.put(&data, now_ms).unwrap();
    for aws in [aws_cli_1(), aws_cli_2().await] {
        let answer: serde_json::Value =
            serde_json::from_str(&door.shell(&aws, STATISTICS).await).unwrap();
        assert_eq!(answer["Label"], "records_processed_total");
        assert_eq!(answer["Datapoints"][0]["Sum"], 7.0, "{answer}");
        assert_eq!(answer["Datapoints"][0]["Unit"], "Count");
        assert_eq!(answer["Datapoints"].as_array().unwrap().len(), 1);
        let by_stream = format!("{STATISTICS} --dimensions Name=Stream,Value=orders");
        let answer: serde_json::Value =
            serde_json::from_str(&door.shell(&aws, &by_stream).await).unwrap();
        assert_eq!(answer["Datapoints"][0]["Sum"], 35.5, "{answer}");
    }
}

#[tokio::test]
async fn metrics_are_put_and_listed_by_both_clis() {
    let door = Door::open().await;
    for (index, aws) in [aws_cli_1(), aws_cli_2().await].iter().enumerate() {
        let put = format!(
            "aws cloudwatch put-metric-data --namespace N{index} --metric-name m \
             --value 2.5 --unit Count --dimensions Stream=orders,Partition=3 \
             --timestamp $(date -u +%Y-%m-%dT%H:%M:%SZ)"
        );
        assert_eq!(door.shell(aws, &put).await, "");
        let list = format!("aws cloudwatch list-metrics --namespace N{index}");
        let answer: serde_json::Value =
            serde_json::from_str(&door.shell(aws, &list).await).unwrap();
        assert_eq!(
            answer["Metrics"][0]["Dimensions"],
            serde_json::json!([
                { "Name": "Partition", "Value": "3" },
                { "Name": "Stream", "Value": "orders" },
            ]),
            "{answer}"
        );
        let refused = format!(
            "aws cloudwatch get-metric-statistics --namespace N{index} --metric-name m \
             --start-time 2020-01-01T00:00:00 --end-time 2021-01-01T00:00:00 \
             --period 3600 --statistics Sum 2>&1 || true"
        );
        let text = door.shell(aws, &refused).await;
        assert!(text.contains("(InvalidParameterCombination)"), "{text}");
        assert!(text.contains("which exceeds the limit of 1,440"), "{text}");
    }
}

#[tokio::test]
async fn the_runbooks_tail_follows_what_is_written() {
    let door = Door::open().await;
    let now_ms = door.clock.now_ms();
    door.logs
        .ensure_stream(GROUP, "jobs/1/driver", now_ms)
        .unwrap();
    let put = |text: &str, at_ms: i64| {
        door.logs
            .put(GROUP, "jobs/1/driver", [(at_ms, text.to_owned())], at_ms)
            .unwrap();
    };
    put("from an hour ago", now_ms - 3_600_000);
    put("a line before", now_ms - 1000);
    let mut tail = door
        .command(aws_cli_2().await)
        .args(["logs", "tail", GROUP, "--follow"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(tail.stdout.take().unwrap()).lines();
    // The CLI asks every five seconds.
    let mut next = async || {
        timeout(Duration::from_secs(60), lines.next_line())
            .await
            .unwrap()
            .unwrap()
            .unwrap()
    };
    let first = next().await;
    assert!(
        first.contains("jobs/1/driver") && first.ends_with("a line before"),
        "{first}"
    );
    // Of the same millisecond as the one that was seen, and one after it.
    put("a line beside", now_ms - 1000);
    put("a line after", now_ms + 1);
    assert!(next().await.ends_with("a line beside"));
    assert!(next().await.ends_with("a line after"));
    tail.kill().await.unwrap();
}
