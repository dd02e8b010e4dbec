//! The hash that chains the journal's rows.

use domain::ids::Digest;
use sha2::{Digest as _, Sha256};

/// Stands first in every hash, so that a journal's hash is no other hash of the
/// same bytes, and a later form can be told apart.
const DOMAIN: &[u8] = b"sluice-journal-1";

/// What a row's hash covers: everything but the hash itself.
#[derive(Clone, Copy, Debug)]
pub struct ChainFields<'a> {
    pub prev_hash: &'a str,
    pub seq: i64,
    pub run_id: &'a str,
    pub run_seq: i64,
    pub at_ms: i64,
    pub actor: &'a str,
    pub kind: &'a str,
    pub plan_hash: Option<&'a str>,
    pub epoch: Option<i64>,
    pub body: &'a str,
}

impl ChainFields<'_> {
    /// SHA-256 over the fields in this order, each with its length before it, so
    /// that no text can slide from one field into the next. An absent field is
    /// not the same as an empty one.
    pub fn hash(&self) -> Digest {
        let mut hasher = Sha256::new();
        add(&mut hasher, DOMAIN);
        add(&mut hasher, self.prev_hash.as_bytes());
        add(&mut hasher, &self.seq.to_be_bytes());
        add(&mut hasher, self.run_id.as_bytes());
        add(&mut hasher, &self.run_seq.to_be_bytes());
        add(&mut hasher, &self.at_ms.to_be_bytes());
        add(&mut hasher, self.actor.as_bytes());
        add(&mut hasher, self.kind.as_bytes());
        add_optional(&mut hasher, self.plan_hash.map(str::as_bytes));
        add_optional(
            &mut hasher,
            self.epoch.map(i64::to_be_bytes).as_ref().map(|b| &b[..]),
        );
        add(&mut hasher, self.body.as_bytes());
        hex::encode(hasher.finalize())
            .parse()
            .expect("a SHA-256 in hexadecimal is a digest")
    }
}

/// What the first row follows.
pub(super) fn genesis() -> Digest {
    "0".repeat(64).parse().expect("64 zeros are a digest")
}

fn add(hasher: &mut Sha256, field: &[u8]) {
    hasher.update((field.len() as u64).to_be_bytes());
    hasher.update(field);
}

fn add_optional(hasher: &mut Sha256, field: Option<&[u8]>) {
    match field {
        None => add(hasher, b"-"),
        Some(field) => {
            add(hasher, b"+");
            add(hasher, field);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> ChainFields<'static> {
        ChainFields {
            prev_hash: "p",
            seq: 1,
            run_id: "orders-1",
            run_seq: 1,
            at_ms: 5,
            actor: "ab",
            kind: "c",
            plan_hash: None,
            epoch: None,
            body: "{}",
        }
    }

    #[test]
    fn text_cannot_slide_between_fields() {
        let other = ChainFields {
            actor: "a",
            kind: "bc",
            ..fields()
        };
        assert_ne!(fields().hash(), other.hash());
    }

    #[test]
    fn absent_is_not_empty() {
        let other = ChainFields {
            plan_hash: Some(""),
            ..fields()
        };
        assert_ne!(fields().hash(), other.hash());
    }

    /// A journal outlives a release: its rows must still verify. The value was
    /// computed by another program (Python's hashlib) from the description.
    #[test]
    fn the_form_does_not_change() {
        let expected = "ea83b3db7f5d5fa8e32af849d1571bfe3a2ad77a357213bd2b99c0d6574b63de";
        assert_eq!(fields().hash().as_str(), expected);
    }
}
