//! Failures that others have had before: recognised by their text in a driver's
//! log, each with what it means here, what to do, and where it is reported.
//!
//! A log is read in three steps, all pure: [`records`] puts the lines of a
//! trace together again, [`recognise`] looks a record up in the catalogue, and
//! [`group`] lifts each error out once, however often it was logged.

mod catalogue;
mod groups;
mod pattern;
mod records;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

pub use groups::{Group, group};
pub use records::{Level, Line, Record, records};

use catalogue::{Entry, SHELVES};

/// A failure of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// Stable, so that runbooks and alarms can name it: `offset-log-empty`.
    pub id: Cow<'static, str>,
    /// What has happened, as a headline without its end.
    pub name: Cow<'static, str>,
    /// What it means for a stream that reads Kafka and writes S3.
    pub meaning: Cow<'static, str>,
    /// What to do.
    pub action: Cow<'static, str>,
    /// Whether a reset of the checkpoint helps.
    pub reset: Reset,
    /// Where it is reported or documented in public. Empty for what only
    /// Sluice causes.
    pub reports: Vec<Report>,
}

/// Whether a reset of the checkpoint helps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reset {
    /// It does, though a lesser step may do too.
    Helps,
    /// It does not; the cause lies elsewhere.
    DoesNot,
    /// Only under this condition, which goes on from "only".
    Only(Cow<'static, str>),
}

/// A public report or page of documentation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Its name, such as `SPARK-38033`.
    pub title: Cow<'static, str>,
    /// Its address.
    pub url: Cow<'static, str>,
}

/// The known failure that a log record tells of, stack trace and all. Where the
/// text fits several, the one that the others yield to is taken.
#[must_use]
pub fn recognise(text: &str) -> Option<Known> {
    entry_of(text).map(Entry::known)
}

/// Every known failure, in the order of the catalogue.
pub fn all() -> impl Iterator<Item = Known> {
    entries().map(Entry::known)
}

fn entries() -> impl Iterator<Item = &'static Entry> {
    SHELVES.iter().copied().flatten()
}

fn entry_of(text: &str) -> Option<&'static Entry> {
    let fitting: Vec<&Entry> = entries().filter(|entry| entry.fits(text)).collect();
    fitting
        .iter()
        .find(|entry| {
            let ahead = |other: &&&Entry| entry.yields_to_entry(other);
            fitting.iter().find(ahead).is_none()
        })
        .or(fitting.first())
        .copied()
}
