//! Typed ids, each with the form that it may take.
//!
//! An id that was parsed is valid: it can stand in a URL path, a file name
//! and a log line as it is.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why a text is no id of the wanted kind.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{value:?} is no {kind}: {allowed}")]
pub struct InvalidId {
    /// What was wanted, in words.
    pub kind: &'static str,
    /// What was given.
    pub value: String,
    /// What is allowed, in words.
    pub allowed: &'static str,
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $allowed:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(value: &str) -> Result<Self, InvalidId> {
                let valid: fn(&str) -> bool = $valid;
                if valid(value) {
                    Ok(Self(value.to_owned()))
                } else {
                    Err(InvalidId {
                        kind: $kind,
                        value: value.chars().take(200).collect(),
                        allowed: $allowed,
                    })
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(value: String) -> Result<Self, InvalidId> {
                value.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id!(
    /// The hexadecimal SHA-256 of some bytes.
    Digest,
    "digest",
    "64 lower-case hexadecimal digits",
    |v| v.len() == 64 && v.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
);
text_id!(
    /// An EMR Serverless job run.
    JobRunId,
    "job run id",
    "1 to 64 letters, digits, '-' or '_'",
    |v| (1..=64).contains(&v.len()) && v.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
);
text_id!(
    /// One Run: a reset from its first click to its report. The text begins
    /// with the stream's name and the time of opening, so that a link reads.
    RunId,
    "run id",
    "1 to 100 lower-case letters, digits or '-'",
    |v| (1..=100).contains(&v.len()) && v.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
);
text_id!(
    /// A step of a plan, unique in its Run, such as `secure-2` or `reset-1`.
    StepId,
    "step id",
    "1 to 40 lower-case letters, digits or '-'",
    |v| (1..=40).contains(&v.len()) && v.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
);
text_id!(
    /// A stream as named in the configuration.
    StreamName,
    "stream name",
    "1 to 63 lower-case letters, digits, '-' or '_', beginning with a letter",
    |v| (1..=63).contains(&v.len())
        && v.as_bytes()[0].is_ascii_lowercase()
        && v.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
);

impl Digest {
    /// The SHA-256 of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest as _;
        Self(hex::encode(sha2::Sha256::digest(bytes)))
    }

    /// The first twelve digits, enough to tell two plans apart on a page.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.0[..12]
    }
}

impl RunId {
    /// Names a Run by its stream, its time of opening and a random part that
    /// the caller draws, so that two Runs of one second differ.
    #[must_use]
    pub fn new(stream: &StreamName, at: crate::time::Millis, random: u16) -> Self {
        let stream = stream.as_str().replace('_', "-");
        let stamp = at.compact().to_lowercase().replace('_', "-");
        Self(format!("{stream}-{stamp}-{random:04x}"))
    }

    /// Whether a Run of this stream would be named so. What it decides is only
    /// whom to tell that something may have changed.
    #[must_use]
    pub fn reads_as_of(&self, stream: &StreamName) -> bool {
        const STAMP: usize = "-20251124-160000-00af".len();
        let name = stream.as_str().replace('_', "-");
        self.0
            .strip_prefix(&name)
            .is_some_and(|rest| rest.len() == STAMP && rest.starts_with('-'))
    }
}

impl StepId {
    /// Step `number` (from 1) of the plan whose kind is `prefix`.
    #[must_use]
    pub fn numbered(prefix: &str, number: u32) -> Self {
        Self(format!("{prefix}-{number}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Millis;

    #[test]
    fn odd_stream_names_are_refused_with_what_is_allowed() {
        for odd in ["", "Orders", "1orders", "or/ders", "orders ", "<b>", "é"] {
            let error = odd.parse::<StreamName>().unwrap_err();
            assert_eq!(error.value, odd);
            assert!(error.to_string().contains("lower-case"));
        }
    }

    #[test]
    fn run_id_reads_as_stream_and_time() {
        let stream = "orders_eu".parse().unwrap();
        let id = RunId::new(&stream, Millis(1_764_000_000_000), 0x00af);
        assert_eq!(id.as_str(), "orders-eu-20251124-160000-00af");
        assert!(id.as_str().parse::<RunId>().is_ok());
        assert!(id.reads_as_of(&stream));
        assert!(!id.reads_as_of(&"orders".parse().unwrap()));
    }
}
