//! `_spark_metadata/<batch>` and `<batch>.compact` in the output of Spark's own
//! file sink: which files each batch wrote. It lies beside the data, not in the
//! checkpoint. Source of the format: Spark's `FileStreamSinkLog.scala` and
//! `CompactibleFileStreamLog.scala`.

use serde::{Deserialize, Serialize};

use super::layout::java_long;
use super::parsed::{Issue, IssueCode, Parsed};
use super::text_lines::{Versioned, versioned};

/// What a name in `_spark_metadata` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SinkLogName {
    /// The files of one batch.
    Batch(i64),
    /// The files of all batches up to and with this one.
    Compact(i64),
}

impl SinkLogName {
    /// By the name below `_spark_metadata/`; `None` for a leftover.
    pub fn of(name: &str) -> Option<Self> {
        match name.strip_suffix(".compact") {
            Some(batch) => java_long(batch).map(Self::Compact),
            None => java_long(name).map(Self::Batch),
        }
    }

    /// The newest batch that it speaks of.
    pub fn batch(self) -> i64 {
        match self {
            Self::Batch(batch) | Self::Compact(batch) => batch,
        }
    }
}

/// One file of the log: `v1`, then a file of the output on each line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SinkLog {
    pub version: u32,
    pub files: Vec<SinkFile>,
}

/// One file of the output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SinkFile {
    /// Absolute, so that a moved output points at where it was.
    pub path: String,
    /// In bytes.
    pub size: i64,
    pub is_dir: bool,
    /// Milliseconds since the epoch.
    pub modification_time: i64,
    pub block_replication: i32,
    pub block_size: i64,
    /// `add`; older versions also wrote `delete`.
    pub action: String,
}

impl SinkLog {
    /// Spark's exact bytes: no newline at the end.
    pub fn render(&self) -> String {
        let mut text = format!("v{}", self.version);
        for file in &self.files {
            text.push('\n');
            let json = serde_json::to_string(file).expect("texts and numbers are JSON");
            text.push_str(&json);
        }
        text
    }

    /// A line that cannot be read is left out of the value and is an issue.
    pub fn parse(bytes: &[u8]) -> Parsed<Self> {
        let Versioned { version, lines, .. } = match versioned(bytes, 1) {
            Ok(read) => read,
            Err(issue) => return Parsed::nothing(issue),
        };
        let mut files = Vec::new();
        let mut issues = Vec::new();
        for (index, line) in lines.iter().enumerate().skip(1) {
            match serde_json::from_str(line) {
                Ok(file) => files.push(file),
                Err(error) => {
                    let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
                    let code = if error.is_data() {
                        IssueCode::BadShape
                    } else {
                        IssueCode::BadJson
                    };
                    issues.push(Issue::at(
                        number,
                        code,
                        format!("The line names no file: {error}."),
                    ));
                }
            }
        }
        Parsed {
            value: Some(Self { version, files }),
            issues,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "{\"path\":\"file:///out/part-0.json\",\"size\":510,\"isDir\":false,\
                        \"modificationTime\":1700000001000,\"blockReplication\":1,\
                        \"blockSize\":33554432,\"action\":\"add\"}";

    #[test]
    fn names_are_batches_or_compactions_of_them() {
        assert_eq!(SinkLogName::of("9.compact"), Some(SinkLogName::Compact(9)));
        assert_eq!(SinkLogName::of("10"), Some(SinkLogName::Batch(10)));
        assert_eq!(SinkLogName::of(".10.uuid.tmp"), None);
        assert_eq!(
            SinkLogName::of("19.compact").map(SinkLogName::batch),
            Some(19)
        );
    }

    #[test]
    fn the_lines_of_spark_are_read_and_written_again() {
        let text = format!("v1\n{LINE}\n{LINE}");
        let log = SinkLog::parse(text.as_bytes()).flawless().unwrap();
        assert_eq!(log.files.len(), 2);
        assert_eq!(log.files[0].size, 510);
        assert_eq!(log.render(), text);
        // A batch without output.
        assert_eq!(SinkLog::parse(b"v1").flawless().unwrap().files, []);
    }

    #[test]
    fn a_line_that_was_cut_off_is_left_out_and_said() {
        let text = format!("v1\n{LINE}\n{}", &LINE[..40]);
        let parsed = SinkLog::parse(text.as_bytes());
        assert_eq!(parsed.value.unwrap().files.len(), 1);
        assert_eq!(parsed.issues[0].line, Some(3));
        assert_eq!(parsed.issues[0].code, IssueCode::BadJson);
    }
}
