//! What Spark makes of the bytes of one file, to the exact error.

use super::json_scan::{Fault, Json, scan};
use super::spark_line::SparkLine;
use super::text_lines::{java_lines, java_trim};

mod logs;
mod source_line;

pub use logs::{SparkOffsets, read_commit, read_metadata, read_offsets};
pub use source_line::{SourceKind, read_initial_offset, read_source_line};

/// An error as Spark throws it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SparkError {
    /// Java's name of the innermost cause.
    pub class: String,
    /// Spark's error condition, where it has one.
    pub condition: Option<String>,
    pub text: String,
}

impl SparkError {
    pub(super) fn new(class: &str, text: impl Into<String>) -> Self {
        Self {
            class: class.to_owned(),
            condition: None,
            text: text.into(),
        }
    }

    /// An error of Spark's own catalogue; from 4.0 on the text ends with the
    /// SQL state.
    pub(super) fn condition(
        line: SparkLine,
        class: &str,
        condition: &str,
        text: &str,
        sql_state: &str,
    ) -> Self {
        let state = if line >= SparkLine::V4_0 {
            format!(" SQLSTATE: {sql_state}")
        } else {
            String::new()
        };
        Self {
            class: class.to_owned(),
            condition: Some(condition.to_owned()),
            text: format!("[{condition}] {text}{state}"),
        }
    }

    pub(super) fn illegal_state(text: impl Into<String>) -> Self {
        Self::new("java.lang.IllegalStateException", text)
    }

    /// As `HDFSMetadataLog` passes it on, with the name of the file in front.
    /// Only an `IllegalStateException` is wrapped so.
    pub(super) fn in_log_file(mut self, path: &str) -> Self {
        if self.class.ends_with("IllegalStateException") {
            self.text = format!("Failed to read log file {path}. {}", self.text);
        }
        self
    }
}

/// Where Jackson read from, which its messages name.
#[derive(Clone, Copy)]
enum JsonFrom<'a> {
    Text(&'a str),
    Reader,
    Unknown,
}

fn json_fault(fault: Fault, from: JsonFrom<'_>, line: SparkLine) -> SparkError {
    let redacted = line >= SparkLine::V4_0;
    let source = match from {
        JsonFrom::Unknown => "UNKNOWN".to_owned(),
        _ if redacted => {
            "REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled)"
                .to_owned()
        }
        JsonFrom::Reader => "(InputStreamReader)".to_owned(),
        JsonFrom::Text(text) => shown_source(text),
    };
    match fault {
        Fault::NoContent => {
            let column = if redacted { "" } else { ", column: 0" };
            SparkError::new(
                "com.fasterxml.jackson.databind.exc.MismatchedInputException",
                format!(
                    "No content to map due to end-of-input\n \
                     at [Source: {source}; line: 1{column}]"
                ),
            )
        }
        Fault::Eof {
            message,
            opened,
            line,
            column,
        } => {
            let marker = opened.map_or(String::new(), |(line, column)| {
                format!(
                    " (start marker at [Source: {source}; line: {line}, column: {column}])"
                )
            });
            SparkError::new(
                "com.fasterxml.jackson.core.io.JsonEOFException",
                format!(
                    "{message}{marker}\n at [Source: {source}; line: {line}, column: \
                     {column}]"
                ),
            )
        }
        Fault::Parse {
            message,
            at_character,
            line,
            column,
        } => {
            let column = column - usize::from(at_character && redacted && column > 1);
            SparkError::new(
                "com.fasterxml.jackson.core.JsonParseException",
                format!(
                    "{message}\n at [Source: {source}; line: {line}, column: {column}]"
                ),
            )
        }
    }
}

/// Jackson shows the first 500 characters.
fn shown_source(text: &str) -> String {
    let count = text.chars().count();
    if count <= 500 {
        return format!("(String)\"{text}\"");
    }
    let head: String = text.chars().take(500).collect();
    format!("(String)\"{head}\"[truncated {} chars]", count - 500)
}

fn parse_json(
    text: &str,
    from: JsonFrom<'_>,
    line: SparkLine,
) -> Result<Json, SparkError> {
    scan(text).map_err(|fault| json_fault(fault, from, line))
}

/// What json4s says when a value has another type.
fn mapping(field: &str, wanted: &str) -> SparkError {
    SparkError::new(
        "org.json4s.MappingException",
        format!(
            "No usable value for {field}\nDid not find value which can be converted \
             into {wanted}"
        ),
    )
}

/// What json4s says when a value is there but of a type that it does not turn
/// into the one that is wanted.
fn unconvertible(field: &str, value: &str, wanted: &str) -> SparkError {
    SparkError::new(
        "org.json4s.MappingException",
        format!(
            "No usable value for {field}\nDo not know how to convert {value} into {wanted}"
        ),
    )
}

/// Why a checksum file beside a state file cannot be read, if it cannot.
pub(super) fn sidecar_fault(text: &str, line: SparkLine) -> Option<SparkError> {
    parse_json(text, JsonFrom::Unknown, line).err()
}

/// The text of a log file; Scala's `Source` refuses what is not UTF-8.
fn utf8(bytes: &[u8]) -> Result<&str, SparkError> {
    std::str::from_utf8(bytes).map_err(|error| {
        SparkError::new(
            "java.nio.charset.MalformedInputException",
            format!("Input length = {}", error.error_len().unwrap_or(1)),
        )
    })
}

/// How a log judges the number in its first line.
#[derive(Clone, Copy)]
enum VersionRule {
    Max(i32),
    Exactly(i32),
}

/// A version that a state schema may have, as its own first text says it.
pub(super) fn check_schema_version(
    text: &str,
    line: SparkLine,
) -> Result<i32, SparkError> {
    let newest = if line >= SparkLine::V4_0 { 3 } else { 2 };
    check_version(text, VersionRule::Max(newest), line)
}

/// `validateVersion` and `validateVersionExactMatch`: the number is read by
/// Java's `toInt`, so `v01` passes and a blank behind it does not.
fn check_version(
    text: &str,
    rule: VersionRule,
    line: SparkLine,
) -> Result<i32, SparkError> {
    let number = text
        .strip_prefix('v')
        .filter(|digits| {
            let digits = digits.strip_prefix(['+', '-']).unwrap_or(digits);
            !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
        })
        .and_then(|digits| digits.parse::<i32>().ok())
        .filter(|number| *number > 0);
    let Some(number) = number else {
        return Err(malformed(text, line));
    };
    match rule {
        VersionRule::Max(max) if number > max => Err(unsupported(number, max, line)),
        VersionRule::Exactly(only) if number != only => {
            Err(not_exactly(number, only, line))
        }
        _ => Ok(number),
    }
}

fn malformed(text: &str, line: SparkLine) -> SparkError {
    let said = format!(
        "Log file was malformed: failed to read correct log version from {text}."
    );
    if line >= SparkLine::V4_0 {
        SparkError::condition(line, ILLEGAL_STATE, "MALFORMED_LOG_FILE", &said, "KD002")
    } else {
        SparkError::illegal_state(said)
    }
}

fn unsupported(version: i32, max: i32, line: SparkLine) -> SparkError {
    if line >= SparkLine::V4_0 {
        let said = format!(
            "UnsupportedLogVersion. The maximum supported log version is v{max}, but \
             encountered v{version}. The log file was produced by a newer version of \
             Spark and cannot be read by this version. You need to upgrade."
        );
        let condition = "INVALID_LOG_VERSION.MAX_SUPPORTED_VERSION";
        SparkError::condition(line, ILLEGAL_STATE, condition, &said, "KD002")
    } else {
        SparkError::illegal_state(format!(
            "UnsupportedLogVersion: maximum supported log version is v{max}, but \
             encountered v{version}. The log file was produced by a newer version of \
             Spark and cannot be read by this version. Please upgrade."
        ))
    }
}

fn not_exactly(version: i32, only: i32, line: SparkLine) -> SparkError {
    let said = format!(
        "UnsupportedLogVersion. The only supported log version is v{only}, but \
         encountered v{version}."
    );
    let condition = "INVALID_LOG_VERSION.EXACT_MATCH_VERSION";
    SparkError::condition(line, ILLEGAL_STATE, condition, &said, "KD002")
}

/// From 4.0 on; before, it is Java's own.
const ILLEGAL_STATE: &str = "org.apache.spark.SparkIllegalStateException";
