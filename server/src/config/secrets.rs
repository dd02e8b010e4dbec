//! Secrets stand in the configuration by reference only: the path of a file, or
//! the name of an environment variable.

use std::path::{Path, PathBuf};

/// A value that must reach no log, journal, page or report.
///
/// It has neither `Debug` nor `Serialize`, so that what holds one cannot be
/// printed by accident.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// Hands the value out. Each caller is a place to look at in a review.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Where a secret is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// The first line of this file; a trailing line break is cut off.
    File(PathBuf),
    /// The value of this environment variable.
    Environment(String),
}

impl SecretSource {
    /// Reads the secret. `base` is the folder of the configuration file, to which
    /// a relative path refers.
    pub fn read(&self, base: &Path) -> Result<Secret, SecretError> {
        let value = match self {
            Self::File(path) => {
                let path = base.join(path);
                std::fs::read_to_string(&path).map_err(|source| {
                    SecretError::ReadFile {
                        path: path.clone(),
                        source,
                    }
                })?
            }
            Self::Environment(name) => std::env::var(name)
                .map_err(|_| SecretError::ReadVariable { name: name.clone() })?,
        };
        let value = value.trim_end_matches(['\r', '\n']);
        if value.is_empty() {
            return Err(SecretError::Empty {
                from: self.describe(),
            });
        }
        Ok(Secret::new(value))
    }

    fn describe(&self) -> String {
        match self {
            Self::File(path) => format!("the file {}", path.display()),
            Self::Environment(name) => format!("the environment variable {name}"),
        }
    }
}

/// Why a secret could not be read. The value itself is in none of the messages.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error("the file {} cannot be read: {source}", .path.display())]
    ReadFile {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("the environment variable {name} is not set, or is not UTF-8")]
    ReadVariable { name: String },
    #[error("{from} is empty")]
    Empty { from: String },
}
