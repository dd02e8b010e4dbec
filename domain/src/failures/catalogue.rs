//! The catalogue: which texts tell of which failure, and what to do about it.
//!
//! The texts are those of Spark 3.3 to 4.2, as its sources and the restarts in
//! `domain/tests` have them; where a release words it differently, the entry
//! has a sign for each wording. Texts of Kafka, S3 and EMR are as their public
//! reports quote them. A text that nobody has seen has no place here.

mod kafka;
mod logs;
mod platform;
mod sink;
mod state;

use super::pattern::occurs;
use super::{Known, Report, Reset};

/// The entries, by what they are about.
pub(super) static SHELVES: &[&[Entry]] = &[
    logs::ENTRIES,
    state::ENTRIES,
    kafka::ENTRIES,
    sink::ENTRIES,
    platform::ENTRIES,
];

/// A failure as the catalogue holds it. For the texts see [`Known`].
pub(super) struct Entry {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) meaning: &'static str,
    pub(super) action: &'static str,
    pub(super) reset: ResetIs,
    /// Title and address.
    pub(super) reports: &'static [(&'static str, &'static str)],
    /// Any of these tells of it.
    pub(super) signs: &'static [Sign],
    /// The entries that are taken instead where both fit: what is here is their
    /// consequence, or says less. [`ANY`] yields to every other.
    pub(super) yields_to: &'static [&'static str],
    /// Whether it is also looked for in lines that are no errors: losses that
    /// Spark logs as a warning, or as news.
    pub(super) hides: bool,
}

/// [`Reset`] as it is written in the catalogue.
#[derive(Clone, Copy)]
pub(super) enum ResetIs {
    Yes,
    No,
    Only(&'static str),
}

/// Patterns that must all occur in one record, in any order, and patterns of
/// which none may.
pub(super) struct Sign {
    pub(super) all: &'static [&'static str],
    pub(super) none: &'static [&'static str],
}

/// In [`Entry::yields_to`]: every other entry.
pub(super) const ANY: &str = "*";

/// An entry to build on; a `..DEFAULT` fills in what is rare.
pub(super) const DEFAULT: Entry = Entry {
    id: "",
    name: "",
    meaning: "",
    action: "",
    reset: ResetIs::No,
    reports: &[],
    signs: &[],
    yields_to: &[],
    hides: false,
};

/// A sign of one or more patterns.
const fn sign(all: &'static [&'static str]) -> Sign {
    Sign { all, none: &[] }
}

/// As [`sign`], where none of the others may occur.
const fn sign_without(
    all: &'static [&'static str],
    none: &'static [&'static str],
) -> Sign {
    Sign { all, none }
}

impl Entry {
    pub(super) fn fits(&self, text: &str) -> bool {
        self.signs.iter().any(|sign| {
            sign.all.iter().all(|pattern| occurs(pattern, text))
                && !sign.none.iter().any(|pattern| occurs(pattern, text))
        })
    }

    /// Whether the other is taken where both fit.
    pub(super) fn yields_to_entry(&self, other: &Self) -> bool {
        let to_all = |entry: &Self| entry.yields_to.contains(&ANY);
        self.id != other.id
            && (self.yields_to.contains(&other.id) || (to_all(self) && !to_all(other)))
    }

    pub(super) fn known(&self) -> Known {
        Known {
            id: self.id.into(),
            name: self.name.into(),
            meaning: self.meaning.into(),
            action: self.action.into(),
            reset: match self.reset {
                ResetIs::Yes => Reset::Helps,
                ResetIs::No => Reset::DoesNot,
                ResetIs::Only(when) => Reset::Only(when.into()),
            },
            reports: self
                .reports
                .iter()
                .map(|(title, url)| Report {
                    title: (*title).into(),
                    url: (*url).into(),
                })
                .collect(),
        }
    }
}

/// Spark's page of its error conditions.
const CONDITIONS: (&str, &str) = (
    "Spark: error conditions",
    "https://spark.apache.org/docs/latest/sql-error-conditions.html",
);
/// Spark's guide to its Kafka source.
const KAFKA_GUIDE: (&str, &str) = (
    "Spark: Kafka integration guide",
    "https://spark.apache.org/docs/3.5.6/structured-streaming-kafka-integration.html",
);
/// Spark's guide to recovery from checkpoints.
const RECOVERY_GUIDE: (&str, &str) = (
    "Spark: recovery semantics after changes in a query",
    "https://spark.apache.org/docs/3.5.6/structured-streaming-programming-guide.html\
     #recovery-semantics-after-changes-in-a-streaming-query",
);
/// Atomic writes of checkpoint files on S3.
const ATOMIC_WRITES: (&str, &str) = (
    "SPARK-40039: checkpoint files on S3 without rename",
    "https://issues.apache.org/jira/browse/SPARK-40039",
);
/// Two runs on one checkpoint.
const TWO_RUNS: (&str, &str) = (
    "SPARK-26425: two runs on one checkpoint",
    "https://issues.apache.org/jira/browse/SPARK-26425",
);
