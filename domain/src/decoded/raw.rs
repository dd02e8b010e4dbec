//! Bytes as they are: as text where they are text, else in hexadecimal.

use serde::{Deserialize, Serialize};

use super::TextLine;

const LINES_MAX: usize = 400;
const CHARS_MAX: usize = 20_000;
const HEX_ROWS: usize = 16;
const HEX_COLUMNS: usize = 16;

/// Sixteen bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HexRow {
    /// Of the first of them.
    pub offset: u32,
    /// `00 76 31 0a`.
    pub bytes: String,
    /// The letters among them, `·` for what is none.
    pub text: String,
}

/// The bytes as text, if they are one. A leading zero byte, as seeds have it,
/// is no reason against it.
pub(super) fn text(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    let odd = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    let inner = text.strip_prefix('\0').unwrap_or(text);
    (!inner.contains(odd)).then_some(text)
}

/// The lines, and how many more there are. What cannot be seen is made so.
pub(super) fn lines(text: &str) -> (Vec<TextLine>, u64) {
    if text.is_empty() {
        return (Vec::new(), 0);
    }
    let all = text.split('\n');
    let left = all.clone().count().saturating_sub(LINES_MAX) as u64;
    let lines = (1_u32..)
        .zip(all)
        .take(LINES_MAX)
        .map(|(number, line)| {
            let shown = line.chars().take(CHARS_MAX).map(|c| match c {
                '\0' => '\u{2400}',
                '\r' => '\u{240d}',
                other => other,
            });
            TextLine {
                number,
                text: shown.collect(),
                cut: line.chars().nth(CHARS_MAX).is_some(),
            }
        })
        .collect();
    (lines, left)
}

/// The head of the file.
pub(super) fn hex(bytes: &[u8]) -> Vec<HexRow> {
    (0_u32..)
        .zip(bytes.chunks(HEX_COLUMNS).take(HEX_ROWS))
        .map(|(row, bytes)| {
            let pairs: Vec<String> = bytes.iter().map(|b| format!("{b:02x}")).collect();
            let letter = |b: &u8| match b {
                0x20..=0x7e => char::from(*b),
                _ => '·',
            };
            HexRow {
                offset: row * 16,
                bytes: pairs.join(" "),
                text: bytes.iter().map(letter).collect(),
            }
        })
        .collect()
}
