//! Who must agree to a plan, and whether they have.
//!
//! An agreement holds for one plan id, which is the hash of the plan. Nobody
//! agrees to a plan of their own, one person counts once, and expiry is a No.

use serde::{Deserialize, Serialize};

use crate::access::{Person, PersonId, Role};
use crate::time::Millis;

/// How many people of which role a plan needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgreementNeeded {
    /// By role, each with a count above zero.
    pub roles: Vec<RoleNeeded>,
    /// How long the request stands, in milliseconds.
    pub expires_after_ms: i64,
    /// Why it is needed, as a sentence.
    pub because: String,
}

/// A number of people of one role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleNeeded {
    /// The role.
    pub role: Role,
    /// How many.
    pub count: u32,
}

impl AgreementNeeded {
    /// Whether the plan can be started without asking anybody.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.roles.is_empty()
    }

    /// "one stakeholder", "one approver and two stakeholders", "nobody".
    #[must_use]
    pub fn words(&self) -> String {
        let parts: Vec<String> = self
            .roles
            .iter()
            .map(|needed| match needed.count {
                1 => format!("one {}", needed.role),
                2 => format!("two {}s", needed.role),
                n => format!("{n} {}s", needed.role),
            })
            .collect();
        if parts.is_empty() {
            "nobody".to_owned()
        } else {
            parts.join(" and ")
        }
    }
}

/// One person's Yes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    /// Who.
    pub person: Person,
    /// In which role.
    pub role: Role,
    /// When.
    pub at: Millis,
    /// What they wrote.
    pub comment: String,
}

/// How far the agreement to a plan is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "agreement")]
pub enum AgreementState {
    /// Nobody needs to be asked.
    NotNeeded,
    /// It was not asked for yet.
    NotRequested,
    /// It was asked for, and not all have answered.
    Waiting {
        /// Whom it still waits for.
        missing: Vec<RoleNeeded>,
        /// When it turns into a No.
        expires_at: Millis,
    },
    /// All agreed.
    Agreed,
    /// Somebody declined.
    Declined {
        /// Who.
        by: Person,
        /// Why.
        reason: String,
    },
    /// Time ran out, which means No.
    Expired {
        /// When.
        at: Millis,
    },
}

/// Whom `needed` still waits for after `votes`. A person who stands in two roles
/// counts in the one in which they voted first; who made the plan or asked for
/// the agreement counts in none.
#[must_use]
pub fn missing(
    needed: &AgreementNeeded,
    own: &[&PersonId],
    votes: &[Vote],
) -> Vec<RoleNeeded> {
    let mut counted: Vec<&PersonId> = own.to_vec();
    let mut missing = needed.roles.clone();
    for vote in votes {
        if counted.contains(&&vote.person.id) {
            continue;
        }
        let wanted = missing
            .iter_mut()
            .find(|n| n.role == vote.role && n.count > 0);
        if let Some(wanted) = wanted {
            wanted.count -= 1;
            counted.push(&vote.person.id);
        }
    }
    missing.retain(|n| n.count > 0);
    missing
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(subject: &str) -> Person {
        Person {
            id: PersonId {
                issuer: "https://idp".into(),
                subject: subject.into(),
            },
            name: subject.into(),
        }
    }

    fn vote(subject: &str, role: Role) -> Vote {
        Vote {
            person: person(subject),
            role,
            at: Millis(1),
            comment: String::new(),
        }
    }

    fn needs(counts: &[(Role, u32)]) -> AgreementNeeded {
        AgreementNeeded {
            roles: counts
                .iter()
                .map(|(role, count)| RoleNeeded {
                    role: *role,
                    count: *count,
                })
                .collect(),
            expires_after_ms: 1,
            because: String::new(),
        }
    }

    #[test]
    fn the_requester_and_a_second_vote_of_one_person_do_not_count() {
        let needed = needs(&[(Role::Approver, 2)]);
        let oda = person("oda").id;
        let votes = [
            vote("oda", Role::Approver),
            vote("adam", Role::Approver),
            vote("adam", Role::Approver),
        ];
        assert_eq!(missing(&needed, &[&oda], &votes)[0].count, 1);
    }

    #[test]
    fn one_person_in_two_roles_counts_once() {
        let needed = needs(&[(Role::Approver, 1), (Role::Stakeholder, 1)]);
        let votes = [vote("sam", Role::Approver), vote("sam", Role::Stakeholder)];
        let missing = missing(&needed, &[&person("oda").id], &votes);
        assert_eq!(missing, needs(&[(Role::Stakeholder, 1)]).roles);
    }

    #[test]
    fn all_roles_filled_leaves_nothing_missing() {
        let needed = needs(&[(Role::Stakeholder, 1)]);
        let votes = [vote("stella", Role::Stakeholder)];
        assert!(missing(&needed, &[&person("oda").id], &votes).is_empty());
        assert_eq!(needed.words(), "one stakeholder");
        assert_eq!(needs(&[]).words(), "nobody");
    }
}
