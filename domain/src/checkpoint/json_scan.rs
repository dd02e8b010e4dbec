//! JSON as Jackson's `ReaderBasedJsonParser` reads it, so that the error that
//! Spark will show can be told to the word. It stops after the first value,
//! as Spark's use of it does: what follows is ignored.

use std::cell::Cell;

/// A JSON value; numbers as their own text, since Jackson keeps them whole.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    Int(String),
    Double(String),
    Text(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// A field of an object; the last of several, as a Scala map keeps it.
    pub(super) fn field(&self, name: &str) -> Option<&Self> {
        let Self::Object(fields) = self else {
            return None;
        };
        fields
            .iter()
            .rev()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }
}

/// Why Jackson gives up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// `MismatchedInputException`: there is no value at all.
    NoContent,
    /// `JsonEOFException`
    Eof {
        message: String,
        /// Where the object or array began that is not closed.
        opened: Option<(usize, usize)>,
        line: usize,
        column: usize,
    },
    /// `JsonParseException`
    Parse {
        message: String,
        /// Whether it is about the last character read. Newer versions of
        /// Jackson then give its place, older ones the place after it.
        at_character: bool,
        line: usize,
        column: usize,
    },
}

/// Jackson's own limit since 2.15; older ones run until the stack ends.
const DEPTH_MAX: usize = 1000;

const VALUES: &str =
    "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";

pub(super) fn scan(text: &str) -> Result<Json, Fault> {
    let mut scanner = Scanner {
        chars: text.chars().collect(),
        at: 0,
        counted: Cell::new(Counted::default()),
    };
    match scanner.next_significant() {
        None => Err(Fault::NoContent),
        Some(first) => scanner.value(first, 0),
    }
}

struct Scanner {
    chars: Vec<char>,
    at: usize,
    /// As far as lines were counted; every bracket asks where it stands, and
    /// whoever can write the file decides how many there are.
    counted: Cell<Counted>,
}

#[derive(Clone, Copy, Default)]
struct Counted {
    /// Up to here, exclusive.
    to: usize,
    /// Line ends before it.
    lines: usize,
    /// Where the line begins that it is in.
    start: usize,
}

impl Scanner {
    fn position(&self) -> (usize, usize) {
        let at = self.at.min(self.chars.len());
        let mut counted = self.counted.get();
        if at < counted.to {
            counted = Counted::default();
        }
        for (index, c) in self.chars[counted.to..at].iter().enumerate() {
            if *c == '\n' {
                counted.lines += 1;
                counted.start = counted.to + index + 1;
            }
        }
        counted.to = at;
        self.counted.set(counted);
        (1 + counted.lines, at - counted.start + 1)
    }

    /// The place of the character that was read last.
    fn before(&self) -> (usize, usize) {
        let (line, column) = self.position();
        (line, column.saturating_sub(1))
    }

    fn eof(&self, rest: &str) -> Fault {
        let (line, column) = self.position();
        Fault::Eof {
            message: format!("Unexpected end-of-input{rest}"),
            opened: None,
            line,
            column,
        }
    }

    fn unclosed(&self, what: &str, opened: (usize, usize)) -> Fault {
        let (line, column) = self.position();
        Fault::Eof {
            message: format!("Unexpected end-of-input: expected close marker for {what}"),
            opened: Some(opened),
            line,
            column,
        }
    }

    fn parse(&self, message: String) -> Fault {
        let (line, column) = self.position();
        Fault::Parse {
            message,
            at_character: false,
            line,
            column,
        }
    }

    fn unexpected(&self, c: char, rest: &str) -> Fault {
        let code = c as u32;
        let shown = if c < ' ' || c == '\u{7f}' {
            format!("(CTRL-CHAR, code {code})")
        } else {
            format!("('{c}' (code {code}))")
        };
        let (line, column) = self.position();
        Fault::Parse {
            message: format!("Unexpected character {shown}: {rest}"),
            at_character: true,
            line,
            column,
        }
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.chars.get(self.at).copied();
        if c.is_some() {
            self.at += 1;
        }
        c
    }

    fn next_significant(&mut self) -> Option<char> {
        loop {
            match self.bump()? {
                ' ' | '\t' | '\n' | '\r' => {}
                c => return Some(c),
            }
        }
    }

    fn value(&mut self, first: char, depth: usize) -> Result<Json, Fault> {
        if depth > DEPTH_MAX {
            return Err(self.parse(format!(
                "Document nesting depth ({depth}) exceeds the maximum allowed \
                 ({DEPTH_MAX}, from `StreamReadConstraints.getMaxNestingDepth()`)"
            )));
        }
        match first {
            '{' => self.object(depth),
            '[' => self.array(depth),
            '"' => self
                .text(": was expecting closing quote for a string value")
                .map(Json::Text),
            '-' | '0'..='9' => self.number(first),
            't' => self.token("true", Json::Bool(true)),
            'f' => self.token("false", Json::Bool(false)),
            'n' => self.token("null", Json::Null),
            c if java_identifier_start(c) => Err(self.invalid_token(self.at - 1)),
            c => Err(self.unexpected(c, &format!("expected a valid value {VALUES}"))),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, Fault> {
        let opened = self.before();
        let mut fields = Vec::new();
        loop {
            let Some(mut c) = self.next_significant() else {
                return Err(self.unclosed("Object", opened));
            };
            if c == '}' {
                return Ok(Json::Object(fields));
            }
            if !fields.is_empty() {
                c = self.after_comma(c, "Object")?;
            }
            if c != '"' {
                return Err(
                    self.unexpected(c, "was expecting double-quote to start field name")
                );
            }
            let name = self.text(" in field name")?;
            match self.next_significant() {
                None => return Err(self.eof(" within/between Object entries")),
                Some(':') => {}
                Some(c) => {
                    return Err(self.unexpected(
                        c,
                        "was expecting a colon to separate field name and value",
                    ));
                }
            }
            let Some(first) = self.next_significant() else {
                return Err(self.eof(" within/between Object entries"));
            };
            fields.push((name, self.value(first, depth + 1)?));
        }
    }

    fn array(&mut self, depth: usize) -> Result<Json, Fault> {
        let opened = self.before();
        let mut items = Vec::new();
        loop {
            let Some(mut c) = self.next_significant() else {
                return Err(self.unclosed("Array", opened));
            };
            if c == ']' {
                return Ok(Json::Array(items));
            }
            if !items.is_empty() {
                c = self.after_comma(c, "Array")?;
            }
            items.push(self.value(c, depth + 1)?);
        }
    }

    /// Past the comma that must stand here, to what follows it. The end of the
    /// input right after a comma is a `JsonParseException`, unlike elsewhere.
    fn after_comma(&mut self, c: char, within: &str) -> Result<char, Fault> {
        if c != ',' {
            let rest = format!("was expecting comma to separate {within} entries");
            return Err(self.unexpected(c, &rest));
        }
        self.next_significant().ok_or_else(|| {
            self.parse(format!(
                "Unexpected end-of-input within/between {within} entries"
            ))
        })
    }

    fn text(&mut self, at_end: &str) -> Result<String, Fault> {
        let mut text = String::new();
        loop {
            match self.bump() {
                None => return Err(self.eof(at_end)),
                Some('"') => return Ok(text),
                Some('\\') => text.push(self.escape()?),
                Some(c) if c < ' ' => {
                    return Err(self.parse(format!(
                        "Illegal unquoted character ((CTRL-CHAR, code {})): has to be \
                         escaped using backslash to be included in string value",
                        c as u32
                    )));
                }
                Some(c) => text.push(c),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Fault> {
        match self.bump() {
            None => Err(self.eof(" in character escape sequence")),
            Some('b') => Ok('\u{8}'),
            Some('t') => Ok('\t'),
            Some('n') => Ok('\n'),
            Some('f') => Ok('\u{c}'),
            Some('r') => Ok('\r'),
            Some(c @ ('"' | '/' | '\\')) => Ok(c),
            Some('u') => self.hex_escape(),
            Some(c) => Err(self.parse(format!(
                "Unrecognized character escape '{c}' (code {})",
                c as u32
            ))),
        }
    }

    fn hex_escape(&mut self) -> Result<char, Fault> {
        let mut code = 0;
        for _ in 0..4 {
            let Some(c) = self.bump() else {
                return Err(self.eof(" in character escape sequence"));
            };
            let Some(digit) = c.to_digit(16) else {
                return Err(self.unexpected(
                    c,
                    "expected a hex-digit for character escape sequence",
                ));
            };
            code = code * 16 + digit;
        }
        // Half of a surrogate pair cannot stand alone in a Rust text.
        Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn token(&mut self, word: &str, value: Json) -> Result<Json, Fault> {
        let start = self.at - 1;
        let rest: Vec<char> = word.chars().skip(1).collect();
        let end = self.at + rest.len();
        let whole = self.chars.get(self.at..end) == Some(rest.as_slice())
            && !self
                .chars
                .get(end)
                .is_some_and(|c| java_identifier_part(*c));
        if whole {
            self.at = end;
            Ok(value)
        } else {
            Err(self.invalid_token(start))
        }
    }

    fn invalid_token(&mut self, start: usize) -> Fault {
        self.at = start;
        while self
            .chars
            .get(self.at)
            .is_some_and(|c| java_identifier_part(*c))
        {
            self.at += 1;
        }
        let token: String = self.chars[start..self.at].iter().take(256).collect();
        self.parse(format!(
            "Unrecognized token '{token}': was expecting {VALUES}"
        ))
    }

    fn number(&mut self, first: char) -> Result<Json, Fault> {
        let mut text = String::from(first);
        let mut digits = self.digits(&mut text) + usize::from(first != '-');
        if digits == 0 {
            return Err(match self.bump() {
                None => self.eof(" in a Number value"),
                Some(c) => self.unexpected(
                    c,
                    "expected digit (0-9) to follow minus sign, for valid numeric value",
                ),
            });
        }
        let whole = text.strip_prefix('-').unwrap_or(&text);
        if whole.len() > 1 && whole.starts_with('0') {
            return Err(self
                .parse("Invalid numeric value: Leading zeroes not allowed".to_owned()));
        }
        let mut double = false;
        if self.chars.get(self.at) == Some(&'.') {
            double = true;
            text.push('.');
            self.at += 1;
            digits = self.digits(&mut text);
            if digits == 0 {
                return Err(self.bad_decimal("Decimal point not followed by a digit"));
            }
        }
        if let Some(e @ ('e' | 'E')) = self.chars.get(self.at).copied() {
            double = true;
            text.push(e);
            self.at += 1;
            if let Some(sign @ ('+' | '-')) = self.chars.get(self.at).copied() {
                text.push(sign);
                self.at += 1;
            }
            if self.digits(&mut text) == 0 {
                return Err(
                    self.bad_decimal("Exponent indicator not followed by a digit")
                );
            }
        }
        Ok(if double {
            Json::Double(text)
        } else {
            Json::Int(text)
        })
    }

    fn bad_decimal(&mut self, why: &str) -> Fault {
        match self.bump() {
            None => self.eof(" in a Number value"),
            Some(c) => self.unexpected(c, why),
        }
    }

    fn digits(&mut self, text: &mut String) -> usize {
        let mut count = 0;
        while let Some(c) = self.chars.get(self.at).filter(|c| c.is_ascii_digit()) {
            text.push(*c);
            self.at += 1;
            count += 1;
        }
        count
    }
}

fn java_identifier_start(c: char) -> bool {
    c.is_alphabetic() || c == '_' || c == '$'
}

fn java_identifier_part(c: char) -> bool {
    java_identifier_start(c) || c.is_numeric()
}

#[cfg(test)]
mod tests;
