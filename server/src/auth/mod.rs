//! Sign-in by OpenID Connect, sessions, and who is asking.
//!
//! Tokens stay here: the browser holds the id of a session and nothing else.

mod claims;
mod provider;
mod return_to;
mod session;
mod sign_in;
mod sign_out;

pub use provider::{Identity, Provider, ProviderError};
pub use session::{Visitor, load_visitor, session_layer};
pub use sign_in::{callback, sign_in};
pub use sign_out::{sign_out, signed_out};
