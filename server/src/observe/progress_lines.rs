//! Spark's progress events in a driver's log: `Streaming query made progress:`
//! and JSON, on one line or on many, depending on the release and on how the
//! log is shipped. Fields as in Spark's `StreamingQueryProgress`.

use domain::offsets::PartitionOffsets;
use domain::snapshot::Progress;
use domain::time::Millis;
use serde_json::Value;
use uuid::Uuid;

use super::progress_charts::Rates;

/// What stands before the JSON.
pub(super) const MARK: &str = "Streaming query made progress: ";
/// A progress event with many partitions has some hundred lines.
const LINES_MAX: usize = 5_000;
const EVENT_BYTES_MAX: usize = 1024 * 1024;

/// A progress event, with the topics that it read.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) progress: Progress,
    pub(super) topics: Vec<String>,
    /// For the charts.
    pub(super) rates: Rates,
}

/// The progress events in log messages of one log stream, in their order.
/// `cut_off` is true when the JSON of one goes on in messages that are not
/// here.
pub(super) fn parse<'a>(messages: impl Iterator<Item = &'a str>) -> (Vec<Told>, bool) {
    let mut told = Vec::new();
    let mut cut_off = false;
    let mut open: Option<(String, usize)> = None;
    for message in messages {
        let begins = message.find(MARK).map(|at| &message[at + MARK.len()..]);
        let (mut text, lines) = match (begins, open.take()) {
            (Some(json), before) => {
                cut_off |= before.is_some();
                (json.to_owned(), 1)
            }
            (None, Some((before, lines))) => (format!("{before}\n{message}"), lines + 1),
            (None, None) => continue,
        };
        match first_value(&text) {
            Ok(value) => told.extend(read(&value)),
            Err(error) if error.is_eof() => {
                if lines < LINES_MAX && text.len() < EVENT_BYTES_MAX {
                    text.shrink_to_fit();
                    open = Some((text, lines));
                }
            }
            // Something else was logged in between; the event is lost.
            Err(_) => {}
        }
    }
    (told, cut_off || open.is_some())
}

fn first_value(text: &str) -> Result<Value, serde_json::Error> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    match values.next() {
        Some(value) => value,
        // Nothing but blanks so far.
        None => serde_json::from_str(text),
    }
}

fn read(event: &Value) -> Option<Told> {
    let at: jiff::Timestamp = event["timestamp"].as_str()?.parse().ok()?;
    let batch = event["batchId"].as_i64()?;
    let sources = event["sources"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let rows = event["numInputRows"].as_u64().or_else(|| {
        // Before Spark 3.4 only the sources have it.
        sources
            .iter()
            .map(|source| source["numInputRows"].as_u64())
            .sum()
    });
    let duration_ms = event["batchDuration"]
        .as_i64()
        .or_else(|| event["durationMs"]["triggerExecution"].as_i64());
    let at = Millis(at.as_millisecond());
    let mut rates = Rates {
        at,
        input: rate(event, sources, "inputRowsPerSecond"),
        processed: rate(event, sources, "processedRowsPerSecond"),
        duration_ms,
        ..Rates::default()
    };
    let mut topics = Vec::new();
    for source in sources {
        if let Some(end) = offsets(&source["endOffset"]) {
            topics.extend(end.topics().map(str::to_owned));
            if let Some(latest) = offsets(&source["latestOffset"]) {
                rates.add_lag(&end, &latest);
            }
        }
    }
    let first = sources.first();
    Some(Told {
        progress: Progress {
            at,
            batch,
            query_id: event["id"].as_str().and_then(|id| Uuid::parse_str(id).ok()),
            input_rows: rows.unwrap_or_default(),
            duration_ms: duration_ms.unwrap_or_default(),
            start: first.and_then(|s| offsets(&s["startOffset"])),
            end: first.and_then(|s| offsets(&s["endOffset"])),
        },
        topics,
        rates,
    })
}

/// A rate of the whole query, or of its sources added up. Spark leaves out what
/// is no number, such as the input rate of the first batch.
fn rate(event: &Value, sources: &[Value], name: &str) -> Option<f64> {
    event[name].as_f64().or_else(|| {
        let rates: Vec<f64> = sources.iter().filter_map(|s| s[name].as_f64()).collect();
        (!rates.is_empty()).then(|| rates.iter().sum())
    })
}

/// An object, or (as other sources write it) a text that holds one.
fn offsets(value: &Value) -> Option<PartitionOffsets> {
    let text = match value {
        Value::Object(_) => value.to_string(),
        Value::String(text) => text.clone(),
        _ => return None,
    };
    PartitionOffsets::parse(&text).value
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = r#"{
  "id" : "6a01c9f0-0f64-4dd7-a7bd-6cbdd3a3a1c4",
  "runId" : "5d1a9f60-0f64-4dd7-a7bd-6cbdd3a3a1c4",
  "name" : "orders",
  "timestamp" : "2025-01-15T00:00:00.000Z",
  "batchId" : 12,
  "numInputRows" : 30,
  "processedRowsPerSecond" : 20.0,
  "durationMs" : { "triggerExecution" : 1500 },
  "sources" : [ {
    "description" : "KafkaV2[Subscribe[orders_events]]",
    "startOffset" : { "orders_events" : { "0" : 10 } },
    "endOffset" : { "orders_events" : { "0" : 40 } },
    "latestOffset" : { "orders_events" : { "0" : 52 } },
    "numInputRows" : 30,
    "inputRowsPerSecond" : 3.5
  } ]
}"#;

    fn parsed(messages: &[String]) -> (Vec<Told>, bool) {
        parse(messages.iter().map(String::as_str))
    }

    #[test]
    fn an_event_is_read_from_one_message_or_from_many() {
        let whole = format!("25/01/15 00:00:02 INFO MicroBatchExecution: {MARK}{JSON}");
        let lines: Vec<String> = whole.lines().map(str::to_owned).collect();
        let compact: Value = serde_json::from_str(JSON).unwrap();
        for messages in [
            vec![whole.clone()],
            lines,
            vec![format!("{MARK}{compact} tail")],
        ] {
            let (told, cut_off) = parsed(&messages);
            assert!(!cut_off);
            assert_eq!(told.len(), 1);
            let Told {
                progress,
                topics,
                rates,
            } = &told[0];
            assert_eq!(progress.at, Millis(1_736_899_200_000));
            assert_eq!((progress.batch, progress.input_rows), (12, 30));
            assert_eq!(progress.duration_ms, 1_500);
            assert_eq!(
                progress.end.as_ref().unwrap().get("orders_events", 0),
                Some(40)
            );
            assert_eq!(topics, &["orders_events"]);
            assert_eq!((rates.input, rates.processed), (Some(3.5), Some(20.0)));
            assert_eq!(rates.duration_ms, Some(1_500));
            let lag = rates.lag.get(&("orders_events".to_owned(), 0));
            assert_eq!(lag, Some(&12));
        }
    }

    #[test]
    fn an_event_without_its_end_says_so() {
        let first = format!("{MARK}{{");
        let (told, cut_off) = parsed(std::slice::from_ref(&first));
        assert!(told.is_empty() && cut_off);
        let next = format!("{MARK}{JSON}");
        let (told, cut_off) = parsed(&[first, next]);
        assert_eq!((told.len(), cut_off), (1, true));
    }

    #[test]
    fn what_is_no_event_is_passed_over() {
        for message in ["", "an ERROR", MARK, "Streaming query made progress: {]"] {
            assert!(parsed(&[message.to_owned()]).0.is_empty(), "{message:?}");
        }
    }
}
