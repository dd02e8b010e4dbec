//! Who may do what: one function, [`can`], that gives a reason with every No.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::StreamName;
use crate::time::Millis;

/// A person, told apart as OpenID Connect does: by issuer and subject, never
/// by an e-mail address.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PersonId {
    /// The issuer's URL, exactly as in its metadata.
    pub issuer: String,
    /// The subject at that issuer.
    pub subject: String,
}

/// A person as named in events and reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Who it is.
    pub id: PersonId,
    /// The name to show.
    pub name: String,
}

/// What a person may be. The claim that carries it is configured.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads everything in scope.
    Viewer,
    /// Opens, starts and aborts Runs.
    Operator,
    /// Agrees to plans of others.
    Approver,
    /// Signs off for the data downstream.
    Stakeholder,
    /// All of it, and the audit.
    Admin,
}

impl Role {
    /// Every role, in the order of the enum.
    pub const ALL: [Role; 5] = [
        Role::Viewer,
        Role::Operator,
        Role::Approver,
        Role::Stakeholder,
        Role::Admin,
    ];

    /// The word for it, as in configuration and on pages.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Operator => "operator",
            Role::Approver => "approver",
            Role::Stakeholder => "stakeholder",
            Role::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Where a role holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "scope", content = "of")]
pub enum Scope {
    /// Every stream.
    All,
    /// The streams of these environments.
    Environments(BTreeSet<String>),
    /// These streams.
    Streams(BTreeSet<StreamName>),
}

/// A role and where it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The role.
    pub role: Role,
    /// Where.
    pub scope: Scope,
}

/// Who is asking. Handed first to everything that acts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// Who it is.
    pub person: Person,
    /// Shown in the user menu, never used to tell people apart.
    pub email: Option<String>,
    /// What they may be, and where.
    pub grants: Vec<Grant>,
    /// When they last proved who they are (`auth_time`), for step-up.
    pub signed_in_at: Millis,
}

/// A stream as far as access needs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamScope {
    /// Its name.
    pub name: StreamName,
    /// Its environment, such as `prod`.
    pub environment: String,
}

/// What somebody wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Read a stream, its Runs and reports.
    View,
    /// Open a Run, answer its checklist, choose an option, plan, request.
    Prepare,
    /// Start the secure or the reset plan; also resume, retry.
    Start,
    /// Ask for an abort.
    Abort,
    /// Try a write beside a stream's backups, outside of any plan.
    TryWrite,
    /// Agree to or decline a plan as an approver.
    Approve,
    /// Agree to or decline a plan as a stakeholder.
    SignOff,
    /// Read the audit journal and the configuration.
    Audit,
}

impl Action {
    /// The roles that may do it, the least first.
    #[must_use]
    pub fn roles(self) -> &'static [Role] {
        match self {
            Action::View => &Role::ALL,
            Action::Prepare | Action::Start | Action::Abort | Action::TryWrite => {
                &[Role::Operator, Role::Admin]
            }
            // An admin gets no vote by being an admin: breaking the glass is
            // an act of its own with a review.
            Action::Approve => &[Role::Approver],
            Action::SignOff => &[Role::Stakeholder],
            Action::Audit => &[Role::Admin],
        }
    }

    fn words(self) -> &'static str {
        match self {
            Action::View => "reading this",
            Action::Prepare => "preparing a reset",
            Action::Start => "starting a plan",
            Action::Abort => "aborting a Run",
            Action::TryWrite => "trying a write",
            Action::Approve => "approving a plan",
            Action::SignOff => "signing off a plan",
            Action::Audit => "reading the audit journal",
        }
    }

    /// Whether it needs a fresh sign-in (step-up).
    #[must_use]
    pub fn needs_fresh_sign_in(self) -> bool {
        matches!(
            self,
            Action::Start | Action::TryWrite | Action::Approve | Action::SignOff
        )
    }
}

/// Why somebody may not, and who may.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Denial {
    /// A sentence for the person.
    pub reason: String,
    /// The roles that would do.
    pub roles: Vec<Role>,
    /// Whether signing in again would be enough.
    pub sign_in_again: bool,
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Denial {}

impl Actor {
    /// Whether the actor holds `role` for `stream`.
    #[must_use]
    pub fn has(&self, role: Role, stream: &StreamScope) -> bool {
        self.grants
            .iter()
            .any(|g| g.role == role && g.scope.covers(stream))
    }
}

impl Scope {
    fn covers(&self, stream: &StreamScope) -> bool {
        match self {
            Scope::All => true,
            Scope::Environments(names) => names.contains(&stream.environment),
            Scope::Streams(names) => names.contains(&stream.name),
        }
    }
}

/// How old a sign-in may be before a dangerous act, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct StepUp {
    /// The time of asking.
    pub now: Millis,
    /// The greatest age of the sign-in.
    pub age_ms_max: i64,
}

/// Whether `actor` may do `action` to `stream`.
///
/// # Errors
/// The reason for a No, with the roles that may.
pub fn can(
    actor: &Actor,
    action: Action,
    stream: &StreamScope,
    step_up: StepUp,
) -> Result<(), Denial> {
    if !action.roles().iter().any(|role| actor.has(*role, stream)) {
        return Err(too_small(action, &format!("for {}", stream.name)));
    }
    let age_ms = step_up.now.since(actor.signed_in_at);
    if action.needs_fresh_sign_in() && age_ms > step_up.age_ms_max {
        return Err(Denial {
            reason: format!(
                "{} needs a sign-in of the last {}; yours is {} old.",
                capitalised(action.words()),
                crate::time::human_duration(step_up.age_ms_max),
                crate::time::human_duration(age_ms),
            ),
            roles: action.roles().to_vec(),
            sign_in_again: true,
        });
    }
    Ok(())
}

/// Whether `actor` may do `action` that belongs to no stream.
///
/// # Errors
/// The reason for a No, with the roles that may.
pub fn can_anywhere(actor: &Actor, action: Action) -> Result<(), Denial> {
    let allowed = actor
        .grants
        .iter()
        .any(|g| action.roles().contains(&g.role) && g.scope == Scope::All);
    if allowed {
        Ok(())
    } else {
        Err(too_small(action, "for every stream"))
    }
}

fn too_small(action: Action, place: &str) -> Denial {
    let roles: Vec<&str> = action.roles().iter().map(|r| r.word()).collect();
    Denial {
        reason: format!(
            "{} {place} needs the role {}.",
            capitalised(action.words()),
            roles.join(" or ")
        ),
        roles: action.roles().to_vec(),
        sign_in_again: false,
    }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map(|first| first.to_uppercase().chain(chars).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn actor(role: Role, scope: Scope) -> Actor {
        Actor {
            person: Person {
                id: PersonId {
                    issuer: "https://idp".into(),
                    subject: "s".into(),
                },
                name: "Oda".into(),
            },
            email: None,
            grants: vec![Grant { role, scope }],
            signed_in_at: Millis(0),
        }
    }

    fn orders() -> StreamScope {
        StreamScope {
            name: "orders".parse().unwrap(),
            environment: "prod".into(),
        }
    }

    const FRESH: StepUp = StepUp {
        now: Millis(0),
        age_ms_max: 900_000,
    };

    #[test]
    fn each_action_is_open_to_its_roles_and_no_others() {
        let actions = [
            Action::View,
            Action::Prepare,
            Action::Start,
            Action::Abort,
            Action::TryWrite,
            Action::Approve,
            Action::SignOff,
            Action::Audit,
        ];
        for action in actions {
            for role in Role::ALL {
                let allowed =
                    can(&actor(role, Scope::All), action, &orders(), FRESH).is_ok();
                assert_eq!(allowed, action.roles().contains(&role), "{action:?} {role}");
            }
        }
    }

    #[test]
    fn a_role_for_another_stream_or_environment_does_not_count() {
        let elsewhere = Scope::Streams(BTreeSet::from(["clicks".parse().unwrap()]));
        let denied = can(
            &actor(Role::Operator, elsewhere),
            Action::Start,
            &orders(),
            FRESH,
        );
        assert_eq!(
            denied.unwrap_err().reason,
            "Starting a plan for orders needs the role operator or admin."
        );
        let dev = Scope::Environments(BTreeSet::from(["dev".into()]));
        assert!(
            can(&actor(Role::Operator, dev), Action::View, &orders(), FRESH).is_err()
        );
    }

    #[test]
    fn an_old_sign_in_may_read_but_not_start() {
        let step_up = StepUp {
            now: Millis(1_000_000),
            age_ms_max: 900_000,
        };
        let oda = actor(Role::Operator, Scope::All);
        assert!(can(&oda, Action::View, &orders(), step_up).is_ok());
        let denied = can(&oda, Action::Start, &orders(), step_up).unwrap_err();
        assert!(denied.sign_in_again);
    }
}
