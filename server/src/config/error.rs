//! Why a configuration was refused.

use std::fmt;
use std::path::PathBuf;

/// One thing that is wrong in the configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// From 1. `None` where the whole file lacks something.
    pub line: Option<u32>,
    /// Such as `streams[1].checkpoint.location`; empty where no key is at fault.
    pub key: String,
    /// The value as written, unless it may be a secret.
    pub given: Option<String>,
    /// What is wrong, and what is allowed.
    pub allowed: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.key.is_empty() {
            write!(f, "{}", self.key)?;
            if let Some(given) = &self.given {
                write!(f, " = {given}")?;
            }
            f.write_str(": ")?;
        }
        f.write_str(&self.allowed)
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("the configuration {} cannot be read: {source}", .path.display())]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("the configuration is refused:\n{}", render(.path, .problems))]
    Refused {
        path: PathBuf,
        /// At least one, in the order of the file.
        problems: Vec<Problem>,
    },
}

fn render(path: &std::path::Path, problems: &[Problem]) -> String {
    let lines = problems.iter().map(|problem| match problem.line {
        Some(line) => format!("{}:{line}: {problem}", path.display()),
        None => format!("{}: {problem}", path.display()),
    });
    lines.collect::<Vec<_>>().join("\n")
}
