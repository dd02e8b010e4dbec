//! The server over HTTP, with the sandbox's identity provider.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on may panic anywhere"
)]

mod access;
mod command_line;
mod headers;
mod sessions;
mod sign_in;
mod site;
