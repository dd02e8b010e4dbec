//! The small part of Python that the scripts are read by: comments, strings,
//! assignments, and chains of calls such as `a.b("x").c(k="y")`.
//!
//! A chain that begins with a name that was assigned another chain goes on from it, so
//! that `raw = spark.readStream…` and `raw.writeStream…` make one. Whatever is not a
//! chain is passed over; a value that cannot be known is an error only where it is
//! asked for.

use std::collections::BTreeMap;

/// A value that can stand as an argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// A literal: a string, a number, `True` or `False`.
    Text(String),
    /// `spark.conf.get("key")` or `spark.conf.get("key", "default")`.
    Conf {
        /// The conf's key.
        key: String,
        /// What holds when it is not set.
        default: Option<String>,
    },
    /// `sys.argv[n]`.
    Argument(usize),
    /// Anything else that is a chain, such as `sink.write`.
    Chain(Vec<Call>),
}

/// One link of a chain: `name`, or `name(arguments)`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Call {
    /// The attribute or function.
    pub(super) name: String,
    /// Positional arguments; `None` for one that cannot be read.
    pub(super) arguments: Vec<Option<Value>>,
    /// Keyword arguments that can be read.
    pub(super) keywords: BTreeMap<String, Value>,
}

/// Why a text cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum PythonError {
    /// A string that is not closed.
    #[error("SyntaxError: unterminated string literal (detected at line {0})")]
    OpenString(usize),
    /// A bracket that is not closed, or closed twice.
    #[error("SyntaxError: brackets do not match (line {0})")]
    Brackets(usize),
}

impl Call {
    /// The n-th positional argument as text; `None` when there is none or when it
    /// cannot be read.
    pub(super) fn text<E>(
        &self,
        n: usize,
        resolve: impl Fn(&Value) -> Result<String, E>,
    ) -> Result<Option<String>, E> {
        match self.arguments.get(n) {
            Some(Some(value)) => resolve(value).map(Some),
            _ => Ok(None),
        }
    }
}

/// The chains of a script, in order, with assigned names followed.
pub(super) fn chains(text: &str) -> Result<Vec<Vec<Call>>, PythonError> {
    let mut names = Names::default();
    let mut found = Vec::new();
    for statement in statements(&tokens(text)?)? {
        let (target, expression) = match statement.as_slice() {
            [Token::Name(name), Token::Sign('='), rest @ ..] => {
                (Some(name.clone()), rest)
            }
            rest => (None, rest),
        };
        let expression = unwrapped(expression);
        if let (Some(name), Some(value)) = (&target, names.plain(expression)) {
            names.values.insert(name.clone(), value);
            continue;
        }
        let chain = names.chain(expression);
        if chain.is_empty() {
            continue;
        }
        if let Some(name) = target {
            names.chains.insert(name, chain.clone());
        }
        found.push(chain);
    }
    Ok(found)
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Name(String),
    Text(String),
    Number(String),
    Sign(char),
    LineEnd,
}

/// What the names that were assigned so far stand for.
#[derive(Default)]
struct Names {
    values: BTreeMap<String, Value>,
    chains: BTreeMap<String, Vec<Call>>,
}

impl Names {
    /// The expression as a value of any kind.
    fn value(&self, expression: &[Token]) -> Option<Value> {
        self.plain(expression).or_else(|| {
            let chain = self.chain(expression);
            (!chain.is_empty()).then_some(Value::Chain(chain))
        })
    }

    /// The expression as a value that is known without running anything.
    fn plain(&self, expression: &[Token]) -> Option<Value> {
        match expression {
            [Token::Text(text)] | [Token::Number(text)] => {
                Some(Value::Text(text.clone()))
            }
            // Python joins neighbouring strings.
            [Token::Text(first), rest @ ..]
                if rest.iter().all(|t| matches!(t, Token::Text(_))) =>
            {
                let mut joined = first.clone();
                for token in rest {
                    if let Token::Text(text) = token {
                        joined.push_str(text);
                    }
                }
                Some(Value::Text(joined))
            }
            [Token::Name(name)] if name == "True" || name == "False" => {
                Some(Value::Text(name.to_lowercase()))
            }
            [Token::Name(name)] => self.values.get(name).cloned(),
            [
                Token::Name(sys),
                Token::Sign('.'),
                Token::Name(argv),
                Token::Sign('['),
                Token::Number(n),
                Token::Sign(']'),
            ] if sys == "sys" && argv == "argv" => n.parse().ok().map(Value::Argument),
            _ => self.conf(expression),
        }
    }

    /// `<session>.conf.get("key"[, "default"])`.
    fn conf(&self, expression: &[Token]) -> Option<Value> {
        let [
            Token::Name(_),
            Token::Sign('.'),
            Token::Name(conf),
            Token::Sign('.'),
            Token::Name(get),
            Token::Sign('('),
            inside @ ..,
            Token::Sign(')'),
        ] = expression
        else {
            return None;
        };
        if conf != "conf" || get != "get" {
            return None;
        }
        let mut parts = split_at_commas(inside)
            .into_iter()
            .map(|part| self.plain(part));
        let Some(Some(Value::Text(key))) = parts.next() else {
            return None;
        };
        let default = match parts.next() {
            Some(Some(Value::Text(text))) => Some(text),
            _ => None,
        };
        Some(Value::Conf { key, default })
    }

    /// The expression as a chain of calls; empty when it is none.
    fn chain(&self, expression: &[Token]) -> Vec<Call> {
        let mut chain = Vec::new();
        let mut rest = expression;
        while let [Token::Name(name), after @ ..] = rest {
            match self.chains.get(name) {
                Some(earlier) if chain.is_empty() => chain.clone_from(earlier),
                _ => chain.push(Call {
                    name: name.clone(),
                    ..Call::default()
                }),
            }
            rest = after;
            while let [Token::Sign('('), after @ ..] = rest {
                let end = closing(after);
                if let Some(call) = chain.last_mut() {
                    self.arguments(&after[..end], call);
                }
                rest = after.get(end + 1..).unwrap_or_default();
            }
            match rest {
                [Token::Sign('.'), after @ ..] => rest = after,
                _ => break,
            }
        }
        chain
    }

    fn arguments(&self, inside: &[Token], call: &mut Call) {
        for part in split_at_commas(inside) {
            match part {
                [] => {}
                [Token::Name(key), Token::Sign('='), value @ ..] => {
                    if let Some(value) = self.value(value) {
                        call.keywords.insert(key.clone(), value);
                    }
                }
                part => call.arguments.push(self.value(part)),
            }
        }
    }
}

/// Takes off brackets that enclose the whole expression.
fn unwrapped(mut expression: &[Token]) -> &[Token] {
    while let [Token::Sign('('), inside @ ..] = expression
        && closing(inside) + 1 == inside.len()
    {
        expression = &inside[..inside.len() - 1];
    }
    expression
}

/// Where the bracket that was opened before `tokens` closes.
fn closing(tokens: &[Token]) -> usize {
    let mut depth = 0_u32;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Sign('(' | '[' | '{') => depth += 1,
            Token::Sign(')' | ']' | '}') if depth == 0 => return at,
            Token::Sign(')' | ']' | '}') => depth -= 1,
            _ => {}
        }
    }
    tokens.len()
}

fn split_at_commas(tokens: &[Token]) -> Vec<&[Token]> {
    let mut parts = Vec::new();
    let (mut depth, mut from) = (0_u32, 0);
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Sign('(' | '[' | '{') => depth += 1,
            Token::Sign(')' | ']' | '}') => depth = depth.saturating_sub(1),
            Token::Sign(',') if depth == 0 => {
                parts.push(&tokens[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&tokens[from..]);
    parts
}

/// Splits at line ends outside brackets.
fn statements(tokens: &[(Token, usize)]) -> Result<Vec<Vec<Token>>, PythonError> {
    let mut found = Vec::new();
    let mut statement = Vec::new();
    let mut open = Vec::new();
    for (token, line) in tokens {
        match token {
            Token::Sign(sign @ ('(' | '[' | '{')) => open.push((*sign, *line)),
            Token::Sign(sign @ (')' | ']' | '}')) => {
                let fits = match open.pop() {
                    Some(('(', _)) => *sign == ')',
                    Some(('[', _)) => *sign == ']',
                    Some((_, _)) => *sign == '}',
                    None => false,
                };
                if !fits {
                    return Err(PythonError::Brackets(*line));
                }
            }
            _ => {}
        }
        match token {
            Token::LineEnd if open.is_empty() => {
                if !statement.is_empty() {
                    found.push(std::mem::take(&mut statement));
                }
            }
            Token::LineEnd => {}
            token => statement.push(token.clone()),
        }
    }
    match open.last() {
        Some((_, line)) => Err(PythonError::Brackets(*line)),
        None => {
            found.extend((!statement.is_empty()).then_some(statement));
            Ok(found)
        }
    }
}

fn tokens(text: &str) -> Result<Vec<(Token, usize)>, PythonError> {
    let mut found = Vec::new();
    let mut line = 1;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (token, length) = match c {
            '\n' => (Some(Token::LineEnd), 1),
            '#' => (None, rest.find('\n').unwrap_or(rest.len())),
            '\\' if rest.starts_with("\\\n") => (None, 2),
            '"' | '\'' => {
                let (text, length) =
                    string(rest, c).ok_or(PythonError::OpenString(line))?;
                (Some(Token::Text(text)), length)
            }
            c if c.is_ascii_digit() => {
                let end = rest
                    .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.'))
                    .unwrap_or(rest.len());
                (Some(Token::Number(rest[..end].replace('_', ""))), end)
            }
            c if c.is_alphabetic() || c == '_' => {
                let end = rest
                    .find(|c: char| !(c.is_alphanumeric() || c == '_'))
                    .unwrap_or(rest.len());
                (Some(Token::Name(rest[..end].to_owned())), end)
            }
            c if c.is_whitespace() => (None, c.len_utf8()),
            c => (Some(Token::Sign(c)), c.len_utf8()),
        };
        let at = line;
        line += rest[..length].matches('\n').count();
        found.extend(token.map(|token| (token, at)));
        rest = &rest[length..];
    }
    found.push((Token::LineEnd, line));
    Ok(found)
}

/// A string literal at the beginning of `text`: its value and how long it is.
fn string(text: &str, quote: char) -> Option<(String, usize)> {
    let triple: String = std::iter::repeat_n(quote, 3).collect();
    if text.starts_with(&triple) {
        let end = text[3..].find(&triple)?;
        return Some((text[3..3 + end].to_owned(), end + 6));
    }
    let mut value = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            c if c == quote => return Some((value, at + 1)),
            '\n' => return None,
            '\\' => match chars.next()?.1 {
                'n' => value.push('\n'),
                't' => value.push('\t'),
                other => value.push(other),
            },
            c => value.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<Vec<String>> {
        chains(text)
            .expect("readable")
            .into_iter()
            .map(|chain| chain.into_iter().map(|call| call.name).collect())
            .collect()
    }

    #[test]
    fn a_chain_goes_on_from_an_assigned_name() {
        let found = names("raw = spark.readStream.load()\nraw.writeStream.start()\n");
        assert_eq!(
            found[1],
            ["spark", "readStream", "load", "writeStream", "start"]
        );
    }

    #[test]
    fn strings_keep_signs_and_comments_are_passed_over() {
        let found = chains("a.b('x # y', \"(\")  # c.d()\n").expect("readable");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0][1].arguments.len(), 2);
        assert_eq!(found[0][1].arguments[0], Some(Value::Text("x # y".into())));
    }

    #[test]
    fn open_brackets_and_strings_are_errors() {
        assert!(matches!(chains("a.b(\n"), Err(PythonError::Brackets(1))));
        assert!(matches!(
            chains("x\na.b('\n"),
            Err(PythonError::OpenString(2))
        ));
    }

    #[test]
    fn arguments_confs_and_names_are_values() {
        let found = chains("N = 5\na.b(N, sys.argv[2], s.conf.get('k', 'd'), f(x))\n")
            .expect("readable");
        assert_eq!(
            found[0][1].arguments,
            [
                Some(Value::Text("5".into())),
                Some(Value::Argument(2)),
                Some(Value::Conf {
                    key: "k".into(),
                    default: Some("d".into())
                }),
                Some(Value::Chain(vec![Call {
                    name: "f".into(),
                    arguments: vec![Some(Value::Chain(vec![Call {
                        name: "x".into(),
                        ..Call::default()
                    }]))],
                    ..Call::default()
                }]))
            ]
        );
    }
}
