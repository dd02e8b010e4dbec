//! The policy of an environment: how long to wait, and who must agree.

use serde::{Deserialize, Serialize};

use crate::access::Role;
use crate::agreement::{AgreementNeeded, RoleNeeded};
use crate::canonical::{self, NotCanonical};
use crate::ids::Digest;
use crate::intent::{Touch, WayOut};

/// What applies to the streams of an environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Who must agree, by the letter of the option.
    pub agreement: Vec<OptionAgreement>,
    /// How long a request stands, in milliseconds.
    pub request_expires_ms: i64,
    /// The least time without a changed object before anything is copied, in
    /// milliseconds. Twice the trigger interval is taken where that is longer.
    pub quiet_ms_min: i64,
    /// How long a job may take to end before a person is asked, in
    /// milliseconds.
    pub stop_deadline_ms: i64,
    /// The grace period of a cancel in seconds, where the release has it.
    pub cancel_grace_s: u32,
    /// How long the first batch may take before a person is asked, in
    /// milliseconds.
    pub first_batch_deadline_ms: i64,
    /// Records whose retention ends within this time are not planned to be read
    /// from the log start: Kafka deletes them before the job gets there. In
    /// milliseconds.
    pub retention_margin_ms: i64,
    /// How many batches must be committed before a stream counts as healthy.
    pub watch_batches: u32,
    /// How long that may take before a person is asked, in milliseconds.
    pub watch_deadline_ms: i64,
}

/// The agreement that an option needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptionAgreement {
    /// The way out's letter, or `secure` for the secure plan.
    pub option: String,
    /// Whom it needs.
    pub roles: Vec<RoleNeeded>,
}

impl Policy {
    /// The digest that a plan carries.
    ///
    /// # Errors
    /// Never for a policy of this type; see [`canonical::digest`].
    pub fn digest(&self) -> Result<Digest, NotCanonical> {
        canonical::digest(self)
    }

    /// Whom the secure plan needs.
    #[must_use]
    pub fn agreement_to_secure(&self) -> AgreementNeeded {
        let mut needed = self.agreement_by_word("secure");
        if needed.is_none() {
            needed.because =
                "Securing loses nothing and is undone by a restart.".to_owned();
        }
        needed
    }

    /// Whom `way_out` needs. A policy that does not name a change of the log or a backup asks
    /// for it whom it asks for chosen offsets, since both can repeat and skip.
    #[must_use]
    pub fn agreement_for(&self, way_out: &WayOut) -> AgreementNeeded {
        let letter = way_out.letter().to_string();
        let is_named = self.agreement.iter().any(|a| a.option == letter);
        if is_named || !matches!(way_out.touch(), Touch::Log | Touch::Backup) {
            return self.agreement_by_word(&letter);
        }
        let mut needed = self.agreement_by_word("B");
        needed.because = format!(
            "The policy does not name option {letter}; it is agreed to as option B is."
        );
        needed
    }

    fn agreement_by_word(&self, letter: &str) -> AgreementNeeded {
        let roles: Vec<RoleNeeded> = self
            .agreement
            .iter()
            .find(|a| a.option == letter)
            .map(|a| a.roles.clone())
            .unwrap_or_default();
        let because = if roles.is_empty() {
            format!("The policy asks nobody for option {letter}.")
        } else {
            format!("The policy asks for this before option {letter}.")
        };
        AgreementNeeded {
            roles,
            expires_after_ms: self.request_expires_ms,
            because,
        }
    }
}

impl Default for Policy {
    /// What holds where nothing is configured: everything that loses or
    /// repeats data needs somebody.
    fn default() -> Self {
        let one = |role| RoleNeeded { role, count: 1 };
        let option = |letter: &str, roles| OptionAgreement {
            option: letter.to_owned(),
            roles,
        };
        Self {
            agreement: vec![
                option("A", vec![one(Role::Approver)]),
                option("B", vec![one(Role::Approver)]),
                option("C", vec![one(Role::Approver), one(Role::Stakeholder)]),
            ],
            request_expires_ms: 4 * 3_600_000,
            quiet_ms_min: 30_000,
            stop_deadline_ms: 20 * 60_000,
            cancel_grace_s: 120,
            first_batch_deadline_ms: 15 * 60_000,
            retention_margin_ms: 5 * 60_000,
            watch_batches: 3,
            watch_deadline_ms: 30 * 60_000,
        }
    }
}
