//! An OpenID provider with users of each role, on a loopback port of its own.
//!
//! It knows the authorization code flow with PKCE and nothing else, and it is
//! stricter than the standard demands: `state`, `nonce` and S256 are required,
//! so that a client that forgets one is found out here. Its tokens can be made
//! faulty, for a client to prove that it looks.
//!
//! Sources: OpenID Connect Core 1.0, Discovery 1.0 and RP-Initiated Logout
//! 1.0; RFC 6749, 7636 (PKCE), 7519 (JWT) and 9207 (`iss` in the answer).

mod authorize;
mod config;
mod grants;
mod keys;
mod logout;
mod page;
mod params;
mod provider;
mod routes;
mod token_endpoint;
mod tokens;

pub use config::{Client, ProviderConfig, User};
pub use provider::{Provider, StartError};
pub use tokens::{FaultyTokens, TokenFault};
