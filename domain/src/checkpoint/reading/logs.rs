use super::{
    Json, JsonFrom, SparkError, SparkLine, VersionRule, check_version, java_lines,
    java_trim, mapping, parse_json, unconvertible, utf8,
};
use crate::checkpoint::offset_log::{VOID, in_order, source_id};

/// `metadata`, as `StreamMetadata.read` and `UUID.fromString` take it: the id
/// as it stands there.
pub fn read_metadata(bytes: &[u8], line: SparkLine) -> Result<String, SparkError> {
    // An `InputStreamReader` puts a replacement character for what is not
    // UTF-8 instead of giving up.
    let text = String::from_utf8_lossy(bytes);
    let json = parse_json(&text, JsonFrom::Reader, line)?;
    if json == Json::Null {
        let inner = if line >= SparkLine::V4_1 {
            ".runtime"
        } else {
            ""
        };
        let package = format!("org.apache.spark.sql.execution.streaming{inner}");
        return Err(SparkError::new(
            NULL_POINTER,
            format!(
                "Cannot invoke \"{package}.StreamMetadata.id()\" because the return value \
                 of \"{package}.StreamExecution.streamMetadata()\" is null"
            ),
        ));
    }
    let id = match json.field("id") {
        Some(Json::Text(id)) => id.clone(),
        Some(Json::Int(number) | Json::Double(number)) => number.clone(),
        Some(Json::Null) => {
            return Err(SparkError::new(
                NULL_POINTER,
                "Cannot invoke \"String.length()\" because \"name\" is null",
            ));
        }
        Some(Json::Bool(value)) => {
            let value = format!("JBool({value})");
            return Err(unconvertible("id", &value, "class java.lang.String"));
        }
        _ => return Err(mapping("id", "java.lang.String")),
    };
    java_uuid(&id)?;
    Ok(id)
}

const NULL_POINTER: &str = "java.lang.NullPointerException";

/// What the JSON `null` becomes where an object is read: no error until its
/// first field is asked for. 4.1 moved the classes.
fn null_pointer(line: SparkLine, call: &str, variable: &str) -> SparkError {
    let inner = if line >= SparkLine::V4_1 {
        ".checkpointing"
    } else {
        ""
    };
    SparkError::new(
        NULL_POINTER,
        format!(
            "Cannot invoke \"org.apache.spark.sql.execution.streaming{inner}.{call}\" \
             because \"{variable}\" is null"
        ),
    )
}

/// `UUID.fromString`: five groups of hexadecimal digits, which may be shorter
/// than they should be.
fn java_uuid(text: &str) -> Result<(), SparkError> {
    let argument = |said: String| SparkError::new(ILLEGAL_ARGUMENT, said);
    if text.encode_utf16().count() > 36 {
        return Err(argument("UUID string too large".to_owned()));
    }
    let groups: Vec<&str> = text.split('-').collect();
    if groups.len() != 5 {
        return Err(argument(format!("Invalid UUID string: {text}")));
    }
    for group in groups {
        let bad = group.char_indices().find(|(_, c)| !c.is_ascii_hexdigit());
        if let Some((index, _)) = bad {
            let said = format!("Error at index {index} in: \"{group}\"");
            return Err(SparkError::new(NUMBER_FORMAT, said));
        }
        if group.is_empty() || group.trim_start_matches('0').len() > 16 {
            return Err(SparkError::new(NUMBER_FORMAT, ""));
        }
    }
    Ok(())
}

const ILLEGAL_ARGUMENT: &str = "java.lang.IllegalArgumentException";
const NUMBER_FORMAT: &str = "java.lang.NumberFormatException";

/// What Spark keeps of a file in `offsets/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SparkOffsets {
    /// `None` when the second line is blank.
    pub metadata: Option<SparkMetadataLine>,
    /// By source occurrence; `None` for `-`.
    pub sources: Vec<Option<String>>,
}

/// The second line of a file in `offsets/`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SparkMetadataLine {
    pub batch_watermark_ms: i64,
    pub batch_timestamp_ms: i64,
    pub conf: std::collections::BTreeMap<String, String>,
}

/// `offsets/<batch>`, as `OffsetSeqLog.deserialize` takes it. The lines of the
/// sources are kept as texts; they are parsed later, by the source.
pub fn read_offsets(bytes: &[u8], line: SparkLine) -> Result<SparkOffsets, SparkError> {
    let text = utf8(bytes)?;
    let mut lines = java_lines(text).into_iter();
    let Some(first) = lines.next() else {
        return Err(SparkError::illegal_state("Incomplete log file"));
    };
    let newest = if line >= SparkLine::V4_2 { 2 } else { 1 };
    let version = check_version(first, VersionRule::Max(newest), line)?;
    let Some(second) = lines.next() else {
        return Err(SparkError::new(
            "java.util.NoSuchElementException",
            "next on empty iterator",
        ));
    };
    let version = u32::try_from(version).unwrap_or_default();
    let mut named: Vec<(&str, &str)> = lines
        .map(|text| source_id(version, text).unwrap_or(("", text)))
        .collect();
    in_order(&mut named);
    let sources = named
        .into_iter()
        .map(|(_, offset)| (offset != VOID).then(|| offset.to_owned()))
        .collect();
    let metadata = match java_trim(second) {
        "" => None,
        json => Some(metadata_line(json, line)?),
    };
    Ok(SparkOffsets { metadata, sources })
}

fn metadata_line(text: &str, line: SparkLine) -> Result<SparkMetadataLine, SparkError> {
    let json = parse_json(text, JsonFrom::Text(text), line)?;
    if json == Json::Null {
        return Err(null_pointer(line, "OffsetSeqMetadata.conf()", "metadata$1"));
    }
    // Any other value that is no object has no fields, and all have defaults.
    let mut read = SparkMetadataLine {
        batch_watermark_ms: whole(&json, "batchWatermarkMs")?,
        batch_timestamp_ms: whole(&json, "batchTimestampMs")?,
        conf: std::collections::BTreeMap::new(),
    };
    match json.field("conf") {
        None | Some(Json::Null) => {}
        Some(Json::Object(fields)) => {
            for (key, value) in fields {
                let value = match value {
                    Json::Text(text) | Json::Int(text) | Json::Double(text) => {
                        text.clone()
                    }
                    _ => return Err(mapping("conf", "java.lang.String")),
                };
                read.conf.insert(key.clone(), value);
            }
        }
        Some(_) => return Err(mapping("conf", "map")),
    }
    Ok(read)
}

/// A whole number that may be left out, for which Spark takes 0.
fn whole(json: &Json, name: &str) -> Result<i64, SparkError> {
    match json.field(name) {
        None => Ok(0),
        Some(Json::Int(text)) => {
            // Scala's `BigInt.longValue` wraps; no real file comes near.
            Ok(text.parse().unwrap_or(i64::MAX))
        }
        Some(Json::Double(text)) => {
            let value: f64 = text.parse().map_err(|_| mapping(name, "long"))?;
            // Java's cast from double to long cuts and saturates, as `as` does.
            Ok(value as i64)
        }
        Some(Json::Text(text)) => {
            Err(unconvertible(name, &format!("JString({text})"), "long"))
        }
        Some(_) => Err(mapping(name, "long")),
    }
}

/// `commits/<batch>`, as `CommitLog.deserialize` takes it. Gives whether the
/// commit names its state files.
pub fn read_commit(
    bytes: &[u8],
    line: SparkLine,
    format: u32,
) -> Result<bool, SparkError> {
    let text = utf8(bytes)?;
    let mut lines = java_lines(text).into_iter();
    let Some(first) = lines.next() else {
        return Err(SparkError::illegal_state(
            "Incomplete log file in the offset commit log",
        ));
    };
    let rule = if line >= SparkLine::V4_0 {
        VersionRule::Exactly(i32::try_from(format).unwrap_or(i32::MAX))
    } else {
        VersionRule::Max(1)
    };
    check_version(java_trim(first), rule, line)?;
    let Some(second) = lines.next() else {
        return Ok(false);
    };
    let json = parse_json(second, JsonFrom::Text(second), line)?;
    if json == Json::Null {
        let call = if line >= SparkLine::V4_0 {
            "CommitMetadata.stateUniqueIds()"
        } else {
            "CommitMetadata.nextBatchWatermarkMs()"
        };
        return Err(null_pointer(line, call, "commitMetadata"));
    }
    whole(&json, "nextBatchWatermarkMs")?;
    Ok(matches!(
        json.field("stateUniqueIds"),
        Some(Json::Object(_))
    ))
}
