//! The OpenID provider, driven by the openidconnect crate, and by plain HTTP
//! where a client must not get its way.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod browser;
mod faults;
mod flow;
mod refusals;
