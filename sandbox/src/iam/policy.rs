//! Policies and the decision over them.
//!
//! A small part of IAM, kept honest: statements of Effect, Action or NotAction, and
//! Resource with `*` and `?`. A statement with anything else (Condition, Principal,
//! NotResource) is refused when it is put in, not ignored.

use std::collections::BTreeMap;
use std::sync::RwLock;

use serde_json::Value;

/// What the policies of an identity say about a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// A statement allows it and none denies it.
    Allowed,
    /// No statement allows it.
    ImplicitDeny,
    /// A statement denies it.
    ExplicitDeny,
}

/// A policy that is inline or attached.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Its name within the identity, or its own.
    pub name: String,
    /// The ARN, of a managed policy.
    pub arn: Option<String>,
    /// The document as it was given.
    pub document: Value,
    statements: Vec<Statement>,
}

/// A role or user with its policies.
#[derive(Debug, Clone)]
pub struct Role {
    /// `role/NAME` or `user/NAME`.
    pub identity: String,
    /// Who may assume the role: identities and service names. Empty for a user.
    pub trusted: Vec<String>,
    /// When it was made, in milliseconds since the epoch.
    pub created_at_ms: i64,
    /// The policies that apply.
    pub policies: Vec<Policy>,
}

/// Why a policy document is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the policy {policy}: {reason}")]
pub struct PolicyError {
    /// The policy's name.
    pub policy: String,
    /// What is wrong.
    pub reason: String,
}

/// All identities with their policies.
#[derive(Debug, Default)]
pub struct Policies {
    roles: RwLock<BTreeMap<String, Role>>,
}

#[derive(Debug, Clone)]
struct Statement {
    allows: bool,
    actions: Vec<String>,
    /// Whether `actions` are those that the statement is *not* about.
    inverted: bool,
    resources: Vec<String>,
}

impl Policy {
    /// Reads an inline policy.
    pub fn inline(name: &str, document: Value) -> Result<Self, PolicyError> {
        let statements = statements(&document).map_err(|reason| PolicyError {
            policy: name.to_owned(),
            reason,
        })?;
        Ok(Self {
            name: name.to_owned(),
            arn: None,
            document,
            statements,
        })
    }

    /// Reads a managed policy.
    pub fn managed(arn: &str, document: Value) -> Result<Self, PolicyError> {
        let name = arn.rsplit('/').next().unwrap_or(arn);
        let mut policy = Self::inline(name, document)?;
        policy.arn = Some(arn.to_owned());
        Ok(policy)
    }
}

impl Decision {
    /// The word that IAM's simulator uses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::ImplicitDeny => "implicitDeny",
            Self::ExplicitDeny => "explicitDeny",
        }
    }

    /// The sentence that AWS gives when it denies.
    pub fn text(self, arn: &str, right: &str, resource: &str) -> String {
        let why = match self {
            Self::Allowed => return "allowed".to_owned(),
            Self::ImplicitDeny => {
                format!("because no identity-based policy allows the {right} action")
            }
            Self::ExplicitDeny => {
                "with an explicit deny in an identity-based policy".to_owned()
            }
        };
        format!(
            "User: {arn} is not authorized to perform: {right} on resource: \
             {resource} {why}"
        )
    }
}

impl Policies {
    /// Adds an identity, or replaces it.
    pub fn put(&self, role: Role) {
        self.write().insert(role.identity.clone(), role);
    }

    /// The identity, `role/NAME` or `user/NAME`.
    pub fn get(&self, identity: &str) -> Option<Role> {
        self.read().get(identity).cloned()
    }

    /// Removes an identity; false when there was none. Its sessions may do nothing
    /// any more.
    pub fn remove(&self, identity: &str) -> bool {
        self.write().remove(identity).is_some()
    }

    /// Every identity, by name.
    pub fn all(&self) -> Vec<Role> {
        self.read().values().cloned().collect()
    }

    /// What the policies of `identity` say; an unknown identity may do nothing.
    pub fn decide(&self, identity: &str, action: &str, resource: &str) -> Decision {
        let roles = self.read();
        let Some(role) = roles.get(identity) else {
            return Decision::ImplicitDeny;
        };
        decide(&role.policies, action, resource)
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<String, Role>> {
        self.roles
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, BTreeMap<String, Role>> {
        self.roles
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// What these policies say: a deny wins, then an allow, then nothing.
fn decide(policies: &[Policy], action: &str, resource: &str) -> Decision {
    let mut decision = Decision::ImplicitDeny;
    let statements = policies.iter().flat_map(|policy| &policy.statements);
    for statement in statements.filter(|one| one.is_about(action, resource)) {
        if !statement.allows {
            return Decision::ExplicitDeny;
        }
        decision = Decision::Allowed;
    }
    decision
}

impl Statement {
    fn is_about(&self, action: &str, resource: &str) -> bool {
        let action = action.to_ascii_lowercase();
        let named = self
            .actions
            .iter()
            .any(|pattern| matches(pattern.as_bytes(), action.as_bytes()));
        named != self.inverted
            && self
                .resources
                .iter()
                .any(|pattern| matches(pattern.as_bytes(), resource.as_bytes()))
    }
}

/// Whether `text` matches a pattern of `*` (any run) and `?` (any one byte).
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    // Where to go back to: after the last star, and the text that it has taken.
    let mut back: Option<(usize, usize)> = None;
    while t < text.len() {
        if pattern.get(p) == Some(&b'*') {
            back = Some((p + 1, t));
            p += 1;
        } else if pattern.get(p) == Some(&b'?') || pattern.get(p) == Some(&text[t]) {
            p += 1;
            t += 1;
        } else if let Some((after_star, taken)) = back {
            back = Some((after_star, taken + 1));
            p = after_star;
            t = taken + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

fn statements(document: &Value) -> Result<Vec<Statement>, String> {
    if document["Version"] != "2012-10-17" {
        return Err("Version is not 2012-10-17".to_owned());
    }
    one_or_many(&document["Statement"])
        .into_iter()
        .map(statement)
        .collect()
}

fn statement(value: &Value) -> Result<Statement, String> {
    let Some(fields) = value.as_object() else {
        return Err("a statement is not an object".to_owned());
    };
    const KNOWN: [&str; 5] = ["Sid", "Effect", "Action", "NotAction", "Resource"];
    if let Some(name) = fields.keys().find(|name| !KNOWN.contains(&name.as_str())) {
        return Err(format!("{name} is not understood by the sandbox"));
    }
    let allows = match value["Effect"].as_str() {
        Some("Allow") => true,
        Some("Deny") => false,
        _ => return Err("Effect is neither Allow nor Deny".to_owned()),
    };
    let inverted = fields.contains_key("NotAction");
    if inverted == fields.contains_key("Action") {
        return Err("exactly one of Action and NotAction is needed".to_owned());
    }
    let texts = |name: &str| -> Result<Vec<String>, String> {
        one_or_many(&value[name])
            .into_iter()
            .map(|one| one.as_str().map(str::to_owned))
            .collect::<Option<Vec<_>>>()
            .filter(|texts| !texts.is_empty())
            .ok_or_else(|| format!("{name} is not text or a list of texts"))
    };
    let actions = texts(if inverted { "NotAction" } else { "Action" })?;
    Ok(Statement {
        allows,
        actions: actions.iter().map(|one| one.to_ascii_lowercase()).collect(),
        inverted,
        resources: texts("Resource")?,
    })
}

fn one_or_many(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(many) => many.iter().collect(),
        one => vec![one],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn policy(statements: Value) -> Result<Policy, PolicyError> {
        let document = json!({"Version": "2012-10-17", "Statement": statements});
        Policy::inline("test", document)
    }

    #[test]
    fn a_deny_wins_over_an_allow() {
        let policies = [policy(json!([
            {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
            {"Effect": "Deny", "Action": ["s3:DeleteObject"],
             "Resource": "arn:aws:s3:::bucket/keep/*"},
        ]))
        .expect("a policy")];
        let object = |key| format!("arn:aws:s3:::bucket/{key}");
        let ask = |action, key| decide(&policies, action, &object(key));
        assert_eq!(ask("s3:DeleteObject", "keep/a"), Decision::ExplicitDeny);
        assert_eq!(ask("s3:DeleteObject", "other"), Decision::Allowed);
        assert_eq!(ask("s3:deleteobject", "keep/a/b"), Decision::ExplicitDeny);
        assert_eq!(ask("kafka:ListClusters", "x"), Decision::ImplicitDeny);
    }

    #[test]
    fn not_action_is_about_everything_else() {
        let policies = [policy(json!(
            {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}
        ))
        .expect("a policy")];
        assert_eq!(decide(&policies, "s3:GetObject", "x"), Decision::Allowed);
        assert_eq!(
            decide(&policies, "iam:GetRole", "x"),
            Decision::ImplicitDeny
        );
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let error = policy(json!({"Effect": "Allow", "Action": "*", "Resource": "*",
            "Condition": {"Bool": {"aws:SecureTransport": "true"}}}))
        .expect_err("refused");
        assert!(error.reason.contains("Condition"), "{error}");
        assert!(policy(json!({"Effect": "Allow", "Action": "*"})).is_err());
    }

    #[test]
    fn patterns_match_as_iam_has_them() {
        let check =
            |pattern: &str, text: &str| matches(pattern.as_bytes(), text.as_bytes());
        assert!(check("*", ""));
        assert!(check("a*c", "abbbc"));
        assert!(check("a*b*c", "axbxbxc"));
        assert!(!check("a*c", "abcd"));
        assert!(check("a?c", "abc"));
        assert!(!check("a?c", "ac"));
    }
}
