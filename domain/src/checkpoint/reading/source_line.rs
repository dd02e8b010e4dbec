use super::{
    Json, JsonFrom, SparkError, SparkLine, VersionRule, check_version, mapping,
    parse_json, scan,
};

/// Which source wrote a line, as far as its form tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKind {
    /// `{"topic":{"0":23}}`
    Kafka,
    /// `{"offset":60,"timestamp":1700000006000}`: the source that Spark has for
    /// tests, `rate-micro-batch`.
    RateMicroBatch,
    /// Any other; its lines are not judged.
    Other,
}

impl SourceKind {
    /// By the form of a line that is whole; `None` when it tells nothing.
    pub fn of_line(text: &str) -> Option<Self> {
        let json = scan(text).ok()?;
        let whole = |name| matches!(json.field(name), Some(Json::Int(_)));
        if whole("offset") && whole("timestamp") {
            return Some(Self::RateMicroBatch);
        }
        match json {
            // No topic at all tells nothing.
            Json::Object(fields) if fields.is_empty() => None,
            json if kafka_shape(&json) => Some(Self::Kafka),
            json @ Json::Object(_) if json.field("logOffset").is_some() => {
                Some(Self::Other)
            }
            Json::Int(_) => Some(Self::Other),
            _ => None,
        }
    }
}

/// What json4s takes for a `Map[String, Map[Int, Long]]`.
fn kafka_shape(json: &Json) -> bool {
    let Json::Object(topics) = json else {
        return false;
    };
    topics.iter().all(|(_, partitions)| {
        let Json::Object(partitions) = partitions else {
            return false;
        };
        partitions.iter().all(|(partition, offset)| {
            java_int(partition) && matches!(offset, Json::Int(_) | Json::Double(_))
        })
    })
}

fn java_int(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && text.parse::<i32>().is_ok()
}

/// One offset line, as its source parses it.
pub fn read_source_line(
    text: &str,
    kind: SourceKind,
    line: SparkLine,
) -> Result<(), SparkError> {
    match kind {
        SourceKind::Kafka => match scan(text) {
            Ok(json) if kafka_shape(&json) => Ok(()),
            _ => Err(SparkError::new(
                "java.lang.IllegalArgumentException",
                format!(
                    "Expected e.g. {{\"topicA\":{{\"0\":23,\"1\":-1}},\
                     \"topicB\":{{\"0\":-2}}}}, got {text}"
                ),
            )),
        },
        SourceKind::RateMicroBatch => {
            let json = parse_json(text, JsonFrom::Text(text), line)?;
            if json == Json::Null {
                return Err(SparkError::illegal_state(
                    "The type of Offset should be RatePerMicroBatchStreamOffset",
                ));
            }
            for field in ["offset", "timestamp"] {
                if !matches!(json.field(field), Some(Json::Int(_) | Json::Double(_))) {
                    return Err(mapping(field, "long"));
                }
            }
            Ok(())
        }
        SourceKind::Other => Ok(()),
    }
}

/// `sources/<i>/0` of a Kafka source, as `KafkaSourceInitialOffsetWriter`
/// takes it: the line of offsets in it.
pub fn read_initial_offset(bytes: &[u8], line: SparkLine) -> Result<String, SparkError> {
    // One byte is skipped whatever it is, for the files of Spark 2.1.
    let rest = bytes.get(1..).unwrap_or_default();
    let text = String::from_utf8_lossy(rest);
    if text.is_empty() {
        return Err(SparkError::new(
            "java.lang.IllegalArgumentException",
            "requirement failed",
        ));
    }
    let json = if text.starts_with('v') {
        let Some((first, json)) = text.split_once('\n') else {
            return Err(SparkError::illegal_state(
                "Log file was malformed: failed to detect the log file version line.",
            ));
        };
        check_version(first, VersionRule::Max(1), line)?;
        json
    } else {
        &text
    };
    read_source_line(json, SourceKind::Kafka, line)?;
    Ok(json.to_owned())
}
