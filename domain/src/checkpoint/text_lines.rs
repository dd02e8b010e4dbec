use super::parsed::{Issue, IssueCode};

/// Lines as Java's `BufferedReader.readLine` cuts them: `\n`, `\r` and `\r\n`
/// end a line, and nothing after the last end is no line.
pub(super) fn java_lines(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let Some(end) = rest.find(['\n', '\r']) else {
            lines.push(rest);
            break;
        };
        lines.push(&rest[..end]);
        let skip = if rest[end..].starts_with("\r\n") {
            2
        } else {
            1
        };
        rest = &rest[end + skip..];
    }
    lines
}

/// What Java's `trim` takes away: everything up to and with the space.
pub(super) fn java_trim(text: &str) -> &str {
    text.trim_matches(|c: char| c <= ' ')
}

/// The text of a log file, or why there is none.
pub(super) fn text_of(bytes: &[u8]) -> Result<&str, Issue> {
    if bytes.is_empty() {
        return Err(Issue::whole(IssueCode::Empty, "The file is empty."));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        Issue::whole(
            IssueCode::NotUtf8,
            format!(
                "The file is not UTF-8 from byte {} on.",
                error.valid_up_to()
            ),
        )
    })
}

/// A log file whose first line is its version.
pub(super) struct Versioned<'a> {
    pub(super) version: u32,
    pub(super) text: &'a str,
    /// With the version's.
    pub(super) lines: Vec<&'a str>,
}

/// The lines of a log file of a version up to `newest`, or why there are none.
pub(super) fn versioned(bytes: &[u8], newest: u32) -> Result<Versioned<'_>, Issue> {
    let text = text_of(bytes)?;
    let lines = java_lines(text);
    let version = version_line(lines.first().copied().unwrap_or(""), newest)?;
    Ok(Versioned {
        version,
        text,
        lines,
    })
}

/// The number in a version line that is exactly `v<number>`, with the issues
/// of one that is not quite so.
pub(super) fn version_line(line: &str, newest: u32) -> Result<u32, Issue> {
    let digits = line.strip_prefix('v');
    let number = digits
        .filter(|digits| !digits.is_empty())
        .filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
        .and_then(|digits| digits.parse::<i32>().ok())
        .and_then(|number| u32::try_from(number).ok())
        .filter(|number| *number > 0);
    match number {
        None => Err(Issue::at(
            1,
            IssueCode::BadHeader,
            format!("The first line should be v1 but is {line:?}."),
        )),
        Some(version) if version > newest => Err(Issue::at(
            1,
            IssueCode::UnknownVersion,
            format!("The file has version {version}, newer than {newest}."),
        )),
        Some(version) => Ok(version),
    }
}
