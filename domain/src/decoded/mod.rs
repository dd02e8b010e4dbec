//! A checkpoint file, taken apart for people: what it is, what it says, and
//! which line is not as Spark writes it. Nothing here decides anything; that is
//! done by [`crate::checkpoint`], whose parsers are used.

mod logs;
mod raw;
mod state;

use serde::{Deserialize, Serialize};

use crate::checkpoint::{CheckpointFile, Issue, IssueCode};

pub use raw::HexRow;

/// A file as it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decoded {
    /// What it is: "Offset log, batch 12".
    pub title: String,
    /// What Spark has it for, in a sentence or two.
    pub about: String,
    /// What it says, by name.
    pub facts: Vec<(String, String)>,
    /// What it lists.
    pub sheets: Vec<Sheet>,
    /// Its text, line by line; empty where it is none.
    pub lines: Vec<TextLine>,
    /// How many lines more it has.
    pub lines_left: u64,
    /// The first bytes, where it is no text.
    pub hex: Vec<HexRow>,
    /// What is not as Spark writes it.
    pub issues: Vec<Issue>,
    /// Files that are read together with it: a word, and the key.
    pub beside: Vec<(String, String)>,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sheet {
    /// What is listed.
    pub title: String,
    /// The names of the columns.
    pub head: Vec<String>,
    /// The cells, row by row.
    pub rows: Vec<Vec<String>>,
    /// From this column on the cells are numbers.
    pub numbers_from: u32,
}

/// A line of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextLine {
    /// Counted from 1.
    pub number: u32,
    /// The text, without its end.
    pub text: String,
    /// Whether more of it was left out.
    pub cut: bool,
}

/// Takes a file apart. `key` is relative to the checkpoint.
#[must_use]
pub fn decode(key: &str, bytes: &[u8]) -> Decoded {
    let mut file = match CheckpointFile::of_key(key) {
        CheckpointFile::Metadata => logs::metadata(bytes),
        CheckpointFile::Offsets(batch) => logs::offsets(batch, bytes),
        CheckpointFile::Commits(batch) => logs::commit(batch, bytes),
        CheckpointFile::SourceOffset(source) => logs::seed(source, bytes),
        CheckpointFile::State(file) => state::versioned(&file, bytes),
        CheckpointFile::StateChecksum(file) => state::checksum(&file, bytes),
        CheckpointFile::StateSst { op, partition, .. } => state::sst(op, partition),
        CheckpointFile::StateLog { op, partition, .. } => state::log(op, partition),
        CheckpointFile::StateSchema { op, store, .. } => state::schema(op, &store, bytes),
        CheckpointFile::OperatorMetadata { op, batch } => {
            state::operator(op, batch, bytes)
        }
        CheckpointFile::StateSchemaSince { op, store, .. } => {
            state::schema(op, &store, bytes)
        }
        CheckpointFile::LocalChecksum => described(
            "Checksum of a local file system",
            "Hadoop writes it on local disks only. On S3 it means nothing and came by a copy.",
        ),
        CheckpointFile::Temp => described(
            "Temporary file",
            "A write that was cut off. Spark passes it over, but from 4.1 on any file in offsets/, commits/ or state/ keeps a query from beginning at batch 0.",
        ),
        CheckpointFile::Marker => described(
            "Folder marker",
            "Made by the file system for a folder; Spark passes it over.",
        ),
        CheckpointFile::InsideBatchDirectory { batch, .. } => described(
            "A file where a batch should be",
            &format!(
                "It makes a folder of the name {batch}, under which Spark expects a file."
            ),
        ),
        CheckpointFile::Other => described(
            "Unknown file",
            "Spark writes no file of this name in a checkpoint.",
        ),
    };
    file.facts.insert(
        0,
        ("Size".to_owned(), crate::text::bytes(bytes.len() as u64)),
    );
    if bytes.is_empty() && file.issues.is_empty() && !key.ends_with('/') {
        let empty = "The file is empty: it has no bytes.";
        file.issues.push(issue(None, IssueCode::Empty, empty));
    }
    match raw::text(bytes) {
        Some(text) => (file.lines, file.lines_left) = raw::lines(text),
        None => file.hex = raw::hex(bytes),
    }
    file
}

fn described(title: &str, about: &str) -> Decoded {
    Decoded {
        title: title.to_owned(),
        about: about.to_owned(),
        ..Decoded::default()
    }
}

fn issue(line: Option<u32>, code: IssueCode, message: impl Into<String>) -> Issue {
    Issue {
        line,
        code,
        message: message.into(),
    }
}

impl Decoded {
    fn fact(&mut self, name: &str, value: impl Into<String>) {
        self.facts.push((name.to_owned(), value.into()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFSETS: &str = "v1\n{\"batchWatermarkMs\":0,\"batchTimestampMs\":1736899200000,\
        \"conf\":{\"spark.sql.shuffle.partitions\":\"5\"}}\n\
        {\"orders_events\":{\"1\":190,\"0\":1204}}";

    fn fact<'a>(file: &'a Decoded, name: &str) -> Option<&'a str> {
        let found = file.facts.iter().find(|(fact, _)| fact == name);
        found.map(|(_, value)| value.as_str())
    }

    #[test]
    fn an_offset_log_shows_its_offsets_and_its_conf() {
        let file = decode("offsets/12", OFFSETS.as_bytes());
        assert_eq!(file.title, "Offset log, batch 12");
        assert_eq!(fact(&file, "Version"), Some("1"));
        assert_eq!(fact(&file, "Planned"), Some("2025-01-15 00:00:00 UTC"));
        assert_eq!(fact(&file, "Watermark"), Some("none"));
        assert_eq!(
            file.sheets[0].rows,
            [
                ["orders_events", "0", "1,204"],
                ["orders_events", "1", "190"]
            ]
        );
        assert_eq!(file.sheets[1].rows, [["spark.sql.shuffle.partitions", "5"]]);
        assert_eq!(file.lines.len(), 3);
        assert_eq!(file.lines[2].number, 3);
        assert!(file.issues.is_empty() && file.hex.is_empty(), "{file:#?}");
        let beside: Vec<&str> = file.beside.iter().map(|(_, key)| key.as_str()).collect();
        assert_eq!(beside, ["commits/12", "offsets/11", "offsets/13"]);
    }

    #[test]
    fn the_offending_line_is_named() {
        for (key, text, line) in [
            ("offsets/12", OFFSETS.replace("1204", "-2"), 3),
            ("offsets/12", OFFSETS.replace(":190", ""), 3),
            ("offsets/12", OFFSETS.replace("v1", "v1 "), 1),
            ("offsets/12", OFFSETS.replace("{\"batchW", "\n{\"batchW"), 2),
            ("commits/12", "v1\n{\"next".to_owned(), 2),
            ("metadata", "{\"id\":\"abc\"}".to_owned(), 1),
            ("sources/0/0", "\0v1\n{\"a\":{\"0\":-1}}".to_owned(), 2),
        ] {
            let file = decode(key, text.as_bytes());
            let lines: Vec<Option<u32>> = file.issues.iter().map(|i| i.line).collect();
            assert!(
                lines.contains(&Some(line)),
                "{key} {text:?}: {:?}",
                file.issues
            );
        }
    }

    #[test]
    fn an_offset_log_of_4_2_is_read_by_the_ids_of_its_sources() {
        let text = OFFSETS
            .replace("v1", "v2")
            .replace("\n{\"orders", "\n0:{\"orders");
        let file = decode("offsets/12", text.as_bytes());
        assert_eq!(file.sheets[0].rows.len(), 2, "{file:#?}");
        assert!(file.sheets[0].title.contains("source 0"));
    }

    #[test]
    fn a_seed_shows_its_leading_byte() {
        let file = decode("sources/0/0", b"\0v1\n{\"orders_events\":{\"0\":23}}");
        assert_eq!(fact(&file, "First byte"), Some("00, which Spark skips"));
        assert_eq!(file.lines[0].text, "\u{2400}v1");
        assert_eq!(file.sheets[0].rows, [["orders_events", "0", "23"]]);
        let bare = decode("sources/0/0", b"v1\n{\"orders_events\":{\"0\":23}}");
        assert!(fact(&bare, "First byte").unwrap().starts_with("76 ("));
    }

    #[test]
    fn a_commit_and_the_metadata_say_what_they_hold() {
        let file = decode("commits/7", b"v1\n{\"nextBatchWatermarkMs\":1736899200000}");
        assert_eq!(
            fact(&file, "Next watermark"),
            Some("2025-01-15 00:00:00 UTC")
        );
        let id = "5b0c4824-5d6d-4f9e-b1a4-0a53ef144619";
        let file = decode("metadata", format!("{{\"id\":\"{id}\"}}").as_bytes());
        assert_eq!(fact(&file, "Query id"), Some(id));
    }

    #[test]
    fn state_says_its_kind_and_whether_it_is_whole() {
        let whole = decode("state/0/3/12.delta", &[]);
        assert_eq!(fact(&whole, "Partition"), Some("3"));
        assert!(!whole.issues.is_empty());
        let torn = decode("state/0/3/12.zip", b"PK\x03\x04rest");
        assert_eq!(fact(&torn, "Whole"), Some("no"));
        assert!(torn.lines.is_empty() && !torn.hex.is_empty());
        let zstd = decode("state/0/3/12.delta", &[0x28, 0xb5, 0x2f, 0xfd, 1]);
        assert!(
            fact(&zstd, "Whole").unwrap().starts_with("unknown"),
            "{zstd:#?}"
        );
    }

    #[test]
    fn bytes_that_are_no_text_are_shown_in_hexadecimal() {
        let file = decode("offsets/.12.tmp", &[0, 1, 0xff, b'A']);
        assert_eq!(file.title, "Temporary file");
        assert_eq!(file.hex[0].bytes, "00 01 ff 41");
        assert_eq!(file.hex[0].text, "···A");
    }

    #[test]
    fn nothing_makes_it_panic() {
        let keys = [
            "metadata",
            "offsets/9223372036854775807",
            "offsets/-1",
            "commits/0",
            "sources/0/0",
            "state/0/0/1.delta",
            "state/0/0/1.snapshot",
            "state/0/0/1.changelog",
            "state/0/0/1.zip",
            "state/0/0/1.zip.crc",
            "state/0/0/_metadata/schema",
            "state/0/_metadata/metadata",
            "state/0/0/SSTs/1.sst",
            "",
            "x",
            "offsets/7/x",
        ];
        let whole = OFFSETS.as_bytes();
        for key in keys {
            for end in 0..whole.len() {
                let _shown = decode(key, &whole[..end]);
            }
            let _shown = decode(key, &[0xff; 40]);
        }
    }
}
