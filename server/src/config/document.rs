//! The configuration's text beside its parsed form, so that every complaint
//! names a line and a key.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::Problem;

/// How much of a given value a message repeats.
const GIVEN_CHARS_MAX: usize = 80;

pub(super) struct Document<'a> {
    text: &'a str,
    entries: Vec<Entry>,
}

/// One key of the file: `streams[1].checkpoint.location`.
struct Entry {
    path: String,
    key: Option<Range<usize>>,
    value: Range<usize>,
}

impl<'a> Document<'a> {
    /// Parses the text as TOML, whatever it says.
    pub(super) fn parse(text: &'a str) -> Result<Self, Problem> {
        let mut document = Self {
            text,
            entries: Vec::new(),
        };
        let table = DeTable::parse(text).map_err(|error| Problem {
            line: error.span().map(|span| document.line_of(span.start)),
            key: String::new(),
            given: None,
            allowed: error.message().replace('\n', ", "),
        })?;
        document.add_table("", table.get_ref());
        Ok(document)
    }

    /// A complaint about a key that is there or, where it is missing, about the
    /// table that lacks it.
    pub(super) fn problem(&self, path: &str, allowed: impl Into<String>) -> Problem {
        let entry = self.entries.iter().find(|entry| entry.path == path);
        let nearest = entry.or_else(|| {
            let parents = self.entries.iter().filter(|entry| {
                path.strip_prefix(entry.path.as_str())
                    .is_some_and(|rest| rest.starts_with(['.', '[']))
            });
            parents.max_by_key(|entry| entry.path.len())
        });
        Problem {
            line: nearest.map(|entry| self.line_of(entry.start())),
            key: path.to_owned(),
            given: entry.and_then(|entry| self.given(entry)),
            allowed: allowed.into(),
        }
    }

    /// The complaint of serde about the typed form.
    pub(super) fn explain(&self, error: &toml::de::Error) -> Problem {
        let entry = error.span().and_then(|span| self.entry_at(span.start));
        let path = entry.map_or(String::new(), |entry| entry.path.clone());
        let line = match (entry, error.span()) {
            (Some(entry), _) => Some(self.line_of(entry.start())),
            (None, Some(span)) => Some(self.line_of(span.start)),
            (None, None) => None,
        };
        let message = error.message();
        if let Some((unknown, known)) = unknown_key(message) {
            return self.unknown(&path, line, unknown, &known);
        }
        if let Some(missing) = quoted(message.strip_prefix("missing field ")) {
            let key = if path.is_empty() {
                missing.to_owned()
            } else {
                format!("{path}.{missing}")
            };
            return Problem {
                line,
                key,
                given: None,
                allowed: "this key is missing".to_owned(),
            };
        }
        Problem {
            line,
            given: entry.and_then(|entry| self.given(entry)),
            key: path,
            allowed: message.replace('`', "\"").replace('\n', " "),
        }
    }

    fn unknown(
        &self,
        path: &str,
        line: Option<u32>,
        unknown: &str,
        known: &[&str],
    ) -> Problem {
        // The span is that of the unknown key itself or of the table around it.
        let key = match path.rsplit(['.']).next() {
            Some(last) if last == unknown => path.to_owned(),
            _ if path.is_empty() => unknown.to_owned(),
            _ => format!("{path}.{unknown}"),
        };
        let exact = self.entries.iter().find(|entry| entry.path == key);
        let nearest = known
            .iter()
            .map(|name| (strsim::osa_distance(unknown, name), *name))
            .min()
            .filter(|(distance, _)| *distance <= 1 + unknown.len() / 3);
        let hint = nearest.map_or(String::new(), |(_, name)| {
            format!("did you mean \"{name}\"? ")
        });
        Problem {
            line: exact.map(|entry| self.line_of(entry.start())).or(line),
            key,
            given: None,
            allowed: format!("no such key; {hint}Known here: {}", known.join(", ")),
        }
    }

    fn entry_at(&self, offset: usize) -> Option<&Entry> {
        let at_key = self
            .entries
            .iter()
            .find(|entry| entry.key.as_ref().is_some_and(|key| key.contains(&offset)));
        let in_value = self
            .entries
            .iter()
            .filter(|entry| entry.value.contains(&offset));
        at_key.or_else(|| in_value.min_by_key(|entry| entry.value.len()))
    }

    /// The value as written, unless it may be a secret or is a whole table.
    fn given(&self, entry: &Entry) -> Option<String> {
        let last = entry.path.rsplit('.').next().unwrap_or_default();
        if last.contains("secret") || last.contains("password") {
            return None;
        }
        let text = self.text.get(entry.value.clone())?.trim();
        if text.is_empty() || text.starts_with(['[', '{']) || text.contains('\n') {
            return None;
        }
        Some(text.chars().take(GIVEN_CHARS_MAX).collect())
    }

    fn line_of(&self, offset: usize) -> u32 {
        let before = &self.text.as_bytes()[..offset.min(self.text.len())];
        let breaks = before.iter().filter(|byte| **byte == b'\n').count();
        u32::try_from(breaks + 1).unwrap_or(u32::MAX)
    }

    fn add_table(&mut self, prefix: &str, table: &DeTable<'_>) {
        for (key, value) in table.iter() {
            let name = key.get_ref();
            let path = if prefix.is_empty() {
                name.to_string()
            } else {
                format!("{prefix}.{name}")
            };
            self.add_value(path, Some(key.span()), value);
        }
    }

    fn add_value(
        &mut self,
        path: String,
        key: Option<Range<usize>>,
        value: &Spanned<DeValue<'_>>,
    ) {
        self.entries.push(Entry {
            path: path.clone(),
            key,
            value: value.span(),
        });
        if let Some(table) = value.get_ref().as_table() {
            self.add_table(&path, table);
        }
        if let Some(array) = value.get_ref().as_array() {
            for (index, item) in array.iter().enumerate() {
                self.add_value(format!("{path}[{index}]"), None, item);
            }
        }
    }
}

impl Entry {
    fn start(&self) -> usize {
        self.key.as_ref().map_or(self.value.start, |key| key.start)
    }
}

/// The unknown key and the known ones, out of serde's message: "unknown field
/// `x`, expected one of `a`, `b`", or "expected `a`", or "there are no fields".
fn unknown_key(message: &str) -> Option<(&str, Vec<&str>)> {
    let rest = message.strip_prefix("unknown field ")?;
    let mut quotes = rest.split('`').skip(1).step_by(2);
    let unknown = quotes.next()?;
    Some((unknown, quotes.collect()))
}

fn quoted(text: Option<&str>) -> Option<&str> {
    text?.split('`').nth(1)
}
