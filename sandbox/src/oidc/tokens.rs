//! The ID token's claims, and the ways in which they can be made wrong.

use std::sync::{Arc, Mutex, PoisonError};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rsa::sha2::{Digest, Sha256};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    config::{ProviderConfig, User},
    grants::Grant,
    keys::{Key, Seal},
};

/// How long an ID token holds. It is read once, right after it was issued.
const ID_TOKEN_S: i64 = 300;

/// One thing that a client must notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenFault {
    WrongIssuer,
    WrongAudience,
    WrongNonce,
    Expired,
    AlgNone,
    UnknownKeyId,
    WrongSignature,
    /// `auth_time` lies a year back, whatever `max_age` was asked for.
    OldAuthTime,
}

/// The switch for faults of ID tokens. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct FaultyTokens(Arc<Mutex<Option<TokenFault>>>);

impl FaultyTokens {
    /// Switches a fault on, in place of another, or off.
    pub fn set(&self, fault: Option<TokenFault>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    pub fn get(&self) -> Option<TokenFault> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What goes into an ID token.
pub(super) struct IdToken<'a> {
    pub(super) issuer: &'a str,
    pub(super) config: &'a ProviderConfig,
    pub(super) user: &'a User,
    pub(super) grant: &'a Grant,
    pub(super) access_token: &'a str,
    pub(super) fault: Option<TokenFault>,
}

impl IdToken<'_> {
    pub(super) fn write(&self, key: &Key, now_ms: i64) -> String {
        let seal = match self.fault {
            Some(TokenFault::AlgNone) => Seal::None,
            Some(TokenFault::UnknownKeyId) => Seal::UnknownKeyId,
            Some(TokenFault::WrongSignature) => Seal::WrongSignature,
            _ => Seal::Sound,
        };
        key.token(&self.claims(now_ms), seal)
    }

    fn claims(&self, now_ms: i64) -> Value {
        let request = &self.grant.request;
        let now_s = now_ms / 1000;
        let mut claims = json!({
            "iss": self.issuer,
            "aud": request.client_id,
            "iat": now_s,
            "exp": now_s + ID_TOKEN_S,
            "nonce": request.nonce,
            "auth_time": self.grant.session.auth_time_ms / 1000,
            "sid": self.grant.session.id,
            "at_hash": at_hash(self.access_token),
        });
        let person = person_claims(self.user, &self.grant.request.scopes, self.config);
        for (name, value) in person {
            claims[name] = value;
        }
        match self.fault {
            Some(TokenFault::WrongIssuer) => {
                claims["iss"] = Value::from("https://elsewhere.example");
            }
            Some(TokenFault::WrongAudience) => {
                claims["aud"] = Value::from("another-client")
            }
            Some(TokenFault::WrongNonce) => {
                claims["nonce"] = Value::from("another-nonce")
            }
            Some(TokenFault::Expired) => {
                claims["iat"] = Value::from(now_s - 2 * 3600);
                claims["exp"] = Value::from(now_s - 3600);
            }
            Some(TokenFault::OldAuthTime) => {
                claims["auth_time"] = Value::from(now_s - 365 * 24 * 3600);
            }
            Some(
                TokenFault::AlgNone
                | TokenFault::UnknownKeyId
                | TokenFault::WrongSignature,
            )
            | None => {}
        }
        claims
    }
}

/// The claims about a person that the granted scopes give; the roles always.
pub(super) fn person_claims(
    user: &User,
    scopes: &[&str],
    config: &ProviderConfig,
) -> serde_json::Map<String, Value> {
    let mut claims = serde_json::Map::new();
    let mut put = |name: &str, value: Value| {
        claims.insert(name.to_owned(), value);
    };
    put("sub", user.subject().into());
    put(&config.roles_claim, user.roles.clone().into());
    if scopes.contains(&"profile") {
        put("name", user.name.clone().into());
        put("preferred_username", user.login.clone().into());
    }
    if scopes.contains(&"email") {
        put("email", user.email.clone().into());
        put("email_verified", true.into());
    }
    claims
}

/// OpenID Connect Core, 3.1.3.6: the left half of the token's SHA-256.
fn at_hash(access_token: &str) -> String {
    URL_SAFE_NO_PAD.encode(&Sha256::digest(access_token)[..16])
}
