//! What the provider remembers: who is signed in, who is asked, which codes
//! and access tokens are out. All of it ends, and its size is bounded.

use std::collections::HashMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rsa::{
    rand_core::{OsRng, RngCore},
    sha2::{Digest, Sha256},
};

use super::authorize::{AuthorizeRequest, Prompt};

const MINUTE_MS: i64 = 60_000;
/// How long a person may look at the sign-in page.
const ASKED_MS: i64 = 10 * MINUTE_MS;
/// How long the provider knows a person without asking again.
const SESSION_MS: i64 = 12 * 60 * MINUTE_MS;
const CODE_MS: i64 = MINUTE_MS;
pub(super) const ACCESS_TOKEN_MS: i64 = 5 * MINUTE_MS;
/// Entries of one kind at most. Past it the one that ends first goes.
const MAX_ENTRIES: usize = 10_000;

/// A person who is signed in at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Session {
    /// The claim `sid`; other than the cookie's value it may be shown.
    pub(super) id: String,
    pub(super) login: String,
    pub(super) auth_time_ms: i64,
}

/// What a code stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Grant {
    pub(super) session: Session,
    pub(super) request: AuthorizeRequest,
}

/// What is to be done with an authorization request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Send this code to the client.
    Code(String),
    /// Ask the person; the answer names this.
    Ask(String),
    /// The person would have to be asked and must not be.
    LoginRequired,
}

/// Why a code was not exchanged. The client learns only `invalid_grant`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum ExchangeError {
    #[error("The code is not known, or has ended.")]
    Unknown,
    #[error("The code was used before. Its access token has been withdrawn.")]
    Used,
    #[error("The code was issued to another client.")]
    Client,
    #[error("The redirect URI is not the one of the authorization request.")]
    RedirectUri,
    #[error("The code verifier does not match the code challenge.")]
    Verifier,
}

#[derive(Default)]
pub(super) struct Grants {
    asked: Entries<AuthorizeRequest>,
    sessions: Entries<Session>,
    codes: Entries<Code>,
    access_tokens: Entries<Grant>,
}

struct Code {
    grant: Grant,
    /// The access token that the code was exchanged for.
    exchanged: Option<String>,
}

impl Grants {
    /// Decides on a request from a browser with this session cookie.
    pub(super) fn begin(
        &mut self,
        request: AuthorizeRequest,
        cookie: Option<&str>,
        now_ms: i64,
    ) -> Next {
        let session = cookie
            .and_then(|cookie| self.sessions.get(cookie, now_ms))
            .cloned();
        let fresh = session.filter(|session| {
            let age_ms = now_ms - session.auth_time_ms;
            request
                .max_age_ms
                .is_none_or(|max_age_ms| age_ms < max_age_ms)
        });
        match (fresh, request.prompt) {
            (Some(session), Prompt::IfNeeded | Prompt::Never) => {
                Next::Code(self.issue_code(session, request, now_ms))
            }
            (None, Prompt::Never) => Next::LoginRequired,
            (_, Prompt::Always) | (None, Prompt::IfNeeded) => {
                Next::Ask(self.asked.add(request, now_ms, ASKED_MS))
            }
        }
    }

    /// Signs a person in who was asked. Returns the cookie of the new session
    /// and the code with its request. An answer counts once.
    pub(super) fn sign_in(
        &mut self,
        asked: &str,
        login: &str,
        now_ms: i64,
    ) -> Option<(String, String, AuthorizeRequest)> {
        let request = self.asked.take(asked, now_ms)?;
        let session = Session {
            id: random_token(),
            login: login.to_owned(),
            auth_time_ms: now_ms,
        };
        let cookie = self.sessions.add(session.clone(), now_ms, SESSION_MS);
        let code = self.issue_code(session, request.clone(), now_ms);
        Some((cookie, code, request))
    }

    /// Exchanges a code. Whatever comes of it, the code is used up; when it is
    /// shown twice, its access token is withdrawn too (RFC 6749, 4.1.2).
    pub(super) fn exchange(
        &mut self,
        code: &str,
        client_id: &str,
        redirect_uri: &str,
        verifier: &str,
        now_ms: i64,
    ) -> Result<(String, Grant), ExchangeError> {
        let known = self
            .codes
            .get_mut(code, now_ms)
            .ok_or(ExchangeError::Unknown)?;
        if let Some(access_token) = &known.exchanged {
            self.access_tokens.take(access_token, now_ms);
            return Err(ExchangeError::Used);
        }
        let access_token = random_token();
        known.exchanged = Some(access_token.clone());
        let grant = known.grant.clone();
        if grant.request.client_id != client_id {
            return Err(ExchangeError::Client);
        }
        if grant.request.redirect_uri != redirect_uri {
            return Err(ExchangeError::RedirectUri);
        }
        if URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
            != grant.request.code_challenge
        {
            return Err(ExchangeError::Verifier);
        }
        self.access_tokens.put(
            access_token.clone(),
            grant.clone(),
            now_ms,
            ACCESS_TOKEN_MS,
        );
        Ok((access_token, grant))
    }

    pub(super) fn access(&self, token: &str, now_ms: i64) -> Option<&Grant> {
        self.access_tokens.get(token, now_ms)
    }

    /// Signs out the browser with this cookie, and whoever has the session of
    /// this `sid`.
    pub(super) fn sign_out(&mut self, cookie: Option<&str>, sid: Option<&str>) {
        self.sessions.retain(|key, session| {
            cookie != Some(key) && sid != Some(session.id.as_str())
        });
    }

    /// Forgets every session, as if all cookies were lost.
    pub(super) fn end_sessions(&mut self) {
        self.sessions.retain(|_, _| false);
    }

    fn issue_code(
        &mut self,
        session: Session,
        request: AuthorizeRequest,
        now_ms: i64,
    ) -> String {
        let grant = Grant { session, request };
        self.codes.add(
            Code {
                grant,
                exchanged: None,
            },
            now_ms,
            CODE_MS,
        )
    }
}

/// Things by random key, each with its end.
struct Entries<T>(HashMap<String, (i64, T)>);

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T> Entries<T> {
    fn add(&mut self, value: T, now_ms: i64, lasts_ms: i64) -> String {
        let key = random_token();
        self.put(key.clone(), value, now_ms, lasts_ms);
        key
    }

    fn put(&mut self, key: String, value: T, now_ms: i64, lasts_ms: i64) {
        self.0.retain(|_, (ends_ms, _)| *ends_ms > now_ms);
        if self.0.len() >= MAX_ENTRIES {
            let first = self.0.iter().min_by_key(|(_, (ends_ms, _))| *ends_ms);
            if let Some(first) = first.map(|(key, _)| key.clone()) {
                self.0.remove(&first);
            }
        }
        self.0.insert(key, (now_ms + lasts_ms, value));
    }

    fn get(&self, key: &str, now_ms: i64) -> Option<&T> {
        let (ends_ms, value) = self.0.get(key)?;
        (*ends_ms > now_ms).then_some(value)
    }

    fn get_mut(&mut self, key: &str, now_ms: i64) -> Option<&mut T> {
        let (ends_ms, value) = self.0.get_mut(key)?;
        (*ends_ms > now_ms).then_some(value)
    }

    fn take(&mut self, key: &str, now_ms: i64) -> Option<T> {
        let (ends_ms, value) = self.0.remove(key)?;
        (ends_ms > now_ms).then_some(value)
    }

    fn retain(&mut self, keep: impl Fn(&str, &T) -> bool) {
        self.0.retain(|key, (_, value)| keep(key, value));
    }
}

/// 256 random bits in base64url.
pub(super) fn random_token() -> String {
    let mut bytes = [0; 32];
    OsRng.fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
#[path = "grants_tests.rs"]
mod tests;
