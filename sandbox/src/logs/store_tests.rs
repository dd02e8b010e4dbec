use super::*;

const GROUP: &str = "/aws/emr-serverless/application-logs";

fn with_stream() -> Logs {
    let logs = Logs::new();
    logs.ensure_stream(GROUP, "job/driver", 0).unwrap();
    logs
}

#[test]
fn the_oldest_events_of_a_stream_go_when_it_is_full() {
    let logs = with_stream();
    let line = "x".repeat(1000);
    for at_ms in 0..10_000 {
        logs.put(GROUP, "job/driver", [(at_ms, line.clone())], at_ms)
            .unwrap();
    }
    let events = logs.events(GROUP, "job/driver").unwrap();
    assert!(
        (4000..5000).contains(&events.len()),
        "{} events",
        events.len()
    );
    assert_eq!(events.last().unwrap().timestamp_ms, 9_999);
    assert_eq!(events[0].timestamp_ms, 10_000 - events.len() as i64);
}

#[test]
fn events_are_in_order_of_time_and_of_arrival_where_that_is_equal() {
    let logs = with_stream();
    for (at_ms, text) in [(20, "b"), (10, "a"), (20, "c")] {
        logs.put(GROUP, "job/driver", [(at_ms, text.to_owned())], 30)
            .unwrap();
    }
    let events = logs.events(GROUP, "job/driver").unwrap();
    let texts: Vec<&str> = events.iter().map(|event| event.message.as_str()).collect();
    assert_eq!(texts, ["a", "b", "c"]);
}

#[test]
fn the_quietest_stream_goes_when_a_group_is_full() {
    let logs = Logs::new();
    for number in 0..MAX_STREAMS as i64 {
        let name = format!("stream-{number}");
        logs.ensure_stream(GROUP, &name, number).unwrap();
        logs.put(GROUP, &name, [(1000 - number, "x".to_owned())], 1000)
            .unwrap();
    }
    logs.ensure_stream(GROUP, "one-more", 2000).unwrap();
    let gone = format!("stream-{}", MAX_STREAMS - 1);
    assert_eq!(logs.events(GROUP, &gone), Err(LogsError::NoStream));
    assert!(logs.events(GROUP, "stream-0").is_ok());
}

#[test]
fn names_that_the_service_would_refuse_are_refused() {
    let logs = Logs::new();
    assert!(matches!(
        logs.create_group("a b", 0),
        Err(LogsError::InvalidGroupName(_))
    ));
    assert!(matches!(
        logs.create_group("", 0),
        Err(LogsError::InvalidGroupName(_))
    ));
    logs.create_group("g", 0).unwrap();
    let refused = logs.create_stream("g", "a:b", 0);
    assert!(matches!(refused, Err(LogsError::InvalidStreamName(_))));
    assert_eq!(logs.create_group("g", 0), Err(LogsError::GroupExists));
    assert_eq!(logs.create_stream("none", "s", 0), Err(LogsError::NoGroup));
    assert_eq!(logs.put("g", "s", [], 0), Err(LogsError::NoStream));
}
