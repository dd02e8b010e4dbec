//! Probes: single questions to what surrounds a stream, for who looks for the
//! reason why it is still stuck.
//!
//! What was not asked or not answered has an outcome of its own. It is never
//! taken for a pass, nor for a failure of the thing that was asked about.

mod application;
mod needs;

use serde::{Deserialize, Serialize};

pub use application::{ApplicationFacts, application};
pub(crate) use needs::partition_of;
pub use needs::{JobNeeds, Need, job_needs};

/// One question, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// Which, for addresses: lower-case words with dashes.
    pub id: String,
    /// What is asked, as a sentence without its end.
    pub asks: String,
    /// The calls by their names at AWS or Kafka.
    pub calls: String,
    /// The same question for a shell; empty where no one command asks it.
    pub command: String,
    /// What came of it.
    pub answer: Answer,
    /// How long it took, in milliseconds; `None` where nothing was asked.
    pub took_ms: Option<i64>,
}

/// What came of a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// In one word.
    pub outcome: Outcome,
    /// Why, in sentences.
    pub reason: String,
    /// What to do next; empty where nothing is to be done.
    pub next: String,
    /// Texts that were read on the way, each with its title.
    pub shown: Vec<(String, String)>,
}

/// What came of a question, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is not as it must be, or no answer came.
    Failed,
    /// Sluice's credentials do not allow the question. It says nothing about
    /// what was asked.
    NotPermitted,
    /// What would be asked about is not configured or not known.
    NotConfigured,
    /// It is as it must be.
    Passed,
}

impl Outcome {
    /// The word for people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Failed => "failed",
            Outcome::NotPermitted => "not permitted to ask",
            Outcome::NotConfigured => "not configured",
            Outcome::Passed => "passed",
        }
    }
}

impl Answer {
    /// It is as it must be.
    #[must_use]
    pub fn passed(reason: impl Into<String>) -> Self {
        Self::of(Outcome::Passed, reason, "")
    }

    /// It is not, or no answer came.
    #[must_use]
    pub fn failed(reason: impl Into<String>, next: impl Into<String>) -> Self {
        Self::of(Outcome::Failed, reason, next)
    }

    /// The question is not allowed.
    #[must_use]
    pub fn not_permitted(reason: impl Into<String>, next: impl Into<String>) -> Self {
        Self::of(Outcome::NotPermitted, reason, next)
    }

    /// There is nothing to ask about.
    #[must_use]
    pub fn not_configured(reason: impl Into<String>, next: impl Into<String>) -> Self {
        Self::of(Outcome::NotConfigured, reason, next)
    }

    /// With texts that were read on the way.
    #[must_use]
    pub fn showing(mut self, shown: Vec<(String, String)>) -> Self {
        self.shown = shown;
        self
    }

    fn of(outcome: Outcome, reason: impl Into<String>, next: impl Into<String>) -> Self {
        Self {
            outcome,
            reason: reason.into(),
            next: next.into(),
            shown: Vec::new(),
        }
    }
}
