//! Filter patterns of terms, as in "Filter pattern syntax for unstructured log
//! events" of the CloudWatch Logs guide.
//!
//! Patterns of JSON (`{ … }`), of fields (`[ … ]`) and of regular expressions
//! (`%…%`) are refused.

/// What a message must have to be found. Matching is case-sensitive.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FilterPattern {
    all: Vec<String>,
    any: Vec<String>,
    none: Vec<String>,
}

/// Why a pattern was not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    #[error(
        "Invalid filter pattern: the sandbox takes terms, not patterns of the form {0}"
    )]
    Unsupported(&'static str),
    #[error("Invalid filter pattern: a quote is not closed")]
    OpenQuote,
    #[error(
        "Invalid filter pattern: the term {0} has other characters than letters, digits \
             and underscores, and must stand in double quotes"
    )]
    NeedsQuotes(String),
    #[error("Invalid filter pattern: a sign stands without a term")]
    EmptyTerm,
}

impl FilterPattern {
    /// Reads a pattern. Terms without a sign must all be there; of those with
    /// `?` one must; those with `-` must not. An empty pattern finds all.
    pub fn parse(pattern: &str) -> Result<Self, PatternError> {
        let mut read = Self::default();
        let mut rest = pattern.trim();
        match rest.chars().next() {
            Some('{') => return Err(PatternError::Unsupported("{ … }")),
            Some('[') => return Err(PatternError::Unsupported("[ … ]")),
            _ => {}
        }
        while let Some(first) = rest.chars().next() {
            let terms = match first {
                '?' => &mut read.any,
                '-' => &mut read.none,
                _ => &mut read.all,
            };
            let body = rest.strip_prefix(['?', '-']).unwrap_or(rest);
            let (term, after) = take_term(body)?;
            terms.push(term);
            rest = after.trim_start();
        }
        Ok(read)
    }

    /// Whether a message is found. As CloudWatch Logs documents, terms with
    /// `?` count for nothing beside terms without.
    pub fn matches(&self, message: &str) -> bool {
        let has = |term: &String| message.contains(term.as_str());
        let any_counts = self.all.is_empty() && !self.any.is_empty();
        self.all.iter().all(has)
            && !self.none.iter().any(has)
            && (!any_counts || self.any.iter().any(has))
    }
}

fn take_term(text: &str) -> Result<(String, &str), PatternError> {
    if text.starts_with('%') {
        return Err(PatternError::Unsupported("%…%"));
    }
    if let Some(quoted) = text.strip_prefix('"') {
        return take_quoted(quoted);
    }
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (term, rest) = text.split_at(end);
    if term.is_empty() {
        return Err(PatternError::EmptyTerm);
    }
    if !term.chars().all(|c| c.is_alphanumeric() || c == '_') {
        return Err(PatternError::NeedsQuotes(term.to_owned()));
    }
    Ok((term.to_owned(), rest))
}

/// Up to the closing quote; `\"` and `\\` stand for themselves.
fn take_quoted(text: &str) -> Result<(String, &str), PatternError> {
    let mut term = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' if term.is_empty() => return Err(PatternError::EmptyTerm),
            '"' => return Ok((term, &text[at + 1..])),
            '\\' => match characters.next() {
                Some((_, escaped)) => term.push(escaped),
                None => return Err(PatternError::OpenQuote),
            },
            other => term.push(other),
        }
    }
    Err(PatternError::OpenQuote)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(pattern: &str, message: &str) -> bool {
        FilterPattern::parse(pattern).unwrap().matches(message)
    }

    #[test]
    fn all_terms_must_be_there_and_case_counts() {
        assert!(finds("ERROR Exception", "an Exception of level ERROR"));
        assert!(!finds("ERROR Exception", "level ERROR"));
        assert!(!finds("error", "level ERROR"));
        assert!(finds("", "anything"));
    }

    #[test]
    fn a_phrase_is_found_as_a_whole() {
        let pattern = r#""made progress: {\"id\"""#;
        assert!(finds(
            pattern,
            r#"Streaming query made progress: {"id": 1}"#
        ));
        assert!(!finds("\"query made no\"", "Streaming query made progress"));
    }

    #[test]
    fn one_of_the_optional_terms_is_enough() {
        assert!(finds("?ERROR ?WARN", "a WARN"));
        assert!(!finds("?ERROR ?WARN", "an INFO"));
        assert!(finds("?ERROR ?WARN -retry", "a WARN"));
        assert!(!finds("?ERROR ?WARN -retry", "a WARN, will retry"));
    }

    #[test]
    fn optional_terms_beside_others_count_for_nothing() {
        assert!(finds("?ERROR INFO", "an INFO"));
        assert!(!finds("?ERROR INFO", "an ERROR"));
    }

    #[test]
    fn what_is_not_a_pattern_of_terms_is_refused() {
        let error = |pattern| FilterPattern::parse(pattern).unwrap_err();
        assert!(matches!(error("{ $.a = 1 }"), PatternError::Unsupported(_)));
        assert!(matches!(error("[a, b]"), PatternError::Unsupported(_)));
        assert!(matches!(error("%a+%"), PatternError::Unsupported(_)));
        assert!(matches!(
            error("offset-changed"),
            PatternError::NeedsQuotes(_)
        ));
        assert_eq!(error("\"open"), PatternError::OpenQuote);
        assert_eq!(error("ERROR ?"), PatternError::EmptyTerm);
    }
}
