//! Conditions: what must be there for an operation to be carried out.

use super::error::StoreError;

/// A condition on the object that is there now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Condition {
    /// The object must be there, with this ETag if one is named.
    pub if_match: Option<Match>,
    /// No object may be there, or none with this ETag.
    pub if_none_match: Option<Match>,
}

/// What a condition compares with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Match {
    /// `*`
    Any,
    /// An ETag, without quotes.
    ETag(String),
}

impl Condition {
    /// No object may be there.
    pub fn if_absent() -> Self {
        Self {
            if_none_match: Some(Match::Any),
            ..Self::default()
        }
    }

    /// The object must have this ETag.
    pub fn if_etag(etag: impl Into<String>) -> Self {
        Self {
            if_match: Some(Match::ETag(etag.into())),
            ..Self::default()
        }
    }

    /// Whether it allows anything.
    pub fn is_empty(&self) -> bool {
        self.if_match.is_none() && self.if_none_match.is_none()
    }

    /// Checks it against the ETag of the object that is there.
    pub(super) fn check(&self, key: &str, etag: Option<&str>) -> Result<(), StoreError> {
        match (&self.if_match, etag) {
            (None, _) | (Some(Match::Any), Some(_)) => {}
            (Some(Match::Any), None) => return Err(StoreError::precondition("If-Match")),
            (Some(Match::ETag(_)), None) => return Err(StoreError::no_such_key(key)),
            (Some(Match::ETag(wanted)), Some(etag)) if wanted == etag => {}
            (Some(Match::ETag(_)), Some(_)) => {
                return Err(StoreError::precondition("If-Match"));
            }
        }
        match (&self.if_none_match, etag) {
            (Some(Match::Any), Some(_)) => Err(StoreError::precondition("If-None-Match")),
            (Some(Match::ETag(unwanted)), Some(etag)) if unwanted == etag => {
                Err(StoreError::precondition("If-None-Match"))
            }
            _ => Ok(()),
        }
    }

    /// The text that the record keeps.
    pub(super) fn text(&self) -> Option<String> {
        let one = |name: &str, value: &Option<Match>| match value {
            None => None,
            Some(Match::Any) => Some(format!("{name}: *")),
            Some(Match::ETag(etag)) => Some(format!("{name}: \"{etag}\"")),
        };
        let both: Vec<String> = one("If-Match", &self.if_match)
            .into_iter()
            .chain(one("If-None-Match", &self.if_none_match))
            .collect();
        (!both.is_empty()).then(|| both.join(", "))
    }
}
