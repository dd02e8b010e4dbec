use serde::{Deserialize, Serialize};

/// What a lenient parser made of some bytes: the value as far as it could be
/// read, and everything that was not as Spark writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parsed<T> {
    /// `None` when nothing usable could be read.
    pub value: Option<T>,
    /// In the order of the file; empty when the bytes are as Spark writes them.
    pub issues: Vec<Issue>,
}

impl<T> Parsed<T> {
    /// The value, if there is one and nothing at all was odd about it.
    pub fn flawless(self) -> Option<T> {
        if self.issues.is_empty() {
            self.value
        } else {
            None
        }
    }

    pub(crate) fn nothing(issue: Issue) -> Self {
        Self {
            value: None,
            issues: vec![issue],
        }
    }
}

/// One oddity in one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    /// Counted from 1; `None` when the file as a whole is meant.
    pub line: Option<u32>,
    pub code: IssueCode,
    /// A plain sentence with the evidence.
    pub message: String,
}

impl Issue {
    pub(crate) fn whole(code: IssueCode, message: impl Into<String>) -> Self {
        Self {
            line: None,
            code,
            message: message.into(),
        }
    }

    pub(crate) fn at(line: u32, code: IssueCode, message: impl Into<String>) -> Self {
        Self {
            line: Some(line),
            code,
            message: message.into(),
        }
    }
}

/// What kind of oddity it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IssueCode {
    /// The file holds no bytes.
    Empty,
    /// The bytes are not UTF-8.
    NotUtf8,
    /// The first line is no version as Spark writes it.
    BadHeader,
    /// The version is newer than any that is known.
    UnknownVersion,
    /// A line that must be there is not, or is blank.
    MissingLine,
    /// Text that should be JSON is not.
    BadJson,
    /// JSON, but of another shape.
    BadShape,
    /// An offset below zero: never resolved, so it must not be in a checkpoint.
    NegativeOffset,
    /// The same key twice.
    Duplicate,
    /// `-`, a source without an offset.
    VoidOffset,
    /// Harmless: an extra line, a carriage return, an unknown field.
    Unusual,
    /// The file ends before its end marker.
    Truncated,
    /// Bytes and their checksum do not agree.
    ChecksumMismatch,
}
