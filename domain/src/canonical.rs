//! Canonical JSON (RFC 8785), the form in which a plan is hashed and a
//! journal row is chained.
//!
//! Values that go through here hold no floats and no integer past 2^53;
//! [`Offset`](crate::offsets) and sizes are decimal strings for that reason.

use serde::Serialize;
use thiserror::Error;

use crate::ids::Digest;

/// A value that has no canonical form.
#[derive(Debug, Error)]
#[error("a value could not be written as canonical JSON")]
pub struct NotCanonical(#[source] serde_json::Error);

/// The canonical text of `value`.
///
/// # Errors
/// When a map has a key that is no string, or a number that JSON lacks.
pub fn to_string<T: Serialize>(value: &T) -> Result<String, NotCanonical> {
    serde_json_canonicalizer::to_string(value).map_err(NotCanonical)
}

/// The SHA-256 of the canonical text of `value`.
///
/// # Errors
/// As [`to_string`].
pub fn digest<T: Serialize>(value: &T) -> Result<Digest, NotCanonical> {
    Ok(Digest::of(to_string(value)?.as_bytes()))
}

/// 64-bit counts and sizes as decimal strings on the wire.
pub mod decimal {
    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes the number as a decimal string.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer, T: std::fmt::Display>(
        value: &T,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    /// Reads a decimal string.
    ///
    /// # Errors
    /// When the text is no number of the wanted type.
    pub fn deserialize<'de, D, T>(deserializer: D) -> Result<T, D::Error>
    where
        D: Deserializer<'de>,
        T: std::str::FromStr,
        T::Err: std::fmt::Display,
    {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn keys_are_sorted_and_spaces_are_gone() {
        let value = json!({"b": 1, "a": {"d": [1, "é"], "c": null}});
        assert_eq!(
            super::to_string(&value).unwrap(),
            r#"{"a":{"c":null,"d":[1,"é"]},"b":1}"#
        );
    }
}
