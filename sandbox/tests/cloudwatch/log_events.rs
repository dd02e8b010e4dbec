//! Logs by the Rust SDK and by boto3.

use aws_sdk_cloudwatchlogs::types::{InputLogEvent, OrderBy};

use crate::door::Door;

const GROUP: &str = "/aws/emr-serverless/application-logs";

fn event(timestamp_ms: i64, message: impl Into<String>) -> InputLogEvent {
    InputLogEvent::builder()
        .timestamp(timestamp_ms)
        .message(message)
        .build()
        .unwrap()
}

#[tokio::test]
async fn what_is_put_is_found_by_pattern_time_and_stream() {
    let door = Door::open().await;
    let client = door.cloudwatch_logs();
    let now_ms = door.clock.now_ms();
    client
        .create_log_group()
        .log_group_name(GROUP)
        .send()
        .await
        .unwrap();
    for stream in ["jobs/1/driver", "jobs/2/driver"] {
        client
            .create_log_stream()
            .log_group_name(GROUP)
            .log_stream_name(stream)
            .send()
            .await
            .unwrap();
        client
            .put_log_events()
            .log_group_name(GROUP)
            .log_stream_name(stream)
            .log_events(event(
                now_ms - 2000,
                "INFO Streaming query made progress: {}",
            ))
            .log_events(event(
                now_ms - 1000,
                "ERROR MicroBatchExecution:\n\tat a.b.C",
            ))
            .send()
            .await
            .unwrap();
    }
    let find = client.filter_log_events().log_group_name(GROUP);
    let all = find.clone().send().await.unwrap();
    assert_eq!(all.events().len(), 4);
    let times: Vec<i64> = all
        .events()
        .iter()
        .map(|event| event.timestamp().unwrap())
        .collect();
    assert!(times.is_sorted());
    let errors = find
        .clone()
        .filter_pattern("ERROR \"MicroBatchExecution:\"")
        .log_stream_name_prefix("jobs/2/")
        .send()
        .await
        .unwrap();
    let [error] = errors.events() else {
        panic!("{errors:?}")
    };
    assert_eq!(error.log_stream_name(), Some("jobs/2/driver"));
    assert_eq!(
        error.message(),
        Some("ERROR MicroBatchExecution:\n\tat a.b.C")
    );
    assert!(error.ingestion_time().unwrap() >= now_ms);
    // Both ends count.
    let window = find.start_time(now_ms - 2000).end_time(now_ms - 2000);
    assert_eq!(window.send().await.unwrap().events().len(), 2);
}

#[tokio::test]
async fn pages_give_every_event_once_and_may_be_empty() {
    let door = Door::open().await;
    let now_ms = door.clock.now_ms();
    for number in 0..60 {
        let stream = format!("jobs/{}", number % 3);
        door.logs.ensure_stream(GROUP, &stream, now_ms).unwrap();
        // More than is looked at for one page, and only the last is wanted.
        let events = (0..500).map(|line| {
            let rare = if number == 59 && line == 499 {
                " RARE"
            } else {
                ""
            };
            (
                now_ms - 60_000 + number * 1000 + line / 10,
                format!("{number} {line}{rare}"),
            )
        });
        door.logs.put(GROUP, &stream, events, now_ms).unwrap();
    }
    let find = door
        .cloudwatch_logs()
        .filter_log_events()
        .log_group_name(GROUP);
    let mut pages = find.clone().limit(9_000).into_paginator().send();
    let (mut ids, mut sizes) = (std::collections::BTreeSet::new(), Vec::new());
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        sizes.push(page.events().len());
        ids.extend(
            page.events()
                .iter()
                .map(|event| event.event_id().unwrap().to_owned()),
        );
    }
    assert_eq!(sizes, [9_000, 9_000, 9_000, 3_000]);
    assert_eq!(ids.len(), 30_000);
    let first = find.clone().filter_pattern("RARE").send().await.unwrap();
    assert!(first.events().is_empty());
    let token = first.next_token().unwrap();
    let other = find
        .clone()
        .filter_pattern("OTHER")
        .next_token(token)
        .send()
        .await;
    let error = other.unwrap_err().into_service_error();
    assert!(error.is_invalid_parameter_exception(), "{error:?}");
    let second = find
        .filter_pattern("RARE")
        .next_token(token)
        .send()
        .await
        .unwrap();
    assert_eq!(second.events().len(), 1);
    assert_eq!(second.next_token(), None);
}

#[tokio::test]
async fn one_stream_is_read_from_its_head_and_back_from_its_end() {
    let door = Door::open().await;
    let now_ms = door.clock.now_ms();
    door.logs.ensure_stream(GROUP, "s", now_ms).unwrap();
    let events = (0..10).map(|number| (now_ms + number, number.to_string()));
    door.logs.put(GROUP, "s", events, now_ms).unwrap();
    let client = door.cloudwatch_logs();
    let get = client
        .get_log_events()
        .log_group_name(GROUP)
        .log_stream_name("s")
        .limit(4);
    let texts = |answer: &aws_sdk_cloudwatchlogs::operation::get_log_events::GetLogEventsOutput| {
        let texts: Vec<String> =
            answer.events().iter().map(|event| event.message().unwrap().to_owned()).collect();
        texts.join("")
    };
    let (mut read, mut token) = (String::new(), None);
    loop {
        let request = get
            .clone()
            .start_from_head(true)
            .set_next_token(token.clone());
        let answer = request.send().await.unwrap();
        read.push_str(&texts(&answer));
        let next = answer.next_forward_token().map(str::to_owned);
        if next == token {
            break;
        }
        token = next;
    }
    assert_eq!(read, "0123456789");
    let last = get.clone().send().await.unwrap();
    assert_eq!(texts(&last), "6789");
    let back = get
        .clone()
        .next_token(last.next_backward_token().unwrap())
        .send()
        .await;
    assert_eq!(texts(&back.unwrap()), "2345");
    // The end does not count here.
    let window = get
        .start_time(now_ms + 2)
        .end_time(now_ms + 4)
        .start_from_head(true);
    assert_eq!(texts(&window.send().await.unwrap()), "23");
}

#[tokio::test]
async fn streams_are_described_by_name_or_newest_first() {
    let door = Door::open().await;
    let now_ms = door.clock.now_ms();
    for (stream, ago_ms) in [("a", 3000), ("b", 1000), ("c", 2000)] {
        door.logs.ensure_stream(GROUP, stream, now_ms).unwrap();
        let event = [(now_ms - ago_ms, "x".to_owned())];
        door.logs.put(GROUP, stream, event, now_ms).unwrap();
    }
    door.logs.ensure_stream(GROUP, "empty", now_ms).unwrap();
    let client = door.cloudwatch_logs();
    let newest = client
        .describe_log_streams()
        .log_group_name(GROUP)
        .order_by(OrderBy::LastEventTime)
        .descending(true)
        .limit(2)
        .send()
        .await
        .unwrap();
    let names: Vec<&str> = newest
        .log_streams()
        .iter()
        .map(|stream| stream.log_stream_name().unwrap())
        .collect();
    assert_eq!(names, ["b", "c"]);
    assert!(newest.next_token().is_some());
    let all = client
        .describe_log_streams()
        .log_group_name(GROUP)
        .send()
        .await
        .unwrap();
    assert_eq!(all.log_streams().len(), 4);
    assert_eq!(all.log_streams()[3].last_event_timestamp(), None);
    let missing = client
        .describe_log_streams()
        .log_group_name("none")
        .send()
        .await;
    assert!(
        missing
            .unwrap_err()
            .into_service_error()
            .is_resource_not_found_exception()
    );
}

#[tokio::test]
async fn boto3_writes_and_reads_logs() {
    Door::open().await.python("log_events_boto3.py", &[]).await;
}
