//! The commands of the runbook, read out of its text, so that a new command in the
//! text is a new test.

use std::path::{Path, PathBuf};

/// One command, as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The heading that it stands under, with the option where there is one.
    pub place: String,
    /// The text, with its line breaks.
    pub text: String,
}

/// The runbook's text.
pub fn text() -> String {
    let path = root().join("docs/runbook.md");
    std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{} cannot be read: {error}", path.display()))
}

/// Every command in the ```` ```bash ```` blocks of a runbook, in order. Comments and
/// settings of a job (`startingOffsets: …`) are no commands.
pub fn commands(markdown: &str) -> Vec<Command> {
    let mut commands = Vec::new();
    let mut heading = String::new();
    let mut option: Option<String> = None;
    let mut block: Option<Vec<&str>> = None;
    for line in markdown.lines() {
        if let Some(lines) = &mut block {
            if line.trim_end() == "```" {
                let place = match &option {
                    Some(option) => format!("{heading} / {option}"),
                    None => heading.clone(),
                };
                commands.extend(statements(lines).into_iter().map(|text| Command {
                    place: place.clone(),
                    text,
                }));
                block = None;
            } else {
                lines.push(line);
            }
        } else if line.trim_end() == "```bash" {
            block = Some(Vec::new());
        } else if line.starts_with('#') {
            heading = line.trim_start_matches('#').trim().to_owned();
            option = None;
        } else if let Some(bold) = line
            .strip_prefix("**")
            .and_then(|rest| rest.trim_end().strip_suffix("**"))
        {
            option = Some(bold.to_owned());
        }
    }
    commands
}

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the crate lies in the repository")
        .to_owned()
}

/// The statements of a block: a statement goes on while a quote is open or its line
/// ends with a backslash.
fn statements(lines: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = String::new();
    let mut quote = None;
    for line in lines {
        let starts = open.is_empty();
        if starts && (line.trim().is_empty() || line.trim_start().starts_with('#')) {
            continue;
        }
        if !starts {
            open.push('\n');
        }
        open.push_str(line);
        quote = quote_after(line, quote);
        if quote.is_none() && !line.ends_with('\\') {
            let text = std::mem::take(&mut open);
            if !is_setting(&text) {
                found.push(text);
            }
        }
    }
    assert!(open.is_empty(), "a command has no end: {open}");
    found
}

/// Which quote is open at the end of a line.
fn quote_after(line: &str, mut open: Option<char>) -> Option<char> {
    for character in line.chars() {
        match (open, character) {
            (None, '\'' | '"') => open = Some(character),
            (None, '#') => return None,
            (Some(quote), _) if quote == character => open = None,
            _ => {}
        }
    }
    open
}

/// A line such as `startingOffsets: 'earliest'` stands for what to write into the
/// job's code.
fn is_setting(text: &str) -> bool {
    text.split_whitespace()
        .next()
        .is_some_and(|word| word.ends_with(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_with_their_place_and_their_line_breaks() {
        let text = "# Title\n## Step\n```bash\n# a comment\naws s3 ls \\\n  s3://b/\n\n\
                    x: 'y'  # a setting\n```\n**Option A: z**\n```bash\nrun '{\n  # in\n}'\n\
                    ```\n## Next\n```yaml\nnot: this\n```\n```bash\nlast\n```\n";
        let found: Vec<(String, String)> = commands(text)
            .into_iter()
            .map(|command| (command.place, command.text))
            .collect();
        let expected = [
            ("Step", "aws s3 ls \\\n  s3://b/"),
            ("Step / Option A: z", "run '{\n  # in\n}'"),
            ("Next", "last"),
        ]
        .map(|(place, text)| (place.to_owned(), text.to_owned()));
        assert_eq!(found, expected);
    }
}
