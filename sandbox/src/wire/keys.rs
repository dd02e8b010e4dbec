//! Who may call: access keys and the principals behind them.

use std::collections::HashMap;
use std::sync::RwLock;

use rand::Rng;

use super::ACCOUNT;

/// Who calls, as IAM names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// `arn:aws:iam::123456789012:user/NAME`, or
    /// `arn:aws:sts::123456789012:assumed-role/ROLE/SESSION`.
    pub arn: String,
    /// The account it belongs to.
    pub account: String,
    /// The user or role whose policies apply: `user/NAME` or `role/NAME`.
    pub identity: String,
}

impl Principal {
    /// A user of the sandbox's account.
    pub fn user(name: &str) -> Self {
        Self {
            arn: format!("arn:aws:iam::{ACCOUNT}:user/{name}"),
            account: ACCOUNT.to_owned(),
            identity: format!("user/{name}"),
        }
    }

    /// A session of a role of the sandbox's account.
    pub fn session(role: &str, session: &str) -> Self {
        Self {
            arn: format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{session}"),
            account: ACCOUNT.to_owned(),
            identity: format!("role/{role}"),
        }
    }
}

/// A key that requests are signed with.
#[derive(Debug, Clone)]
pub struct AccessKey {
    /// The public half.
    pub id: String,
    /// The secret half.
    pub secret: String,
    /// The token that must come along, for a session's key.
    pub session_token: Option<String>,
    /// When it ends, in milliseconds since the epoch.
    pub expires_at_ms: Option<i64>,
    /// Whose it is.
    pub principal: Principal,
}

/// All the keys that the sandbox knows.
#[derive(Debug, Default)]
pub struct AccessKeys {
    keys: RwLock<HashMap<String, AccessKey>>,
}

impl AccessKeys {
    /// Adds a key, or replaces the one of the same id.
    pub fn add(&self, key: AccessKey) {
        self.write().insert(key.id.clone(), key);
    }

    /// Adds a lasting key of a user.
    pub fn add_user(&self, name: &str, id: &str, secret: &str) {
        self.add(AccessKey {
            id: id.to_owned(),
            secret: secret.to_owned(),
            session_token: None,
            expires_at_ms: None,
            principal: Principal::user(name),
        });
    }

    /// Issues the key of a session of a role, as AssumeRole does.
    pub fn issue(&self, principal: Principal, expires_at_ms: i64) -> AccessKey {
        let key = AccessKey {
            id: format!(
                "ASIA{}",
                random_text(16, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
            ),
            secret: random_text(40, BASE64_ALPHABET),
            session_token: Some(random_text(128, BASE64_ALPHABET)),
            expires_at_ms: Some(expires_at_ms),
            principal,
        };
        self.add(key.clone());
        key
    }

    /// The key of this id, expired or not.
    pub fn get(&self, id: &str) -> Option<AccessKey> {
        self.read().get(id).cloned()
    }

    /// Ends every session of an identity, `role/NAME`, and says how many there were.
    pub fn expire_sessions(&self, identity: &str) -> usize {
        let mut keys = self.write();
        let sessions = keys.values_mut().filter(|key| {
            key.session_token.is_some() && key.principal.identity == identity
        });
        sessions.map(|key| key.expires_at_ms = Some(0)).count()
    }

    /// Withdraws a key; false when there was none.
    pub fn revoke(&self, id: &str) -> bool {
        self.write().remove(id).is_some()
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, HashMap<String, AccessKey>> {
        self.keys
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, HashMap<String, AccessKey>> {
        self.keys
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

const BASE64_ALPHABET: &[u8] =
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn random_text(length: usize, alphabet: &[u8]) -> String {
    let mut random = rand::rng();
    (0..length)
        .map(|_| char::from(alphabet[random.random_range(0..alphabet.len())]))
        .collect()
}
