//! IAM: roles, their policies, and what they may do.

mod identities;
mod policy;
mod service;

pub use identities::{
    JOB_ROLE, NARROWED_ROLE, OBSERVER_ROLE, ONCALL, OPERATOR_ROLE, SLUICE, StaticKey,
    settle,
};
pub use policy::{Decision, Policies, Policy, PolicyError, Role};
pub use service::Iam;

use sha2::{Digest, Sha256};

/// The unique id of an identity, as IAM has it beside the name: 21 characters that
/// start with its kind and are always the same for the same name.
pub(crate) fn unique_id(kind: &str, identity: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let digest = Sha256::digest(identity.as_bytes());
    let rest = digest
        .iter()
        .take(17)
        .map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
    kind.chars().chain(rest).collect()
}

/// `2025-01-15T00:00:00Z`.
pub(crate) fn iso_time(at_ms: i64) -> String {
    let seconds = at_ms.div_euclid(1000);
    jiff::Timestamp::from_second(seconds)
        .unwrap_or_default()
        .to_string()
}
